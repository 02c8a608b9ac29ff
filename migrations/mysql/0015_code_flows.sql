CREATE TABLE `{code_flows}` (
  flow_id VARBINARY(16) NOT NULL,
  purpose VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  mac VARBINARY(32) NOT NULL,
  as_what VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body VARBINARY(8000) NOT NULL,
  tries BIGINT NOT NULL,
  sent_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (flow_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{code_flows}_created` ON `{code_flows}` (created_at);
