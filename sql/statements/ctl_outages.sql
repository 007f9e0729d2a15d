select hailan.ctl_outages($1::jsonb, $2::timestamptz) as row
