CREATE INDEX "{change_log}_kind" ON "{change_log}" (kind, changed_at);
