CREATE TABLE "{audit_events}" (
  event_id INTEGER PRIMARY KEY AUTOINCREMENT,
  happened_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  user_id INTEGER,
  app_id TEXT,
  network TEXT,
  detail TEXT NOT NULL
) STRICT
