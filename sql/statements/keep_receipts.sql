select hailan.keep_receipts($1::timestamptz) as count
