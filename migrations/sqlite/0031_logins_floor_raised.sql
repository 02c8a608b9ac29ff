ALTER TABLE "{logins}" ADD COLUMN floor_raised_at INTEGER
