-- SPDX-License-Identifier: BSD-2-Clause
-- The clerk's part: who it is, one transaction for all, compare-and-swap, lanes.
begin;
set local search_path = test, hailan, public;
select no_plan();
create temp view claimed as select * from clerk_claim(noon(), array(select i::int2 from generate_series(0, 63) i), 0, 100);

select submit(noon(), '{+8613800000001,+8613800000002,+8613800000003,+8613900000001,+8613700000000,10086}',
	'{수도가 막혔어요,灯坏了,有事,收到,你好,广告}');
select results_eq($$ select source, language, person_id = (select id from person where name = '金英花'), staff_level, volunteer, home_building, home_room from claimed order by id $$, $$ values
	('+8613800000001', 'ko', true, null::int2, false, '3', '501'),
	('+8613800000002', 'zh', null, null, false, '3', '601'),
	('+8613800000003', null, null, null, true, null, null),
	('+8613900000001', 'ko', false, 1::int2, false, null, null),
	('+8613700000000', null, null, null, false, null, null),
	('10086', null, null, null, false, null, null) $$, 'a resident; two who share a phone and a home; a volunteer with two homes; a grid worker; nobody we know; a service');
select is((select u.code from claimed c join unit u on u.id = c.staff_unit where source = '+8613900000001'), 'g-tiantu-1', 'where the grid worker works');
select is((select u.code from claimed c join unit u on u.id = c.home_community where source = '+8613800000001'), '222405001005', 'where the resident lives');
select is(count(*), 6::int8, 'unknown people may be told of campaigns') from claimed where campaigns;
select is((select count(*) from clerk_claim(noon(), '{}', 0, 100)), 0::int8, 'no lanes, nothing');
select is((select count(*) from clerk_claim(noon(), array(select distinct lane from inbox), 0, 4)), 4::int8, 'as many as asked for');
select is((select count(*) from clerk_claim(noon(), array(select distinct lane from inbox), (select min(id) from inbox), 100)), 5::int8, 'behind an id');
select submit(noon('1 minute'), '{+8613800000002,+8613800000002}', '{灯坏了,灯坏了}');
select is((select count(*) from claimed where raw is not null), 0::int8, 'bytes only where there is no text');

-- filing
create temp table f as select test.file(noon('2 minutes'), id) as number, id from inbox where text = '灯坏了';
select results_eq($$ select k.number, k.state::text, k.phone, k.category, k.channel, k.message_id, k.text from "case" k $$,
	$$ select number, 'filed', '+8613800000002', 'streetlight', 'sms', id, '灯坏了' from f $$, 'a case');
select results_eq('select case_number, action, to_state::text, at, channel from case_event', $$ select number, 'filed', 'filed', noon('2 minutes'), 'sms' from f $$, 'with its event');
select results_eq('select destination, number, message_id, source, priority from outbox', $$ select '+8613800000002', number, id, '10690433', 1::int2 from f $$, 'and its answer');
select results_eq('select w.id, w.channel, w.not_before from outbox_waiting w', $$ select id, 'sms', noon('2 minutes') from outbox $$, 'which waits');
select results_eq('select inbox_id, kind, number from verdict', $$ select id, 'case', number from f $$, 'what became of the message is known');
select is(case_of_message(id), number) from f;
select is((select count(*) from claimed where text = '灯坏了'), 0::int8, 'and it waits no more');
select throws_ok(format('select test.file(noon(), %s)', id), 'HA001', null, 'nobody files it twice') from f;
select throws_ok($$ select clerk_file(noon(), (select array_agg(id) from inbox), array_fill('thanks'::text, array[6]), array_fill(null::text, array[6]),
	'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
	'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}') $$, 'HA001', null, 'a batch with one that is gone');
select is((select count(*) from inbox_waiting), 5::int8, 'happens not at all');
select throws_ok(format('select test.file(noon(), %s, %L, 20008)', (select id from inbox where text = '有事'), 'streetlight'), '23514', null, 'a number without its check');
select throws_ok(format('select test.file(noon(), %s, %L)', (select id from inbox where text = '有事'), 'nonsense'), '23503', null, 'a category that is none');
select is((select count(*) from inbox_waiting), 5::int8, 'both stay');

