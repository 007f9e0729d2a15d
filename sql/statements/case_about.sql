select number, wish, category, state, light, unit_id from hailan.case_about($1::int8)
