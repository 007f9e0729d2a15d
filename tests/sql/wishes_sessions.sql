-- SPDX-License-Identifier: BSD-2-Clause
-- Several clerks file claims of one wish at once. They commit, so the rows stay: nothing here counts others'.
set search_path = test, hailan, public;
select no_plan();
select dblink_connect(n, format('host=%s dbname=%s user=postgres', split_part(current_setting('unix_socket_directories'), ',', 1), current_database())) from unnest('{a,b}'::text[]) n;
select dblink_exec(n, 'set search_path = test, hailan, public') from unnest('{a,b}'::text[]) n;
select whole(format('select * from import_volunteers(%L, noon())', (select jsonb_agg(jsonb_build_object('line', n, 'name', '并' || n, 'phone', '+861371000' || n, 'language', 'zh')) from generate_series(1001, 1040) n)));
-- who else does not come into it
delete from inbox_waiting;
create table test.w as select * from case_numbers(2) as number;
insert into wish (number, city, told_at, unit_id, place_id, category, channel, phone, language, text)
select number, 222405, noon('300 days'), u.id, u.id, 'wish_labour', 'sms', '+8613800000002', 'zh', '并发' from test.w, unit u where u.code = '222405001005';
insert into wish_life (number, step_id, people) select number, 0, 3 from test.w;
insert into wish_event (id, city, wish_number, at, from_state, to_state, action, channel)
select make_id(noon('300 days'), nextval('event_seq')), 222405, number, noon('300 days'), 'told', 'published', 'publish', 'sms' from test.w;
delete from timer where subject in (select number from test.w);
-- forty messages, two for one wish, two for the other, in turns
create table test.m (n int primary key, id int8, number int8);
insert into test.m select n, make_id(noon('300 days 1 minute'), n), (array(select number from test.w order by number))[1 + (n - 1001) / 2 % 2] from generate_series(1001, 1040) n;
insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
select id, 222405, noon('300 days 1 minute'), 0, n % 64, 'sms', 'a', '+861371000' || n, '10690433', 'UTF-8', '', '接' from test.m;
insert into inbox_waiting (id, lane) select id, n % 64 from test.m;
-- files some of them as a clerk does
create function test.take(p_n int[]) returns void language plpgsql as $$
declare
	v record;
begin
	select array_agg(m.id order by m.id) as ids, array_agg(m.number order by m.id) as numbers, count(*)::int4 as n into v from test.m where m.n = any (p_n);
	delete from hailan.inbox_waiting where id = any (v.ids);
	perform hailan.clerk_steps(test.noon('300 days 1 minute'), v.ids, array(select generate_series(1, v.n)), array_fill('claim'::text, array[v.n]), v.numbers,
		array_fill(''::text, array[v.n]), array_fill(null::int4, array[v.n]), array_fill(null::text, array[v.n]), array_fill('zh'::text, array[v.n]));
end $$;
create function test.row(p_number int8) returns text language sql as $$
	select string_agg(right(phone, 2) || ' ' || state, ', ' order by id) from hailan.wish_claim where number = p_number $$;

select dblink_exec('a', 'begin');
select * from dblink('a', $$ select take(array[1002, 1004, 1006, 1008]) $$) as t (x text);
select is((select t.x from dblink('a', $$ select string_agg(distinct state::text, ' ') from wish_claim where number in (select number from w) $$) as t (x text)), 'asked',
	'1001 is in no hands yet: it may be the first of this wish');
select dblink_send_query('b', $$ select take(array[1001, 1003, 1005, 1007]) $$);
select pg_sleep(0.3);
select is(dblink_is_busy('b'), 1, 'one of them decides at a time');
select dblink_exec('a', 'commit');
select * from dblink_get_result('b') as t (x text);
select * from dblink_get_result('b') as t (x text);
select is(test.row(m.number), case n when 1001 then '01 in, 02 in, 05 in, 06 waiting' else '03 in, 04 in, 07 in, 08 waiting' end,
	'the other decides for both, in the order of arrival') from test.m where n in (1001, 1003);
-- all the rest by both at once, in pieces that lie between one another, and in both orders of the two wishes
select dblink_send_query(s, format('select take(array(select generate_series(%s, %s, 4)))', f, t)) from (values ('a', 1009, 1040), ('b', 1010, 1040)) v (s, f, t);
select * from dblink_get_result('a') as t (x text);
select * from dblink_get_result('a') as t (x text);
select * from dblink_get_result('b') as t (x text);
select * from dblink_get_result('b') as t (x text);
select dblink_send_query(s, format('select take(array(select generate_series(%s, %s, 4)))', f, t)) from (values ('b', 1011, 1040), ('a', 1012, 1040)) v (s, f, t);
select * from dblink_get_result('a') as t (x text);
select * from dblink_get_result('a') as t (x text);
select * from dblink_get_result('b') as t (x text);
select * from dblink_get_result('b') as t (x text);
select is((select string_agg(state::text, ' ' order by id) from wish_claim c where c.number = w.number),
	'in in in waiting waiting waiting waiting waiting' || repeat(' late', 12), 'three in, five wait, twelve late: as they came') from test.w w;
select is((select count(distinct destination)::text || '/' || count(*) from outbox where number in (select number from test.w) and template ~ '^claim'), '40/40', 'and one answer each');
select is((select taken || state from wish_now x where x.number = w.number), '3full') from test.w w;

-- of several who leave and come at once each is told what is true
select dblink_exec('a', 'begin');
select is((select x from dblink('a', format($$ select (wish_step(noon('300 days 2 minutes'), '+8613710001001', null, %s, 'drop')).code $$, number)) as t (x text)), 'ok') from test.m where n = 1001;
select dblink_send_query('b', format($$ select (wish_step(noon('300 days 2 minutes'), '+8613710001002', null, %s, 'drop')).code $$, number)) from test.m where n = 1002;
select pg_sleep(0.3);
select is(dblink_is_busy('b'), 1);
select dblink_exec('a', 'commit');
select is(x, 'ok') from dblink_get_result('b') as t (x text);
select * from dblink_get_result('b') as t (x text);
select is((select string_agg(right(phone, 2) || ' ' || state, ', ' order by id) from wish_claim where number = m.number and state in ('in', 'held')), '05 in, 06 held, 09 held',
	'two places, and the first two who waited have them') from test.m where n = 1001;

-- whoever writes rows himself cannot fill a place twice
select throws_ok($$ update wish_claim set state = 'in' where number = (select number from test.m where n = 1001) and state = 'late' $$, '23514');

select dblink_disconnect(n) from unnest('{a,b}'::text[]) n;
delete from timer where subject in (select number from test.w);
delete from ask where number in (select number from test.w);
drop function test.take(int[]), test.row(int8);
drop table test.m, test.w;
select * from finish();
