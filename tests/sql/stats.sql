-- SPDX-License-Identifier: BSD-2-Clause
-- The statistics of a town small enough to count by hand.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();

create function pg_temp.d(p_at text) returns timestamptz language sql as $$ select ('2026-' || p_at || '+08')::timestamptz $$;
create temp table c (name text primary key, number int8);
create function pg_temp.c(p_name text) returns int8 language sql as $$ select number from c where name = p_name $$;
create temp table steps (n int generated always as identity, who text, name text, action text, at text, target text);
insert into c select n, case_in('filed', h, pg_temp.d(t)) from (values ('a', 'farm', '11-02 08:00'), ('b', 'farm', '11-02 08:00'), ('c', 'farm', '10-30 08:00'), ('d', 'farm', '11-28 08:00'),
	('e', 'farm', '11-05 08:00'), ('f', 'farm', '11-12 08:00'), ('g', 'urban', '11-20 08:00')) v (n, h, t);
insert into steps (who, name, action, at, target) values
	('farm', 'c', 'accept', '10-30 09:00', null), ('farm', 'c', 'refuse', '11-01 09:00', null), -- lapsed: refused before its limit
	('street', 'c', 'transfer', '11-01 12:00', 'urban'), ('urban', 'c', 'accept', '11-01 13:00', null), ('urban', 'c', 'done', '11-02 10:00', null), -- on time, not within 3 days
	('farm', 'a', 'accept', '11-02 10:00', null), ('farm', 'a', 'done', '11-03 08:00', null), ('community', 'a', 'report', '11-03 10:00', null), ('street', 'a', 'evaluate', '11-04 10:00', null),
	('farm', 'b', 'accept', '11-03 09:00', null), ('farm', 'b', 'done', '11-06 08:00', null), ('community', 'b', 'report', '11-06 10:00', null), -- both too late
	('street', 'b', 'rework', '11-08 08:00', null), ('farm', 'b', 'accept', '11-08 09:00', null), ('farm', 'b', 'done', '11-09 08:00', null), -- on time the second time
	('community', 'b', 'report', '11-09 10:00', null), ('street', 'b', 'evaluate', '11-10 08:00', null),
	('farm', 'e', 'accept', '11-05 09:00', null), ('farm', 'e', 'hold', '11-06 08:00', null), ('farm', 'e', 'resume', '11-09 08:00', null), ('farm', 'e', 'done', '11-11 07:59', null), -- a minute before 3 + 3 days
	('city', 'f', 'merge', '11-12 09:00', 'e'),
	('farm', 'd', 'accept', '11-28 09:00', null), ('farm', 'd', 'extend', '11-29 09:00', null), ('city', 'd', 'grant', '11-29 10:00', null),
	('farm', 'd', 'done', '12-02 09:00', null); -- two days more: until December 3rd
select is(step(s.who, pg_temp.c(s.name), s.action, case when s.action = 'transfer' then at_unit(s.target) when s.target is not null then pg_temp.c(s.target) end, p_at => pg_temp.d(s.at)), 'ok',
          concat_ws(' ', s.who, s.action, s.name)) from (select * from steps order by n) s where s.at < '11-20';
select is(ask_answer(pg_temp.d('11-04 12:00'), who('reporter'), 'zh', 'yes', null, pg_temp.c('a'), null, null), 'ok', 'the reporter of a is content');
select is(keep_asks(pg_temp.d('11-20 12:00'), 100), 3::int8, 'three are silent');
select is(step(s.who, pg_temp.c(s.name), s.action, p_at => pg_temp.d(s.at)), 'ok', concat_ws(' ', s.who, s.action, s.name)) from (select * from steps order by n) s where s.at > '11-20';

-- What the figures of a period are, beside what they should be.
create temp table wanted (period text, unit text, name text, value numeric);
insert into wanted (period, unit, name, value) values
	('11', '', 'requests', 6), ('11', '', 'new', 5), ('11', '', 'carried', 1), ('11', '', 'returned', 0), ('11', '', 'finished', 4), ('11', '', 'finished_share', 4 / 6.0),
	('11', '', 'quick_share', 1 / 4.0), ('11', '', 'closed', 2), ('11', '', 'rework_share', 1 / 2.0), ('11', '', 'dispatched', 7), ('11', '', 'refusal_share', 1 / 7.0),
	('11', '', 'received_share', 4 / 6.0), ('11', '', 'due', 6), ('11', '', 'on_time_share', 4 / 6.0), ('11', '', 'overdue_share', 2 / 6.0), ('11', '', 'extended_share', 0),
	('11', '', 'asked_reporters', 4), ('11', '', 'reached', 1), ('11', '', 'reached_share', 1 / 4.0), ('11', '', 'satisfied_share', 1),
	('11', '', 'reworks', 1), ('11', '', 'refusals', 1), ('11', '', 'extensions', 1), ('11', '', 'merges', 1), ('11', '', 'chases', 0), ('11', '', 'supervised', 0),
	('11', '', 'red', 1), ('11', '', 'yellow', 1), ('11', '', 'blue', 2),
	('11', 'farm', 'requests', 5), ('11', 'farm', 'finished', 3), ('11', 'farm', 'refusals', 1), ('11', 'farm', 'dispatched', 5), ('11', 'farm', 'on_time_share', 3 / 4.0), ('11', 'farm', 'received_share', 3 / 4.0),
	('11', 'urban', 'requests', 1), ('11', 'urban', 'finished', 1), ('11', 'urban', 'carried', 1), ('11', 'urban', 'on_time_share', 1 / 2.0), ('11', 'urban', 'received_share', 1 / 2.0), ('11', 'urban', 'rework_share', null),
	('10', '', 'requests', 1), ('10', '', 'received_share', 1), ('10', '', 'due', 0), ('10', '', 'on_time_share', null), ('10', '', 'satisfied_share', null), ('10', '', 'red', 0), ('10', '', 'yellow', 1),
	('12', '', 'requests', 0), ('12', '', 'carried', 2), ('12', '', 'finished', 1), ('12', '', 'due', 1), ('12', '', 'on_time_share', 1), ('12', '', 'extended_share', 1), ('12', '', 'red', 1), ('12', '', 'blue', 3), ('12', '', 'closed', 0);
