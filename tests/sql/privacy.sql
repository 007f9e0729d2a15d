-- SPDX-License-Identifier: BSD-2-Clause
-- Looks that are kept; one person's data found, handed out and erased; how long each kind is kept.
begin;
set local search_path = test, hailan, public;
select no_plan();
select partitions_ensure(noon());
select life_town();

-- Wherever a text stands in the database, in any column of any table: the places.
create function pg_temp.places(p_text text) returns text language plpgsql as $$
declare
	t record;
	v_found bool;
	v text[] := '{}';
begin
	for t in select c.relname, c.oid from pg_class c where c.relnamespace = 'hailan'::regnamespace and c.relkind = 'r' and c.relname <> 'schema_migration' loop
		execute format('select exists (select from %s x where position($1 in x::text) > 0 or position($2 in x::text) > 0)', t.oid::regclass)
			into v_found using p_text, encode(convert_to(p_text, 'UTF8'), 'hex');
		v := v || case when v_found then t.relname::text end;
	end loop;
	return array_to_string(array_remove(v, null), ' ');
end $$;

-- a resident with a life: a case with a picture, answers, an event, an open one, somebody who shares nothing
create temp table he as select '+8613800000001'::text as phone, (select p.person_id from phone p where p.number = '+8613800000001') as person;
select submit(noon(), array[(select phone from he)], '{金家的秘密漏水了}');
create temp table n as select file(noon(), (select max(id) from inbox where source = (select phone from he)), 'streetlight') as number;
update "case" set person_id = (select person from he) where number = (select number from n);
select is(step('farm', number, 'note', p_reason := '金家的秘密已看'), 'ok') from n;
insert into attachment (sha256, mime, bytes) values (sha256('金家的秘密'), 'image/jpeg', '金家的秘密'::bytea);
insert into attachment_link (sha256, number, at, message_id, name) select sha256('金家的秘密'), number, noon(), (select message_id from "case" c where c.number = n.number), '金家的秘密.jpg' from n;
insert into contact (number, language, changed_at) values ((select phone from he), 'ko', noon());
select ask_open(noon(), (select phone from he), 'solved', number, '3 days') from n;
update outbox set body = '金家的秘密' where destination = (select phone from he);

insert into archive_entry (number, city, kind, done_at, what, body) select number, 222405, 'case', noon(), '金家的秘密', '金家的秘密' from n;

-- looks
select ok(look_case((select number from n), noon()) is not null, 'a case is seen');
select is(look_case(20020 * 13, noon()), null, 'one that does not exist is not');
select is((select count(*) from look_cases(jsonb_build_object('phone', (select phone from he)), noon())), 1::int8);
select is((select count(*) from look_inbox('{"limit":5}', noon())) > 0, true);
select results_eq($$ select what, found, person_id, address from look order by id $$,
	$$ select 'case', true, person, phone from he union all select 'case', false, null, null union all select 'cases', true, null, phone from he union all select 'inbox', true, null, null $$,
	'each look is a row, also when nothing was seen');
select is(by_role('test_admin', 'select count(*) from look_outbox(''{"limit":1}'', noon())'), '1', 'an administrator looks');
select is((select who from look order by id desc limit 1), 'test_admin', 'under his name');
select throws_ok($$ select by_role('test_reader', 'select look_case(20007, noon())') $$, '42501', null, 'nobody else');
select set_config('hailan.who', 'root', true), set_config('hailan.why', '他本人要求', true);
select look_case((select number from n), noon());
select results_eq($$ select who, why from look order by id desc limit 1 $$, $$ values ('root/postgres', '他本人要求') $$, 'who, and why');
select set_config('hailan.why', '', true);
update setting set value = 'yes' where key = 'look_reason';
select throws_ok($$ select look_case((select number from n), noon()) $$, '42501', 'data on people is shown for a reason only', 'a reason may be demanded');
update setting set value = 'no' where key = 'look_reason';
select isnt(command_run(noon(), who('city'), 'zh', 'look', number, '', 0, '', null), null) from n;
select results_eq($$ select who, what, found, number from look order by id desc limit 1 $$, $$ select who('city'), 'case', true, number from n $$, 'staff who look by text');
select isnt(command_run(noon(), who('far'), 'zh', 'look', number, '', 0, '', null), null) from n;
select results_eq($$ select who, found from look order by id desc limit 1 $$, $$ values (who('far'), false) $$, 'also who is refused');
select isnt(command_run(noon(), who('city'), 'zh', 'list', null, '', 0, '', null), null);
select is((select what from look order by id desc limit 1), 'list', 'and who lists');

