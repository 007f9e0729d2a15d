select row from hailan.look_outbox($1::jsonb, $2::timestamptz) as row
