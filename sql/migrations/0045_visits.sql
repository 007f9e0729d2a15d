-- Visits of grid workers: what they did at which door, how often a home must be seen in a month, who is
-- short, whose file is stale, and the way of a day (requirements rows 8 to 10, 18 to 20, 24).
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('visits_remind', '10 5 2', 'so many days before the end of a month grid workers are told which homes they have yet to visit'),
	('file_stale', '180 days', 'a home that nobody has visited or checked for so long has a stale file'),
	('position_keep', '180 days', 'how long the coordinates of a visit are kept (law: no longer than needed)');

create table visit_rule (
	flag text primary key check (length(flag) between 1 and 32),
	visits int2 not null check (visits between 1 and 31)
);
comment on table visit_rule is 'A home with this flag, or with a resident who has it, is visited on so many days of each calendar month; of several flags the largest number counts.';
insert into visit_rule (flag, visits) values ('elderly', 2);

create sequence visit_seq cache 32;
create table visit (
	id int8 primary key,
	city int4 not null,
	at timestamptz not null,
	person_id int8 references person on delete set null,
	unit_id int4 references unit,
	household_id int8 references household on delete set null,
	point text not null check (length(point) between 1 and 128),
	latitude numeric(8, 6) check (latitude between -90 and 90),
	longitude numeric(9, 6) check (longitude between -180 and 180),
	note text check (length(note) <= 1024),
	case_number int8,
	message_id int8,
	channel text not null,
	check ((latitude is null) = (longitude is null))
);
create index on visit (household_id, at) where household_id is not null;
create index on visit (person_id, at);
create index on visit (case_number) where case_number is not null;
create index visit_position on visit (at) where latitude is not null;
comment on table visit is 'A check-in at a point: who, when, where. With household_id it is a visit to that home. A place is kept only where somebody checked in, never between.';
comment on column visit.case_number is 'What he found there became this case.';

-- What was short when a month ended; it stays, whatever the flags are later.
create table visit_missed (
	month date not null check (extract(day from month) = 1),
	household_id int8 not null references household on delete cascade,
	city int4 not null,
	unit_id int4 references unit,
	wanted int2 not null,
	made int2 not null check (made < wanted),
	primary key (month, household_id)
);
comment on column visit_missed.unit_id is 'The grid, or the community where the home lies in no grid.';

-- Every look at somebody's way of a day, also one that found nothing.
create table track_look (
	at timestamptz not null,
	by_role text not null,
	person_id int8,
	asked text not null,
	day date not null
);

-- '3号楼2단원501' short: 3-2-501.
create function door(p_building text, p_entrance text, p_room text) returns text language sql immutable set search_path = hailan, pg_temp
return concat_ws('-', nullif(p_building, ''), nullif(p_entrance, ''), nullif(p_room, ''));

create function door_title(p_building text, p_entrance text, p_room text, p_language text) returns text language sql immutable set search_path = hailan, pg_temp
return case p_language
	when 'ko' then concat_ws(' ', nullif(p_building, '') || '동', nullif(p_entrance, '') || '단원', nullif(p_room, '') || '호')
	else concat(nullif(p_building, '') || '号楼', nullif(p_entrance, '') || '单元', nullif(p_room, '')) end;

create function town_day(p_at timestamptz) returns date language sql stable set search_path = hailan, pg_temp
return (p_at at time zone town_zone())::date;

-- The homes that somebody has to visit in the month of a day, and on how many days of it they were.
create function visits_of_month(p_day date) returns table (household_id int8, community_id int4, grid_id int4, building text, entrance text, room text,
	flag text, wanted int2, made int2, last_at timestamptz)
language plpgsql stable set search_path = hailan, pg_temp set jit = off as $$
declare
	v_zone text := town_zone();
	v_from timestamptz := date_trunc('month', p_day::timestamp) at time zone v_zone;
	v_to timestamptz := (date_trunc('month', p_day::timestamp) + interval '1 month') at time zone v_zone;
