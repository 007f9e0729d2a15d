select community_id, building, grid_id, has_property from hailan.policy_grids()
