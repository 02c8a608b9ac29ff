CREATE TABLE "{exports}" (
  user_id INTEGER NOT NULL,
  export_id BLOB NOT NULL,
  asked_at INTEGER NOT NULL,
  ready_at INTEGER NULL,
  expires_at INTEGER NOT NULL,
  claimed_until INTEGER NOT NULL,
  section TEXT NOT NULL,
  behind TEXT NULL,
  parts INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  is_complete INTEGER NOT NULL,
  PRIMARY KEY (user_id)
) STRICT;

CREATE INDEX "{exports}_work" ON "{exports}" (ready_at, claimed_until);

CREATE INDEX "{exports}_expiry" ON "{exports}" (expires_at, bytes);
