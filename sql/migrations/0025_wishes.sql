-- The life of a wish (微心愿). As with cases what may be done is data: wish_transition says from which state an
-- action leads where, wish_right who may do it, wish_notice who is told. An event moves a wish and nothing
-- else does. Who helps stands in wish_claim; that there are never more of them than places is a check.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create table wish_action (
	action text primary key check (action ~ '^[a-z_]{1,32}$'),
	needs_reason bool not null default false,
	help text not null
);
insert into wish_action (action, needs_reason, help) values
	('draft', false, 'write down what, when, where, how many people, which tools, for whom'),
	('publish', false, 'let people claim it; allies are told first, then volunteers in waves'),
	('change', false, 'change what was published'),
	('wave', false, 'the next volunteers are told'),
	('remind', false, 'who comes is reminded, or the community asked how it went'),
	('claim', false, 'come and help'),
	('wait', false, 'come when somebody else does not'),
	('move_up', false, 'a place is free: the first who waits has it'),
	('confirm', false, 'who moved up comes'),
	('drop', false, 'cannot come after all'),
	('lapse', false, 'who moved up has not answered in time'),
	('absent', false, 'did not come'),
	('done', false, 'what was done, how many came, how long'),
	('archive', false, 'filed for good'),
	('withdraw', false, 'the wisher needs it no more'),
	('cancel', true, 'the community does not have it done'),
	('expire', false, 'nobody has claimed it for too long'),
	('note', true, 'a note'),
	('look', false, 'how it stands');

-- guard: how many of the places are then taken: none, some, all. Empty: it does not matter.
create table wish_transition (
	action text not null references wish_action,
	from_state text not null references wish_state,
	to_state text not null references wish_state,
	guard text not null default '' check (guard in ('', 'none', 'some', 'all')),
	primary key (action, from_state, guard)
);
insert into wish_transition (action, from_state, to_state, guard)
select a, f, t, coalesce(g, '') from (values
	('draft', 'told draft', 'draft', null),
	('publish', 'told draft expired', 'published', null),
	('done', 'published claimed full', 'done', null),
	('archive', 'done', 'archived', null),
	('withdraw', 'told draft published claimed full', 'withdrawn', null),
	('cancel', 'told draft published claimed full', 'withdrawn', null),
	('expire', 'published', 'expired', null)) as v (a, fs, t, g), string_to_table(v.fs, ' ') as f
union all
select a, f, g.to_state, g.guard from (values
	('change', 'published claimed full'), ('claim', 'published claimed'), ('move_up', 'published claimed'),
	('drop', 'claimed full'), ('lapse', 'claimed full'), ('absent', 'claimed full')) as v (a, fs), string_to_table(v.fs, ' ') as f,
	(values ('none', 'published'), ('some', 'claimed'), ('all', 'full')) as g (guard, to_state)
 where not (a in ('claim', 'move_up') and g.guard = 'none') and not (a in ('drop', 'lapse', 'absent') and g.guard = 'all');
-- what leaves the state as it is
insert into wish_transition (action, from_state, to_state, guard)
select a, s.state, s.state, case when a <> 'drop' then '' when s.state = 'full' then 'all' else 'none' end from wish_state s, (values
	('wait', 'published claimed full'), ('wave', 'published claimed'), ('remind', 'claimed full'), ('confirm', 'claimed full'),
	('drop', 'published full'),
	('note', 'told draft published claimed full done archived withdrawn expired'),
	('look', 'told draft published claimed full done archived withdrawn expired')) as v (a, states)
 where s.state = any (string_to_array(v.states, ' '));

