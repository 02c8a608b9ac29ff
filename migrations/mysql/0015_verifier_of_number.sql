ALTER TABLE `{verifiers}` ADD COLUMN salt_from VARBINARY(512) NULL;

INSERT INTO `{verifiers}` (login_key, user_id, verifier, next_verifier, created_at, updated_at, salt_from)
SELECT CONCAT('number:', v.user_id), v.user_id, v.verifier, v.next_verifier, v.created_at, v.updated_at, v.login_key
FROM `{verifiers}` v
LEFT JOIN `{verifiers}` n ON n.login_key = CONCAT('number:', v.user_id)
WHERE n.login_key IS NULL AND v.login_key LIKE 'name:%';
