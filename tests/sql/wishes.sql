-- SPDX-License-Identifier: BSD-2-Clause
-- The life of a wish: every action in every state, who may, places and those who wait, waves, commands.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();

-- ---- people --------------------------------------------------------------------------------------
-- Twelve volunteers: 1 to 4 of the community, 5 to 8 of a community of the same street, the others elsewhere or of nowhere.
create function pg_temp.v(p_n int) returns text language sql as $$ select '+86137000100' || lpad(p_n::text, 2, '0') $$;
create temp table town as select
	(select id from unit where code = '222405001005') as community,
	(select id from unit where level = 'community' and parent_id = (select parent_id from unit where code = '222405001005') and code <> '222405001005' order by id limit 1) as beside,
	(select id from unit where level = 'community' and parent_id = (select id from unit where code = '222405002000') order by id limit 1) as far;
select whole(format('select * from import_volunteers(%L, noon())', (select jsonb_agg(jsonb_build_object('line', n, 'name', case n when 3 then '김철수' else '石' || n end, 'phone', pg_temp.v(n),
	'organisation', case when n = 12 then '检察院' else '志愿者队' end, 'language', case n when 3 then 'ko' else 'zh' end)
	|| case when n <= 4 then jsonb_build_object('community', '222405001005') when n <= 8 then jsonb_build_object('community', (select u.code from unit u, town where u.id = beside))
	        when n <= 10 then jsonb_build_object('community', (select u.code from unit u, town where u.id = far)) else '{}' end) from generate_series(1, 12) n)));

create function pg_temp.message(p_phone text, p_at timestamptz) returns int8 language plpgsql as $$
declare
	v_id int8 := make_id(p_at, nextval('inbox_seq'));
begin
	insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
	values (v_id, 222405, p_at, 0, 0, 'sms', 'a', p_phone, '10690433', 'UTF-8', '', '?');
	insert into verdict (inbox_id, kind) values (v_id, 'command');
	return v_id;
end $$;
create function pg_temp.told(p_at timestamptz default noon(), p_phone text default who('reporter')) returns int8 language plpgsql as $$
declare
	v_number int8 := (select * from case_numbers(1));
	v_message int8 := pg_temp.message(p_phone, p_at);
begin
	insert into wish (number, city, told_at, message_id, unit_id, place_id, category, channel, phone, language, building, text)
	select v_number, 222405, p_at, v_message, community, (select id from unit where code = 'g-tiantu-1'), 'wish_labour', 'sms', p_phone, 'zh', '3', '这条小道杂草太多' from town;
	insert into wish_event (id, city, wish_number, at, message_id, to_state, action, channel)
	values (make_id(p_at, nextval('event_seq')), 222405, v_number, p_at, v_message, 'told', 'told', 'sms');
	return v_number;
end $$;
create function pg_temp.stands(p_number int8) returns text language sql as $$ select state from wish where number = p_number $$;
create function pg_temp.step(p_who text, p_number int8, p_action text, p_fields jsonb default '{}', p_reason text default '因为', p_at timestamptz default noon('1 minute')) returns text
language sql as $$ select s.code from wish_step(p_at, coalesce(who(p_who), nullif(p_who, 'system')), null, p_number, p_action, null, p_fields, p_reason) s $$;
-- Says it, as the clerk files it; what the sender was answered.
create function pg_temp.says(p_who text, p_action text, p_number int8 default null, p_fields text default null, p_reason text default null, p_at timestamptz default noon('2 minutes'))
returns text language plpgsql as $$
declare
	v_phone text := coalesce(who(p_who), p_who);
	v_id int8 := pg_temp.message(v_phone, p_at);
begin
	perform clerk_steps(p_at, array[v_id], array[1], array[p_action], array[p_number], array[p_fields], array[null::int4], array[p_reason], array[phone_language(v_phone)]);
	return (select string_agg(template, ' ' order by id) from outbox where destination = v_phone and message_id = v_id);
end $$;
create function pg_temp.last(p_who text) returns text language sql as $$ select body from outbox where destination = coalesce(who(p_who), p_who) order by id & 2097151 desc limit 1 $$;
-- A wish in any state, led there by steps.
create function pg_temp.wish_in(p_state text) returns int8 language plpgsql as $$
declare
	v_number int8 := pg_temp.told();
