select hailan.ctl_archive_search($1::jsonb, $2::timestamptz) as row
