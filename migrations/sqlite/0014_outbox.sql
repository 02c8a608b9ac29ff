CREATE TABLE "{outbox}" (
  message_id BLOB NOT NULL,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL,
  app_id TEXT NOT NULL,
  hint TEXT NOT NULL,
  body BLOB,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  problem TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  claimed_by BLOB,
  expires_at INTEGER,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  PRIMARY KEY (message_id)
) STRICT;

CREATE INDEX "{outbox}_due" ON "{outbox}" (state, channel, next_at);

CREATE INDEX "{outbox}_end" ON "{outbox}" (ended_at);
