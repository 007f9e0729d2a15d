-- SPDX-License-Identifier: BSD-2-Clause
-- The board of small matters that communities take themselves, and what becomes of those that are done.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();
create temp table c as select case_in('filed', 'community', noon(), 'ads') as ads, case_in('filed', 'community', noon('1 minute'), 'dispute') as dispute,
	case_in('filed', 'community', noon('2 minutes'), 'streetlight') as light, case_in('sent_to_department', 'urban', noon('3 minutes'), 'green') as away;
create function pg_temp.board(p_name text, p_all bool default false) returns text language sql as $$
	select string_agg(b.matter || ' ' || b.state, ', ' order by b.number) from hailan.bank_board(test.at_unit(p_name), p_all) b
$$;
select is(pg_temp.board('city'), 'ads waiting, dispute waiting, flowers elsewhere', 'what stands there: small matters and nothing else');
select is(pg_temp.board('community'), 'ads waiting, dispute waiting, flowers elsewhere', 'in the community');
select is(pg_temp.board('community2'), null, 'not in the next one');
select is(step('community2', ads, 'accept'), 'not_yours', 'the neighbours cannot take it') from c;
select is(step('community', ads, 'accept'), 'ok', 'the community takes it, with one word') from c;
select is(pg_temp.board('community'), 'ads taken, dispute waiting, flowers elsewhere', 'taken');
select is(step('community', ads, 'done', null, '广告都清了'), 'ok', 'done') from c;
select is(pg_temp.board('community'), 'ads done, dispute waiting, flowers elsewhere', 'to be verified');
select is(step('community', ads, 'report'), 'ok', 'verified') from c;
select is_empty('select * from service', 'no service yet');
select is(step('street', ads, 'evaluate', null, '满意', noon('3 hours')), 'ok', 'evaluated') from c;
select is(pg_temp.board('community'), 'dispute waiting, flowers elsewhere', 'and off the board');
select is(pg_temp.board('community', true), 'ads closed, dispute waiting, flowers elsewhere', 'but for those who want to see all');
select results_eq('select number, unit_id from service', $$ select ads, at_unit('community') from c $$, 'it is a service of the community');
select results_eq($$ select kind, how from archive_find('广告都清了', null, 10) $$, $$ values ('case', '广告都清了') $$, 'and in the archive');
select is(step('community', ads, 'reopen', null, '又贴上了', noon('4 hours')), 'ok', 'it is opened again') from c;
select is(step('community', ads, 'start', null, null, noon('4 hours')) || step('community', ads, 'done', null, '又清了', noon('5 hours')) || step('community', ads, 'report', null, null, noon('5 hours'))
	|| step('street', ads, 'evaluate', null, null, noon('6 hours')), 'okokokok', 'and done again') from c;
select is((select counted from service_count), 1::int8, 'one matter is one service, however often it is closed');
select is(step('community', light, 'accept') || step('community', light, 'done', null, '修好') || step('community', light, 'report') || step('street', light, 'evaluate'), 'okokokok', 'another sort of case') from c;
select is((select counted from service_count), 1::int8, 'is no service of the board');
insert into bank_category (category, matter) values ('streetlight', 'other');
select is(pg_temp.board('community', true), 'ads closed, dispute waiting, other closed, flowers elsewhere', 'what belongs there is a row');
select is((select string_agg(b ->> 'state', ' ') from ctl_bank_board('{"all":true}', noon()) b), 'waiting elsewhere closed closed', 'hailanctl: what waits comes first');
select throws_ok($$ select * from ctl_bank_board('{"unit":"没有"}', noon()) $$, 'HA008', 'there is no unit 没有');
select * from finish();
rollback;
