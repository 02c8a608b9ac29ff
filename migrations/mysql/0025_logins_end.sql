CREATE INDEX `{logins}_end` ON `{logins}` (ended_at)
