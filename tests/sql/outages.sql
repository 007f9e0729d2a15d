-- SPDX-License-Identifier: BSD-2-Clause
-- Outages: noticed by who was not there, credited in each limit's own clock, blamed on nobody.
begin;
set local search_path = test, hailan, public;
set local timezone = 'Asia/Shanghai';
select no_plan();
delete from timer;
delete from timer_past;
delete from timer_recompute;
update heartbeat set at = '-infinity';
delete from ask;
update setting set value = '10 minutes' where key = 'outage_from';
select is_empty($$ select * from import_staff((select jsonb_agg(jsonb_build_object('line', 1, 'name', '部门甲', 'unit', u.code, 'level', 3, 'phone', '+8613900000011', 'language', 'zh'))
	from unit u where u.id = (select min(id) from unit where level = 'department')), noon()) $$);

create function day(p_text text) returns timestamptz language sql immutable return (p_text || '+08')::timestamptz;
create function timers_of(p_number int8) returns text language sql as $$
	select string_agg(concat_ws(' ', r.name, t.step || '/' || t.cycle, to_char(t.due_at, 'MM-DD HH24:MI')), ', ' order by r.name) from timer t join rule r on r.id = t.rule_id where t.subject = p_number
$$;

-- noticed: whoever looks again after ten minutes and more
select beat('timekeeper', noon());
select is((select count(*) from outage), 0::int8, 'the first look is no outage');
select beat('timekeeper', noon('9 minutes 59 seconds'));
select is((select count(*) from outage), 0::int8, 'nor is a pause');
select beat('timekeeper', noon('9 minutes'));
select is((select at from heartbeat where what = 'timekeeper'), noon('9 minutes 59 seconds'), 'a clock that was set back loses nothing');
select beat('timekeeper', noon('19 minutes 59 seconds'));
select results_eq('select from_at, to_at, what from outage', $$ values (noon('9 minutes 59 seconds'), noon('19 minutes 59 seconds'), 'timekeeper') $$, 'ten minutes are an outage');
select is((select after from timer_recompute), 0::int8, 'deadlines will be made anew');
select beat('clerk', noon());
select beat('clerk', noon('25 minutes'));
select results_eq('select from_at, to_at, what from outage order by from_at', $$ values (noon(), noon('9 minutes 59 seconds'), 'clerk'), (noon('9 minutes 59 seconds'), noon('19 minutes 59 seconds'), 'timekeeper'),
	(noon('19 minutes 59 seconds'), noon('25 minutes'), 'clerk') $$, 'time counts once, whoever was away');
select is(outage_tell(noon('5 minutes'), noon('20 minutes'), 'SMSC', noon('1 hour')), 0, 'also when a person tells of it');
select is(outage_tell(noon('20 minutes'), noon('50 minutes'), ' SMSC away ', noon('1 hour')), 1);
select results_eq($$ select o ->> 'what', o ->> 'reason', (o ->> 'minutes')::int from ctl_outages('{"limit":1}', noon()) o $$, $$ values ('told', 'SMSC away', 25) $$);
select throws_ok($$ select outage_tell(noon('2 hours'), noon('1 hour'), null, noon('3 hours')) $$, '22023', null, 'not backwards');
select throws_ok($$ select outage_tell(noon('2 hours'), noon('4 hours'), null, noon('3 hours')) $$, '22023', null, 'not before it is over');
truncate outage;

