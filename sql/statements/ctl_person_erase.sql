select hailan.person_erase($1::text, $2::bool, $3::timestamptz) as row
