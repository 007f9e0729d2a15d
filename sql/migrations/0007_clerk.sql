-- What the clerk calls: its lanes, what waits in them, and the filing of a batch in one transaction.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create table clerk_presence (
	worker text primary key,
	pid int4 not null,
	seen_at timestamptz not null
);

-- Says "I am here", and takes and gives back lanes so that each live clerk has its share: lane n
-- belongs to the clerk whose rank among the live ones is n modulo their number. A lane is held by a
-- session lock, so it is free as soon as its clerk is gone, and the others take it at their next call.
-- Returns the lanes held now.
create function clerk_lanes(p_at timestamptz, p_worker text) returns setof int2
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_class int4 := hashtext('hailan.lane');
	v_count int4;
	v_rank int4;
	v_lane int2;
	v_held bool;
begin
	perform beat('clerk', p_at);
	delete from clerk_presence c
	 where c.worker <> p_worker
	   and (c.seen_at < p_at - interval '10 seconds' or not exists (select from pg_stat_activity a where a.pid = c.pid));
	insert into clerk_presence (worker, pid, seen_at) values (p_worker, pg_backend_pid(), p_at)
	on conflict (worker) do update set seen_at = excluded.seen_at, pid = excluded.pid;
	select count(*), count(*) filter (where worker < p_worker) into v_count, v_rank from clerk_presence;
	for v_lane in 0..63 loop
		v_held := exists (select from pg_locks where locktype = 'advisory' and classid = v_class::oid and objid = v_lane::oid
		                  and objsubid = 2 and pid = pg_backend_pid() and granted
		                  and database = (select oid from pg_database where datname = current_database()));
		if v_lane % v_count = v_rank then
			if v_held or pg_try_advisory_lock(v_class, v_lane) then
				return next v_lane;
			end if;
		elsif v_held then
			perform pg_advisory_unlock(v_class, v_lane);
		end if;
	end loop;
end $$;

-- What waits in these lanes behind an id, the oldest first, with what we know of each sender. Keeps its
-- plan (an SQL function would be planned at every call, for all months).
create function clerk_claim(p_at timestamptz, p_lanes int2[], p_after int8, p_limit int4, p_skip int8[] default '{}')
returns table (policy_version int8, id int8, received_at timestamptz, channel text, link text, source text, destination text,
	charset text, raw bytea, text text, flags int4, protocol text, language text, campaigns bool, person_id int8, staff_unit int4,
	staff_level int2, volunteer bool, home_community int4, home_building text, home_entrance text, home_room text,
	open_cases text, dialog text)
language plpgsql stable security definer set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
	return query
	select (select v.version from policy_version v), i.id, i.received_at, i.channel, i.link, i.source, i.destination,
	       i.charset, case when i.text is null then i.raw end, i.text, i.flags, i.protocol,
	       coalesce(c.language, who.language), coalesce(c.campaigns, true), who.person_id, who.staff_unit, who.staff_level,
	       coalesce(who.volunteer, false), home.community_id, home.building, home.entrance, home.room, open.cases,
	       case when c.attention > p_at then dialog_of(i.source, p_at) end
	  from (select x.id
	          from ((select w.id from inbox_waiting w where w.lane = any (p_lanes) and w.id > p_after
	                  order by w.id limit p_limit + cardinality(p_skip))
	                except select unnest(p_skip)) x
	         order by x.id limit p_limit) w
	  join inbox i on i.id = w.id
	  left join contact c on c.number = i.source
	  left join lateral (
		-- of several people with one phone only what is true of all
		select case when min(p.person_id) = max(p.person_id) then min(p.person_id) end as person_id,
		       case when min(pe.language) = max(pe.language) then min(pe.language) end as language,
		       min(s.unit_id) as staff_unit, max(s.level) as staff_level, bool_or(v.person_id is not null) as volunteer,
		       case when min(r.household_id) = max(r.household_id) then min(r.household_id) end as household_id
		  from phone p join person pe on pe.id = p.person_id
		  left join staff s on s.person_id = p.person_id
		  left join volunteer v on v.person_id = p.person_id
		  left join resident r on r.person_id = p.person_id
		 where p.number = i.source) who on true
	  left join household home on home.id = who.household_id
	  left join lateral (
		-- newest first, a line each: number, category, state, unit, seconds since 1970, place, building
		select string_agg(concat_ws(E'\t', o.number, coalesce(o.category, ''), o.state, coalesce(o.unit_id, 0),
		                  extract(epoch from o.filed_at)::int8, coalesce(o.place_id, 0), coalesce(o.building, '')), E'\n' order by o.number desc) as cases
		  from (select k.* from "case" k where k.phone = i.source and k.state <> 'closed' order by k.number desc limit 5) o) open on true
	 order by i.id;
