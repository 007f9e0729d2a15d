-- SPDX-License-Identifier: BSD-2-Clause
-- Random steps by random people over many cases: no illegal state, no missing event, no light that
-- disagrees with the events. HAILAN_NIGHTLY=1: many more. HAILAN_SEED: another course.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();
\set nightly 0
\getenv nightly HAILAN_NIGHTLY
\set seed 0.42
\getenv seed HAILAN_SEED
select case when :'nightly' in ('', '0') then 1000 else 5000 end as cases, case when :'nightly' in ('', '0') then 2500 else 60000 end as steps \gset
select setseed(:seed);

\ir walk.psql
select pg_temp.walk(:steps, :cases, '1 minute');

select cmp_ok(count(*), '>', 500::int8, count(*) || ' steps were made, ' || (select count(*) from walk where code <> 'ok') || ' refused') from walk where code = 'ok';
select cmp_ok(count(distinct action), '>=', 20::int8, 'many actions were among them') from walk where code = 'ok';
select cmp_ok(count(distinct state), '>=', 11::int8, 'and many states') from walk where code = 'ok';
select is((select count(*) from case_event e join f on f.number = e.case_number where e.action <> 'filed'), (select count(*) from walk where code = 'ok'), 'one event for each step that was made, none for others');
select is_empty($$ select w.n from walk w where w.code = 'ok' and not exists (select from case_event e where e.case_number = w.number and e.action = w.action and e.at = w.at and e.to_state = w.state) $$, 'which tells what was done');
select is_empty($$ select * from (select e.case_number, e.id, e.from_state, lag(e.to_state) over (partition by e.case_number order by e.id) as before from case_event e) x
	where x.from_state is distinct from x.before $$, 'the events of a case hang together');
select is_empty($$ select e.* from case_event e where e.action <> 'filed' and not exists (select from case_transition t where t.action = e.action and t.from_state = e.from_state and t.to_state = e.to_state) $$, 'and follow the table');
select is_empty($$ select k.number from case_now k where k.light is distinct from case_light_at(k.number, noon('90 days'))
	or k.state is distinct from (select e.to_state from case_event e where e.case_number = k.number order by e.id desc limit 1) $$, 'state and light are those of the last event');
select is_empty($$ select w.* from (select w.*, lead(w.at) over (partition by w.number order by w.n) as next from walk w where w.code = 'ok') w
	where w.light is distinct from case_light_at(w.number, w.at + interval '2 ms') and w.next > w.at + interval '3 ms' $$, 'and so is the light at every moment in the past');
select is_empty($$ select k.number from case_now k where k.rounds <> (select count(*) from case_event e where e.case_number = k.number and e.action in ('rework', 'unsolved', 'reopen')) $$, 'rounds are counted');
select is_empty($$ select k.number from "case" k where k.unit_id is distinct from (select coalesce(e.holder_id, e.unit_id) from case_event e where e.case_number = k.number
	and (e.holder_id is not null or e.action = 'filed') order by e.id desc limit 1) $$, 'who holds it is told by the events');
select is_empty($$ select k.number from case_now k where k.light = 'green' and k.parent_number is null and not exists (
	select from case_event r, case_event v where r.case_number = k.number and v.case_number = k.number and r.action = 'report' and v.action = 'evaluate' and v.id > r.id
	   and r.id > coalesce((select max(x.id) from case_event x where x.case_number = k.number and x.action in ('rework', 'unsolved', 'reopen')), 0)) $$,
	'green only after the community''s report and the street''s evaluation (row 46)');
select is_empty($$ select f.number from case_life f join case_life p on p.number = f.parent_number where p.parent_number is not null $$, 'who is merged has nobody below');
select is_empty($$ select e.id from case_event e where e.action in ('report', 'evaluate', 'criticise') and not exists (
	select from case_right r where r.action = e.action and r.level = e.level) $$, 'nobody acted above his level');
select is((select red + yellow + blue + green from case_board(city_unit(), noon('90 days')) where unit_id = city_unit()), (select count(*) from case_now where parent_number is null), 'the board shows each case once');
select is((select count(*) from ask where kind = 'solved' and number in (select k.number from case_now k where k.light in ('red', 'yellow') and k.parent_number is null)), 0::int8, 'nobody is asked about what is being done again');
select is_empty($$ select id, body from outbox where sms_units(body) > 70 or body ~ '[{}]' $$, 'every text is one part, and filled');
select * from finish();
rollback;
