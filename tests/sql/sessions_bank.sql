-- SPDX-License-Identifier: BSD-2-Clause
-- The time bank under several sessions at once, which commit: two of one account, two answers of one service, two
-- reversals; and random moves, bookings and reversals by four sessions. Whatever they do, all sums to zero, no
-- account is below it, and a balance is what its entries say. In a copy of the town, since what it commits cannot be
-- taken away again. HAILAN_NIGHTLY=1: many more.
\set town :DBNAME
\c postgres
create database bank_town template :town;
\c bank_town
set search_path = test, hailan, public;
select no_plan();
\set nightly 0
\getenv nightly HAILAN_NIGHTLY
select case when :'nightly' in ('', '0') then 150 else 4000 end as steps \gset
select dblink_connect(n, format('host=%s dbname=%s user=postgres', split_part(current_setting('unix_socket_directories'), ',', 1), current_database()))
  from unnest('{a,b,c,d}'::text[]) n;
select dblink_exec(n, 'set search_path = test, hailan, public; set lock_timeout = ''60s''') from unnest('{a,b,c,d}'::text[]) n;

create table test.bank_who as
	with p as (insert into person (name, language) select '行' || n, 'zh' from generate_series(1, 24) n returning id, name)
	select row_number() over (order by id)::int as n, id as person, '+86135000000' || lpad((row_number() over (order by id))::text, 2, '0') as phone from p;
insert into phone (number, person_id) select phone, person from bank_who;
create table test.bank_wish (number int8, phone text);
do $$
declare
	v_number int8;
	v_message int8;
begin
	for i in 1..40 loop
		v_number := (select * from hailan.case_numbers(1));
		v_message := hailan.make_id(test.noon(), nextval('hailan.inbox_seq'));
		insert into hailan.inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
		values (v_message, 222405, test.noon(), 0, 0, 'sms', 'a', '+86135000001' || lpad(i::text, 2, '0'), '10690433', 'UTF-8', '', '?');
		insert into hailan.wish (number, city, told_at, message_id, channel, phone, language, category, text)
		values (v_number, 222405, test.noon(), v_message, 'sms', '+86135000001' || lpad(i::text, 2, '0'), 'zh', 'wish_labour', '?');
		insert into test.bank_wish values (v_number, '+86135000001' || lpad(i::text, 2, '0'));
	end loop;
end $$;
create function test.answer(p_phone text, p_number int8, p_yes bool) returns text language sql as $$
	select hailan.ask_answer(test.noon('1 hour'), p_phone, 'zh', case when p_yes then 'yes' else 'no' end, null, p_number, null, null)
$$;
-- the balance of the first person, by name; accounts are made by the first that wants them
select dblink_exec('a', 'begin');
select * from dblink('a', $$ select hailan.ctl_bank_move('city', '+8613500000001', 6, '始', test.noon())::text $$) as t (x text);
select dblink_send_query('b', $$ select (hailan.ctl_bank_move('city', '+8613500000001', 2, '始', test.noon()) ->> 'balance') $$);
select pg_sleep(0.2);
select dblink_exec('a', 'commit');
select is((select x from dblink_get_result('b') as t (x text)), '4', 'two who open the same account: it is one');
select * from dblink_get_result('b') as t (x text);

-- both want the last hours
select dblink_exec('a', 'begin');
select * from dblink('a', $$ select hailan.ctl_bank_move('+8613500000001', '+8613500000002', 5, '先', test.noon())::text $$) as t (x text);
select dblink_send_query('b', $$ select hailan.ctl_bank_move('+8613500000001', '+8613500000003', 5, '后', test.noon())::text $$);
select pg_sleep(0.2);
select is(dblink_is_busy('b'), 1, 'the second waits for the first');
select dblink_exec('a', 'commit');
select throws_like($$ select * from dblink_get_result('b') as t (x text) $$, 'account % holds 3 half hours, and 5 are to be taken%', 'and sees what is left');
select * from dblink_get_result('b') as t (x text);

-- both sides say yes at the same moment
select bank_note(noon(), (select min(number) from bank_wish), array[(select person from bank_who where n = 4)], '{2}');
select dblink_exec('a', 'begin');
select count(*) from dblink('a', format('select test.answer(%L, %s, true)', '+8613500000004', (select min(number) from bank_wish))) as t (x text);
select dblink_send_query('b', format('select test.answer(phone, number, true) from test.bank_wish where number = %s', (select min(number) from bank_wish)));
select pg_sleep(0.2);
select dblink_exec('a', 'commit');
select is((select x from dblink_get_result('b') as t (x text)), 'ok', 'the other waits, and both count');
select * from dblink_get_result('b') as t (x text);
select results_eq($$ select count(*), sum(e.half_hours) from bank_service s join bank_transaction t on t.service_id = s.id join bank_entry e on e.transaction_id = t.id and e.account_id = s.account_id
	where s.wish_number = (select min(number) from bank_wish) $$, $$ values (1::int8, 2::int8) $$, 'it is booked once');

-- two reverse the same
create table test.bank_r as select t.id from bank_transaction t where t.service_id is not null limit 1;
select dblink_exec('a', 'begin');
select * from dblink('a', $$ select hailan.ctl_bank_reverse(id, '错', test.noon('2 hours'))::text from test.bank_r $$) as t (x text);
select dblink_send_query('b', $$ select hailan.ctl_bank_reverse(id, '错', test.noon('2 hours'))::text from test.bank_r $$);
select pg_sleep(0.2);
select dblink_exec('a', 'commit');
select throws_like($$ select * from dblink_get_result('b') as t (x text) $$, '%is reversed already%', 'a transaction is reversed by one of them');
select * from dblink_get_result('b') as t (x text);
select is((select count(*) from bank_transaction where reverses = (select id from bank_r)), 1::int8, 'once');

