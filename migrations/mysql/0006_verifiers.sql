CREATE TABLE `{verifiers}` (
  login_key VARBINARY(512) NOT NULL,
  user_id BIGINT NOT NULL,
  verifier VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  next_verifier VARCHAR(512) CHARACTER SET ascii COLLATE ascii_bin NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (login_key),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{verifiers}_user` ON `{verifiers}` (user_id);
