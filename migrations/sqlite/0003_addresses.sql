CREATE TABLE "{addresses}" (
  address TEXT NOT NULL,
  family TEXT NOT NULL,
  scope TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  PRIMARY KEY (address)
) STRICT;

CREATE INDEX "{addresses}_last_seen" ON "{addresses}" (last_seen_at);
