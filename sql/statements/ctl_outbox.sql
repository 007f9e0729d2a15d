select row from hailan.ctl_outbox($1::jsonb, $2::timestamptz) as row
