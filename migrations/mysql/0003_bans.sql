CREATE TABLE `{bans}` (
  network VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  banned_until BIGINT NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (network)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{bans}_end` ON `{bans}` (banned_until);
