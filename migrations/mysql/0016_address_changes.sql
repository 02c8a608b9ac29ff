CREATE TABLE `{address_changes}` (
  undo_hash VARBINARY(32) NOT NULL,
  user_id BIGINT NOT NULL,
  kind VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  old_key VARBINARY(512) NOT NULL,
  old_text VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  verified_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  undone_at BIGINT NULL,
  PRIMARY KEY (undo_hash),
  FOREIGN KEY (user_id) REFERENCES `{accounts}` (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{address_changes}_user` ON `{address_changes}` (user_id);

CREATE INDEX `{address_changes}_changed` ON `{address_changes}` (changed_at);
