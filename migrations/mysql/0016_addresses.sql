CREATE TABLE `{addresses}` (
  user_id BIGINT NOT NULL,
  kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  login_key VARBINARY(512) NOT NULL,
  text VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  verified_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, kind),
  UNIQUE (login_key),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
