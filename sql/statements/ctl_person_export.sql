select hailan.person_export($1::text, $2::timestamptz) as row
