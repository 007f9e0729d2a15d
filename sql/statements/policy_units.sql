select id, level, parent_id, code, name_zh, name_ko, phone, contact_phone, contact_language from hailan.policy_units()
