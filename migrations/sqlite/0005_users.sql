CREATE TABLE "{users}" (
  user_id INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  nick_name TEXT NOT NULL,
  skeleton BLOB NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id),
  UNIQUE (skeleton),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;
