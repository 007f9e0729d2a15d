select hailan.ctl_services($1::jsonb, $2::timestamptz) as row
