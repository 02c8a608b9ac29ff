CREATE TABLE "{consents}" (
  user_id INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  open_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  granted_at INTEGER NOT NULL,
  revoked_at INTEGER,
  PRIMARY KEY (user_id, app_id),
  UNIQUE (app_id, open_id),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{consents}_revoked" ON "{consents}" (revoked_at);
