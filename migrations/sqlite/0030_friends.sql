ALTER TABLE "{apps}" ADD COLUMN friends TEXT NOT NULL DEFAULT 'off';

CREATE TABLE "{relations}" (
  user_id INTEGER NOT NULL,
  other_id INTEGER NOT NULL,
  followed_at INTEGER,
  mutual_at INTEGER,
  friend_at INTEGER,
  remark TEXT,
  permissions INTEGER,
  PRIMARY KEY (user_id, other_id)
) STRICT;

CREATE INDEX "{relations}_following" ON "{relations}" (user_id, followed_at, other_id, mutual_at);

CREATE INDEX "{relations}_fans" ON "{relations}" (other_id, followed_at, user_id);

CREATE INDEX "{relations}_friends" ON "{relations}" (user_id, friend_at, other_id);

CREATE TABLE "{blocks}" (
  user_id INTEGER NOT NULL,
  other_id INTEGER NOT NULL,
  blocked_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, other_id)
) STRICT;

CREATE INDEX "{blocks}_of_user" ON "{blocks}" (user_id, blocked_at, other_id);

CREATE INDEX "{blocks}_of_other" ON "{blocks}" (other_id);

CREATE TABLE "{friend_requests}" (
  from_id INTEGER NOT NULL,
  to_id INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  state TEXT NOT NULL,
  message TEXT NOT NULL,
  site TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (from_id, to_id)
) STRICT;

CREATE INDEX "{friend_requests}_received" ON "{friend_requests}" (to_id, state, asked_at, from_id);

CREATE INDEX "{friend_requests}_sent" ON "{friend_requests}" (from_id, asked_at, to_id);

CREATE INDEX "{friend_requests}_expired" ON "{friend_requests}" (expires_at);

CREATE TABLE "{friend_counts}" (
  user_id INTEGER NOT NULL,
  following INTEGER NOT NULL DEFAULT 0,
  fans INTEGER NOT NULL DEFAULT 0,
  mutual INTEGER NOT NULL DEFAULT 0,
  friends INTEGER NOT NULL DEFAULT 0,
  blocked INTEGER NOT NULL DEFAULT 0,
  asked_day INTEGER NOT NULL DEFAULT 0,
  asked INTEGER NOT NULL DEFAULT 0,
  told_day INTEGER NOT NULL DEFAULT 0,
  told INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id)
) STRICT;

CREATE TABLE "{friend_settings}" (
  user_id INTEGER NOT NULL,
  mode TEXT NOT NULL,
  is_followable INTEGER NOT NULL,
  question TEXT,
  answer_sealed BLOB,
  question_at INTEGER,
  judged_day INTEGER NOT NULL DEFAULT 0,
  judged INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id)
) STRICT;

CREATE TABLE "{friend_answers}" (
  to_id INTEGER NOT NULL,
  from_id INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  PRIMARY KEY (to_id, from_id)
) STRICT;

CREATE INDEX "{friend_answers}_of_asker" ON "{friend_answers}" (from_id);

CREATE INDEX "{friend_answers}_first" ON "{friend_answers}" (first_at);
