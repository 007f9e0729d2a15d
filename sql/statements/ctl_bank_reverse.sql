select hailan.ctl_bank_reverse($1::int8, $2::text, $3::timestamptz) as row
