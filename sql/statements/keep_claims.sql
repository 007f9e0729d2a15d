select hailan.wishes_settle($1::timestamptz) + hailan.wishes_remind($1::timestamptz) as count
