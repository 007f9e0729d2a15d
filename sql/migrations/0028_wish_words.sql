-- What is texted about a wish: commands of staff, claims, what a wisher takes back. The clerk's program has parsed
-- the words (daemon/text/claim.c, command.c); called from clerk_steps().
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- The open wishes with which somebody may do this now, the oldest first.
create function wish_mine(p_phone text, p_action text) returns table (number int8, category text, state text)
language sql stable set search_path = hailan, pg_temp as $$
	with recursive mine as (
		select s.unit_id as id from phone p join staff s on s.person_id = p.person_id where p.number = p_phone
		union select u.id from unit u join mine m on u.parent_id = m.id
	), near as (
		select w.number, w.category, w.state from wish w
		 where wish_open(w.state) and (w.unit_id in (select id from mine) or w.place_id in (select id from mine))
		   and exists (select from wish_transition t where t.action = p_action and t.from_state = w.state)
		 order by w.number desc limit 100
	)
	select n.number, n.category, n.state from near n where exists (select from wish_office(n.number, p_action, p_phone, null)) order by n.number limit 8
$$;

create function wish_list(p_phone text, p_action text, p_language text) returns jsonb language sql stable set search_path = hailan, pg_temp as $$
	select jsonb_build_object('count', count(*)::text, 'number', min(x.number)::text,
	       'list', string_agg(x.number || coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, ''), ' ' order by x.number))
	  from wish_mine(p_phone, p_action) x left join category c on c.code = x.category
$$;

-- What a volunteer may claim now: what he was offered, then what is near him.
create function wish_choice(p_phone text, p_language text) returns jsonb language sql stable set search_path = hailan, pg_temp as $$
	select jsonb_build_object('count', count(*)::text, 'number', (array_agg(x.number order by x.n))[1]::text,
	       'list', string_agg(x.number || coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, '') || x.free || case p_language when 'ko' then '명' else '人' end, ' ' order by x.n))
	  from (select w.number, w.category, w.people - w.taken as free,
	               row_number() over (order by exists (select from wish_offer o where o.number = w.number and o.phone = p_phone) desc,
	                                  wish_home(w.number) in (select v.community_id from volunteer v join phone p on p.person_id = v.person_id where p.number = p_phone) desc, w.number) as n
	          from wish_now w where w.state in ('published', 'claimed') and w.phone <> p_phone
	           and not exists (select from wish_claim y where y.number = w.number and y.phone = p_phone and y.state in ('in', 'held', 'waiting'))) x
	  left join category c on c.code = x.category where x.n <= 5
$$;

-- Cases, then wishes.
create function lists_joined(p_one jsonb, p_two jsonb) returns jsonb language sql immutable set search_path = hailan, pg_temp
return jsonb_build_object('count', ((p_one ->> 'count')::int4 + (p_two ->> 'count')::int4)::text, 'number', coalesce(p_one ->> 'number', p_two ->> 'number'),
	'list', concat_ws(' ', p_one ->> 'list', p_two ->> 'list'));

-- A word of staff, of a helper or of the wisher, and the wish. p_action: of the commands of cases, what that means for a
-- wish; publish, draft, absent, archive; claim, drop. p_fields: JSON, what the text names.
create function wish_command(p_at timestamptz, p_phone text, p_language text, p_action text, p_number int8, p_fields text, p_reason text, p_message_id int8)
returns text language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_fields jsonb := coalesce(nullif(p_fields, '')::jsonb, '{}');
	v_number int8 := nullif(p_number, 0);
	v_helps bool;
	v_state text;
	v_phone text;
	v_action text;
	v_list jsonb;
	r record;
