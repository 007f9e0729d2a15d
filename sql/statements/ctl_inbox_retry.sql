select hailan.ctl_inbox_retry($1::int8, $2::timestamptz) as row
