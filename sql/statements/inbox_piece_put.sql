select hailan.inbox_piece_put($1::text, $2::timestamptz, $3::bytea, $4::int4, $5::int4, $6::bytea)
