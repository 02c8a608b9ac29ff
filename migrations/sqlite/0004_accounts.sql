CREATE TABLE "{accounts}" (
  user_id INTEGER PRIMARY KEY AUTOINCREMENT,
  tag BLOB NOT NULL,
  status TEXT NOT NULL,
  status_reason TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

INSERT INTO sqlite_sequence (name, seq) VALUES ('{accounts}', 10000);
