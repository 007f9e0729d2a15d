select row from hailan.ctl_board($1::text, $2::timestamptz) as row
