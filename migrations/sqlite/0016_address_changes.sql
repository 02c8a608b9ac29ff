CREATE TABLE "{address_changes}" (
  undo_hash BLOB NOT NULL,
  user_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  old_key BLOB NOT NULL,
  old_text TEXT NOT NULL,
  verified_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  undone_at INTEGER,
  PRIMARY KEY (undo_hash),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{address_changes}_user" ON "{address_changes}" (user_id);

CREATE INDEX "{address_changes}_changed" ON "{address_changes}" (changed_at);