-- Who may: a level (requirements row 35; 0: anybody else, or the system) and how he stands to the wish:
--   home      his unit is the community or village where it lies (or the street, the city, where none is known)
--   area      it lies in his unit's area
--   city      his unit is the city
--   wisher    it is his telephone that it was told by, or for
--   helper    he has claimed it
--   volunteer he is a registered volunteer
--   staff     he is staff anywhere
--   system    a timer
create table wish_right (
	action text not null references wish_action,
	level int2 not null check (level between 0 and 4),
	relation text not null check (relation in ('home', 'area', 'city', 'wisher', 'helper', 'volunteer', 'staff', 'system')),
	primary key (action, level, relation)
);
insert into wish_right (action, level, relation)
select a, l::int2, r from (values
	('draft', '1', 'area'), ('draft', '2 3 4', 'home'),
	('publish', '2 3 4', 'home'), ('change', '2 3 4', 'home'), ('absent', '2 3 4', 'home'), ('done', '2 3 4', 'home'),
	('archive', '2 3 4', 'home'), ('archive', '0', 'system'),
	('cancel', '2 3 4', 'home'), ('cancel', '4', 'city'),
	('claim', '0', 'volunteer'), ('claim', '1 2 3 4', 'staff'), ('wait', '0', 'volunteer'), ('wait', '1 2 3 4', 'staff'),
	('move_up', '0', 'system'), ('lapse', '0', 'system'), ('wave', '0', 'system'), ('remind', '0', 'system'), ('expire', '0', 'system'),
	('confirm', '0 1 2 3 4', 'helper'), ('drop', '0 1 2 3 4', 'helper'),
	('withdraw', '0', 'wisher'),
	('note', '1 2 3', 'area'), ('note', '4', 'city'),
	('look', '1 2 3', 'area'), ('look', '4', 'city'), ('look', '0', 'wisher'), ('look', '0 1 2 3 4', 'helper'))
	as v (a, ls, r), string_to_table(v.ls, ' ') as l;

-- Who is told what. actor: who did it; wisher; home: the community; helpers: who has a place; waiting: who
-- waits for one. One message to a telephone: the first row counts.
create table wish_notice (
	action text not null references wish_action,
	ord int2 not null,
	audience text not null check (audience in ('actor', 'wisher', 'home', 'helpers', 'waiting')),
	template text not null,
	primary key (action, ord)
);
insert into wish_notice (action, ord, audience, template) values
	('draft', 1, 'actor', 'ack_draft'),
	('publish', 1, 'actor', 'ack_publish'), ('publish', 2, 'wisher', 'wish_published'),
	('change', 1, 'actor', 'ack_publish'), ('change', 2, 'helpers', 'helper_changed'),
	('done', 1, 'actor', 'ack_wish_done'), ('done', 2, 'helpers', 'helper_thanks'), ('done', 3, 'wisher', 'wish_done'),
	('archive', 1, 'actor', 'ack_wish'),
	('withdraw', 1, 'wisher', 'wish_withdrawn'), ('withdraw', 2, 'home', 'notice_wish_withdrawn'), ('withdraw', 3, 'helpers', 'helper_off'), ('withdraw', 4, 'waiting', 'helper_off'),
	('cancel', 1, 'actor', 'ack_wish'), ('cancel', 2, 'wisher', 'wish_cancelled'), ('cancel', 3, 'helpers', 'helper_off'), ('cancel', 4, 'waiting', 'helper_off'),
	('expire', 1, 'home', 'notice_wish_expired'),
	('absent', 1, 'actor', 'ack_wish'),
	('note', 1, 'actor', 'ack_note');

-- What a wish has got in its life, made at its first step.
create table wish_life (
	number int8 primary key references wish,
	step_id int8 not null,
	what text check (length(what) <= 4096),
	starts_at timestamptz,
	whole_day bool not null default false,
	place text check (length(place) <= 128),
	people int2 not null default 1 check (people between 1 and 999),
	tools text check (length(tools) <= 256),
	audience text check (length(audience) <= 256),
	taken int2 not null default 0,
	published_at timestamptz,
	waves int2 not null default 0,
	waved_at timestamptz,
	done_at timestamptz,
	came int2,
	minutes int4,
	result text check (length(result) <= 4096),
	closed_at timestamptz,
	constraint wish_places check (taken between 0 and people)
);
comment on column wish_life.step_id is 'The event that led to the state it has.';
comment on column wish_life.what is 'In the community''s words; null: in the wisher''s.';
comment on column wish_life.whole_day is 'starts_at tells the day only.';
comment on column wish_life.people is 'How many places there are; taken: how many of them have somebody.';
comment on column wish_life.came is 'How many came, how many minutes they worked and how it went, as the community filed it.';

