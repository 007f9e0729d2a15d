-- What the clerk loads, and the check of the templates.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- A unit's name as people say it: 天图 is a community, so 天图社区; departments and grids have theirs whole.
create function unit_title(p_level unit_level, p_zh text, p_ko text, p_language text) returns text language sql immutable
set search_path = hailan, pg_temp
return case when p_language = 'ko' and p_ko is not null then
	p_ko || case p_level when 'community' then '사회구역' when 'street' then '가두' when 'town' then '진' when 'village' then '촌'
	                     when 'city' then '시' else '' end
	else p_zh || case p_level when 'community' then '社区' when 'street' then '街道' when 'town' then '镇' when 'village' then '村'
	                     when 'city' then '市' else '' end end;

-- A telephone as people here dial it.
create function phone_shown(p_phone text) returns text language sql immutable set search_path = hailan, pg_temp
return case when p_phone ~ '^\+861[3-9]\d{9}$' then substr(p_phone, 4)
            when p_phone ~ '^\+86(10|2\d)\d{8}$' then '0' || substr(p_phone, 4, 2) || '-' || substr(p_phone, 6)
            when p_phone ~ '^\+86\d{10,11}$' then '0' || substr(p_phone, 4, 3) || '-' || substr(p_phone, 7)
            else coalesce(p_phone, '') end;

-- Every unit with its own telephone and the phones that get its notices: staff on duty, the first known one first.
create function policy_units() returns table (id int4, level text, parent_id int4, code text, name_zh text, name_ko text, phone text,
	contact_phone text, contact_language text)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select u.id, u.level::text, u.parent_id, u.code, unit_title(u.level, u.name_zh, u.name_ko, 'zh'), unit_title(u.level, u.name_zh, u.name_ko, 'ko'), phone_shown(u.phone), d.number, coalesce(d.language, 'zh')
	  from unit u
	  left join lateral (
		select p.number, pe.language from staff s join person pe on pe.id = s.person_id join phone p on p.person_id = s.person_id
		 where s.unit_id = u.id and s.duty order by s.person_id, p.number limit 1) d on true
	 order by u.id
$$;

create function policy_places() returns table (unit_id int4, level text, parent_id int4, name text, language text, needs_suffix bool)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select u.id, u.level::text, u.parent_id, a.name, a.language, a.needs_suffix
	  from unit_alias a join unit u on u.id = a.unit_id order by u.id, a.name
$$;

-- Templates that a language lacks, whose placeholders differ between languages, or in which a part that may
-- be left out, {?so?}, is not closed.
create function templates_check() returns table (name text, language text, problem text)
language sql stable security definer set search_path = hailan, pg_temp as $$
	with wanted as (
		select t.name, l.language from (select distinct name from template) t,
		       string_to_table((select value from setting where key = 'languages'), ',') as l (language)
	), fields as (
		select t.name, t.language, array_agg(distinct m[1] order by m[1]) as names
		  from template t, regexp_matches(t.body, '\{([a-z_]+)\}', 'g') m group by 1, 2
	)
	select w.name, w.language, 'missing' from wanted w left join template t using (name, language) where t.name is null
	union all
	select w.name, w.language, 'placeholders differ from another language'
	  from wanted w left join fields f using (name, language)
	 where exists (select from template t where t.name = w.name and t.language = w.language)
	   and exists (select from fields o where o.name = w.name and o.names is distinct from f.names)
	union all
	select t.name, t.language, 'a part that may be left out must stand between {? and ?}, and none within another'
	  from template t, lateral (select regexp_replace(t.body, '\{\?((?!\{\?).)*?\?\}', '', 'g') as rest) r
	 where r.rest like '%{?%' or r.rest like '%?}%'
$$;

-- Which grid a building belongs to, and whether its estate has a property company, as far as its households
-- tell; null where they do not, or where estates differ.
create function policy_grids() returns table (community_id int4, building text, grid_id int4, has_property bool)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select h.community_id, h.building, min(h.grid_id), case when bool_and(e.has_property) = bool_or(e.has_property) then bool_and(e.has_property) end
	  from household h left join estate e on e.id = h.estate_id
	 where h.grid_id is not null or e.id is not null
	 group by 1, 2 order by 1, 2
$$;