-- what a limit's clock would have counted
select is(limit_between(day('2026-11-27 16:00'), day('2026-11-30 09:00'), 'minutes', null, 'Asia/Shanghai'), 65 * 60::numeric, 'minutes are a clock''s');
select is(limit_between(day('2026-11-27 16:00'), day('2026-11-30 09:00'), 'working_hours', hours_parse('08:00-11:30 13:30-17:00'), 'Asia/Shanghai'), 2::numeric, 'an hour on Friday and one on Monday');
select is(round(limit_between(day('2026-11-27 12:00'), day('2026-11-30 12:00'), 'working_days', null, 'Asia/Shanghai'), 6), 1::numeric, 'half a Friday and half a Monday');
select is(limit_between(day('2026-11-28 12:00'), day('2026-11-29 12:00'), 'working_days', null, 'Asia/Shanghai'), 0::numeric, 'nothing on a weekend');
select is(round(limit_between('2026-03-28 12:00+01', '2026-03-30 12:00+02', 'days', null, 'Europe/Berlin'), 6), 2::numeric, 'days are days, also of 23 hours');

create function credited(p_start text, p_limit numeric, p_unit limit_unit) returns text language sql as $$
	select to_char(due_credited(due(day(p_start), p_limit, p_unit, false, hours_parse('08:00-11:30 13:30-17:00')), day(p_start), p_limit, p_unit, false, hours_parse('08:00-11:30 13:30-17:00'), 'Asia/Shanghai'), 'MM-DD HH24:MI')
$$;
insert into outage (city, from_at, to_at, what, noted_at) values (222405, day('2026-11-25 12:00'), day('2026-11-27 12:00'), 'timekeeper', noon()), (222405, day('2026-11-28 00:00'), day('2026-11-29 00:00'), 'timekeeper', noon());
select is(credited('2026-11-24 12:00', 1440, 'minutes'), '11-25 12:00', 'due when it began: stays');
select is(credited('2026-11-24 12:00', 1441, 'minutes'), '11-27 12:01', 'a minute later: a minute after it');
select is(credited('2026-11-26 12:00', 3, 'days'), '12-01 12:00', 'begun within it, and the second one, too');
select is(credited('2026-11-25 11:00', 4, 'working_hours'), '11-27 17:00', 'half an hour before it and Friday afternoon after it');
select is(credited('2026-11-25 11:00', 4.5, 'working_hours'), '11-30 08:30', 'and half an hour of Monday');
select is(credited('2026-11-25 12:00', 2, 'working_days'), '12-01 12:00', 'two working days after it; the outage on Saturday takes none');
select is(credited('2026-12-01 12:00', 2, 'working_days'), '12-03 12:00', 'what begins later knows nothing of it');
truncate outage;
update heartbeat set at = '-infinity';

-- credited: what ran into it ends later, and rings at its own time
select submit(noon(), '{+8613800000001,+8613800000002}', '{灯坏了,又一个}');
create temp table f as select test.file(noon(), id) as number, text from inbox where text in ('灯坏了', '又一个');
create temp view a as select number from f where text = '灯坏了';
select is(timers_of(number), 'ask 1/1 11-26 12:00, receive 1/1 11-25 00:00') from a;
select is((select rung from timers_ring(noon('12 hours'), 100)), 2, 'the first reminders rang before it');
select is((select rung from timers_ring(noon('12 hours 10 minutes') + interval '10 days', 100)), 4, 'ten days later all four are looked at');
select is((select count(*) from timer_past where ended_at > noon('1 day')), 0::int8, 'and none of them rings');
select is(timers_of(number), 'ask 1/1 12-06 12:10, receive 2/1 12-05 12:10', 'each has the time that it had left') from a;
select is((select count(*) from timer_past where how = 'missed'), 0::int8, 'nobody missed anything');
select results_eq($$ select r.name, c.step::int, to_char(c.was_due_at, 'MM-DD HH24:MI'), to_char(c.due_at, 'MM-DD HH24:MI'), o.what from timer_credit c join rule r on r.id = c.rule_id join outage o on o.id = c.outage_id, a where c.subject = a.number order by 1 $$,
	$$ values ('ask', 1, '11-26 12:00', '12-06 12:10', 'timekeeper'), ('receive', 2, '11-25 12:00', '12-05 12:10', 'timekeeper') $$, 'and it is written down why');
