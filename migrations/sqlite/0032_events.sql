CREATE TABLE "{event_lists}" (
  user_id INTEGER PRIMARY KEY,
  last_number INTEGER NOT NULL,
  read_number INTEGER NOT NULL
) STRICT;

CREATE TABLE "{user_events}" (
  user_id INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  number INTEGER NOT NULL,
  event_id BLOB NOT NULL,
  kind TEXT NOT NULL,
  app_id TEXT,
  other_id INTEGER,
  happened_at INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (user_id, slot)
) STRICT;

CREATE INDEX "{user_events}_number" ON "{user_events}" (user_id, number);

CREATE INDEX "{user_events}_time" ON "{user_events}" (happened_at);
