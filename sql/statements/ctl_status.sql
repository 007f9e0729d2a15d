select hailan.ctl_status($1::timestamptz) as row
