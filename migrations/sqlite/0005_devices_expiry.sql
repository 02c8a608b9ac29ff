CREATE INDEX "{devices}_expiry" ON "{devices}" (expires_at)
