-- SPDX-License-Identifier: BSD-2-Clause
-- The statistics beside a plain recount: a walk over the events of each case, one after the other, with a
-- hand that keeps what it has seen. HAILAN_NIGHTLY=1: many more cases. HAILAN_SEED: another course.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();
\set nightly 0
\getenv nightly HAILAN_NIGHTLY
\set seed 0.17
\getenv seed HAILAN_SEED
select case when :'nightly' in ('', '0') then 800 else 6000 end as cases, case when :'nightly' in ('', '0') then 1600 else 40000 end as steps,
       case when :'nightly' in ('', '0') then '50 minutes' else '3 minutes' end as pace \gset
select setseed(:seed);
insert into rule (name, family, states, clock, categories, amount, unit, next_day) values
	('close_hours', 'close', '{yellow}', 'dispatch', '{streetlight}', 6, 'working_hours', false);
insert into calendar_day (day, kind) values ('2026-12-01', 'rest'), ('2026-12-05', 'makeup');

\ir walk.psql
-- several categories, some urgent; a reporter of each, so that answers come
update "case" k set category = (array['carcass', 'water', 'illegal_build', 'streetlight', null])[1 + k.number / 13 % 5] where number in (select number from f);
select pg_temp.walk(:steps, 1 + :cases / 25, :'pace', p_skew := 1);
-- some of the others are done as they should be, sooner or later, and some not at the first time
do $$
declare
	r record;
	v_at timestamptz;
	s text;
begin
	for r in select n, number from f where not exists (select from case_life l where f.number in (l.number, l.parent_number)) order by random() limit 80 loop
		v_at := noon('2 hours');
		foreach s in array array['farm accept', 'farm done', 'community report', 'street look_into']
			|| case r.n % 4 when 0 then array['street rework', 'farm accept', 'farm extend', 'city grant', 'farm done', 'community report', 'street evaluate']
			                when 1 then array['street evaluate', 'reporter reopen', 'farm start', 'farm done', 'community report', 'street evaluate'] else array['street evaluate'] end loop
			v_at := v_at + random() ^ 3 * interval '6 days';
			perform step(split_part(s, ' ', 1), r.number, split_part(s, ' ', 2), p_at => v_at);
		end loop;
	end loop;
end $$;
select cmp_ok((select max(at) - min(at) from walk), '>', interval '20 days', 'the walk takes weeks');
-- what was asked is answered by some, and by others not
insert into ask_past (id, city, phone, kind, number, at, ended_at, outcome)
select make_id(w.at, row_number() over ()), 222405, '+8613700000001', 'solved', w.number, w.at, w.at + interval '1 day', (array['yes', 'yes', 'no', 'silent', 'idle'])[1 + floor(random() * 5)]
  from walk w where w.code = 'ok' and w.action = 'done';

-- ---- the plain recount --------------------------------------------------------------------------
create temp table told (number int8, unit_id int4, counter text);
create function pg_temp.tell(p_number int8, p_unit int4, p_counter text, p_if bool) returns void language sql as $$
	insert into told select p_number, p_unit, p_counter where p_if
$$;

-- When the clock of an order runs out: so much time, hold by hold.
create function pg_temp.limit_of(p_case int8, p_rule int4, p_start timestamptz, p_unit int4, p_to timestamptz) returns timestamptz language plpgsql as $$
declare
	r rule;
	e record;
	v_since timestamptz;
	v_start timestamptz := p_start;
	v_due timestamptz;
	v_hours int4multirange := unit_hours(p_unit);
begin
	select * into r from rule where id = p_rule;
	if r.id is null or p_start is null then
		return null;
	end if;
	v_due := due(v_start, r.amount, r.unit, r.next_day, v_hours, 'Asia/Shanghai');
	for e in select * from case_event c where c.case_number = p_case and c.action in ('hold', 'resume') and c.at < p_to
	         union all select (null::case_event).* order by id nulls last loop
		if e.action = 'hold' then
			v_since := e.at;
		elsif v_since is not null then
			if greatest(v_since, p_start) < v_due and coalesce(e.at, p_to) > p_start then
				v_start := v_start + (coalesce(e.at, p_to) - greatest(v_since, p_start));
				v_due := greatest(due(v_start, r.amount, r.unit, r.next_day, v_hours, 'Asia/Shanghai'), coalesce(e.at, p_to));
			end if;
			v_since := null;
		end if;
	end loop;
	return v_due;
end $$;

create function pg_temp.rule_of(p_family text, p_category text, p_urgent bool) returns int4 language plpgsql as $$
declare
	r rule;
	v_best int4 := -1;
	v_id int4;
	v_priority int2;
