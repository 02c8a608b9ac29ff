CREATE TABLE "{held_marks}" (
  mark BLOB NOT NULL,
  held_until INTEGER NOT NULL,
  PRIMARY KEY (mark)
) STRICT;

CREATE INDEX "{held_marks}_until" ON "{held_marks}" (held_until);
