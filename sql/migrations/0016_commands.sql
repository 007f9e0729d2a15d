-- What staff do by text. The clerk's program has parsed the words (daemon/text/command.c); here they find
-- their case and unit, become a step, and are answered. All of it in the transaction that files the message.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- The unit that a word means: its name, a part of it, or an abbreviation of it (城管 for 城市管理行政执法局).
-- 街道, 社区: those of the case. None or several alike: null.
create function unit_find(p_word text, p_number int8) returns int4
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_word text := regexp_replace(p_word, '\s', '', 'g');
	v_part text;
	v_ids int4[];
begin
	if v_word = '' or length(v_word) > 32 then
		return null;
	elsif v_word in ('街道', '镇', '가두', '진') then
		return (select case_street(k.place_id) from "case" k where k.number = p_number);
	elsif v_word in ('社区', '村', '사회구역', '촌') then
		return (select case_home(k.place_id) from "case" k where k.number = p_number);
	end if;
	-- "城管处理一下": what follows the name may belong to the sentence
	for n in reverse length(v_word)..least(2, length(v_word)) loop
		v_part := left(v_word, n);
		with named as (
			select u.id, regexp_replace(n.name, '\s', '', 'g') as name
			  from unit u, lateral (values (u.name_zh), (u.name_ko), (unit_title(u.level, u.name_zh, u.name_ko, 'zh')), (unit_title(u.level, u.name_zh, u.name_ko, 'ko'))) n (name)
			 where u.level not in ('grid', 'landmark', 'city') and n.name is not null
			union
			select u.id, a.name from unit_alias a join unit u on u.id = a.unit_id where u.level not in ('grid', 'landmark', 'city')
		), ranked as (
			select x.id, min(case when x.name = v_part then 0 when starts_with(x.name, v_part) then 1000 when position(v_part in x.name) > 0 then 2000
			                      when n >= 2 and x.name ~ (case when n < length(v_word) then '^' else '' end
			                                                || (select string_agg(regexp_replace(c, '([^[:alnum:]])', '\\\1'), '.*') from string_to_table(v_part, null) c))
			                      then 3000 end + length(x.name)) as rank
			  from named x group by x.id
		)
		select array_agg(r.id) into v_ids from ranked r where r.rank = (select min(y.rank) from ranked y);
		exit when cardinality(v_ids) = 1;
	end loop;
	return case when cardinality(v_ids) = 1 then v_ids[1] end;
end $$;

-- The open cases with which somebody may do this now, the oldest first; among the newest that are near him.
create function command_cases(p_phone text, p_action text) returns table (number int8, category text, light light, state case_state)
language sql stable set search_path = hailan, pg_temp as $$
	with recursive mine as (
		select s.unit_id as id from phone p join staff s on s.person_id = p.person_id where p.number = p_phone
		union select u.id from unit u join mine m on u.parent_id = m.id
	), near as (
		select k.number, k.category, k.state from "case" k
		 where k.state <> 'closed' and (k.unit_id in (select id from mine) or k.place_id in (select id from mine))
		   and exists (select from case_transition t where t.action = p_action and t.from_state = k.state)
		 order by k.number desc limit 100
	)
	select n.number, n.category, l.light, n.state from near n join case_state_light l on l.state = n.state
	 where exists (select from case_office(n.number, p_action, p_phone, null)) order by n.number limit 8
$$;

create function command_list(p_phone text, p_action text, p_language text) returns jsonb language sql stable set search_path = hailan, pg_temp as $$
	select jsonb_build_object('count', count(*)::text, 'number', min(x.number)::text,
	       'list', string_agg(x.number || coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, '')
	               || case p_language when 'ko' then case x.light when 'red' then '적' when 'yellow' then '황' else '청' end
	                                  else case x.light when 'red' then '红' when 'yellow' then '黄' else '蓝' end end, ' ' order by x.number))
	  from command_cases(p_phone, p_action) x left join category c on c.code = x.category