begin
	if p_state = 'draft' then
		perform pg_temp.step('community', v_number, 'draft');
	elsif p_state in ('published', 'claimed', 'full', 'done', 'archived', 'expired') then
		perform pg_temp.step('community', v_number, 'publish', '{"people": 2}');
	end if;
	if p_state in ('claimed', 'full', 'done', 'archived') then
		perform pg_temp.says(pg_temp.v(9), 'claim', v_number, case p_state when 'full' then '{"people": 2}' end);
	end if;
	if p_state in ('done', 'archived') then perform pg_temp.step('community', v_number, 'done'); end if;
	if p_state = 'archived' then perform pg_temp.step('community', v_number, 'archive'); end if;
	if p_state = 'withdrawn' then perform pg_temp.step('reporter', v_number, 'withdraw'); end if;
	if p_state = 'expired' then perform pg_temp.step('system', v_number, 'expire'); end if;
	if pg_temp.stands(v_number) <> p_state then raise exception 'led to %, not to %', pg_temp.stands(v_number), p_state; end if;
	return v_number;
end $$;
update setting set value = '0' where key = 'campaigns_week'; -- no offers but where they are tested

-- ---- every pair of action and state --------------------------------------------------------------
create temp table led (action text, from_states text, to_state text);
insert into led values ('draft', 'told draft', 'draft'), ('publish', 'told draft expired', 'published'), ('change', 'published claimed full', '='),
	('done', 'published claimed full', 'done'), ('archive', 'done', 'archived'), ('withdraw', 'told draft published claimed full', 'withdrawn'),
	('cancel', 'told draft published claimed full', 'withdrawn'), ('expire', 'published', 'expired'), ('wave', 'published claimed', '='), ('remind', 'claimed full', '='),
	('note', 'told draft published claimed full done archived withdrawn expired', '='), ('look', 'told draft published claimed full done archived withdrawn expired', '=');
create temp table tried as
	select a.action, s.state, l.to_state as wanted, null::text as code, null::text as came, null::int8 as number
	  from wish_action a cross join wish_state s left join led l on l.action = a.action and s.state = any (string_to_array(l.from_states, ' '))
	 where a.action not in ('claim', 'wait', 'move_up', 'confirm', 'drop', 'lapse', 'absent');
do $$
declare
	t record;
	v_number int8;
	v_code text;
begin
	for t in select * from tried order by action, state loop
		v_number := pg_temp.wish_in(t.state);
		v_code := pg_temp.step(case when t.action in ('expire', 'wave', 'remind') then 'system' when t.action = 'withdraw' then 'reporter' when t.action in ('note', 'look') then 'grid' else 'community' end,
			v_number, t.action, '{}', '因为', noon('5 minutes'));
		update tried set code = v_code, number = v_number, came = pg_temp.stands(v_number) where action = t.action and state = t.state;
	end loop;
end $$;
select is((select count(*) from tried), (12 * 9)::int8, 'so many pairs were tried');
select is_empty($$ select action, state, wanted, code, came from tried where wanted is not null and (code <> 'ok' or came <> case wanted when '=' then state else wanted end) $$, 'what is allowed leads where it shall');
select is_empty($$ select action, state, code, came from tried where wanted is null and (code not in ('wrong_state', 'not_yours') or came <> state) $$, 'everything else is refused and changes nothing');
select is_empty($$ select t.action, t.state, count(e.*) from tried t left join wish_event e on e.wish_number = t.number and e.action = t.action and e.at = noon('5 minutes')
	group by 1, 2, t.wanted having count(e.*) <> (t.wanted is not null)::int $$, 'each step has left one event, and nothing else has');

-- ---- who may -------------------------------------------------------------------------------------
create temp table may (action text, state text, who text);
insert into may values ('draft', 'told', 'grid community'), ('publish', 'told', 'community'), ('publish', 'draft', 'community'), ('change', 'published', 'community'),
	('done', 'claimed', 'community'), ('archive', 'done', 'community system'), ('withdraw', 'told', 'reporter'), ('cancel', 'told', 'community city'), ('cancel', 'full', 'community city'),
	('expire', 'published', 'system'), ('wave', 'published', 'system'), ('remind', 'full', 'system'), ('note', 'told', 'grid community street city'), ('look', 'told', 'grid community street city reporter');
