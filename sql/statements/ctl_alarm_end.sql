select hailan.ctl_alarm_end($1::int8, $2::timestamptz) as row
