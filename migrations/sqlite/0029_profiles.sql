ALTER TABLE "{users}" ADD COLUMN nick_key BLOB NULL;

ALTER TABLE "{users}" ADD COLUMN renamed_at INTEGER NULL;

UPDATE "{users}" SET nick_key = CAST(LOWER(nick_name) AS BLOB) WHERE nick_key IS NULL;

CREATE INDEX "{users}_nick" ON "{users}" (nick_key, user_id);

CREATE TABLE "{held_names}" (
  login_key BLOB NOT NULL,
  skeleton BLOB NOT NULL,
  user_id INTEGER NOT NULL,
  held_until INTEGER NOT NULL,
  PRIMARY KEY (login_key)
) STRICT;

CREATE INDEX "{held_names}_skeleton" ON "{held_names}" (skeleton);

CREATE INDEX "{held_names}_user" ON "{held_names}" (user_id);

CREATE INDEX "{held_names}_until" ON "{held_names}" (held_until);

CREATE TABLE "{profiles}" (
  user_id INTEGER NOT NULL,
  gender TEXT,
  birthday TEXT,
  region TEXT,
  introduction TEXT,
  icon TEXT,
  language TEXT,
  gender_for TEXT,
  birthday_for TEXT,
  age_for TEXT,
  region_for TEXT,
  introduction_for TEXT,
  language_for TEXT,
  find_by_email INTEGER NOT NULL DEFAULT 0,
  find_by_phone INTEGER NOT NULL DEFAULT 0,
  find_by_nick_name INTEGER NOT NULL DEFAULT 1,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE TABLE "{profile_params}" (
  user_id INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, app_id, name),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{profile_params}_app" ON "{profile_params}" (app_id);

ALTER TABLE "{apps}" ADD COLUMN profile_schema TEXT NULL;
