-- SPDX-License-Identifier: BSD-2-Clause
-- The manners of what goes out: hours, budgets, storms, ceilings, machines; and what another person may read.
begin;
set local search_path = test, hailan, public;
select no_plan();
select partitions_ensure(noon());
update setting set value = 'service quiet budget storm ceiling' where key = 'manners';

-- hh:mm of the day in the town, some days later
create function pg_temp.t(p_time text, p_days int default 0) returns timestamptz language sql immutable
return ('2026-11-24 '::text || p_time || '+08')::timestamptz + make_interval(days => p_days);
-- who gets something at this moment
create function pg_temp.got(p_at timestamptz, p_room int default 200) returns text language sql as $$
	select string_agg(c.destination, ' ') from claim(p_at, '{a}', array[p_room]) c
$$;
create function pg_temp.state(p_destination text) returns text language sql as $$
	select string_agg(d.state || coalesce('/' || d.detail, ''), ' ' order by d.at, d.state) from outbox o join delivery d on d.outbox_id = o.id where o.destination = p_destination
$$;
-- A notice about a case, as say() makes it.
create function pg_temp.notice(p_at timestamptz, p_to text, p_number int8, p_template text default 'notice_case') returns int8 language plpgsql as $$
declare
	v_id int8 := (make_ids('outbox_seq', p_at, 1))[1];
begin
	insert into outbox (id, city, created_at, number, priority, channel, link, source, destination, language, template, body)
	values (v_id, 222405, p_at, p_number, 2, 'sms', 'a', '10690433', p_to, 'zh', p_template, '通知');
	insert into outbox_waiting (channel, priority, id, not_before) values ('sms', 2, v_id, p_at);
	return v_id;
end $$;

-- the hours
select send(pg_temp.t('22:00'), '+8613700000010', 3), send(pg_temp.t('22:00'), '+8613700000011', 2), send(pg_temp.t('22:00'), '+8613700000012', 1), send(pg_temp.t('22:00'), '+8613700000013', 0);
select is(pg_temp.got(pg_temp.t('22:00')), '+8613700000013 +8613700000012', 'at night only danger and answers go');
select is(pg_temp.got(pg_temp.t('22:30')), null, 'the rest does not come back in the night');
select is(pg_temp.state('+8613700000011'), 'put_off/quiet hours: until 2026-11-25 07:30', 'why it waits is written down, in the town''s time');
select is(pg_temp.got(pg_temp.t('07:29', 1)), null);
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613700000011', 'a notice goes in the morning');
select is(pg_temp.got(pg_temp.t('08:59', 1)), null);
select is(pg_temp.got(pg_temp.t('09:00', 1)), '+8613700000010', 'a campaign has its own hours');
select send(pg_temp.t('22:00'), '+8613700000014', 1);
select is(pg_temp.got(pg_temp.t('22:11')), null, 'an answer that is late by more than ten minutes wakes nobody');
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613700000014');
select send(pg_temp.t('20:29'), '+8613700000015', 2), send(pg_temp.t('20:29'), '+8613700000016', 2);
select is(pg_temp.got(pg_temp.t('20:29'), 1), '+8613700000015', 'the hour at which it is sent counts');
select is(pg_temp.got(pg_temp.t('20:30')), null, 'and not the one at which it was said');
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613700000016');
-- handed over and thrown back: tried again at night
select send(pg_temp.t('20:29'), '+8613700000017', 2);
select done(pg_temp.t('20:29'), (select id from claim(pg_temp.t('20:29'))), 2, '', 'a', pg_temp.t('20:31'));
select is(pg_temp.got(pg_temp.t('20:31')), null, 'what is tried again obeys the hours, too');
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613700000017');

