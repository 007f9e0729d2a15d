select hailan.ctl_rules($1::jsonb, $2::timestamptz) as row
