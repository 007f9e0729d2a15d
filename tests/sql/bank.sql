-- SPDX-License-Identifier: BSD-2-Clause
-- The time bank: what the ledger refuses, how hours come into it, how they are corrected.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();

-- helpers: a Chinese and a Korean volunteer, and two who share one telephone
with p as (insert into person (name, language) values ('钟一', 'zh'), ('김이', 'ko'), ('欧阳三', 'zh'), ('四', 'zh') returning id, name)
insert into phone (number, person_id) select case name when '钟一' then '+8613600000001' when '김이' then '+8613600000002' else '+8613600000003' end, id from p;
create function pg_temp.person(p_name text) returns int8 language sql as $$ select id from hailan.person where name = p_name $$;
create function pg_temp.account(p_name text) returns int8 language sql as $$ select hailan.bank_account_of(test.noon(), pg_temp.person(p_name)) $$;
create function pg_temp.wish(p_phone text default '+8613700000009', p_entered text default null) returns int8 language plpgsql as $$
declare
	v_number int8 := (select * from hailan.case_numbers(1));
	v_message int8 := hailan.make_id(test.noon(), nextval('hailan.inbox_seq'));
begin
	insert into hailan.inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
	values (v_message, 222405, test.noon(), 0, 0, 'sms', 'a', p_phone, '10690433', 'UTF-8', '', '这条小道杂草太多');
	insert into hailan.wish (number, city, told_at, message_id, unit_id, place_id, channel, phone, language, entered_by, category, text)
	values (v_number, 222405, test.noon(), v_message, test.at_unit('community'), test.at_unit('community'), 'sms', p_phone, 'zh', pg_temp.person(p_entered), 'wish_labour', '这条小道杂草太多');
	return v_number;
end $$;
-- A text of somebody, as the clerk hands it to the rules; what was said to him because of it.
create function pg_temp.writes(p_phone text, p_action text, p_word text default null, p_number int8 default null, p_at timestamptz default noon('1 hour'))
returns setof text language plpgsql as $$
declare
	v_id int8 := hailan.make_id(p_at, nextval('hailan.inbox_seq'));
begin
	insert into hailan.inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
	values (v_id, 222405, p_at, 0, 0, 'sms', 'a', p_phone, '10690433', 'UTF-8', '', '?');
	perform hailan.clerk_steps(p_at, array[v_id], array[1], array[p_action], array[p_number], array[p_word], array[null::int4], array[null::text], array[hailan.phone_language(p_phone)]);
	return query select o.body from hailan.outbox o where o.message_id = v_id and o.destination = p_phone order by o.id;
end $$;
create function pg_temp.heard(p_phone text) returns text language sql as $$ select o.body from hailan.outbox o where o.destination = p_phone order by o.id & 2097151 desc limit 1 $$;
create function pg_temp.hours(p_name text) returns numeric language sql as $$ select hailan.bank_balance(pg_temp.account(p_name)) / 2.0 $$;

-- ---- the ledger ----
select is(bank_issue(noon()), bank_issue(noon('1 day')), 'the city has one account');
select is(pg_temp.account('钟一'), pg_temp.account('钟一'), 'and a person has one');
select isnt(pg_temp.account('钟一'), pg_temp.account('김이'), 'each his own');
create function pg_temp.ends() returns void language plpgsql as $$ begin set constraints all immediate; set constraints all deferred; end $$;

select lives_ok($$ select bank_post(noon(), 'move', array[bank_issue(noon()), pg_temp.account('钟一')], '{-4,4}', '开户', 'test'); select pg_temp.ends() $$, 'hours come from the city');
select is(pg_temp.hours('钟一'), 2.0, 'and are there');
select is(bank_balance(bank_issue(noon())), -4::int8, 'the city is as far below');
select throws_ok($$ select bank_post(noon(), 'move', array[bank_issue(noon()), pg_temp.account('钟一')], '{-4,5}', '多', 'test'); select pg_temp.ends() $$, '23514', null, 'what does not sum to zero is refused');
select throws_ok($$ insert into bank_transaction (id, city, at, kind, entries, reason, made_by) values (make_id(noon(), 999), 222405, noon(), 'move', 2, 'x', 'test'); select pg_temp.ends() $$,
	'23514', null, 'so is a transaction without entries');
select throws_ok($$ insert into bank_entry (transaction_id, account_id, city, half_hours) select max(t.id), pg_temp.account('김이'), 222405, 2 from bank_transaction t;
	insert into bank_entry (transaction_id, account_id, city, half_hours) select max(t.id), pg_temp.account('四'), 222405, -2 from bank_transaction t; select pg_temp.ends() $$,
	'HA006', null, 'nobody takes what is not there');
