CREATE TABLE "{identities}" (
  user_id INTEGER NOT NULL,
  provider TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject BLOB NOT NULL,
  display_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, provider),
  UNIQUE (provider, issuer, subject),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;