-- ---- random ----
create table test.bank_walk (session int, ok int, refused int);
create procedure test.bank_walk(p_session int, p_steps int) language plpgsql as $$
declare
	v_ok int := 0;
	v_refused int := 0;
	v_one bank_who;
	v_two bank_who;
	v_wish bank_wish;
	v_do float8;
begin
	perform setseed(p_session / 10.0);
	for i in 1..p_steps loop
		select * into v_one from bank_who w where w.n = 1 + floor(random() * 24);
		select * into v_two from bank_who w where w.n = 1 + floor(random() * 24);
		select * into v_wish from bank_wish w offset floor(random() * 40) limit 1;
		v_do := random();
		begin
			if v_do < 0.3 then
				perform hailan.ctl_bank_move(v_one.phone, v_two.phone, (random() * 6)::int, '随机', noon(make_interval(secs => i)));
			elsif v_do < 0.4 then
				perform hailan.ctl_bank_move('city', v_one.phone, 1 + (random() * 3)::int, '随机', noon(make_interval(secs => i)));
			elsif v_do < 0.5 then
				perform hailan.ctl_bank_move(v_one.phone, 'city', 1 + (random() * 3)::int, '随机', noon(make_interval(secs => i)));
			elsif v_do < 0.65 then
				perform hailan.bank_note(noon(make_interval(secs => i)), v_wish.number, array[v_one.person, v_two.person], array[(random() * 6)::int, 2]);
			elsif v_do < 0.9 then
				perform test.answer(a.phone, case when random() < 0.8 then a.number else v_wish.number end, random() < 0.9)
				   from (select x.phone, x.number from hailan.ask x where x.kind like 'hours%' order by random() limit 1) a;
			else
				perform hailan.ctl_bank_reverse(t.id, '随机', noon(make_interval(secs => i))) from (select x.id from hailan.bank_transaction x order by random() limit 1) t;
			end if;
			v_ok := v_ok + 1;
		exception when sqlstate 'HA006' or sqlstate 'HA007' then
			v_refused := v_refused + 1;
		end;
		commit;
	end loop;
	insert into test.bank_walk values (p_session, v_ok, v_refused);
end $$;
select dblink_send_query(n, format('call test.bank_walk(%s, %s)', s, :steps)) from unnest('{a,b,c,d}'::text[]) with ordinality u (n, s);
-- meanwhile: whoever looks at any moment sees a ledger that is in order
create function test.bank_faults() returns setof text language sql as $$
	select 'transaction ' || t.id || ' sums to ' || sum(e.half_hours) from hailan.bank_transaction t left join hailan.bank_entry e on e.transaction_id = t.id
	 group by t.id, t.entries having sum(e.half_hours) is distinct from 0 or count(e) <> t.entries
	union all
	select 'account ' || a.id || ' has ' || a.balance from hailan.bank_account a
	 where a.balance < 0 or a.balance <> (select coalesce(sum(e.half_hours), 0) from hailan.bank_entry e where e.account_id = a.id)
	union all
	select 'the city has ' || hailan.bank_balance(a.id) from hailan.bank_account a
	 where a.kind = 'issue' and hailan.bank_balance(a.id) <> (select coalesce(sum(e.half_hours), 0) from hailan.bank_entry e where e.account_id = a.id)
	union all
	select 'entry of ' || e.transaction_id || ' says ' || e.balance from (select e.*, sum(e.half_hours) over (partition by e.account_id order by e.transaction_id) as s from hailan.bank_entry e) e
	 where e.balance < 0
	union all
	select 'service ' || s.id || ' is booked ' || count(t.id) || ' times, ' || s.helper_says || ' ' || s.other_says
	  from hailan.bank_service s left join hailan.bank_transaction t on t.service_id = s.id group by s.id
	having count(t.id) <> (s.state in ('booked', 'reversed'))::int or s.state = 'booked' and not (s.helper_says = 'yes' and s.other_says = 'yes')
$$;
select is_empty('select bank_faults()', 'look ' || n || ' meanwhile') from generate_series(1, 3) n, lateral (select pg_sleep(0.2 + n * 0)) s;
select is((select count(*) from dblink_get_result(n) as t (x text)), 1::int8, 'session ' || n || ' went to its end: no deadlock, no other fault') from unnest('{a,b,c,d}'::text[]) n;
select * from dblink_get_result('a') as t (x text);
select is_empty('select bank_faults()', 'nothing is out of order');
select is((select count(*) from bank_walk), 4::int8, 'all four walked');
select cmp_ok((select sum(ok) from bank_walk), '>', (:steps * 2)::int8, (select sum(ok) || ' steps, ' || sum(refused) || ' refused' from bank_walk));
select cmp_ok((select sum(refused) from bank_walk), '>', 5::int8, 'some were refused');
select cmp_ok((select count(*) from bank_service where state = 'booked'), '>', 3::int8, 'some hours were booked by both sides');
select cmp_ok((select count(*) from bank_transaction where kind = 'reversal'), '>', 3::int8, 'some were reversed');
select cmp_ok((select max(c) from (select count(*) as c from bank_transaction where reverses is not null group by reverses) x), '=', 1::int8, 'none twice');
select dblink_disconnect(n) from unnest('{a,b,c,d}'::text[]) n;
select * from finish();
\c postgres
drop database bank_town;
