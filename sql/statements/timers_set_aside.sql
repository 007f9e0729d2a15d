select hailan.timers_set_aside($1::timestamptz, $2::text) as count
