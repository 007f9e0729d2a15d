select id, category, area_id, has_property, rural, priority, unit_id, level::text as level
  from hailan.routing
 order by num_nonnulls(category, area_id, has_property, rural) desc, priority, id