-- people
update person set flags = '{elderly}' where name = '金英花';
select send(noon(), '+8613800000001', 2), send(noon(), '+8613800000001', 3), send(noon(), '+8613800000001', 1), send(noon(), '+8613700000018', 2);
select is(pg_temp.got(noon()), '+8613800000001 +8613700000018', 'elderly people rest at noon, but are answered');
select is(pg_temp.got(pg_temp.t('13:30')), '+8613800000001 +8613800000001');
insert into working_hours (unit_id, hours) select id, '18:00-23:00' from unit where code = 'g-tiantu-1';
select pg_temp.notice(pg_temp.t('22:00'), '+8613900000001', null), pg_temp.notice(pg_temp.t('23:30'), '+8613900000001', null);
select is(pg_temp.got(pg_temp.t('22:00')), '+8613900000001', 'staff on shift get their notices at night');
select is(pg_temp.got(pg_temp.t('23:30')), null, 'off shift they do not');
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613900000001');
update calendar_day set kind = 'rest' where day = '2026-11-24';
insert into calendar_day (day, kind) values ('2026-11-24', 'rest') on conflict do nothing;
select pg_temp.notice(pg_temp.t('22:00'), '+8613900000001', null);
select is(pg_temp.got(pg_temp.t('22:00')), null, 'nor on a holiday: the shift is that of the calendar');
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613900000001');
delete from calendar_day where day = '2026-11-24';
delete from working_hours;

-- what was refused
insert into contact (number, campaigns, changed_at) values ('+8613700000020', false, noon());
select send(noon(), '+8613700000020', 3), send(noon(), '+8613700000020', 2);
select is(pg_temp.got(noon()), '+8613700000020', 'who refused campaigns gets notices');
select is(pg_temp.state('+8613700000020'), 'handed stopped/has refused campaigns', 'and the campaign is stopped, not forgotten');
update setting set value = '' where key = 'manners';
select send(noon(), '+8613700000020', 3);
select is(pg_temp.got(noon()), null, 'whatever is switched off');
update setting set value = 'service quiet budget storm ceiling' where key = 'manners';
update contact set campaigns = true where number = '+8613700000020';
select send(noon(), '+8613700000020', 3);
select is(pg_temp.got(noon('2 hours')), '+8613700000020', 'who takes it back gets them again');

-- machines
select send(noon(), d, 0), send(noon(), d, 1) from unnest('{10086,+8610086,95588,12306,106575258192,China Mobile,8610010}'::text[]) d;
select is(pg_temp.got(noon()), null, 'service numbers get nothing, not even danger');
select is(count(*), 14::int8, 'each is written down') from delivery where state = 'stopped' and detail = 'a machine is never written to';
select send(noon(), d, 1) from unnest('{+8613812345678,13812345678,+861088886666,+864333222222,zhang@example.org,+82101234567}'::text[]) d;
select is(pg_temp.got(noon()), '+8613812345678 13812345678 +861088886666 +864333222222 zhang@example.org +82101234567', 'these are people');

-- a day's budget
update setting set value = '3' where key = 'budget_notices';
update setting set value = '4' where key = 'budget_staff';
select send(noon(), '+8613700000030', 2) from generate_series(1, 5);
select is(pg_temp.got(noon()), '+8613700000030 +8613700000030 +8613700000030', 'so many notices in a day');
select send(noon('1 hour'), '+8613700000030', 1);
select is(pg_temp.got(noon('1 hour')), '+8613700000030', 'answers are not counted');
select is(pg_temp.got(pg_temp.t('00:00', 1)), null, 'the next day does not begin at midnight');
select is(pg_temp.got(pg_temp.t('07:30', 1)), '+8613700000030 +8613700000030', 'but in the morning');
select send(noon(), '+8613700000031', 3) from generate_series(1, 3);
select is(pg_temp.got(noon()), '+8613700000031 +8613700000031', 'two campaigns a day');
create temp table n as select case_in('received', 'farm', noon()) as number, i from generate_series(1, 7) i;
select pg_temp.notice(noon(), '+8613900000001', number) from n;
select pg_temp.notice(noon(), '+8613900000001', (select number from n where i = 6));
select is(pg_temp.got(noon('1 minute')), '+8613900000001 +8613900000001 +8613900000001 +8613900000001', 'staff have another budget');
select is((select count(*) from outbox o join delivery d on d.outbox_id = o.id where o.destination = '+8613900000001' and d.state = 'folded'), 4::int8, 'the rest is folded');
select is((select count(*) from reminder where phone = '+8613900000001'), 3::int8, 'each case once');
select reminders_flush(noon('40 minutes'), 100);
select matches((select body from outbox where destination = '+8613900000001' and template = 'reminder_digest'), '^3件待办', 'into one message that counts them');
select is(pg_temp.got(noon('40 minutes')), '+8613900000001', 'which goes beyond the budget');
-- even one thing is counted, or it would be folded again and again
select pg_temp.notice(noon('1 hour'), '+8613900000001', (select number from n where i = 7));
select is(pg_temp.got(noon('1 hour')), null);
select reminders_flush(noon('100 minutes'), 100);
select is((select count(*) from outbox where destination = '+8613900000001' and template = 'reminder_digest'), 2::int8, 'also when it is just one');
select is(pg_temp.got(noon('100 minutes')), '+8613900000001');

