ALTER TABLE "{accounts}" ADD COLUMN disabled_until INTEGER NULL;

CREATE TABLE "{withheld_capabilities}" (
  user_id INTEGER NOT NULL,
  capability TEXT NOT NULL,
  withheld_at INTEGER NOT NULL,
  withheld_until INTEGER,
  why TEXT NOT NULL,
  PRIMARY KEY (user_id, capability),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{withheld_capabilities}_until" ON "{withheld_capabilities}" (withheld_until);

CREATE TABLE "{role_grants}" (
  user_id INTEGER NOT NULL,
  role TEXT NOT NULL,
  app_id TEXT NOT NULL,
  granted_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, role, app_id),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{role_grants}_role" ON "{role_grants}" (role, user_id);

CREATE INDEX "{logins}_history" ON "{logins}" (user_id, authenticated_at);
