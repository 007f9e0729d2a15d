select row from hailan.look_attachments($1::jsonb, $2::timestamptz) as row
