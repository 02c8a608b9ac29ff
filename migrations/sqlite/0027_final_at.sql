ALTER TABLE "{accounts}" ADD COLUMN final_at INTEGER NULL;

CREATE INDEX "{accounts}_final" ON "{accounts}" (final_at);
