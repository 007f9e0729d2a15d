select community_id, building, grid_id from hailan.policy_grids()
