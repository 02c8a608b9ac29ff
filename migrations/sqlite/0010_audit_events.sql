CREATE TABLE "{audit_events}" (
  event_id INTEGER PRIMARY KEY AUTOINCREMENT,
  happened_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  user_id INTEGER,
  app_id TEXT,
  network TEXT,
  detail TEXT NOT NULL
) STRICT;

CREATE INDEX "{audit_events}_time" ON "{audit_events}" (happened_at);

CREATE INDEX "{audit_events}_user" ON "{audit_events}" (user_id);
