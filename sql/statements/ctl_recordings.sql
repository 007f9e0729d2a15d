select row from hailan.look_recordings($1::jsonb, $2::timestamptz) as row
