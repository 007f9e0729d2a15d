-- How long the queues are, for whoever watches the daemon (hailand.conf(5), section metrics). Counting ends
-- at a million: what is longer need not be known more exactly.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create function metrics_queues(p_at timestamptz) returns table (name text, label text, value int8)
language sql stable security definer set search_path = hailan, pg_temp set jit = off as $$
	select 'inbox_waiting', '', (select count(*) from (select from inbox_waiting limit 1000000) x)
	union all
	select 'inbox_oldest', '', coalesce((select greatest(0, extract(epoch from p_at - id_time(min(id))) * 1000)::int8 from inbox_waiting), 0)
	union all
	select 'inbox_stuck', '', (select count(*) from inbox_stuck)
	union all
	select 'outbox_waiting', c.name, (select count(*) from (select from outbox_waiting w where w.channel = c.name and w.not_before <= p_at limit 1000000) x) from channel c
	union all
	select 'outbox_oldest', '', coalesce((select greatest(0, extract(epoch from p_at - min(w.not_before)) * 1000)::int8 from outbox_waiting w where w.not_before <= p_at), 0)
	union all
	select 'outbox_in_hand', '', (select count(*) from outbox_in_hand)
	union all
	select 'timers_overdue', '', (select count(*) from (select from timer t where t.due_at <= p_at limit 1000000) x)
	union all
	select 'cases_' || l.light, '', (select count(*) from "case" k join case_state_light s on s.state = k.state where k.state <> 'closed' and s.light = l.light)
	  from unnest('{red,yellow,blue}'::light[]) l (light)
$$;
grant execute on function metrics_queues to hailan_timekeeper, hailan_admin;
