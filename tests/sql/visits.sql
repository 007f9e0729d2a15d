-- SPDX-License-Identifier: BSD-2-Clause
-- Visits: what grid workers text, who is short before a month ends and after it, stale files, the way of a day.
begin;
set local search_path = test, hailan, public;
set local timezone = 'Asia/Shanghai';
select no_plan();
delete from moment;
update setting set value = 'sms' where key = 'notice_channel';
update setting set value = '12345' where key = 'notice_source';
-- 崔网格 (+8613900000001, ko) of g-tiantu-1; homes 3-2-501 (金英花), 3-2-601 there, 4-1-102 of the community
select whole($$ select * from import_units('[{"line":1,"code":"g-tiantu-9","level":"grid","parent":"222405001005","name_zh":"天图第九网格"}]', noon()) $$);
select whole($$ select * from import_households('[
	{"line":1,"community":"222405001005","grid":"g-tiantu-1","building":"3","entrance":"2","floor":5,"room":"501","flags":["elderly"]},
	{"line":2,"community":"222405001005","grid":"g-tiantu-1","building":"8","entrance":"1","room":"101","flags":["elderly"]},
	{"line":3,"community":"222405001005","grid":"g-tiantu-1","building":"8","entrance":"2","room":"101"},
	{"line":4,"community":"222405001005","grid":"g-tiantu-1","building":"8","entrance":"3","room":"301","flags":["elderly","vacant"]},
	{"line":5,"community":"222405001005","grid":"g-tiantu-9","building":"9","entrance":"1","room":"101","flags":["elderly"]}]', noon()) $$);
select whole($$ select * from import_staff('[{"line":1,"name":"社区甲","unit":"222405001005","level":2,"phone":"+8613900000031","language":"zh","duty":true},
	{"line":2,"name":"九格","unit":"g-tiantu-9","level":1,"phone":"+8613900000032","language":"zh","duty":true}]', noon()) $$);
create function visit(p_at timestamptz, p_door text, p_text text default '', p_phone text default '+8613900000001', p_number int8 default null) returns text language plpgsql as $$
declare
	v text := visit_command(p_at, p_phone, 'zh', replace(p_door, '/', E'\t'), p_text, p_number, null);
begin
	return v || ' ' || (select body from outbox order by id & 2097151 desc limit 1);
end $$;
create function said(p_since timestamptz) returns table (at text, phone text, body text) language sql as $$
	select to_char(w.not_before, 'MM-DD HH24:MI'), right(o.destination, 2), o.body from outbox o join outbox_waiting w using (id)
	 where o.created_at >= p_since and o.template ~ '^visits' order by o.created_at, o.destination
$$;

-- at a door
select is(visit(noon(), '3/2/501/0', '3号楼2单元501 老人身体好'), 'visit_done 已记3号楼2单元501巡访，本月第1次，还差1次。', 'once');
select is(visit(noon('1 hour'), '3/2/501/0'), 'visit_done 已记3号楼2单元501巡访，本月第1次，还差1次。', 'twice on one day is once');
select is(visit(noon('1 day'), '3//501/0'), 'visit_done 已记3号楼2单元501巡访，本月第2次。', 'without the entrance, which is the only one');
select is(visit(noon(), '3/2/601/0'), 'visit_done 已记3号楼2单元601巡访，本月第1次。', 'a home that nobody has to visit');
select is(visit(noon(), '8//101/0'), 'visit_which 8号楼101有几户：天图社区 8-1-101、天图社区 8-2-101。请写全了再发。', 'which of two');
select is(visit(noon(), '8/1/105/0'), 'visit_no_home 已记巡访点，没有找到8号楼1单元105这户，请看门牌再发：巡访 3号楼2单元501', 'no such door');
select is(visit(noon(), '9/1/101/0') ~ '^visit_no_home', true, 'another grid''s');
select is(visit(noon(), '4/1/102/0') ~ '^visit_done', true, 'of the community, in no grid');
select is(visit(noon(), '8///0', '8号楼 楼道干净'), 'visit_point 已记巡访点：8号楼。', 'a point that is no home');
select is(visit(noon(), '///0', '金英花 身体好'), 'visit_done 已记3号楼2单元501巡访，本月第2次。', 'a resident by name');
select is(visit(noon(), '///0', '') ~ '^visit_how', true, 'nothing at all');
select is((select count(*) from visit), 10::int8, 'each is a check-in');
select is((select count(*) from visit where household_id is null), 4::int8);
select is((select checked_at from household where building = '3' and room = '501'), '2026-11-25'::date, 'the file was looked at');

-- positions
select results_eq($$ select latitude, longitude from unnest('{"42.7712,129.4258","129.4258 42.7712","４２．７７１２，１２９．４２５８ 门口","42.7712","3-2-501 42.77,129.42","没有"}'::text[]) t, position_find(t) $$,
	$$ values (42.7712::numeric, 129.4258::numeric), (42.7712, 129.4258), (42.7712, 129.4258), (null, null), (null, null), (null, null) $$, 'coordinates in a text');
select is(visit(noon('2 hours'), '///0', '42.7712,129.4258 广场'), 'visit_point 已记巡访点：42.7712,129.4258 广场。');
select is(visit(noon('3 hours'), '///0', '42.7731,129.4301 桥头') ~ '^visit_point', true);

-- short before the month ends: told in working hours, each his own, one message
select is((select jsonb_agg(v ->> 'home') from ctl_visits('{"unit":"222405001005"}', noon('2 days')) v), '["8-1-101", "9-1-101"]', 'who lacks visits');
select is((select jsonb_agg(v ->> 'made') from ctl_visits('{"unit":"g-tiantu-1"}', noon('1 day')) v), '["0"]');
select keep_visits(noon('0'));
select is((select at from moment where what = 'visits'), '2026-11-26 08:00+08', 'five days before the end');
select is(keep_visits('2026-11-26 07:59+08'), 0::int8, 'not before');
select is(keep_visits('2026-11-26 08:00+08'), 2::int8);
select results_eq($$ select * from said('2026-11-26 08:00+08') $$, $$ values ('11-26 08:00', '01', '11월 순방 남은 집 1세대, 2번: 8-1-101'), ('11-26 08:00', '32', '11月还有1户没访够，差2次：9-1-101') $$, 'each in his language');
select is(keep_visits('2026-11-26 08:00+08'), 0::int8, 'once');

-- a month ends: what was missed stays, and the community is told when it works
select is(keep_visits('2026-12-01 00:00+08'), 0::int8, 'a reminder that came too late is not said');
select is(keep_visits('2026-12-01 08:00+08'), 1::int8);
select results_eq($$ select * from said('2026-12-01 00:00+08') $$, $$ values ('12-01 08:00', '31', '11月有2户没访够，差4次：8-1-101、9-1-101') $$);
update household set flags = '{}' where building = '8';
select is((select jsonb_agg(v ->> 'home') from ctl_visits('{"what":"missed"}', '2026-12-02 00:00+08') v), '["8-1-101", "9-1-101"]', 'also when the flag is gone');
select is((select at from moment where what = 'visits'), '2026-12-22 08:00+08');

-- other days, another calendar: found anew
update setting set value = '10 3' where key = 'visits_remind';
insert into calendar_day (day, kind) values ('2026-12-29', 'rest');
select keep_visits('2026-12-22 09:00+08');
select is((select at from moment where what = 'visits'), '2026-12-28 08:00+08', 'three days before the end is a holiday');
-- an outage over several months: each is closed
select is(keep_visits('2027-03-02 10:00+08'), 1::int8, 'and only the last is told');
select is((select string_agg(to_char(month, 'MM') || ':' || n, ' ' order by month) from (select month, count(*) as n from visit_missed group by 1) m), '11:2 12:2 01:2 02:2', 'each month that ended');

-- rules are rows
select is_empty($$ select * from import_visits('[{"line":2,"flag":"alone","visits":4},{"line":3,"flag":"elderly","visits":1}]', noon()) $$);
update person set flags = '{alone}' where name = '金英花';
select is((select string_agg((v ->> 'home') || '=' || (v ->> 'wanted'), ' ') from ctl_visits('{"unit":"222405001005"}', noon('2 days')) v), '3-2-501=4 9-1-101=1', 'the largest number counts');
select is(visit(noon('2 days'), '3/2/501/0'), 'visit_done 已记3号楼2单元501巡访，本月第3次，还差1次。');

-- stale files
select is((select count(*) from ctl_visits('{"what":"stale","unit":"g-tiantu-1"}', noon()) v where v ->> 'home' = '8-1-101'), 1::int8, 'never looked at');
select is((select count(*) from ctl_visits('{"what":"stale","unit":"g-tiantu-1"}', noon()) v where v ->> 'home' = '3-2-501'), 0::int8);
select is((select count(*) from ctl_visits('{"what":"stale","unit":"g-tiantu-1"}', noon('200 days')) v where v ->> 'home' = '3-2-501'), 1::int8, 'half a year later');
select throws_ok($$ select * from ctl_visits('{"unit":"nowhere"}', noon()) $$, '22023', 'there is no unit nowhere');

-- the way of a day, and who looked
select is((select string_agg(t ->> 'point', ' ') from ctl_track('{"who":"崔网格","day":"2026-11-24"}', noon('1 day')) t),
	'3号楼2单元501 3号楼2单元601 8号楼101 8号楼1单元105 9号楼1单元101 4号楼1单元102 8号楼 3号楼2单元501 3号楼2单元501 42.7712,129.4258 广场 42.7731,129.4301 桥头', 'in the order of time');
select is((select s #>> '{features,11,geometry}' from ctl_track('{"who":"13900000001","day":"2026-11-24","shape":true}', noon('1 day')) s)::jsonb,
	'{"type": "LineString", "coordinates": [[129.425800, 42.771200], [129.430100, 42.773100]]}', 'a line for the map');
select throws_ok($$ select * from ctl_track('{"who":"谁"}', noon()) $$, '22023', null, 'nobody of that name');
select is((select count(*) from track_look), 2::int8, 'looks are written down');
select keep_visits(noon('181 days'));
select is((select count(*) from visit where latitude is not null), 0::int8, 'where he was is forgotten after half a year');
select is((select count(*) from visit where at < noon('1 day')), 11::int8, 'that he was there is not');

-- a case that was found by the way
create temp table k as select case_in('filed') as number;
select is(visit(noon('5 days'), '3/2/501/0', '楼道堆垃圾', '+8613900000031', number) ~ '^visit_done', true) from k;
select is((select ctl_case(number) -> 'visit' ->> 'by' from k), '社区甲', 'the case knows who found it');
select is(visit(noon('5 days'), '3/2/501/0', '', '+8613900000032', number) ~ '^visit_no_home', true) from k;
select is((select count(*) from visit v join k on k.number = v.case_number), 1::int8, 'a case that is not his is not linked');

select * from finish();
rollback;
