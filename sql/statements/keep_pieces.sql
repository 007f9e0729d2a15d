select hailan.keep_pieces($1::timestamptz, $2::int4) as count
