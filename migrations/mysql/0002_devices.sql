CREATE TABLE `{devices}` (
  device_id VARBINARY(16) NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  secret_sealed VARBINARY(512) NOT NULL,
  address VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  site VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  device_type VARCHAR(255) NOT NULL,
  os VARCHAR(255) NOT NULL,
  name VARCHAR(255) NOT NULL,
  min_strength INT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NULL,
  used_at BIGINT NOT NULL,
  has_login TINYINT NOT NULL,
  expires_at BIGINT NOT NULL,
  hello VARCHAR(2000) NOT NULL,
  PRIMARY KEY (device_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{devices}_app` ON `{devices}` (app_id, has_login, used_at);

CREATE INDEX `{devices}_site` ON `{devices}` (app_id, site, address);

CREATE INDEX `{devices}_expiry` ON `{devices}` (expires_at);