create temp table asked as select m.action, m.state, w.name as who, w.name = any (string_to_array(m.who, ' ')) as allowed, null::text as code, null::text as came
	from may m, (select name from who union all select 'system') w;
do $$
declare
	a record;
	v_number int8;
	v_code text;
begin
	for a in select * from asked loop
		v_number := pg_temp.wish_in(a.state);
		v_code := pg_temp.step(a.who, v_number, a.action);
		update asked set code = v_code, came = pg_temp.stands(v_number) where action = a.action and state = a.state and who = a.who;
	end loop;
end $$;
select is_empty($$ select action, state, who, code from asked where allowed <> (code = 'ok') $$, 'each may what his level and his unit allow, and nobody else');
select is_empty($$ select action, who from asked where not allowed and came <> state $$, 'whose attempts change nothing');

-- ---- nothing but an event moves a wish ------------------------------------------------------------
create temp table w as select pg_temp.told() as number;
select throws_ok($$ update wish set state = 'published' where number = (select number from w) $$, 'HA004');
select throws_ok($$ insert into wish_event (id, city, wish_number, at, from_state, to_state, action, channel)
	select make_id(noon('1 hour'), 1), 222405, number, noon(), 'told', 'done', 'done', 'sms' from w $$, 'HA004');
select throws_ok($$ delete from wish_event $$, '42501');
select is(pg_temp.says(pg_temp.v(1), 'claim', number), 'claim_early', 'row 57: nobody can claim before it is published') from w;
select throws_ok($$ insert into wish_claim (id, city, number, phone, language, state, at, changed_at) select 1, 222405, number, '+8613700010001', 'zh', 'in', noon(), noon() from w $$, 'HA004');

-- ---- the plan -------------------------------------------------------------------------------------
select is(pg_temp.says('community', 'publish', number, '{"people": 3, "weekday": 6, "hour": 9, "tools": "自备镰刀"}'), 'ack_publish') from w;
select is(pg_temp.stands(number), 'published') from w;
select is(pg_temp.last('community'), number || '已发布：11月28日周六9:00，天图社区3号楼，3人，自备镰刀。改动再发：发布' || number || ' 内容') from w;
select matches(pg_temp.last('reporter'), '已发布', 'the wisher is told');
select results_eq(format('select starts_at, people from wish_now where number = %s', number), $$ values ('2026-11-28 09:00+08'::timestamptz, 3::int2) $$) from w;
select is((select starts_at::text || whole_day from wish_when(noon(), f::jsonb)), (t::timestamptz)::text || d, f) from (values
	('{"in": 1}', '2026-11-25 00:00+08', 'true'), ('{"in": 0, "hour": 15}', '2026-11-24 15:00+08', 'false'), ('{"weekday": 2, "hour": 11}', '2026-12-01 11:00+08', 'false'),
	('{"weekday": 2, "hour": 13}', '2026-11-24 13:00+08', 'false'), ('{"weekday": 1, "week": 1}', '2026-11-30 00:00+08', 'true'), ('{"month": 1, "day": 5, "hour": 8, "minute": 30}', '2027-01-05 08:30+08', 'false'),
	('{"day": 28}', '2026-11-28 00:00+08', 'true'), ('{"hour": 9}', '2026-11-25 09:00+08', 'false')) v (f, t, d);
select is((select starts_at from wish_when(noon(), '{"people": 3}')), null, 'no time is none');

