ALTER TABLE `{apps}` ADD COLUMN friends VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'off';

CREATE TABLE `{relations}` (
  user_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  followed_at BIGINT NULL,
  mutual_at BIGINT NULL,
  friend_at BIGINT NULL,
  remark VARCHAR(100) NULL,
  permissions BIGINT NULL,
  PRIMARY KEY (user_id, other_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{relations}_following` ON `{relations}` (user_id, followed_at, other_id, mutual_at);

CREATE INDEX `{relations}_fans` ON `{relations}` (other_id, followed_at, user_id);

CREATE INDEX `{relations}_friends` ON `{relations}` (user_id, friend_at, other_id);

CREATE TABLE `{blocks}` (
  user_id BIGINT NOT NULL,
  other_id BIGINT NOT NULL,
  blocked_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, other_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{blocks}_of_user` ON `{blocks}` (user_id, blocked_at, other_id);

CREATE INDEX `{blocks}_of_other` ON `{blocks}` (other_id);

CREATE TABLE `{friend_requests}` (
  from_id BIGINT NOT NULL,
  to_id BIGINT NOT NULL,
  app_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  message VARCHAR(200) NOT NULL,
  site VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (from_id, to_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{friend_requests}_received` ON `{friend_requests}` (to_id, state, asked_at, from_id);

CREATE INDEX `{friend_requests}_sent` ON `{friend_requests}` (from_id, asked_at, to_id);

CREATE INDEX `{friend_requests}_expired` ON `{friend_requests}` (expires_at);

CREATE TABLE `{friend_counts}` (
  user_id BIGINT NOT NULL,
  following BIGINT NOT NULL DEFAULT 0,
  fans BIGINT NOT NULL DEFAULT 0,
  mutual BIGINT NOT NULL DEFAULT 0,
  friends BIGINT NOT NULL DEFAULT 0,
  blocked BIGINT NOT NULL DEFAULT 0,
  asked_day BIGINT NOT NULL DEFAULT 0,
  asked BIGINT NOT NULL DEFAULT 0,
  told_day BIGINT NOT NULL DEFAULT 0,
  told BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE `{friend_settings}` (
  user_id BIGINT NOT NULL,
  mode VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  is_followable INT NOT NULL,
  question VARCHAR(100) NULL,
  answer_sealed VARBINARY(255) NULL,
  question_at BIGINT NULL,
  judged_day BIGINT NOT NULL DEFAULT 0,
  judged BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE TABLE `{friend_answers}` (
  to_id BIGINT NOT NULL,
  from_id BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  first_at BIGINT NOT NULL,
  PRIMARY KEY (to_id, from_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;

CREATE INDEX `{friend_answers}_of_asker` ON `{friend_answers}` (from_id);

CREATE INDEX `{friend_answers}_first` ON `{friend_answers}` (first_at);
