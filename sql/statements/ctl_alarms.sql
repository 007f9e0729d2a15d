select hailan.ctl_alarms($1::jsonb, $2::timestamptz) as row
