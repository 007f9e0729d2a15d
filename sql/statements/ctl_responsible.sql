-- Who would get a case of category $1 in unit $2 (null: not known), by the table of routing.
with recursive above as (
	select u.id, u.level, u.parent_id from hailan.unit u where u.id = $2::int4
	union all
	select u.id, u.level, u.parent_id from above a join hailan.unit u on u.id = a.parent_id
), fitting as (
	select r.unit_id, r.level
	  from hailan.routing r
	 where (r.category is null or r.category = $1::text)
	   and (r.area_id is null or r.area_id in (select id from above))
	   and (r.rural is null or r.rural = exists (select from above where level in ('village', 'town')))
	   and r.has_property is null
	 order by num_nonnulls(r.category, r.area_id, r.has_property, r.rural) desc, r.priority, r.id limit 1
), chosen as (
	select coalesce(
		(select coalesce(f.unit_id, (select a.id from above a where a.level = f.level limit 1)) from fitting f),
		(select c.department_id from hailan.category c where c.code = $1::text),
		$2::int4) as id
)
select u.code, hailan.unit_title(u.level, u.name_zh, u.name_ko, 'zh') as name, u.level::text as level
  from chosen c join hailan.unit u on u.id = c.id
