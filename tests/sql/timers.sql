-- SPDX-License-Identifier: BSD-2-Clause
-- Timers: made and ended with what causes them, rung once, gathered, changed with their rules.
begin;
set local search_path = test, hailan, public;
set local timezone = 'Asia/Shanghai';
select no_plan();
-- what other tests left does not ring here
delete from timer;
delete from timer_past;

create temp view place as select (select min(id) from unit where level = 'department') as department, (select min(id) from unit where level = 'community') as community,
	(select parent_id from unit where id = (select min(id) from unit where level = 'community')) as street, (select id from unit where level = 'city') as city;
select is_empty($$ select * from import_staff((select jsonb_agg(jsonb_build_object('line', p.level, 'name', p.name, 'unit', u.code, 'level', p.level, 'phone', p.phone, 'language', p.language))
	from place, lateral (values (place.department, '部门甲', 3, '+8613900000011', 'zh'), (place.city, '市长甲', 4, '+8613900000012', 'zh'),
		(place.community, '사구갑', 2, '+8613900000013', 'ko'), (place.street, '街道甲', 3, '+8613900000014', 'zh')) p (unit, name, level, phone, language)
	join unit u on u.id = p.unit), noon()) $$, 'people to be reminded');

create function timers_of(p_number int8) returns text language sql as $$
	select string_agg(concat_ws(' ', r.name, t.step || '/' || t.cycle, to_char(t.due_at, 'MM-DD HH24:MI')), ', ' order by r.name) from timer t join rule r on r.id = t.rule_id where t.subject = p_number
$$;
create function past_of(p_number int8) returns text language sql as $$
	select string_agg(concat_ws(' ', r.name, p.step || '/' || p.cycle, p.how, to_char(p.ended_at, 'MM-DD HH24:MI')), ', ' order by p.ended_at, r.name, p.step) from timer_past p join rule r on r.id = p.rule_id where p.subject = p_number
$$;
create function told(p_since timestamptz) returns table (at text, phone text, template text, body text) language sql as $$
	select to_char(o.created_at, 'MM-DD HH24:MI'), right(o.destination, 2), o.template, o.body from outbox o
	 where o.created_at >= p_since and o.template not in ('case_filed', 'greeting') order by o.created_at, o.destination, o.id
$$;
-- Runs the keeper as time goes on, from deadline to deadline.
create function live(p_until timestamptz, p_from timestamptz) returns int language plpgsql as $$
declare
	v_at timestamptz := p_from;
	v_rings int := 0;
	r record;
begin
	loop
		select * into r from timers_ring(v_at, 100);
		v_rings := v_rings + r.rung;
		perform reminders_flush(v_at, 100);
		v_at := (select least((select min(due_at) from timer), (select min(flush_at) from reminder)));
		exit when v_at is null or v_at > p_until;
	end loop;
	return v_rings;
end $$;
create function step(p_at timestamptz, p_number int8, p_action text, p_phone text default '+8613900000011') returns text language sql as $$
	select code from case_step(p_at, p_phone, null, p_number, p_action)
$$;

-- born with the case
select submit(noon(), '{+8613800000001}', '{灯坏了}');
create temp table f as select test.file(noon(), id) as number from inbox where text = '灯坏了';
select is(timers_of(number), 'ask 1/1 11-26 12:00, receive 1/1 11-25 00:00', 'a case is born with its timers') from f;
select lives_ok('select case_timers_new(noon(), array(select number from f))', 'whoever calls it again');
select case_timers(noon(), number) from f;
select is(timers_of(number), 'ask 1/1 11-26 12:00, receive 1/1 11-25 00:00', 'and whoever looks again changes nothing') from f;
select throws_ok(format($$ insert into timer (subject, rule_id, city, started_at, due_at) select %s, id, 0, noon(), noon() from rule where name = 'ask' $$, number), '23505', null, 'one step of a rule at a time') from f;

