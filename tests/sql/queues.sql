-- SPDX-License-Identifier: BSD-2-Clause
-- How the queues are looked through: what a session remembers may hide nothing for long.
begin;
set local search_path = test, hailan, public;
select no_plan();

-- One after the other; what waits is asked for with much room.
create function pg_temp.got(p_at timestamptz, p_room int default 10) returns text language sql as $$
	select string_agg(destination, ' ') from claim(p_at, '{a}', array[p_room])
$$;
-- A message of an earlier time that is committed only now.
create function pg_temp.put(p_created timestamptz, p_destination text, p_priority int) returns void language sql as $$
	select send(p_created, p_destination, p_priority)
$$;

select is(pg_temp.got(noon()), null, 'nothing');
select pg_temp.put(noon('1 second'), 'one', 1);
select is(pg_temp.got(noon('1 second')), 'one', 'what comes is found');
select pg_temp.put(noon('-1 second'), 'a little late', 1);
select is(pg_temp.got(noon('1.1 seconds')), 'a little late', 'also what was made a little earlier and committed later');
select pg_temp.put(noon('-1 hour'), 'very late', 1);
select is(pg_temp.got(noon('9 seconds')), null, 'what was made long before is not seen at once …');
select is(pg_temp.got(noon('10 seconds')), 'very late', '… but within ten seconds');

select pg_temp.put(noon('11 seconds'), 'n' || i, 2) from generate_series(1, 5) i;
select is(pg_temp.got(noon('11 seconds'), 2), 'n1 n2', 'a backlog in pieces');
select pg_temp.put(noon('12 seconds'), 'danger', 0);
select is(pg_temp.got(noon('19 seconds'), 2), 'danger n3', 'the urgent before the rest of the backlog');
select is(pg_temp.got(noon('19.5 seconds'), 1), 'n4', 'however old it has become');
select pg_temp.put(noon('19.6 seconds'), 'reply', 1), pg_temp.put(noon('19.6 seconds'), 'campaign', 3);
select is(pg_temp.got(noon('19.7 seconds')), 'reply n5 campaign', 'all four priorities in one look');

-- not before
select send(noon('30 seconds'), 'soon', 1, 'a', noon('37 seconds')), send(noon('30 seconds'), 'later', 1, 'a', noon('60 seconds'));
select is(pg_temp.got(noon('31 seconds')), null, 'its time has not come');
select is(pg_temp.got(noon('36.9 seconds')), null);
select is(pg_temp.got(noon('37 seconds')), 'soon', 'and then it is found in time');
select is(pg_temp.got(noon('55 seconds')), null);
select is(pg_temp.got(noon('60 seconds')), 'later', 'each');

-- put back by the session itself
select send(noon('61 seconds'), 'again');
create temp table m as select id from claim(noon('61 seconds'));
select is(pg_temp.got(noon('65 seconds')), null);
select done(noon('65 seconds'), id, 2, '', 'a', noon('66 seconds')) from m;
select is(pg_temp.got(noon('65.9 seconds')), null, 'to be tried a second later');
select is(pg_temp.got(noon('66 seconds')), 'again', 'is tried a second later');
select is(outbox_recover('sms', noon('67 seconds'), 'host:sms', false, array(select id from outbox_in_hand where id not in (select id from m))), 1::int8);
select is(pg_temp.got(noon('67 seconds')), 'again', 'what goes back is there at once');

-- a clock that is set back, another channel in the same session
select send(noon('-1 day'), 'yesterday');
select is(pg_temp.got(noon('-1 day')), 'yesterday', 'a time before the last one is looked at whole');
select send(noon('70 seconds'), 'm1', 1, 'a', null, null, 'mail');
select outbox_recover('mail', noon('70 seconds'), 'host:mail', true, '{}');
select is((select destination from outbox_claim('mail', noon('70 seconds'), 'host:mail', '{a}', '{5}')), 'm1', 'each channel has its own place');
select send(noon('71 seconds'), 's1');
select is(pg_temp.got(noon('71 seconds')), 's1');
select is((select count(*) from outbox_waiting), 0::int8, 'nothing is left over');

-- the least room
select send(noon('80 seconds'), 'x');
select is((select count(*) from claim(noon('80 seconds'), '{a,b}', '{-5,1}')), 1::int8, 'less than no room is none');

-- people with one phone
insert into person (name, language) values ('甲', 'zh'), ('을', 'ko');
insert into phone (number, person_id) select '+8613811110000', id from person where name in ('甲', '을');
insert into resident (person_id, household_id)
select p.id, (select id from household where building = '3' and room = '501') from person p where p.name in ('甲', '을');
select submit(noon(), '{+8613811110000}', '{有事}');
select results_eq($$ select language, person_id, home_room from clerk_claim(noon(), array(select i::int2 from generate_series(0, 63) i), 0, 10) where source = '+8613811110000' $$,
	$$ values (null::text, null::int8, '501') $$, 'two languages are none; the home they share is theirs');

-- plans
select is_empty($$ select proname from pg_proc where pronamespace = 'hailan'::regnamespace
	and 'enable_seqscan=off' = any (proconfig) and not 'jit=off' = any (proconfig) $$, 'where plans are forbidden JIT is off: the price would start it');
select is_empty($$ select proname from pg_proc where pronamespace = 'hailan'::regnamespace and prosecdef and prolang = (select oid from pg_language where lanname = 'sql')
	and proname in ('clerk_claim', 'inbox_submit', 'outbox_claim', 'clerk_file') $$, 'what is called all the time keeps its plan');

select * from finish();
rollback;
