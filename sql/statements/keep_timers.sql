select hailan.keep_timers($1::timestamptz, $2::int4) as count
