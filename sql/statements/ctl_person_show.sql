select hailan.person_show($1::text, $2::timestamptz) as row
