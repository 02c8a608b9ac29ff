CREATE INDEX `{devices}_address` ON `{devices}` (app_id, address)
