-- Outages: times in which nobody was reminded or nobody could answer, because what keeps time or what
-- reads messages was not there. A limit that ran into one ends later by as much of it as the limit's own
-- clock would have counted, and nobody is told that he is late.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('outage_from', '10 minutes', 'when timekeeper or clerks were not there for so long that was an outage: limits that ran into it end later');

-- Those who must be there for the clock to be fair, and when each was there last.
create table heartbeat (
	what text primary key check (what in ('timekeeper', 'clerk')),
	at timestamptz not null
);
insert into heartbeat (what, at) values ('timekeeper', '-infinity'), ('clerk', '-infinity'); -- not yet

create table outage (
	id int4 generated always as identity primary key,
	city int4 not null,
	from_at timestamptz not null,
	to_at timestamptz not null,
	what text not null check (what in ('timekeeper', 'clerk', 'told')),
	reason text check (length(reason) <= 256),
	noted_at timestamptz not null,
	check (from_at < to_at),
	exclude using gist (tstzrange(from_at, to_at) with &&)
);
create index on outage (to_at);
comment on column outage.what is 'timekeeper, clerk: was not there; told: a person said so (hailanctl outage), for instance that the SMSC was away.';

-- How much of an obligation's time was credited: its step would have been due at was_due_at, and was due at due_at.
create table timer_credit (
	subject int8 not null,
	rule_id int4 not null,
	cycle int2 not null,
	step int2 not null,
	city int4 not null,
	was_due_at timestamptz not null,
	due_at timestamptz not null,
	outage_id int4 not null,
	noted_at timestamptz not null,
	primary key (subject, rule_id, cycle, step)
);
create index on timer_credit (noted_at);
create index on timer_credit (outage_id);
comment on column timer_credit.outage_id is 'The last outage that it ran into.';

-- ---- what a limit's clock would have counted ------------------------------------------------------

create function limit_between(p_from timestamptz, p_to timestamptz, p_unit limit_unit, p_hours int4multirange, p_zone text) returns numeric
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_from timestamp := p_from at time zone p_zone;
	v_to timestamp := p_to at time zone p_zone;
begin
	case p_unit
	when 'minutes' then
		return extract(epoch from p_to - p_from) / 60;
	when 'days' then
		return extract(epoch from v_to - v_from) / 86400;
	when 'working_days' then
		return coalesce((select sum(extract(epoch from least(v_to, d.day + interval '1 day') - greatest(v_from, d.day))) / 86400
		                   from generate_series(date_trunc('day', v_from), v_to, interval '1 day') d (day) where day_works(d.day::date)), 0);
	when 'working_hours' then
		return coalesce((
			select sum(extract(epoch from least(p_to, w.high) - greatest(p_from, w.low))) / 3600
			  from (select (d.day + make_interval(mins => lower(r))) at time zone p_zone as low, (d.day + make_interval(mins => upper(r))) at time zone p_zone as high
			          from generate_series(date_trunc('day', v_from), v_to, interval '1 day') d (day), unnest(p_hours) r where day_works(d.day::date)) w
			 where w.low < p_to and w.high > p_from), 0);
	end case;
end $$;

-- When a limit ends that ran into outages. What was due before one began stays where it was.
create function due_credited(p_due timestamptz, p_start timestamptz, p_limit numeric, p_unit limit_unit, p_next_day bool, p_hours int4multirange, p_zone text)
returns timestamptz language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_from timestamptz := due(p_start, 0, p_unit, p_next_day, p_hours, p_zone);
	v_limit numeric := greatest(p_limit, 0);
	v_due timestamptz := p_due;
	o record;
begin
	for o in select x.from_at, x.to_at from outage x where x.to_at > v_from order by x.from_at loop
		exit when o.from_at >= v_due;
		v_limit := v_limit + limit_between(greatest(o.from_at, v_from), o.to_at, p_unit, p_hours, p_zone);
		v_due := due(p_start, v_limit, p_unit, p_next_day, p_hours, p_zone);
	end loop;
	return v_due;
end $$;

-- Writes down what of a deadline is credit, so that whoever counts can tell.
create function timer_credit_note(p_at timestamptz, p_subject int8, p_rule int4, p_cycle int2, p_step int2, p_started timestamptz, p_unit int4, p_due timestamptz)
returns void language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_plain timestamptz := rule_due(p_rule, p_step, p_started, p_unit, false);
begin
	if v_plain < p_due then
		insert into timer_credit as c (subject, rule_id, cycle, step, city, was_due_at, due_at, outage_id, noted_at)
		select p_subject, p_rule, p_cycle, p_step, city(), v_plain, p_due, o.id, p_at
		  from outage o where o.to_at > p_started and o.from_at < p_due order by o.from_at desc limit 1
		on conflict (subject, rule_id, cycle, step) do update set was_due_at = excluded.was_due_at, due_at = excluded.due_at, outage_id = excluded.outage_id
		 where (c.was_due_at, c.due_at) is distinct from (excluded.was_due_at, excluded.due_at);
	end if;
