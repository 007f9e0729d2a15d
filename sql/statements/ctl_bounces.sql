select hailan.ctl_bounces($1::jsonb, $2::timestamptz) as row
