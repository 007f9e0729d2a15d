select phone, greeted_at, number, filed_at, category, unit_id, text, place_id, building, wish from hailan.clerk_recent($1::timestamptz, $2::int2[])