begin
	for r in select * from rule where family = p_family and enabled and subject = 'case' order by id loop
		continue when r.categories is not null and p_category is null or not coalesce(p_category = any (r.categories), true) or r.urgent <> p_urgent;
		if (r.categories is not null)::int + (r.urgent is not null)::int > v_best
		or (r.categories is not null)::int + (r.urgent is not null)::int = v_best and r.priority < v_priority then
			v_best := (r.categories is not null)::int + (r.urgent is not null)::int;
			v_id := r.id;
			v_priority := r.priority;
		end if;
	end loop;
	return v_id;
end $$;

-- One order at its end: by whom, since when, what came of it.
create function pg_temp.order_end(p_case int8, p_category text, p_urgent bool, p_kind text, p_unit int4, p_at timestamptz, p_received timestamptz,
	p_finished timestamptz, p_end timestamptz, p_extension interval, p_extended bool, p_from timestamptz, p_to timestamptz) returns void language plpgsql as $$
declare
	v_limit timestamptz;
	v_counts bool;
begin
	if p_kind = 'sent' then
		v_limit := pg_temp.limit_of(p_case, pg_temp.rule_of('receive', p_category, p_urgent), p_at, p_unit, p_to);
		if v_limit >= p_from and v_limit < p_to then
			if p_received < v_limit then
				perform pg_temp.tell(p_case, p_unit, 'receipts', true);
				perform pg_temp.tell(p_case, p_unit, 'received_in_time', true);
			elsif p_end is null or p_end >= v_limit then
				perform pg_temp.tell(p_case, p_unit, 'receipts', true);
			end if;
		end if;
	end if;
	v_limit := pg_temp.limit_of(p_case, pg_temp.rule_of('close', p_category, p_urgent), p_at + p_extension, p_unit, p_to);
	if v_limit >= p_from and v_limit < p_to then
		if p_finished < v_limit then
			perform pg_temp.tell(p_case, p_unit, 'in_time', true);
			v_counts := true;
		elsif p_end is null or p_end >= v_limit then
			perform pg_temp.tell(p_case, p_unit, 'overdue', true);
			v_counts := true;
		end if;
		if v_counts then
			perform pg_temp.tell(p_case, p_unit, 'due', true);
			perform pg_temp.tell(p_case, p_unit, 'extended', p_extended);
		end if;
	end if;
end $$;

create function pg_temp.recount(p_from timestamptz, p_to timestamptz) returns void language plpgsql as $$
declare
	k record;
	e record;
	a record;
	v_light text; v_light_from text; v_next text;
	v_holder int4;
	v_filed timestamptz; v_finished timestamptz; v_closed timestamptz;
	v_merged bool; v_rework bool; v_back bool; v_urgent bool;
	o_kind text; o_unit int4; o_at timestamptz; o_received timestamptz; o_finished timestamptz; o_end timestamptz; o_extended bool; o_urgent bool;
	v_extension interval; o_extension interval;
