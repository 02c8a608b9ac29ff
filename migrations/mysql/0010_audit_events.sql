CREATE TABLE `{audit_events}` (
  event_id BIGINT NOT NULL AUTO_INCREMENT,
  happened_at BIGINT NOT NULL,
  kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  network VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  detail MEDIUMTEXT NOT NULL,
  PRIMARY KEY (event_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{audit_events}_time` ON `{audit_events}` (happened_at);

CREATE INDEX `{audit_events}_user` ON `{audit_events}` (user_id);