end $$;

-- ---- how an outage is known ------------------------------------------------------------------------

-- What of a time was not known as an outage yet becomes one; deadlines are made anew, and questions that
-- waited wait on. Returns how many pieces it was.
create function outage_note(p_at timestamptz, p_from timestamptz, p_to timestamptz, p_what text, p_reason text) returns int4
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	r record;
	v_count int4 := 0;
begin
	lock table outage in share row exclusive mode;
	for r in
		select lower(x.piece) as from_at, upper(x.piece) as to_at
		  from unnest(tstzmultirange(tstzrange(p_from, p_to)) - coalesce((select range_agg(tstzrange(o.from_at, o.to_at)) from outage o where o.from_at < p_to and o.to_at > p_from), '{}')) x (piece)
	loop
		insert into outage (city, from_at, to_at, what, reason, noted_at) values (city(), r.from_at, r.to_at, p_what, p_reason, p_at);
		with moved as (
			update ask a set expires_at = a.expires_at + (r.to_at - greatest(a.at, r.from_at)) where a.expires_at > r.from_at and a.at < r.to_at
			returning a.phone, a.expires_at
		)
		update contact c set attention = m.expires_at from (select x.phone, max(x.expires_at) as expires_at from moved x group by 1) m
		 where c.number = m.phone and c.attention < m.expires_at;
		v_count := v_count + 1;
	end loop;
	if v_count > 0 then
		-- what was gathered and should have been said meanwhile: as if it had just been gathered, not in the night
		update reminder g set flush_at = n.at
		  from (select x.phone, case when s.unit_id is not null then next_working(p_at, unit_hours(s.unit_id), town_zone())
		                            else quiet_until(p_at, (select value from setting where key = 'quiet_hours'), town_zone()) end as at
		          from (select distinct y.phone from reminder y where y.flush_at <= p_at) x
		          left join lateral (select min(f.unit_id) as unit_id from phone p join staff f on f.person_id = p.person_id where p.number = x.phone having count(*) > 0) s on true) n
		 where n.phone = g.phone and g.flush_at < n.at and g.flush_at <= p_at;
		insert into timer_recompute (after) values (0) on conflict (one) do update set after = 0;
		perform pg_notify('timer', '');
	end if;
	return v_count;
end $$;

-- One of those who must be there is there. Called often, and nearly always does nothing. Where simulated
-- time runs, no gap in it means anything; where it is moved by steps, its steps count as being there.
create function beat(p_what text, p_at timestamptz) returns void language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_before timestamptz;
begin
	if exists (select from heartbeat h where h.what = p_what and h.at > p_at - interval '5 seconds') or exists (select from simulation s where s.at is null or s.at < p_at) then
		return;
	end if;
	select h.at into v_before from heartbeat h where h.what = p_what for update skip locked;
	if not found then
		return; -- somebody says so at this moment, and nobody waits for him
	end if;
	update heartbeat h set at = p_at where h.what = p_what and h.at < p_at;
	if isfinite(v_before) and p_at - v_before >= setting_interval('outage_from') then
		perform outage_note(p_at, v_before, p_at, p_what, null);
	end if;
end $$;

-- A person says that there was an outage which nothing here could notice.
create function outage_tell(p_from timestamptz, p_to timestamptz, p_reason text, p_at timestamptz) returns int4
language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	if p_from >= p_to or p_to > shown_time(p_at) then
		raise exception 'an outage begins before it ends, and is over' using errcode = '22023';
	end if;
	return outage_note(shown_time(p_at), p_from, p_to, 'told', left(nullif(btrim(p_reason), ''), 256));
end $$;

create function ctl_outages(p_filter jsonb, p_at timestamptz) returns setof jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('from_at', o.from_at, 'to_at', o.to_at, 'minutes', round(extract(epoch from o.to_at - o.from_at) / 60), 'what', o.what, 'reason', o.reason,
	         'credited', (select count(*) from timer_credit c where c.outage_id = o.id))
	  from outage o order by o.from_at desc limit coalesce((p_filter ->> 'limit')::int4, 50)
$$;

grant execute on function outage_tell, ctl_outages to hailan_admin;
grant select on heartbeat, outage, timer_credit to hailan_admin;

-- What a case was credited, and the visit in which it was found.
alter function ctl_case(int8) rename to ctl_case_lived;
create function ctl_case(p_number int8) returns jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select ctl_case_lived(p_number) || jsonb_strip_nulls(jsonb_build_object(
	         'visit', (select jsonb_build_object('at', v.at, 'by', p.name, 'point', v.point) from visit v left join person p on p.id = v.person_id
	                    where v.case_number = p_number order by v.at limit 1),
	         'credited', (select jsonb_agg(jsonb_build_object('rule', r.name, 'step', c.step, 'was_due_at', c.was_due_at, 'due_at', c.due_at) order by c.was_due_at)
	                        from timer_credit c join rule r on r.id = c.rule_id where c.subject = p_number)))
$$;
grant execute on function ctl_case to hailan_admin;
