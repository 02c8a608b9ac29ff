CREATE INDEX "{bans}_end" ON "{bans}" (banned_until)