end $$;

create function case_numbers(p_count int4) returns setof int8
language sql volatile security definer set search_path = hailan, pg_temp as $$
	select nextval('case_number_seq') from generate_series(1, least(p_count, 10000))
$$;

-- What a number means to the one who asks: state and light, if the phone is its reporter's or staff's.
create function case_look(p_number int8, p_phone text)
returns table (number int8, wish bool, category text, state text, light text, unit_id int4)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select k.number, false, k.category, k.state::text, l.light::text, k.unit_id
	  from "case" k join case_state_light l on l.state = k.state
	 where k.number = p_number
	   and (k.phone = p_phone or exists (select from phone p join staff s on s.person_id = p.person_id where p.number = p_phone))
	union all
	select w.number, true, w.category, w.state, null, w.unit_id from wish w
	 where w.number = p_number
	   and (w.phone = p_phone or exists (select from phone p join staff s on s.person_id = p.person_id where p.number = p_phone))
$$;

-- The number that a message has become; for the part of a long message that came late.
create function case_of_message(p_id int8) returns int8
language sql stable security definer set search_path = hailan, pg_temp
return (select number from verdict where inbox_id = p_id);

-- What was filed for these lanes within the last ten minutes and who was greeted, the oldest first: what a
-- clerk that begins anew cannot remember (daemon/clerk/recent.c). At most as many as it keeps.
create function clerk_recent(p_at timestamptz, p_lanes int2[])
returns table (phone text, greeted_at timestamptz, number int8, filed_at timestamptz, category text, unit_id int4, text text, place_id int4, building text,
	wish bool)
language plpgsql stable security definer set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
	return query
	select coalesce(k.phone, w.phone, i.source), case when v.number is null then i.received_at end, v.number, coalesce(k.filed_at, w.told_at),
	       coalesce(k.category, w.category), coalesce(k.unit_id, w.unit_id), coalesce(k.text, w.text), k.place_id, k.building, w.number is not null
	  from (select v.inbox_id, v.number from verdict v
	         where v.inbox_id > make_id(p_at - interval '20 minutes', 0) and (v.number is not null or v.kind = 'greeting')
	         order by v.inbox_id desc limit 16384) v
	  join inbox i on i.id = v.inbox_id
	  left join "case" k on k.number = v.number
	  left join wish w on w.number = v.number
	 where i.lane = any (p_lanes) and coalesce(k.filed_at, w.told_at, i.received_at) > p_at - interval '10 minutes'
	 order by v.inbox_id;
end $$;

-- Nothing that was given is left out in silence: an event of a number that does not exist, a case that
-- is neither case nor wish, an array that is longer than its neighbours.
create function clerk_counted(p_rows int4, p_given int4, p_what text) returns void
language plpgsql immutable set search_path = hailan, pg_temp as $$
begin
	if p_rows is distinct from p_given then
		raise exception '% of % % were filed', p_rows, p_given, p_what using errcode = '22023';
	end if;
end $$;

create function clerk_file(p_at timestamptz, p_ids int8[], p_kinds text[], p_texts text[],
	p_case_message int4[], p_numbers int8[], p_is_wish bool[], p_phones text[], p_person_ids int8[], p_entered_by int8[],
	p_categories text[], p_categories2 text[], p_scores int2[], p_units int4[], p_places int4[], p_languages text[], p_case_texts text[],
	p_buildings text[], p_entrances text[], p_floors int2[], p_rooms text[], p_landmarks text[], p_urgent bool[],
	p_event_message int4[], p_event_numbers int8[], p_event_actions text[], p_event_reasons text[],
	p_out_message int4[], p_out_channels text[], p_out_links text[], p_out_sources text[], p_out_destinations text[],
	p_out_priorities int2[], p_out_not_before timestamptz[], p_out_not_after timestamptz[], p_out_languages text[],
	p_out_templates text[], p_out_params text[], p_out_bodies text[], p_out_numbers int8[],
	p_contact_numbers text[], p_contact_languages text[], p_contact_campaigns bool[])
returns void language plpgsql security definer set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_city int4 := city();
	v_count int4 := cardinality(p_ids);
	v_cases int4 := cardinality(p_case_message);
	v_gone int4;
	v_channels text[];
	v_verdict_numbers int8[];
	v_event_ids int8[];
	v_out_ids int8[];
	v_channel text;
	v_some int4;
	v_rows int4 := 0;
