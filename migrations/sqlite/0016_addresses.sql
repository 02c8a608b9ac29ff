CREATE TABLE "{addresses}" (
  user_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  login_key BLOB NOT NULL,
  text TEXT NOT NULL,
  verified_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, kind),
  UNIQUE (login_key),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;
