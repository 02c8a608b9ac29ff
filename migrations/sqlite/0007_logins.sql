CREATE TABLE "{logins}" (
  login_id BLOB NOT NULL,
  user_id INTEGER NOT NULL,
  app_id TEXT NOT NULL,
  device_id BLOB,
  device_type TEXT NOT NULL,
  device_name TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  a2_handle BLOB NOT NULL,
  a2_hash BLOB NOT NULL,
  a2_previous_hash BLOB,
  a2_nonce BLOB NOT NULL,
  a2_counter INTEGER NOT NULL,
  a2_rotated_at INTEGER NOT NULL,
  a2_confirmed INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER,
  end_reason TEXT,
  end_detail TEXT,
  key_print TEXT,
  min_strength INTEGER NOT NULL,
  strength_raised_at INTEGER,
  PRIMARY KEY (login_id),
  UNIQUE (a2_handle),
  FOREIGN KEY (user_id) REFERENCES "{accounts}" (user_id)
) STRICT;

CREATE INDEX "{logins}_user" ON "{logins}" (user_id, ended_at);

CREATE INDEX "{logins}_device" ON "{logins}" (user_id, device_id);

CREATE INDEX "{logins}_expiry" ON "{logins}" (expires_at);

CREATE INDEX "{logins}_end" ON "{logins}" (ended_at);

CREATE INDEX "{logins}_key" ON "{logins}" (key_print, authenticated_at);

CREATE INDEX "{logins}_strength_raised" ON "{logins}" (strength_raised_at);
