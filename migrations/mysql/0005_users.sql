CREATE TABLE `{users}` (
  user_id BIGINT NOT NULL,
  user_name VARCHAR(255) NOT NULL,
  nick_name VARCHAR(255) NOT NULL,
  skeleton VARBINARY(32) NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (user_id),
  UNIQUE (skeleton),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
