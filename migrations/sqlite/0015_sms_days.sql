CREATE TABLE "{sms_days}" (
  day INTEGER NOT NULL,
  country TEXT NOT NULL,
  sent INTEGER NOT NULL,
  PRIMARY KEY (day, country)
) STRICT;