-- asked: not decided yet. in: he has a place. held: he has one if he confirms it in time. waiting: when one is
-- free. late: all places and the list of those who wait were full. dropped: by himself; lapsed: did not confirm;
-- absent: did not come; came: he did; off: the wish was taken back.
create type claim_state as enum ('asked', 'in', 'held', 'waiting', 'late', 'dropped', 'lapsed', 'absent', 'came', 'off');

create sequence claim_seq cache 32;
create table wish_claim (
	id int8 primary key,
	city int4 not null,
	number int8 not null references wish,
	phone text not null check (length(phone) between 1 and 254),
	person_id int8,
	language text not null check (language in ('zh', 'ko')),
	people int2 not null default 1 check (people between 1 and 99),
	tools text check (length(tools) <= 256),
	state claim_state not null default 'asked',
	at timestamptz not null,
	message_id int8,
	changed_at timestamptz not null,
	decided_at timestamptz
);
create unique index wish_claim_once on wish_claim (number, phone) where state in ('asked', 'in', 'held', 'waiting');
create index wish_claim_asked on wish_claim (number, id) where state = 'asked';
create index wish_claim_open on wish_claim (number, id) where state in ('in', 'held', 'waiting');
create index wish_claim_by_phone on wish_claim (phone, at);
comment on column wish_claim.id is 'In the order of arrival: the time and number of the message.';
comment on column wish_claim.people is 'How many come, himself among them.';

-- ---- what holds whatever anybody does --------------------------------------------------------------

create function wish_event_steps() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if new.from_state is null then
		raise exception 'a wish begins as told, not as %', new.to_state using errcode = 'HA004';
	end if;
	if not exists (select from wish_transition t where t.action = new.action and t.from_state = new.from_state and t.to_state = new.to_state) then
		raise exception 'wish %: % does not lead from % to %', new.wish_number, new.action, new.from_state, new.to_state using errcode = 'HA004';
	end if;
	insert into wish_life as l (number, step_id) values (new.wish_number, new.id)
	on conflict (number) do update set step_id = excluded.step_id;
	update wish set state = new.to_state where number = new.wish_number and state = new.from_state;
	if not found then
		raise exception 'wish % is not in state %', new.wish_number, new.from_state using errcode = 'HA004';
	end if;
	return null;
end $$;
create trigger steps after insert on wish_event for each row
	when (new.to_state is not null and new.from_state is distinct from new.to_state and (new.from_state is not null or new.to_state <> 'told'))
	execute function wish_event_steps();

create function wish_state_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if tg_op = 'INSERT' or not exists (
		select from wish_life l join wish_event e on e.id = l.step_id
		 where l.number = new.number and e.wish_number = new.number and e.from_state = old.state and e.to_state = new.state) then
		raise exception 'wish %: no event led to state %', new.number, new.state using errcode = 'HA004',
			hint = 'the state of a wish is changed by wish_step() and by claims';
	end if;
	return new;
end $$;
create trigger state_guard before update of state, number on wish for each row
	when (old.state is distinct from new.state or old.number <> new.number) execute function wish_state_guard();
create trigger born_told before insert on wish for each row when (new.state <> 'told') execute function wish_state_guard();

create function wish_life_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	raise exception 'wish %: steps go forward', new.number using errcode = 'HA004';
end $$;
create trigger forward before update of step_id, number on wish_life for each row
	when (new.step_id < old.step_id or new.number <> old.number) execute function wish_life_guard();

