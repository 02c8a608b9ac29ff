CREATE TABLE `{addresses}` (
  address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  family VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  scope VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  first_seen_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  PRIMARY KEY (address)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{addresses}_last_seen` ON `{addresses}` (last_seen_at);