begin
	return query
	with flagged as (
		select h.id, r.flag, r.visits from household h join visit_rule r on r.flag = any (h.flags)
		union all
		select x.household_id, r.flag, r.visits from person p join visit_rule r on r.flag = any (p.flags) join resident x on x.person_id = p.id
	), most as (
		select distinct on (f.id) f.id, f.flag, f.visits from flagged f order by f.id, f.visits desc, f.flag
	), made as (
		select v.household_id, count(distinct (v.at at time zone v_zone)::date)::int2 as days from visit v
		 where v.household_id is not null and v.at >= v_from and v.at < v_to group by 1
	)
	select h.id, h.community_id, h.grid_id, h.building, h.entrance, h.room, m.flag, m.visits, coalesce(d.days, 0::int2),
	       (select max(v.at) from visit v where v.household_id = h.id)
	  from most m join household h on h.id = m.id left join made d on d.household_id = m.id
	 where not 'vacant' = any (h.flags);
end $$;

-- ---- checking in ----------------------------------------------------------------------------------

-- The homes that these parts of an address mean, in the area of a telephone's staff.
create function visit_homes(p_phone text, p_unit int4, p_building text, p_entrance text, p_room text) returns int8[]
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_area int4[];
	v_homes int8[];
begin
	with recursive area as (
		select s.unit_id as id from phone p join staff s on s.person_id = p.person_id where p.number = p_phone
		union select u.id from unit u join area a on u.parent_id = a.id
	)
	select array_agg(a.id) into v_area from area a;
	select array_agg(h.id order by h.id) into v_homes from household h join unit c on c.id = h.community_id
	 where h.building = p_building and h.room = p_room and (p_entrance = '' or h.entrance in (p_entrance, ''))
	   and (h.grid_id = any (v_area) or h.community_id = any (v_area)
	        or h.grid_id is null and exists (select from unit g where g.id = any (v_area) and g.parent_id = h.community_id and g.level = 'grid'))
	   and (coalesce(p_unit, 0) = 0 or p_unit in (h.grid_id, h.community_id, c.parent_id));
	return coalesce(v_homes, '{}');
end $$;

-- "巡访 朴大娘 …": the home of the resident whose name stands first, when only one is so called there.
create function visit_home_named(p_phone text, p_name text) returns int8[]
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce((
		with recursive area as (
			select s.unit_id as id from phone p join staff s on s.person_id = p.person_id where p.number = p_phone
			union select u.id from unit u join area a on u.parent_id = a.id
		)
		select array_agg(distinct h.id) from person p join resident x on x.person_id = p.id join household h on h.id = x.household_id
		 where p.name = p_name and (h.grid_id in (select id from area) or h.community_id in (select id from area))), '{}');
end $$;
create index on person (name);

-- "42.7712, 129.4258" in a text.
create function position_find(p_text text, out latitude numeric, out longitude numeric) language plpgsql immutable set search_path = hailan, pg_temp as $$
declare
	m text[] := regexp_match(normalize(p_text, nfkc), '(?:^|[^\d.])(\d{1,3}\.\d{3,10})\s*[,，;/ NE°]\s*(\d{1,3}\.\d{3,10})(?![\d.])');
	a numeric := left(m[1], 12)::numeric;
	b numeric := left(m[2], 12)::numeric;
begin
	if greatest(a, b) <= 180 and least(a, b) <= 90 then
		-- whoever writes the longitude first means the same place: here it is always the larger
		latitude := round(least(a, b), 6);
		longitude := round(greatest(a, b), 6);
	end if;
end $$;

