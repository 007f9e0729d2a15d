-- Who helps: claims in the order in which they arrived, places that run out, those who wait, those who do not
-- come. Several clerks may file claims of one wish at the same moment: each puts down what it has, and under
-- the lock of the wish those are decided before which no message is left to be filed.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('wish_waiting', '5', 'how many may wait for a place when all of a wish are taken; who comes later is told that it is full'),
	('wish_hold', '2 hours', 'how long a place is held for who moved up and shall confirm it; 0: he need not'),
	('wish_order', '1 minute', 'so long a claim waits for earlier messages that another clerk has in hand');

-- ---- answers --------------------------------------------------------------------------------------

-- Tells a claimant how his claim stands.
create function wish_claim_answer(p_at timestamptz, p_claim int8, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	c wish_claim;
	v_before int4;
begin
	select * into c from wish_claim x where x.id = p_claim;
	v_before := (select count(*) from wish_claim x where x.number = c.number and x.state = 'waiting' and x.id <= c.id);
	perform wish_say(p_at, c.phone, c.language,
		case c.state when 'in' then 'claim_in' when 'held' then 'claim_held' when 'waiting' then 'claim_waiting' when 'late' then 'claim_late'
		             when 'dropped' then 'claim_dropped' when 'lapsed' then 'claim_lapsed' else 'claim_over' end,
		c.number, jsonb_build_object('count', c.people::text, 'place', v_before::text), p_message_id);
end $$;

-- Many who came too late, each in his language, in one statement.
create function wish_claims_late(p_at timestamptz, p_number int8, p_ids int8[]) returns void
language plpgsql set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_out int8[] := make_ids('outbox_seq', p_at, cardinality(p_ids));
	v_zh text := template_render('claim_late', 'zh', wish_params(p_number, 'zh'));
	v_ko text := template_render('claim_late', 'ko', wish_params(p_number, 'ko'));
	v_until timestamptz := p_at + setting_interval('reply_keep');
	v_city int4 := city();
	v_channel text;
begin
	insert into outbox (id, city, created_at, not_after, message_id, number, priority, channel, link, source, destination, language, template, params, body)
	select t.out, v_city, p_at, v_until, i.id, p_number, 1, i.channel, i.link, i.destination, c.phone, c.language, 'claim_late', null,
	       case c.language when 'ko' then v_ko else v_zh end
	  from (select unnest(v_out) as out, unnest(p_ids) as id) t join wish_claim c on c.id = t.id join inbox i on i.id = c.message_id;
	insert into outbox_waiting (id, channel, priority, not_before)
	select o.id, o.channel, 1, p_at from unnest(v_out) t (id) join outbox o on o.id = t.id;
	for v_channel in select distinct o.channel from unnest(v_out) t (id) join outbox o on o.id = t.id loop
		perform pg_notify('outbox_' || v_channel, '');
	end loop;
end $$;

-- Whom the wisher is to expect now, and whether the community has enough people.
create function wish_tell_change(p_at timestamptz, p_number int8, p_before text, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	w wish_now;
	c record;
	v_people text;
begin
	select * into w from wish_now x where x.number = p_number;
	v_people := wish_helpers(p_number, 'zh', true);
	perform wish_say(p_at, w.phone, phone_language(w.phone), case when v_people is null then 'wish_nobody' else 'wish_helpers' end, p_number, '{}', p_message_id);
	select x.phone, phone_language(x.phone) as language into c from unit_contact(wish_home(p_number)) x;
	if c.phone is not null and c.phone <> w.phone and (w.state = 'full') <> (p_before = 'full') then
		perform wish_say(p_at, c.phone, c.language, case when w.state = 'full' then 'notice_wish_full' else 'notice_wish_short' end, p_number,
			jsonb_build_object('list', coalesce(wish_helpers(p_number, c.language, true), '')), p_message_id);
	end if;
end $$;

-- ---- deciding -------------------------------------------------------------------------------------

-- The first who waits and whom the free places are enough for has them; he confirms it, unless wish_hold is 0.
create function wish_move_up(p_at timestamptz, p_number int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	c wish_claim;
	v_hold interval := setting_interval('wish_hold');
	v_from timestamptz := greatest(p_at, quiet_until(p_at, (select value from setting where key = 'quiet_hours'), town_zone()));
begin
	loop
		select x.* into c from wish_claim x join wish_now w on w.number = x.number
		 where x.number = p_number and x.state = 'waiting' and w.state in ('published', 'claimed') and x.people <= w.people - w.taken order by x.id limit 1;
		exit when not found;
		update wish_claim set state = case when v_hold > '0' then 'held' else 'in' end::claim_state, changed_at = p_at where id = c.id;
		perform wish_event_add(p_at, p_number, 'move_up', c.person_id, null, 0::int2, null, null, null, c.id);
		if v_hold > '0' then
			perform ask_open(p_at, c.phone, 'place', p_number, v_from - p_at + v_hold);
		end if;
		perform wish_claim_answer(p_at, c.id, null);
	end loop;
end $$;

-- Decides the claims of a wish that can be decided, in their order. hailan.settle_upto: the message up to which
-- the steps of a batch have come (clerk_steps); the claims of the others are not put down yet.
create function wish_settle(p_at timestamptz, p_number int8) returns void
language plpgsql set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	w wish_now;
	c wish_claim;
	v_last int8;
	v_before text;
	v_waiting int4;
	v_room int4 := setting_int('wish_waiting');
	v_state claim_state;
	v_in bool := false;
	v_late int8[];
begin
	perform from wish x where x.number = p_number for no key update;
	select max(x.id) into v_last from wish_claim x where x.number = p_number and x.state = 'asked';
	-- what came before and is not filed may be a claim, too
	v_last := least(v_last, (select min(q.id) - 1 from inbox_waiting q
		where q.id > make_id(p_at - setting_interval('wish_order'), 0) and q.id < v_last));
	v_last := least(v_last, nullif(current_setting('hailan.settle_upto', true), '')::int8);
	v_before := (select x.state from wish x where x.number = p_number);
	v_waiting := (select count(*) from wish_claim x where x.number = p_number and x.state = 'waiting');
	for c in select * from wish_claim x where x.number = p_number and x.state = 'asked' and x.id <= v_last order by x.id loop
		select * into w from wish_now x where x.number = p_number;
		exit when w.state = 'full' and v_waiting >= v_room;
		v_state := case when w.state not in ('published', 'claimed', 'full') then 'off' when c.people <= w.people - w.taken then 'in'
		                when v_waiting < v_room then 'waiting' else 'late' end;
		update wish_claim set state = v_state, changed_at = p_at, decided_at = p_at where id = c.id;
		if v_state in ('in', 'waiting') then
			perform wish_event_add(p_at, p_number, case v_state when 'in' then 'claim' else 'wait' end, c.person_id, o.unit_id, o.level, c.tools, null, c.message_id, c.id)
			   from (select) x left join wish_office(p_number, 'claim', c.phone, null) o on true;
		end if;
		v_waiting := v_waiting + (v_state = 'waiting')::int4;
		v_in := v_in or v_state = 'in';
		if v_state = 'off' then
			perform wish_say(p_at, c.phone, c.language, case when w.state in ('told', 'draft') then 'claim_early' else 'claim_over' end, p_number, '{}', c.message_id);
		else
			perform wish_claim_answer(p_at, c.id, c.message_id);
		end if;
		perform ask_end(p_at, a.id, 'claimed') from ask a where a.phone = c.phone and a.kind = 'offer' and a.number = p_number;
	end loop;
	v_late := array(select x.id from wish_claim x where x.number = p_number and x.state = 'asked' and x.id <= v_last order by x.id);
	if cardinality(v_late) > 0 then
		update wish_claim set state = 'late', changed_at = p_at, decided_at = p_at where id = any (v_late);
		perform wish_claims_late(p_at, p_number, v_late);
		perform ask_end(p_at, a.id, 'late') from wish_claim y join ask a on a.phone = y.phone and a.kind = 'offer' and a.number = p_number where y.id = any (v_late);
	end if;
	if v_in then
		perform wish_tell_change(p_at, p_number, v_before, null);
		perform case_timers(p_at, p_number);
	end if;
end $$;

-- All that wait to be decided. Called with each batch that is filed, and now and then.
create function wishes_settle(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_number int8;
	v_count int8 := 0;
begin
	for v_number in select distinct c.number from wish_claim c where c.state = 'asked' order by 1 loop
		perform wish_settle(p_at, v_number);
		v_count := v_count + 1;
	end loop;
	return v_count;
end $$;

-- ---- claims by text -------------------------------------------------------------------------------

-- How many come: "带2人" are two beside himself.
create function claim_people(p_fields jsonb) returns int2 language sql immutable set search_path = hailan, pg_temp
return least(99, greatest(1, (p_fields ->> 'people')::int4 + coalesce((p_fields ->> 'plus')::bool, false)::int4))::int2;

-- Who has claimed already and writes again: more people, fewer, other tools; or he only asks how it stands.
create function wish_claim_again(p_at timestamptz, p_number int8, p_phone text, p_fields jsonb, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	c wish_claim;
	w wish_now;
	v_people int2 := claim_people(p_fields);
	v_before text;
begin
	perform from wish x where x.number = p_number for no key update;
	select * into c from wish_claim x where x.number = p_number and x.phone = p_phone and x.state in ('in', 'held', 'waiting');
	if not found then
		return;
	end if;
	if c.state = 'held' then
		perform wish_step(p_at, p_phone, null, p_number, 'confirm', p_message_id := p_message_id);
		return;
	end if;
	select * into w from wish_now x where x.number = p_number;
	v_before := w.state;
	if c.state = 'in' and coalesce(v_people, c.people) - c.people > w.people - w.taken then
		perform wish_say(p_at, p_phone, c.language, 'claim_no_more', p_number, jsonb_build_object('count', c.people::text), p_message_id);
		return;
	end if;
	update wish_claim set people = coalesce(v_people, people), tools = coalesce(left(p_fields ->> 'tools', 256), tools), changed_at = p_at where id = c.id;
	if c.state = 'in' and v_people <> c.people then
		perform wish_event_add(p_at, p_number, case when v_people > c.people then 'claim' else 'drop' end, c.person_id, null, 0::int2,
			v_people::text, null, p_message_id, c.id);
		perform wish_move_up(p_at, p_number);
		perform wish_tell_change(p_at, p_number, v_before, null);
		perform case_timers(p_at, p_number);
	end if;
	perform wish_claim_answer(p_at, c.id, p_message_id);
end $$;

-- Claims that messages of a batch have brought, arrays side by side. Fields as of wish_step().
create function wish_claims(p_at timestamptz, p_messages int8[], p_phones text[], p_numbers int8[], p_fields text[], p_languages text[]) returns void
language plpgsql set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_city int4 := city();
	v_put int8[];
	r record;
begin
	with given as materialized (
		select unnest(p_messages) as id, unnest(p_phones) as phone, unnest(p_numbers) as number, unnest(p_fields) as fields, unnest(p_languages) as language
	), put as (
		insert into wish_claim (id, city, number, phone, person_id, language, people, tools, at, message_id, changed_at)
		select g.id, v_city, g.number, g.phone, (select case when min(p.person_id) = max(p.person_id) then min(p.person_id) end from phone p where p.number = g.phone),
		       g.language, coalesce(claim_people(nullif(g.fields, '')::jsonb), 1), left(nullif(g.fields, '')::jsonb ->> 'tools', 256), id_time(g.id), g.id, p_at
		  from given g join wish w on w.number = g.number
		 where w.phone <> g.phone and exists (
			select from phone p where p.number = g.phone
			   and (exists (select from volunteer v where v.person_id = p.person_id) or exists (select from staff s where s.person_id = p.person_id)))
		on conflict (number, phone) where state in ('asked', 'in', 'held', 'waiting') do nothing
		returning id
	)
	select coalesce(array_agg(id), '{}') into v_put from put;
	perform wishes_settle(p_at);
	if cardinality(v_put) = cardinality(p_messages) then
		return;
	end if;
	for r in
		select g.*, exists (select from wish_claim c where c.number = g.number and c.phone = g.phone and c.state in ('asked', 'in', 'held', 'waiting')) as has,
		       (select w.phone from wish w where w.number = g.number) = g.phone as own
		  from (select unnest(p_messages) as id, unnest(p_phones) as phone, unnest(p_numbers) as number, unnest(p_fields) as fields, unnest(p_languages) as language) g
		 where g.id <> all (v_put) order by g.id
	loop
		if r.has then
			perform wish_claim_again(p_at, r.number, r.phone, nullif(r.fields, '')::jsonb, r.id);
		else
			perform wish_say(p_at, r.phone, r.language, case when r.own then 'claim_own' else 'claim_stranger' end, r.number, '{}', r.id);
		end if;
	end loop;
end $$;

-- ---- the end of a claim ---------------------------------------------------------------------------

-- Which claim a step is about: the sender's, the one that has lapsed, or who did not come, by telephone, its last
-- digits or name; without any the only one.
create function wish_claim_meant(p_number int8, p_action text, p_phone text, p_fields jsonb) returns int8
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_who text := coalesce(p_fields ->> 'who', '');
	v_ids int8[];
begin
	select array_agg(c.id order by c.id) into v_ids from wish_claim c left join person pe on pe.id = c.person_id
	 where c.number = p_number
	   and case p_action
		when 'drop' then c.phone = p_phone and c.state in ('in', 'held', 'waiting')
		when 'confirm' then c.phone = p_phone and c.state = 'held'
		when 'lapse' then c.phone = v_who and c.state = 'held'
		else c.state = 'in' and (v_who = '' or c.phone = v_who or v_who ~ '^\d{4,}$' and c.phone like '%' || v_who or position(pe.name in v_who) > 0) end;
	return case when cardinality(v_ids) = 1 then v_ids[1] end;
end $$;

create function wish_claim_end(p_at timestamptz, p_number int8, p_claim int8, p_action text, p_person int8, p_unit int4, p_level int2,
	p_reason text, p_channel text, p_message_id int8, p_actor text) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	c wish_claim;
	v_before text := (select w.state from wish w where w.number = p_number);
begin
	select * into c from wish_claim x where x.id = p_claim;
	update wish_claim set changed_at = p_at,
	       state = case p_action when 'confirm' then 'in' when 'drop' then 'dropped' when 'lapse' then 'lapsed' else 'absent' end::claim_state where id = p_claim;
	perform wish_event_add(p_at, p_number, p_action, p_person, p_unit, p_level, p_reason, p_channel, p_message_id, p_claim);
	perform ask_end(p_at, a.id, p_action) from ask a where a.phone = c.phone and a.number = p_number and a.kind = 'place';
	if p_action = 'absent' then
		perform wish_tell(p_at, p_number, p_action, p_actor, p_reason, p_message_id);
	else
		perform wish_claim_answer(p_at, p_claim, p_message_id);
	end if;
	if p_action <> 'confirm' then
		perform wish_move_up(p_at, p_number);
	end if;
	if p_action = 'confirm' or c.state = 'in' then
		perform wish_tell_change(p_at, p_number, v_before, null);
	end if;
	perform case_timers(p_at, p_number);
	return (select w.state from wish w where w.number = p_number);
end $$;

-- ---- questions ------------------------------------------------------------------------------------

-- offer: a wish that a volunteer was told of. place: a place that is held for who has waited.
insert into ask_kind (kind, answered, silent, how) values
	('offer', 'offer_answered', null, 'answer_how_offer'),
	('place', 'place_answered', 'place_silent', 'answer_how_offer');

create function offer_answered(p_at timestamptz, p_ask ask, p_yes bool, p_reason text, p_language text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
begin
	if p_yes then
		perform wish_claims(p_at, array[p_message_id], array[p_ask.phone], array[p_ask.number], array['{}'], array[p_language]);
	else
		perform wish_say(p_at, p_ask.phone, p_language, 'answer_thanks', p_ask.number, '{}', p_message_id);
	end if;
	return 'ok';
end $$;

create function place_answered(p_at timestamptz, p_ask ask, p_yes bool, p_reason text, p_language text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
begin
	return (wish_step(p_at, p_ask.phone, null, p_ask.number, case when p_yes then 'confirm' else 'drop' end, p_message_id := p_message_id)).code;
end $$;

create function place_silent(p_at timestamptz, p_ask ask) returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	perform wish_step(p_at, null, null, p_ask.number, 'lapse', null, jsonb_build_object('who', p_ask.phone));
end $$;

grant execute on function wishes_settle to hailan_clerk, hailan_timekeeper, hailan_admin;
