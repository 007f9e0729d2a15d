-- SPDX-License-Identifier: BSD-2-Clause
-- When limits end, against a count of single minutes.
begin;
set local search_path = test, hailan, public;
select no_plan();
set local timezone = 'UTC'; -- nothing may depend on the session's zone

-- The first week of October is free, two Saturdays before and after are worked, and one Sunday.
select is_empty($$ select * from import_calendar('[
	{"line":1,"day":"2026-10-01","kind":"rest","name":"国庆节"},{"line":2,"day":"2026-10-02","kind":"rest"},{"line":3,"day":"2026-10-05","kind":"rest"},
	{"line":4,"day":"2026-10-06","kind":"rest"},{"line":5,"day":"2026-10-07","kind":"rest"},{"line":6,"day":"2026-09-27","kind":"makeup"},
	{"line":7,"day":"2026-10-10","kind":"makeup"},{"line":8,"day":"2026-11-02","kind":"rest"},{"line":9,"day":"2026-11-02","kind":"work"}]', noon()) $$, 'a calendar');
select results_eq($$ select line, reason from import_calendar('[{"line":2,"day":"2026-10-13","kind":"makeup"},{"line":3,"day":"2026","kind":"rest"}]', noon()) $$,
	$$ values (2, 'day: 2026-10-13 is a Tuesday; only a Saturday or Sunday is worked instead of another day'), (3, 'day: must be a day, not a year') $$, 'mistakes are told');
select results_eq($$ select d::date, day_works(d::date) from unnest('{2026-09-26,2026-09-27,2026-09-30,2026-10-01,2026-10-04,2026-10-10,2026-10-11,2026-11-02}'::date[]) d $$,
	$$ values ('2026-09-26'::date, false), ('2026-09-27', true), ('2026-09-30', true), ('2026-10-01', false), ('2026-10-04', false), ('2026-10-10', true), ('2026-10-11', false), ('2026-11-02', true) $$,
	'three kinds of day');

-- hours
select is(hours_parse('08:00-11:30 13:30-17:00'), '{[480,690),[810,1020)}'::int4multirange);
select is(hours_parse(' 0:00-24:00'), '{[0,1440)}'::int4multirange);
select is(hours_parse('08:00-12:00 12:00-17:00'), '{[480,1020)}'::int4multirange, 'half-open: no gap at noon');
select throws_ok(format('select hours_parse(%L)', h), '22007', null, 'not hours: ' || h) from unnest('{8-17,08:00-25:00,17:00-08:00,08:00–17:00,08:60-09:00,08:00-08:00}'::text[]) h;
select is(unit_hours(id), '{[480,690),[810,1020)}'::int4multirange, 'the town''s hours') from unit where code = 'g-tiantu-1';
select is_empty($$ select * from import_hours('[{"line":1,"unit":"222405001005","hours":"08:30-12:00 13:00-16:30"}]', noon()) $$);
select is(unit_hours(id), '{[510,720),[780,990)}'::int4multirange, 'the hours of the unit above') from unit where code = 'g-tiantu-1';
select is(unit_hours(null), '{[480,690),[810,1020)}'::int4multirange);
select is((select reason from import_hours('[{"line":1,"unit":"nowhere","hours":"08:00-12:00"},{"line":2,"unit":"222405001005","hours":"morning"}]', noon()) where line = 1), 'unit: there is no unit nowhere');

-- by hand
create function due_at(p_start text, p_limit numeric, p_unit text, p_next_day bool default false) returns text language sql
return to_char(due((p_start || '+08')::timestamptz, p_limit, p_unit::limit_unit, p_next_day) at time zone 'Asia/Shanghai', 'MM-DD HH24:MI:SS');
select is(due_at(s, l, u, n), e, concat_ws(' ', l, u, 'from', s, case when n then 'the next day' end)) from (values
	('2026-11-24 12:00', 30, 'minutes', false, '11-24 12:30:00'),
	('2026-11-24 12:00', 0.5, 'minutes', false, '11-24 12:00:30'),
	('2026-11-24 12:00', 1440, 'minutes', true, '11-26 00:00:00'),
	('2026-11-24 12:00', 3, 'days', false, '11-27 12:00:00'),
	('2026-11-24 12:00', 1.5, 'days', false, '11-26 00:00:00'),
	('2026-11-24 12:00', 3, 'days', true, '11-28 00:00:00'),
	('2026-11-24 12:00', 0, 'days', false, '11-24 12:00:00'),
	('2026-11-23 15:00', 1, 'working_days', false, '11-24 15:00:00'),
	('2026-11-27 15:00', 1, 'working_days', false, '11-30 15:00:00'),
	('2026-11-27 15:00', 1, 'working_days', true, '12-01 00:00:00'),
	('2026-11-28 15:00', 1, 'working_days', false, '12-01 00:00:00'),
	('2026-11-26 15:00', 1, 'working_days', true, '11-28 00:00:00'),
	('2026-09-30 15:00', 1, 'working_days', false, '10-08 15:00:00'),
	('2026-10-09 15:00', 1, 'working_days', false, '10-10 15:00:00'),
	('2026-09-25 15:00', 0.5, 'working_days', false, '09-27 03:00:00'),
	('2026-11-24 10:00', 1.5, 'working_hours', false, '11-24 11:30:00'),
	('2026-11-24 10:00', 1.75, 'working_hours', false, '11-24 13:45:00'),
	('2026-11-24 16:30', 1, 'working_hours', false, '11-25 08:30:00'),
	('2026-11-27 16:30', 5, 'working_hours', false, '11-30 14:30:00'),
	('2026-11-24 12:00', 5, 'working_hours', true, '11-25 15:00:00'),
	('2026-09-30 16:30', 1, 'working_hours', false, '10-08 08:30:00')) as t (s, l, u, n, e);

-- By brute force: every minute is judged alone by what the clocks of the zone show.
create temp table day (day date primary key, works bool) on commit drop;
create temp table minute (t timestamptz primary key, before int8) on commit drop;
create temp table worked (n int8 primary key, t timestamptz) on commit drop;
create temp table wall (m timestamp primary key, before int8) on commit drop;
create temp table wall_worked (n int8 primary key, m timestamp) on commit drop;
create function judge(p_zone text, p_from date, p_to date, p_hours int4multirange) returns void language plpgsql as $$
begin
	truncate day, minute, worked, wall, wall_worked;
	insert into day select p_from + i, day_works(p_from + i) from generate_series(-1, p_to - p_from + 1) i;
	with judged as (
		select t, d.works
		       and (extract(hour from t at time zone p_zone) * 60 + extract(minute from t at time zone p_zone))::int4 <@ p_hours as works
		  from generate_series(p_from::timestamp at time zone p_zone, p_to::timestamp at time zone p_zone, interval '1 minute') t
		  join day d on d.day = (t at time zone p_zone)::date
	), counted as (
		select t, works, count(*) filter (where works) over (order by t) - works::int as before from judged
	), kept as (insert into minute select t, before from counted)
	insert into worked select before + 1, t from counted where works;
	-- Days are those of the calendar on the wall: minutes that the clock skips exist there, and those
	-- that it shows twice exist once.
	with counted as (
		select m, d.works, count(*) filter (where d.works) over (order by m) - d.works::int as before
		  from generate_series(p_from::timestamp, p_to::timestamp, interval '1 minute') m join day d on d.day = m::date
	), kept as (insert into wall select m, before from counted)
	insert into wall_worked select before + 1, m from counted where works;
end $$;
create function brute_hours(p_zone text, p_hours int4multirange, p_starts interval, p_count int)
returns table (start timestamptz, hours numeric, got timestamptz, wanted timestamptz) language sql as $$
	select s.start, v.h, due(s.start, v.h, 'working_hours', false, p_hours, p_zone), c.t + interval '1 minute'
	  from (select min(t) as t from minute) f
	 cross join lateral (select f.t + i * p_starts as start from generate_series(0, p_count - 1) i) s
	 cross join unnest('{0.05,0.5,1,2.25,3.5,7,7.5,14,30,70}'::numeric[]) as v (h)
	  join minute m on m.t = s.start
	  join worked c on c.n = (m.before + v.h * 60)::int8
$$;
create function brute_days(p_zone text, p_starts interval, p_count int)
returns table (start timestamptz, days numeric, next_day bool, got timestamptz, wanted timestamptz) language sql as $$
	select s.start, v.d, x.x, due(s.start, v.d, 'working_days', x.x, '{}', p_zone), (c.m + interval '1 minute') at time zone p_zone
	  from (select min(t) as t from minute) f
	 cross join lateral (select f.t + i * p_starts as start from generate_series(0, p_count - 1) i) s
	 cross join unnest('{0.5,1,2,3,7,15}'::numeric[]) as v (d)
	 cross join unnest('{f,t}'::bool[]) as x (x)
	  join wall m on m.m = case when x.x then (s.start at time zone p_zone)::date + 1 else s.start at time zone p_zone end
	  join wall_worked c on c.n = (m.before + v.d * 1440)::int8
$$;
-- How many limits were compared, and how many of them ended at another moment.
create function differ_hours(text, int4multirange, interval, int) returns text language sql as
$$ select count(*) || ' limits, ' || count(*) filter (where got is distinct from wanted) || ' differ' from brute_hours($1, $2, $3, $4) $$;
create function differ_days(text, interval, int) returns text language sql as
$$ select count(*) || ' limits, ' || count(*) filter (where got is distinct from wanted) || ' differ' from brute_days($1, $2, $3) $$;
select judge('Asia/Shanghai', '2026-09-20', '2026-11-20', '{[480,690),[810,1020)}');
select is(differ_hours('Asia/Shanghai', '{[480,690),[810,1020)}', '97 minutes', 420), '4200 limits, 0 differ', 'working hours');
select is(differ_days('Asia/Shanghai', '101 minutes', 420), '5040 limits, 0 differ', 'working days');
select judge('Asia/Shanghai', '2026-09-20', '2026-11-20', '{[0,1440)}');
select is(differ_hours('Asia/Shanghai', '{[0,1440)}', '607 minutes', 60), '600 limits, 0 differ', 'a unit that works round the clock');

-- Where clocks are changed: Berlin, on 25 October 2026 back and on 29 March 2026 forward.
select judge('Europe/Berlin', '2026-10-12', '2026-11-20', '{[480,690),[810,1020)}');
select is(differ_hours('Europe/Berlin', '{[480,690),[810,1020)}', '97 minutes', 210), '2100 limits, 0 differ', 'clocks go back: working hours');
select is(differ_days('Europe/Berlin', '101 minutes', 210), '2520 limits, 0 differ', 'and working days');
insert into calendar_day values ('2026-10-25', 'makeup'), ('2026-03-29', 'makeup');
select judge('Europe/Berlin', '2026-10-20', '2026-11-10', '{[0,1440)}');
select is(differ_hours('Europe/Berlin', '{[0,1440)}', '31 minutes', 260), '2600 limits, 0 differ', 'a worked day of 25 hours');
select judge('Europe/Berlin', '2026-03-16', '2026-04-24', '{[0,1440)}');
select is(differ_hours('Europe/Berlin', '{[0,1440)}', '97 minutes', 210), '2100 limits, 0 differ', 'and of 23');
select is(differ_days('Europe/Berlin', '101 minutes', 210), '2520 limits, 0 differ', 'clocks go forward: working days');
select is(due('2026-10-24 12:00+02', 1, 'days', false, '{}', 'Europe/Berlin'), '2026-10-25 12:00+01'::timestamptz, 'a day keeps the time of the day');
select is(due('2026-10-24 12:00+02', 1440, 'minutes', false, '{}', 'Europe/Berlin'), '2026-10-25 11:00+01'::timestamptz, 'minutes do not');
select is(due('2026-10-24 12:00+02', 1, 'days', true, '{}', 'Europe/Berlin'), '2026-10-26 00:00+01'::timestamptz, 'the next day is one of 25 hours');

-- when one may write
select is(to_char(next_working((s || '+08')::timestamptz, hours_parse('08:00-11:30 13:30-17:00'), 'Asia/Shanghai') at time zone 'Asia/Shanghai', 'MM-DD HH24:MI'), e, 'works next after ' || s)
  from (values ('2026-11-24 07:00', '11-24 08:00'), ('2026-11-24 11:29', '11-24 11:29'), ('2026-11-24 11:30', '11-24 13:30'), ('2026-11-24 17:00', '11-25 08:00'),
	('2026-11-27 18:00', '11-30 08:00'), ('2026-09-30 18:00', '10-08 08:00'), ('2026-10-09 18:00', '10-10 08:00')) t (s, e);
select is(to_char(quiet_until((s || '+08')::timestamptz, q, 'Asia/Shanghai') at time zone 'Asia/Shanghai', 'MM-DD HH24:MI'), e, concat_ws(' ', 'not within', q, s))
  from (values ('2026-11-24 20:29', '20:30-07:30', '11-24 20:29'), ('2026-11-24 20:30', '20:30-07:30', '11-25 07:30'), ('2026-11-25 07:29', '20:30-07:30', '11-25 07:30'),
	('2026-11-25 07:30', '20:30-07:30', '11-25 07:30'), ('2026-11-24 12:30', '12:00-13:30', '11-24 13:30'), ('2026-11-24 13:30', '12:00-13:30', '11-24 13:30')) t (s, q, e);
select * from finish();
rollback;
