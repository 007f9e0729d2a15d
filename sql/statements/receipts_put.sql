select hailan.receipts_put($1::text, $2::timestamptz, $3::text[], $4::text[], $5::int2[], $6::text[])
