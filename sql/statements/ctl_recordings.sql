select row from hailan.ctl_recordings($1::jsonb, $2::timestamptz) as row
