CREATE TABLE "{devices}" (
  device_id BLOB NOT NULL,
  app_id TEXT NOT NULL,
  secret_sealed BLOB NOT NULL,
  address TEXT NOT NULL,
  site TEXT NOT NULL,
  device_type TEXT NOT NULL,
  os TEXT NOT NULL,
  name TEXT NOT NULL,
  min_strength INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_seen_at INTEGER,
  used_at INTEGER NOT NULL,
  has_login INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  hello TEXT NOT NULL,
  PRIMARY KEY (device_id)
) STRICT;

CREATE INDEX "{devices}_app" ON "{devices}" (app_id, has_login, used_at);

CREATE INDEX "{devices}_site" ON "{devices}" (app_id, site, address);

CREATE INDEX "{devices}_expiry" ON "{devices}" (expires_at);
