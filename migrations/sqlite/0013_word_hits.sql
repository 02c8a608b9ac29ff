CREATE TABLE "{word_hits}" (
  hour INTEGER NOT NULL,
  list TEXT NOT NULL,
  hits INTEGER NOT NULL,
  PRIMARY KEY (hour, list)
) STRICT;
