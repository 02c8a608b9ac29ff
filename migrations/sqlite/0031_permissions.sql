ALTER TABLE "{apps}" ADD COLUMN friend_defaults INTEGER NULL;

ALTER TABLE "{apps}" ADD COLUMN stranger_defaults INTEGER NULL;
