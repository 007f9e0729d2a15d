select hailan.keep_visits($1::timestamptz) as count