-- Places are counted whenever a claim changes, so the check wish_places cannot be gone around.
create function wish_claim_counts() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_before int4 := case when tg_op <> 'INSERT' and old.state in ('in', 'held') then old.people else 0 end;
	v_after int4 := case when tg_op <> 'DELETE' and new.state in ('in', 'held') then new.people else 0 end;
begin
	if v_before <> v_after then
		update wish_life set taken = taken + v_after - v_before where number = coalesce(new.number, old.number);
		if not found then
			raise exception 'wish % has not been published', coalesce(new.number, old.number) using errcode = 'HA004';
		end if;
	end if;
	return null;
end $$;
create trigger counts after insert or update or delete on wish_claim for each row execute function wish_claim_counts();

-- ---- reading --------------------------------------------------------------------------------------

create view wish_now as
	select w.*, s.open, f.step_id, coalesce(f.what, w.text) as what, f.starts_at, coalesce(f.whole_day, false) as whole_day, f.place,
	       coalesce(f.people, 1::int2) as people, f.tools, f.audience, coalesce(f.taken, 0::int2) as taken, f.published_at,
	       coalesce(f.waves, 0::int2) as waves, f.waved_at, f.done_at, f.came, f.minutes, f.result, f.closed_at
	  from wish w join wish_state s on s.state = w.state left join wish_life f on f.number = w.number;
comment on view wish_now is 'Each wish with what its life has brought.';

create function wish_home(p_number int8) returns int4 language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (select case_home(coalesce(w.place_id, w.unit_id)) from wish w where w.number = p_number);
end $$;

-- The role in which somebody may do this to a wish; no row: he may not. Neither telephone nor person: the system.
create function wish_office(p_number int8, p_action text, p_phone text, p_person int8)
returns table (person_id int8, unit_id int4, level int2, relation text)
language plpgsql stable set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	return query
	with w as materialized (
		select x.phone, coalesce(nullif(unit_line(coalesce(x.place_id, x.unit_id)), '{}'), array[city_unit()]) as places,
		       case_home(coalesce(x.place_id, x.unit_id)) as home
		  from wish x where x.number = p_number
	), office as (
		select s.person_id, s.unit_id, s.level from staff s
		 where (p_person is not null and s.person_id = p_person)
		    or (p_person is null and p_phone is not null and s.person_id in (select p.person_id from phone p where p.number = p_phone))
	), may as (
		select o.person_id, o.unit_id, o.level, r.relation from w, office o join wish_right r on r.action = p_action and r.level = o.level
		 where case r.relation
			when 'home' then o.unit_id = w.home
			when 'area' then o.unit_id = any (w.places)
			when 'city' then o.unit_id = city_unit()
			when 'staff' then true
			when 'helper' then exists (select from wish_claim c where c.number = p_number and c.phone = p_phone and c.state in ('in', 'held', 'waiting'))
			else false end
		union all
		select (select min(p.person_id) from phone p where p.number = p_phone having min(p.person_id) = max(p.person_id)), null, 0::int2, r.relation
		  from w, wish_right r where r.action = p_action and r.level = 0
		   and case r.relation
			when 'wisher' then p_phone is not null and w.phone = p_phone
			when 'helper' then exists (select from wish_claim c where c.number = p_number and c.phone = p_phone and c.state in ('in', 'held', 'waiting'))
			when 'volunteer' then exists (select from phone p join volunteer v on v.person_id = p.person_id where p.number = p_phone)
			when 'system' then p_phone is null and p_person is null
			else false end
	)
	select m.person_id, m.unit_id, m.level, m.relation from may m order by m.level = 0, m.level, m.unit_id, m.relation limit 1;
end $$;

-- "金某某", "김OO": whom to expect, and nothing to find him by.
create function mask_name(p_name text, p_language text) returns text language sql immutable set search_path = hailan, pg_temp
return case when p_name is null then null
            when p_name ~ '^[가-힣]' then left(p_name, 1) || 'OO'
            else left(p_name, 1) || case p_language when 'ko' then 'OO' else '某某' end end;

