select lane from hailan.clerk_lanes($1::timestamptz, $2::text) as lane
