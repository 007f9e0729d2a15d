select hailan.keep_asks($1::timestamptz, $2::int4)
