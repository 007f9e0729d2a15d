select hailan.wishes_settle($1::timestamptz) as count
