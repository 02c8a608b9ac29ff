CREATE TABLE `{exports}` (
  user_id BIGINT NOT NULL,
  export_id VARBINARY(16) NOT NULL,
  asked_at BIGINT NOT NULL,
  ready_at BIGINT NULL,
  expires_at BIGINT NOT NULL,
  claimed_until BIGINT NOT NULL,
  section VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  behind VARCHAR(255) NULL,
  parts BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  is_complete INT NOT NULL,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{exports}_work` ON `{exports}` (ready_at, claimed_until);

CREATE INDEX `{exports}_expiry` ON `{exports}` (expires_at, bytes);