-- rung: the holder is told within working hours, once
select results_eq($$ select rung, next_at from timers_ring(noon('11 hours'), 100) $$, $$ values (0, noon('12 hours')) $$, 'nothing is due, and it is known when something will be');
select results_eq($$ select rung, next_at from timers_ring(noon('12 hours'), 100) $$, $$ values (1, noon('20 hours')) $$, 'at midnight it rings, and is said at eight');
select is(timers_of(number), 'ask 1/1 11-26 12:00, receive 2/1 11-25 12:00') from f;
select is(past_of(number), 'receive 1/1 rung 11-25 00:00') from f;
select is((select rung from timers_ring(noon('12 hours'), 100)), 0, 'it does not ring twice');
select is(reminders_flush(noon('19 hours'), 100), 0::int8, 'not at night');
select is(reminders_flush(noon('20 hours'), 100), 1::int8);
select results_eq('select at, phone, template from told(noon())', $$ values ('11-25 08:00', '11', 'remind_receive') $$, 'in the morning');
select is(reminders_flush(noon('20 hours'), 100), 0::int8, 'once');
select is((select body from told(noon())), format('%s 路灯还没接收，请尽快接收，回：收到%s', number, number)) from f;

-- ended by what happens
select is(step(noon('21 hours'), number, 'accept'), 'ok') from f;
select is(timers_of(number), 'ask 1/1 11-26 12:00, close 1/1 11-26 12:00', 'received: its limit counts from the dispatch, not from the click') from f;
select is(past_of(number), 'receive 1/1 rung 11-25 00:00, receive 2/1 cancelled 11-25 09:00') from f;
select is(live(noon('30 days'), noon('22 hours')), 14, 'nobody does anything for a month');
select results_eq($$ select at, phone, template from told(noon('21 hours 1 minute')) where at < '12-06' or at >= '12-16' $$, $$ values
	('11-26 13:30', '11', 'notice_asked'), ('11-26 13:30', '12', 'notice_asked'),
	('11-27 13:30', '11', 'late_close'), ('11-27 13:30', '12', 'late_close'),
	('11-30 08:00', '11', 'notice_asked'), ('11-30 08:00', '12', 'notice_asked'),
	('11-30 12:00', '11', 'notice_supervised'), ('11-30 12:00', '12', 'notice_supervised'),
	('11-30 13:30', '11', 'notice_asked'), ('11-30 13:30', '12', 'late_supervised'),
	('12-02 13:30', '11', 'notice_asked'), ('12-02 13:30', '12', 'notice_asked'),
	('12-04 13:30', '11', 'notice_asked'), ('12-04 13:30', '12', 'notice_asked'),
	('12-16 13:30', '11', 'notice_asked'), ('12-16 13:30', '12', 'notice_asked') $$, 'who was told what, when: not at noon, not on Sunday');
select is(timers_of(number), null, 'the last repetition was the last') from f;
select is((select string_agg(action, ' ' order by id) from case_event where case_number = number), 'filed accept asked asked supervise asked asked asked asked asked asked asked asked asked', 'the case knows') from f;
select case_timers(noon('31 days'), number) from f;
select is(timers_of(number), null, 'and looking again does not start it anew') from f;
select is(step(noon('31 days'), number, 'done'), 'ok') from f;
select is(timers_of(number), 'report 1/1 12-28 12:00', 'blue: the community looks into it') from f;
select is(step(noon('32 days'), number, 'unsolved', '+8613800000001'), 'ok', 'the reporter says no') from f;
select is(timers_of(number), 'ask 1/2 12-28 12:00, close 1/2 12-28 12:00', 'and its limits begin anew') from f;

-- an outage: of each rule only the latest step rings, and a person gets one message
select submit(noon('40 days'), array(select '+86138000001' || i from generate_series(10, 14) i), array(select '坏了' || i from generate_series(10, 14) i));
create temp table g as select test.file(noon('40 days'), id) as number from inbox where text ~ '^坏了';
select timers_ring(noon('47 days'), 3);
select is((select count(*) from timer_past where how = 'rung' and ended_at = noon('47 days')), 3::int8, 'as many as asked for');
select is(reminders_flush(noon('47 days'), 100), 0::int8, 'and nothing is said while more is due');
select is((select rung from timers_ring(noon('47 days'), 1000)), 9, 'after a week');
select is((select past_of(min(number)) from g), 'ask 1/1 missed 01-10 12:00, ask 2/1 missed 01-10 12:00, ask 3/1 rung 01-10 12:00, receive 1/1 missed 01-10 12:00, receive 2/1 missed 01-10 12:00, receive 3/1 rung 01-10 12:00', 'what was missed is known');
select live(noon('47 days 22 hours'), noon('47 days'));
select results_eq($$ select phone, count(*), min(template), min(body) ~ '^6件待办：红5 黄1 蓝0 心愿0，最急' from told(noon('47 days')) group by 1 order by 1 $$,
	$$ values ('11', 1::int8, 'reminder_digest', true), ('12', 1, 'reminder_digest', true) $$, 'one message for each person counts them');
