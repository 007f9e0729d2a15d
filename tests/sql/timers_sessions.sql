-- SPDX-License-Identifier: BSD-2-Clause
-- Several timekeepers and a transition at once. They commit, so the rows stay: nothing here counts others'.
set search_path = test, hailan, public;
select no_plan();
select dblink_connect(n, format('host=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1), current_database(), r))
  from (values ('a', 'test_keeper'), ('b', 'test_keeper'), ('o', 'postgres')) v (n, r);
select dblink_exec(n, 'set search_path = test, hailan, public') from unnest('{a,b,o}'::text[]) n;
delete from timer;
select import_staff(jsonb_build_array(jsonb_build_object('line', 1, 'name', '部门乙', 'unit', code, 'level', 3, 'phone', '+8613900000021', 'language', 'zh')), noon())
  from unit where level = 'department' order by id limit 1;
select submit(noon('200 days'), array(select '+8613810000' || i from generate_series(100, 139) i), array(select '钟' || i from generate_series(100, 139) i));
create table test.t as select test.file(noon('200 days'), id) as number from inbox where text ~ '^钟1';
delete from timer where rule_id <> (select id from rule where name = 'receive');

-- neither keeper waits for the other, and nothing rings twice
select dblink_exec('a', 'begin');
select is((select n from dblink('a', $$ select rung from timers_ring(noon('200 days 12 hours'), 15) $$) as t (n int4)), 15, 'one takes fifteen');
select is((select n from dblink('b', $$ select rung from timers_ring(noon('200 days 12 hours'), 100) $$) as t (n int4)), 25, 'the other the rest, without waiting');
select is((select n from dblink('b', $$ select reminders_flush(noon('200 days 20 hours'), 100) $$) as t (n int8)), 0::int8, 'and says nothing while the first is at it');
select dblink_exec('a', 'commit');
select is((select n from dblink('b', $$ select rung from timers_ring(noon('200 days 12 hours'), 100) $$) as t (n int4)), 0, 'nothing is left');
select is((select count(*) from timer_past p join test.t on t.number = p.subject where how = 'rung'), 40::int8, 'each rang once');
select is((select count(*) from timer join test.t on t.number = timer.subject where step = 2), 40::int8, 'and each has its next step');

-- a keeper that dies in the middle has done nothing
select dblink_exec('a', 'begin');
select is((select n from dblink('a', $$ select rung from timers_ring(noon('201 days'), 100) $$) as t (n int4)), 40);
select dblink_disconnect('a');
select cmp_ok((select count(*) from timer_past p join test.t on t.number = p.subject where how = 'rung'), '=', 40::int8, 'what was not committed did not ring');
select dblink_connect('a', format('host=%s dbname=%s user=test_keeper', split_part(current_setting('unix_socket_directories'), ',', 1), current_database()));
select dblink_exec('a', 'set search_path = test, hailan, public');
do $$ begin for i in 1..300 loop exit when not exists (select from pg_locks l join pg_stat_activity a using (pid) where a.usename = 'test_keeper' and a.state ~ 'transaction'); perform pg_sleep(0.1); end loop; end $$;
select is((select n from dblink('a', $$ select rung from timers_ring(noon('201 days'), 100) $$) as t (n int4)), 40, 'and rings then');

-- a transition while its timer rings waits for it, and ends its next step, too
select dblink_exec('a', 'begin');
select is((select n from dblink('a', $$ select rung from timers_ring(noon('202 days'), 100) $$) as t (n int4)), 40);
select dblink_send_query('o', format($$ select code from case_step(noon('202 days'), '+8613900000021', null, %s, 'accept') $$, (select min(number) from test.t)));
select pg_sleep(0.3);
select is(dblink_is_busy('o'), 1, 'it waits');
select dblink_exec('a', 'commit');
select is(code, 'ok') from dblink_get_result('o') as t (code text);
select is((select count(*) from timer where subject = (select min(number) from test.t) and rule_id = (select id from rule where name = 'receive')), 0::int8, 'no timer of a state that it has left');
select dblink_disconnect(n) from unnest('{a,b,o}'::text[]) n;
delete from timer where subject in (select number from test.t);
delete from reminder where subject in (select number from test.t);
drop table test.t;
delete from staff where person_id = (select id from person where name = '部门乙');
select * from finish();
