select hailan.keep_manners($1::timestamptz, $2::int4) as count