-- ---- claims, three places --------------------------------------------------------------------------
select is(pg_temp.says(pg_temp.v(1), 'claim', number, '{"tools": "镰刀"}'), 'claim_in') from w;
select is(pg_temp.stands(number), 'claimed') from w;
select is(pg_temp.last('reporter'), '编号' || number || '，来帮您的：石某某(尾号0001)，11月28日周六9:00。', 'whom to expect, masked') from w;
select is(pg_temp.says(pg_temp.v(1), 'claim', number), 'claim_in', 'again: the same answer') from w;
select is((select count(*) from wish_claim c where c.number = w.number and c.state <> 'off'), 1::int8, 'and one claim') from w;
select is(pg_temp.says(pg_temp.v(2), 'claim', number, '{"people": 2, "plus": true}'), 'claim_waiting', 'three do not fit into two places') from w;
select is(pg_temp.says(pg_temp.v(3), 'claim', number, '{"people": 2}'), 'claim_in') from w;
select matches(pg_temp.last(pg_temp.v(3)), '2명', 'in his language');
select is(pg_temp.stands(number), 'full') from w;
select matches(pg_temp.last('community'), '^' || number || '人够了：石113700010001、김철수13700010003等2人', 'the community knows them by name') from w;
select is(pg_temp.says(pg_temp.v(n), 'claim', number), case when n <= 7 then 'claim_waiting' else 'claim_late' end, n || ' comes late') from w, generate_series(4, 9) n where n <> 8;
select is(pg_temp.says(pg_temp.v(8), 'claim', number), 'claim_late', 'five wait, the others are told that it is full') from w where (select count(*) from wish_claim c where c.number = w.number and c.state = 'waiting') >= 5;
select is(pg_temp.says('reporter', 'claim', number), 'claim_own') from w;
select is(pg_temp.says('stranger', 'claim', number), 'claim_stranger') from w;
select is(pg_temp.says('farm', 'claim', number), 'claim_late', 'staff may claim, and are late like everybody') from w;

-- somebody does not come: the first whom the places are enough for moves up, and says whether he comes
select is(pg_temp.says(pg_temp.v(1), 'drop', number), 'claim_dropped') from w;
select is((select string_agg(right(phone, 2), ' ' order by id) from wish_claim c where c.number = w.number and c.state = 'held'), '04') from w;
select is(pg_temp.stands(number), 'full', 'his place is held') from w;
select matches(pg_temp.last(pg_temp.v(4)), '空出名额.*请回1');
select matches(pg_temp.last('reporter'), '김OO|김某某', 'the wisher knows who is left');
select unalike(pg_temp.last('reporter'), '%石%');
select is(pg_temp.says(pg_temp.v(4), 'no'), 'claim_dropped', 'he does not');
select is((select string_agg(right(phone, 2), ' ' order by id) from wish_claim c where c.number = w.number and c.state = 'held'), '05') from w;
select is(keep_asks(noon('1 hour'), 100), 0::int8, 'the next has two hours');
select is(keep_asks(noon('3 hours'), 100), 1::int8);
select is(pg_temp.last(pg_temp.v(5)), number || '没等到您的回话，名额给别人了，谢谢您！') from w;
select is(pg_temp.says(pg_temp.v(6), 'yes', null, null, null, noon('3 hours 1 minute')), 'claim_in', 'the next but one does');
select is((select string_agg(right(phone, 2), ' ' order by id) from wish_claim c where c.number = w.number and c.state = 'in'), '03 06') from w;
select is(pg_temp.says('community', 'absent', number, null, '0006', noon('4 hours')), 'ack_wish', 'one did not come') from w;
select is((select string_agg(right(phone, 2), ' ' order by id) from wish_claim c where c.number = w.number and c.state = 'held'), '07', 'his place is open again') from w;
select is(pg_temp.says('community', 'publish', number, '{"people": 1}', null, noon('4 hours')), 'no_too_few') from w;
select is(pg_temp.says('community', 'publish', number, '{"people": 4}', null, noon('4 hours')), 'ack_publish') from w;
select is((select taken || '/' || people from wish_now x where x.number = w.number), '3/4', 'one more place, and who waits for three has not got them') from w;

