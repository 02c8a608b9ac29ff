CREATE INDEX `{devices}_app` ON `{devices}` (app_id, last_seen_at)