-- "11月28日周六9:00", "11월 28일(토) 9:00".
create function wish_when_text(p_at timestamptz, p_whole_day bool, p_language text) returns text
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_local timestamp := p_at at time zone town_zone();
	v_day int4 := extract(isodow from v_local);
begin
	return to_char(v_local, case p_language when 'ko' then 'FMMM"월 "FMDD"일"' else 'FMMM"月"FMDD"日"' end)
		|| case p_language when 'ko' then '(' || substr('월화수목금토일', v_day, 1) || ')' else '周' || substr('一二三四五六日', v_day, 1) end
		|| case when p_whole_day then '' else case p_language when 'ko' then ' ' else '' end || to_char(v_local, 'FMHH24:MI') end;
end $$;

-- Who comes, for people who need not know more: "金某某(尾号0031)2人、石某某(尾号0032)". p_open: for staff, by name and number.
create function wish_helpers(p_number int8, p_language text, p_open bool) returns text
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (
	select string_agg(case when p_open then coalesce(pe.name, '') || phone_shown(c.phone)
	                  else coalesce(mask_name(pe.name, p_language), case p_language when 'ko' then '봉사자' else '志愿者' end)
	                       || case p_language when 'ko' then '(끝번호' else '(尾号' end || right(c.phone, 4) || ')' end
	                  || case when c.people > 1 then case p_language when 'ko' then ' 등 ' || c.people || '명' else '等' || c.people || '人' end else '' end,
	                  case p_language when 'ko' then ', ' else '、' end order by c.id)
	  from wish_claim c left join person pe on pe.id = c.person_id
	 where c.number = p_number and c.state in ('in', 'came'));
end $$;

-- What templates may name of a wish. Where it is, is told as far as the house.
create function wish_params(p_number int8, p_language text) returns jsonb language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (
	select jsonb_build_object('number', w.number::text,
	       'category', coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, case p_language when 'ko' then '소원' else '心愿' end),
	       'unit', coalesce(unit_title(u.level, u.name_zh, u.name_ko, p_language), ''), 'phone', phone_shown(u.phone),
	       'state', case p_language when 'ko' then s.name_ko else s.name_zh end,
	       'text', mask_text(w.what),
	       'address', coalesce(w.place, concat_ws(case when p_language = 'ko' then ' ' else '' end, unit_title(h.level, h.name_zh, h.name_ko, p_language),
	                  w.building || case when p_language = 'ko' then '동' else '号楼' end)),
	       'when', coalesce(wish_when_text(w.starts_at, w.whole_day, p_language), ''), 'people', w.people::text,
	       'free', (w.people - w.taken)::text, 'count', w.taken::text, 'tools', coalesce(w.tools, ''), 'audience', coalesce(w.audience, ''),
	       'list', coalesce(wish_helpers(w.number, p_language, false), ''), 'result', coalesce(mask_text(w.result), ''), 'reason', '',
	       'came', coalesce(w.came::text, ''), 'hours', coalesce(trim_scale(round(w.minutes / 60.0, 1))::text, ''))
	  from wish_now w join wish_state s on s.state = w.state left join category c on c.code = w.category left join unit u on u.id = w.unit_id
	  left join unit h on h.id = wish_home(w.number)
	 where w.number = p_number);
end $$;

create or replace function subject_params(p_number int8, p_language text) returns jsonb
language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce(case_params(p_number, p_language), wish_params(p_number, p_language));
end $$;

-- ---- telling --------------------------------------------------------------------------------------