-- done
select is(pg_temp.says('community', 'done', number, '{"people": 3, "minutes": 110, "what": "杂草全清了"}', '3人 110分钟 杂草全清了', noon('4 days')), 'ack_wish_done') from w;
select results_eq(format('select came, minutes, result from wish_event where action = ''done'' and wish_number = %s', number), $$ values (3::int2, 110, '杂草全清了') $$) from w;
select isnt_empty($$ select from outbox where destination = who('reporter') and body ~ '办好了：杂草全清了' $$, 'the wisher is told');
select isnt_empty($$ select from outbox where destination = pg_temp.v(3) and body ~ '고맙습니다' $$, 'and who helped');
-- the time bank asks both about the hours: tests/sql/archive.sql
do $$ begin perform ask_end(noon('4 days'), a.id, 'idle') from ask a where a.kind like 'hours%'; end $$;
select is((select string_agg(distinct state::text, ' ' order by state::text) from wish_claim c where c.number = w.number), 'absent came dropped lapsed late off') from w;
select is(pg_temp.says(pg_temp.v(1), 'claim', number, null, null, noon('4 days')), 'claim_over') from w;
select is(pg_temp.says('community', 'archive', number, null, null, noon('5 days')), 'ack_wish') from w;
select is(pg_temp.stands(number), 'archived') from w;
select is_empty($$ select number, taken, people from wish_life where taken not between 0 and people $$);
select is_empty($$ select w.number, w.state, w.taken, w.people from wish_now w where w.state in ('published', 'claimed', 'full')
	and w.state <> (select t.to_state from wish_transition t where t.action = 'change' and t.from_state = w.state and t.guard = wish_guard(w.taken, w.people)) $$, 'each state says how many places are taken');

-- ---- words that mean another thing for a wish -----------------------------------------------------
create temp table w2 as select pg_temp.wish_in('claimed') as number;
select is(pg_temp.says(pg_temp.v(9), 'drop', number), 'claim_dropped') from w2;
select is(pg_temp.stands(number), 'published') from w2;
select matches(pg_temp.last('reporter'), '正在另找人');
select is(pg_temp.says('community', 'refuse', number, null, null), 'no_wish_reason') from w2;
select is(pg_temp.says('community', 'refuse', number, null, '已经解决'), 'ack_wish', 'the community takes it back') from w2;
select is(pg_temp.stands(number), 'withdrawn') from w2;
create temp table w3 as select pg_temp.wish_in('full') as number;
select is(pg_temp.says('reporter', 'withdraw', number), 'wish_withdrawn', 'the wisher does') from w3;
select matches(pg_temp.last(pg_temp.v(9)), '不用来了', 'and the helper hears it');
select is(pg_temp.says('community', 'extend', number), 'no_wish_word') from w3;
select is(pg_temp.says('grid', 'look', number), 'look_wish') from w3;
select is(pg_temp.says('community2', 'publish', number), 'no_not_yours') from w3;
create temp table w4 as select pg_temp.told() as number;
select is(pg_temp.says('grid', 'list'), 'list_mine');
select matches(pg_temp.last('grid'), '^할 일 8건: \d{5}일손', 'the list has wishes, too');
select is(pg_temp.says('community', 'publish', null, '{"people": 2}'), 'which_case', 'without a number when there are several') from w4;
select is(pg_temp.says('community', 'publish', 20006), 'number_unknown');
select is(pg_temp.says(pg_temp.v(1), 'drop', pg_temp.told()), 'claim_none');

-- ---- waves ----------------------------------------------------------------------------------------
do $$ begin perform wish_step(noon('6 days'), who('city'), null, number, 'cancel', null, '{}', '清理') from wish where state in ('published', 'claimed', 'full'); end $$;
delete from timer;
update setting set value = '3' where key = 'campaigns_week';
update setting set value = '3' where key = 'wish_wave';
select whole($$ select * from import_allies('[{"line":1,"community":"222405001005","organisation":"检察院"}]', noon()) $$);
select is((select reason from import_allies('[{"line":2,"community":"222405001005"}]', noon())), 'expected a unit, an organisation or both');
insert into contact (number, campaigns, changed_at) values (pg_temp.v(2), false, noon());
create temp table o as select pg_temp.told() as number;
create function pg_temp.offered(p_number int8) returns text language sql as $$
	select string_agg(wave || ':' || phones, ' ' order by wave) from (select wave, string_agg(right(phone, 2), ',' order by phone) as phones from wish_offer where number = p_number group by 1) x $$;
