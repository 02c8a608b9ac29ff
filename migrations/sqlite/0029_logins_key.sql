CREATE INDEX "{logins}_key" ON "{logins}" (key_print, authenticated_at)
