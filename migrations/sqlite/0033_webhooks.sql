CREATE TABLE "{webhooks}" (
  webhook_id TEXT NOT NULL,
  app_id TEXT NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  secret_sealed BLOB NOT NULL,
  previous_sealed BLOB,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER,
  problem TEXT NOT NULL,
  failures INTEGER NOT NULL,
  failing_since INTEGER,
  rests_until INTEGER NOT NULL,
  claimed_by BLOB,
  claimed_until INTEGER NOT NULL,
  PRIMARY KEY (webhook_id)
) STRICT;

CREATE INDEX "{webhooks}_app" ON "{webhooks}" (app_id);

CREATE TABLE "{deliveries}" (
  webhook_id TEXT NOT NULL,
  event_id BLOB NOT NULL,
  user_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  kind TEXT NOT NULL,
  app_id TEXT,
  other_id INTEGER,
  happened_at INTEGER NOT NULL,
  detail TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  problem TEXT NOT NULL,
  next_at INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  PRIMARY KEY (webhook_id, event_id)
) STRICT;

CREATE INDEX "{deliveries}_due" ON "{deliveries}" (webhook_id, state, next_at, user_id);

CREATE INDEX "{deliveries}_user" ON "{deliveries}" (webhook_id, state, user_id, number);

CREATE INDEX "{deliveries}_age" ON "{deliveries}" (state, queued_at);
