CREATE TABLE "{login_streaks}" (
  login_key BLOB NOT NULL,
  failures INTEGER NOT NULL,
  last_failed_at INTEGER NOT NULL,
  PRIMARY KEY (login_key)
) STRICT;

CREATE INDEX "{login_streaks}_time" ON "{login_streaks}" (last_failed_at);
