select hailan.keep_retention($1::timestamptz, $2::int4) as count