select is((s.figures ->> w.name)::numeric, round(w.value, 6), concat_ws(' ', 'month', w.period, w.unit, w.name))
  from (values ('10', '10-01'), ('11', '11-01'), ('12', '12-01')) p (month, starts), lateral stats(null, pg_temp.d(p.starts), pg_temp.d(p.starts) + interval '1 month', 'unit') s, wanted w
 where w.period = p.month and s.key = case w.unit when '' then '222405000000' else (select code from who where name = w.unit) end;

select is(share_text(96, 100) || ' ' || share_text(1, 3) || ' ' || share_text(0, 5) || ' ' || share_text(0, 0) || ' ' || share_text(5, 5), '96.0 % 33.3 % 0.0 % — 100.0 %', 'a share of nothing is no number');
select is((select string_agg(key || ' ' || (figures ->> 'requests'), ', ' order by ord) from stats(null, pg_temp.d('10-01'), '2027-01-01+08', 'month')), '2026-10 1, 2026-11 6, 2026-12 0', 'by month');
select is((select string_agg(key || ' ' || (figures ->> 'requests'), ', ') from stats(null, pg_temp.d('11-01'), pg_temp.d('12-01'), 'category')), 'carcass 6', 'by category');
select is((select string_agg(key || ' ' || (figures ->> 'requests'), ', ') from stats(null, pg_temp.d('11-01'), pg_temp.d('12-01'), 'channel')), 'sms 6', 'by channel');
select is((select (figures ->> 'requests')::int from stats(at_unit('street'), pg_temp.d('11-01'), pg_temp.d('12-01'))), 0, 'a street has no case that it never held');
select is((select string_agg(key || ' ' || (figures ->> 'requests'), ', ' order by ord) from stats(at_unit('street'), pg_temp.d('11-01'), pg_temp.d('12-01'), 'unit', true)),
          '222405001000 6, 222405001005 6', 'but they all lie in its area');
select is((select (figures ->> 'requests')::int from stats(null, pg_temp.d('11-02 08:00'), pg_temp.d('11-05 08:00'))), 2, 'a period begins with its first moment');
select is((select (figures ->> 'requests')::int from stats(null, pg_temp.d('11-01'), pg_temp.d('11-02 08:00'))), 0, 'and ends before its last');
select is((select (figures ->> 'due')::int from stats(null, pg_temp.d('11-05 08:00'), pg_temp.d('11-05 08:01'))), 2, 'a limit falls in the minute that it begins');
select is((select figures ->> 'yellow' from stats(null, pg_temp.d('11-06 00:00'), pg_temp.d('11-06 07:00'))), '2', 'lights at the end of the period, not now');
insert into outage (city, from_at, to_at, what, noted_at) values (222405, pg_temp.d('11-04 00:00'), pg_temp.d('11-05 07:00'), 'told', pg_temp.d('11-06'));
select is((select (figures ->> 'on_time_share')::numeric from stats(null, pg_temp.d('11-01'), pg_temp.d('12-01'))), round(5 / 6.0, 6), 'an outage is credited: b''s first limit is a day and seven hours later');
select throws_ok($$ select * from stats(null, now(), now(), 'colour') $$, '22023', null, 'there are few ways to part them');
select throws_ok($$ select * from ctl_stats('{"from":"2026-11-02","to":"2026-11-02"}', now()) $$, '22023', null, 'an empty period is refused');
select is_empty($$ select * from ctl_stats('{"unit":"nowhere"}', now()) $$, 'a unit that is not there');
select is((select (r ->> 'name') || ' ' || (r -> 'figures' ->> 'requests') from ctl_stats('{"unit":"农业农村局","month":"2026-11"}', now()) r), '农业农村局 5', 'a unit by its name and a month');
select is((select concat_ws(' ', r ->> 'from', r ->> 'to', r ->> 'made_at') from ctl_stats('{}', pg_temp.d('11-24 16:00')) r), '2026-11-01 00:00:00 2026-11-24 16:00:00 2026-11-24 16:00:00', 'without a period: this month, in the town''s time');
select is((select count(*) from ctl_stats('{"by":"month"}', pg_temp.d('11-24 16:00'))), 12::int8, 'or twelve');
select is_empty($$ select f.name from figure f where f.part not in (select counter from stats_counters(pg_temp.d('10-01'), '2027-01-01+08'))
	and f.part not in ('returned', 'carried', 'yellow', 'supervised', 'criticised', 'chases', 'optouts', 'messages_failed', 'wishes_told', 'wishes_published', 'wishes_claimed', 'wishes_done', 'helpers') $$, 'every other counter was met here');
select is(by_role('test_reader', $$ select count(*) from hailan.stats(null, '2026-11-01', '2026-12-01') $$), '1', 'who only reads may read them');
select throws_ok($$ select by_role('test_clerk', 'select count(*) from hailan.stats(null, ''2026-11-01'', ''2026-12-01'')') $$, '42501', null, 'a clerk may not');
select * from finish();
rollback;