$$;

-- One command of a member of staff; the answers go out. Returns how it ended, for the record.
create function command_run(p_at timestamptz, p_phone text, p_language text, p_action text, p_number int8, p_word text, p_days int4, p_reason text,
	p_message_id int8, p_confirmed case_state default null)
returns text language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_action text := p_action;
	v_number int8 := nullif(p_number, 0);
	v_target int8;
	v_list jsonb;
	v_level int2 := (select max(s.level) from phone p join staff s on s.person_id = p.person_id where p.number = p_phone);
	v_code text;
	v_state case_state;
	r record;
begin
	if v_action = 'help' then
		perform say(p_at, p_phone, p_language, coalesce((array['help_grid', 'help_community', 'help_office', 'help_city'])[v_level], 'help_volunteer'), '{}', null, p_message_id);
		return 'ok';
	elsif v_action = 'list' and v_level is null then
		v_list := wish_choice(p_phone, p_language);
		perform say(p_at, p_phone, p_language, case when v_list ->> 'number' is null then 'list_no_wishes' else 'list_wishes' end, v_list, null, p_message_id);
		return 'ok';
	elsif v_action = 'list' then
		v_list := lists_joined(command_list(p_phone, 'look', p_language), wish_list(p_phone, 'look', p_language));
		perform look_note(p_at, 'list', v_list ->> 'number' is not null, p_by := p_phone);
		perform say(p_at, p_phone, p_language, case when v_list ->> 'number' is null then 'list_none' else 'list_mine' end, v_list, null, p_message_id);
		return 'ok';
	end if;
	if v_number is null then
		if v_action = 'accept' and exists (select from ask a where a.phone = p_phone and a.kind in ('offer', 'place') and a.expires_at > p_at)
		   and not exists (select from command_cases(p_phone, v_action)) then
			return wish_claim_bare(p_at, p_phone, p_language, p_word, p_message_id);
		end if;
		-- "收到" after any text of ours is politeness
		v_list := command_list(p_phone, v_action, p_language);
		if (v_list ->> 'count')::int4 = 0 and v_action = 'accept' then
			return 'nothing';
		elsif (v_list ->> 'count')::int4 <> 1 then
			perform say(p_at, p_phone, p_language, case (v_list ->> 'count')::int4 when 0 then 'no_case_for_it' else 'which_case' end, v_list, null, p_message_id);
			return 'which';
		end if;
		v_number := (v_list ->> 'number')::int8;
	end if;
	select n.state into v_state from case_now n where n.number = coalesce((select f.parent_number from case_life f where f.number = v_number), v_number);
	if v_state is null then
		if v_action = 'look' then
			perform look_note(p_at, 'case', false, v_number, p_by := p_phone);
		end if;
		perform say(p_at, p_phone, p_language, 'number_unknown', jsonb_build_object('number', v_number::text), null, p_message_id);
		return 'no_such_case';
	end if;
	-- what was meant where the word alone does not fit
	v_action := case when v_action = 'refuse' and v_state in ('done_claimed', 'community_reported', 'street_evaluating') then 'rework'
	                 when v_action = 'accept' and v_state = 'community_reported' then 'look_into'
	                 when v_action = 'done' and v_state = 'done_claimed' then 'report' else v_action end;
	case (select a.needs from case_action a where a.action = v_action)
	when 'days' then v_target := p_days;
	when 'case' then v_target := nullif(p_word, '')::int8;
	when 'unit' then
		v_target := case when coalesce(p_word, '') <> '' then unit_find(p_word, v_number)
		                 else (select c.department_id from "case" k join category c on c.code = k.category where k.number = v_number) end;
		if v_target is null and coalesce(p_word, '') <> '' then
			perform say(p_at, p_phone, p_language, 'no_unit', jsonb_build_object('text', p_word, 'number', v_number::text), v_number, p_message_id);
			return 'no_unit';
		end if;
		if v_level <= 2 and unit_kind(v_target::int4) in ('street', 'community') then
			v_action := 'pass_up';
		end if;
	else null;
	end case;
	if v_action in ('done', 'explain', 'outside', 'start') then
		-- done before it was taken: taken, then done
		select * into r from case_step(p_at, p_phone, null, v_number, v_action, null, v_target, p_reason, null, p_message_id, p_try := true);
		if r.code = 'not_yours' or r.code = 'wrong_state' then
			select * into r from case_step(p_at, p_phone, null, v_number, 'accept', null, null, null, null, p_message_id);
		end if;
	end if;
	if p_confirmed is null and (select a.confirm from case_action a where a.action = v_action) = 'code' then
		select * into r from case_step(p_at, p_phone, null, v_number, v_action, null, v_target, p_reason, null, p_message_id, p_try := true);
		if r.code = 'ok' then
			perform command_ask_code(p_at, p_phone, p_language, v_number, p_message_id,
				jsonb_build_object('action', v_action, 'number', v_number, 'word', p_word, 'days', p_days, 'reason', p_reason, 'state', r.state));
			return 'confirm';
		end if;
	else
		select * into r from case_step(p_at, p_phone, null, v_number, v_action, p_confirmed, v_target, p_reason, null, p_message_id);
	end if;
	if v_action = 'look' then
		perform look_note(p_at, 'case', r.code = 'ok', v_number, (select k.person_id from "case" k where k.number = v_number),
			(select k.phone from "case" k where k.number = v_number), p_by := p_phone);
	end if;
	if r.code = 'ok' and v_action = 'look' then
		perform say(p_at, p_phone, p_language, 'look_case', case_params(r.number, p_language, v_number), v_number, p_message_id);
	elsif r.code <> 'ok' then
		perform say(p_at, p_phone, p_language, case r.code when 'no_such_case' then 'number_unknown' else 'no_' || r.code end, case_params(r.number, p_language, v_number), v_number, p_message_id);
	end if;
	return r.code;
