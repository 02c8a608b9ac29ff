CREATE TABLE "{export_parts}" (
  export_id BLOB NOT NULL,
  part INTEGER NOT NULL,
  user_id INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (export_id, part)
) STRICT;

CREATE INDEX "{export_parts}_user" ON "{export_parts}" (user_id);