-- Says something about a wish; a machine is told nothing that it has not asked for.
create function wish_say(p_at timestamptz, p_phone text, p_language text, p_template text, p_number int8, p_extra jsonb, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
begin
	if p_phone ~ '^\+|@' or exists (select from inbox i where i.id = p_message_id and i.source = p_phone) then
		perform say(p_at, p_phone, p_language, p_template, wish_params(p_number, p_language) || p_extra, p_number, p_message_id);
	end if;
end $$;

create function wish_tell(p_at timestamptz, p_number int8, p_action text, p_actor text, p_reason text, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	n record;
	w record;
	v_told text[] := '{}';
	v_extra jsonb := case when nullif(p_reason, '') is null then '{}' else jsonb_build_object('reason', mask_text(p_reason)) end;
begin
	for n in select * from wish_notice x where x.action = p_action order by x.ord loop
		for w in
			select p_actor as phone where n.audience = 'actor' and p_actor is not null
			union all select x.phone from wish x where x.number = p_number and n.audience = 'wisher'
			union all select c.phone from unit_contact(wish_home(p_number)) c where n.audience = 'home' and c.phone is not null
			union all (select c.phone from wish_claim c where c.number = p_number
			            and (n.audience = 'helpers' and c.state in ('in', 'held', 'came') or n.audience = 'waiting' and c.state = 'waiting') order by c.id)
		loop
			continue when w.phone = any (v_told) or w.phone = p_actor and n.audience = 'home';
			v_told := v_told || w.phone;
			perform wish_say(p_at, w.phone, phone_language(w.phone), n.template, p_number, v_extra, p_message_id);
		end loop;
	end loop;
end $$;

-- ---- the step -------------------------------------------------------------------------------------

-- How many of the places are taken, as a guard of wish_transition.
create function wish_guard(p_taken int4, p_people int4) returns text language sql immutable set search_path = hailan, pg_temp
return case when p_taken = 0 then 'none' when p_taken < p_people then 'some' else 'all' end;

-- Writes an event of a wish that is locked, and so moves it. Its guard, where the action has any, is how many
-- places are taken now. Returns the state.
create function wish_event_add(p_at timestamptz, p_number int8, p_action text, p_person int8 default null, p_unit int4 default null, p_level int2 default null,
	p_reason text default null, p_channel text default null, p_message_id int8 default null, p_claim int8 default null,
	p_came int2 default null, p_minutes int4 default null, p_result text default null) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	w wish_now;
	v_to text;
	v_last int8;
	v_id int8;
begin
	select * into w from wish_now x where x.number = p_number;
	v_to := (select t.to_state from wish_transition t where t.action = p_action and t.from_state = w.state
	          and t.guard in ('', wish_guard(w.taken, w.people)) order by t.guard desc limit 1);
	if v_to is null then
		raise exception 'wish %: no way by % from %', p_number, p_action, w.state using errcode = 'HA004';
	end if;
	-- events of a wish are in the order of their ids, whatever the clocks of two machines say
	v_last := (select max(e.id) from wish_event e where e.wish_number = p_number);
	v_id := (make_ids('event_seq', p_at, 1))[1];
	if v_id <= v_last then
		v_id := (make_ids('event_seq', id_time(v_last) + interval '1 ms', 1))[1];
	end if;
	insert into wish_event (id, city, wish_number, at, message_id, person_id, unit_id, level, from_state, to_state, action, channel, reason, claim_id, came, minutes, result)
	values (v_id, w.city, p_number, p_at, p_message_id, p_person, p_unit, p_level, w.state, v_to, p_action,
	        coalesce(p_channel, (select i.channel from inbox i where i.id = p_message_id), 'timer'),
	        left(nullif(btrim(p_reason), ''), 4096), p_claim, p_came, p_minutes, left(nullif(btrim(p_result), ''), 4096));
	insert into wish_life (number, step_id) values (p_number, v_id) on conflict do nothing;
	return v_to;
end $$;

-- The moment that a text means, for one who writes at p_at. Of p_fields: "in" days from today; "weekday" 1 to 7,
-- with "week" 0 this one, 1 the next; "month" and "day"; "hour" and "minute". Null: it names none.
create function wish_when(p_at timestamptz, p_fields jsonb, out starts_at timestamptz, out whole_day bool)
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_local timestamp := p_at at time zone town_zone();
	v_today date := v_local::date;
	v_time interval := make_interval(hours => coalesce((p_fields ->> 'hour')::int4, 0), mins => coalesce((p_fields ->> 'minute')::int4, 0));
	v_month int4 := (p_fields ->> 'month')::int4;
	v_d int4 := (p_fields ->> 'day')::int4;
	v_day date;
begin
	whole_day := p_fields -> 'hour' is null;
	if p_fields -> 'in' is not null then
		v_day := v_today + (p_fields ->> 'in')::int4;
	elsif p_fields -> 'weekday' is not null then
		v_day := date_trunc('week', v_local)::date + (p_fields ->> 'weekday')::int4 - 1 + 7 * coalesce((p_fields ->> 'week')::int4, 0);
		if p_fields -> 'week' is null and (v_day < v_today or v_day = v_today and not whole_day and v_day + v_time <= v_local) then
			v_day := v_day + 7;
		end if;
	elsif v_d is not null then
		-- the next such day
		v_day := (select d.day from (select v_today + g as day from generate_series(0, 366) g) d
		           where extract(day from d.day) = v_d and extract(month from d.day) = coalesce(v_month, extract(month from d.day)) order by 1 limit 1);
	elsif not whole_day then
		v_day := case when v_today + v_time <= v_local then v_today + 1 else v_today end;
	end if;
	starts_at := (v_day + v_time) at time zone town_zone();
	whole_day := whole_day and v_day is not null;
end $$;

-- What a text says of the plan of a wish: only what it names is changed.
create function wish_plan(p_at timestamptz, p_number int8, p_fields jsonb) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v record;
begin
	select * into v from wish_when(p_at, p_fields);
	update wish_life f set
	       people = coalesce((p_fields ->> 'people')::int2, f.people),
	       starts_at = coalesce(v.starts_at, f.starts_at), whole_day = case when v.starts_at is null then f.whole_day else v.whole_day end,
	       place = coalesce(left(p_fields ->> 'place', 128), f.place), tools = coalesce(left(p_fields ->> 'tools', 256), f.tools),
	       audience = coalesce(left(p_fields ->> 'audience', 256), f.audience), what = coalesce(left(p_fields ->> 'what', 4096), f.what)
	 where f.number = p_number;
end $$;

-- One step, whole or not at all. Nothing happens unless the code is 'ok'. p_phone, p_person: who does it, both null
-- for a timer. p_expected: the state that he saw, null for any. p_fields: the plan, or what a helper or a report
-- names: "people", "minutes", "phone" (of who did not come). Claims go another way: wish_claims().
create function wish_step(p_at timestamptz, p_phone text, p_person int8, p_number int8, p_action text, p_expected text default null,
	p_fields jsonb default '{}', p_reason text default null, p_channel text default null, p_message_id int8 default null, p_try bool default false,
	out code text, out number int8, out state text)
language plpgsql security definer set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
	w wish_now;
	a wish_action;
	o record;
	v_reason text := left(nullif(btrim(p_reason), ''), 4096);
	v_channel text;
	v_claim int8;
begin
	number := p_number;
	select * into a from wish_action x where x.action = p_action;
	perform from wish x where x.number = p_number for no key update;
	select * into w from wish_now x where x.number = p_number;
	state := w.state;
	if a.action is null or w.number is null then
		code := 'no_such_wish';
		return;
	end if;
	select * into o from wish_office(p_number, p_action, p_phone, p_person);
	if p_action in ('confirm', 'drop', 'lapse', 'absent') then
		v_claim := wish_claim_meant(p_number, p_action, p_phone, p_fields);
	end if;
	code := case
		when o.level is null then 'not_yours'
		when p_expected is not null and p_expected <> w.state then 'stale'
		when p_action in ('claim', 'wait', 'move_up') or not exists (select from wish_transition t where t.action = p_action and t.from_state = w.state) then 'wrong_state'
		when p_action in ('confirm', 'drop', 'lapse', 'absent') and v_claim is null then 'no_helper'
		when (p_fields ->> 'people')::int4 not between 1 and 999 then 'bad_people'
		when p_action = 'change' and (p_fields ->> 'people')::int4 < w.taken then 'too_few'
		when a.needs_reason and v_reason is null then 'need_reason'
		else 'ok' end;
	if code <> 'ok' or p_try then
		return;
	end if;
	v_channel := coalesce(p_channel, (select i.channel from inbox i where i.id = p_message_id), case when p_phone is null and p_person is null then 'timer' else w.channel end);
	if p_action in ('confirm', 'drop', 'lapse', 'absent') then
		state := wish_claim_end(p_at, p_number, v_claim, p_action, o.person_id, o.unit_id, o.level, v_reason, v_channel, p_message_id, p_phone);
		return;
	end if;
	if p_action in ('draft', 'publish', 'change') then
		insert into wish_life (number, step_id) values (p_number, 0) on conflict do nothing;
		perform wish_plan(p_at, p_number, p_fields);
	end if;
	state := wish_event_add(p_at, p_number, p_action, o.person_id, o.unit_id, o.level, v_reason, v_channel, p_message_id, null,
		case when p_action = 'done' then coalesce((p_fields ->> 'people')::int2, w.taken) end, case when p_action = 'done' then (p_fields ->> 'minutes')::int4 end,
		case when p_action = 'done' then coalesce(p_fields ->> 'what', v_reason) end);
	perform wish_life_step(p_at, p_number, p_action, coalesce((p_fields ->> 'people')::int2, w.taken), (p_fields ->> 'minutes')::int4, coalesce(p_fields ->> 'what', v_reason));
	perform wish_tell(p_at, p_number, p_action, p_phone, v_reason, p_message_id);
	perform wish_after(p_at, p_number, p_action);
	perform case_timers(p_at, p_number);
end $$;

-- What a step changes beside the state.
create function wish_life_step(p_at timestamptz, p_number int8, p_action text, p_came int2, p_minutes int4, p_result text) returns void
language plpgsql set search_path = hailan, pg_temp as $$
begin
	case
	when p_action = 'publish' then
		update wish_life set published_at = p_at, waves = 0, waved_at = null, closed_at = null where number = p_number;
	when p_action = 'done' then
		update wish_life set done_at = p_at, came = p_came, minutes = p_minutes, result = left(nullif(btrim(p_result), ''), 4096) where number = p_number;
	when p_action in ('archive', 'withdraw', 'cancel', 'expire') then
		update wish_life set closed_at = p_at where number = p_number;
	else
		null;
	end case;
end $$;

-- What follows a step once everybody was told: places that became free are given away, claims of a wish that has
-- ended end, too, and questions that are idle.
create function wish_after(p_at timestamptz, p_number int8, p_action text) returns void
language plpgsql set search_path = hailan, pg_temp as $$
begin
	if p_action = 'done' then
		update wish_claim set state = 'came', changed_at = p_at where number = p_number and state = 'in';
		update wish_claim set state = 'off', changed_at = p_at where number = p_number and state in ('held', 'waiting');
	elsif p_action in ('withdraw', 'cancel', 'expire') then
		update wish_claim set state = 'off', changed_at = p_at where number = p_number and state in ('in', 'held', 'waiting');
	elsif p_action = 'change' then
		perform wish_move_up(p_at, p_number);
	elsif p_action = 'publish' then
		perform wish_wave(p_at, p_number);
	end if;
	if p_action in ('done', 'withdraw', 'cancel', 'expire') then
		perform ask_end(p_at, a.id, 'idle') from ask a where a.number = p_number and a.kind in ('offer', 'place');
	end if;
end $$;

grant execute on function wish_step to hailan_admin;
grant select on wish_state, wish_action, wish_transition, wish_right, wish_notice to hailan_admin, hailan_reader;
grant select on wish_life, wish_claim, wish_now to hailan_admin;
