CREATE TABLE `{held_marks}` (
  mark VARBINARY(32) NOT NULL,
  held_until BIGINT NOT NULL,
  PRIMARY KEY (mark)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{held_marks}_until` ON `{held_marks}` (held_until);
