CREATE TABLE `{login_failures}` (
  login_key VARBINARY(512) NOT NULL,
  network VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  failed1 BIGINT NOT NULL,
  failed2 BIGINT NOT NULL,
  failed3 BIGINT NOT NULL,
  failed4 BIGINT NOT NULL,
  failed5 BIGINT NOT NULL,
  PRIMARY KEY (login_key, network)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{login_failures}_time` ON `{login_failures}` (failed1);
