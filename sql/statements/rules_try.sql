select hailan.rules_try($1::jsonb, $2::timestamptz) as row
