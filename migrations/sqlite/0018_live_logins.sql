CREATE INDEX "{logins}_live" ON "{logins}" (user_id, ended_at, expires_at);

DROP INDEX "{logins}_user";