select is(timers_of(number), 'ask 4/1 01-11 12:00', 'and it goes on with the next step') from g where number = (select min(number) from g);

-- danger: at once, at any hour
select submit(noon('60 days 12 hours'), '{+8613800000001}', '{煤气漏了}');
create temp table h as select test.file(noon('60 days 12 hours'), id, 'gas') as number from inbox where text = '煤气漏了';
select is(code, 'ok') from h, case_step(noon('60 days 12 hours'), '+8613900000012', null, number, 'urgent');
select is(timers_of(number), 'ask 1/1 01-26 00:00, receive_urgent 1/1 01-24 00:15', 'an urgent case has limits of its own') from h;
select is((select rung from timers_ring(noon('60 days 12 hours 15 minutes'), 1000)) > 0, true);
select results_eq($$ select o.priority, o.destination, w.not_before from outbox o join outbox_waiting w using (id) where o.number = (select number from h) and o.template = 'remind_receive' $$,
	$$ values (0::int2, '+8613900000011', noon('60 days 12 hours 15 minutes')) $$, 'told in the middle of the night');

-- on hold nothing rings, and the time does not count; an extension moves the limit
select submit(noon('70 days'), '{+8613800000003}', '{等}');
create temp table i as select test.file(noon('70 days'), id, 'illegal_build') as number from inbox where text = '等';
select is(step(noon('70 days 1 hour'), number, 'accept'), 'ok') from i;
select is(timers_of(number), 'ask 1/1 02-04 12:00, close_complex 1/1 02-23 00:00', 'fourteen of fifteen working days from the next') from i;
select is(code, 'ok') from i, case_step(noon('70 days 2 hours'), '+8613900000011', null, number, 'hold', p_reason => '等材料');
select is(timers_of(number), null, 'on hold') from i;
select is(code, 'ok') from i, case_step(noon('80 days 2 hours'), '+8613900000011', null, number, 'resume');
select is(timers_of(number), 'ask 1/2 02-14 12:00, close_complex 1/2 03-05 00:00', 'ten days later') from i;
select is(code, 'ok') from i, case_step(noon('80 days 3 hours'), '+8613900000011', null, number, 'extend', p_reason => '天冷', p_target => 7);
select is(step(noon('80 days 4 hours'), number, 'grant', '+8613900000012'), 'ok') from i;
select is(timers_of(number), 'ask 1/2 02-14 12:00, close_complex 1/3 03-12 00:00', 'seven days more') from i;

-- the set-based way of a burst and the thorough way of a single case agree, for all kinds of case
select submit(noon('90 days'), array(select '+86138000002' || i from generate_series(10, 49) i), array(select '多' || i from generate_series(10, 49) i));
create temp table j as select i.id, test.file(noon('90 days'), i.id, (array['water', 'streetlight', 'illegal_build', 'gas'])[i.n % 4 + 1]) as number, i.n
  from (select id, row_number() over (order by id) as n from inbox where text ~ '^多') i;
update "case" k set urgent = j.n % 3 = 0, unit_id = case j.n % 5 when 0 then null when 1 then p.community when 2 then p.city else p.department end from j, place p where j.number = k.number;
delete from timer where subject in (select number from j);
select case_timers_new(noon('90 days'), array(select number from j));
create temp table burst as select * from timer where subject in (select number from j);
select cmp_ok(count(*), '>=', 80::int8) from burst;
delete from timer where subject in (select number from j);
select case_timers(noon('90 days'), number) from j;
select set_eq('select * from timer where subject in (select number from j)', 'select * from burst', 'the set-based way agrees with the thorough one');

-- a wish
insert into wish (number, city, told_at, unit_id, place_id, category, channel, phone, language, text)
select nextval('case_number_seq'), 222405, noon('90 days'), p.community, p.community, 'wish_errand', 'sms', '+8613800000003', 'zh', '想种花' from place p;
select is(timers_of(number), 'wish_publish 1/1 02-24 12:00', 'a wish waits to be published') from wish where text = '想种花';
select is((wish_step(noon('91 days'), null, s.person_id, w.number, 'publish')).code, 'ok')
  from wish w, place p join staff s on s.unit_id = p.community where w.text = '想种花' limit 1;
select is(timers_of(number), 'wish_expire 1/1 03-25 12:00, wish_unclaimed 1/1 02-26 12:00, wish_wave 1/1 02-23 12:30', 'and then to be claimed') from wish where text = '想种花';

