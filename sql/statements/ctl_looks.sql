select row from hailan.ctl_looks($1::jsonb, $2::timestamptz) as row