-- open cases of a phone
select submit(noon(), array_fill('+8613800000002'::text, array[6]), (select array_agg('第' || i) from generate_series(1, 6) i));
select test.file(noon(), i.id) from inbox i join inbox_waiting using (id) where i.text ~ '^第' order by i.id;
select submit(noon(), '{+8613800000002}', '{修好了没有}');
select is((select array_agg(split_part(l, E'\t', 1)::int8) from claimed, string_to_table(open_cases, E'\n') l where text = '修好了没有'),
	array(select number from "case" order by number desc limit 5), 'the five newest');
select test.close(number) from "case";
select is((select open_cases from claimed where text = '修好了没有'), null, 'closed ones are not open');

-- a wish, an event, texts decoded by the clerk, contacts
create temp table w as select id, (select * from case_numbers(1)) as number from inbox where text = '有事';
select lives_ok($$ select clerk_file(noon(), array[w.id], '{wish}', array['有事(译)'], '{1}', array[w.number], '{t}', '{+8613800000003}', '{null}', '{null}', '{wish_errand}',
	'{null}', '{1}', '{null}', '{null}', '{zh}', '{有事}', '{null}', '{null}', '{null}', '{null}', '{null}', '{f}',
	'{1}', array[(select number from f)], '{chased}', '{催}',
	'{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
	'{+8613800000003,+8613800000003,+8613700000000}', '{zh,null,ko}', '{null,f,null}') from w $$);
select results_eq('select number, state, phone, text from wish', $$ select number, 'told', '+8613800000003', '有事' from w $$, 'a wish');
select results_eq('select wish_number, action from wish_event', $$ select number, 'told' from w $$);
select results_eq($$ select case_number, from_state::text, to_state::text, reason from case_event where action = 'chased' $$, $$ select number, 'closed', 'closed', '催' from f $$, 'an event of an earlier case');
select is((select text from inbox where id = (select id from w)), '有事(译)', 'what the clerk decoded');
select results_eq('select number, language, campaigns from contact order by number', $$ values ('+8613700000000', 'ko', true), ('+8613800000003', 'zh', false) $$, 'contacts: the last word that says something');
select is((select campaigns from claimed where source = '+8613700000000'), true);
select is((select language from claimed where source = '+8613700000000'), 'ko', 'are known the next time');

-- what is given is filed, or nothing is: is_wish, numbers and texts of events, messages
create function pg_temp.file_so(p_is_wish bool, p_event_numbers int8[], p_bodies text[] default '{}') returns void language sql as $$
	select clerk_file(noon(), array[i.id], '{case}', array[null::text], '{1}', array[(select * from case_numbers(1))], array[p_is_wish], '{+8613800000003}', '{null}',
		'{null}', '{streetlight}', '{null}', '{1}', '{null}', '{null}', '{zh}', '{有事}', '{null}', '{null}', '{null}', '{null}', '{null}', '{f}',
		(select coalesce(array_agg(1), '{}') from unnest(p_event_numbers)), p_event_numbers, (select coalesce(array_agg('chased'::text), '{}') from unnest(p_event_numbers)),
		(select coalesce(array_agg('催'::text), '{}') from unnest(p_event_numbers)),
		'{1}', '{sms}', '{a}', '{10690433}', '{+8613800000003}', '{1}', '{null}', '{null}', '{zh}', '{case_filed}', '{"{}"}', p_bodies, '{null}',
		'{}', '{}', '{}') from inbox i where i.text = '你好' $$;
