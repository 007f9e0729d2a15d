-- The life of a case. What may be done is data: case_transition says from which state an action leads
-- where, case_right who may do it, case_notice who is told. An event moves a case and nothing else does:
-- the trigger on case_event makes the step, the trigger on "case" refuses a state that no event led to.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create table case_action (
	action text primary key check (action ~ '^[a-z_]{1,32}$'),
	needs text check (needs in ('unit', 'case', 'days')),
	needs_reason bool not null default false,
	confirm text not null default 'none' check (confirm in ('none', 'code')),
	help text not null
);
comment on column case_action.needs is 'What must be named: the unit to send it to, the case to merge it into, how many days.';
comment on column case_action.confirm is 'code: a number sent to the telephone must come back first, since a sender can be forged.';
insert into case_action (action, needs, needs_reason, confirm, help) values
	('accept', null, false, 'none', 'take it up'),
	('start', null, false, 'none', 'the work has begun'),
	('pass_up', null, false, 'none', 'cannot be solved here: to the unit above'),
	('transfer', 'unit', false, 'none', 'send it to a department, a street or a community'),
	('refuse', null, true, 'none', 'not ours: back to whoever sent it; the second time the city decides'),
	('extend', 'days', true, 'none', 'ask the level above for more time'),
	('grant', null, false, 'none', 'give more time'),
	('deny', null, false, 'none', 'give no more time'),
	('done', null, false, 'none', 'done, with the result'),
	('explain', null, true, 'none', 'cannot be mended but was explained'),
	('outside', null, true, 'none', 'outside our power, with the right place to go to'),
	('report', null, false, 'none', 'the community has looked: it is done'),
	('look_into', null, false, 'none', 'the street looks into it'),
	('evaluate', null, false, 'code', 'the street''s evaluation: green'),
	('rework', null, true, 'none', 'not done: back to work'),
	('solved', null, false, 'none', 'the reporter says that it is solved'),
	('unsolved', null, false, 'none', 'the reporter says that it is not'),
	('silent', null, false, 'none', 'the reporter was asked and did not answer'),
	('reopen', null, true, 'none', 'the same trouble again'),
	('withdraw', null, false, 'none', 'the reporter needs it no more'),
	('supervise', null, false, 'none', 'the city''s inspection follows it'),
	('criticise', null, true, 'code', 'public criticism, the outcome of supervision'),
	('unsupervise', null, false, 'none', 'the inspection has ended'),
	('merge', 'case', false, 'none', 'the same matter as another case'),
	('hold', null, true, 'none', 'waits for something outside'),
	('resume', null, false, 'none', 'goes on'),
	('urgent', null, false, 'none', 'is urgent'),
	('chase', null, false, 'none', 'hurry'),
	('note', null, true, 'none', 'a note'),
	('look', null, false, 'none', 'how it stands');

