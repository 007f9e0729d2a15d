select hailan.look_case($1::int8, $2::timestamptz) as row
