-- SPDX-License-Identifier: BSD-2-Clause
-- What two sessions do to each other. They commit, so the rows stay: nothing here counts others'.
set search_path = test, hailan, public;
select no_plan();
select dblink_connect(n, format('host=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1), current_database(), r))
  from (values ('a', 'test_sms'), ('b', 'test_sms'), ('x', 'test_clerk'), ('y', 'test_clerk_2'), ('o', 'postgres')) v (n, r);
select dblink_exec(n, 'set search_path = test, hailan, public') from unnest('{a,b,x,y,o}'::text[]) n;

-- the same message over two connections at once
select dblink_exec('a', 'begin');
select is((select count(*) from dblink('a', $$ select ord from submit(noon(), '{+8613800000011,+8613800000012}', '{同,一}') $$) as t (o int4)), 0::int8, 'one has stored it and not yet committed');
select dblink_send_query('b', $$ select ord, outcome from submit(noon(), '{+8613800000012,+8613800000013}', '{一,别}') $$);
select pg_sleep(0.3);
select is(dblink_is_busy('b'), 1, 'the other waits');
select dblink_exec('a', 'commit');
select results_eq($$ select * from dblink_get_result('b') as t (o int4, u int2) $$, $$ values (1, 1::int2) $$, 'and knows it for a duplicate');
select * from dblink_get_result('b') as t (o int4, u int2);
select is((select count(*) from inbox where source in ('+8613800000011', '+8613800000012', '+8613800000013')), 3::int8, 'each is stored once');
select dblink_exec('a', 'begin');
select count(*) from dblink('a', $$ select ord from submit(noon(), '{+8613800000014}', '{回}') $$) as t (o int4);
select dblink_send_query('b', $$ select ord, outcome from submit(noon(), '{+8613800000014}', '{回}') $$);
select pg_sleep(0.3);
select dblink_exec('a', 'rollback');
select is_empty($$ select * from dblink_get_result('b') as t (o int4, u int2) $$, 'when the first is undone the second is the message');
select * from dblink_get_result('b') as t (o int4, u int2);

-- two parts of one set at once
select dblink_exec('a', 'begin');
select count(*) from dblink('a', $$ select ord from part(noon(), '+8613800000015', 3, 1, 2, 'A') $$) as t (o int4);
select dblink_send_query('b', $$ select ord, outcome from part(noon(), '+8613800000015', 3, 2, 2, 'B') $$);
select pg_sleep(0.3);
select dblink_exec('a', 'commit');
select * from dblink_get_result('b') as t (o int4, u int2);
select * from dblink_get_result('b') as t (o int4, u int2);
select is((select string_agg(convert_from(raw, 'UTF8'), ',') from inbox where source = '+8613800000015'), 'AB', 'come together once');

-- two processes of one channel take different messages
select send(noon(), 'q' || i) from generate_series(1, 6) i;
select dblink_exec('a', 'begin');
create temp table taken as select 'a' as who, * from dblink('a', $$ select id from claim(noon(), '{a}', '{3}') $$) as t (id int8);
insert into taken select 'b', * from dblink('b', $$ select id from claim(noon(), '{a}', '{10}', 'other:sms') $$) as t (id int8);
select dblink_exec('a', 'commit');
select results_eq('select who, count(*) from taken group by 1 order by 1', $$ values ('a', 3::int8), ('b', 3::int8) $$, 'neither waits for the other');
select is((select count(distinct id) from taken), 6::int8, 'and no message is taken twice');

-- two processes of one name
select dblink_connect(n, format('host=%s dbname=%s user=test_sms', split_part(current_setting('unix_socket_directories'), ',', 1), current_database()))
  from unnest('{c,d}'::text[]) n;
select dblink_exec(n, 'set search_path = test, hailan, public') from unnest('{c,d}'::text[]) n;
select send(noon('1 hour'), 'n' || i) from generate_series(1, 4) i;
select throws_like($$ select * from dblink('c', 'select id from outbox_claim(''sms'', noon(''1 hour''), ''twin:sms'', ''{a}'', ''{2}'')') as t (id int8) $$,
	'%before it has looked%', 'nobody claims who has not looked first');
select is((select count(*) from dblink('c', $$ select id from claim(noon('1 hour'), '{a}', '{2}', 'twin:sms') $$) as t (id int8)), 2::int8, 'the first has its messages');
select throws_like($$ select * from dblink('d', 'select outbox_recover(''sms'', noon(''1 hour''), ''twin:sms'', true, ''{}'')') as t (n int8) $$,
	'another process on the same machine sends for this channel: worker twin:sms, backend %', 'the second is told why it may not');
select throws_like($$ select * from dblink('d', 'select id from outbox_claim(''sms'', noon(''1 hour''), ''twin:sms'', ''{a}'', ''{2}'')') as t (id int8) $$,
	'%before it has looked%', 'and claims nothing');
select is((select count(*) from outbox_in_hand where worker = 'twin:sms'), 2::int8, 'what the first has in hand stays there');
select is((select count(*) from dblink('c', $$ select id from claim(noon('1 hour'), '{a}', '{1}', 'twin:sms') $$) as t (id int8)), 1::int8, 'the first goes on');
select dblink_send_query('d', $$ select outbox_recover('sms', noon('1 hour'), 'twin:sms', true, '{}') $$);
select dblink_disconnect('c');
select is((select * from dblink_get_result('d') as t (n int8)), 3::int8, 'once it has died the second takes over');
select * from dblink_get_result('d') as t (n int8);

-- lanes
create temp table lanes (who text, step int, lane int2);
insert into lanes select 'x', 1, * from dblink('x', $$ select clerk_lanes(noon(), 'clerk-1') $$) as t (l int2);
select is((select count(*) from lanes where step = 1), 64::int8, 'one clerk has all lanes');
insert into lanes select 'y', 2, * from dblink('y', $$ select clerk_lanes(noon('1 second'), 'clerk-2') $$) as t (l int2);
select is((select count(*) from lanes where step = 2), 0::int8, 'a second one gets none before they are given back');
insert into lanes select 'x', 3, * from dblink('x', $$ select clerk_lanes(noon('2 seconds'), 'clerk-1') $$) as t (l int2);
insert into lanes select 'y', 3, * from dblink('y', $$ select clerk_lanes(noon('3 seconds'), 'clerk-2') $$) as t (l int2);
select results_eq('select who, count(*) from lanes where step = 3 group by 1 order by 1', $$ values ('x', 32::int8), ('y', 32::int8) $$, 'then each has half');
select is((select count(distinct lane) from lanes where step = 3), 64::int8, 'no lane twice');
insert into lanes select 'y', 4, * from dblink('y', $$ select clerk_lanes(noon('4 seconds'), 'clerk-2') $$) as t (l int2);
select set_eq('select lane from lanes where step = 4', $$ select lane from lanes where who = 'y' and step = 3 $$, 'and keeps it');
select dblink_disconnect('x');
select pg_sleep(0.2);
insert into lanes select 'y', 5, * from dblink('y', $$ select clerk_lanes(noon('5 seconds'), 'clerk-2') $$) as t (l int2);
select is((select count(*) from lanes where step = 5), 64::int8, 'when the first has died the second has all at its next call');

-- two clerks file the same message
create temp table stale as select id from inbox where source = '+8613800000014';
select dblink_exec('o', 'begin');
select * from dblink('o', format($$ select file(noon('60 days'), %s) $$, (select id from stale))) as t (n int8);
select dblink_connect('p', format('host=%s dbname=%s user=postgres', split_part(current_setting('unix_socket_directories'), ',', 1), current_database()));
select dblink_exec('p', 'set search_path = test, hailan, public');
select dblink_send_query('p', format($$ select file(noon('60 days'), %s) $$, (select id from stale)));
select pg_sleep(0.3);
select dblink_exec('o', 'commit');
select throws_ok($$ select * from dblink_get_result('p') as t (n int8) $$, 'HA001', null, 'the second learns that it is gone');
select is((select count(*) from "case" where phone = '+8613800000014'), 1::int8, 'one case');

-- policy is announced
create temp table v as select version from policy_version;
update template set body = body where name = 'greeting';
select cmp_ok((select version from policy_version), '>', (select version from v), 'a changed template changes the version of the policy');

select dblink_disconnect(n) from unnest(dblink_get_connections()) n;
select * from finish();
