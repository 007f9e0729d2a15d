-- Simulated time. A row in table simulation marks a database as one for tests; the daemon refuses to let
-- its clock be simulated with any other. With --speed 0 the time stands still at the moment that
-- stands there, for all children, and moves on from deadline to deadline when it is told how far.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create table simulation (
	one bool primary key default true check (one),
	at timestamptz,
	target timestamptz
);
comment on column simulation.at is 'The time now, where it is moved by steps; null: it has not begun.';
comment on column simulation.target is 'How far it may move.';

create function simulation_mark() returns void language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	if not exists (select from simulation) and exists (select from inbox) then
		raise exception 'there are messages in this database: it cannot be marked as one for tests' using errcode = '55000',
			hint = 'make an empty one with hailanctl migrate';
	end if;
	insert into simulation default values on conflict do nothing;
end $$;

create function simulation_go(p_target timestamptz) returns timestamptz language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_at timestamptz;
begin
	update simulation set target = p_target returning at into v_at;
	if not found then
		raise exception 'this database is not marked as one for tests' using errcode = '55000', hint = 'hailanctl simulate mark does that';
	end if;
	perform pg_notify('timer', '');
	return v_at;
end $$;

-- What waits to be done at this time, before it may move.
create function simulation_busy(p_at timestamptz) returns text language sql stable security definer set search_path = hailan, pg_temp as $$
	select case when exists (select from timer where due_at <= p_at) then 'timer'
	            when exists (select from reminder where flush_at <= p_at) then 'reminder'
	            when exists (select from moment m where m.at <= p_at) then (select min(m.what) from moment m where m.at <= p_at)
	            when exists (select from timer_recompute) then 'rules'
	            when exists (select from inbox_waiting) then 'inbox'
	            when exists (select from outbox_waiting where not_before <= p_at) then 'outbox'
	            when exists (select from outbox_in_hand) then 'sending' end
$$;

-- Moves the time to the next moment at which something is to happen, when nothing is left to be done.
-- Returns the time, and what it waits for.
create function simulation_step(p_at timestamptz, out at timestamptz, out busy text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	s simulation;
	v_next timestamptz;
begin
	select * into s from simulation for update;
	at := coalesce(s.at, p_at);
	busy := simulation_busy(at);
	if busy is null and s.target > at then
		v_next := least((select min(due_at) from timer), (select min(flush_at) from reminder), (select min(not_before) from outbox_waiting), (select min(m.at) from moment m), s.target);
		at := greatest(at, v_next);
	end if;
	if at is distinct from s.at then
		update simulation set at = simulation_step.at;
		update heartbeat h set at = simulation_step.at where h.at < simulation_step.at and isfinite(h.at);
		perform pg_notify('simulation', (extract(epoch from at) * 1000000)::int8::text);
	end if;
end $$;

create or replace function shown_time(p_at timestamptz) returns timestamptz language sql stable set search_path = hailan, pg_temp
return coalesce((select s.at from simulation s), p_at);

drop function schema_check();
create function schema_check(out version int4, out sha256 text, out in_recovery bool, out synchronous_commit text, out test bool, out simulated_at timestamptz)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select m.number, m.sha256, pg_is_in_recovery(), current_setting('synchronous_commit'), exists (select from simulation), (select s.at from simulation s)
	  from schema_migration m order by m.number desc limit 1
$$;
revoke execute on function schema_check() from public;
grant execute on function schema_check to hailan_channel, hailan_clerk, hailan_timekeeper, hailan_admin, hailan_reader;
grant execute on function simulation_step to hailan_timekeeper, hailan_admin;
grant execute on function simulation_mark, simulation_go, simulation_busy to hailan_admin;
grant select on simulation to hailan_admin;