-- whom a telephone means
select is((person_subject((select phone from he))).person_id, (select person from he));
select matches((person_subject('+8613800000002')).fault, '^2 people share this telephone; name one by his id: \d+ \(', 'a shared telephone is nobody''s');
select is((person_subject((select person_id::text from phone where number = '+8613800000002' limit 1))).shared, '{+8613800000002}', 'and stays out when one of them is named');
select is((person_subject('+8613899999999')).fault, 'nothing is stored on +8613899999999');
select is((person_subject('999999999')).fault, 'there is no person 999999999');

-- export
select throws_ok(format('select person_export(%L, noon())', phone), 'HA006', 'a reason must be told', 'not without a reason') from he;
select set_config('hailan.why', '他本人要求', true);
create temp table x as select person_export(phone, noon()) as x from he;
select is(x #>> '{person,name}', '金英花') from x;
select is(x #>> '{case,0,text}', '金家的秘密漏水了', 'his cases') from x;
select is(x #>> '{inbox,0,text}', '金家的秘密漏水了', 'what he wrote') from x;
select is(x #>> '{outbox,0,body}', '金家的秘密', 'what he was told') from x;
select is(x #>> '{households,0,room}', '501', 'where he lives') from x;
select is(x #>> '{attachments,0,name}', '金家的秘密.jpg', 'what he sent') from x;
select ok(x::text like '%金家的秘密已看%', 'what was noted') from x;
select ok(x -> 'look' is not null and x -> 'ask' is not null and x -> 'contact' is not null, 'who looked, what was asked, what is known of his telephone') from x;
select is((person_show((select phone from he), noon())) ->> 'name', '金英花');

-- erasing
select matches(person_erase(phone, false, noon()) ->> 'fault', '^it is still needed: open cases \d+.*--force', 'not while a case is open') from he;
select isnt(pg_temp.places('金家的秘密'), '', 'nothing has happened');
select close(number) from n;
delete from ask;
select matches(person_erase(phone, false, noon()) ->> 'fault', 'messages to him wait to be sent', 'nor while something is to be sent') from he;
delete from outbox_waiting;
select is(person_erase(who('farm'), false, noon()) ->> 'fault', 'it is still needed: he is staff (--force erases all the same)', 'nor of staff');
create temp table before as select (select count(*) from "case") as cases, (select count(*) from case_event) as events, (select count(*) from inbox) as messages,
	(select json_agg(e order by e.id) from (select id, at, action, from_state, to_state, unit_id, person_id from case_event) e)::text as history;
select matches(person_erase(phone, false, noon()) ->> 'erased', '^erased-', 'now it is done') from he;
select is(pg_temp.places('金家的秘密'), '', 'his words are nowhere');
select is(pg_temp.places(phone), '', 'nor his telephone') from he;
select is(pg_temp.places(ltrim(phone, '+')), '', 'in any form') from he;
select is(pg_temp.places('金英花'), '', 'nor his name');
select results_eq($$ select (select count(*) from "case"), (select count(*) from case_event), (select count(*) from inbox),
	(select json_agg(e order by e.id) from (select id, at, action, from_state, to_state, unit_id, person_id from case_event) e)::text $$, 'select * from before', 'cases, events and states stay');
select is((select state::text || ' ' || category from "case" where number = (select number from n)), 'closed streetlight');
select results_eq($$ select who, why, forced from erasure $$, $$ values ('root/postgres', '他本人要求', false) $$, 'it is written down');
select is(person_export((select phone from he), noon()) ->> 'fault', 'nothing is stored on ' || phone, 'nothing is left') from he;
select throws_ok('update case_event set reason = $$other$$', '42501', 'case_event is append-only', 'events are as hard as before');
select set_config('hailan.erasing', 'on', true);
select throws_ok('update case_event set action = $$note$$', '42501', 'case_event is append-only', 'whatever is set');
select throws_ok('update case_event set reason = $$other$$', '42501', 'case_event is append-only');
select throws_ok('delete from case_event', '42501', 'case_event is append-only');
select set_config('hailan.erasing', '', true);
-- two telephones of one, both told of one wish; forced
insert into phone (number, person_id) select n, (select person_id from phone where number = '+8613800000003' limit 1) from unnest('{+8613888880001,+8613888880002}'::text[]) n;
delete from phone where number = '+8613800000003' and person_id <> (select person_id from phone where number = '+8613888880001');
insert into wish (number, city, told_at, channel, phone, language, text) values (13 * 90001, 222405, noon(), 'sms', '+8613888880001', 'zh', '要人陪聊天');
insert into wish_offer (number, phone, at, wave, city) select 13 * 90001, n, noon(), 1, 222405 from unnest('{+8613888880001,+8613888880002}'::text[]) n;
select matches(person_erase('+8613888880001', false, noon()) ->> 'fault', 'open wishes');
select matches(person_erase('+8613888880001', true, noon()) ->> 'erased', '^erased-', 'forced');
select is(pg_temp.places('88888000'), '', 'both telephones are gone');
select ok(forced) from erasure order by id desc limit 1;

-- how long
select submit(noon('1 hour'), array['+8613600000001'], '{还留着}');
select keep_retention(noon('1 year'), 100);
select is((select text from inbox where source = '+8613600000001'), '还留着', 'a year is not long enough');
delete from inbox_waiting;
select cmp_ok(keep_retention(noon('732 days'), 1), '>', 0::int8, 'two years are');
select isnt((select text from inbox where source = '+8613600000001'), '', 'bounded');
select keep_retention(noon('732 days'), 1) from generate_series(1, 30);
select is((select text || encode(raw, 'hex') from inbox where source = '+8613600000001'), '', 'then its words and bytes are gone');
select ok(exists (select from look), 'looks are kept longer');
insert into attachment (sha256, mime, bytes) values (sha256('音'), 'audio/ogg', '\x00'), (sha256('图'), 'image/png', '\x00');
insert into attachment_link (sha256, number, at) select s, 20007, noon('700 days') from unnest(array[sha256('音'), sha256('图')]) s;
select keep_retention(noon('730 days'), 100);
select is((select count(*) from attachment where mime like 'audio/%'), 1::int8, 'a recording has its time');
select keep_retention(noon('1000 days'), 100);
select results_eq('select mime from attachment where sha256 in (sha256($$音$$), sha256($$图$$))', $$ values ('image/png') $$, 'and is gone after it; a picture stays');
select keep_retention(noon('4 years'), 1000) from generate_series(1, 3);
select is((select count(*) from look), 0::int8, 'looks, too');
delete from outbox_in_hand;
delete from outbox_waiting;
select ok(to_regclass('hailan.inbox_2026_11') is not null);
select keep_retention(noon('11 years'), 1000);
select ok(to_regclass('hailan.inbox_2026_11') is null and to_regclass('hailan.outbox_2026_11') is null, 'whole months are dropped');
select is((select count(*) from "case" where number = (select number from n)), 1::int8, 'cases stay');
select * from finish();
rollback;