select is((select jsonb_array_length(ctl_case(number) -> 'credited') from a), 2, 'where the case is shown, too');
select is((select o ->> 'credited' from ctl_outages('{}', noon()) o), '4', 'and with the outage');
select timers_recompute(noon('11 days'), 1000000);
select is(timers_of(number), 'ask 1/1 12-06 12:10, receive 2/1 12-05 12:10', 'looking again credits nothing twice') from a;
update heartbeat set at = day('2026-12-05 12:10') where what = 'timekeeper';
select is((select rung from timers_ring(day('2026-12-05 12:10'), 100)), 2, 'then they ring');
select is((select string_agg(p.step || p.how::text, ' ' order by p.step) from timer_past p join rule r on r.id = p.rule_id and r.name = 'receive' join a on a.number = p.subject), '1rung 2rung');
select is(timers_of(number), 'ask 1/1 12-06 12:10, receive 3/1 12-06 12:10', 'the next step has the same credit') from a;

-- a timer that nobody looked at is credited by the way
select submit(day('2026-12-05 12:00'), '{+8613800000003}', '{第三}');
create temp table g as select test.file(day('2026-12-05 12:00'), id) as number from inbox where text = '第三';
select is(outage_tell(day('2026-12-05 13:00'), day('2026-12-05 15:00'), 'SMSC', day('2026-12-05 16:00')), 1);
select is(timers_of(number), 'ask 1/1 12-07 12:00, receive 1/1 12-06 00:00') from g;
select timers_recompute(day('2026-12-05 16:00'), 1000000);
select is(timers_of(number), 'ask 1/1 12-07 14:00, receive 1/1 12-06 02:00', 'when deadlines are made anew') from g;

-- questions wait on
select ask_open(noon('12 days'), '+8613800000001', 'solved', number, '3 days') from a;
select is(outage_tell(noon('13 days'), noon('13 days 6 hours'), null, noon('14 days')), 1);
select is((select expires_at from ask), noon('15 days 6 hours'), 'a question has as much longer');
select is((select attention from contact where number = '+8613800000001') >= noon('15 days 6 hours'), true, 'and an answer is understood as long');

-- what was gathered is said when it may be
insert into reminder (flush_at, phone, subject, rule_id, step, city, due_at, language, template, weight)
select day('2026-12-11 08:00'), x.phone, a.number, r.id, 1, 222405, day('2026-12-11 07:00'), 'zh', 'notice_asked', 0
  from a, rule r, (values ('+8613900000011'), ('+8613800000001')) x (phone) where r.name = 'ask';
select outage_tell(day('2026-12-11 07:30'), day('2026-12-11 21:00'), null, day('2026-12-11 21:00'));
select results_eq($$ select phone, to_char(flush_at, 'MM-DD HH24:MI') from reminder where due_at = day('2026-12-11 07:00') order by 1 $$,
	$$ values ('+8613800000001', '12-12 07:30'), ('+8613900000011', '12-14 08:00') $$, 'a resident after the quiet hours, staff when work begins');

-- simulated time that runs has no outages, and steps are none
insert into simulation default values;
select beat('timekeeper', noon('100 days'));
select is((select count(*) from outage where to_at > noon('20 days')), 0::int8);
update simulation set at = noon('100 days'), target = noon('200 days');
update heartbeat set at = noon('100 days');
delete from timer;
delete from reminder;
delete from timer_recompute;
delete from moment;
delete from inbox_waiting;
delete from outbox_waiting;
delete from outbox_in_hand;
select is((select at from simulation_step(noon('100 days'))), noon('200 days'));
select beat('timekeeper', noon('200 days'));
select is((select count(*) from outage where to_at > noon('20 days')), 0::int8, 'a step of a hundred days is none');
update simulation set at = noon('201 days');
select beat('timekeeper', noon('201 days'));
select is((select count(*) from outage where to_at > noon('20 days')), 1::int8, 'time that went on while nothing ran is one');

select * from finish();
rollback;
