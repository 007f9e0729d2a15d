-- SPDX-License-Identifier: BSD-2-Clause
-- What comes in is stored once, in order, in its month.
begin;
set local search_path = test, hailan, public;
select no_plan();

select is_empty($$ select * from submit(noon(), '{+8613800000001,+8613800000002}', '{灯坏了,수도가 터졌어요}') $$, 'what is simply stored gives no row');
select results_eq($$ select source, text, convert_from(raw, 'UTF8') = text, received_at = noon() from inbox order by id $$,
	$$ values ('+8613800000001', '灯坏了', true, true), ('+8613800000002', '수도가 터졌어요', true, true) $$, 'rows as they were given, in their order');
select is((select count(*) from inbox_waiting w join inbox i using (id, lane)), 2::int8, 'both wait in their lanes');

-- resends
select results_eq($$ select ord, outcome from submit(noon('5 minutes'), '{+8613800000003,+8613800000001}', '{新的,灯坏了}') $$,
	$$ values (2, 1::int2) $$, 'the same again within ten minutes is a duplicate, the other is stored');
select results_eq($$ select i.text, count(*) from inbox_copy c join inbox i using (id) group by 1 $$, $$ values ('灯坏了', 1::int8) $$, 'and counted with the first');
select is((select count(*) from inbox), 3::int8, 'and not stored');
select results_eq($$ select ord, outcome from submit(noon('9 minutes 59 seconds'), '{+8613800000001}', '{灯坏了}') $$, $$ values (1, 1::int2) $$, 'the window is counted from the first, …');
select is_empty($$ select * from submit(noon('10 minutes 1 second'), '{+8613800000001}', '{灯坏了}') $$, '… so after ten minutes it is a new message');
select results_eq($$ select ord, outcome from submit(noon('11 minutes'), '{+8613800000001}', '{灯坏了}') $$, $$ values (1, 1::int2) $$, 'with a window of its own');
select results_eq($$ select ord, outcome from submit(noon(), '{+8613800000004,+8613800000005,+8613800000004}', '{一,一,一}') $$,
	$$ values (3, 1::int2) $$, 'two equal ones in one batch: the first is stored');
select is((select count(*) from inbox where text = '一'), 2::int8, 'once for each sender');
update setting set value = '1 minute' where key = 'resend_window';
select is_empty($$ select * from submit(noon('12 minutes'), '{+8613800000001}', '{灯坏二}') $$);
select is_empty($$ select * from submit(noon('13 minutes 30 seconds'), '{+8613800000001}', '{灯坏二}') $$, 'the window is a setting');
update setting set value = '10 minutes' where key = 'resend_window';
select is(keep_seen(noon('15 minutes'), 2), 2::int8, 'keep_seen works in steps');
select is(keep_seen(noon('15 minutes'), 100) + keep_seen(noon('15 minutes'), 100), 2::int8, 'until what is old is gone');
select is((select count(*) from seen), 2::int8, 'what still counts stays');

-- ids
select is(id_time(make_id(noon(), 77)), noon(), 'an id tells its time');
select setval('inbox_seq', 2097149);
select is_empty($$ select * from submit(noon('1 day'), array_fill('+8613800000006'::text, array[5]), '{1,2,3,4,5}') $$);
select is((select string_agg(text, '' order by id) from inbox where source = '+8613800000006'), '12345', 'a sender''s order holds where the numbers begin again');
select ok(not exists (select from (select id, lag(id) over () as before from unnest(make_ids('inbox_seq', noon(), 5000)) id) t where id <= before), 'ids of one moment ascend');

-- bounds
select throws_ok($$ select submit(noon(), '{""}', '{x}') $$, '23514', null, 'no source');
select throws_ok($$ select submit(noon(), array[repeat('9', 255)], '{x}') $$, '23514', null, 'a source too long');
select throws_ok($$ select submit(noon(), '{+8613800000001}', array[repeat('长', 65537)]) $$, '23514', null, 'a text too long');
select lives_ok($$ select submit(noon(), '{}', '{}') $$, 'an empty batch is nothing');

-- months
select submit('2031-03-10 12:00+08', '{+8613800000008}', '{春}');
select is((select tableoid::regclass::text from inbox where text = '春'), 'inbox_default', 'without a month the default takes it');
select is(keep_partitions('2031-03-10 12:00+08'), 6::int8, 'this month and two more are made, of both tables');
select is((select tableoid::regclass::text from inbox where text = '春'), 'inbox_2031_03', 'and take their rows over');
select is((select count(*) from inbox_default), 0::int8, 'from the default');
select has_table('hailan', t::name) from unnest('{inbox_2031_05,outbox_2031_05}'::text[]) t;
select is(keep_partitions('2031-03-10 12:00+08'), 0::int8, 'once');
select submit('2031-05-31 23:59:59.999+00', '{+8613800000007}', '{末}');
select submit('2031-06-01 00:00:00+00', '{+8613800000007}', '{初}');
select results_eq($$ select text, tableoid::regclass::text from inbox where source = '+8613800000007' order by id $$,
	$$ values ('末', 'inbox_2031_05'), ('初', 'inbox_default') $$, 'the month ends with its last millisecond');

select * from finish();
rollback;
