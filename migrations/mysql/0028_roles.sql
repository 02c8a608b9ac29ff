ALTER TABLE `{accounts}` ADD COLUMN disabled_until BIGINT NULL;

CREATE TABLE `{withheld_capabilities}` (
  user_id BIGINT NOT NULL,
  capability VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  withheld_at BIGINT NOT NULL,
  withheld_until BIGINT NULL,
  why VARCHAR(200) NOT NULL,
  PRIMARY KEY (user_id, capability),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{withheld_capabilities}_until` ON `{withheld_capabilities}` (withheld_until);

CREATE TABLE `{role_grants}` (
  user_id BIGINT NOT NULL,
  role VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  granted_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, role, app_id),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{role_grants}_role` ON `{role_grants}` (role, user_id);

CREATE INDEX `{logins}_history` ON `{logins}` (user_id, authenticated_at);
