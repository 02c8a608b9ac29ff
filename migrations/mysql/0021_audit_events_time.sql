CREATE INDEX `{audit_events}_time` ON `{audit_events}` (happened_at)
