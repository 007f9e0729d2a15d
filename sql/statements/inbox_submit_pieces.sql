select ord, outcome, detail
  from hailan.inbox_submit_pieces($1::text, $2::timestamptz, $3::int2[], $4::text[], $5::text[], $6::text[], $7::int4[], $8::text[], $9::text[], $10::bytea[], $11::text[], $12::uuid[], $13::int2[], $14::text[], $15::int8[], $16::int2[], $17::int2[], $18::int4[], $19::int4[], $20::text[], $21::text[], $22::bytea[], $23::bytea[], $24::bytea, $25::int8[])
