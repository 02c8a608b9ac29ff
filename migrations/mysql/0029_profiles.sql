ALTER TABLE `{users}` ADD COLUMN nick_key VARBINARY(256) NULL;

ALTER TABLE `{users}` ADD COLUMN renamed_at BIGINT NULL;

UPDATE `{users}` SET nick_key = CAST(LOWER(LEFT(nick_name, 45)) AS BINARY) WHERE nick_key IS NULL;

CREATE INDEX `{users}_nick` ON `{users}` (nick_key, user_id);

CREATE TABLE `{held_names}` (
  login_key VARBINARY(512) NOT NULL,
  skeleton VARBINARY(32) NOT NULL,
  user_id BIGINT NOT NULL,
  held_until BIGINT NOT NULL,
  PRIMARY KEY (login_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{held_names}_skeleton` ON `{held_names}` (skeleton);

CREATE INDEX `{held_names}_user` ON `{held_names}` (user_id);

CREATE INDEX `{held_names}_until` ON `{held_names}` (held_until);

CREATE TABLE `{profiles}` (
  user_id BIGINT NOT NULL,
  gender VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL,
  birthday VARCHAR(10) CHARACTER SET ascii COLLATE ascii_bin NULL,
  region VARCHAR(64) NULL,
  introduction VARCHAR(500) NULL,
  icon VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NULL,
  language VARCHAR(35) CHARACTER SET ascii COLLATE ascii_bin NULL,
  gender_for VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  birthday_for VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  age_for VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  region_for VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  introduction_for VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  language_for VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NULL,
  find_by_email TINYINT NOT NULL DEFAULT 0,
  find_by_phone TINYINT NOT NULL DEFAULT 0,
  find_by_nick_name TINYINT NOT NULL DEFAULT 1,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE `{profile_params}` (
  user_id BIGINT NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, app_id, name),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{profile_params}_app` ON `{profile_params}` (app_id);

ALTER TABLE `{apps}` ADD COLUMN profile_schema MEDIUMTEXT NULL;