begin
	delete from told;
	for k in select * from "case" where filed_at < p_to loop
		v_light := null; v_light_from := null; v_finished := null; v_closed := null; v_extension := '0'; o_kind := null;
		v_merged := false; v_rework := false; v_back := false;
		v_urgent := k.urgent and not exists (select from case_event x where x.case_number = k.number and x.action = 'urgent');
		for e in select * from case_event x where x.case_number = k.number and x.at < p_to order by x.id loop
			v_next := (select l.light from case_state_light l where l.state = e.to_state);
			if v_light_from is null and e.at >= p_from then
				v_light_from := coalesce(v_light, 'none');
			end if;
			-- an order ends with what begins the next one
			if e.action in ('filed', 'transfer', 'pass_up', 'refuse', 'rework', 'unsolved', 'reopen') then
				if o_kind is not null then
					perform pg_temp.order_end(k.number, k.category, o_urgent, o_kind, v_holder, o_at, o_received, o_finished, coalesce(o_end, e.at), o_extension, o_extended, p_from, p_to);
				end if;
				if e.at >= p_from then
					perform pg_temp.tell(k.number, v_holder, 'refused', e.action = 'refuse');
					perform pg_temp.tell(k.number, v_holder, 'reworks', e.action in ('rework', 'unsolved', 'reopen'));
				end if;
				o_kind := case when e.action in ('rework', 'unsolved', 'reopen') then 'returned' else 'sent' end;
				o_at := e.at; o_received := null; o_finished := null; o_end := null; o_extended := false; o_urgent := v_urgent; o_extension := v_extension;
				if e.action = 'filed' then
					v_filed := e.at;
					v_holder := coalesce(e.unit_id, city_unit());
				end if;
				v_holder := coalesce(e.holder_id, v_holder);
				perform pg_temp.tell(k.number, v_holder, 'dispatched', e.at >= p_from and e.action in ('filed', 'transfer', 'pass_up'));
			else
				if e.at >= p_from then
					perform pg_temp.tell(k.number, v_holder, case e.action when 'grant' then 'extensions' when 'merge' then 'merges' when 'chase' then 'chases'
						when 'supervise' then 'supervised' when 'criticise' then 'criticised' end, e.action in ('grant', 'merge', 'chase', 'supervise', 'criticise'));
				end if;
				v_holder := coalesce(e.holder_id, v_holder);
				if v_light = 'red' and v_next = 'yellow' then
					o_received := coalesce(o_received, e.at);
				elsif v_light in ('red', 'yellow') and v_next = 'blue' then
					if o_end is null then
						o_end := e.at;
						o_finished := case when e.action <> 'withdraw' then e.at end;
					end if;
				elsif e.action = 'merge' then
					o_end := coalesce(o_end, e.at);
				elsif e.action = 'grant' then
					v_extension := v_extension + (select f.extension from case_life f where f.number = k.number); -- one for each case
					o_extension := v_extension;
					o_extended := true;
				elsif e.action = 'urgent' then
					v_urgent := true;
					o_urgent := o_urgent or o_end is null;
				end if;
			end if;
			if v_light in ('red', 'yellow') and v_next = 'blue' then
				v_finished := e.at;
			end if;
			if e.action = 'evaluate' then
				v_closed := e.at;
			end if;
			if v_light in ('blue', 'green') and v_next = 'yellow' then
				v_rework := true;
				v_back := v_back or e.at >= p_from;
			end if;
			v_merged := v_merged or e.action = 'merge';
			v_light := v_next;
		end loop;
		perform pg_temp.order_end(k.number, k.category, o_urgent, o_kind, v_holder, o_at, o_received, o_finished, o_end, o_extension, o_extended, p_from, p_to);
		v_light_from := coalesce(v_light_from, v_light);
		perform pg_temp.tell(k.number, v_holder, 'requests', v_filed >= p_from);
		perform pg_temp.tell(k.number, v_holder, v_light, v_light <> 'green');
		if not v_merged then
			perform pg_temp.tell(k.number, v_holder, 'new', v_filed >= p_from);
			perform pg_temp.tell(k.number, v_holder, 'carried', v_filed < p_from and v_light_from in ('red', 'yellow'));
			perform pg_temp.tell(k.number, v_holder, 'returned', v_filed < p_from and v_light_from in ('blue', 'green') and v_back);
			perform pg_temp.tell(k.number, v_holder, 'workload', v_filed >= p_from or v_light_from in ('red', 'yellow') or v_back);
			perform pg_temp.tell(k.number, v_holder, 'finished', v_light in ('blue', 'green') and v_finished >= p_from);
			perform pg_temp.tell(k.number, v_holder, 'quick', v_light in ('blue', 'green') and v_finished >= p_from and v_finished < v_filed + interval '72 hours');
			perform pg_temp.tell(k.number, v_holder, 'closed', v_light = 'green' and v_closed >= p_from);
			perform pg_temp.tell(k.number, v_holder, 'reworked', v_light = 'green' and v_closed >= p_from and v_rework);
		end if;
	end loop;
end $$;

-- Several periods: whole, within, one in which nothing begins, one in which nothing has ended.
create temp table differs (starts timestamptz, number int8, unit_id int4, counter text, side text);
create temp table seen_counters (counter text, n int8);
create function pg_temp.compare(p_from timestamptz, p_to timestamptz) returns int8 language plpgsql as $$
begin
	perform pg_temp.recount(p_from, p_to);
	insert into seen_counters select t.counter, count(*) from told t group by 1;
	insert into differs
	select p_from, null, coalesce(x.unit_id, y.unit_id), coalesce(x.counter, y.counter), concat_ws(' ', 'told', y.n, 'counted', x.n)
	  from (select c.unit_id, c.category, c.counter, c.n from stats_counters(p_from, p_to) c where c.counter not like 'messages%' and c.counter not in ('asked_reporters', 'reached', 'satisfied')) x
	  full join (select t.unit_id, coalesce(k.category, '') as category, t.counter, count(*) as n from told t join "case" k on k.number = t.number group by 1, 2, 3) y
	    on y.unit_id = x.unit_id and y.category = x.category and y.counter = x.counter
	 where x.n is distinct from y.n;
	return (select count(*) from differs d where d.starts = p_from);
