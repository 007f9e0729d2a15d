-- What hailanctl shows: each row as one JSON object.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create function message_state(p_id int8) returns text language sql stable set search_path = hailan, pg_temp
return case when exists (select from inbox_stuck s where s.id = p_id) then 'stuck'
            when exists (select from inbox_waiting w where w.id = p_id) then 'waiting' else 'handled' end;

-- "offset 0": by its whole key, and not by the id alone, which the key ends with.
create function message_delivery(p_id int8) returns text language sql stable set search_path = hailan, pg_temp
return coalesce(
	(select 'waiting' from outbox o,
	        lateral (select from outbox_waiting w where w.channel = o.channel and w.priority = o.priority and w.id = o.id offset 0) w where o.id = p_id),
	(select d.state::text from delivery d where d.outbox_id = p_id order by d.at desc, d.state desc limit 1), 'lost');

-- What was said about a number, to whom, and what came of it. Whatever is said about a case is said in the
-- transaction of one of its events and has that moment in its id: so it is found without an index that every
-- message would have to pay for.
create function number_messages(p_number int8, p_moments timestamptz[]) returns jsonb
language plpgsql stable set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
	return (
		select jsonb_agg(jsonb_build_object('id', o.id, 'at', o.created_at, 'to', o.destination, 'state', message_delivery(o.id),
		         'state_at', (select max(d.at) from delivery d where d.outbox_id = o.id),
		         'detail', (select d.detail from delivery d where d.outbox_id = o.id and d.detail is not null order by d.at desc limit 1),
		         'template', o.template, 'text', o.body) order by o.id)
		  from (select distinct make_id(t, 0) as id from unnest(p_moments) t) m
		  join outbox o on o.id >= m.id and o.id < m.id + 2097152 and o.number = p_number);
end $$;

create function ctl_case(p_number int8) returns jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('number', k.number, 'light', l.light, 'kind', 'case', 'state', k.state, 'urgent', k.urgent, 'filed_at', k.filed_at,
	         'category', k.category, 'category2', k.category2, 'category_name', c.name_zh, 'unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'),
	         'place', p.code, 'place_name', unit_title(p.level, p.name_zh, null, 'zh'), 'phone', k.phone, 'language', k.language, 'building', k.building, 'entrance', k.entrance,
	         'floor', k.floor, 'room', k.room, 'landmark', k.landmark, 'message_id', k.message_id, 'rounds', k.rounds, 'text', k.text,
	         'events', (select jsonb_agg(jsonb_build_object('at', e.at, 'action', e.action, 'from', e.from_state, 'to', e.to_state,
	                           'by', nullif(concat_ws(' ', (select unit_title(x.level, x.name_zh, null, 'zh') from unit x where x.id = e.unit_id and e.level > 0),
	                                 (select x.name from person x where x.id = e.person_id)), ''),
	                           'reason', e.reason, 'channel', e.channel) order by e.id) from case_event e where e.case_number = k.number),
	         'messages', number_messages(k.number, array(select e.at from case_event e where e.case_number = k.number) || k.filed_at),
	         'copies', (select count(*) from inbox_copy x where x.id = k.message_id))
	  from "case" k join case_state_light l on l.state = k.state
	  left join category c on c.code = k.category left join unit u on u.id = k.unit_id left join unit p on p.id = k.place_id
	 where k.number = p_number
	union all
	select jsonb_build_object('number', k.number, 'light', null, 'kind', 'wish', 'state', k.state, 'urgent', false, 'filed_at', k.told_at,
	         'category', k.category, 'category_name', c.name_zh, 'unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'),
	         'place', p.code, 'place_name', unit_title(p.level, p.name_zh, null, 'zh'), 'phone', k.phone, 'language', k.language, 'building', k.building, 'entrance', k.entrance,
	         'floor', k.floor, 'room', k.room, 'landmark', k.landmark, 'message_id', k.message_id, 'text', k.text,
	         'events', (select jsonb_agg(jsonb_build_object('at', e.at, 'action', e.action, 'reason', e.reason, 'channel', e.channel) order by e.id)
	                      from wish_event e where e.wish_number = k.number),
	         'messages', number_messages(k.number, array(select e.at from wish_event e where e.wish_number = k.number) || k.told_at))
	  from wish k left join category c on c.code = k.category left join unit u on u.id = k.unit_id left join unit p on p.id = k.place_id
	 where k.number = p_number
$$;

-- Filter: open, phone, unit (a code; its whole tree), limit.
create function ctl_cases(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	with recursive below as (
		select id from unit where code = p_filter ->> 'unit'
		union all select u.id from unit u join below b on u.parent_id = b.id
	), both_kinds as (
		select k.number, l.light::text, 'case' as kind, k.state::text, k.urgent, k.filed_at, k.category, k.unit_id, k.place_id, k.phone, k.text
		  from "case" k join case_state_light l on l.state = k.state
		union all
		select w.number, null, 'wish', w.state, false, w.told_at, w.category, w.unit_id, w.place_id, w.phone, w.text from wish w
	)
	select jsonb_build_object('number', k.number, 'light', k.light, 'kind', k.kind, 'state', k.state, 'urgent', k.urgent, 'filed_at', k.filed_at,
	         'category', k.category, 'category_name', c.name_zh, 'unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'), 'phone', k.phone, 'text', k.text)
	  from both_kinds k left join category c on c.code = k.category left join unit u on u.id = k.unit_id
	 where (p_filter -> 'open' is null or k.state <> 'closed' and wish_open(k.state))
	   and (p_filter -> 'phone' is null or k.phone = p_filter ->> 'phone')
	   and (p_filter -> 'unit' is null or k.unit_id in (select id from below) or k.place_id in (select id from below))
	 order by k.number desc limit coalesce((p_filter ->> 'limit')::int4, 100)
