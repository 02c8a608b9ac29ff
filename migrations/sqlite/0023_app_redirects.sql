ALTER TABLE "{apps}" ADD COLUMN redirects TEXT;
