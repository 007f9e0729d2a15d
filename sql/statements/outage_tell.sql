select hailan.outage_tell($1::timestamptz, $2::timestamptz, $3::text, $4::timestamptz)::text as count
