ALTER TABLE `{apps}` ADD COLUMN friend_defaults BIGINT NULL;

ALTER TABLE `{apps}` ADD COLUMN stranger_defaults BIGINT NULL;