-- One check-in of a member of staff, and the answer. p_door: building, entrance, room and unit, with tabs
-- between; p_number: the case that was filed with it, or that it names.
create function visit_command(p_at timestamptz, p_phone text, p_language text, p_door text, p_text text, p_number int8, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	d text[] := string_to_array(p_door, E'\t');
	v_place record;
	v_staff record;
	v_homes int8[] := '{}';
	h household;
	v_made int4;
	v_wanted int4;
	v_point text;
	v_number int8 := nullif(p_number, 0);
	v_list text;
begin
	select s.person_id, s.unit_id into v_staff from phone p join staff s on s.person_id = p.person_id where p.number = p_phone order by s.level, s.unit_id limit 1;
	select * into v_place from position_find(p_text);
	if d[1] <> '' and d[3] <> '' then
		v_homes := visit_homes(p_phone, d[4]::int4, d[1], d[2], d[3]);
	elsif d[1] = '' and p_text <> '' then
		v_homes := visit_home_named(p_phone, split_part(regexp_replace(normalize(p_text, nfkc), '[,，。、:：;；]', ' ', 'g'), ' ', 1));
	end if;
	if cardinality(v_homes) = 1 then
		select * into h from household x where x.id = v_homes[1];
	end if;
	v_point := coalesce(nullif(case when h.id is not null then door_title(h.building, h.entrance, h.room, p_language) else door_title(d[1], d[2], d[3], p_language) end, ''),
	                    nullif(left(btrim(p_text), 32), ''));
	if v_point is null then
		perform say(p_at, p_phone, p_language, 'visit_how', '{}', null, p_message_id);
		return 'visit_how';
	end if;
	if not exists (select from case_look(v_number, p_phone) l where not l.wish) and not exists (select from "case" k where k.number = v_number and k.message_id = p_message_id) then
		v_number := null;
	end if;
	insert into visit (id, city, at, person_id, unit_id, household_id, point, latitude, longitude, note, case_number, message_id, channel)
	values ((make_ids('visit_seq', p_at, 1))[1], city(), p_at, v_staff.person_id, v_staff.unit_id, h.id, v_point, v_place.latitude, v_place.longitude,
	        left(nullif(btrim(p_text), ''), 1024), v_number, p_message_id, coalesce((select i.channel from inbox i where i.id = p_message_id), 'staff'));
	if h.id is null then
		if cardinality(v_homes) > 1 then
			v_list := (select string_agg(concat(unit_title(c.level, c.name_zh, c.name_ko, p_language), ' ', e.name || ' ', door(x.building, x.entrance, x.room)), '、' order by x.id)
			             from household x join unit c on c.id = x.community_id left join estate e on e.id = x.estate_id where x.id = any (v_homes));
		end if;
		perform say(p_at, p_phone, p_language, case when v_list is not null then 'visit_which' when d[3] <> '' then 'visit_no_home' else 'visit_point' end,
			jsonb_build_object('address', v_point, 'list', coalesce(v_list, '')), v_number, p_message_id);
		return case when v_list is not null then 'visit_which' when d[3] <> '' then 'visit_no_home' else 'visit_point' end;
	end if;
	update household x set checked_at = town_day(p_at) where x.id = h.id and (x.checked_at is null or x.checked_at < town_day(p_at));
	select m.made, m.wanted into v_made, v_wanted from visits_of_home(h.id, town_day(p_at)) m;
	perform say(p_at, p_phone, p_language, 'visit_done', jsonb_build_object('address', v_point, 'count', v_made::text,
		'short', case when v_wanted > v_made then (v_wanted - v_made)::text else '' end), v_number, p_message_id);
	return 'visit_done';
end $$;

-- The same as visits_of_month, of one home; wanted 0: nobody has to visit it.
create function visits_of_home(p_household int8, p_day date, out made int4, out wanted int4)
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_zone text := town_zone();
	v_from timestamptz := date_trunc('month', p_day::timestamp) at time zone v_zone;
	v_to timestamptz := (date_trunc('month', p_day::timestamp) + interval '1 month') at time zone v_zone;
begin
	made := (select count(distinct (v.at at time zone v_zone)::date) from visit v where v.household_id = p_household and v.at >= v_from and v.at < v_to);
	wanted := (select coalesce(max(r.visits), 0) from visit_rule r join household h on h.id = p_household
	            where r.flag = any (h.flags) or exists (select from resident x join person p on p.id = x.person_id where x.household_id = h.id and r.flag = any (p.flags)));
end $$;

-- ---- reminding, and what was missed ----------------------------------------------------------------

-- The last day not after this one that is worked.
create function working_day_before(p_day date) returns date language sql stable set search_path = hailan, pg_temp
return coalesce((select max(d.day) from (select p_day - generate_series(0, 31) as day) d where day_works(d.day)), p_day);

-- When visits are looked at in a month: it begins and the last one is closed, what was missed in that is
-- told when work begins, and the reminders before it ends.
create function visits_moments(p_month date) returns table (at timestamptz, what text) language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_zone text := town_zone();
	v_hours int4multirange := unit_hours(city_unit());
	v_end date := p_month + interval '1 month';
begin
	return query
	select p_month::timestamp at time zone v_zone, 'close'
	union all
	select next_working(p_month::timestamp at time zone v_zone, v_hours, v_zone), 'missed'
	union all
	select next_working((working_day_before(v_end - n.days::int4))::timestamp at time zone v_zone, v_hours, v_zone), 'short'
	  from regexp_matches((select s.value from setting s where s.key = 'visits_remind'), '\d{1,2}', 'g') m, unnest(m) n (days) where n.days::int4 between 1 and 28;
end $$;

create function visits_next(p_after timestamptz) returns timestamptz language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_month date := date_trunc('month', p_after at time zone town_zone());
begin
	return (select min(x.at) from (select m.at from visits_moments(v_month) m union all select m.at from visits_moments((v_month + interval '1 month')::date) m) x where x.at > p_after);
end $$;

-- What one telephone is told about its homes; each once. Nothing stops the others.
create function visits_tell(p_at timestamptz, p_template text, p_month date, p_community bool) returns int8 language plpgsql set search_path = hailan, pg_temp as $$
declare
	r record;
	v_count int8 := 0;
	v_zone text := town_zone();
begin
	for r in
		with homes as (
			select m.household_id, coalesce(m.grid_id, m.community_id) as unit_id, m.community_id, door(m.building, m.entrance, m.room) as door, m.wanted - m.made as short
			  from visits_of_month(p_month) m where not p_community and m.made < m.wanted
			union all
			select m.household_id, m.unit_id, h.community_id, door(h.building, h.entrance, h.room), m.wanted - m.made
			  from visit_missed m join household h on h.id = m.household_id where p_community and m.month = p_month
		), units as (
			select u.unit_id, c.phone, c.unit_id as contact_unit from (select distinct case when p_community then community_id else unit_id end as unit_id from homes) u, unit_contact(u.unit_id) c
		)
		select u.phone, phone_language(u.phone) as language, min(u.contact_unit) as unit_id, count(*) as homes, sum(h.short) as visits,
		       string_agg(h.door, '、' order by h.community_id, length(h.door), h.door) as list
		  from homes h join units u on u.unit_id = case when p_community then h.community_id else h.unit_id end
		 where u.phone is not null group by 1 order by 1
	loop
		begin
			perform say(p_at, r.phone, r.language, p_template, jsonb_build_object('count', r.homes::text, 'visits', r.visits::text, 'list', r.list, 'month', extract(month from p_month)::text),
				p_not_before => greatest(next_working(p_at, unit_hours(r.unit_id), v_zone), p_at));
			v_count := v_count + 1;
		exception when no_data_found or data_exception or integrity_constraint_violation or not_null_violation then
			insert into reminder_failed (at, phone, subject, rule_id, step, city, reason) values (p_at, r.phone, 0, 0, 0, city(), format('%s: %s', p_template, sqlerrm));
		end;
	end loop;
	return v_count;
end $$;

create function visits_close(p_month date) returns void language sql set search_path = hailan, pg_temp as $$
	insert into visit_missed (month, household_id, city, unit_id, wanted, made)
	select p_month, m.household_id, city(), coalesce(m.grid_id, m.community_id), m.wanted, m.made from visits_of_month(p_month) m where m.made < m.wanted
	on conflict do nothing
$$;

-- How far the reminders have come; what is next stands in table moment.
create table visit_round (
	one bool primary key default true check (one),
	upto timestamptz not null
);

-- Looks at the visits when it is time. Of several reminders that were missed only the last is said, and a
-- month that ended is closed however late.
create function keep_visits(p_at timestamptz) returns int8 language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_upto timestamptz;
	v_at timestamptz;
	v_next timestamptz;
	v_month date;
	v_what text;
	v_count int8 := 0;
begin
	update visit v set latitude = null, longitude = null where v.latitude is not null and v.at < p_at - setting_interval('position_keep');
	if exists (select from moment m where m.what = 'visits' and m.at > p_at) then
		return 0;
	end if;
	insert into visit_round (upto) values (p_at) on conflict do nothing;
	select r.upto into v_upto from visit_round r for update skip locked;
	if not found then
		return 0;
	end if;
	v_at := visits_next(v_upto);
	while v_at <= p_at loop
		v_month := date_trunc('month', v_at at time zone town_zone());
		v_next := visits_next(v_at);
		for v_what in select distinct m.what from visits_moments(v_month) m where m.at = v_at order by 1 loop
			if v_what = 'close' then
				perform visits_close((v_month - interval '1 month')::date);
			elsif v_what = 'missed' and v_month + interval '1 month' > p_at at time zone town_zone() then
				v_count := v_count + visits_tell(p_at, 'visits_missed', (v_month - interval '1 month')::date, true);
			elsif v_what = 'short' and v_next > p_at then
				v_count := v_count + visits_tell(p_at, 'visits_short', v_month, false);
			end if;
		end loop;
		update visit_round r set upto = v_at;
		v_at := v_next;
	end loop;
	insert into moment as m (what, at) values ('visits', v_at) on conflict (what) do update set at = excluded.at where m.at <> excluded.at;
	return v_count;
end $$;
insert into moment (what, at) values ('visits', '-infinity');

-- Another calendar or other days of reminding: what is next is found anew.
create function visits_again() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	update moment set at = '-infinity' where what = 'visits';
	return null;
end $$;
create trigger visits_again after insert or update or delete or truncate on calendar_day for each statement execute function visits_again();
create trigger visits_again after insert or update or delete or truncate on working_hours for each statement execute function visits_again();
create trigger visits_again after update on setting for each row when (new.key in ('zone', 'working_hours', 'visits_remind')) execute function visits_again();

-- ---- rows of files and what is shown ----------------------------------------------------------------

create function import_visits(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	insert into visit_rule (flag, visits) select r.flag, r.visits from jsonb_to_recordset(p_rows) as r (line int4, flag text, visits int2) where r.visits > 0
	on conflict (flag) do update set visits = excluded.visits;
	delete from visit_rule v using jsonb_to_recordset(p_rows) as r (line int4, flag text, visits int2) where r.flag = v.flag and r.visits = 0;
	return;
end $$;

-- Filter: what (short, stale, missed), unit (code or name), month (2026-11), limit.
create function ctl_visits(p_filter jsonb, p_at timestamptz) returns setof jsonb
language plpgsql stable security definer set search_path = hailan, pg_temp as $$
declare
	v_at timestamptz := shown_time(p_at);
	v_day date := town_day(v_at);
	v_what text := coalesce(p_filter ->> 'what', 'short');
	v_month date := coalesce(to_date(p_filter ->> 'month', 'YYYY-MM'), case v_what when 'missed' then date_trunc('month', v_day) - interval '1 month' else date_trunc('month', v_day) end);
	v_limit int4 := coalesce((p_filter ->> 'limit')::int4, 1000);
	v_unit int4;
begin
	if p_filter ? 'unit' then
		v_unit := (select u.id from unit u where p_filter ->> 'unit' in (u.code, u.name_zh, u.name_ko, unit_title(u.level, u.name_zh, u.name_ko, 'zh')) order by u.level, u.id limit 1);
		if v_unit is null then
			raise exception 'there is no unit %', p_filter ->> 'unit' using errcode = '22023';
		end if;
	end if;
	return query
	select jsonb_strip_nulls(jsonb_build_object('month', to_char(v_month, 'YYYY-MM'), 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'), 'home', door(h.building, h.entrance, h.room),
	         'flag', x.flag, 'wanted', x.wanted, 'made', x.made, 'last_at', x.last_at, 'checked_at', h.checked_at))
	  from (select m.household_id, m.flag, m.wanted, m.made, m.last_at from visits_of_month(v_month) m where v_what = 'short' and m.made < m.wanted
	        union all
	        select m.household_id, null, m.wanted, m.made, (select max(v.at) from visit v where v.household_id = m.household_id) from visit_missed m where v_what = 'missed' and m.month = v_month
	        union all
	        select s.id, null, null, null, (select max(v.at) from visit v where v.household_id = s.id) from household s
	         where v_what = 'stale' and (s.checked_at is null or s.checked_at < (v_at - setting_interval('file_stale'))::date)) x
	  join household h on h.id = x.household_id join unit u on u.id = coalesce(h.grid_id, h.community_id)
	 where v_unit is null or v_unit = any (unit_line(u.id))
	 order by u.id, h.checked_at nulls first, length(h.building), h.building, h.entrance, length(h.room), h.room limit v_limit;
end $$;

-- The check-ins of one person (telephone or name) on one day, in the order of time: a line. The look is
-- written down. With shape: one GeoJSON object, a point for each and the line through them.
create function ctl_track(p_filter jsonb, p_at timestamptz) returns setof jsonb
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_day date := coalesce((p_filter ->> 'day')::date, town_day(shown_time(p_at)));
	v_who text := p_filter ->> 'who';
	v_zone text := town_zone();
	v_people int8[] := (select array_agg(distinct s.person_id) from staff s join person p on p.id = s.person_id left join phone n on n.person_id = p.id
	                     where v_who in (p.name, n.number, ltrim(n.number, '+'), regexp_replace(n.number, '^\+86', '')));
begin
	insert into track_look (at, by_role, person_id, asked, day) values (p_at, session_user, v_people[1], left(v_who, 128), v_day);
	if cardinality(v_people) > 1 then
		raise exception 'several members of staff are called %; name the telephone', v_who using errcode = '22023';
	elsif v_people is null then
		raise exception 'no member of staff is called % or has that telephone', v_who using errcode = '22023';
	end if;
	if p_filter ? 'shape' then
		return query
		select jsonb_build_object('type', 'FeatureCollection', 'features',
		         coalesce(jsonb_agg(jsonb_build_object('type', 'Feature', 'geometry', case when v.latitude is not null then jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(v.longitude, v.latitude)) end,
		                                      'properties', jsonb_strip_nulls(jsonb_build_object('at', v.at, 'point', v.point, 'note', v.note, 'case_number', v.case_number))) order by v.at, v.id), '[]')
		         || case when count(v.latitude) > 1 then jsonb_build_array(jsonb_build_object('type', 'Feature',
		              'geometry', jsonb_build_object('type', 'LineString', 'coordinates', jsonb_agg(jsonb_build_array(v.longitude, v.latitude) order by v.at, v.id) filter (where v.latitude is not null)),
		              'properties', jsonb_build_object('day', v_day, 'points', count(v.latitude)))) else '[]' end)
		  from visit v where v.person_id = v_people[1] and v.at >= v_day::timestamp at time zone v_zone and v.at < (v_day + 1)::timestamp at time zone v_zone;
		return;
	end if;
	return query
	select jsonb_strip_nulls(jsonb_build_object('at', v.at, 'point', v.point, 'latitude', v.latitude, 'longitude', v.longitude, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'),
	         'home', v.household_id is not null, 'note', v.note, 'case_number', v.case_number))
	  from visit v left join unit u on u.id = v.unit_id
	 where v.person_id = v_people[1] and v.at >= v_day::timestamp at time zone v_zone and v.at < (v_day + 1)::timestamp at time zone v_zone
	 order by v.at, v.id;
end $$;

grant execute on function keep_visits to hailan_timekeeper, hailan_admin;
grant execute on function import_visits, ctl_visits, ctl_track to hailan_admin;
grant select on visit, visit_rule, visit_missed, track_look to hailan_admin;
grant insert, update, delete on visit_rule to hailan_admin;