-- two machines that answer each other
update setting set value = '5' where key = 'storm_messages';
select send(noon('3 hours'), '+8613700000040', 1) from generate_series(1, 4);
select is(pg_temp.got(noon('3 hours')), '+8613700000040 +8613700000040 +8613700000040 +8613700000040');
select send(noon('3 hours 1 minute'), '+8613700000040', 1) from generate_series(1, 3);
select is(pg_temp.got(noon('3 hours 1 minute')), '+8613700000040', 'answers to one address end at a limit');
select results_eq($$ select subject, times, ended_at from alarm where kind = 'storm' $$, $$ values ('+8613700000040', 1, null::timestamptz) $$, 'with an alarm');
select send(noon('3 hours 20 minutes'), '+8613700000040', 1), send(noon('3 hours 20 minutes'), '+8613700000040', 2), send(noon('3 hours 20 minutes'), '+8613700000040', 0);
select is(pg_temp.got(noon('3 hours 20 minutes')), '+8613700000040', 'a stopped address gets danger only');
select is((select ctl_status(noon('3 hours 20 minutes')) -> 'alarms' -> 0 ->> 'subject'), '+8613700000040', 'status shows it');
select is(pg_temp.got(noon('4 hours 1 minute')), '+8613700000040', 'after its time what waited goes');
select send(noon('5 hours'), '+8613700000040', 1) from generate_series(1, 6);
select pg_temp.got(noon('5 hours'));
select is(times, 2, 'once more, the same alarm') from alarm where kind = 'storm';
select ok(ctl_alarm_end((select id from alarm where kind = 'storm'), noon('5 hours')), 'a person ends it');
select send(noon('5 hours 1 minute'), '+8613700000040', 1);
select is(pg_temp.got(noon('5 hours 1 minute')), '+8613700000040', 'and the address is answered again');
select ok(not ctl_alarm_end((select max(id) from alarm where kind = 'storm'), noon('5 hours')), 'once');
-- much is tried again: that is no storm
select send(noon('6 hours'), '+8613700000041', 1);
create temp table again as select id from claim(noon('6 hours'));
select done(noon('6 hours') + make_interval(secs => i), (select id from again), 2, '', 'a', noon('6 hours') + make_interval(secs => i))
	from (select generate_series(1, 8) i) i where (select count(*) from claim(noon('6 hours') + make_interval(secs => i))) >= 0;
select is((select count(*) from alarm where subject = '+8613700000041'), 0::int8, 'a message that is tried often is no storm');
delete from outbox_waiting;
-- many people at once are no storm, many notices to one are counted
select send(noon('7 hours'), '+8613600' || lpad(i::text, 6, '0'), 1) from generate_series(1, 50) i;
select is(array_length(string_to_array(pg_temp.got(noon('7 hours')), ' '), 1), 50, 'many people are no storm');
update setting set value = '0' where key in ('budget_staff', 'budget_notices');
select pg_temp.notice(noon('7 hours'), '+8613900000003', number) from n;
select pg_temp.notice(noon('7 hours'), '+8613700000042', null) from generate_series(1, 7);
select is(array_length(string_to_array(pg_temp.got(noon('7 hours')), ' '), 1), 10, 'so many notices at once');
select is((select min(not_before) from outbox_waiting w join outbox o using (id) where o.destination = '+8613700000042'), noon('7 hours 10 minutes'), 'the rest waits');
select is((select count(*) from outgoing_stop), 0::int8, 'and its answers are not stopped');

