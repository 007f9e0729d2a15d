-- Timers: a row for each obligation that is running, with the moment when its next step rings. The
-- transaction of the event that starts or ends an obligation makes or takes the row; a step that rang,
-- was missed or was cancelled is written down in timer_past.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('digest_from', '4', 'a person who is to be reminded of so many things at once gets one message that counts them'),
	('reminder_slot', '30 minutes', 'reminders of one person are gathered for so long'),
	('timer_keep', '400 days', 'how long it is known what rang');

-- At most one step of a rule runs for a subject, so (subject, rule, step, cycle) is unique, too. A cycle
-- begins whenever the clock of a rule starts anew. No foreign keys: filing a burst writes these rows.
create table timer (
	subject int8 not null,
	rule_id int4 not null,
	step int2 not null default 1,
	cycle int2 not null default 1,
	city int4 not null,
	started_at timestamptz not null,
	due_at timestamptz not null,
	primary key (subject, rule_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
create index timer_due on timer (due_at);
comment on column timer.subject is 'The number of a case or wish.';

create type timer_end as enum ('rung', 'missed', 'cancelled');
create table timer_past (
	subject int8 not null,
	rule_id int4 not null,
	cycle int2 not null,
	step int2 not null,
	city int4 not null,
	started_at timestamptz not null,
	due_at timestamptz not null,
	ended_at timestamptz not null,
	how timer_end not null,
	primary key (subject, rule_id, cycle, step)
);
create index on timer_past (ended_at);
comment on column timer_past.how is 'missed: while nothing ran, and a later step of the same rule was due, too: only that one rang.';

-- Who is to be reminded of what, and from when on it may be said.
create table reminder (
	flush_at timestamptz not null,
	phone text not null,
	subject int8 not null,
	rule_id int4 not null,
	step int2 not null,
	city int4 not null,
	due_at timestamptz not null,
	language text not null,
	template text not null,
	weight int2 not null,
	primary key (flush_at, phone, subject, rule_id, step)
);
comment on column reminder.weight is '0 a reminder, 1 the city asks, 2 supervision: of several things about one case the weightiest is said; 3: it was too much for one day (0035), and is only counted.';
create table reminder_failed (
	at timestamptz not null,
	phone text,
	subject int8 not null,
	rule_id int4 not null,
	step int2 not null,
	city int4 not null,
	reason text not null
);
comment on table reminder_failed is 'Nobody could be told: no telephone up to the city, no channel, a text that is too long.';

-- Until when the timekeepers sleep: who makes an earlier timer wakes them. A timer made in the very
-- moment in which they look again may be overlooked until they look by themselves, some seconds later.
create table timer_horizon (
	one bool primary key default true check (one),
	until timestamptz not null
);
insert into timer_horizon (until) values ('infinity');
-- When something that is about no single case or wish is to be looked at next, by a chore of the timekeeper.
create table moment (
	what text primary key check (what ~ '^[a-z][a-z0-9_]{0,31}$'),
	at timestamptz not null
);
create function timer_wake(p_due timestamptz) returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	if p_due < (select until from timer_horizon) then
		perform pg_notify('timer', '');
	end if;
end $$;

-- ---- starting and ending --------------------------------------------------------------------------

-- What of cases and wishes their timers depend on. By index, however small the tables are now.
create function timer_subjects(p_numbers int8[]) returns table (number int8, city int4, subject text, category text, urgent bool, unit_id int4)
language plpgsql stable set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
	return query select k.number, k.city, 'case', k.category, k.urgent, k.unit_id from "case" k where k.number = any (p_numbers);
	return query select w.number, w.city, 'wish', w.category, false, w.unit_id from wish w where w.number = any (p_numbers);
end $$;

-- The timers of what was just filed, cases and wishes: set-based, for the clerk's batches.
create function case_timers_new(p_at timestamptz, p_numbers int8[]) returns void
language plpgsql security definer set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
	v_first timestamptz;
begin
	with fresh as materialized (
		select f.*, dense_rank() over (order by f.subject, f.category, f.urgent, f.unit_id) as kind from timer_subjects(p_numbers) f
	), kinds as materialized (
		select distinct on (kind) * from fresh order by kind
	), fits as materialized (
		select distinct on (k.kind, r.family) k.kind, r.id as rule_id, case when r.unit = 'working_hours' then k.unit_id end as hours_of
		  from kinds k left join unit u on u.id = k.unit_id
		  join rule r on r.enabled and r.subject = k.subject
		   and r.states && (case k.subject when 'case' then '{filed,red}' else '{told}' end)::text[]
		   and (r.categories is null or k.category = any (r.categories))
		   and (r.urgent is null or r.urgent = k.urgent)
		   and (r.levels is null or u.level = any (r.levels))
		 order by k.kind, r.family, num_nonnulls(r.categories, r.urgent, r.levels) desc, r.priority, r.id
	), dues as materialized (
		select d.rule_id, coalesce(d.hours_of, 0) as hours_of, rule_due(d.rule_id, 1, p_at, d.hours_of) as due_at
		  from (select distinct rule_id, hours_of from fits) d
	), made as (
		insert into timer (subject, rule_id, city, started_at, due_at)
		select f.number, m.rule_id, f.city, p_at, d.due_at
		  from fresh f join fits m on m.kind = f.kind join dues d on d.rule_id = m.rule_id and d.hours_of = coalesce(m.hours_of, 0)
		 where d.due_at is not null
		on conflict do nothing
		returning due_at
	)
	select min(due_at) into v_first from made;
	perform timer_wake(v_first);
end $$;

-- Whoever files them, they have their timers.
create function case_timers_filed() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	perform case_timers_new(f.at, f.numbers) from (select filed_at as at, array_agg(number order by number) as numbers from fresh group by 1) f;
	return null;
end $$;
create function wish_timers_filed() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	perform case_timers_new(f.at, f.numbers) from (select told_at as at, array_agg(number order by number) as numbers from fresh group by 1) f;
	return null;
end $$;
create trigger timers after insert on "case" referencing new table as fresh for each statement execute function case_timers_filed();
create trigger timers after insert on wish referencing new table as fresh for each statement execute function wish_timers_filed();

-- Since when the clock of a rule runs for a case. Time on hold does not count, and an extension that
-- was granted moves the limit.
create function case_clock(p_number int8, p_states text[], p_clock text) returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_start timestamptz;
	v_id int8;
begin
	if p_clock = 'dispatch' then
		select e.at, e.id into v_start, v_id from case_event e
		 where e.case_number = p_number
		   and e.to_state in ('filed', 'with_community', 'with_street', 'sent_to_department', 'refused_back', 'rework')
		   and (e.from_state is distinct from e.to_state or e.action in ('transfer', 'pass_up'))
		 order by e.id desc limit 1;
		v_start := v_start + coalesce((select f.extension from case_life f where f.number = p_number), '0');
	elsif p_clock = 'entry' then
		select e.at, e.id into v_start, v_id from case_event e
		 where e.case_number = p_number
		   and e.id > coalesce((select max(x.id) from case_event x join case_state_light l on l.state = x.to_state
		                         where x.case_number = p_number and not p_states && array[x.to_state::text, l.light::text]), 0)
		 order by e.id limit 1;
	end if;
	if v_start is null then
		select k.filed_at, 0 into v_start, v_id from "case" k where k.number = p_number;
	end if;
	return v_start + coalesce((
		select sum(r.at - (select max(h.at) from case_event h where h.case_number = p_number and h.action = 'hold' and h.id < r.id and h.id > v_id))
		  from case_event r where r.case_number = p_number and r.action = 'resume' and r.id > v_id), '0');
end $$;

create function wish_clock(p_number int8, p_states text[], p_clock text) returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (select coalesce(case p_clock when 'entry' then (
	                 select e.at from wish_event e
	                  where e.wish_number = w.number and e.to_state is not null
	                    and e.id > coalesce((select max(x.id) from wish_event x where x.wish_number = w.number and not x.to_state = any (p_states)), 0)
	                  order by e.id limit 1) end, w.told_at)
	          from wish w where w.number = p_number);
end $$;

-- Makes the timers of a case or wish those that it should have now. Called after whatever happened to
-- it, in the same transaction, and when rules changed. A step that rang since the clock started does not
-- ring again.
create function case_timers(p_at timestamptz, p_number int8) returns void
language plpgsql security definer set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	k record;
	d record;
	t record;
	v_started timestamptz;
	v_step int2;
	v_cycle int2;
	v_due timestamptz;
	v_first timestamptz;
	v_keep int4[] := '{}';
begin
	select 'case' as subject, c.city, c.category, c.urgent, c.unit_id, array[c.state::text, c.light::text] as words,
	       c.state <> 'closed' and c.held_at is null as runs
	  into k from case_now c where c.number = p_number;
	if not found then
		select 'wish' as subject, w.city, w.category, false as urgent, w.unit_id, array[w.state] as words, wish_open(w.state) as runs
		  into k from wish w where w.number = p_number;
	end if;
	for d in
		select distinct on (r.family) r.id, r.states, r.clock from rule r
		 where coalesce(k.runs, false) and r.enabled and r.subject = k.subject and r.states && k.words
		   and (r.categories is null or k.category = any (r.categories))
		   and (r.urgent is null or r.urgent = k.urgent)
		   and (r.levels is null or (select u.level from unit u where u.id = k.unit_id) = any (r.levels))
		 order by r.family, num_nonnulls(r.categories, r.urgent, r.levels) desc, r.priority, r.id
	loop
		v_started := case k.subject when 'case' then case_clock(p_number, d.states, d.clock) else wish_clock(p_number, d.states, d.clock) end;
		select * into t from timer x where x.subject = p_number and x.rule_id = d.id for update;
		if t.subject is not null and t.started_at = v_started then
			v_step := t.step;
			v_cycle := t.cycle;
		else
			with gone as (delete from timer x where x.subject = p_number and x.rule_id = d.id returning *)
			insert into timer_past (subject, rule_id, cycle, step, city, started_at, due_at, ended_at, how)
			select g.subject, g.rule_id, g.cycle, g.step, g.city, g.started_at, g.due_at, p_at, 'cancelled' from gone g;
			select coalesce(max(p.step) filter (where p.how <> 'cancelled' and p.ended_at > v_started), 0) + 1, coalesce(max(p.cycle), 0) + 1
			  into v_step, v_cycle from timer_past p where p.subject = p_number and p.rule_id = d.id;
		end if;
		v_due := rule_due(d.id, v_step, v_started, k.unit_id);
		if v_due is not null then
			insert into timer as x (subject, rule_id, step, cycle, city, started_at, due_at)
			values (p_number, d.id, v_step, v_cycle, k.city, v_started, v_due)
			on conflict (subject, rule_id) do update set due_at = excluded.due_at where x.due_at <> excluded.due_at;
			if exists (select from outage o where o.to_at > v_started) then
				perform timer_credit_note(p_at, p_number, d.id, v_cycle, v_step, v_started, k.unit_id, v_due);
			end if;
			v_keep := v_keep || d.id;
			v_first := least(v_first, v_due);
		end if;
	end loop;
	with gone as (delete from timer x where x.subject = p_number and x.rule_id <> all (v_keep) returning *)
	insert into timer_past (subject, rule_id, cycle, step, city, started_at, due_at, ended_at, how)
	select g.subject, g.rule_id, g.cycle, g.step, g.city, g.started_at, g.due_at, p_at, 'cancelled' from gone g;
	perform timer_wake(v_first);
end $$;

-- ---- rules that change while timers run -----------------------------------------------------------

-- Up to which number the timers were made anew since a rule, the calendar or a unit's hours changed.
create table timer_recompute (
	one bool primary key default true check (one),
	after int8 not null
);
create function timers_stale() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	insert into timer_recompute (after) values (0) on conflict (one) do update set after = 0;
	perform pg_notify('timer', '');
	return null;
end $$;
do $$
declare
	name text;
begin
	foreach name in array array['rule', 'rule_step', 'calendar_day', 'working_hours'] loop
		execute format('create trigger timers_stale after insert or update or delete or truncate on %I for each statement execute function timers_stale()', name);
	end loop;
end $$;
create trigger timers_stale after update on setting for each row when (new.key in ('zone', 'working_hours')) execute function timers_stale();

insert into timer_recompute (after) values (0); -- for what was open before there were timers

-- The next cases and wishes, up to a limit; how many were looked at. 0: all is done.
create function timers_recompute(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_after int8;
	v_last int8;
	v_count int8;
	n record;
begin
	select x.after into v_after from timer_recompute x for update skip locked;
	if not found then
		return 0;
	end if;
	select max(x.number), count(*) into v_last, v_count from (
		select y.number from (
			(select k.number from "case" k where k.number > v_after order by k.number limit p_limit)
			union all
			(select w.number from wish w where w.number > v_after order by w.number limit p_limit)) y
		 order by y.number limit p_limit) x;
	for n in
		select k.number from "case" k where k.number > v_after and k.number <= v_last and k.state <> 'closed'
		union all
		select w.number from wish w where w.number > v_after and w.number <= v_last and wish_open(w.state)
		 order by number
	loop
		perform case_timers(p_at, n.number);
	end loop;
	if v_count < p_limit then
		delete from timer where rule_id not in (select id from rule);
		delete from timer_recompute;
	else
		update timer_recompute set after = v_last;
	end if;
	return v_count;
end $$;

-- ---- ringing --------------------------------------------------------------------------------------

-- The unit that a word of a rule means, for a case or wish held by p_unit and lying in p_place.
create function rule_unit(p_who text, p_unit int4, p_place int4) returns int4
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce(case p_who
		when 'holder' then p_unit
		when 'above' then (select coalesce(u.parent_id, u.id) from unit u where u.id = p_unit)
		when 'place' then p_place
		when 'community' then case_home(p_place)
		when 'street' then case_street(p_place)
		when 'inspection' then (select u.id from unit u join setting s on s.value = u.code where s.key = 'inspection_unit')
		end, city_unit());
end $$;

create function subject_params(p_number int8, p_language text) returns jsonb
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce(case_params(p_number, p_language), (
		select jsonb_build_object('number', w.number::text,
		       'category', coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, case p_language when 'ko' then '소원' else '心愿' end),
		       'unit', coalesce(unit_title(u.level, u.name_zh, u.name_ko, p_language), ''), 'text', mask_text(w.text))
		  from wish w left join category c on c.code = w.category left join unit u on u.id = w.unit_id where w.number = p_number));
end $$;

-- Says it; what cannot be said is written down and stops nobody else.
create function reminder_say(p_at timestamptz, p_phone text, p_language text, p_template text, p_params jsonb, p_number int8, p_rule int4, p_step int4,
	p_urgent bool) returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	perform say(p_at, p_phone, p_language, p_template, p_params, p_number, null, p_urgent);
exception when no_data_found or data_exception or integrity_constraint_violation or not_null_violation then
	insert into reminder_failed (at, phone, subject, rule_id, step, city, reason) values (p_at, p_phone, p_number, p_rule, p_step, city(), sqlerrm);
end $$;

-- Who is told, and when: each person once of a step. Arrays side by side, one element for each word of
-- each step that rang. A resident's quiet hours and a unit's working hours move it; what is due together
-- is gathered in slots.
create function timers_tell(p_at timestamptz, p_subjects int8[], p_rules int4[], p_steps int2[], p_due timestamptz[], p_who text[],
	p_units int4[], p_places int4[], p_templates text[], p_at_once bool[], p_weights int2[]) returns void
language plpgsql set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan set jit = off as $$
declare
	v_zone text := town_zone();
	v_slot int4 := extract(epoch from setting_interval('reminder_slot'));
	v_quiet text := (select value from setting where key = 'quiet_hours');
	v_slotted timestamptz := to_timestamp(ceil(extract(epoch from p_at) / v_slot) * v_slot);
	v_city int4 := city();
	r record;
begin
	for r in
		with rang as materialized (
			select unnest(p_subjects) as subject, unnest(p_rules) as rule_id, unnest(p_steps) as step, unnest(p_due) as due_at,
			       unnest(p_who) as who, unnest(p_units) as unit_id, unnest(p_places) as place_id, unnest(p_templates) as template, unnest(p_at_once) as at_once,
			       unnest(p_weights) as weight
		), meant as materialized (
			select m.*, rule_unit(m.who, m.unit_id, m.place_id) as to_unit from (select distinct who, unit_id, place_id from rang where who <> 'reporter') m
		), people as materialized (
			select u.to_unit, c.phone, phone_language(c.phone) as language, greatest(next_working(p_at, unit_hours(c.unit_id), v_zone), p_at) as works_at
			  from (select distinct to_unit from meant) u, unit_contact(u.to_unit) c
		), told as (
			select distinct on (g.subject, g.rule_id, g.step, p.phone) g.*, p.phone, p.language, case when p.works_at > p_at then p.works_at else v_slotted end as flush_at
			  from rang g join meant m on m.who = g.who and m.unit_id is not distinct from g.unit_id and m.place_id is not distinct from g.place_id
			  left join people p on p.to_unit = m.to_unit
			union all
			select g.*, x.phone, x.language, greatest(quiet_until(p_at, v_quiet, v_zone), p_at)
			  from rang g, case_reporters(g.subject) x where g.who = 'reporter'
		), gathered as (
			insert into reminder (flush_at, phone, subject, rule_id, step, city, due_at, language, template, weight)
			select t.flush_at, t.phone, t.subject, t.rule_id, t.step, v_city, t.due_at, t.language, t.template, t.weight from told t
			 where t.phone is not null and not t.at_once
			on conflict do nothing
		)
		select * from told t where t.phone is null or t.at_once order by t.subject, t.rule_id, t.phone
	loop
		if r.phone is null then
			insert into reminder_failed (at, phone, subject, rule_id, step, city, reason)
			values (p_at, null, r.subject, r.rule_id, r.step, v_city, format('no telephone for "%s", up to the city', r.who));
		else
			perform reminder_say(p_at, r.phone, r.language, r.template, subject_params(r.subject, r.language), r.subject, r.rule_id, r.step, true);
		end if;
	end loop;
end $$;

-- Rings what is due, at most so many, and says how many rang and when the next is due. Any number of
-- timekeepers may call it at once. Steps that were missed collapse into the latest that is due.
-- While somebody's transaction stays open, what has rung cannot be cleared away, and a look from the very
-- beginning passes all of it; so a timekeeper that looks again and again begins at p_from, where upto
-- was before, and looks at everything now and then.
create function timers_ring(p_at timestamptz, p_limit int4, p_from timestamptz default '-infinity', out rung int4, out next_at timestamptz, out upto timestamptz)
language plpgsql security definer set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	t record;
	k record;
	s record;
	w text;
	v_next int2;
	v_due timestamptz;
	v_rang_due timestamptz;
	v_outage timestamptz;
	v_subjects int8[] := '{}';
	v_rules int4[] := '{}';
	v_steps int2[] := '{}';
	v_dues timestamptz[] := '{}';
	v_who text[] := '{}';
	v_units int4[] := '{}';
	v_places int4[] := '{}';
	v_templates text[] := '{}';
	v_at_once bool[] := '{}';
	v_weights int2[] := '{}';
begin
	rung := 0;
	perform beat('timekeeper', p_at);
	v_outage := (select max(o.to_at) from outage o);
	for t in
		select x.* from timer x where x.due_at >= p_from and x.due_at <= p_at order by x.due_at, x.subject, x.rule_id limit p_limit for update skip locked
	loop
		upto := t.due_at;
		select c.unit_id, c.place_id, c.state::text as state into k from "case" c where c.number = t.subject and c.state <> 'closed';
		if not found then
			select c.unit_id, c.place_id, c.state into k from wish c where c.number = t.subject and wish_open(c.state);
		end if;
		v_next := t.step;
		v_due := t.due_at;
		if v_outage > t.started_at and k.state is not null then
			v_due := coalesce(rule_due(t.rule_id, t.step, t.started_at, k.unit_id), t.due_at);
			if v_due > t.due_at then
				perform timer_credit_note(p_at, t.subject, t.rule_id, t.cycle, t.step, t.started_at, k.unit_id, v_due);
				update timer x set due_at = v_due where x.subject = t.subject and x.rule_id = t.rule_id;
			end if;
			if v_due > p_at then
				rung := rung + 1; -- seen to, though it rings later
				continue;
			end if;
		end if;
		loop
			v_rang_due := v_due;
			v_next := v_next + 1;
			v_due := rule_due(t.rule_id, v_next, t.started_at, k.unit_id);
			exit when v_due is null or v_due > p_at or k.state is null;
			insert into timer_past (subject, rule_id, cycle, step, city, started_at, due_at, ended_at, how)
			values (t.subject, t.rule_id, t.cycle, v_next - 1, t.city, t.started_at, v_rang_due, p_at, 'missed');
		end loop;
		select x.* into s from rule_step x where x.rule_id = t.rule_id and x.step < v_next order by x.step desc limit 1;
		if k.state is not null and s.action = 'supervise' and not exists (
			select from "case" c where c.number = t.subject for update skip locked) then
			delete from timer_past p where p.subject = t.subject and p.rule_id = t.rule_id and p.cycle = t.cycle and p.how = 'missed' and p.step >= t.step;
			continue; -- somebody works on it at this moment: that is waited for, and not with a lock in hand
		end if;
		if k.state is not null and s.action in ('wave', 'expire', 'archive') and not exists (
			select from wish c where c.number = t.subject for update skip locked) then
			delete from timer_past p where p.subject = t.subject and p.rule_id = t.rule_id and p.cycle = t.cycle and p.how = 'missed' and p.step >= t.step;
			continue;
		end if;
		insert into timer_past (subject, rule_id, cycle, step, city, started_at, due_at, ended_at, how)
		values (t.subject, t.rule_id, t.cycle, v_next - 1, t.city, t.started_at, v_rang_due, p_at,
		        case when k.state is null or s.step is null then 'cancelled' else 'rung' end::timer_end);
		if k.state is null or v_due is null then
			delete from timer x where x.subject = t.subject and x.rule_id = t.rule_id;
		else
			-- in place: a transition that waits for this row finds it again, with its next step
			update timer x set step = v_next, due_at = v_due where x.subject = t.subject and x.rule_id = t.rule_id;
		end if;
		rung := rung + 1;
		continue when k.state is null or s.step is null;
		if s.action in ('wave', 'expire', 'archive') then
			perform wish_ring(p_at, t.subject, s.action);
			continue;
		end if;
		foreach w in array s.who loop
			v_subjects := v_subjects || t.subject;
			v_rules := v_rules || t.rule_id;
			v_steps := v_steps || (v_next - 1)::int2;
			v_dues := v_dues || v_rang_due;
			v_who := v_who || w;
			v_units := v_units || k.unit_id;
			v_places := v_places || k.place_id;
			v_templates := v_templates || s.template;
			v_at_once := v_at_once || s.at_once;
			v_weights := v_weights || (case s.action when 'remind' then 0 when 'ask' then 1 else 2 end)::int2;
		end loop;
		if s.action = 'supervise' then
			perform case_step(p_at, null, null, t.subject, 'supervise');
		elsif s.action = 'ask' then
			insert into case_event (id, city, case_number, at, unit_id, from_state, to_state, action, channel)
			values ((make_ids('event_seq', p_at, 1))[1], t.city, t.subject, p_at, city_unit(), k.state::case_state, k.state::case_state, 'asked', 'timer');
		end if;
	end loop;
	if cardinality(v_subjects) > 0 then
		perform timers_tell(p_at, v_subjects, v_rules, v_steps, v_dues, v_who, v_units, v_places, v_templates, v_at_once, v_weights);
	end if;
	if rung < p_limit then
		upto := p_at - interval '3 seconds';
	end if;
	next_at := least((select min(x.due_at) from timer x where x.due_at >= p_from), (select min(x.flush_at) from reminder x));
	-- whoever has it at this moment sleeps no longer than he says there: nobody need wait for him
	update timer_horizon set until = coalesce(next_at, 'infinity')
	 where ctid = any (array(select h.ctid from timer_horizon h where h.until is distinct from coalesce(timers_ring.next_at, 'infinity') for update skip locked));
end $$;

-- Says what was gathered and may be said now: to each person each thing, or when there are many one
-- message that counts them. A slot is complete when every timer that was due in it has rung.
create function reminders_flush(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp set jit = off as $$
declare
	v_digest int4 := setting_int('digest_from');
	v_slot interval := setting_interval('reminder_slot');
	v_before timestamptz;
	v_count int8 := 0;
	p record;
	r record;
	v_thing jsonb;
	v_subject int8;
begin
	-- one at a time, so that nobody gets halves of a digest
	if not pg_try_advisory_xact_lock(hashtext('hailan.reminders')) then
		return 0;
	end if;
	if not exists (select from reminder x where x.flush_at <= p_at) then
		return 0;
	end if;
	v_before := least(p_at, (select min(t.due_at) from timer t) - interval '1 microsecond');
	for p in select x.phone from reminder x where x.flush_at <= v_before group by x.phone order by min(x.flush_at), x.phone limit p_limit loop
		v_count := v_count + 1;
		with due as (
			-- also what a long backlog has gathered for the next slot
			delete from reminder x where x.phone = p.phone and x.flush_at <= v_before + v_slot returning *
		), ranked as (
			-- of one case the weightiest thing counts, then the latest
			select distinct on (d.subject) d.*, coalesce(l.light::text, 'wish') as light, coalesce(k.urgent, false) as urgent
			  from due d left join "case" k on k.number = d.subject left join case_state_light l on l.state = k.state
			 where coalesce(k.state <> 'closed', true)
			 order by d.subject, d.weight desc, d.due_at desc, d.rule_id desc
		)
		select array_agg(to_jsonb(t) order by t.urgent desc, t.due_at, t.subject) as things, count(*) as number,
		       count(*) >= v_digest or coalesce(bool_or(t.weight = 3), false) as counted,
		       jsonb_build_object('count', count(*)::text, 'red', count(*) filter (where t.light = 'red')::text, 'yellow', count(*) filter (where t.light = 'yellow')::text,
		                          'blue', count(*) filter (where t.light = 'blue')::text, 'wish', count(*) filter (where t.light = 'wish')::text) as counts
		  into r from ranked t;
		for i in 1..case when r.counted then 1 else r.number end loop
			v_thing := r.things[i];
			v_subject := (v_thing ->> 'subject')::int8;
			perform reminder_say(p_at, p.phone, v_thing ->> 'language', case when r.counted then 'reminder_digest' else v_thing ->> 'template' end,
				subject_params(v_subject, v_thing ->> 'language') || r.counts, v_subject, (v_thing ->> 'rule_id')::int4, (v_thing ->> 'step')::int4, false);
		end loop;
	end loop;
	return v_count;
end $$;

-- Takes out the first timer that is due, which cannot be rung; a person must look at it.
create function timers_set_aside(p_at timestamptz, p_reason text) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	t timer;
begin
	select x.* into t from timer x where x.due_at <= p_at order by x.due_at, x.subject, x.rule_id limit 1 for update skip locked;
	if not found then
		return 0;
	end if;
	delete from timer x where x.subject = t.subject and x.rule_id = t.rule_id;
	insert into timer_past (subject, rule_id, cycle, step, city, started_at, due_at, ended_at, how)
	values (t.subject, t.rule_id, t.cycle, t.step, t.city, t.started_at, t.due_at, p_at, 'cancelled');
	insert into reminder_failed (at, phone, subject, rule_id, step, city, reason) values (p_at, null, t.subject, t.rule_id, t.step, t.city, left(p_reason, 1024));
	return t.subject;
end $$;

create function keep_timers(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_before timestamptz := p_at - setting_interval('timer_keep');
	v_count int8;
begin
	delete from timer_credit where ctid = any (array(select ctid from timer_credit where noted_at < v_before limit p_limit));
	delete from timer_past where ctid = any (array(select ctid from timer_past where ended_at < v_before limit p_limit));
	get diagnostics v_count = row_count;
	return v_count;
end $$;

grant execute on function timers_ring, reminders_flush, timers_recompute, timers_set_aside, keep_timers to hailan_timekeeper, hailan_admin;
grant execute on function case_timers, case_timers_new to hailan_admin;
grant select on timer, timer_past, reminder, reminder_failed, timer_recompute to hailan_admin;
