-- SPDX-License-Identifier: BSD-2-Clause
-- The archive of what was done, its search, and the running total of services.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();
with p as (insert into person (name, language) values ('钟一', 'zh'), ('김이', 'ko') returning id, name), f as (
	insert into phone (number, person_id) select case name when '钟一' then '+8613600000001' else '+8613600000002' end, id from p)
insert into volunteer (person_id, organisation) select id, '人民检察院' from p;

create function pg_temp.wish(p_text text) returns int8 language plpgsql as $$
declare
	v_number int8 := (select * from hailan.case_numbers(1));
	v_message int8 := hailan.make_id(test.noon(), nextval('hailan.inbox_seq'));
begin
	insert into hailan.inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
	values (v_message, 222405, test.noon(), 0, 0, 'sms', 'a', '+8613700000009', '10690433', 'UTF-8', '', p_text);
	insert into hailan.wish (number, city, told_at, message_id, unit_id, place_id, channel, phone, language, category, text)
	values (v_number, 222405, test.noon(), v_message, test.at_unit('community'), test.at_unit('community'), 'sms', '+8613700000009', 'zh', 'wish_labour', p_text);
	insert into hailan.wish_event (id, city, wish_number, at, message_id, action, channel, to_state)
	values (hailan.make_id(test.noon(), nextval('hailan.event_seq')), 222405, v_number, test.noon(), v_message, 'told', 'sms', 'told');
	return v_number;
end $$;
create function pg_temp.step(p_number int8, p_action text, p_fields jsonb default '{}', p_reason text default null, p_at interval default '1 hour') returns text language sql as $$
	select s.code from hailan.wish_step(test.noon(p_at), test.who('community'), null, p_number, p_action, null, p_fields, p_reason, 'sms') s
$$;
create function pg_temp.claims(p_number int8) returns void language sql as $$
	select hailan.wish_claims(test.noon('2 hours'), array[hailan.make_id(test.noon('2 hours'), nextval('hailan.inbox_seq')), hailan.make_id(test.noon('2 hours'), nextval('hailan.inbox_seq'))],
		'{+8613600000001,+8613600000002}', array[p_number, p_number], '{"{}","{}"}', '{zh,ko}')
$$;
create function pg_temp.found(p_text text) returns int8[] language sql as $$ select array_agg(a.number order by a.number) from hailan.archive_find(p_text, null, 50) a $$;

create temp table w as select pg_temp.wish('这条小道杂草太多，能清理一下就好了，电话13812345678') as number;
select is(pg_temp.step(number, 'publish', '{"people":3,"tools":"镰刀"}'), 'ok', 'a wish is published') from w;
select pg_temp.claims(number) from w;
select is_empty('select * from archive_entry', 'what is not done is not filed');
select is(pg_temp.step(number, 'done', '{"people":2,"minutes":110,"what":"拔草清道，全部清理完成"}', null, '3 hours'), 'ok', 'it is done') from w;
select results_eq($$ select kind, came, minutes, how, tools, unit_id from archive_entry $$,
	$$ values ('wish', 2::int2, 110, '拔草清道，全部清理完成', '镰刀', test.at_unit('community')) $$, 'and filed');
select is((select array_agg(n order by n collate "C") from (select unnest(v) as n from ctl_archive_entry((select number from w)) e, lateral (select array(select x ->> 'name' from jsonb_array_elements(e -> 'who_came') x) as v) l) s),
	array['钟一', '김이'], 'with who came');
select is((select count(*) from bank_service where wish_number = (select number from w) and half_hours = 4), 2::int8, 'and their hours are noted: to the nearest half');
select is((select count(*) from ask where kind like 'hours%' and number = (select number from w)), 3::int8, 'both sides are asked');
select is(pg_temp.step(number, 'archive', '{}', '居民很满意', '4 hours'), 'ok', 'it is archived') from w;
select is((select how from archive_entry), '拔草清道，全部清理完成 / 居民很满意', 'what is added stays with it');
select is(pg_temp.step(number, 'note', '{}', '照片已补', '5 hours'), 'ok', 'a note') from w;

-- search
create temp table k as select pg_temp.wish('맨홀 뚜껑 옆 꽃밭을 정리해주세요') as number;
select is(pg_temp.step(number, 'publish') || pg_temp.step(number, 'done', '{"minutes":60,"what":"꽃을 심었습니다"}'), 'okok', 'another') from k;
select is(pg_temp.found(q), (select array[number] from w), 'found: ' || q)
  from unnest(array['杂草', '小道', '草', '清理 杂草', '拔草', '全部清理', '满意', '照片', '镰刀', '检察院', '杂　草', '小道，杂草', (select number::text from w)]) q;
