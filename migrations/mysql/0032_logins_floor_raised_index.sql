CREATE INDEX `{logins}_floor_raised` ON `{logins}` (floor_raised_at)
