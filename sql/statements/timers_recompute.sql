select hailan.timers_recompute($1::timestamptz, $2::int4) as count
