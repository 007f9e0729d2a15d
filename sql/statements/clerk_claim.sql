select policy_version, id, received_at, channel, link, source, destination, charset, raw, text, flags, protocol, language, campaigns,
       person_id, staff_unit, staff_level, volunteer, home_community, home_building, home_entrance, home_room, open_cases, dialog
  from hailan.clerk_claim($1::timestamptz, $2::int2[], $3::int8, $4::int4, $5::int8[])
