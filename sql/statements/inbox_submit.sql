select ord, outcome, detail
  from hailan.inbox_submit($1::text, $2::timestamptz, $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::uuid[], $10::int2[], $11::int4[], $12::text[], $13::text[], $14::int8[], $15::int2[], $16::int2[], $17::int4[], $18::int4[], $19::text[], $20::text[], $21::bytea[], $22::bytea[])
