select row from hailan.look_inbox($1::jsonb, $2::timestamptz) as row
