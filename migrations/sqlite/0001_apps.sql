CREATE TABLE "{apps}" (
  app_id TEXT NOT NULL,
  name TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  previous_secret_hash BLOB,
  is_public INTEGER NOT NULL,
  min_strength INTEGER NOT NULL,
  origins TEXT NOT NULL,
  rights TEXT NOT NULL,
  checks TEXT,
  disabled_at INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (app_id)
) STRICT;
