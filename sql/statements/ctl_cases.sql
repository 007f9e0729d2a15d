select row from hailan.ctl_cases($1::jsonb, $2::timestamptz) as row
