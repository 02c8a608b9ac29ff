CREATE TABLE "{login_failures}" (
  login_key BLOB NOT NULL,
  network TEXT NOT NULL,
  failed1 INTEGER NOT NULL,
  failed2 INTEGER NOT NULL,
  failed3 INTEGER NOT NULL,
  failed4 INTEGER NOT NULL,
  failed5 INTEGER NOT NULL,
  PRIMARY KEY (login_key, network)
) STRICT;

CREATE INDEX "{login_failures}_time" ON "{login_failures}" (failed1);
