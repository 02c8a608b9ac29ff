ALTER TABLE "{verifiers}" ADD COLUMN salt_from BLOB;

INSERT INTO "{verifiers}" (login_key, user_id, verifier, next_verifier, created_at, updated_at, salt_from)
SELECT CAST('number:' || user_id AS BLOB), user_id, verifier, next_verifier, created_at, updated_at, login_key
FROM "{verifiers}";
