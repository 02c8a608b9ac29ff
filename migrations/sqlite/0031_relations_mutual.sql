CREATE INDEX "{relations}_mutual" ON "{relations}" (user_id, mutual_at, other_id);
