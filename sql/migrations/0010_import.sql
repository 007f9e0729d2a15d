-- Loading people, units and words from rows of JSON, as hailanctl sends them from CSV and from the
-- default data. Each function returns the refused rows with the reason; the caller rolls everything
-- back when there are any.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create function import_units(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
	v_parent int4;
	v_unit int4;
begin
	for r in
		select * from jsonb_to_recordset(p_rows)
		    as t (line int4, code text, level text, parent text, name_zh text, name_ko text, aliases text[], needs_suffix bool, phone text)
	loop
		v_parent := (select u.id from unit u where u.code = r.parent);
		if r.parent is not null and v_parent is null then
			line := r.line; reason := format('parent: there is no unit %s (above this line or in the database)', r.parent);
			return next;
			continue;
		end if;
		begin
			insert into unit (code, level, parent_id, name_zh, name_ko, phone)
			values (r.code, r.level::unit_level, v_parent, r.name_zh, r.name_ko, r.phone)
			on conflict (code) do update set level = excluded.level, parent_id = excluded.parent_id, name_zh = excluded.name_zh,
				name_ko = excluded.name_ko, phone = coalesce(excluded.phone, unit.phone)
			returning unit.id into v_unit;
		exception when integrity_constraint_violation or data_exception then
			line := r.line; reason := sqlerrm;
			return next;
			continue;
		end;
		if r.level not in ('grid', 'department') then
			insert into unit_alias (unit_id, name, language, needs_suffix)
			select distinct on (a.name) v_unit, a.name, case when a.name ~ '[가-힣]' then 'ko' else 'zh' end, coalesce(r.needs_suffix, false)
			  from unnest(array[r.name_zh, r.name_ko] || coalesce(r.aliases, '{}')) as a (name) where coalesce(a.name, '') <> ''
			on conflict (unit_id, name) do update set needs_suffix = excluded.needs_suffix;
		end if;
	end loop;
end $$;

create function import_staff(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
	v_unit unit;
	v_person int8;
	v_reason text;
begin
	for r in
		select * from jsonb_to_recordset(p_rows) as t (line int4, name text, unit text, level int2, phone text, language text, duty bool)
	loop
		select * into v_unit from unit where code = r.unit;
		v_reason := case
			when v_unit.id is null then format('unit: there is no unit %s', r.unit)
			when r.level = 1 and v_unit.level <> 'grid' then 'level: 1 is a grid worker, the unit must be a grid'
			when r.level = 2 and v_unit.level not in ('community', 'village') then 'level: 2 works in a community or village'
			when r.level = 3 and v_unit.level not in ('street', 'town', 'department') then 'level: 3 works in a street, town or department'
			when r.level = 4 and v_unit.level <> 'city' then 'level: 4 works in the city'
		end;
		if v_reason is not null then
			line := r.line; reason := v_reason;
			return next;
			continue;
		end if;
		-- the same name and phone is the same person
		v_person := (select pe.id from phone p join person pe on pe.id = p.person_id where p.number = r.phone and pe.name = r.name limit 1);
		if v_person is null then
			insert into person (name, language) values (r.name, r.language) returning id into v_person;
			insert into phone (number, person_id) values (r.phone, v_person);
		end if;
		insert into staff (person_id, unit_id, level, duty) values (v_person, v_unit.id, r.level, coalesce(r.duty, true))
		on conflict (person_id, unit_id) do update set level = excluded.level, duty = excluded.duty;
	end loop;
end $$;

create function import_volunteers(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
	v_unit int4;
	v_person int8;
begin
	for r in
		select * from jsonb_to_recordset(p_rows) as t (line int4, name text, phone text, organisation text, community text, language text)
	loop
		v_unit := (select u.id from unit u where u.code = r.community);
		if r.community is not null and v_unit is null then
			line := r.line; reason := format('community: there is no unit %s', r.community);
			return next;
			continue;
		end if;
		v_person := (select pe.id from phone p join person pe on pe.id = p.person_id where p.number = r.phone and pe.name = r.name limit 1);
		if v_person is null then
			insert into person (name, language) values (r.name, r.language) returning id into v_person;
			insert into phone (number, person_id) values (r.phone, v_person);
		end if;
		insert into volunteer (person_id, organisation, community_id) values (v_person, r.organisation, v_unit)
		on conflict (person_id) do update set organisation = excluded.organisation, community_id = excluded.community_id;
	end loop;
end $$;

create function import_households(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	create temp table given on commit drop as
		select t.*, c.id as community_id, g.id as grid_id, g.parent_id as grid_parent
		  from jsonb_to_recordset(p_rows) as t (line int4, community text, grid text, estate text, building text, entrance text,
		       floor int2, room text, flags text[], property bool)
		  left join unit c on c.code = t.community and c.level in ('community', 'village')
		  left join unit g on g.code = t.grid and g.level = 'grid';
	return query
		select g.line, case
			when g.community_id is null then format('community: there is no community or village %s', g.community)
			when g.grid is not null and g.grid_id is null then format('grid: there is no grid %s', g.grid)
			else format('grid: %s does not belong to %s', g.grid, g.community) end
		  from given g
		 where g.community_id is null or (g.grid is not null and g.grid_id is null) or (g.grid_id is not null and g.grid_parent <> g.community_id)
		union all
		select max(g.line), 'the same household stands on line ' || min(g.line)
		  from given g group by g.community, g.estate, g.building, g.entrance, g.room having count(*) > 1;
	if not found then
		insert into estate (community_id, name, has_property)
		select g.community_id, g.estate, coalesce(bool_or(g.property), false) from given g where coalesce(g.estate, '') <> ''
		 group by 1, 2
		on conflict (community_id, name) do update set has_property = excluded.has_property;
		insert into household (community_id, grid_id, estate_id, building, entrance, floor, room, flags)
		select g.community_id, g.grid_id, e.id, g.building, coalesce(g.entrance, ''), g.floor, g.room, coalesce(g.flags, '{}')
		  from given g left join estate e on e.community_id = g.community_id and e.name = g.estate
		on conflict (community_id, coalesce(estate_id, 0), building, entrance, room)
		do update set grid_id = excluded.grid_id, floor = excluded.floor, flags = excluded.flags;
	end if;
	drop table given;
end $$;

create function import_residents(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	create temp table given on commit drop as
		select t.*, h.ids[1] as household_id, coalesce(cardinality(h.ids), 0) as fits,
		       (select p.person_id from phone p join person pe on pe.id = p.person_id
		         where p.number = any (t.phone) and pe.name = t.name limit 1) as person_id
		  from jsonb_to_recordset(p_rows) as t (line int4, name text, phone text[], language text, born text, community text, building text,
		       entrance text, room text, flags text[])
		  left join lateral (
			select array_agg(h.id) as ids from household h join unit c on c.id = h.community_id
			 where c.code = t.community and h.building = t.building and h.entrance = coalesce(t.entrance, '') and h.room = t.room) h on true;
	return query
		select g.line, case g.fits when 0 then 'there is no such household; import households first'
		                           else 'several estates have this door; it cannot be told which' end
		  from given g where g.fits <> 1;
	if not found then
		update given g set person_id = nextval(pg_get_serial_sequence('person', 'id')) where g.person_id is null;
		insert into person (id, name, language, born, born_year, flags) overriding system value
		select g.person_id, g.name, g.language, case when length(g.born) > 4 then g.born::date end, left(g.born, 4)::int2, coalesce(g.flags, '{}')
		  from given g
		on conflict (id) do update set language = coalesce(excluded.language, person.language), born = excluded.born,
			born_year = excluded.born_year, flags = excluded.flags;
		insert into phone (number, person_id) select distinct p, g.person_id from given g, unnest(g.phone) p on conflict do nothing;
		insert into resident (person_id, household_id) select distinct g.person_id, g.household_id from given g on conflict do nothing;
	end if;
	drop table given;
end $$;

create function import_keywords(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	return query
		select t.line, format('category: there is no category %s', t.category)
		  from jsonb_to_recordset(p_rows) as t (line int4, category text)
		 where not exists (select from category c where c.code = t.category);
	if not found then
		insert into keyword (pattern, category, weight, language, edited, changed_by, changed_at)
		select distinct on (t.pattern, t.category) t.pattern, t.category, t.weight, coalesce(t.language, 'und'), true, session_user, p_at
		  from jsonb_to_recordset(p_rows) as t (line int4, pattern text, category text, weight int2, language text)
		 order by t.pattern, t.category, t.line desc
		on conflict (pattern, category) do update set weight = excluded.weight, language = excluded.language, enabled = true,
			edited = true, changed_by = excluded.changed_by, changed_at = excluded.changed_at;
	end if;
end $$;

create function import_categories(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	return query
		select t.line, format('department: there is no unit %s', t.department)
		  from jsonb_to_recordset(p_rows) as t (line int4, department text)
		 where t.department is not null and not exists (select from unit u where t.department in (u.code, u.name_zh));
	if not found then
		insert into category (code, kind, name_zh, name_ko, urgent, department_id, edited)
		select t.code, t.kind, t.name_zh, coalesce(t.name_ko, t.name_zh), coalesce(t.urgent, false),
		       (select min(u.id) from unit u where t.department in (u.code, u.name_zh)), true
		  from jsonb_to_recordset(p_rows) as t (code text, kind text, name_zh text, name_ko text, urgent bool, department text)
		on conflict (code) do update set kind = excluded.kind, name_zh = excluded.name_zh, name_ko = excluded.name_ko,
			urgent = excluded.urgent, department_id = excluded.department_id, edited = true;
	end if;
end $$;

-- A rule with the same conditions is there once: a row of the file takes its place.
create function import_routing(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	create temp table given on commit drop as
		select t.line, t.category, t.area, t.has_property, t.rural, coalesce(t.priority, 100) as priority, t.unit, t.level,
		       c.code as category_code, a.id as area_id, u.ids
		  from jsonb_to_recordset(p_rows) as t (line int4, category text, area text, has_property bool, rural bool, priority int2, unit text, level text)
		  left join category c on c.code = t.category
		  left join unit a on a.code = t.area
		  left join lateral (select array_agg(u.id) as ids from unit u where t.unit in (u.code, u.name_zh)) u on true;
	return query
		select g.line, case
			when g.category is not null and g.category_code is null then format('category: there is no category %s', g.category)
			when g.area is not null and g.area_id is null then format('area: there is no unit %s', g.area)
			when num_nonnulls(g.unit, g.level) <> 1 then 'expected a unit or a level, and not both'
			when g.ids is null then format('unit: there is no unit %s', g.unit)
			else format('unit: several are called %s; give the code', g.unit) end
		  from given g
		 where (g.category is not null and g.category_code is null) or (g.area is not null and g.area_id is null)
		    or num_nonnulls(g.unit, g.level) <> 1 or (g.unit is not null and cardinality(g.ids) is distinct from 1)
		union all
		select max(g.line), 'the same conditions stand on line ' || min(g.line)
		  from given g group by g.category, g.area, g.has_property, g.rural having count(*) > 1;
	if not found then
		delete from routing r using given g
		 where (r.category, r.area_id, r.has_property, r.rural) is not distinct from (g.category_code, g.area_id, g.has_property, g.rural);
		insert into routing (category, area_id, has_property, rural, priority, unit_id, level)
		select g.category_code, g.area_id, g.has_property, g.rural, g.priority, g.ids[1], g.level::unit_level from given g order by g.line;
	end if;
	drop table given;
end $$;

create function import_templates(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	insert into template (name, language, body, edited)
	select t.name, t.language, t.body, true from jsonb_to_recordset(p_rows) as t (name text, language text, body text)
	on conflict (name, language) do update set body = excluded.body, edited = true;
	return query
		select t.line, c.name || ': ' || c.problem
		  from templates_check() c join jsonb_to_recordset(p_rows) as t (line int4, name text, language text) using (name, language);
end $$;

-- Default rows of the program, loaded by hailanctl migrate. What an administrator has edited stays.
-- Returns how many rows were added or changed.
create function data_load(p_name text, p_rows jsonb, p_at timestamptz) returns int8
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_count int8 := 0;
	v_fault text;
begin
	perform set_config('hailan.loading', 'on', true);
	case p_name
	when 'places' then
		if (select count(*) from unit) = 0 then
			select string_agg(f.reason, '; ') into v_fault
			  from import_units((select jsonb_agg(v || jsonb_build_object('line', n, 'needs_suffix', v ->> 'needs_suffix' = 'yes',
			       'aliases', case when v ->> 'aliases' is null then null else to_jsonb(string_to_array(v ->> 'aliases', '|')) end))
			       from jsonb_array_elements(p_rows) with ordinality as e (v, n)), p_at) f;
			if v_fault is not null then
				raise exception 'default places: %', v_fault;
			end if;
			v_count := jsonb_array_length(p_rows);
			update setting set value = (select left(code, 6) from unit where level = 'city') where key = 'city';
		end if;
	when 'categories' then
		insert into category as c (code, kind, name_zh, name_ko, urgent, department_id, emergency)
		select t.code, t.kind, t.name_zh, t.name_ko, t.urgent = 'yes',
		       (select min(u.id) from unit u where u.level = 'department' and u.name_zh = t.department), t.emergency
		  from jsonb_to_recordset(p_rows) as t (code text, kind text, name_zh text, name_ko text, urgent text, department text, emergency text)
		on conflict (code) do update set kind = excluded.kind, name_zh = excluded.name_zh, name_ko = excluded.name_ko, urgent = excluded.urgent,
			department_id = coalesce(excluded.department_id, c.department_id), emergency = excluded.emergency
		 where not c.edited and (c.kind, c.name_zh, c.name_ko, c.urgent, c.emergency)
		       is distinct from (excluded.kind, excluded.name_zh, excluded.name_ko, excluded.urgent, excluded.emergency);
		get diagnostics v_count = row_count;
	when 'keywords' then
		insert into keyword as k (pattern, category, weight, language, changed_by, changed_at)
		select distinct on (t.pattern, t.category) t.pattern, t.category, t.weight, coalesce(t.language, 'und'), 'default', p_at
		  from jsonb_to_recordset(p_rows) as t (pattern text, category text, weight int2, language text)
		on conflict (pattern, category) do update set weight = excluded.weight, language = excluded.language
		 where not k.edited and (k.weight, k.language) is distinct from (excluded.weight, excluded.language);
		get diagnostics v_count = row_count;
	when 'routing' then
		if (select count(*) from routing) = 0 then
			insert into routing (category, has_property, rural, priority, unit_id, level)
			select t.category, t.has_property = 'yes', t.rural = 'yes', coalesce(t.priority, 100),
			       (select min(u.id) from unit u where u.name_zh = t.unit), t.level::unit_level
			  from jsonb_to_recordset(p_rows) as t (category text, has_property text, rural text, priority int2, unit text, level text);
			get diagnostics v_count = row_count;
		end if;
	when 'templates' then
		insert into template as o (name, language, body)
		select t.name, t.language, t.body from jsonb_to_recordset(p_rows) as t (name text, language text, body text)
		on conflict (name, language) do update set body = excluded.body where not o.edited and o.body <> excluded.body;
		get diagnostics v_count = row_count;
	else
		raise exception 'there are no default rows called %', p_name;
	end case;
	perform set_config('hailan.loading', 'off', true);
	return v_count;
end $$;
