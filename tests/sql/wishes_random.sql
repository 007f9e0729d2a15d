-- SPDX-License-Identifier: BSD-2-Clause
-- Random words by random people about a few wishes: no state without its event, never more helpers than places,
-- each state tells how many there are, nobody waits while a place is free that is enough for him.
-- HAILAN_NIGHTLY=1: many more. HAILAN_SEED: another course.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();
\set nightly 0
\getenv nightly HAILAN_NIGHTLY
\set seed 0.42
\getenv seed HAILAN_SEED
select case when :'nightly' in ('', '0') then 30 else 300 end as wishes, case when :'nightly' in ('', '0') then 1000 else 40000 end as steps \gset
select setseed(:seed);
update setting set value = '2' where key = 'wish_wave';

select whole(format('select * from import_volunteers(%L, noon())', (select jsonb_agg(jsonb_build_object('line', n, 'name', '随' || n, 'phone', '+861379990' || n, 'language', (array['zh', 'ko'])[1 + n % 2],
	'community', '222405001005')) from generate_series(1001, 1020) n)));
create temp table f as select row_number() over (order by number)::int as n, number from case_numbers(:wishes) as number;
insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
select make_id(noon(), 500000 + n), 222405, noon(), 0, 0, 'sms', 'a', who('reporter'), '10690433', 'UTF-8', '', '?' from f;
insert into wish (number, city, told_at, message_id, unit_id, place_id, category, channel, phone, language, text)
select f.number, 222405, noon(), make_id(noon(), 500000 + n), u.id, u.id, 'wish_labour', 'sms', who('reporter'), 'zh', '随机' from f, unit u where u.code = '222405001005';
insert into wish_event (id, city, wish_number, at, to_state, action, channel)
select make_id(noon(), nextval('event_seq')), 222405, number, noon(), 'told', 'told', 'sms' from f;
create temp table walk (n int, at timestamptz, phone text, number int8, action text, fields text, state text);

create function pg_temp.walk(p_steps int, p_wishes int) returns void language plpgsql as $$
declare
	v_at timestamptz := noon('20 hours');
	v_number int8;
	v_phone text;
	v_action text;
	v_fields text;
	v_id int8;
begin
	for i in 1..p_steps loop
		v_at := v_at + random() * interval '5 minutes';
		-- mostly one of few that are open
		select f.number into v_number from f join wish w on w.number = f.number
		 where wish_open(w.state) or random() < 0.02 order by f.n + floor(random() * 6) limit 1;
		if random() < 0.65 then
			v_phone := '+861379990' || (1001 + floor(random() * 20)::int);
			v_action := (array['claim', 'claim', 'claim', 'claim', 'drop', 'yes', 'no'])[1 + floor(random() * 7)];
		else
			v_phone := who((array['community', 'community', 'community', 'grid', 'city', 'reporter', 'street', 'community2'])[1 + floor(random() * 8)]);
			v_action := (array['publish', 'publish', 'publish', 'absent', 'done', 'archive', 'refuse', 'note', 'draft', 'withdraw', 'claim'])[1 + floor(random() * 11)];
			-- a wish that has ended is of no use here
			continue when v_action in ('refuse', 'withdraw', 'done') and random() < 0.9;
		end if;
		v_fields := case when random() < 0.5 then jsonb_build_object('people', 1 + floor(random() * 4)::int, 'plus', random() < 0.2)::text end;
		v_id := make_id(v_at, nextval('inbox_seq'));
		insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
		values (v_id, 222405, v_at, 0, 0, 'sms', 'a', v_phone, '10690433', 'UTF-8', '', '?');
		perform clerk_steps(v_at, array[v_id], array[1], array[v_action], array[case when v_action in ('yes', 'no') then null else v_number end], array[v_fields], array[null::int4],
			array[case when random() < 0.9 then '原因' end], array['zh']);
		if random() < 0.05 then
			perform keep_asks(v_at, 100);
		end if;
		insert into walk select i, v_at, v_phone, v_number, v_action, v_fields, w.state from wish w where w.number = v_number;
	end loop;
end $$;
select pg_temp.walk(:steps, :wishes);

create temp view mine as select e.* from wish_event e join f on f.number = e.wish_number;
select cmp_ok(count(*), '>', 120::int8, count(*) || ' events') from mine;
select cmp_ok(count(distinct action), '>=', 12::int8, 'of ' || string_agg(distinct action, ' ')) from mine;
select cmp_ok(count(distinct state), '>=', 6::int8, 'and states ' || string_agg(distinct state, ' ')) from walk;
select is_empty($$ select * from (select e.wish_number, e.id, e.from_state, lag(e.to_state) over (partition by e.wish_number order by e.id) as before from mine e where e.to_state is not null) x
	where x.from_state is distinct from x.before $$, 'the events of a wish hang together');
select is_empty($$ select e.wish_number, e.action, e.from_state, e.to_state from mine e where e.action <> 'told' and not exists (
	select from wish_transition t where t.action = e.action and t.from_state = e.from_state and t.to_state = e.to_state) $$, 'each is a way that there is');
select is_empty($$ select w.number from wish w join f using (number) where w.state <> (select e.to_state from mine e where e.wish_number = w.number and e.to_state is not null order by e.id desc limit 1) $$,
	'and the last one tells the state');
select is_empty($$ select w.number, w.state, w.taken, w.people from wish_now w join f using (number) where w.state in ('published', 'claimed', 'full')
	and w.state <> case wish_guard(w.taken, w.people) when 'none' then 'published' when 'some' then 'claimed' else 'full' end $$, 'which tells how many places are taken');
select is_empty($$ select w.number, w.taken from wish_now w join f using (number) where w.taken <> coalesce((select sum(c.people) from wish_claim c where c.number = w.number and c.state in ('in', 'held')), 0) $$,
	'as many as the claims say');
select is_empty($$ select w.number, c.id from wish_now w join f using (number) join wish_claim c on c.number = w.number and c.state = 'waiting' and c.people <= w.people - w.taken
	where w.state in ('published', 'claimed', 'full') $$, 'nobody waits while there is room for him');
select is_empty($$ select c.number, c.id from wish_claim c join f using (number) join wish w using (number) where c.state in ('in', 'held', 'waiting') and w.state not in ('published', 'claimed', 'full') $$,
	'when it has ended nobody has or waits for a place');
select is_empty($$ select c.id from wish_claim c join f using (number) where c.state = 'asked' $$, 'nobody is left without an answer');
select is_empty($$ select a.id from ask a join f using (number) where a.kind = 'place' and not exists (select from wish_claim c where c.number = a.number and c.phone = a.phone and c.state = 'held') $$,
	'no question about a place that is not held');
select is_empty($$ select number, phone from wish_claim where state in ('asked', 'in', 'held', 'waiting') group by 1, 2 having count(*) > 1 $$);
select * from finish();
rollback;
