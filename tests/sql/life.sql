-- SPDX-License-Identifier: BSD-2-Clause
-- The life of a case: every action in every state, every action by everybody, and what a step brings with it.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();

-- ---- every pair of action and state, beside the table that the program has -----------------------
create temp table led (action text, from_states text, to_state text);
insert into led values
	('accept', 'filed with_community with_street sent_to_department refused_back', 'received'), ('accept', 'rework', 'in_work'),
	('start', 'received extended rework', 'in_work'),
	('pass_up', 'filed with_community with_street refused_back received in_work rework', 'with_street'),
	('transfer', 'filed with_community with_street sent_to_department refused_back received in_work rework', 'sent_to_department'),
	('refuse', 'with_community with_street sent_to_department received', 'refused_back'),
	('extend', 'received in_work rework', 'waiting_extension'), ('grant', 'waiting_extension', 'extended'), ('deny', 'waiting_extension', 'in_work'),
	('done', 'received in_work waiting_extension extended rework', 'done_claimed'), ('explain', 'received in_work waiting_extension extended rework', 'done_claimed'),
	('outside', 'received in_work waiting_extension extended rework', 'done_claimed'),
	('withdraw', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework', 'done_claimed'),
	('report', 'done_claimed', 'community_reported'), ('look_into', 'community_reported', 'street_evaluating'),
	('evaluate', 'community_reported street_evaluating', 'closed'),
	('rework', 'done_claimed community_reported street_evaluating', 'rework'), ('unsolved', 'done_claimed community_reported street_evaluating', 'rework'),
	('reopen', 'closed', 'rework'),
	('merge', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework done_claimed community_reported street_evaluating', 'closed'),
	('solved', 'done_claimed community_reported street_evaluating closed', '='), ('silent', 'done_claimed community_reported street_evaluating closed', '='),
	('supervise', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework done_claimed community_reported street_evaluating', '='),
	('hold', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework', '='),
	('urgent', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework', '='),
	('chase', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework done_claimed community_reported street_evaluating', '='),
	('note', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework done_claimed community_reported street_evaluating closed', '='),
	('look', 'filed with_community with_street sent_to_department refused_back received in_work waiting_extension extended rework done_claimed community_reported street_evaluating closed', '=');
create temp table tried as
	select a.action, s.state, l.to_state as wanted, null::text as code, null::text as came, null::int8 as number
	  from case_action a cross join case_state_light s
	  left join led l on l.action = a.action and s.state::text = any (string_to_array(l.from_states, ' '))
	 where a.action not in ('resume', 'criticise', 'unsupervise');
create temp table other as select case_in('filed') as number;
do $$
declare
	t record;
	v_who text;
	v_number int8;
	v_code text;
begin
	for t in select * from tried order by action, state loop
		-- the holder is the community for what only it may do, else the department
		v_number := case_in(t.state, case when t.action = 'pass_up' then 'community' else 'farm' end);
		v_who := case when t.action in ('grant', 'deny', 'supervise', 'transfer', 'urgent', 'chase', 'merge') then 'city' when t.action in ('report', 'pass_up') then 'community'
		              when t.action in ('look_into', 'evaluate', 'rework', 'reopen') then 'street' when t.action in ('withdraw', 'unsolved', 'solved') then 'reporter'
		              when t.action = 'silent' then 'system' else 'farm' end;
		v_code := step(v_who, v_number, t.action, case when t.action = 'merge' then (select number from other) when t.action = 'pass_up' then null end);
		update tried set code = v_code, number = v_number, came = (select k.state from "case" k where k.number = v_number) where action = t.action and state = t.state;
	end loop;
end $$;
select is((select count(*) from tried), (27 * 14)::int8, 'so many pairs were tried');
select is_empty($$ select action, state, wanted, code, came from tried where wanted is not null
	and (code <> 'ok' or came <> case wanted when '=' then state::text else wanted end) $$, 'what is allowed leads where it shall');
select is_empty($$ select action, state, code, came from tried where wanted is null and (code not in ('wrong_state', 'not_yours') or came <> state::text) $$,
	'everything else is refused and changes nothing');
select is_empty($$ select t.action, t.state, count(e.*) from tried t left join case_event e on e.case_number = t.number and e.action = t.action and e.at = noon('1 minute')
	group by 1, 2, t.wanted having count(e.*) <> (t.wanted is not null)::int $$, 'each step has left one event, and nothing else has');
select is_empty($$ select t.action, t.state from tried t join case_life f using (number) where t.wanted is not null
	and case t.action when 'done' then f.outcome = 'solved' and f.result = '因为' when 'explain' then f.outcome = 'explained' when 'outside' then f.outcome = 'outside'
	                  when 'withdraw' then f.outcome = 'withdrawn' when 'extend' then f.extension_asked = '2 days' when 'hold' then f.held_at is not null
	                  when 'supervise' then f.supervised_at is not null when 'evaluate' then f.closed_at is not null and f.grade = '因为'
	                  when 'solved' then f.reporter_says = 'yes' when 'silent' then f.reporter_says = 'silent'
	                  when 'unsolved' then f.reporter_says = 'no' else true end is not true $$, 'with what it brings');
select is((select count(*) from case_transition t where not exists (select from led l where l.action = t.action and t.from_state::text = any (string_to_array(l.from_states, ' ')))
	and t.action not in ('resume', 'criticise', 'unsupervise')), 0::int8, 'the table has no way that is not listed here');

-- ---- everybody and every action: own unit, below it, beside it -----------------------------------
create temp table may (action text, state text, holder text, who text);
insert into may values
	-- a case that nobody has taken, in the grid's area, meant for farm
	('accept', 'filed', 'farm', 'grid community street farm city'), ('pass_up', 'filed', 'farm', 'grid community'), ('transfer', 'filed', 'farm', 'community street city'),
	('withdraw', 'filed', 'farm', 'reporter'), ('merge', 'filed', 'farm', 'community street farm city'), ('hold', 'filed', 'farm', 'farm city'),
	('urgent', 'filed', 'farm', 'grid community street farm city'), ('note', 'filed', 'farm', 'grid community street farm city'),
	('look', 'filed', 'farm', 'grid community street farm city reporter'), ('chase', 'filed', 'farm', 'community street city reporter system'), ('supervise', 'filed', 'farm', 'city system'),
	-- sent to farm by nobody in particular
	('accept', 'sent_to_department', 'farm', 'farm city'), ('refuse', 'sent_to_department', 'farm', 'farm'), ('transfer', 'sent_to_department', 'farm', 'city'),
	('pass_up', 'sent_to_department', 'farm', ''), ('done', 'sent_to_department', 'farm', ''),
	-- held by farm
	('start', 'received', 'farm', 'farm city'), ('extend', 'received', 'farm', 'farm'), ('done', 'in_work', 'farm', 'farm city'), ('explain', 'in_work', 'farm', 'farm city'),
	('outside', 'in_work', 'farm', 'farm city'), ('refuse', 'received', 'farm', 'farm'), ('grant', 'waiting_extension', 'farm', 'city'), ('deny', 'waiting_extension', 'farm', 'city'),
	-- held by the community: its street stands above it, the grid below it
	('accept', 'with_community', 'community', 'community street city'), ('pass_up', 'received', 'community', 'community'), ('transfer', 'received', 'community', 'community street city'),
	('refuse', 'with_community', 'community', 'community street'), ('start', 'received', 'community', 'community street city'), ('extend', 'received', 'community', 'community street'),
	('grant', 'waiting_extension', 'community', 'street city'), ('deny', 'waiting_extension', 'community', 'street city'), ('done', 'received', 'community', 'community street city'),
	('hold', 'received', 'community', 'community street city'), ('merge', 'received', 'community', 'community street city'),
	-- held by the grid
	('start', 'received', 'grid', 'grid community street city'), ('pass_up', 'received', 'grid', 'grid community'), ('extend', 'received', 'grid', 'grid community street'),
	('done', 'received', 'grid', 'grid community street city'), ('grant', 'waiting_extension', 'grid', 'community street city'), ('transfer', 'received', 'grid', 'community street city'),
	('refuse', 'received', 'grid', 'community street'), ('deny', 'waiting_extension', 'grid', 'community street city'),
	('explain', 'received', 'grid', 'grid community street city'), ('outside', 'received', 'grid', 'grid community street city'),
	-- said to be done
	('report', 'done_claimed', 'farm', 'community'), ('rework', 'done_claimed', 'farm', 'community street city'), ('unsolved', 'done_claimed', 'farm', 'reporter'),
	('solved', 'done_claimed', 'farm', 'reporter'), ('silent', 'done_claimed', 'farm', 'system'), ('evaluate', 'done_claimed', 'farm', ''),
	('look_into', 'community_reported', 'farm', 'street'), ('evaluate', 'community_reported', 'farm', 'street'), ('rework', 'community_reported', 'farm', 'community street city'),
	('evaluate', 'street_evaluating', 'farm', 'street'), ('reopen', 'closed', 'farm', 'reporter community street city'),
	('look', 'closed', 'farm', 'grid community street farm city reporter');
create temp table asked (action text, state text, holder text, who text, allowed bool, code text, number int8);
do $$
declare
	m record;
	w record;
	v_number int8;
begin
	for m in select * from may loop
		for w in select name from who union all select 'system' loop
			v_number := case_in(m.state::case_state, m.holder);
			insert into asked values (m.action, m.state, m.holder, w.name, w.name = any (string_to_array(m.who, ' ')),
				step(w.name, v_number, m.action, case m.action when 'merge' then case_in('received', m.holder) end), v_number);
		end loop;
	end loop;
end $$;
select is_empty($$ select action, state, holder, who, code from asked where allowed and code <> 'ok' $$, 'each may what his level and his unit allow');
select is_empty($$ select action, state, holder, who, code from asked where not allowed and (code = 'ok' or (code <> 'not_yours' and exists (
	select from case_transition t where t.action = asked.action and t.from_state::text = asked.state) and code not in ('bad_target'))) $$, 'and nobody else: not the neighbours, not those below, not strangers');
select is_empty($$ select a.action, a.who from asked a join "case" k using (number) where not a.allowed and k.state::text <> a.state $$, 'whose attempts change nothing');
select set_has($$ select action from may $$, $$ select action from case_action where action not in ('resume', 'criticise', 'unsupervise') $$, 'every action was asked of everybody');
select is_empty($$ select r.* from case_right r where r.level > 0 and not exists (select from asked a join who w on w.name = a.who
	where a.action = r.action and w.level = r.level and a.code = 'ok') and r.action not in ('resume', 'criticise', 'unsupervise')
	-- where no community or street is known, see below
	and (r.action, r.level) not in (('report', 3), ('report', 4), ('look_into', 4), ('evaluate', 4)) $$, 'every right was used by somebody');

-- ---- where to ----------------------------------------------------------------------------------
select is(step('community', case_in('received', 'community'), 'transfer', at_unit('farm')), 'ok', 'a community sends to a department straight on');
select is(step('community', case_in('received', 'community'), 'transfer', at_unit('community2')), 'bad_target', 'not to its neighbour');
select is(step('street', case_in('received', 'street'), 'transfer', at_unit('community')), 'ok', 'a street to its community');
select is(step('street', case_in('received', 'street'), 'transfer', (select id from unit where code = '222405002004')), 'bad_target', 'not to that of another street');
select is(step('farm', case_in('received'), 'transfer', at_unit('urban')), 'bad_target', 'a department refuses and does not pass on');
select is(step('city', case_in('received'), 'transfer', at_unit('street2')), 'ok', 'the city anywhere');
select is(step('city', case_in('received'), 'transfer', at_unit('farm')), 'same_unit', 'but where it is');
select is(step('city', case_in('received'), 'transfer', at_unit('grid')), 'bad_target', 'and not to a grid');
select is(step('city', case_in('received'), 'transfer', 2147483647), 'bad_target', 'nor to what is none');
select is(step('grid', case_in('received', 'grid'), 'transfer', at_unit('farm')), 'not_yours', 'a grid worker passes up');

create temp table sent as select case_in('received', 'community') as number;
select is(step('community', number, 'transfer', at_unit('urban')), 'ok') from sent;
select is(step('community', number, 'transfer', at_unit('farm')), 'ok', 'who sent it wrongly sends it elsewhere') from sent;
select is(step('farm', number, 'accept'), 'ok') from sent;
select is(step('community', number, 'transfer', at_unit('urban')), 'not_yours', 'but takes nothing out of another''s hands') from sent;

-- ---- what is missing ---------------------------------------------------------------------------
select is(step('farm', case_in('received'), 'refuse', null, ' '), 'need_reason', 'a refusal needs a reason');
select is(step('farm', case_in('received'), 'extend', 0), 'need_days');
select is((select code from case_step(noon(), who('farm'), null, 13 * 99999999, 'accept')), 'no_such_case');
select is((select code from case_step(noon(), who('farm'), null, case_in('received'), 'fly')), 'no_such_case', 'an action that is none');
select is((select code from case_step(noon(), who('farm'), null, case_in('received'), 'done', 'in_work')), 'stale', 'compare-and-swap');
select is((select code from case_step(noon(), who('farm'), null, case_in('received'), 'done', 'received')), 'ok');
select is((select code from case_step(noon(), who('farm'), null, number, 'done', p_try := true)), 'ok', 'only tried')
  from (select case_in('received') as number) t;
select is((select count(*) from case_event e join "case" k on k.number = e.case_number where e.action = 'done' and k.state = 'received'), 0::int8, 'changes nothing');

-- ---- refused twice: the city decides -----------------------------------------------------------
create temp table r as select case_in('received', 'community') as number;
select is(step('community', number, 'transfer', at_unit('farm')), 'ok') from r;
select is(step('farm', number, 'refuse'), 'ok') from r;
select is((select unit_id from "case" k where k.number = r.number), at_unit('community'), 'back to whoever sent it') from r;
select is(step('community', number, 'transfer', at_unit('urban')), 'ok') from r;
select is(step('urban', number, 'refuse'), 'ok') from r;
select is((select unit_id from "case" k where k.number = r.number), at_unit('city'), 'the second time to the city') from r;
select is(step('city', number, 'transfer', at_unit('farm')), 'ok') from r;
select is(step('farm', number, 'refuse'), 'city_decided', 'whose word counts') from r;
select is(step('farm', number, 'accept'), 'ok') from r;

-- ---- extension, once -----------------------------------------------------------------------------
select is(step('farm', number, 'extend', 3), 'ok') from r;
select is(step('city', number, 'grant'), 'ok') from r;
select results_eq($$ select extension, extensions, extension_asked from case_life join r using (number) $$, $$ values ('3 days'::interval, 1::int2, null::interval) $$, 'granted');
select is(step('farm', number, 'start'), 'ok') from r;
select is(step('farm', number, 'extend', 3), 'extended_already', 'once') from r;

create temp table late as select case_in('received') as number;
select is(step('farm', number, 'note', null, '.', noon('1 minute')), 'ok') from late;
select is(case_limit(number), noon('3 days'), 'the limit of the rules') from late;
select is(step('farm', number, 'extend', 3, '因为', noon('3 days 1 minute')), 'too_late', 'after the limit no more') from late;
select is(step('farm', number, 'extend', 3, '因为', noon('2 days')), 'ok', 'before it') from late;

-- ---- rework, supervision, hold -------------------------------------------------------------------
select is(step('farm', number, 'done', null, '清理了'), 'ok') from r;
select is(step('community', number, 'rework', null, '还有'), 'ok') from r;
select results_eq($$ select k.rounds, k.filed_at, f.result from "case" k join case_life f using (number) join r using (number) $$, $$ values (1::int2, noon(), null::text) $$, 'rounds are counted, the first filing stays');
select is(step('city', number, 'criticise', null, '拖'), 'wrong_state', 'no criticism without supervision') from r;
select is(step('city', number, 'supervise'), 'ok') from r;
select is(step('city', number, 'supervise'), 'wrong_state', 'once') from r;
select is(step('city', number, 'criticise', null, '拖了三天'), 'ok') from r;
select is(step('street', number, 'criticise', null, '拖'), 'not_yours', 'the city alone') from r;
select is((select criticised from case_life join r using (number)), 1::int2);
select is(step('city', number, 'unsupervise'), 'ok') from r;
select is(step('farm', number, 'resume'), 'wrong_state') from r;
select is(step('farm', number, 'hold', null, '等天晴'), 'ok') from r;
select is(step('farm', number, 'hold', null, '等天晴'), 'wrong_state') from r;
select is(step('farm', number, 'resume'), 'ok') from r;

-- ---- merge ---------------------------------------------------------------------------------------
create temp table m as select case_in('filed') as child, case_in('filed') as grandchild, case_in('received') as parent;
select case_in('closed') as closed_one \gset
select is(step('community', child, 'merge', child), 'bad_target', 'not into itself') from m;
select is(step('community', child, 'merge', :closed_one), 'parent_closed') from m;
select is(step('community', child, 'merge', 13 * 99999999), 'no_such_case') from m;
select is(step('community2', child, 'merge', parent), 'not_yours') from m;
select is(step('community', grandchild, 'merge', child), 'ok') from m;
select is(step('community', child, 'merge', parent), 'ok') from m;
select results_eq($$ select f.number = m.child, f.parent_number = m.parent, f.outcome from case_life f, m where f.number in (child, grandchild) order by 1 $$,
	$$ values (false, true, 'duplicate'), (true, true, 'duplicate') $$, 'both hang on the parent');
select is((select count(*) from case_reporters(parent)), 3::int8, 'each keeps its reporter') from m;
select is(step('farm', child, 'done', null, '好'), 'ok', 'a step on a child is one on the parent') from m;
select is((select state from "case" k where k.number = m.parent), 'done_claimed') from m;
select is(step('reporter', grandchild, 'unsolved', null, '还有'), 'ok', 'also by its reporter') from m;
select is((select state from "case" k where k.number = m.parent), 'rework') from m;
select results_eq($$ select o.number, o.template from outbox o, m where o.destination = who('reporter') and o.number in (child, grandchild, parent) and o.template = 'ask_solved' order by 1 $$,
	$$ select parent, 'ask_solved' from m where false $$, 'of one telephone nobody is asked thrice') from m where false;

-- ---- who has no other way than through case_step -----------------------------------------------
grant select on m to hailan_owner;
set local role hailan_owner;
select throws_ok(format('update hailan."case" set state = %L where number = %s', s.state, m.parent), 'HA004', null, 'no plain update leads to ' || s.state)
  from m, hailan.case_state_light s where s.state <> 'rework' order by s.state;
select throws_ok(format('insert into hailan."case" (number, city, filed_at, state, channel, phone, language, text) values (%s, 1, test.noon(), ''closed'', ''sms'', ''+861'', ''zh'', '''')',
	13 * 88888888), 'HA004', null, 'no case begins at its end');
select throws_ok(format($$ insert into hailan.case_event (id, city, case_number, at, from_state, to_state, action, channel)
	select hailan.make_id(test.noon('5 days'), 1), 1, %1$s, test.noon(), 'rework', 'closed', 'evaluate', 'sms' $$, m.parent), 'HA004', null, 'no event leads where no way leads') from m;
select throws_ok(format($$ insert into hailan.case_event (id, city, case_number, at, from_state, to_state, action, channel)
	select hailan.make_id(test.noon('5 days'), 1), 1, %1$s, test.noon(), 'in_work', 'done_claimed', 'done', 'sms' $$, m.parent), 'HA004', null, 'nor from where it is not') from m;
select throws_ok(format($$ insert into hailan.case_event (id, city, case_number, at, to_state, action, channel)
	select hailan.make_id(test.noon('5 days'), 1), 1, %1$s, test.noon(), 'closed', 'filed', 'sms' $$, m.parent), 'HA004', null, 'nor from nothing') from m;
select throws_ok(format('update hailan.case_life set step_id = step_id - 1 where number = %s', m.parent), 'HA004', null, 'no event is used twice') from m;
reset role;

-- ---- lights --------------------------------------------------------------------------------------
create temp table l as select case_in('filed', 'community', noon('1 day')) as number;
select is(step('community', number, 'transfer', at_unit('farm'), null, noon('1 day 1 hour')), 'ok') from l;
select is(step('farm', number, 'accept', null, null, noon('1 day 2 hours')), 'ok') from l;
select is(step('farm', number, 'done', null, '清理', noon('2 days')), 'ok') from l;
select is(step('community', number, 'report', null, '好', noon('2 days 1 hour')), 'ok') from l;
select is(step('street', number, 'evaluate', null, '满意', noon('2 days 2 hours')), 'ok') from l;
select is(case_light_at(number, noon(t::interval))::text, w, coalesce(w, 'nothing') || ' after ' || t)
  from l, (values ('23 hours', null), ('1 day', 'red'), ('1 day 1 hour 59 minutes', 'red'), ('1 day 2 hours', 'yellow'), ('2 days', 'blue'), ('2 days 1 hour', 'blue'), ('2 days 2 hours', 'green')) v (t, w);
select is_empty($$ select k.number from case_now k where k.light is distinct from case_light_at(k.number, noon('9 days')) $$, 'every light follows from its events');
create temp table b as select t, b.* from (values ('1 day'), ('1 day 1 hour'), ('2 days'), ('2 days 2 hours')) v (t), lateral case_board(city_unit(), noon(t::interval)) b;
select is((select b.green - a.green from b, b a where b.unit_id = city_unit() and a.unit_id = city_unit() and b.t = '2 days 2 hours' and a.t = '2 days'), 1::int8, 'one more green in the whole city');
select is((select b.red - a.red from b, b a where b.unit_id = at_unit('farm') and a.unit_id = at_unit('farm') and b.t = '1 day 1 hour' and a.t = '1 day'), 1::int8, 'one more red where it was sent');
select is((select b.red - a.red from b, b a where b.unit_id = at_unit('street') and a.unit_id = at_unit('street') and b.t = '1 day 1 hour' and a.t = '1 day'), -1::int8, 'one less where it was');
select is((select count(*) from b where t = '1 day'), (select count(*) + 1 from unit where parent_id = city_unit()), 'a row for the unit and for each below it');

-- ---- who was told ---------------------------------------------------------------------------------
select results_eq($$ select o.template, w.name from outbox o join who w on w.phone = o.destination, l where o.number = l.number order by o.id $$, $$ values
	('ack_step', 'community'), ('case_transferred', 'reporter'), ('notice_transferred', 'farm'), ('ack_accept', 'farm'),
	('ack_step', 'farm'), ('ask_solved', 'reporter'), ('notice_done', 'community'), ('ack_step', 'community'), ('notice_reported', 'street'),
	('ack_step', 'street'), ('case_closed', 'reporter'), ('notice_closed', 'farm') $$, 'everybody at his time, and nobody else');
select ok(body like '%农业农村局%', 'row 31: to which department: ' || body) from outbox o, l where o.number = l.number and template = 'case_transferred';
select ok(body like '%收' || number || '%', 'a notice says what to answer: ' || body) from outbox join l using (number) where template = 'notice_transferred';
select is_empty($$ select id, sms_units(body), body from outbox where sms_units(body) > 70 $$, 'one part each');
select is_empty($$ select body from outbox where body ~ '[{}]' $$, 'every field is filled');
select is_empty('select * from templates_check()', 'every template in every language, with the same fields');
select is_empty($$ select t.name, t.language, template_render(t.name, t.language, p.params) from template t, lateral (select case_params(l.number, t.language) || jsonb_build_object('number', '1234567', 'parent', '1234580',
	'reason', repeat('很长的原因', 20), 'text', repeat('很长的话', 20), 'list', repeat('12345678路灯红 ', 9), 'count', '8', 'code', '1234', 'days', '15', 'unit', '城市管理行政执法局', 'state', '已办结待核实', 'emergency', '119', 'part', '2') as params from l) p
	where sms_units(template_render(t.name, t.language, p.params)) > 70 $$, 'and stays one part, however long the words');

select * from finish();
rollback;