select throws_ok('select pg_temp.file_so(null, ''{}'', ''{a}'')', '22023', '0 of 1 cases and wishes were filed', 'neither a case nor a wish: refused');
select throws_ok('select pg_temp.file_so(false, ''{13}'', ''{a}'')', '22023', '0 of 1 events were filed', 'an event of a number that is nobody''s: refused');
select throws_ok(format('select pg_temp.file_so(false, ''{%s,26}'', ''{a}'')', number), '22023', '1 of 2 events were filed', 'also beside a good one') from f;
select throws_ok('select pg_temp.file_so(false, ''{}'', ''{a,b}'')', '23502', null, 'a text without its message: refused');
select throws_ok('select pg_temp.file_so(false, ''{}'')', '23502', null, 'a message without its text: refused');
select is((select count(*) from claimed where text = '你好'), 1::int8, 'and it still waits');

select clerk_set_aside(noon(), (select id from inbox where text = '你好'), '22021', 'invalid byte');
select results_eq('select id, sqlstate, reason from inbox_stuck', $$ select id, '22021', 'invalid byte' from inbox where text = '你好' $$, 'set aside with its reason');
select is((select count(*) from claimed where text = '你好'), 0::int8, 'and not in the way');
select is(ctl_inbox_retry((select id from inbox where text = '你好'), noon()), true, 'an administrator tries it again');
select is((select count(*) from claimed where text = '你好'), 1::int8);
select is(ctl_inbox_retry((select id from inbox where text = '你好'), noon()), false, 'once');
select clerk_set_aside(noon(), (select id from inbox where text = '你好'), '22021', 'invalid byte');
select is((select times from inbox_stuck), 2, 'in vain: the second time');
select ctl_inbox_retry((select id from inbox where text = '你好'), noon());
select clerk_set_aside(noon(), (select id from inbox where text = '你好'), '22021', 'invalid byte');
select is((select times from inbox_stuck), 3, 'and the third');
select is((select (x ->> 'times')::int4 from ctl_inbox('{"stuck":true}', noon()) x), 3, 'as an administrator sees');

-- what a clerk that begins anew is told
create temp table lately as select * from clerk_recent(noon('10 minutes'), array(select i::int2 from generate_series(0, 63) i));
select results_eq('select phone, number, filed_at, category, text from lately where not wish and number is not null order by 2',
	$$ select phone, number, filed_at, category, text from "case" where filed_at > noon() order by 2 $$, 'the cases of ten minutes');
select results_eq('select phone, number, text from clerk_recent(noon(''9 minutes''), array(select i::int2 from generate_series(0, 63) i)) where wish',
	'select phone, number, text from wish', 'and the wishes');
select cmp_ok((select count(*) from lately), '<', (select count(*) from "case"), 'and not older ones');
select is_empty('select from clerk_recent(noon(''13 minutes''), array(select i::int2 from generate_series(0, 63) i))', 'later nothing');
select is_empty('select from clerk_recent(noon(''1 minute''), ''{}'')', 'without lanes nothing');

-- numbers: every single wrong digit, exchange and twin is caught
create temp table n as select number::text as s from case_numbers(400) number;
select is((select count(*) from n, generate_series(1, length(s)) i, generate_series(0, 9) d
	where substr(s, i, 1) <> d::text and overlay(s placing d::text from i for 1)::int8 % 13 = 0), 0::int8, 'no single wrong digit');
select is((select count(*) from n, generate_series(1, length(s) - 1) i
	where substr(s, i, 1) <> substr(s, i + 1, 1) and overlay(s placing reverse(substr(s, i, 2)) from i for 2)::int8 % 13 = 0), 0::int8, 'no neighbours exchanged');
select is((select count(*) from n, generate_series(1, length(s) - 2) i
	where substr(s, i, 1) <> substr(s, i + 2, 1) and overlay(s placing reverse(substr(s, i, 3)) from i for 3)::int8 % 13 = 0), 0::int8, 'nor over one digit');
select is((select count(*) from n, generate_series(1, length(s) - 1) i, generate_series(0, 9) d
	where substr(s, i, 1) = substr(s, i + 1, 1) and substr(s, i, 1) <> d::text and overlay(s placing repeat(d::text, 2) from i for 2)::int8 % 13 = 0), 0::int8, 'nor twins');

select * from finish();
rollback;
