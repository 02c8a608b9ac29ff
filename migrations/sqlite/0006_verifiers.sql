CREATE TABLE "{verifiers}" (
  login_key BLOB NOT NULL,
  user_id INTEGER NOT NULL,
  verifier TEXT NOT NULL,
  next_verifier TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (login_key),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{verifiers}_user" ON "{verifiers}" (user_id);
