select row from hailan.ctl_inbox($1::jsonb, $2::timestamptz) as row