begin
	if v_number is null then
		v_list := wish_list(p_phone, case p_action when 'publish' then 'publish' else p_action end, p_language);
		if (v_list ->> 'count')::int4 <> 1 then
			perform say(p_at, p_phone, p_language, case (v_list ->> 'count')::int4 when 0 then 'no_case_for_it' else 'which_case' end, v_list, null, p_message_id);
			return 'which';
		end if;
		v_number := (v_list ->> 'number')::int8;
	end if;
	select w.state, w.phone into v_state, v_phone from wish w where w.number = v_number;
	v_helps := exists (select from wish_claim c where c.number = v_number and c.phone = p_phone and c.state in ('asked', 'in', 'held', 'waiting'));
	v_action := case
		when p_action in ('accept', 'claim') then 'claim'
		when p_action in ('refuse', 'withdraw', 'drop') then case when v_helps then 'drop' when v_phone = p_phone then 'withdraw' else 'cancel' end
		when p_action = 'publish' and v_state in ('published', 'claimed', 'full') then 'change'
		when p_action in ('report', 'done') and v_state = 'done' then 'archive'
		when p_action in ('draft', 'publish', 'absent', 'archive', 'done', 'note', 'look') then p_action
		else p_action end;
	if v_action = 'claim' then
		perform wish_claims(p_at, array[p_message_id], array[p_phone], array[v_number], array[v_fields::text], array[p_language]);
		return 'ok';
	end if;
	if v_action = 'absent' then
		v_fields := jsonb_build_object('who', coalesce(p_reason, ''));
	end if;
	if not exists (select from wish_action a where a.action = v_action) then
		perform say(p_at, p_phone, p_language, 'no_wish_word', wish_params(v_number, p_language), v_number, p_message_id);
		return 'wrong_state';
	end if;
	if p_action = 'drop' and v_action = 'cancel' and not exists (select from wish_office(v_number, 'cancel', p_phone, null)) then
		perform say(p_at, p_phone, p_language, 'claim_none', wish_params(v_number, p_language), v_number, p_message_id);
		return 'no_helper';
	end if;
	select * into r from wish_step(p_at, p_phone, null, v_number, v_action, null, v_fields, p_reason, null, p_message_id);
	if r.code = 'ok' and v_action = 'look' then
		perform say(p_at, p_phone, p_language, 'look_wish', wish_params(v_number, p_language), v_number, p_message_id);
	elsif r.code <> 'ok' then
		perform say(p_at, p_phone, p_language, case r.code when 'wrong_state' then 'no_wish_state' when 'need_reason' then 'no_wish_reason' when 'not_yours' then 'no_not_yours'
			else 'no_' || r.code end, wish_params(v_number, p_language), v_number, p_message_id);
	end if;
	return r.code;
end $$;

-- A claim without a number: what he was offered or asked, if it is one thing; else which.
create function wish_claim_bare(p_at timestamptz, p_phone text, p_language text, p_fields text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_count int4;
	v_number int8;
	v_list text;
begin
	select count(*), min(a.number), string_agg(a.number::text, '、' order by a.number) into v_count, v_number, v_list
	  from ask a where a.phone = p_phone and a.kind in ('offer', 'place') and a.expires_at > p_at;
	if v_count = 0 then
		return 'nothing_open';
	elsif v_count > 1 then
		perform say(p_at, p_phone, p_language, 'claim_which', jsonb_build_object('list', v_list, 'number', v_number::text), null, p_message_id);
		return 'which';
	end if;
	return wish_command(p_at, p_phone, p_language, 'claim', v_number, p_fields, null, p_message_id);
end $$;

-- What its life has brought a wish, and who helps, beside what it was when it was told.
alter function ctl_case(int8) rename to ctl_case_without_claims;
create function ctl_case(p_number int8) returns jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select ctl_case_without_claims(p_number) || coalesce((
	select jsonb_strip_nulls(jsonb_build_object('what', nullif(w.what, w.text), 'when', wish_when_text(w.starts_at, w.whole_day, 'zh'), 'where', w.place, 'people', w.people, 'taken', w.taken,
	         'tools', w.tools, 'audience', w.audience, 'published_at', w.published_at, 'told_to', nullif((select count(*) from wish_offer o where o.number = w.number), 0),
	         'done_at', w.done_at, 'came', w.came, 'minutes', w.minutes, 'result', w.result, 'closed_at', w.closed_at,
	         'events', (select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('at', e.at, 'action', e.action, 'from', e.from_state, 'to', e.to_state,
	                           'by', nullif(concat_ws(' ', (select unit_title(x.level, x.name_zh, null, 'zh') from unit x where x.id = e.unit_id and e.level > 0),
	                                 (select x.name from person x where x.id = e.person_id)), ''), 'reason', e.reason, 'channel', e.channel)) order by e.id)
	                      from wish_event e where e.wish_number = w.number),
	         'claims', (select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('at', c.at, 'phone', c.phone, 'name', pe.name, 'people', c.people, 'tools', c.tools, 'state', c.state)) order by c.id)
	                      from (select * from wish_claim x where x.number = w.number and x.state <> 'late' order by x.id limit 200) c left join person pe on pe.id = c.person_id),
	         'late', nullif((select count(*) from wish_claim c where c.number = w.number and c.state = 'late'), 0)))
	  from wish_now w where w.number = p_number), '{}')
$$;
grant execute on function ctl_case to hailan_admin;
