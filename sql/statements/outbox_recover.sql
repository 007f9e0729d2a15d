select hailan.outbox_recover($1::text, $2::timestamptz, $3::text) as count
