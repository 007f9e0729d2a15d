select hailan.outbox_done($1::text, $2::timestamptz, $3::text, $4::int8[], $5::int2[], $6::text[], $7::int2[], $8::timestamptz[], $9::text[], $10::text[])