begin
	-- compare-and-swap: whoever files a message takes it out of the queue, and only one can
	delete from inbox_waiting where id = any (p_ids);
	get diagnostics v_gone = row_count;
	if v_gone <> v_count then
		raise exception '% of % messages are no longer waiting', v_count - v_gone, v_count
			using errcode = 'HA001', hint = 'another clerk has them: claim again';
	end if;

	if array_remove(p_texts, null) <> '{}' then
		update inbox i set text = t.text from unnest(p_ids, p_texts) as t (id, text) where i.id = t.id and t.text is not null;
	end if;
	v_channels := array(select i.channel from unnest(p_ids) with ordinality as t (id, n) join inbox i on i.id = t.id order by t.n);
	if cardinality(v_channels) <> v_count then
		raise exception 'a waiting message has no row in inbox' using errcode = 'P0002';
	end if;

	v_verdict_numbers := array_fill(null::int8, array[v_count]);
	for i in 1..v_cases loop
		v_verdict_numbers[p_case_message[i]] := p_numbers[i];
	end loop;
	insert into verdict (inbox_id, kind, number) select unnest(p_ids), unnest(p_kinds), unnest(v_verdict_numbers);

	if v_cases > 0 then
		insert into "case" (number, city, filed_at, message_id, urgent, score, unit_id, place_id, person_id, entered_by, category, category2,
			channel, phone, language, building, entrance, floor, room, landmark, text, state)
		select t.number, v_city, p_at, p_ids[t.message], t.urgent, t.score, t.unit_id, t.place_id, t.person_id, t.entered_by, t.category, t.category2,
		       v_channels[t.message], t.phone, t.language, t.building, t.entrance, t.floor, t.room, t.landmark, t.text, 'filed'
		  from (select unnest(p_case_message) as message, unnest(p_numbers) as number, unnest(p_is_wish) as is_wish, unnest(p_phones) as phone,
		               unnest(p_person_ids) as person_id, unnest(p_entered_by) as entered_by, unnest(p_categories) as category,
		               unnest(p_categories2) as category2, unnest(p_scores) as score, unnest(p_units) as unit_id, unnest(p_places) as place_id,
		               unnest(p_languages) as language, unnest(p_case_texts) as text, unnest(p_buildings) as building,
		               unnest(p_entrances) as entrance, unnest(p_floors) as floor, unnest(p_rooms) as room, unnest(p_landmarks) as landmark,
		               unnest(p_urgent) as urgent) t
		 where not t.is_wish;
		get diagnostics v_rows = row_count;
		v_event_ids := make_ids('event_seq', p_at, v_cases);
		insert into case_event (id, city, case_number, at, message_id, person_id, unit_id, to_state, action, channel)
		select t.id, v_city, t.number, p_at, p_ids[t.message], t.person_id, t.unit_id, 'filed', 'filed', v_channels[t.message]
		  from (select unnest(v_event_ids) as id, unnest(p_case_message) as message, unnest(p_numbers) as number, unnest(p_is_wish) as is_wish,
		               unnest(p_person_ids) as person_id, unnest(p_units) as unit_id) t
		 where not t.is_wish;
	end if;

	if true = any (p_is_wish) then
		insert into wish (number, city, told_at, message_id, unit_id, place_id, person_id, entered_by, category, channel, phone, language,
			building, entrance, floor, room, landmark, text)
		select t.number, v_city, p_at, p_ids[t.message], t.unit_id, t.place_id, t.person_id, t.entered_by, t.category, v_channels[t.message],
		       t.phone, t.language, t.building, t.entrance, t.floor, t.room, t.landmark, t.text
		  from unnest(p_case_message, p_numbers, p_is_wish, p_phones, p_person_ids, p_entered_by, p_categories,
		              p_units, p_places, p_languages, p_case_texts, p_buildings, p_entrances, p_floors, p_rooms, p_landmarks)
		       as t (message, number, is_wish, phone, person_id, entered_by, category,
		             unit_id, place_id, language, text, building, entrance, floor, room, landmark)
		 where t.is_wish;
		get diagnostics v_some = row_count;
		v_rows := v_rows + v_some;
		insert into wish_event (id, city, wish_number, at, message_id, person_id, to_state, action, channel)
		select t.id, v_city, t.number, p_at, p_ids[t.message], t.person_id, 'told', 'told', v_channels[t.message]
		  from unnest(v_event_ids, p_case_message, p_numbers, p_is_wish, p_person_ids) as t (id, message, number, is_wish, person_id)
		 where t.is_wish;
	end if;

	perform clerk_counted(v_rows, v_cases, 'cases and wishes');

	if cardinality(p_event_message) > 0 then
		v_event_ids := make_ids('event_seq', p_at, cardinality(p_event_message));
		insert into case_event (id, city, case_number, at, message_id, from_state, to_state, action, channel, reason)
		select t.id, v_city, k.number, p_at, p_ids[t.message], k.state, k.state, t.action, v_channels[t.message], t.reason
		  from unnest(v_event_ids, p_event_message, p_event_numbers, p_event_actions, p_event_reasons) as t (id, message, number, action, reason)
		  join "case" k on k.number = t.number;
		get diagnostics v_rows = row_count;
		insert into wish_event (id, city, wish_number, at, message_id, action, channel, reason)
		select t.id, v_city, k.number, p_at, p_ids[t.message], t.action, v_channels[t.message], t.reason
		  from unnest(v_event_ids, p_event_message, p_event_numbers, p_event_actions, p_event_reasons) as t (id, message, number, action, reason)
		  join wish k on k.number = t.number;
		get diagnostics v_some = row_count;
		perform clerk_counted(v_rows + v_some, cardinality(p_event_message), 'events');
	end if;

	if cardinality(p_out_message) > 0 then
		v_out_ids := make_ids('outbox_seq', p_at, cardinality(p_out_message));
		insert into outbox (id, city, created_at, not_after, message_id, number, priority, channel, link, source, destination,
			language, template, params, body)
		select t.id, v_city, p_at, t.not_after, p_ids[t.message], t.number, t.priority, t.channel, t.link,
		       t.source, t.destination, t.language, t.template, t.params, t.body
		  from (select unnest(v_out_ids) as id, unnest(p_out_message) as message, unnest(p_out_numbers) as number,
		               unnest(p_out_priorities) as priority, unnest(p_out_channels) as channel, unnest(p_out_links) as link,
		               unnest(p_out_sources) as source, unnest(p_out_destinations) as destination, unnest(p_out_not_after) as not_after,
		               unnest(p_out_languages) as language, unnest(p_out_templates) as template, unnest(p_out_params) as params,
		               unnest(p_out_bodies) as body) t;
		get diagnostics v_rows = row_count;
		perform clerk_counted(v_rows, cardinality(p_out_message), 'messages');
		insert into outbox_waiting (id, channel, priority, not_before)
		select t.id, t.channel, t.priority, coalesce(t.not_before, p_at)
		  from (select unnest(v_out_ids) as id, unnest(p_out_channels) as channel, unnest(p_out_priorities) as priority,
		               unnest(p_out_not_before) as not_before) t;
		for v_channel in select distinct c from unnest(p_out_channels) c order by c loop
			perform pg_notify('outbox_' || v_channel, '');
		end loop;
	end if;

	perform attachments_file(p_at, p_ids, p_event_message, p_event_numbers);

	if cardinality(p_contact_numbers) > 0 then
		-- Of several words about one number in a batch the last one that says something counts. The
		-- clerk tells what it did not know, so nearly all are new: a plain insert finds that out at
		-- half the price of "on conflict".
		begin
			insert into contact (number, language, changed_at)
			select distinct on (t.number) t.number, t.language, p_at
			  from unnest(p_contact_numbers, p_contact_languages) with ordinality as t (number, language, n)
			 order by t.number, t.language is null, t.n desc;
		exception when unique_violation then
			insert into contact as c (number, language, changed_at)
			select distinct on (t.number) t.number, t.language, p_at
			  from unnest(p_contact_numbers, p_contact_languages) with ordinality as t (number, language, n)
			 order by t.number, t.language is null, t.n desc
			on conflict (number) do update set language = coalesce(excluded.language, c.language), changed_at = excluded.changed_at;
		end;
		if array_remove(p_contact_campaigns, null) <> '{}' then
			update contact c set campaigns = t.campaigns
			  from (select distinct on (u.number) u.number, u.campaigns
			          from unnest(p_contact_numbers, p_contact_campaigns) with ordinality as u (number, campaigns, n)
			         where u.campaigns is not null order by u.number, u.n desc) t
			 where c.number = t.number;
		end if;
	end if;
end $$;

create function clerk_set_aside(p_at timestamptz, p_id int8, p_sqlstate text, p_reason text) returns void
language sql security definer set search_path = hailan, pg_temp as $$
	with gone as (delete from inbox_waiting where id = p_id returning id, lane)
	insert into inbox_stuck (id, lane, at, sqlstate, reason, times)
	select g.id, g.lane, p_at, p_sqlstate, left(p_reason, 1024), coalesce(r.times, 0) + 1 from gone g left join inbox_retried r on r.id = g.id
	on conflict (id) do update set at = excluded.at, sqlstate = excluded.sqlstate, reason = excluded.reason, times = inbox_stuck.times + 1
$$;