select is(pg_temp.found(q), (select array[number] from k), 'found: ' || q) from unnest('{맨홀뚜껑,"맨홀 뚜껑",꽃밭,꽃을심었,"정리 꽃"}'::text[]) q;
select is(pg_temp.found('天图'), (select array[w.number, k.number] from w, k), 'by the community');
select is(pg_temp.found('천도'), (select array[w.number, k.number] from w, k), 'in either language');
select is(pg_temp.found(q), null, 'not found: ' || q) from unnest('{草杂,杂小,理清,홀맨,飞机,"杂草 飞机","。","","  ",%,_,"''"}'::text[]) q;
select is(pg_temp.found('13812345678'), null, 'telephones are not searched for');
select unalike((select e ->> 'what' from ctl_archive_search('{"text":"杂草"}', noon()) e), '%13812345678%', 'nor shown in lists');
select throws_ok($$ select * from ctl_archive_search('{"text":"杂草","unit":"没有"}', noon()) $$, 'HA008', 'there is no unit 没有');
select is((select count(*) from ctl_archive_search('{"text":"杂草","unit":"天图社区"}', noon())), 1::int8, 'within a unit');
select is((select count(*) from ctl_archive_search(jsonb_build_object('text', '杂草', 'unit', (select code from who where name = 'street')), noon())), 1::int8, 'or above it');
select is((select count(*) from ctl_archive_search(jsonb_build_object('text', '杂草', 'unit', (select code from who where name = 'street2')), noon())), 0::int8, 'not beside it');
select is(search_text('Ａ１ 号－楼，맨홀!'), 'a1号楼맨홀', 'width, case and marks do not matter');
select is((select array_agg(g order by g collate "C") from unnest(search_grams('草道草道')) g), array['草', '草道', '道', '道草'], 'each character and pair once');

-- the running total
select is((select (s ->> 'counted')::int from ctl_services('{}', noon()) s where s ->> 'unit' = ''), 2, 'two services');
select is((select (s ->> 'total')::int from ctl_services('{"unit":"天图社区"}', noon()) s), 2, 'of the community');
select is_empty($$ select * from import_services('[{"line":2,"unit":"222405000000","count":68000},{"line":3,"unit":"天图社区","count":40}]', noon()) $$, 'what was before is imported');
select is_empty($$ select * from import_services('[{"line":2,"unit":"222405000000","count":68000}]', noon()) $$, 'and again');
select is((select (s ->> 'total')::int from ctl_services('{}', noon()) s where s ->> 'unit' = ''), 68042, 'it is set, not added');
select is((select reason from import_services('[{"line":7,"unit":"没有","count":1}]', noon())), 'unit: there is no unit 没有', 'an unknown unit is told');
select throws_ok('update service_count set counted = counted + 1', '42501', null, 'nobody counts by hand');
select throws_ok('delete from service_count', '42501', null, 'nor takes away');
select throws_ok('delete from service', '42501', 'service is append-only', 'a service stays');
insert into wish_event (id, city, wish_number, at, action, channel, from_state, to_state, came)
select make_id(noon('9 hours'), nextval('event_seq')), 222405, number, noon('9 hours'), 'done', 'sms', 'archived', 'archived', 9 from w;
select is((select sum(counted)::int from service_count), 2, 'the same wish is never counted twice');
select is_empty($$ select unit_id from service_count c where counted <> (select count(*) from service s where s.unit_id = c.unit_id) $$, 'the total is what was counted');

-- hours again, by text
create function pg_temp.hours(p_phone text, p_number int8, p_word text) returns text language plpgsql as $$
begin
	perform hailan.hours_command(test.noon('6 hours'), p_phone, 'zh', p_number, p_word, null, null, (select w.message_id from hailan.wish w where w.number = p_number));
	return (select o.body from hailan.outbox o where o.destination = p_phone order by o.id & 2097151 desc limit 1);
end $$;
select is(pg_temp.hours(who('community'), number, '{}'), number || '请写多长时间，比如：工时' || number || ' 2小时', 'hours without hours') from w;
select is(pg_temp.hours(who('community'), number, '{"minutes":90}'), number || '：2人，每人1.5小时，已请双方确认。', 'noted again') from w;
select is(pg_temp.hours(who('community2'), number, '{"minutes":90}'), number || '不归您办，这一步由别人做。', 'by the neighbours: no') from w;
select is(pg_temp.hours(who('community'), number, '{"minutes":90}'), number || '没有要登记的人：没有认领人，或者已经入账。', 'where nobody claimed') from k;
select * from finish();
rollback;
