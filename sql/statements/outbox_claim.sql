select id, link, destination, source, body, priority, not_after, number, answered
  from hailan.outbox_claim($1::text, $2::timestamptz, $3::text, $4::text[], $5::int4[], $6::bool)