-- the ceiling
update outgoing_ceiling set parts = 10;
update setting set value = '0' where key = 'budget_campaigns';
delete from outgoing_hour;
delete from outbox_waiting;
select send(noon('21 hours'), '+8613500000' || i, 3) from generate_series(100, 111) i;
select is(array_length(string_to_array(pg_temp.got(noon('21 hours')), ' '), 1), 5, 'campaigns use half of an hour''s messages');
select send(noon('21 hours'), '+8613500000' || i, 1) from generate_series(200, 207) i;
select send(noon('21 hours'), '+8613500000' || i, 0) from generate_series(300, 302) i;
select is(pg_temp.got(noon('21 hours')), '+8613500000300 +8613500000301 +8613500000302 +8613500000200 +8613500000201', 'danger goes first, and answers as far as it lasts');
select send(noon('21 hours 10 minutes'), '+8613500000400', 0);
select is(pg_temp.got(noon('21 hours 10 minutes')), '+8613500000400', 'danger goes beyond it');
select is((ctl_status(noon('21 hours 10 minutes')) ->> 'parts_this_hour')::int8, 11::int8, 'what it cost is known');
select is((select string_agg(subject, ' ') from alarm where kind = 'ceiling' and ended_at is null), 'sms', 'with an alarm');
select is((select count(*) from outbox_waiting where not_before = noon('22 hours')), 13::int8, 'nothing is lost: the rest waits for the next hour');
select is(array_length(string_to_array(pg_temp.got(noon('22 hours')), ' '), 1), 6, 'and goes then; campaigns only while half of it is left');
select keep_manners(noon('23 hours'), 100);
select is((select count(*) from alarm where kind = 'ceiling' and ended_at is null), 0::int8, 'the alarm ends with the hour');
insert into outgoing_ceiling (channel, parts) values ('mail', 1);
delete from outgoing_hour;
select send(noon('26 hours'), 'a' || i || '@example.org', 1, 'x', null, null, 'mail') from generate_series(1, 2) i;
select outbox_recover('mail', noon('26 hours'), 'host:mail', false, '{}');
select is(string_agg(destination, ' '), 'a1@example.org', 'a channel may have its own') from outbox_claim('mail', noon('26 hours'), 'host:mail', '{x}', '{10}');

-- far more that must wait than there is room for: what may go is found behind it
delete from outgoing_ceiling;
delete from outbox_waiting;
select send(pg_temp.t('22:00', 3), '+86135' || lpad(i::text, 8, '0'), 2) from generate_series(1, 300) i;
insert into working_hours (unit_id, hours) select id, '18:00-23:00' from unit where code = 'g-tiantu-1';
select pg_temp.notice(pg_temp.t('22:00', 3), '+8613900000001', null);
select is(pg_temp.got(pg_temp.t('22:00', 3), 10), '+8613900000001', 'a crowd that must wait hides nobody');
select keep_manners(noon('5 days'), 10000);
select is((select count(*) from outgoing_address), 0::int8, 'counts of days past are forgotten');

-- masks
create temp table m (t text, is_now text);
insert into m values ('我电话13812345678，找我', '我电话138****5678，找我'), ('打138 1234 5678', '打138****5678'), ('打138-1234-5678吧', '打138****5678吧'),
	('１３８１２３４５６７８', '138****5678'), ('+8613812345678', '+861****5678'), ('0433-3222222', '0433-****222'), ('0433 3222222家', '0433-****222家'), ('04333222222', '043****2222'),
	('电话3222222', '电话****222'), ('전화 3222222', '전화 ****222'), ('身份证222405198001011234号', '身份证222405********1234号'), ('22240519800101123X', '222405********123X'),
	('编号20007，3号楼2单元501', '编号20007，3号楼2单元501'), ('3-2-501室', '3-2-501室'), ('2026-11-24 10:30', '2026-11-24 10:30'), ('没有号码', '没有号码');
select is(mask_text(t), is_now, t) from m;
select * from finish();
rollback;
