CREATE INDEX "{logins}_strength_raised" ON "{logins}" (strength_raised_at)
