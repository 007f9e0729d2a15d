select hailan.ctl_write($1::int8, $2::text, $3::timestamptz) as row
