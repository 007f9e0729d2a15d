select number, wish, category, state, light, unit_id from hailan.case_look($1::int8, $2::text)
