CREATE INDEX `{logins}_device` ON `{logins}` (user_id, device_id)
