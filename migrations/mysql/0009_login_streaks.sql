CREATE TABLE `{login_streaks}` (
  login_key VARBINARY(512) NOT NULL,
  failures BIGINT NOT NULL,
  last_failed_at BIGINT NOT NULL,
  PRIMARY KEY (login_key)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{login_streaks}_time` ON `{login_streaks}` (last_failed_at);
