select rung, next_at from hailan.timers_ring($1::timestamptz, $2::int4)
