CREATE TABLE `{consents}` (
  user_id BIGINT NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  open_id VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  scopes VARCHAR(1000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch BIGINT NOT NULL,
  granted_at BIGINT NOT NULL,
  revoked_at BIGINT NULL,
  PRIMARY KEY (user_id, app_id),
  UNIQUE (app_id, open_id),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{consents}_revoked` ON `{consents}` (revoked_at);
