select row from hailan.ctl_stats($1::jsonb, $2::timestamptz) as row
