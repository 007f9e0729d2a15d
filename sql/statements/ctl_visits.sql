select hailan.ctl_visits($1::jsonb, $2::timestamptz) as row
