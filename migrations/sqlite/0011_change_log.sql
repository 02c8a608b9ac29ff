CREATE TABLE "{change_log}" (
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (version)
) STRICT;

CREATE INDEX "{change_log}_time" ON "{change_log}" (changed_at);