select throws_ok($$ insert into bank_entry (transaction_id, account_id, city, half_hours) select max(t.id), pg_temp.account('김이'), 222405, 2 from bank_transaction t; select pg_temp.ends() $$,
	'23514', null, 'nothing is added to what was written');
select throws_ok('update bank_entry set half_hours = half_hours * 2', '42501', 'bank_entry is append-only', 'entries are not changed');
select throws_ok('delete from bank_transaction', '42501', 'bank_transaction is append-only', 'nor taken away');
select throws_ok('truncate bank_entry', '42501', 'bank_entry is append-only', 'nor all of them');
select throws_ok($$ update bank_account set balance = 100 where kind = 'person' $$, '42501', null, 'a balance is moved by entries alone');
select throws_ok($$ insert into bank_account (city, kind, opened_at, balance) values (222405, 'person', noon(), 8) $$, '42501', null, 'nobody is born with hours');
select throws_ok('delete from bank_account', '42501', null, 'an account stays');
select throws_ok($$ select bank_post(noon(), 'move', array[bank_issue(noon())], '{0}', 'x', 'test') $$, '23514', null, 'one account is no transaction');
select throws_ok($$ select bank_post(noon(), 'service', array[bank_issue(noon()), pg_temp.account('钟一')], '{-2,2}', null, 'test') $$, '23514', null, 'a service needs its confirmation');
select throws_like($$ select ctl_bank_move('+8613600000001', '+8613600000002', 5, '换', noon()) $$, 'account % holds 4 half hours, and 5 are to be taken', 'overdrawn: says how much is there');
select is(ctl_bank_move('+8613600000001', '+8613600000002', 3, '换', noon()) ->> 'balance', '1.5', 'hours are passed on');
select is(pg_temp.hours('钟一'), 0.5, 'and gone here');
select throws_like($$ select ctl_bank_move('+8613600000001', '+8613600000003', 1, '换', noon()) $$, 'several people share%', 'a shared telephone is no account');
select throws_like($$ select ctl_bank_move('+8613600000001', '+8613699999999', 1, '换', noon()) $$, 'there is no account of%', 'nor an unknown one');
select throws_like($$ select ctl_bank_move('+8613600000001', '+8613600000002', 1, ' ', noon()) $$, 'nothing says why', 'a reason is needed');
select throws_like($$ select ctl_bank_move('+8613600000001', '+8613600000002', 0, 'x', noon()) $$, '0 half hours cannot%', 'nothing is no amount');
select throws_like($$ select ctl_bank_move('+8613600000001', '+8613600000002', -3, 'x', noon()) $$, '-3 half hours cannot%', 'nor less than nothing');
update setting set value = '4' where key = 'bank_overdraft';
select lives_ok($$ select ctl_bank_move('+8613600000001', '+8613600000002', 5, '先用', noon()) $$, 'a setting lets an account go below zero');
select throws_ok($$ select ctl_bank_move('+8613600000001', '+8613600000002', 1, '先用', noon()) $$, 'HA006', null, 'as far as it says');
update setting set value = '0' where key = 'bank_overdraft';
select lives_ok($$ select ctl_bank_move('city', '+8613600000001', 2, '补', noon()) $$, 'what fills it up again is welcome, also below zero');

-- reversal
create temp table r as select max(id) as id from bank_transaction where reason = '先用';
select is((select balance from bank_account where id = pg_temp.account('钟一')), -2::int8, 'before');
select lives_ok($$ select ctl_bank_reverse((select id from r), '写错', noon()); select pg_temp.ends() $$, 'a mistake is reversed');
select is((select balance from bank_account where id = pg_temp.account('钟一')), 3::int8, 'all of it comes back');
select throws_like($$ select ctl_bank_reverse((select id from r), '再', noon()) $$, 'transaction % is reversed already, by %', 'but once');
select throws_like('select ctl_bank_reverse(1, ''x'', noon())', 'there is no transaction 1', 'an unknown one is told');
select throws_like($$ select ctl_bank_reverse((select max(id) from bank_transaction), '', noon()) $$, 'nothing says why', 'a reversal says why');
select throws_ok($$ insert into bank_transaction (id, city, at, kind, entries, reverses, reason, made_by) select make_id(noon('1 day'), 1), 222405, noon(), 'reversal', 2, max(id), 'x', 'test' from bank_transaction where kind = 'reversal';
	insert into bank_entry (transaction_id, account_id, city, half_hours) values (make_id(noon('1 day'), 1), bank_issue(noon()), 222405, -1), (make_id(noon('1 day'), 1), pg_temp.account('钟一'), 222405, 1); select pg_temp.ends() $$,
	'23514', null, 'a reversal is the whole of it, the other way round');
