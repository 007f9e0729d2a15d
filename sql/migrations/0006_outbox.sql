-- What goes out. Rows of outbox are written once; what waits, what is in hand and what came of it are
-- narrow tables beside it.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create sequence outbox_seq cache 64;

create table outbox (
	id int8 primary key,
	city int4 not null,
	created_at timestamptz not null,
	not_after timestamptz,
	message_id int8,
	number int8,
	priority int2 not null check (priority between 0 and 3),
	channel text not null,
	link text not null,
	source text not null,
	destination text not null check (length(destination) between 1 and 254),
	language text not null,
	template text not null,
	params text,
	body text not null check (length(body) between 1 and 4096)
) partition by range (id);
comment on column outbox.priority is '0 danger, 1 reply, 2 notice, 3 campaign';
create table outbox_default partition of outbox default;

create table outbox_waiting (
	channel text not null,
	priority int2 not null,
	id int8 not null,
	not_before timestamptz not null,
	primary key (channel, priority, id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);

-- Handed over to a channel's process and not yet answered.
create table outbox_in_hand (
	id int8 primary key,
	channel text not null,
	worker text not null,
	at timestamptz not null
);

create type delivery_state as enum ('handed', 'sent', 'failed', 'retry', 'unknown', 'expired', 'put_off', 'folded', 'stopped', 'delivered', 'undelivered');
create table delivery (
	outbox_id int8 not null,
	at timestamptz not null,
	state delivery_state not null,
	parts int2,
	link text,
	detail text check (length(detail) <= 1024)
);
create index on delivery (outbox_id);
create index delivery_bad on delivery (outbox_id) where state in ('failed', 'undelivered', 'expired', 'unknown', 'stopped');
comment on column delivery.state is 'put_off, folded, stopped: what manners (0035) did with it before it was handed over.';

-- The peer's ids, to match receipts by. key: see receipt_key().
create table sent_part (
	channel text not null,
	key text not null,
	outbox_id int8 not null,
	at timestamptz not null,
	link text not null,
	state int2 not null default 0,
	primary key (channel, key, outbox_id)
);
create index on sent_part (outbox_id);

create table receipt_orphan (
	channel text not null,
	key text not null,
	link text not null,
	at timestamptz not null,
	state int2 not null,
	detail text
);
create index on receipt_orphan (channel, key);
create index on receipt_orphan (at);

-- Ids are opaque, but case and leading zeros differ between a response and its receipt.
create function receipt_key(p_id text) returns text language sql immutable
return coalesce(nullif(ltrim(lower(p_id), '0'), ''), '0');

-- The same id as it may stand in the other place: hex for decimal and decimal for hex.
create function receipt_keys(p_id text) returns text[] language plpgsql immutable set search_path = hailan, pg_temp as $$
declare
	k text := receipt_key(p_id);
	keys text[] := array[k];
begin
	if k ~ '^[0-9]{1,18}$' then
		keys := keys || to_hex(k::int8);
	end if;
	if k ~ '^[0-9a-f]{1,15}$' then
		keys := keys || ('x' || lpad(k, 16, '0'))::bit(64)::int8::text;
	end if;
	return keys;
end $$;

-- Where to begin to look for a channel's waiting messages, one id for each priority. While somebody's
-- transaction stays open, the rows that were taken cannot be cleared away, and a look from the very
-- beginning passes all of them; so a session remembers how far it has come, in a setting of its own:
-- channel, from when until when this counts, and the ids. It stays three seconds behind the present, for
-- what others commit late. Everything is looked through every ten seconds, and when something comes due.
create function outbox_begin(p_channel text, p_at timestamptz) returns int8[]
language plpgsql set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off as $$
declare
	v_is text[] := string_to_array(current_setting('hailan.outbox_mark', true), ' ');
	v_until timestamptz;
begin
	if v_is[1] = p_channel and p_at >= to_timestamp(v_is[2]::float8) and p_at < to_timestamp(v_is[3]::float8) then
		return v_is[4:7]::int8[];
	end if;
	select coalesce(min(w.not_before), p_at + interval '10 seconds') into v_until from outbox_waiting w
	 where w.channel = p_channel and w.not_before > p_at and w.not_before < p_at + interval '10 seconds';
	perform set_config('hailan.outbox_mark', concat_ws(' ', p_channel, extract(epoch from p_at), extract(epoch from v_until), 0, 0, 0, 0), false);
	return array[0, 0, 0, 0]::int8[];
end $$;

-- p_last: up to where all was taken that was due, for each priority; null where nothing was left.
create function outbox_mark(p_at timestamptz, p_last int8[]) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_is text[] := string_to_array(current_setting('hailan.outbox_mark', true), ' ');
	v_behind int8 := make_id(p_at - interval '3 seconds', 0);
begin
	for i in 1..4 loop
		v_is[i + 3] := greatest(v_is[i + 3]::int8, least(p_last[i], v_behind))::text;
	end loop;
	perform set_config('hailan.outbox_mark', array_to_string(v_is, ' '), false);
end $$;

-- Something was put back that is due at this time.
create function outbox_mark_due(p_due timestamptz) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_is text[] := string_to_array(current_setting('hailan.outbox_mark', true), ' ');
begin
	if v_is[3]::float8 > extract(epoch from p_due) then
		v_is[3] := extract(epoch from p_due)::text;
		perform set_config('hailan.outbox_mark', array_to_string(v_is, ' '), false);
	end if;
end $$;

-- A channel's messages are handed to one session of each worker: two processes of one name would take
-- each other's for lost. The session keeps a lock until it ends, and a setting of its own tells that it
-- has it, which costs nothing to ask at every claim. A process that has just died may still have a
-- session that ends: that is waited for.
create function outbox_hold(p_channel text, p_worker text) returns void
language plpgsql set search_path = hailan, pg_temp set lock_timeout = '2s' as $$
declare
	v_name text := p_channel || ' ' || p_worker;
	v_key int8 := hashtextextended('hailan outbox ' || v_name, 0);
begin
	if current_setting('hailan.outbox_holds', true) = v_name then
		return;
	end if;
	begin
		perform pg_advisory_lock(v_key);
	exception when lock_not_available then
		raise exception 'another process on the same machine sends for this channel: worker %, backend %', p_worker,
			(select string_agg(pid::text, ' ') from pg_locks
			  where locktype = 'advisory' and granted and objsubid = 1 and database = (select oid from pg_database where datname = current_database())
			    and classid = (v_key >> 32 & 4294967295)::oid and objid = (v_key & 4294967295)::oid)
			using errcode = 'HA005', hint = 'end one of the two, or give the machines names that differ';
	end;
	perform set_config('hailan.outbox_holds', v_name, false);
end $$;

create function outbox_claim(p_channel text, p_at timestamptz, p_worker text, p_links text[], p_room int4[],
	p_answered bool default false)
returns table (id int8, link text, destination text, source text, body text, priority int2, not_after timestamptz, number int8, answered text)
language plpgsql security definer set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
	v_total int4 := (select coalesce(sum(greatest(r, 0)), 0) from unnest(p_room) r);
	v_begin int8[];
	v_last int8[] := array[null, null, null, null]::int8[];
	v_due int8[] := '{}';
	v_some int8[];
	v_after int8;
	v_limit int4;
	v_seen int4;
	r record;
	v_link int4;
	v_ids int8[] := '{}';
	v_links text[] := '{}';
begin
	perform channel_guard(p_channel);
	if current_setting('hailan.outbox_holds', true) is distinct from p_channel || ' ' || p_worker then
		raise exception 'worker % claims before it has looked for what it had in hand', p_worker
			using errcode = 'HA005', hint = 'call outbox_recover first, in the same session';
	end if;
	if v_total <= 0 then
		return;
	end if;
	v_begin := outbox_begin(p_channel, p_at);
	for p in 0..3 loop
		v_after := v_begin[p + 1];
		v_seen := 0;
		loop
			-- full; or so many had to wait that the rest is left to the next call
			if cardinality(v_due) >= v_total or v_seen >= greatest(5000, v_total) then
				v_last[p + 1] := v_after;
				exit;
			end if;
			v_limit := v_total - cardinality(v_due);
			-- by ctid: a plan made while the table was empty would look up each row among all
			with gone as (
				delete from outbox_waiting w
				 where w.ctid = any (array(
					select x.ctid from outbox_waiting x
					 where x.channel = p_channel and x.priority = p::int2 and x.id > v_after and x.not_before <= p_at
					 order by x.id limit v_limit for update skip locked))
				returning w.id
			)
			select array_agg(g.id order by g.id) into v_some from gone g;
			exit when v_some is null;
			v_due := v_due || outbox_gate(p_channel, p_at, p_worker, v_some);
			v_after := v_some[cardinality(v_some)];
			v_seen := v_seen + cardinality(v_some);
			exit when cardinality(v_some) < v_limit;
		end loop;
	end loop;
	perform outbox_mark(p_at, v_last);
	for r in
		select o.id, o.link, o.destination, o.source, o.body, o.priority, o.not_after, o.number, o.message_id
		  from unnest(v_due) with ordinality as d (id, n) join outbox o on o.id = d.id order by d.n
	loop
		if r.not_after is not null and r.not_after <= p_at then
			insert into delivery (outbox_id, at, state, detail) values (r.id, p_at, 'expired', 'too old to be sent');
			continue;
		end if;
		v_link := array_position(p_links, r.link);
		if v_link is null or p_room[v_link] <= 0 then
			select i into v_link from generate_subscripts(p_room, 1) i where p_room[i] > 0 order by p_room[i] desc limit 1;
		end if;
		p_room[v_link] := p_room[v_link] - 1;
		v_ids := v_ids || r.id;
		v_links := v_links || p_links[v_link];
		id := r.id; link := p_links[v_link]; destination := r.destination; source := r.source;
		body := r.body; priority := r.priority; not_after := r.not_after; number := r.number;
		if p_answered then
			-- what it answers, if that came from whom it goes to
			answered := (select i.protocol from inbox i where i.id = r.message_id and i.channel = p_channel and i.source = r.destination);
		end if;
		return next;
	end loop;
	insert into outbox_in_hand (id, channel, worker, at) select i, p_channel, p_worker, p_at from unnest(v_ids) i;
	insert into delivery (outbox_id, at, state, link) select i, p_at, 'handed', l from unnest(v_ids, v_links) as t (i, l);
end $$;

-- What is to become of messages whose sending ended without being accepted: once more or never.
-- outcomes: 1 failed, 2 retry, 3 unknown (the enum channel_sent of hailan/channel.h).
create function outbox_again(p_at timestamptz, p_ids int8[], p_outcomes int2[], p_retry_at timestamptz[])
returns void language plpgsql set search_path = hailan, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_due timestamptz;
begin
	with again as (
		insert into outbox_waiting (id, channel, priority, not_before)
		select o.id, o.channel, o.priority, coalesce(t.retry_at, p_at)
		  from unnest(p_ids, p_outcomes, p_retry_at) as t (id, outcome, retry_at) join outbox o on o.id = t.id
		 where t.outcome = 2
		    or (t.outcome = 3 and o.priority < 3
		        and (select count(*) from delivery d where d.outbox_id = o.id and d.state = 'unknown') <= 1)
		on conflict do nothing
		returning not_before
	)
	select min(not_before) into v_due from again;
	perform outbox_mark_due(v_due);
end $$;

-- Writes down how sendings ended. What is not in hand any more is passed over, so that a call may be
-- repeated when its answer was lost.
create function outbox_done(p_channel text, p_at timestamptz, p_worker text, p_ids int8[], p_outcomes int2[], p_peer_ids text[],
	p_parts int2[], p_retry_at timestamptz[], p_links text[], p_details text[])
returns void language plpgsql security definer set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_attempts int4 := setting_int('outbox_attempts');
	v_mine bool[];
	v_outcomes int2[];
	v_again bool;
	r record;
begin
	perform channel_guard(p_channel);
	with gone as (
		delete from outbox_in_hand where id = any (p_ids) and channel = p_channel and worker = p_worker returning id
	), found as (
		select coalesce(array_agg(id), '{}') as ids from gone
	)
	select array_agg(t.id = any (f.ids) order by t.n) into v_mine from unnest(p_ids) with ordinality as t (id, n), found f;
	if not coalesce(true = any (v_mine), false) then
		return;
	end if;
	v_again := 2::int2 = any (p_outcomes) or 3::int2 = any (p_outcomes);
	if v_again then
		-- tried often enough: given up
		v_outcomes := array(
			select case when t.outcome = 2 and (select count(*) from delivery d where d.outbox_id = t.id and d.state = 'handed') >= v_attempts
			            then 1::int2 else t.outcome end
			  from unnest(p_ids, p_outcomes) with ordinality as t (id, outcome, n) order by t.n);
	else
		v_outcomes := p_outcomes;
	end if;
	insert into delivery (outbox_id, at, state, parts, link, detail)
	select t.id, p_at, (array['sent', 'failed', 'retry', 'unknown'])[t.outcome + 1]::delivery_state, t.parts, t.link, nullif(t.detail, '')
	  from (select unnest(p_ids) as id, unnest(v_mine) as mine, unnest(v_outcomes) as outcome, unnest(p_parts) as parts,
	               unnest(p_links) as link, unnest(p_details) as detail) t
	 where t.mine;
	if v_again then
		perform outbox_again(p_at, array_agg(t.id), array_agg(t.outcome), array_agg(t.retry_at))
		   from unnest(p_ids, v_mine, v_outcomes, p_retry_at) as t (id, mine, outcome, retry_at) where t.mine and t.outcome in (2, 3);
	end if;
	insert into sent_part (channel, key, outbox_id, at, link)
	select distinct p_channel, receipt_key(k), t.id, p_at, t.link
	  from (select unnest(p_ids) as id, unnest(v_mine) as mine, unnest(p_peer_ids) as peer_ids, unnest(p_links) as link) t,
	       string_to_table(t.peer_ids, ',') as k
	 where t.mine and k <> ''
	on conflict do nothing;
	-- receipts that came before the response; those of its own link are meant before others
	if exists (select from receipt_orphan where channel = p_channel) then
		for r in
			with mine as (
				select s.outbox_id, s.key, s.link, k from sent_part s, unnest(receipt_keys(s.key)) k
				 where s.channel = p_channel and s.outbox_id = any (p_ids)
			), chosen as (
				select distinct on (o.ctid) o.ctid as place, m.outbox_id, m.key
				  from mine m join receipt_orphan o on o.channel = p_channel and o.key = m.k
				 where o.link = m.link
				    or not exists (select from receipt_orphan x where x.channel = p_channel and x.key = m.k and x.link = m.link)
				 order by o.ctid, o.link <> m.link, o.key <> m.key
			), taken as (
				delete from receipt_orphan o using chosen c where o.ctid = c.place
				returning c.outbox_id, c.key, o.at, o.state, o.detail
			)
			select * from taken order by at
		loop
			perform receipt_note(p_channel, r.key, r.outbox_id, r.at, r.state, r.detail);
		end loop;
	end if;
end $$;

-- Notes a receipt on the part it belongs to. What is final stays; "unknown" is the least of it.
create function receipt_note(p_channel text, p_key text, p_outbox_id int8, p_at timestamptz, p_state int2, p_detail text)
returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	update sent_part set state = p_state
	 where channel = p_channel and key = p_key and outbox_id = p_outbox_id
	   and ((state = 0 and p_state <> 0) or (state = 3 and p_state in (1, 2)));
	if found then
		insert into delivery (outbox_id, at, state, parts, detail)
		values (p_outbox_id, p_at, (array['delivered', 'undelivered', 'unknown'])[p_state]::delivery_state, 1, nullif(left(p_detail, 1024), ''));
	end if;
end $$;

create function receipts_put(p_channel text, p_at timestamptz, p_links text[], p_peer_ids text[], p_states int2[], p_details text[])
returns void language plpgsql security definer set search_path = hailan, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	r record;
	v_found bool;
	m record;
begin
	perform channel_guard(p_channel);
	for r in select * from unnest(p_links, p_peer_ids, p_states, p_details) as t (link, peer_id, state, detail) loop
		v_found := false;
		for m in
			select s.key, s.outbox_id from sent_part s
			 where s.channel = p_channel and s.key = any (receipt_keys(r.peer_id))
			 order by s.link <> r.link, s.state <> 0, s.key <> receipt_key(r.peer_id), s.at desc limit 1
		loop
			v_found := true;
			perform receipt_note(p_channel, m.key, m.outbox_id, p_at, r.state, r.detail);
		end loop;
		if not v_found then
			insert into receipt_orphan (channel, key, link, at, state, detail)
			values (p_channel, receipt_key(r.peer_id), r.link, p_at, r.state, left(r.detail, 1024));
		end if;
	end loop;
end $$;

-- Takes back what this worker was handed and does not have: p_keep lists what it has. After a crash
-- (p_crashed) each may have been sent and is treated as unknown; when only the answer to a claim was
-- lost none was, and all go back. Each session calls it before its first claim.
create function outbox_recover(p_channel text, p_at timestamptz, p_worker text, p_crashed bool, p_keep int8[]) returns int8
language plpgsql security definer set search_path = hailan, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_ids int8[];
	v_count int4;
begin
	perform channel_guard(p_channel);
	perform outbox_hold(p_channel, p_worker);
	with gone as (
		delete from outbox_in_hand where channel = p_channel and worker = p_worker and id <> all (p_keep) returning id
	)
	select coalesce(array_agg(id order by id), '{}') into v_ids from gone;
	v_count := cardinality(v_ids);
	insert into delivery (outbox_id, at, state, detail)
	select i, p_at, case when p_crashed then 'unknown' else 'retry' end::delivery_state,
	       case when p_crashed then 'the process ended before the answer' else 'the claim was lost' end
	  from unnest(v_ids) i;
	perform outbox_again(p_at, v_ids, array_fill(case when p_crashed then 3 else 2 end::int2, array[v_count]),
		array_fill(null::timestamptz, array[v_count]));
	return v_count;
end $$;
