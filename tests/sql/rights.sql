-- SPDX-License-Identifier: BSD-2-Clause
-- Nobody has more than what the work needs.
begin;
set local search_path = test, hailan, public;
select no_plan();

select is_empty($$
	select r, c.relname from unnest(array['test_sms', 'test_keeper', 'test_reader']) r, pg_class c
	 where c.relnamespace = 'hailan'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
	   and has_table_privilege(r, c.oid, 'insert, update, delete, truncate, references, trigger')$$,
	'channels, timekeeper and readers can write no table');
select is_empty($$
	select c.relname from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
	   and has_table_privilege('test_sms', c.oid, 'select')$$,
	'a channel can read no table');
select is_empty($$
	select c.relname from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind = 'S'
	   and (has_sequence_privilege('test_sms', c.oid, 'usage, select, update') or has_sequence_privilege('test_clerk', c.oid, 'usage, select, update'))$$,
	'no sequence is open');
select set_eq($$
	select c.relname::text from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
	   and has_table_privilege('test_clerk', c.oid, 'select')$$,
	array['policy_version', 'setting', 'category', 'keyword', 'routing', 'template', 'unit', 'unit_alias', 'estate', 'case_state_light'],
	'a clerk reads policy and nothing of people');
select is_empty($$
	select c.relname from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
	   and has_table_privilege('test_clerk', c.oid, 'insert, update, delete, truncate')$$, 'and writes nothing');
select is_empty($$
	select c.relname from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege('test_reader', c.oid, 'select')
	   and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.attname in ('phone', 'person_id', 'source', 'destination', 'number') and c.relname <> 'unit')$$,
	'a reader sees nobody''s telephone, person, message or case');
select is_empty($$
	select p.proname from pg_proc p where p.pronamespace = 'hailan'::regnamespace and has_function_privilege('public', p.oid, 'execute')$$,
	'no function is open to everybody');
select is_empty($$
	select p.proname from pg_proc p where p.pronamespace = 'hailan'::regnamespace and p.prosecdef
	   and (p.proconfig is null or not 'search_path=hailan, pg_temp' = any (p.proconfig) or p.proowner <> 'hailan_owner'::regrole)$$,
	'a function with its owner''s rights has a fixed search_path and belongs to hailan_owner');
select is_empty($$
	select c.relname from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind in ('r', 'p', 'S', 'v') and c.relowner <> 'hailan_owner'::regrole$$,
	'everything belongs to hailan_owner');
select ok(not rolcanlogin and not rolsuper and not rolcreaterole and not rolbypassrls, rolname || ' is a group')
  from pg_roles where rolname ~ '^hailan_' order by rolname;
select is_empty($$
	select p.proname from pg_proc p where p.pronamespace = 'hailan'::regnamespace and p.prosrc ~* '\m(now|current_timestamp|clock_timestamp|transaction_timestamp|localtimestamp)\M'$$,
	'no function looks at the clock');
select is_empty($$
	select c.relname, a.attname from pg_attrdef d join pg_class c on c.oid = d.adrelid join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
	 where c.relnamespace = 'hailan'::regnamespace and pg_get_expr(d.adbin, d.adrelid) ~* 'now\(|current_t'$$, 'nor a default');

-- a channel speaks for itself alone
select lives_ok($$ select by_role('test_sms', $q$select count(*) from submit(noon(), '{+8613800000009}', '{a}')$q$) $$, 'a channel submits for itself');
select throws_ok($$ select by_role('test_sms', $q$select count(*) from submit(noon(), '{+8613800000009}', '{b}', 'mail')$q$) $$, 'HA002', null, 'and not for another');
select throws_ok($$ select by_role('test_sms', $q$select outbox_claim('mail', noon(), 'w', '{a}', '{1}')$q$) $$, 'HA002', null, 'it takes nothing of another');
select throws_ok($$ select by_role('test_sms', $q$select outbox_done('mail', noon(), 'w', '{}', '{}', '{}', '{}', '{}', '{}', '{}')$q$) $$, 'HA002', null, 'ends nothing of another');
select throws_ok($$ select by_role('test_sms', $q$select outbox_recover('mail', noon(), 'w', true, '{}')$q$) $$, 'HA002', null, 'recovers nothing of another');
select throws_ok($$ select by_role('test_sms', $q$select receipts_put('mail', noon(), '{}', '{}', '{}', '{}')$q$) $$, 'HA002', null, 'writes no receipt for another');
select throws_ok($$ select by_role('test_sms', 'select count(*) from hailan.inbox') $$, '42501', null, 'it cannot read what it stored');
select throws_ok($$ select by_role('test_sms', 'select count(*) from hailan.person') $$, '42501', null, 'nor who lives here');
select throws_ok($$ select by_role('test_sms', $q$select count(*) from clerk_claim(noon(), '{1}', 0, 1)$q$) $$, '42501', null, 'nor what waits');
select throws_ok($$ select by_role('test_sms', 'select ctl_case(20007)') $$, '42501', null, 'nor a case');
select throws_ok($$ select by_role('test_sms', 'select part_join(1, test.noon(), 1)') $$, '42501', null, 'inner functions are closed');

select throws_ok($$ select by_role('test_clerk', 'select name from hailan.person limit 1') $$, '42501', null, 'a clerk reads no e-file');
select throws_ok($$ select by_role('test_clerk', 'select number from hailan.phone limit 1') $$, '42501', null, 'nor phones');
select throws_ok($$ select by_role('test_clerk', $q$select count(*) from submit(noon(), '{+8613800000009}', '{c}')$q$) $$, '42501', null, 'a clerk submits nothing');
select throws_ok($$ select by_role('test_clerk', $q$select import_units('[]', noon())$q$) $$, '42501', null, 'and imports nothing');
select lives_ok($$ select by_role('test_clerk', $q$select count(*) from clerk_claim(noon(), '{1}', 0, 1)$q$) $$, 'it claims');
select throws_ok($$ select by_role('test_keeper', $q$select count(*) from clerk_claim(noon(), '{1}', 0, 1)$q$) $$, '42501', null, 'the timekeeper does not claim');
select lives_ok($$ select by_role('test_keeper', 'select keep_partitions(test.noon())') $$, 'it keeps');
select throws_ok($$ select by_role('test_reader', 'select count(*) from hailan."case"') $$, '42501', null, 'a reader reads no case yet');
select lives_ok($$ select by_role('test_admin', 'select count(*) from hailan.person') $$, 'an administrator reads');
select throws_ok($$ select by_role('test_admin', $q$insert into hailan.inbox_waiting values (1, 1)$q$) $$, '42501', null, 'but does not write the queues');
select is(by_role(r, 'select version from schema_check()')::int4, (select max(number) from schema_migration), r || ' learns the version')
  from unnest(array['test_sms', 'test_clerk', 'test_keeper', 'test_admin', 'test_reader']) r;
select throws_ok($$ select login_add('nobody', 'hailan_owner') $$, '22023', null, 'nobody logs in as the owner');

-- what happened stays
select test.file(noon(), (select id from inbox where text = 'a'));
select throws_ok('update case_event set reason = $$other$$', '42501', 'case_event is append-only');
select throws_ok('delete from case_event', '42501', 'case_event is append-only');
select throws_ok('truncate case_event', '42501', 'case_event is append-only');
select throws_ok('update wish_event set reason = $$other$$', '42501', 'wish_event is append-only');
select throws_ok('delete from wish_event', '42501', 'wish_event is append-only');

select * from finish();
rollback;