update setting set value = '2' where key = 'bank_overdraft';
select lives_ok($$ select ctl_bank_reverse((select max(id) from bank_transaction where kind = 'reversal'), '还是对的', noon('1 minute')); select pg_temp.ends() $$, 'a reversal can be reversed, once');
select is((select balance from bank_account where id = pg_temp.account('钟一')), -2::int8, 'and it is as before');
update setting set value = '0' where key = 'bank_overdraft';
select ctl_bank_move('city', '+8613600000001', 2, '补', noon());
select throws_ok($$ select ctl_bank_reverse((select min(id) from bank_transaction where reason = '补'), '错', noon()) $$, 'HA006', null, 'hours that were spent cannot be taken back');

-- ---- both sides ----
create temp table w as select pg_temp.wish() as number;
select is(bank_note(noon(), (select number from w), array[pg_temp.person('钟一'), pg_temp.person('김이')], '{4,3}'), 2, 'hours of two are noted');
select alike(pg_temp.heard('+8613600000001'), '编号%，记您帮忙2小时，存入时间银行。对请回1，不对请回2', 'a helper is asked');
select alike(pg_temp.heard('+8613600000002'), '번호 %. 도우신 1.5시간을 시간은행에 적습니다. 맞으면 1, 아니면 2', 'each in his language');
select alike(pg_temp.heard('+8613700000009'), '%来帮您的：钟某某 2小时、김OO 1.5小时。对请回1，不对请回2', 'and the wisher, about all at once, with masked names');
select is(pg_temp.hours('钟一'), 0.0, 'nothing is booked yet');
select is(pg_temp.writes('+8613600000001', 'digits', '1'), '谢谢您的回答，已记下。', 'the helper says yes');
select is(pg_temp.hours('钟一'), 0.0, 'one side is not enough');
select is(pg_temp.writes('+8613600000001', 'balance'), '您的时间银行余额：0小时，另有2小时等双方确认。', 'he may ask what waits');
select is(pg_temp.writes('+8613700000009', 'yes'), '谢谢您的回答，已记下。', 'the wisher says yes');
select is(pg_temp.hours('钟一'), 2.0, 'now it is booked');
select alike(pg_temp.heard('+8613600000001'), '%2小时已存入时间银行，余额2小时%', 'and told to the helper');
select is(pg_temp.hours('김이'), 4.0, 'not to the one who has not answered');
select is(pg_temp.writes('+8613600000002', 'balance'), '시간은행 잔액: 4시간, 확인을 기다리는 시간 1.5시간.', 'whose hours wait');
select alike((select pg_temp.writes('+8613600000002', 'digits', '1')), '번호 % 1.5시간 시간은행에 적립. 잔액 5.5시간.%', 'the other one says yes');
select is_empty($$ select pg_temp.writes('+8613600000002', 'digits', '1') $$, 'a second yes is an answer to nothing');
select is(pg_temp.hours('김이'), 5.5, 'and books nothing');
select pg_temp.ends();
select is((select sum(half_hours) from bank_entry), 0::int8, 'all sums to zero');
select is(bank_note(noon(), (select number from w), array[pg_temp.person('钟一')], '{8}'), 0, 'what is booked is not noted again');
select lives_ok($$ select ctl_bank_reverse((select t.id from bank_transaction t join bank_service s on s.id = t.service_id and s.account_id = pg_temp.account('钟一')), '多记了', noon('2 hours')) $$, 'it is reversed');
select is(pg_temp.heard('+8613600000001'), '时间银行更正：2小时已冲回，余额0小时。原因：多记了', 'which he is told');
select is(bank_note(noon(), (select number from w), array[pg_temp.person('钟一')], '{2}'), 1, 'and noted anew');

