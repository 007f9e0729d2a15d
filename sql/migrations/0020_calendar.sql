-- The town's calendar: three kinds of day, working hours of each unit, and when a limit ends. Holidays and
-- the weekend days worked instead are announced each year and cannot be computed: they are rows.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('zone', 'Asia/Shanghai', 'the zone in which days, working hours and quiet hours are counted'),
	('working_hours', '08:00-11:30 13:30-17:00', 'hours of units that have none of their own (table working_hours)'),
	('quiet_hours', '20:30-07:30', 'residents get no notices within them, but answers and danger'),
	('inspection_unit', '', 'code of the unit that supervises; empty: the city');

create type day_kind as enum ('work', 'rest', 'makeup');
create table calendar_day (
	day date primary key,
	kind day_kind not null,
	name text check (length(name) <= 64)
);
comment on table calendar_day is 'Days that are not what their weekday says: Monday to Friday are worked, Saturday and Sunday are not.';
comment on column calendar_day.kind is 'rest: a holiday; makeup: a Saturday or Sunday that is worked; work: an ordinary working day after all.';

create function day_works(p_day date) returns bool language sql stable set search_path = hailan, pg_temp
return coalesce((select c.kind <> 'rest' from calendar_day c where c.day = p_day), extract(isodow from p_day) < 6);

-- '08:00-11:30 13:30-17:00' as minutes of the day, half-open: 11:30 is not worked any more.
create function hours_parse(p_hours text) returns int4multirange language plpgsql immutable set search_path = hailan, pg_temp as $$
declare
	v_hours int4multirange := '{}';
	v_part text;
	m text[];
	v_from int4;
	v_to int4;
begin
	foreach v_part in array regexp_split_to_array(btrim(p_hours), '\s+') loop
		m := regexp_match(v_part, '^(\d\d?):(\d\d)-(\d\d?):(\d\d)$');
		v_from := m[1]::int4 * 60 + m[2]::int4;
		v_to := m[3]::int4 * 60 + m[4]::int4;
		if m is null or m[2]::int4 > 59 or m[4]::int4 > 59 or v_from >= v_to or v_to > 1440 then
			raise exception 'working hours "%" are not like 08:00-11:30 13:30-17:00', p_hours using errcode = '22007';
		end if;
		v_hours := v_hours + int4multirange(int4range(v_from, v_to));
	end loop;
	return v_hours;
end $$;

create table working_hours (
	unit_id int4 primary key references unit on delete cascade,
	hours text not null,
	minutes int4multirange not null generated always as (hours_parse(hours)) stored
);
comment on table working_hours is 'Of a unit and of those below it that have none of their own.';

create function unit_hours(p_unit int4) returns int4multirange language sql stable set search_path = hailan, pg_temp as $$
	with recursive line as (
		select u.id, u.parent_id, 1 as n from unit u where u.id = p_unit
		union all select u.id, u.parent_id, l.n + 1 from unit u join line l on u.id = l.parent_id
	)
	select coalesce((select w.minutes from line l join working_hours w on w.unit_id = l.id order by l.n limit 1),
	                hours_parse((select s.value from setting s where s.key = 'working_hours')))
$$;
create function town_zone() returns text language sql stable set search_path = hailan, pg_temp
return (select value from setting where key = 'zone');

create type limit_unit as enum ('minutes', 'working_hours', 'days', 'working_days');

-- The n-th working day from a day on; 0 is the day itself or the first one after it. Null when a calendar
-- leaves none in a year.
create function working_day(p_day date, p_n int4) returns date
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (select d.day from (select p_day + generate_series(0, 366 + 3 * p_n) as day) d left join calendar_day c on c.day = d.day
	         where coalesce(c.kind <> 'rest', extract(isodow from d.day) < 6) offset p_n limit 1);
end $$;

-- p_days of working days, each from midnight to midnight: 1 from Monday 15:00 is Tuesday 15:00, from
-- Friday 15:00 it is Monday 15:00, from a Sunday the end of Monday.
create function due_working_days(p_from timestamptz, p_days numeric, p_zone text) returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_local timestamp := p_from at time zone p_zone;
	v_day date := working_day(v_local::date, 0);
	v_seconds numeric := p_days * 86400 + case when v_day = v_local::date then extract(epoch from v_local::time) else 0 end;
	v_n int4 := div(v_seconds, 86400) - (mod(v_seconds, 86400) = 0)::int4;
begin
	return (working_day(v_day, v_n) + make_interval(secs => (v_seconds - v_n * 86400)::float8)) at time zone p_zone;
end $$;

-- The working time from a moment on, in pieces, at least p_days whole days of it.
create function working_time(p_from timestamptz, p_days int4, p_minutes int4multirange, p_zone text)
returns table (low timestamptz, high timestamptz) language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return query
	select greatest(p_from, i.low), i.high
	  from (select (d.day + make_interval(mins => lower(r))) at time zone p_zone as low,
	               (d.day + make_interval(mins => upper(r))) at time zone p_zone as high
	          from (select y.day from (select (p_from at time zone p_zone)::date + generate_series(0, 366 + 3 * p_days) as day) y
	                  left join calendar_day c on c.day = y.day
	                 where coalesce(c.kind <> 'rest', extract(isodow from y.day) < 6) limit p_days + 1) d, unnest(p_minutes) r) i
	 where i.high > p_from order by 1;
