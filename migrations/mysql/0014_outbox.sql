CREATE TABLE `{outbox}` (
  message_id VARBINARY(16) NOT NULL,
  channel VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  hint VARCHAR(64) NOT NULL,
  body VARBINARY(8000) NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempts BIGINT NOT NULL,
  problem VARCHAR(255) NOT NULL,
  next_at BIGINT NOT NULL,
  claimed_by VARBINARY(8) NULL,
  expires_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  ended_at BIGINT NULL,
  PRIMARY KEY (message_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{outbox}_due` ON `{outbox}` (state, channel, next_at);

CREATE INDEX `{outbox}_end` ON `{outbox}` (ended_at);
