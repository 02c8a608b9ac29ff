CREATE INDEX "{logins}_expiry" ON "{logins}" (expires_at)
