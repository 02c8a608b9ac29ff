INSERT INTO sqlite_sequence (name, seq) VALUES ('{accounts}', 10000)
