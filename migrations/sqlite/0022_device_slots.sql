ALTER TABLE "{accounts}" ADD COLUMN device_slots TEXT;