end $$;
select is(pg_temp.compare('2026-11-01+08', '2027-02-01+08'), 0::int8, 'everything: the same counts for each unit and category');
select is(pg_temp.compare('2026-11-26+08', '2026-12-01+08'), 0::int8, 'some days within');
select is(pg_temp.compare('2026-12-01+08', '2026-12-08+08'), 0::int8, 'a week with what was carried over');
select is(pg_temp.compare('2026-12-08+08', '2026-12-08 12:00+08'), 0::int8, 'half a day');
select is(pg_temp.compare('2027-01-20+08', '2027-02-01+08'), 0::int8, 'long after');
select is_empty('select * from differs limit 20', 'no difference anywhere');
select is_empty($$ select c from unnest('{requests,new,carried,returned,workload,finished,quick,closed,reworked,red,yellow,blue,receipts,received_in_time,due,in_time,overdue,extended,dispatched,refused,reworks,extensions,merges,chases,supervised,criticised}'::text[]) c
	where c not in (select counter from seen_counters) $$, 'each counter was counted');

-- ---- what holds of any statistics ---------------------------------------------------------------
create temp table counters as select p.starts, c.* from (values ('2026-11-01+08'::timestamptz, '2026-12-01+08'::timestamptz), ('2026-12-01+08', '2027-01-01+08')) p (starts, ends), stats_counters(p.starts, p.ends) c;
create temp table sums as select starts, coalesce(unit_id, 0) as unit_id, category, channel, counter, sum(n) as n from counters group by 1, 2, 3, 4, 5;
create function pg_temp.at_most(p_part text, p_whole text) returns setof sums language sql as $$
	select p.* from sums p left join sums w using (starts, unit_id, category, channel) where p.counter = p_part and w.counter = p_whole and p.n > w.n
$$;
select is_empty(format('select * from pg_temp.at_most(%L, %L)', f.part, f.whole), f.name || ' is at most 100 %') from figure f where f.whole is not null and f.part <> 'refused' order by f.ord;
select is((select sum(n) from sums where counter in ('in_time', 'overdue')), (select sum(n) from sums where counter = 'due'), 'on time and late are all whose limit fell');
select is((select sum((figures ->> 'due')::int)::numeric from stats(null, '2026-11-01+08', '2027-02-01+08', 'unit') where ord > 1),
          (select (figures ->> 'due')::numeric from stats(null, '2026-11-01+08', '2027-02-01+08', 'unit') where ord = 1) - coalesce((select sum(n) from stats_counters('2026-11-01+08', '2027-02-01+08') where unit_id = city_unit() and counter = 'due'), 0)::numeric,
          'the units below add up to the city, but for what it holds itself');
select is((select sum((figures ->> 'requests')::int) from stats(null, '2026-11-01+08', '2027-02-01+08', 'category')), (select count(*) from "case"), 'so do the categories');
select is((select sum((figures ->> 'finished')::int) from stats(null, '2026-11-01+08', '2027-02-01+08', 'month')) >= (select (figures ->> 'finished')::int from stats(null, '2026-11-01+08', '2027-02-01+08')), true, 'and months, where what is finished twice counts twice');
select is((select sum((figures ->> 'dispatched')::int) from stats(null, '2026-11-01+08', '2027-02-01+08', 'month')), (select (figures ->> 'dispatched')::int::int8 from stats(null, '2026-11-01+08', '2027-02-01+08')), 'what happened in months adds up');
select is((select jsonb_build_array(figures -> 'asked_reporters', figures -> 'reached', figures -> 'satisfied_share') from stats(null, '2026-11-01+08', '2027-02-01+08')),
          (select jsonb_build_array(count(*) filter (where outcome <> 'idle'), count(*) filter (where outcome in ('yes', 'no')), round(count(*) filter (where outcome = 'yes')::numeric / count(*) filter (where outcome in ('yes', 'no')), 6)) from ask_past where outcome in ('yes', 'no', 'silent')),
          'answers are counted, silence is none');
create temp table november as select * from stats(null, '2026-11-01+08', '2026-12-01+08', 'unit');
select pg_temp.walk(200, :cases, '1 minute', '2026-12-24+08');
select results_eq('select * from stats(null, ''2026-11-01+08'', ''2026-12-01+08'', ''unit'')', 'select * from november', 'what happens later changes no figure of an earlier month');
select * from finish();
rollback;