end $$;

-- p_hours of working time, as long as a clock shows it.
create function due_working_hours(p_from timestamptz, p_hours numeric, p_minutes int4multirange, p_zone text) returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_left numeric := p_hours * 3600;
	v_length numeric;
	w record;
begin
	for w in
		select t.low, t.high from working_time(p_from,
			ceil(p_hours * 60 / (select sum(upper(r) - lower(r)) from unnest(p_minutes) r))::int4, p_minutes, p_zone) t
	loop
		v_length := extract(epoch from w.high - w.low);
		if v_length >= v_left then
			return w.low + make_interval(secs => v_left::float8);
		end if;
		v_left := v_left - v_length;
	end loop;
	return null;
end $$;

-- When a limit ends: the first moment at which so much has passed since the start. Intervals are
-- half-open, so 3 working hours that end with the morning end at 11:30 and not at 13:30. Minutes and
-- working hours are what a clock counts; days keep the time of the day, also where clocks are changed.
-- From the next day: the clock starts with the day after p_start. Null when the calendar has no working
-- day in a year.
create function due(p_start timestamptz, p_limit numeric, p_unit limit_unit, p_next_day bool default false,
	p_hours int4multirange default '{[480,690),[810,1020)}', p_zone text default 'Asia/Shanghai') returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_from timestamptz := case when p_next_day then (date_trunc('day', p_start at time zone p_zone) + interval '1 day') at time zone p_zone else p_start end;
begin
	if p_limit <= 0 then
		return v_from;
	end if;
	case p_unit
	when 'minutes' then
		return v_from + make_interval(secs => (p_limit * 60)::float8);
	when 'days' then
		return ((v_from at time zone p_zone) + make_interval(days => trunc(p_limit)::int4, secs => ((p_limit - trunc(p_limit)) * 86400)::float8)) at time zone p_zone;
	when 'working_days' then
		return due_working_days(v_from, p_limit, p_zone);
	when 'working_hours' then
		return due_working_hours(v_from, p_limit, p_hours, p_zone);
	end case;
end $$;

-- The first moment from p_at on at which a unit works.
create function next_working(p_at timestamptz, p_hours int4multirange, p_zone text) returns timestamptz
language sql stable set search_path = hailan, pg_temp as $$
	select coalesce((select min(w.low) from working_time(p_at, 1, p_hours, p_zone) w), p_at)
$$;

-- The first moment from p_at on at which a resident may be disturbed. p_quiet: '20:30-07:30', over midnight or not.
create function quiet_until(p_at timestamptz, p_quiet text, p_zone text) returns timestamptz
language sql stable set search_path = hailan, pg_temp as $$
	select case when q.low <= q.high and l.at::time >= q.low and l.at::time < q.high then (l.at::date + q.high) at time zone p_zone
	            when q.low > q.high and l.at::time < q.high then (l.at::date + q.high) at time zone p_zone
	            when q.low > q.high and l.at::time >= q.low then (l.at::date + 1 + q.high) at time zone p_zone
	            else p_at end
	  from (select p_at at time zone p_zone as at) l,
	       (select split_part(p_quiet, '-', 1)::time as low, split_part(p_quiet, '-', 2)::time as high) q
$$;

create function import_calendar(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
begin
	for r in select * from jsonb_to_recordset(p_rows) as t (line int4, day text, kind text, name text) loop
		line := r.line;
		reason := case when r.day !~ '^\d{4}-\d\d-\d\d$' then 'day: must be a day, not a year'
		               when r.kind = 'makeup' and extract(isodow from r.day::date) < 6
		               then format('day: %s is a %s; only a Saturday or Sunday is worked instead of another day', r.day, to_char(r.day::date, 'FMDay')) end;
		if reason is not null then
			return next;
			continue;
		end if;
		insert into calendar_day (day, kind, name) values (r.day::date, r.kind::day_kind, r.name)
		on conflict (day) do update set kind = excluded.kind, name = excluded.name;
	end loop;
end $$;

create function import_hours(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
	v_unit int4;
begin
	for r in select * from jsonb_to_recordset(p_rows) as t (line int4, unit text, hours text) loop
		line := r.line;
		v_unit := (select u.id from unit u where u.code = r.unit);
		if v_unit is null then
			reason := format('unit: there is no unit %s', r.unit);
			return next;
			continue;
		end if;
		begin
			insert into working_hours (unit_id, hours) values (v_unit, r.hours)
			on conflict (unit_id) do update set hours = excluded.hours;
		exception when data_exception then
			reason := sqlerrm;
			return next;
		end;
	end loop;
end $$;

grant select, insert, update, delete on calendar_day, working_hours to hailan_admin;
grant select on calendar_day, working_hours to hailan_reader;
grant execute on function due, import_calendar, import_hours to hailan_admin;
