CREATE TABLE "{devices}" (
  device_id BLOB NOT NULL,
  app_id TEXT NOT NULL,
  secret_sealed BLOB NOT NULL,
  address TEXT NOT NULL,
  device_type TEXT NOT NULL,
  os TEXT NOT NULL,
  name TEXT NOT NULL,
  min_strength INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (device_id)
) STRICT
