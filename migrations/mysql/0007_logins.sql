CREATE TABLE `{logins}` (
  login_id VARBINARY(16) NOT NULL,
  user_id BIGINT NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  device_id VARBINARY(16) NULL,
  device_type VARCHAR(255) NOT NULL,
  device_name VARCHAR(255) NOT NULL,
  epoch BIGINT NOT NULL,
  a2_handle VARBINARY(16) NOT NULL,
  a2_hash VARBINARY(128) NOT NULL,
  a2_previous_hash VARBINARY(128) NULL,
  a2_nonce VARBINARY(128) NOT NULL,
  a2_counter BIGINT NOT NULL,
  a2_rotated_at BIGINT NOT NULL,
  a2_confirmed BIGINT NOT NULL,
  authenticated_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT NULL,
  end_reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
  end_detail VARCHAR(1000) NULL,
  key_print VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  min_strength INT NOT NULL,
  strength_raised_at BIGINT NULL,
  PRIMARY KEY (login_id),
  UNIQUE (a2_handle),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{logins}_user` ON `{logins}` (user_id, ended_at);

CREATE INDEX `{logins}_device` ON `{logins}` (user_id, device_id);

CREATE INDEX `{logins}_expiry` ON `{logins}` (expires_at);

CREATE INDEX `{logins}_end` ON `{logins}` (ended_at);

CREATE INDEX `{logins}_key` ON `{logins}` (key_print, authenticated_at);

CREATE INDEX `{logins}_strength_raised` ON `{logins}` (strength_raised_at);
