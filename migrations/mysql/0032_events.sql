CREATE TABLE `{event_lists}` (
  user_id BIGINT NOT NULL,
  last_number BIGINT NOT NULL,
  read_number BIGINT NOT NULL,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE `{user_events}` (
  user_id BIGINT NOT NULL,
  slot BIGINT NOT NULL,
  number BIGINT NOT NULL,
  event_id VARBINARY(16) NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  other_id BIGINT NULL,
  happened_at BIGINT NOT NULL,
  detail MEDIUMTEXT NOT NULL,
  PRIMARY KEY (user_id, slot)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{user_events}_number` ON `{user_events}` (user_id, number);

CREATE INDEX `{user_events}_time` ON `{user_events}` (happened_at);
