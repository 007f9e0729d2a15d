select hailan.clerk_set_aside($1::timestamptz, $2::int8, $3::text, $4::text)
