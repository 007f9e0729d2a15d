select rung, next_at, upto from hailan.timers_ring($1::timestamptz, $2::int4, $3::timestamptz)
