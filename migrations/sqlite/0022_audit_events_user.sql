CREATE INDEX "{audit_events}_user" ON "{audit_events}" (user_id)