create function pg_temp.ring(p_at timestamptz) returns int language sql as $$ select rung from timers_ring(p_at, 100) $$;
select is(pg_temp.step('community', number, 'publish', '{"people": 2}', null, noon()), 'ok') from o;
select is(pg_temp.offered(number), '0:12', 'row 52: the allies first') from o;
select matches(pg_temp.last(pg_temp.v(12)), '^共建心愿' || number || '.*退订回T') from o;
select is((select priority from outbox where destination = pg_temp.v(12)), 3::int2, 'a campaign');
do $$ begin perform pg_temp.ring(noon('30 minutes')); end $$;
select is(pg_temp.offered(number), '0:12', 'for an hour only they') from o;
do $$ begin perform pg_temp.ring(noon('61 minutes')); end $$;
select is(pg_temp.offered(number), '0:12 1:01,03,04', 'then the community, but not who refused') from o;
do $$ begin perform pg_temp.ring(noon('91 minutes')); end $$;
select matches(pg_temp.offered(number), '^0:12 1:01,03,04 2:05,07,08$', 'then the street, three at a time, and last who did not come') from o;
select is(pg_temp.says(pg_temp.v(1), 'claim', null, null, null, noon('92 minutes')), 'claim_in', 'a bare word takes the only one offered');
select is(pg_temp.says(pg_temp.v(11), 'claim', null, null, null, noon('92 minutes')), null, 'and to nothing it is nothing');
select is(pg_temp.says(pg_temp.v(11), 'list', null, null, null, noon('92 minutes')), 'list_wishes');
select matches(pg_temp.last(pg_temp.v(11)), number || '出力1人') from o;
select is(pg_temp.says(pg_temp.v(1), 'list', null, null, null, noon('92 minutes')), 'list_no_wishes', 'what he has claimed is not among them');
select is(pg_temp.says(pg_temp.v(1), 'help', null, null, null, noon('92 minutes')), 'help_volunteer');
select is(pg_temp.says(pg_temp.v(3), 'no', null, null, null, noon('92 minutes')), 'answer_thanks');
select is(pg_temp.says(pg_temp.v(5), 'yes', null, null, null, noon('93 minutes')), 'claim_in');
do $$ begin perform pg_temp.ring(noon('3 hours')); end $$;
select matches(pg_temp.offered(number), '^0:12 1:01,03,04 2:05,07,08$', 'full: nobody else is told') from o;
create temp table o2 as select pg_temp.told() as number;
select is(pg_temp.step('community', number, 'publish', '{}', null, noon('10 hours')), 'ok') from o2;
select is(pg_temp.offered(number), null, 'nobody at ten in the evening') from o2;
create temp table o3 as select pg_temp.told() as number;
delete from ally;
select is(pg_temp.step('community', number, 'publish', '{}', null, noon('2 days')), 'ok') from o3;
select matches(pg_temp.offered(number), '^1:0', 'without allies the first wave at once') from o3;
select is(pg_temp.says(pg_temp.v(n), 'claim', null, null, null, noon('2 days 1 minute')), 'claim_which', 'two offers, a bare word: which') from o3, generate_series(4, 4) n
	where (select count(*) from ask where phone = pg_temp.v(4) and kind = 'offer') = 2;
update setting set value = '1' where key = 'campaigns_week';
create temp table o4 as select pg_temp.told() as number;
select is(pg_temp.step('community', number, 'publish', '{}', null, noon('2 days 1 hour')), 'ok') from o4;
select is_empty(format($$ select o.phone from wish_offer o where o.number = %s and exists (select from wish_offer x where x.phone = o.phone and x.number <> o.number and x.at > noon('2 days 1 hour') - interval '7 days') $$, number),
	'nobody more than the bound in seven days') from o4;
do $$ begin perform pg_temp.ring(noon('40 days')); end $$;
select is(pg_temp.stands(number), 'expired', 'nobody for thirty days') from o4;

