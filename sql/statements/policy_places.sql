select unit_id, level, parent_id, name, language, needs_suffix from hailan.policy_places()