-- guard: which of several ways. community, street, department: the kind of unit that it is sent to.
create table case_transition (
	action text not null references case_action,
	from_state case_state not null,
	to_state case_state not null,
	guard text not null default '' check (guard in ('', 'community', 'street', 'department')),
	primary key (action, from_state, guard)
);
insert into case_transition (action, from_state, to_state, guard)
select a, f::case_state, t::case_state, coalesce(g, '') from (values
	('accept', 'filed with_community with_street sent_to_department refused_back', 'received', null),
	('accept', 'rework', 'in_work', null),
	('start', 'received extended rework', 'in_work', null),
	('pass_up', 'filed with_community with_street refused_back received in_work rework', 'with_community', 'community'),
	('pass_up', 'filed with_community with_street refused_back received in_work rework', 'with_street', 'street'),
	('transfer', 'filed with_community with_street sent_to_department refused_back received in_work rework', 'with_community', 'community'),
	('transfer', 'filed with_community with_street sent_to_department refused_back received in_work rework', 'with_street', 'street'),
	('transfer', 'filed with_community with_street sent_to_department refused_back received in_work rework', 'sent_to_department', 'department'),
	('refuse', 'with_community with_street sent_to_department received', 'refused_back', null),
	('extend', 'received in_work rework', 'waiting_extension', null),
	('grant', 'waiting_extension', 'extended', null),
	('deny', 'waiting_extension', 'in_work', null),
	('done', 'received in_work waiting_extension extended rework', 'done_claimed', null),
	('explain', 'received in_work waiting_extension extended rework', 'done_claimed', null),
	('outside', 'received in_work waiting_extension extended rework', 'done_claimed', null),
	('withdraw', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework', 'done_claimed', null),
	('report', 'done_claimed', 'community_reported', null),
	('look_into', 'community_reported', 'street_evaluating', null),
	('evaluate', 'community_reported street_evaluating', 'closed', null),
	('rework', 'done_claimed community_reported street_evaluating', 'rework', null),
	('unsolved', 'done_claimed community_reported street_evaluating', 'rework', null),
	('reopen', 'closed', 'rework', null),
	('merge', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework done_claimed community_reported street_evaluating', 'closed', null))
	as v (a, fs, t, g), string_to_table(v.fs, ' ') as f;
-- what leaves the state as it is
insert into case_transition (action, from_state, to_state)
select a, s.state, s.state from case_state_light s, (values
	('solved', 'blue green'), ('silent', 'blue green'), ('supervise', 'red yellow blue'), ('criticise', 'red yellow blue'),
	('unsupervise', 'red yellow blue'), ('hold', 'red yellow'), ('resume', 'red yellow'), ('urgent', 'red yellow'),
	('chase', 'red yellow blue'), ('note', 'red yellow blue green'), ('look', 'red yellow blue green')) as v (a, lights)
 where s.light::text = any (string_to_array(v.lights, ' '));

-- Who may. A level (requirements row 35; 0: a resident or the system itself) and how the unit of the one
-- who acts stands to the case:
--   holder      it holds the case, or a unit below it does
--   first       nobody has taken it yet and it lies in the unit's area (row 37)
--   area        it lies in the unit's area
--   home        the unit is the community or village where it lies (or the street, the city, where no smaller is known)
--   street      the unit is the street or town where it lies (or the city, where none is known)
--   above       the unit stands above the one that holds it
--   dispatcher  the unit sent it where it is, or stands above the one that did; it sends it elsewhere only
--               while nobody there has taken it
--   city        the unit is the city
--   reporter    it is the telephone that reported it, or that of a case merged into it
--   system      a timer
create table case_right (
	action text not null references case_action,
	level int2 not null check (level between 0 and 4),
	relation text not null check (relation in ('holder', 'first', 'area', 'home', 'street', 'above', 'dispatcher', 'city', 'reporter', 'system')),
	primary key (action, level, relation)
);
insert into case_right (action, level, relation)
select a, l::int2, r from (values
	('accept', '1 2 3', 'first'), ('accept', '1 2 3 4', 'holder'),
	('start', '1 2 3 4', 'holder'),
	('pass_up', '1 2', 'first'), ('pass_up', '1 2', 'holder'),
	('transfer', '2 3', 'first'), ('transfer', '2 3', 'holder'), ('transfer', '2 3', 'dispatcher'), ('transfer', '4', 'city'),
	('refuse', '2 3', 'holder'),
	('extend', '1 2 3', 'holder'),
	('grant', '2 3 4', 'above'), ('deny', '2 3 4', 'above'),
	('done', '1 2 3 4', 'holder'), ('explain', '1 2 3 4', 'holder'), ('outside', '1 2 3 4', 'holder'),
	('withdraw', '0', 'reporter'),
	('report', '2 3 4', 'home'),
	('look_into', '3 4', 'street'), ('evaluate', '3 4', 'street'),
	('rework', '2', 'home'), ('rework', '3', 'street'), ('rework', '4', 'city'),
	('solved', '0', 'reporter'), ('unsolved', '0', 'reporter'), ('silent', '0', 'system'),
	('reopen', '0', 'reporter'), ('reopen', '2', 'home'), ('reopen', '3', 'street'), ('reopen', '4', 'city'),
	('supervise', '0', 'system'), ('supervise', '4', 'city'), ('criticise', '4', 'city'), ('unsupervise', '4', 'city'),
	('merge', '2 3', 'area'), ('merge', '2 3', 'holder'), ('merge', '4', 'city'),
	('hold', '2 3', 'holder'), ('hold', '4', 'city'), ('resume', '2 3', 'holder'), ('resume', '4', 'city'),
	('urgent', '1 2 3', 'area'), ('urgent', '1 2 3', 'holder'), ('urgent', '4', 'city'),
	('chase', '2 3', 'area'), ('chase', '2 3', 'dispatcher'), ('chase', '4', 'city'), ('chase', '0', 'reporter'), ('chase', '0', 'system'),
	('note', '1 2 3', 'area'), ('note', '1 2 3', 'holder'), ('note', '2 3', 'dispatcher'), ('note', '4', 'city'),
	('look', '1 2 3', 'area'), ('look', '1 2 3', 'holder'), ('look', '2 3', 'dispatcher'), ('look', '4', 'city'), ('look', '0', 'reporter'))
	as v (a, ls, r), string_to_table(v.ls, ' ') as l;

-- To which kind of unit a level may send: anywhere, or only below itself.
create table case_target (
	level int2 not null check (level between 1 and 4),
	kind text not null check (kind in ('community', 'street', 'department')),
	own_kind text not null check (own_kind in ('community', 'street', 'department', 'city')),
	anywhere bool not null,
	primary key (level, own_kind, kind)
);
comment on table case_target is 'A unit of own_kind may send a case to a kind: anywhere, or only to those below it.';
insert into case_target (level, own_kind, kind, anywhere) values
	(2, 'community', 'department', true),
	(3, 'street', 'department', true), (3, 'street', 'community', false),
	(3, 'department', 'department', false),
	(4, 'city', 'department', true), (4, 'city', 'street', true), (4, 'city', 'community', true);

-- Who is told what at each step. actor: who did it. holder: the unit that has it afterwards, old_holder:
-- before. Several rows of one action, one message to a telephone: the first row counts.
create table case_notice (
	action text not null references case_action,
	ord int2 not null,
	audience text not null check (audience in ('actor', 'reporters', 'holder', 'old_holder', 'dispatcher', 'home', 'street', 'above', 'city')),
	template text not null,
	primary key (action, ord)
);
insert into case_notice (action, ord, audience, template) values
	('accept', 1, 'actor', 'ack_accept'),
	('start', 1, 'actor', 'ack_step'),
	('pass_up', 1, 'actor', 'ack_step'), ('pass_up', 2, 'reporters', 'case_transferred'), ('pass_up', 3, 'holder', 'notice_transferred'),
	('transfer', 1, 'actor', 'ack_step'), ('transfer', 2, 'reporters', 'case_transferred'), ('transfer', 3, 'holder', 'notice_transferred'),
	('refuse', 1, 'actor', 'ack_step'), ('refuse', 2, 'holder', 'notice_refused'),
	('extend', 1, 'actor', 'ack_step'), ('extend', 2, 'above', 'notice_extend'),
	('grant', 1, 'actor', 'ack_step'), ('grant', 2, 'reporters', 'case_extended'), ('grant', 3, 'holder', 'notice_granted'),
	('deny', 1, 'actor', 'ack_step'), ('deny', 2, 'holder', 'notice_denied'),
	('done', 1, 'actor', 'ack_step'), ('done', 2, 'reporters', 'ask_solved'), ('done', 3, 'home', 'notice_done'),
	('explain', 1, 'actor', 'ack_step'), ('explain', 2, 'reporters', 'ask_solved'), ('explain', 3, 'home', 'notice_done'),
	('outside', 1, 'actor', 'ack_step'), ('outside', 2, 'reporters', 'ask_solved'), ('outside', 3, 'home', 'notice_done'),
	('withdraw', 1, 'reporters', 'case_withdrawn'), ('withdraw', 2, 'home', 'notice_withdrawn'), ('withdraw', 3, 'holder', 'notice_withdrawn'),
	('report', 1, 'actor', 'ack_step'), ('report', 2, 'street', 'notice_reported'),
	('look_into', 1, 'actor', 'ack_step'),
	('evaluate', 1, 'actor', 'ack_step'), ('evaluate', 2, 'reporters', 'case_closed'), ('evaluate', 3, 'holder', 'notice_closed'),
	('rework', 1, 'actor', 'ack_step'), ('rework', 2, 'reporters', 'case_rework'), ('rework', 3, 'holder', 'notice_rework'),
	('unsolved', 1, 'reporters', 'case_rework'), ('unsolved', 2, 'holder', 'notice_rework'), ('unsolved', 3, 'home', 'notice_rework'),
	('reopen', 1, 'reporters', 'case_rework'), ('reopen', 2, 'holder', 'notice_rework'), ('reopen', 3, 'home', 'notice_rework'), ('reopen', 4, 'actor', 'ack_step'),
	('solved', 1, 'actor', 'answer_thanks'),
	('supervise', 1, 'actor', 'ack_step'), ('supervise', 2, 'holder', 'notice_supervised'), ('supervise', 3, 'above', 'notice_supervised'),
	('criticise', 1, 'actor', 'ack_step'), ('criticise', 2, 'holder', 'notice_criticised'), ('criticise', 3, 'above', 'notice_criticised'),
	('unsupervise', 1, 'actor', 'ack_step'), ('unsupervise', 2, 'holder', 'notice_unsupervised'),
	('merge', 1, 'actor', 'ack_merge'), ('merge', 2, 'reporters', 'case_merged'), ('merge', 3, 'holder', 'notice_merged'),
	('hold', 1, 'actor', 'ack_step'), ('hold', 2, 'reporters', 'case_held'),
	('resume', 1, 'actor', 'ack_step'), ('resume', 2, 'holder', 'notice_resumed'),
	('urgent', 1, 'actor', 'ack_step'), ('urgent', 2, 'holder', 'notice_urgent'),
	('chase', 1, 'actor', 'ack_step'), ('chase', 2, 'holder', 'notice_chased'),
	('note', 1, 'actor', 'ack_note');

-- What a case has got in its life, made at its first step: the rows of "case" stay as they are written.
create table case_life (
	number int8 primary key references "case",
	step_id int8 not null,
	dispatch_unit_id int4 references unit,
	refusals int2 not null default 0,
	decided bool not null default false,
	extensions int2 not null default 0,
	extension_asked interval,
	extension interval not null default '0',
	parent_number int8 references "case",
	outcome text check (outcome in ('solved', 'explained', 'outside', 'withdrawn', 'duplicate')),
	result text check (length(result) <= 4096),
	grade text check (length(grade) <= 256),
	reporter_says text not null default 'unasked' check (reporter_says in ('unasked', 'asked', 'yes', 'no', 'silent')),
	done_at timestamptz,
	closed_at timestamptz,
	held_at timestamptz,
	supervised_at timestamptz,
	criticised int2 not null default 0,
	check ((parent_number is not null) = (outcome is not distinct from 'duplicate'))
);
create index on case_life (parent_number) where parent_number is not null;
comment on column case_life.step_id is 'The event that led to the state it has.';
comment on column case_life.parent_number is 'Merged into this case (并单): its reporter stays, its light is the parent''s.';
comment on column case_life.reporter_says is 'Whether it is solved. Silence is an answer of its own and never a yes.';

create index case_closed_by_phone on "case" (phone, number) where state = 'closed';
create index case_by_place on "case" (place_id) where state <> 'closed';
alter table case_event add column holder_id int4;
comment on column case_event.holder_id is 'The unit that holds the case from this event on; null: as before. Of the event filed it is unit_id.';

-- ---- what holds whatever anybody does --------------------------------------------------------------

create function case_event_steps() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if new.from_state is null then
		raise exception 'a case begins as filed, not as %', new.to_state using errcode = 'HA004';
	end if;
	if not exists (select from case_transition t where t.action = new.action and t.from_state = new.from_state and t.to_state = new.to_state) then
		raise exception 'case %: % does not lead from % to %', new.case_number, new.action, new.from_state, new.to_state using errcode = 'HA004';
	end if;
	insert into case_life as l (number, step_id) values (new.case_number, new.id)
	on conflict (number) do update set step_id = excluded.step_id;
	update "case" set state = new.to_state where number = new.case_number and state = new.from_state;
	if not found then
		raise exception 'case % is not in state %', new.case_number, new.from_state using errcode = 'HA004';
	end if;
	return null;
end $$;
create trigger steps after insert on case_event for each row
	when (new.from_state is distinct from new.to_state and (new.from_state is not null or new.to_state <> 'filed'))
	execute function case_event_steps();

create function case_state_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if tg_op = 'INSERT' or not exists (
		select from case_life l join case_event e on e.id = l.step_id
		 where l.number = new.number and e.case_number = new.number and e.from_state = old.state and e.to_state = new.state) then
		raise exception 'case %: no event led to state %', new.number, new.state using errcode = 'HA004',
			hint = 'the state of a case is changed by case_step()';
	end if;
	return new;
end $$;
create trigger state_guard before update of state, number on "case" for each row
	when (old.state is distinct from new.state or old.number <> new.number) execute function case_state_guard();
create trigger born_filed before insert on "case" for each row when (new.state <> 'filed') execute function case_state_guard();

-- An event that was used is not used again.
create function case_life_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	raise exception 'case %: steps go forward', new.number using errcode = 'HA004';
end $$;
create trigger forward before update of step_id, number on case_life for each row
	when (new.step_id < old.step_id or new.number <> old.number) execute function case_life_guard();

-- ---- reading --------------------------------------------------------------------------------------

create view case_now as
	select k.*, l.light, f.step_id, f.dispatch_unit_id, coalesce(f.refusals, 0::int2) as refusals, coalesce(f.decided, false) as decided,
	       coalesce(f.extensions, 0::int2) as extensions, f.extension_asked, coalesce(f.extension, '0') as extension, f.parent_number, f.outcome, f.result, f.grade,
	       coalesce(f.reporter_says, 'unasked') as reporter_says, f.done_at, f.closed_at, f.held_at, f.supervised_at, coalesce(f.criticised, 0::int2) as criticised
	  from "case" k join case_state_light l on l.state = k.state left join case_life f on f.number = k.number;
comment on view case_now is 'Each case with its light and what its life has brought.';

-- The light of a case at a moment, from its events alone. Null before it was filed.
create function case_light_at(p_number int8, p_at timestamptz) returns light language sql stable set search_path = hailan, pg_temp
return (select l.light from case_event e join case_state_light l on l.state = e.to_state
         where e.case_number = p_number and e.from_state is distinct from e.to_state and e.id < make_id(p_at, 0) + 2097152
         order by e.id desc limit 1);

-- The lights of a unit and of each unit right below it, at any moment, from the events alone. A case
-- counts for the unit that holds it and for all above; a merged one only with its parent.
create function case_board(p_unit int4, p_at timestamptz)
returns table (unit_id int4, red int8, yellow int8, blue int8, green int8)
language sql stable set search_path = hailan, pg_temp as $$
	with recursive tree as (
		select u.id, u.id as top from unit u where u.id = p_unit or u.parent_id = p_unit
		union all
		select u.id, t.top from unit u join tree t on u.parent_id = t.id where t.top <> p_unit
	), whole as (
		select id, top from tree where top <> p_unit
		union all select id, p_unit from tree
	), past as (
		select e.* from case_event e where e.id < make_id(p_at, 0) + 2097152
	), stood as (
		select distinct on (e.case_number) e.case_number, e.to_state, e.action from past e
		 where e.from_state is distinct from e.to_state order by e.case_number, e.id desc
	), held as (
		select distinct on (e.case_number) e.case_number, coalesce(e.holder_id, e.unit_id, city_unit()) as holder from past e
		 where e.holder_id is not null or e.action = 'filed' order by e.case_number, e.id desc
	), lit as (
		select h.holder, l.light from stood s join held h using (case_number) join case_state_light l on l.state = s.to_state where s.action <> 'merge'
	)
	select w.top, count(*) filter (where x.light = 'red'), count(*) filter (where x.light = 'yellow'),
	       count(*) filter (where x.light = 'blue'), count(*) filter (where x.light = 'green')
	  from (select distinct id, top from whole) w left join lit x on x.holder = w.id
	 group by w.top order by w.top <> p_unit, w.top
$$;

create function unit_kind(p_unit int4) returns text language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (select case when level in ('community', 'village') then 'community' when level in ('street', 'town') then 'street' else level::text end
          from unit where id = p_unit);
end $$;
create function case_home(p_place int4) returns int4 language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce(line_level(unit_line(p_place), '{community,village}'), line_level(unit_line(p_place), '{street,town}'), city_unit());
end $$;
create function case_street(p_place int4) returns int4 language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce(line_level(unit_line(p_place), '{street,town}'), city_unit());
end $$;

-- The role in which somebody may do this to a case; no row: he may not. Neither telephone nor person: the
-- system. Whoever has several offices acts in the one that may.
create function case_office(p_number int8, p_action text, p_phone text, p_person int8)
returns table (person_id int8, unit_id int4, level int2, relation text)
language plpgsql stable set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	return query
	with k as materialized (
		select c.state, c.state in ('with_community', 'with_street', 'sent_to_department', 'refused_back') as red, c.phone, coalesce(c.unit_id, city_unit()) as unit_id, unit_line(coalesce(c.unit_id, city_unit())) as holders,
		       coalesce(nullif(unit_line(c.place_id), '{}'), array[city_unit()]) as places, case_home(c.place_id) as home, case_street(c.place_id) as street,
		       unit_line(f.dispatch_unit_id) as dispatchers
		  from "case" c left join case_life f on f.number = c.number where c.number = p_number
	), office as (
		select s.person_id, s.unit_id, s.level from staff s
		 where (p_person is not null and s.person_id = p_person)
		    or (p_person is null and p_phone is not null and s.person_id in (select p.person_id from phone p where p.number = p_phone))
	), may as (
		select o.person_id, o.unit_id, o.level, r.relation from k, office o join case_right r on r.action = p_action and r.level = o.level
		 where case r.relation
			when 'holder' then o.unit_id = any (k.holders)
			when 'first' then k.state = 'filed' and o.unit_id = any (k.places)
			when 'area' then o.unit_id = any (k.places)
			when 'home' then o.unit_id = k.home
			when 'street' then o.unit_id = k.street
			when 'above' then o.unit_id = any (k.holders) and o.unit_id <> k.unit_id
			when 'dispatcher' then o.unit_id = any (k.dispatchers) and (p_action <> 'transfer' or k.red)
			when 'city' then o.unit_id = any (k.holders || k.places)
			else false end
		union all
		select (select min(p.person_id) from phone p where p.number = p_phone having min(p.person_id) = max(p.person_id)), null, 0::int2, r.relation
		  from k, case_right r where r.action = p_action and r.level = 0
		   and case r.relation
			when 'reporter' then p_phone is not null and (k.phone = p_phone or exists (
				select from case_life f join "case" c on c.number = f.number where f.parent_number = p_number and c.phone = p_phone))
			when 'system' then p_phone is null and p_person is null
			else false end
	)
	select m.person_id, m.unit_id, m.level, m.relation from may m order by m.level = 0, m.relation = 'first', m.level, m.unit_id, m.relation limit 1;
end $$;

-- ---- telling --------------------------------------------------------------------------------------

create function case_address(p_number int8, p_language text) returns text language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (
	select coalesce(nullif(concat_ws(case when p_language = 'ko' then ' ' else '' end,
	       unit_title(u.level, u.name_zh, u.name_ko, p_language),
	       k.building || case when p_language = 'ko' then '동' else '号楼' end, k.entrance || case when p_language = 'ko' then '단원' else '单元' end,
	       k.room || case when p_language = 'ko' then '호' else '' end), ''), case when p_language = 'ko' then '주소 모름' else '地址不明' end)
	  from "case" k left join unit u on u.id = case when k.place_id is null then null else case_home(k.place_id) end where k.number = p_number
	);
end $$;

-- What templates may name of a case. p_as: the number that the reader knows it by.
create function case_params(p_number int8, p_language text, p_as int8 default null) returns jsonb language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (
	select jsonb_build_object('number', coalesce(p_as, k.number)::text,
	       'category', coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, case p_language when 'ko' then '신고' else '来信' end),
	       'unit', coalesce(unit_title(u.level, u.name_zh, u.name_ko, p_language), ''), 'phone', phone_shown(u.phone),
	       'state', case p_language when 'ko' then l.name_ko else l.name_zh end,
	       'address', case_address(k.number, p_language), 'text', mask_text(k.text), 'parent', coalesce(f.parent_number, k.number)::text,
	       'reason', coalesce(f.result, ''), 'result', coalesce(f.result, case p_language when 'ko' then '다 됨' else '已办好' end), 'days', coalesce(extract(day from coalesce(f.extension_asked, f.extension))::text, ''))
	  from "case" k join case_state_light l on l.state = k.state left join category c on c.code = k.category
	  left join unit u on u.id = k.unit_id left join case_life f on f.number = k.number
	 where k.number = p_number
	);
end $$;

-- Everybody who reported it, with the number that he knows it by.
create function case_reporters(p_number int8) returns table (number int8, phone text, language text)
language plpgsql stable set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	return query
	select k.number, k.phone, coalesce((select c.language from contact c where c.number = k.phone), k.language)
	  from "case" k where k.number = p_number
	union all
	select k.number, k.phone, coalesce((select c.language from contact c where c.number = k.phone), k.language)
	  from case_life f join "case" k on k.number = f.number where f.parent_number = p_number;
end $$;

create function case_tell(p_at timestamptz, p_number int8, p_action text, p_actor text, p_old_holder int4, p_reason text, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	k record;
	n record;
	w record;
	v_told text[] := '{}';
	v_heard bool;
	v_extra jsonb := case when nullif(p_reason, '') is null then '{}' else jsonb_build_object('reason', mask_text(p_reason)) end;
begin
	select * into k from case_now x where x.number = p_number;
	for n in select * from case_notice x where x.action = p_action order by x.ord loop
		v_heard := false;
		for w in
			select p_number as number, p_actor as phone, phone_language(p_actor) as language where n.audience = 'actor' and p_actor is not null
			union all
			select r.number, r.phone, r.language from case_reporters(p_number) r
			 where n.audience = 'reporters' and (p_action <> 'merge' or r.number = p_number)
			union all
			select p_number, c.phone, phone_language(c.phone)
			  from unit_contact(case n.audience when 'holder' then case when p_action = 'merge' then (select unit_id from "case" where number = k.parent_number) else k.unit_id end
			                    when 'old_holder' then p_old_holder when 'dispatcher' then k.dispatch_unit_id
			                    when 'home' then case_home(k.place_id) when 'street' then case_street(k.place_id)
			                    when 'above' then (select coalesce(u.parent_id, u.id) from unit u where u.id = coalesce(k.unit_id, city_unit())) else city_unit() end) c
			 where n.audience not in ('actor', 'reporters') and c.phone is not null
		loop
			v_heard := true;
			-- a machine is never answered, nobody twice; who did it knows it
			continue when w.phone = any (v_told) or w.phone !~ '^\+|@' and n.audience <> 'actor'
			          or (n.audience not in ('actor', 'reporters') and w.phone is not distinct from p_actor);
			v_told := v_told || w.phone;
			perform say(p_at, w.phone, w.language, n.template, case_params(p_number, w.language, w.number) || v_extra, w.number, p_message_id,
			            k.urgent and n.audience <> 'reporters' and k.state <> 'closed');
		end loop;
		if not v_heard and n.audience = 'holder' and p_actor is not null then
			perform say(p_at, p_actor, phone_language(p_actor), 'ack_no_phone', case_params(p_number, phone_language(p_actor)), p_number, p_message_id);
		end if;
	end loop;
end $$;

-- When it must be done, by the rules of reminding; null: no limit runs.
create function case_limit(p_number int8) returns timestamptz language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (select min(due(t.started_at, r.amount, r.unit, r.next_day, case when r.unit = 'working_hours' then unit_hours(k.unit_id) end, town_zone()))
	          from timer t join rule r on r.id = t.rule_id join "case" k on k.number = t.subject where t.subject = p_number and r.family = 'close');
end $$;

-- ---- the step -------------------------------------------------------------------------------------

-- Where else an action leads to: the unit that gets it, or null and why not.
create function case_send_to(p_number int8, p_action text, p_unit int4, p_level int2, p_target int8, out unit_id int4, out kind text, out refused text)
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	t case_target;
begin
	if p_action = 'pass_up' then
		unit_id := (select u.parent_id from unit u where u.id = p_unit);
		kind := unit_kind(unit_id);
		refused := case when kind not in ('community', 'street') then 'bad_target' end;
		return;
	end if;
	unit_id := (select u.id from unit u where u.id = p_target and u.level not in ('grid', 'landmark'));
	kind := unit_kind(unit_id);
	select * into t from case_target c where c.level = p_level and c.own_kind = unit_kind(p_unit) and c.kind = case_send_to.kind;
	refused := case when t.level is null then 'bad_target'
	                when not t.anywhere and not (p_unit = any (unit_line(unit_id))) then 'bad_target'
	                when unit_id = (select k.unit_id from "case" k where k.number = p_number) and (select k.state from "case" k where k.number = p_number) <> 'filed' then 'same_unit' end;
end $$;

-- Does one step, whole or not at all: the event, which moves the case; what it brings with it; who is
-- told; the next timers. Nothing happens unless the code is 'ok'. p_phone, p_person: who does it, both
-- null for a timer. p_expected: the state that he saw, null for any. p_target: a unit, a case or days.
-- p_try: only says whether it may be done.
create function case_step(p_at timestamptz, p_phone text, p_person int8, p_number int8, p_action text, p_expected case_state default null,
	p_target int8 default null, p_reason text default null, p_channel text default null, p_message_id int8 default null, p_try bool default false,
	out code text, out number int8, out state case_state)
language plpgsql security definer set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
	k case_now;
	a case_action;
	o record;
	s record;
	t case_transition;
	v_reason text := left(nullif(btrim(p_reason), ''), 4096);
	v_holder int4;
	v_parent int8;
	v_parent_state case_state;
	v_id int8;
	v_last int8;
begin
	number := p_number;
	select * into a from case_action x where x.action = p_action;
	-- of two cases the smaller number is locked first
	if p_action = 'merge' and p_target < p_number then
		perform from "case" x where x.number = p_target for no key update;
	end if;
	perform from "case" x where x.number = p_number for no key update;
	select * into k from case_now x where x.number = p_number;
	if a.action is null or k.number is null then
		code := 'no_such_case';
		return;
	end if;
	-- a merged case goes with its parent
	if k.parent_number is not null and p_action not in ('note', 'look') then
		select x.code, x.number, x.state into code, number, state from case_step(p_at, p_phone, p_person, k.parent_number, p_action, p_expected,
			p_target, p_reason, p_channel, p_message_id, p_try) x;
		return;
	end if;
	state := k.state;
	v_holder := coalesce(k.unit_id, city_unit());
	select * into o from case_office(p_number, p_action, p_phone, p_person);
	code := case
		when o.level is null then 'not_yours'
		when p_expected is not null and p_expected <> k.state then 'stale'
		when not exists (select from case_transition x where x.action = p_action and x.from_state = k.state) then 'wrong_state'
		when p_action = 'refuse' and k.decided then 'city_decided'
		when p_action = 'extend' and k.extensions >= setting_int('extensions_max') then 'extended_already'
		when p_action = 'extend' and case_limit(p_number) < p_at then 'too_late'
		when p_action = 'hold' and k.held_at is not null or p_action = 'resume' and k.held_at is null
		  or p_action in ('criticise', 'unsupervise') and k.supervised_at is null or p_action = 'supervise' and k.supervised_at is not null
		  or p_action = 'urgent' and k.urgent then 'wrong_state'
		when p_action = 'withdraw' and k.urgent then 'not_yours'
		when a.needs = 'days' and coalesce(p_target, 0) not between 1 and 60 then 'need_days'
		when a.needs = 'unit' and p_target is null then 'need_unit'
		when a.needs = 'case' and p_target is null then 'need_case'
		when a.needs_reason and v_reason is null then 'need_reason'
		else 'ok' end;
	if code <> 'ok' then
		return;
	end if;
	select * into t from case_transition x where x.action = p_action and x.from_state = k.state and x.guard = '';
	if p_action in ('transfer', 'pass_up') then
		select * into s from case_send_to(p_number, p_action, o.unit_id, o.level, p_target);
		if s.refused is null then
			select * into t from case_transition x where x.action = p_action and x.from_state = k.state and x.guard = s.kind;
		end if;
		if s.refused is not null or t.action is null then
			code := coalesce(s.refused, 'bad_target');
			return;
		end if;
		v_holder := s.unit_id;
	elsif p_action = 'merge' then
		v_parent := coalesce((select f.parent_number from case_life f where f.number = p_target), p_target);
		select x.state into v_parent_state from "case" x where x.number = v_parent;
		code := case when v_parent_state is null then 'no_such_case' when v_parent = p_number then 'bad_target'
		             when v_parent_state = 'closed' then 'parent_closed'
		             when not exists (select from case_office(v_parent, p_action, p_phone, p_person)) then 'not_yours' else 'ok' end;
		if code <> 'ok' then
			return;
		end if;
	elsif p_action = 'accept' and o.relation = 'first' then
		v_holder := o.unit_id;
	elsif p_action = 'refuse' then
		v_holder := case when k.refusals >= 1 then city_unit() else coalesce(k.dispatch_unit_id, case_street(k.place_id)) end;
	end if;

	if p_try then
		return;
	end if;

	state := t.to_state;
	-- events of a case are in the order of their ids, whatever the clocks of two machines say
	v_last := (select max(e.id) from case_event e where e.case_number = p_number);
	v_id := (make_ids('event_seq', p_at, 1))[1];
	if v_id <= v_last then
		v_id := (make_ids('event_seq', id_time(v_last) + interval '1 ms', 1))[1];
	end if;
	insert into case_event (id, city, case_number, at, message_id, person_id, unit_id, level, from_state, to_state, action, channel, reason, holder_id)
	values (v_id, k.city, p_number, p_at, p_message_id, o.person_id, o.unit_id, o.level, k.state, t.to_state, p_action,
	        coalesce(p_channel, (select i.channel from inbox i where i.id = p_message_id), case when p_phone is null and p_person is null then 'timer' else k.channel end),
	        coalesce(v_reason, case when a.needs in ('days', 'case') then p_target::text end), nullif(v_holder, k.unit_id));
	insert into case_life (number, step_id) values (p_number, v_id) on conflict do nothing;
	update "case" x set unit_id = v_holder, urgent = x.urgent or p_action = 'urgent',
	       rounds = x.rounds + (p_action in ('rework', 'unsolved', 'reopen'))::int
	 where x.number = p_number and (x.unit_id is distinct from v_holder or p_action in ('urgent', 'rework', 'unsolved', 'reopen'));
	perform case_life_step(p_at, p_number, p_action, o.unit_id, p_target, v_parent, v_reason);
	perform case_tell(p_at, p_number, p_action, p_phone, k.unit_id, v_reason, p_message_id);
	perform case_ask(p_at, p_number, p_action, p_phone);
	perform case_timers(p_at, p_number);
end $$;

-- What a step changes beside state and holder.
create function case_life_step(p_at timestamptz, p_number int8, p_action text, p_unit int4, p_target int8, p_parent int8, p_reason text) returns void
language plpgsql set search_path = hailan, pg_temp as $$
begin
	case
	when p_action in ('transfer', 'pass_up') then
		update case_life f set dispatch_unit_id = p_unit, decided = f.decided or (f.refusals >= 2 and p_unit = city_unit()) where f.number = p_number;
	when p_action = 'refuse' then
		update case_life f set refusals = f.refusals + 1 where f.number = p_number;
	when p_action = 'extend' then
		update case_life f set extension_asked = make_interval(days => p_target::int4) where f.number = p_number;
	when p_action = 'grant' then
		update case_life f set extension = f.extension + coalesce(f.extension_asked, '0'), extension_asked = null, extensions = f.extensions + 1 where f.number = p_number;
	when p_action = 'deny' then
		update case_life f set extension_asked = null where f.number = p_number;
	when p_action in ('done', 'explain', 'outside', 'withdraw') then
		update case_life f set result = p_reason, done_at = p_at, extension_asked = null,
		       outcome = case p_action when 'done' then 'solved' when 'explain' then 'explained' when 'outside' then 'outside' else 'withdrawn' end
		 where f.number = p_number;
	when p_action = 'evaluate' then
		update case_life f set closed_at = p_at, grade = left(p_reason, 256) where f.number = p_number;
	when p_action in ('rework', 'unsolved', 'reopen') then
		update case_life f set result = null, outcome = null, grade = null, done_at = null, closed_at = null,
		       reporter_says = case when p_action = 'rework' then 'unasked' else 'no' end where f.number = p_number;
	when p_action in ('solved', 'silent') then
		update case_life f set reporter_says = case p_action when 'solved' then 'yes' else 'silent' end where f.number = p_number;
	when p_action = 'merge' then
		update case_life f set parent_number = p_parent where f.parent_number = p_number;
		update case_life f set parent_number = p_parent, outcome = 'duplicate', closed_at = p_at where f.number = p_number;
	when p_action in ('hold', 'resume') then
		update case_life f set held_at = case p_action when 'hold' then p_at end where f.number = p_number;
	when p_action in ('supervise', 'unsupervise') then
		update case_life f set supervised_at = case p_action when 'supervise' then p_at end where f.number = p_number;
	when p_action = 'criticise' then
		update case_life f set criticised = f.criticised + 1 where f.number = p_number;
	else
		null;
	end case;
end $$;

insert into setting (key, value, help) values
	('extensions_max', '1', 'how often a case may get more time');

