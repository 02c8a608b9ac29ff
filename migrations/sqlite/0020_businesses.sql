CREATE TABLE "{businesses}" (
  name TEXT NOT NULL,
  idle_seconds INTEGER NOT NULL,
  routes TEXT NOT NULL,
  apps TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (name)
) STRICT;
