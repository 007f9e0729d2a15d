select row from hailan.look_cases($1::jsonb, $2::timestamptz) as row
