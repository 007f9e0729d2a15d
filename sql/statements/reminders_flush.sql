select hailan.reminders_flush($1::timestamptz, $2::int4) as count
