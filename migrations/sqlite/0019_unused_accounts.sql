ALTER TABLE "{accounts}" ADD COLUMN unused_since INTEGER NULL;

CREATE INDEX "{accounts}_unused" ON "{accounts}" (unused_since);