-- no, silence, nobody to ask
select alike((select pg_temp.writes('+8613600000001', 'no')), '%社区核对后再记。', 'a helper says no');
select alike(pg_temp.heard(who('community')), '%心愿的服务时间有人说不对，请核对后重新登记。', 'the community hears it');
select is((select state from bank_service s where s.wish_number = (select number from w) order by id desc limit 1), 'refused', 'those hours are refused');
select is_empty($$ select pg_temp.writes('+8613700000009', 'yes') $$, 'a late yes of the other side books nothing');
create temp table w2 as select pg_temp.wish() as number;
select is(bank_note(noon(), (select number from w2), array[pg_temp.person('钟一'), pg_temp.person('钟一')], '{2,1}'), 1, 'twice the same person counts once');
select is(keep_asks(noon('8 days'), 100), 1::int8, 'the helper does not answer; so nobody else need');
select is((select state || helper_says || other_says from bank_service where wish_number = (select number from w2)), 'silentsilentasked', 'silence is no yes');
select is(pg_temp.hours('钟一'), 0.0, 'nothing is booked');
create temp table w3 as select pg_temp.wish() as number;
select bank_note(noon(), (select number from w3), array[pg_temp.person('钟一')], '{2}');
select pg_temp.writes('+8613600000001', 'yes');
select keep_asks(noon('8 days'), 100);
select alike(pg_temp.heard(who('community')), '编号%心愿的服务时间：钟某某 1小时。属实请回1，不对请回2', 'the community is asked in place of a silent wisher');
select isnt(pg_temp.writes(who('community'), 'yes', null, null, noon('9 days')), null, 'and says yes');
select is(pg_temp.hours('钟一'), 1.0, 'so it is booked');
create temp table w4 as select pg_temp.wish(who('community'), '试community') as number;
select bank_note(noon(), (select number from w4), array[pg_temp.person('钟一')], '{2}');
select is((select other_side || other_phone from bank_service where wish_number = (select number from w4)), 'community' || who('community'), 'who entered a wish from his own telephone answers for the community');
create temp table w5 as select pg_temp.wish('+8613600000001') as number;
select bank_note(noon(), (select number from w5), array[pg_temp.person('钟一')], '{2}');
select is((select other_phone from bank_service where wish_number = (select number from w5)), who('community'), 'nobody is both sides');
create temp table w6 as select pg_temp.wish() as number;
select bank_note(noon(), (select number from w6), array[pg_temp.person('试community')], '{2}');
select isnt((select other_phone from bank_service where wish_number = (select number from w6)), who('community'), 'not the community''s own either');
select pg_temp.writes('+8613700000009', 'no', null, (select number from w6));
select is((select state from bank_service where wish_number = (select number from w6)), 'refused', 'the wisher says no: refused');
select throws_ok($$ update bank_service set helper_says = 'no' where helper_says = 'yes' $$, '42501', null, 'what was said stays');
select throws_ok($$ select bank_post(noon(), 'service', array[s.account_id, bank_issue(noon())], array[s.half_hours, -s.half_hours], null, 'test', s.id) from bank_service s where s.state = 'refused' limit 1; select pg_temp.ends() $$,
	'23514', null, 'nothing books hours that were not confirmed, whoever tries');

-- the wisher pays, as far as it goes
update setting set value = 'wisher' where key = 'bank_payer';
create temp table w7 as select pg_temp.wish('+8613600000002') as number;
update wish set person_id = pg_temp.person('김이') where number = (select number from w7);
select bank_note(noon(), (select number from w7), array[pg_temp.person('钟一')], '{14}');
select pg_temp.writes('+8613600000001', 'yes', null, (select number from w7)), pg_temp.writes('+8613600000002', 'yes', null, (select number from w7));
select is(array[pg_temp.hours('钟一'), pg_temp.hours('김이')], '{8.0,0.0}', 'the wisher gives what he has, the city the rest');
select pg_temp.ends();

-- balance, whose?
select is(pg_temp.writes('+8613600000003', 'balance'), '时间银行余额：欧某某 0小时、四某某 0小时。', 'a shared telephone: each');
select is(pg_temp.writes('+8613799999999', 'balance'), '这个手机没有登记，查时间银行请找社区。', 'an unknown one is told whom to ask');

-- hailanctl
select is((select count(*) from ctl_bank_balance('{}', noon())), (select count(*) from bank_account), 'every account');
select is((select count(*) from ctl_bank_balance('{"who":"+8613600000003"}', noon())), 2::int8, 'those of a telephone');
select is((select sum((b ->> 'hours')::numeric) from ctl_bank_balance('{}', noon()) b), 0.0, 'together zero');
select is((select sum((b ->> 'hours')::numeric) from ctl_bank_ledger('{"limit":1000}', noon()) b), 0.0, 'so is the ledger');
select cmp_ok((select count(*) from ctl_bank_ledger(jsonb_build_object('wish', (select number from w)), noon())), '=', 4::int8, 'what a wish brought');
select cmp_ok((select count(*) from ctl_bank_waiting('{}', noon())), '>', 3::int8, 'what waits');
select throws_ok(format('select by_role(%L, %L)', r, q), '42501', null, r || ' may not: ' || q)
  from unnest('{test_sms,test_clerk,test_keeper,test_reader}'::text[]) r,
       unnest(array['select hailan.ctl_bank_move(''city'', ''1'', 2, ''x'', test.noon())', 'select hailan.ctl_bank_reverse(1, ''x'', test.noon())',
                    'select count(*) from hailan.bank_entry', 'select hailan.bank_post(test.noon(), ''move'', ''{1,2}'', ''{1,-1}'', ''x'', ''x'')']) q;
select throws_ok(format('select by_role(%L, %L)', 'test_admin', q), '42501', null, 'hailan_admin may not: ' || q)
  from unnest(array['insert into hailan.bank_entry values (1, 1, 1, 1)', 'update hailan.bank_account set balance = 1', 'delete from hailan.bank_transaction']) q;
select * from finish();
rollback;
