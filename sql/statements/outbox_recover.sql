select hailan.outbox_recover($1::text, $2::timestamptz, $3::text, $4::bool, $5::int8[]) as count
