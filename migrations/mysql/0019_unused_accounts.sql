ALTER TABLE `{accounts}` ADD COLUMN unused_since BIGINT NULL;

CREATE INDEX `{accounts}_unused` ON `{accounts}` (unused_since);
