ALTER TABLE `{logins}` ADD COLUMN strength_raised_at BIGINT NULL
