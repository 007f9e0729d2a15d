select hailan.keep_seen($1::timestamptz, $2::int4) as count