$$;

-- Filter: id, stuck, limit.
create function ctl_inbox(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
	with picked as materialized (
		select (p_filter ->> 'id')::int8 as id where p_filter ->> 'id' is not null
		union all
		(select x.id from inbox_stuck x where p_filter ->> 'id' is null and p_filter -> 'stuck' is not null
		  order by x.id desc limit coalesce((p_filter ->> 'limit')::int4, 50))
		union all
		(select x.id from inbox x where p_filter ->> 'id' is null and p_filter -> 'stuck' is null
		  order by x.id desc limit coalesce((p_filter ->> 'limit')::int4, 50))
	)
	select jsonb_build_object('id', i.id, 'received_at', i.received_at, 'channel', i.channel, 'link', i.link, 'source', i.source,
	         'destination', i.destination, 'flags', i.flags, 'charset', i.charset, 'state', message_state(i.id), 'kind', v.kind,
	         'case_number', v.number, 'sqlstate', s.sqlstate, 'reason', s.reason, 'stuck_at', s.at, 'times', s.times, 'protocol', i.protocol,
	         'copies', (select count(*) from inbox_copy x where x.id = i.id), 'raw', encode(i.raw, 'hex'), 'text', i.text)
	  from picked p join inbox i on i.id = p.id left join verdict v on v.inbox_id = i.id left join inbox_stuck s on s.id = i.id
	 where p_filter -> 'stuck' is null or s.id is not null
	 order by i.id desc
$$;

create function ctl_inbox_retry(p_id int8, p_at timestamptz) returns bool
language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	with gone as (delete from inbox_stuck where id = p_id returning id, lane, times), counted as (
		insert into inbox_retried as r (id, times) select id, times from gone on conflict (id) do update set times = excluded.times
	)
	insert into inbox_waiting (id, lane) select id, lane from gone;
	if found then
		perform pg_notify('inbox', '');
		return true;
	end if;
	return false;
end $$;

-- Filter: id (with each attempt), waiting, failed, limit.
create function ctl_outbox(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
	with picked as materialized (
		select (p_filter ->> 'id')::int8 as id where p_filter ->> 'id' is not null
		union all
		(select x.id from outbox_waiting x where p_filter ->> 'id' is null and p_filter -> 'waiting' is not null and p_filter -> 'failed' is null
		  order by x.id desc limit coalesce((p_filter ->> 'limit')::int4, 50))
		union all
		(select x.outbox_id from delivery x
		  where p_filter ->> 'id' is null and p_filter -> 'failed' is not null and x.state in ('failed', 'undelivered', 'expired', 'unknown', 'stopped')
		    and message_delivery(x.outbox_id) in ('failed', 'undelivered', 'expired', 'unknown', 'stopped')
		  group by x.outbox_id order by x.outbox_id desc limit coalesce((p_filter ->> 'limit')::int4, 50))
		union all
		(select x.id from outbox x where p_filter ->> 'id' is null and p_filter -> 'waiting' is null and p_filter -> 'failed' is null
		  order by x.id desc limit coalesce((p_filter ->> 'limit')::int4, 50))
	)
	select jsonb_build_object('id', o.id, 'created_at', o.created_at, 'channel', o.channel, 'link', o.link, 'source', o.source,
	         'destination', o.destination, 'priority', o.priority, 'state', message_delivery(o.id), 'language', o.language, 'template', o.template,
	         'attempts', (select count(*) from delivery d where d.outbox_id = o.id and d.state = 'handed'),
	         'not_before', w.not_before, 'not_after', o.not_after, 'case_number', o.number, 'message_id', o.message_id,
	         'detail', (select d.detail from delivery d where d.outbox_id = o.id and d.detail is not null order by d.at desc limit 1),
	         'text', o.body,
	         'attempts_made', case when p_filter -> 'id' is not null then
	             (select jsonb_agg(jsonb_build_object('at', d.at, 'state', d.state, 'link', d.link, 'parts', d.parts, 'detail', d.detail) order by d.at, d.state)
	                from delivery d where d.outbox_id = o.id) end)
	  from picked p join outbox o on o.id = p.id
	  left join lateral (select w.id, w.not_before from outbox_waiting w where w.channel = o.channel and w.priority = o.priority and w.id = o.id offset 0) w on true
	 where (p_filter -> 'waiting' is null or w.id is not null)
	   and (p_filter -> 'failed' is null or message_delivery(o.id) in ('failed', 'undelivered', 'expired', 'unknown', 'stopped'))
	 order by o.id desc
$$;

create function ctl_status(p_at timestamptz) returns jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object(
		'inbox_waiting', (select count(*) from inbox_waiting),
		'inbox_oldest_seconds', (select greatest(0, extract(epoch from p_at - id_time(min(id))))::int8 from inbox_waiting),
		'inbox_stuck', (select count(*) from inbox_stuck),
		'parts_waiting', (select count(*) from part_set where state = 'open'),
		'outbox_waiting', (select count(*) from outbox_waiting),
		'outbox_in_hand', (select count(*) from outbox_in_hand),
		'outbox_oldest_seconds', (select greatest(0, extract(epoch from p_at - id_time(min(id))))::int8 from outbox_waiting),
		'cases_open', (select jsonb_object_agg(light, n) from (select l.light, count(*) as n from "case" k join case_state_light l using (state)
		                where k.state <> 'closed' group by 1) t),
		'wishes_open', (select count(*) from wish where wish_open(state)),
		'clerks', (select count(*) from clerk_presence where seen_at > p_at - interval '10 seconds'),
		'policy_version', (select version from policy_version),
		'schema_version', (select max(number) from schema_migration))
$$;
