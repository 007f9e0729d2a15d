select hailan.ctl_timers($1::jsonb, $2::timestamptz) as row
