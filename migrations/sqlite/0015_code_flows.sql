CREATE TABLE "{code_flows}" (
  flow_id BLOB NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL,
  app_id TEXT NOT NULL,
  mac BLOB NOT NULL,
  as_what TEXT NOT NULL,
  body BLOB NOT NULL,
  tries INTEGER NOT NULL,
  sent_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX "{code_flows}_created" ON "{code_flows}" (created_at);
