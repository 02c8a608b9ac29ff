ALTER TABLE `{accounts}` ADD COLUMN device_slots VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NULL;
