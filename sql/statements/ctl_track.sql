select hailan.ctl_track($1::jsonb, $2::timestamptz) as row
