select row from hailan.ctl_attachments($1::jsonb, $2::timestamptz) as row
