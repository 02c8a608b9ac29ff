ALTER TABLE "{logins}" ADD COLUMN key_print TEXT
