CREATE INDEX "{verifiers}_user" ON "{verifiers}" (user_id)
