CREATE TABLE "{bans}" (
  network TEXT NOT NULL,
  banned_until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (network)
) STRICT;

CREATE INDEX "{bans}_end" ON "{bans}" (banned_until);
