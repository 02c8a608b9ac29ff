CREATE TABLE `{webhooks}` (
  webhook_id VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  url VARCHAR(2000) NOT NULL,
  kinds VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret_sealed VARBINARY(255) NOT NULL,
  previous_sealed VARBINARY(255) NULL,
  created_at BIGINT NOT NULL,
  disabled_at BIGINT NULL,
  problem VARCHAR(255) NOT NULL,
  failures BIGINT NOT NULL,
  failing_since BIGINT NULL,
  rests_until BIGINT NOT NULL,
  claimed_by VARBINARY(8) NULL,
  claimed_until BIGINT NOT NULL,
  PRIMARY KEY (webhook_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{webhooks}_app` ON `{webhooks}` (app_id);

CREATE TABLE `{deliveries}` (
  webhook_id VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  event_id VARBINARY(16) NOT NULL,
  user_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  kind VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  other_id BIGINT NULL,
  happened_at BIGINT NOT NULL,
  detail MEDIUMTEXT NOT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  attempts BIGINT NOT NULL,
  problem VARCHAR(255) NOT NULL,
  next_at BIGINT NOT NULL,
  queued_at BIGINT NOT NULL,
  PRIMARY KEY (webhook_id, event_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{deliveries}_due` ON `{deliveries}` (webhook_id, state, next_at, user_id);

CREATE INDEX `{deliveries}_user` ON `{deliveries}` (webhook_id, state, user_id, number);

CREATE INDEX `{deliveries}_age` ON `{deliveries}` (state, queued_at);
