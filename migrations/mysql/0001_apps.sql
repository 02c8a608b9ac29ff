CREATE TABLE `{apps}` (
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(255) NOT NULL,
  secret_hash VARBINARY(128) NOT NULL,
  previous_secret_hash VARBINARY(128) NULL,
  is_public TINYINT NOT NULL,
  min_strength INT NOT NULL,
  origins MEDIUMTEXT NOT NULL,
  rights VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  checks MEDIUMTEXT NULL,
  disabled_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (app_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