-- ---- the day --------------------------------------------------------------------------------------
create temp table d as select pg_temp.told() as number;
update setting set value = '0' where key = 'campaigns_week';
select is(pg_temp.step('community', number, 'publish', '{"people": 2, "weekday": 6, "hour": 9, "tools": "镰刀"}', null, noon()), 'ok') from d;
select is(pg_temp.says(pg_temp.v(1), 'claim', number, null, null, noon('1 hour')), 'claim_in') from d;
select is(wishes_remind(noon('2 days 20 hours')), 0::int8, 'not more than a day before');
select is(pg_temp.says(pg_temp.v(3), 'claim', number, null, null, noon('2 days 20 hours 30 minutes')), 'claim_in') from d;
select is(by_role('test_keeper', $$ select wishes_remind(test.noon('2 days 21 hours')) $$), '1', 'a day before, but not who came a moment ago');
select matches(pg_temp.last(pg_temp.v(1)), number || '别忘了：11月28日周六9:00，天图社区3号楼，请带镰刀。来不了请回：退' || number) from d;
select matches(pg_temp.last('reporter'), '石某某.*金某某|石某某.*김', 'the wisher hears whom to expect');
select is(wishes_remind(noon('2 days 22 hours')), 0::int8, 'once');
select is(wishes_remind(noon('2 days 23 hours')), 1::int8, 'the other one later');
select is(pg_temp.step('community', number, 'publish', '{"weekday": 7, "hour": 9}', null, noon('3 days')), 'wrong_state') from d;
select is(pg_temp.says('community', 'publish', number, '{"weekday": 7, "hour": 9}', null, noon('3 days')), 'ack_publish') from d;
select is(wishes_remind(noon('3 days 22 hours')), 2::int8, 'another day: both again');
select is(wishes_remind(noon('5 days 22 hours')), 1::int8, 'a day later the community is asked');
select matches(pg_temp.last('community'), '完成' || number || '.*没来' || number) from d;
select is(wishes_remind(noon('6 days')), 0::int8, 'once');
select is((select string_agg(action, ' ' order by id) from wish_event where wish_number = d.number and action in ('remind', 'change')), 'remind remind change remind remind') from d;
update setting set value = '3' where key = 'campaigns_week';

-- ---- order across clerks --------------------------------------------------------------------------
create temp table x as select pg_temp.wish_in('published') as number;
create temp table early as select make_id(noon('10 minutes'), 1) as id;
insert into inbox_waiting (id, lane) select id, 7 from early;
select is(pg_temp.says(pg_temp.v(1), 'claim', number, '{"people": 2}', null, noon('10 minutes 1 second')), null, 'an earlier message is in another clerk''s hands: not decided') from x;
savepoint stuck;
select is(by_role('test_keeper', $$ select wishes_settle(test.noon('10 minutes 30 seconds')) $$), '1', 'the timekeeper looks after it');
select is((select string_agg(state::text, ' ') from wish_claim c where c.number = x.number), 'asked', 'in vain so far') from x;
select wishes_settle(noon('11 minutes 1 second'));
select is((select string_agg(state::text, ' ') from wish_claim c where c.number = x.number), 'in', 'but a message that stays does not hold it up for ever') from x;
rollback to stuck;
insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
select id, 222405, noon('10 minutes'), 0, 7, 'sms', 'a', pg_temp.v(4), '10690433', 'UTF-8', '', '?' from early;
delete from inbox_waiting where id = (select id from early);
do $$ begin perform wish_claims(noon('10 minutes 1 second'), array[id], array[pg_temp.v(4)], array[number], array[''], array['zh']) from early, x; end $$;
select is((select string_agg(right(phone, 2) || state, ' ' order by id) from wish_claim c where c.number = x.number), '04in 01waiting', 'then in the order of arrival') from x;

-- what a batch has taken out of the queue and not put down yet counts, too: here a command before a claim, and
-- somebody else's later claim that waits
create temp table y as select pg_temp.wish_in('published') as number, pg_temp.wish_in('published') as other;
create temp table batch (n int, id int8);
insert into batch select n, pg_temp.message((array[pg_temp.v(1), who('community'), pg_temp.v(2), pg_temp.v(5)])[n], noon('20 minutes')) from generate_series(1, 4) n order by n;
insert into wish_claim (id, city, number, phone, language, people, at, message_id, changed_at)
select b.id, 222405, y.number, pg_temp.v(5), 'zh', 2, noon('20 minutes'), b.id, noon('20 minutes') from batch b, y where b.n = 4;
do $$
begin
	perform clerk_steps(noon('20 minutes'), array(select id from batch where n < 4 order by n), array[1, 2, 3], array['claim', 'note', 'claim'], array[other, number, number], array['{}', null, '{}'],
		array[null, null, null]::int4[], array[null, '记下', null], array['zh', 'zh', 'zh']) from y;
end $$;
select is((select string_agg(right(phone, 2) || state, ' ' order by id) from wish_claim c where c.number = y.number), '02in 05waiting', 'the earlier claim of the batch goes first') from y;

select * from finish();
rollback;