end $$;

-- The number that only the telephone's owner can read.
create function command_ask_code(p_at timestamptz, p_phone text, p_language text, p_number int8, p_message_id int8, p_held jsonb) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_code text := (1000 + ('x' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 7))::bit(28)::int4 % 9000)::text;
begin
	perform ask_end(p_at, a.id, 'replaced') from ask a where a.phone = p_phone and a.kind = 'confirm';
	perform ask_open(p_at, p_phone, 'confirm', p_number, setting_interval('ask_confirm'), v_code, p_held);
	perform say(p_at, p_phone, p_language, 'confirm_code', jsonb_build_object('number', p_number::text, 'code', v_code), p_number, p_message_id);
end $$;

create function command_confirmed(p_at timestamptz, p_phone text, p_language text, p_ask int8, p_code text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	a ask;
begin
	select * into a from ask x where x.id = p_ask;
	if a.code <> p_code then
		update ask set tries = tries + 1 where id = p_ask;
		if a.tries + 1 >= setting_int('ask_tries') then
			perform ask_end(p_at, p_ask, 'wrong');
		end if;
		perform say(p_at, p_phone, p_language, 'confirm_wrong', jsonb_build_object('number', a.number::text), a.number, p_message_id);
		return 'confirm_wrong';
	end if;
	perform ask_end(p_at, p_ask, 'done');
	return command_run(p_at, p_phone, p_language, a.held ->> 'action', a.number, a.held ->> 'word', (a.held ->> 'days')::int4, a.held ->> 'reason',
		p_message_id, (a.held ->> 'state')::case_state);
end $$;

-- What anybody may ask for by text beside steps of cases: names of functions.
create table clerk_action (
	action text primary key check (action ~ '^[a-z_]{1,24}$'),
	handler text not null check (handler ~ '^[a-z_]+$')
);
comment on column clerk_action.handler is 'function (at, phone, language, number, word, days, reason, message id) → how it ended';

-- The steps that messages of a batch ask for, in their order; called in the statement that files them.
create function clerk_steps(p_at timestamptz, p_ids int8[], p_messages int4[], p_actions text[], p_numbers int8[], p_words text[], p_days int4[],
	p_reasons text[], p_languages text[])
returns void language plpgsql security definer set search_path = hailan, pg_temp
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	s record;
	v_phone text;
	v_code text;
	v_wish bool;
	v_claims int8[] := '{}'; -- thousands may claim one wish at once: they are put down together
	v_phones text[] := '{}';
	v_numbers int8[] := '{}';
	v_fields text[] := '{}';
	v_languages text[] := '{}';
	v_handler text;
begin
	for s in
		select * from unnest(p_messages, p_actions, p_numbers, p_words, p_days, p_reasons, p_languages)
		         with ordinality as t (message, action, number, word, days, reason, language, n)
		union all select null, null, null, null, null, null, null, 2147483647 order by n
	loop
		v_phone := (select i.source from inbox i where i.id = p_ids[s.message]);
		v_wish := exists (select from wish w where w.number = s.number);
		-- what comes later in this batch waits for nobody any more, and may be a claim, too
		perform set_config('hailan.settle_upto', coalesce(p_ids[s.message]::text, ''), true);
		if s.action = 'claim' and v_wish then
			v_claims := v_claims || p_ids[s.message];
			v_phones := v_phones || v_phone;
			v_numbers := v_numbers || s.number;
			v_fields := v_fields || coalesce(s.word, '');
			v_languages := v_languages || s.language;
			continue;
		elsif cardinality(v_claims) > 0 then
			perform wish_claims(p_at, v_claims, v_phones, v_numbers, v_fields, v_languages);
			update verdict v set number = t.number from unnest(v_claims, v_numbers) as t (id, number) where v.inbox_id = t.id;
			v_claims := '{}';
			v_phones := '{}';
			v_numbers := '{}';
			v_fields := '{}';
			v_languages := '{}';
		end if;
		continue when s.action is null;
		v_handler := (select c.handler from clerk_action c where c.action = s.action);
		if v_handler is not null then
			execute format('select %I($1, $2, $3, $4, $5, $6, $7, $8)', v_handler) into v_code
				using p_at, v_phone, s.language, s.number, s.word, s.days, s.reason, p_ids[s.message];
		elsif s.action in ('publish', 'draft', 'absent', 'archive') or v_wish and s.action not in ('yes', 'no', 'digits') then
			if s.number is not null and not v_wish then
				perform say(p_at, v_phone, s.language, 'number_unknown', jsonb_build_object('number', s.number::text), null, p_ids[s.message]);
			else
				perform wish_command(p_at, v_phone, s.language, s.action, s.number, s.word, s.reason, p_ids[s.message]);
			end if;
		elsif s.action = 'claim' and s.number is null then
			perform wish_claim_bare(p_at, v_phone, s.language, s.word, p_ids[s.message]);
		elsif s.action in ('claim', 'drop') and exists (select from phone p join staff f on f.person_id = p.person_id where p.number = v_phone) then
			perform command_run(p_at, v_phone, s.language, 'note', s.number, null, null, s.reason, p_ids[s.message]);
		elsif s.action in ('claim', 'drop') then
			perform say(p_at, v_phone, s.language, 'number_unknown', jsonb_build_object('number', s.number::text), null, p_ids[s.message]);
		elsif s.action in ('yes', 'no', 'digits') then
			perform ask_answer(p_at, v_phone, s.language, s.action, nullif(s.word, ''), s.number, s.reason, p_ids[s.message]);
		elsif s.action = 'visit' then
			perform visit_command(p_at, v_phone, s.language, s.word, s.reason, s.number, p_ids[s.message]);
		elsif s.action in ('reopen', 'withdraw') and not exists (select from phone p join staff f on f.person_id = p.person_id where p.number = v_phone) then
			v_code := (case_step(p_at, v_phone, null, s.number, s.action, null, null, s.reason, null, p_ids[s.message])).code;
			if v_code <> 'ok' then
				perform say(p_at, v_phone, s.language, case v_code when 'no_such_case' then 'number_unknown' else 'no_' || v_code end,
					case_params(s.number, s.language) || jsonb_build_object('number', s.number::text), s.number, p_ids[s.message]);
			end if;
		else
			perform command_run(p_at, v_phone, s.language, s.action, s.number, s.word, s.days, s.reason, p_ids[s.message]);
		end if;
		update verdict v set number = s.number where v.inbox_id = p_ids[s.message] and v.number is null and s.number is not null;
	end loop;
	perform wishes_settle(p_at);
end $$;

-- What a number means to the one who asks: if the phone is its reporter's, or of staff that it concerns. A
-- merged case stands where its parent does.
create or replace function case_look(p_number int8, p_phone text)
returns table (number int8, wish bool, category text, state text, light text, unit_id int4)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select k.number, false, k.category, n.state::text, n.light::text, n.unit_id
	  from "case" k left join case_life f on f.number = k.number join case_now n on n.number = coalesce(f.parent_number, k.number)
	 where k.number = p_number and (k.phone = p_phone or exists (select from case_office(n.number, 'look', p_phone, null)))
	union all
	select w.number, true, w.category, w.state, null, w.unit_id from wish w
	 where w.number = p_number
	   and (w.phone = p_phone or exists (select from phone p join staff s on s.person_id = p.person_id where p.number = p_phone))
$$;

grant execute on function clerk_steps, dialog_of to hailan_clerk, hailan_admin;
grant execute on function keep_asks to hailan_timekeeper, hailan_admin;
grant execute on function case_step, case_board, case_light_at to hailan_admin;
grant select on case_action, case_transition, case_right, case_target, case_notice, ask_kind, clerk_action to hailan_admin, hailan_reader;
grant select on case_life, case_now, ask, ask_past to hailan_admin;

-- The lights board of a unit, by code or name; the city for null.
create function ctl_board(p_unit text, p_at timestamptz) returns setof jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'), 'red', b.red, 'yellow', b.yellow, 'blue', b.blue, 'green', b.green)
	  from case_board((select x.id from unit x
	                    where case when p_unit is null then x.level = 'city'
	                               else p_unit in (x.code, x.name_zh, x.name_ko, unit_title(x.level, x.name_zh, x.name_ko, 'zh'), unit_title(x.level, x.name_zh, x.name_ko, 'ko')) end
	                    order by x.level, x.id limit 1), p_at) with ordinality b (unit_id, red, yellow, blue, green, n) join unit u on u.id = b.unit_id
	 where b.n = 1 or u.level <> 'landmark' and b.red + b.yellow + b.blue + b.green > 0
	 order by b.n
$$;
grant execute on function ctl_board to hailan_admin;

-- What its life has brought a case, beside what it was when it was filed.
alter function ctl_case(int8) rename to ctl_case_filed;
create function ctl_case(p_number int8) returns jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select ctl_case_filed(p_number) || coalesce((select jsonb_strip_nulls(jsonb_build_object('outcome', f.outcome, 'result', f.result, 'grade', f.grade,
	         'reporter_says', nullif(f.reporter_says, 'unasked'), 'parent', f.parent_number, 'refusals', nullif(f.refusals, 0),
	         'done_at', f.done_at, 'closed_at', f.closed_at, 'held_at', f.held_at, 'supervised_at', f.supervised_at,
	         'merged', (select jsonb_agg(jsonb_build_object('number', c.number, 'phone', k.phone, 'filed_at', k.filed_at) order by c.number)
	                      from case_life c join "case" k on k.number = c.number where c.parent_number = f.number)))
	    from case_life f where f.number = p_number), '{}')
$$;
grant execute on function ctl_case to hailan_admin;
