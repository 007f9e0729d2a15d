select hailan.keep_outbox($1::timestamptz) as count
