CREATE TABLE `{export_parts}` (
  export_id VARBINARY(16) NOT NULL,
  part BIGINT NOT NULL,
  user_id BIGINT NOT NULL,
  body MEDIUMBLOB NOT NULL,
  PRIMARY KEY (export_id, part)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{export_parts}_user` ON `{export_parts}` (user_id);