-- rules that change
delete from timer_recompute;
delete from timer where subject not in (select number from i);
select is((select jsonb_agg(r - 'number') from rules_try('[{"line":2,"name":"ask","family":"ask","states":["red","yellow"],"limit":1,"unit":"days","percent":100,"who":["city"],"template":"notice_asked","repeat":1,"times":3}]', noon('81 days 12 hours')) r
            where (r ->> 'number')::int8 = (select number from i)),
	'[{"rule": "ask", "step": 1, "rings": "at once", "due_at": "2027-02-13T12:00:00+08:00", "was_due_at": "2027-02-14T12:00:00+08:00"}]', 'what a change would ring');
select is(timers_of(number), 'ask 1/2 02-14 12:00, close_complex 1/3 03-12 00:00', 'and nothing has changed') from i;
select is((select r ->> 'reason' from rules_try('[{"line":2,"name":"x","states":["purple"],"limit":1,"unit":"days","percent":100,"who":["city"],"template":"notice_asked"}]', noon()) r), 'rule x: "purple" is no state of a case', 'what is no rule is told');
select is((select r ->> 'reason' from rules_try('[{"line":2,"name":"x","states":["red"],"limit":1,"unit":"days","percent":100,"who":["city"],"template":"nonsense"}]', noon()) r), 'there is no template "nonsense"');
select is((select r ->> 'reason' from rules_try('[{"line":2,"name":"x","states":["red"],"limit":1,"unit":"days","percent":100,"who":["mayor"],"template":"notice_asked"}]', noon()) r) ~ 'who', true);
select is((select count(*) from timer_recompute), 0::int8);
select is_empty($$ select * from import_rules('[{"line":2,"name":"ask","family":"ask","states":["red","yellow"],"limit":3,"unit":"days","percent":50,"who":["city"],"template":"notice_asked"},
	{"line":3,"name":"ask","percent":100,"who":["city"],"template":"notice_asked","repeat":1,"times":3}]', noon('80 days 12 hours')) $$, 'a rule is changed');
select timers_recompute(noon('80 days 12 hours'), 20);
select cmp_ok((select count(*) from timer_recompute), '=', 1::int8, 'the timers are made anew little by little');
select timers_recompute(noon('80 days 12 hours'), 20) from generate_series(1, 5);
select cmp_ok((select count(*) from timer_recompute), '=', 0::int8);
select is(timers_of(number), 'ask 1/2 02-14 00:00, close_complex 1/3 03-12 00:00', 'its deadlines moved') from i;
select timers_ring(noon('81 days 13 hours'), 100);
select is(timers_of(number), 'ask 2/2 02-15 12:00, close_complex 1/3 03-12 00:00', 'rung') from i;
update rule set amount = 8 where name = 'ask';
select timers_recompute(noon('82 days'), 1000);
select is(timers_of(number), 'ask 2/2 02-20 12:00, close_complex 1/3 03-12 00:00', 'a step that rang does not ring again, although its time is now later') from i;
update rule set enabled = false where name = 'ask';
select timers_recompute(noon('82 days'), 1000);
select is(timers_of(number), 'close_complex 1/3 03-12 00:00', 'a rule that is switched off') from i;
update rule set enabled = true where name = 'ask';
select timers_recompute(noon('82 days'), 1000);
select is(timers_of(number), 'ask 2/3 02-20 12:00, close_complex 1/3 03-12 00:00', 'and on again goes on where it was') from i;
insert into calendar_day (day, kind) values ('2027-03-01', 'rest');
select timers_recompute(noon('82 days'), 1000);
select is(timers_of(number), 'ask 2/3 02-20 12:00, close_complex 1/3 03-13 00:00', 'a holiday moves what counts working days') from i;
select is((select r ->> 'running' from ctl_rules('{"rule":"close_complex"}', noon()) r)::int > 0, true, 'and all this is shown');
select is((select (r ->> 'late_seconds')::int8 from ctl_timers(jsonb_build_object('number', number, 'rule', 'ask'), '2027-02-20 12:01+08') r), 60::int8) from i;
select lives_ok($$ select by_role('test_keeper', 'select rung from hailan.timers_ring(now(), 10)') $$, 'the timekeeper may');
select throws_ok($$ select by_role('test_clerk', 'select rung from hailan.timers_ring(now(), 10)') $$, '42501', null, 'others may not');
select * from finish();
rollback;
