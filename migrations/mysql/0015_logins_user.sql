CREATE INDEX `{logins}_user` ON `{logins}` (user_id, ended_at)
