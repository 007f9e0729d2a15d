-- SPDX-License-Identifier: BSD-2-Clause
-- What staff and residents bring about by text: commands, confirmation, answers, silence.
begin;
set local search_path = test, hailan, public;
select no_plan();
select life_town();

-- A message of somebody, filed with one step; what was said to him since.
create function pg_temp.says(p_who text, p_action text, p_number int8 default null, p_word text default null, p_days int4 default null,
	p_reason text default null, p_at timestamptz default noon('1 minute')) returns text language plpgsql as $$
declare
	v_id int8 := make_id(p_at, nextval('inbox_seq'));
begin
	insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
	values (v_id, 222405, p_at, 0, 0, 'sms', 'a', test.who(p_who), '10690433', 'UTF-8', '', '?');
	insert into verdict (inbox_id, kind) values (v_id, 'command');
	perform clerk_steps(p_at, array[v_id], array[1], array[p_action], array[p_number], array[p_word], array[p_days], array[p_reason], array['zh']);
	return (select string_agg(template, ' ' order by id) from outbox where destination = test.who(p_who) and message_id = v_id);
end $$;
create function pg_temp.last(p_who text) returns text language sql as $$ select body from outbox where destination = test.who(p_who) order by id & 2097151 desc limit 1 $$;
create function pg_temp.stands(p_number int8) returns text language sql as $$ select state::text from "case" where number = p_number $$;

-- units by name
select is((select name_zh from unit where id = unit_find(w, null)), n, w || ' is ' || n) from (values ('城管', '城市管理行政执法局'), ('农业局', '农业农村局'), ('农业农村局', '农业农村局'),
	('住建局', '住房和城乡建设局'), ('公安局', '公安局'), ('交警', '公安局交警大队'), ('城管处理一下', '城市管理行政执法局'), ('农业局的人去看看', '农业农村局'), ('공안국', '公安局'), ('吉明', '吉明'), ('龙门街道', '龙门')) v (w, n);
select is(unit_find(w, null), null, w || ' is nobody') from (values ('天气预报'), (''), ('局'), ('%'), ('.*'), (repeat('长', 40))) v (w);
create temp table c as select case_in('filed', 'farm') as number;
select is(unit_find('街道', number), at_unit('street'), 'the street of the case') from c;
select is(unit_find('사회구역', number), at_unit('community'), 'its community') from c;

-- the story of the dead livestock, in the commands' words
select is(pg_temp.says('community', 'accept', number), 'ack_accept') from c;
select matches(pg_temp.last('community'), '好了' || number, 'the answer says what comes next') from c;
select is(pg_temp.says('community', 'transfer', number, '农业局', null, null, noon('1 hour')), 'ack_step') from c;
select matches(pg_temp.last('reporter'), '农业农村局', 'row 31');
select matches(pg_temp.last('farm'), '收' || number, 'the department is told what to answer') from c;
select is(pg_temp.says('farm', 'accept', number), 'ack_accept') from c;
select is(pg_temp.says('farm', 'done', number, null, null, '征得村民理解，清理了', noon('1 day')), 'ack_step') from c;
select matches(pg_temp.last('reporter'), '清理了.*请回1.*请回2', 'the reporter is asked');
select is(pg_temp.says('community', 'report', number, null, null, '干净了', noon('1 day 1 hour')), 'ack_step') from c;
select matches(pg_temp.last('street'), '评' || number, 'the street is asked to evaluate') from c;
select is(pg_temp.says('street', 'evaluate', number, null, null, '满意', noon('1 day 2 hours')), 'confirm_code', 'what ends a case is confirmed') from c;
select is(pg_temp.stands(number), 'community_reported') from c;
select is(pg_temp.says('street', 'digits', null, '0000', null, null, noon('1 day 2 hours')), 'confirm_wrong');
select is(pg_temp.says('street', 'digits', null, (select code from ask where kind = 'confirm'), null, null, noon('1 day 2 hours')), 'ack_step');
select is(pg_temp.stands(number), 'closed', 'green') from c;
select is((select grade from case_life f join c using (number)), '满意');
select is(pg_temp.says('street', 'digits', null, '1234', null, null, noon('1 day 2 hours')), null, 'a number to nothing is no error');

-- a confirmation number counts a short time, and a few times
create temp table c2 as select case_in('community_reported') as number;
select is(pg_temp.says('street', 'evaluate', number), 'confirm_code') from c2;
select is(pg_temp.says('street', 'digits', null, (select code from ask where kind = 'confirm'), null, null, noon('12 minutes')), null, 'not after ten minutes');
select is(pg_temp.says('street', 'evaluate', number), 'confirm_code') from c2;
select is(pg_temp.says('street', 'digits', null, '0000'), 'confirm_wrong') from generate_series(1, 3);
select is((select count(*) from ask where kind = 'confirm'), 0::int8, 'three wrong ones end it');
select is(pg_temp.stands(number), 'community_reported') from c2;
select is(pg_temp.says('street', 'evaluate', number), 'confirm_code') from c2;
select is(pg_temp.says('community', 'digits', null, (select code from ask where kind = 'confirm')), null, 'from another telephone it is none');
select is(step('community', number, 'rework'), 'ok') from c2;
select is(pg_temp.says('street', 'digits', null, (select code from ask where kind = 'confirm')), 'no_stale', 'what has changed meanwhile is not done blindly');
update case_action set confirm = 'none' where action = 'evaluate';
create temp table c3 as select case_in('community_reported') as number;
select is(pg_temp.says('street', 'evaluate', number), 'ack_step', 'by setting without') from c3;

-- what was meant
create temp table c4 as select case_in('received', 'community') as number;
select is(pg_temp.says('community', 'transfer', number), 'ack_step', 'no name: the department of the category') from c4;
select is((select unit_id from "case" join c4 using (number)), at_unit('farm'));
select is(pg_temp.says('farm', 'done', number, null, null, '好'), 'ack_accept ack_step', 'done before it was taken: taken, then done') from c4;
select is(pg_temp.says('community', 'refuse', number, null, null, '没清'), 'ack_step', 'to send back what is said to be done is rework') from c4;
select is(pg_temp.stands(number), 'rework') from c4;
select is(pg_temp.says('farm', 'transfer', number, '天气预报'), 'no_unit') from c4;
select is(pg_temp.says('farm', 'refuse', number), 'no_wrong_state') from c4;
select is(pg_temp.says('farm', 'extend', number, null, null, '下雨'), 'no_need_days') from c4;
select is(pg_temp.says('farm', 'extend', number, null, 2, '下雨'), 'ack_step') from c4;
select matches(pg_temp.last('city'), '延2天.*准' || number, 'the level above is asked') from c4;
select is(pg_temp.says('community2', 'done', number), 'no_not_yours') from c4;
select is(pg_temp.says('community', 'look', number), 'look_case') from c4;
select is(pg_temp.says('community', 'look', 13 * 7654321), 'number_unknown');
select is(pg_temp.says('grid', 'help'), 'help_grid');
select is(pg_temp.says('city', 'help'), 'help_city');
create temp table c5 as select case_in('filed') as number;
select is(pg_temp.says('community', 'transfer', number, '街道'), 'ack_step', 'to its own street is up') from c5;
select is(pg_temp.stands(number), 'with_street') from c5;

-- nobody hears it
create temp table c6 as select case_in('received', 'community') as number;
update staff set duty = false where unit_id in (at_unit('urban'), at_unit('city'));
select is(pg_temp.says('community', 'transfer', number, '城管'), 'ack_step ack_no_phone', 'who sends it where nobody has a telephone is told') from c6;
update staff set duty = true;

-- without a number
select is(pg_temp.says('far', 'accept'), null, 'thanks for something is no question');
select is(pg_temp.says('far', 'done'), 'no_case_for_it');
select is(pg_temp.says('far', 'list'), 'list_none');
create temp table far as select set_config('test.n', case_in('received', 'far')::text, true)::int8 as number;
select is(pg_temp.says('far', 'done', null, null, null, '好'), 'ack_step', 'the only one is meant');
select case_in('received', 'far') from generate_series(1, 2);
select is(pg_temp.says('far', 'done', null, null, null, '好'), 'which_case', 'of several he is asked which');
select is(pg_temp.says('far', 'list'), 'list_mine');
select matches(pg_temp.last('far'), '黄.*黄');

-- answers of residents
create temp table a as select case_in('received') as one, case_in('received') as two;
delete from ask;
select is(step('farm', one, 'done', null, '好'), 'ok') from a;
select is(pg_temp.says('reporter', 'digits', null, '3'), 'answer_how', 'neither yes nor no');
select is(pg_temp.says('reporter', 'digits', null, '1'), 'answer_thanks', 'one question: a bare answer counts');
select results_eq($$ select f.reporter_says, k.state::text from case_life f join "case" k using (number) join a on f.number = a.one $$, $$ values ('yes', 'done_claimed') $$, 'a yes closes nothing by itself');
select is(pg_temp.says('reporter', 'digits', null, '1'), null, 'once more is an answer to nothing');
select is(step('community', one, 'rework', null, '没好'), 'ok') from a;
select is(step('farm', one, 'done', null, '好'), 'ok') from a;
select is(step('farm', two, 'done', null, '好'), 'ok') from a;
select is(pg_temp.says('reporter', 'no'), 'answer_which', 'two: asked which');
select matches(pg_temp.last('reporter'), one || '.*' || two) from a;
select is(pg_temp.says('reporter', 'no', two, null, null, '还是臭'), 'case_rework', 'with its number') from a;
select results_eq($$ select k.state::text, k.rounds, f.reporter_says from "case" k join case_life f using (number) join a on k.number = a.two $$, $$ values ('rework', 1::int2, 'no') $$, 'unsolved goes back');
select matches(pg_temp.last('farm'), '还是臭', 'and the department reads why');
select is(pg_temp.says('stranger', 'yes'), null, 'a stranger''s yes is nobody''s');
select is(keep_asks(noon('2 days'), 100), 0::int8, 'not yet silent');
select is(keep_asks(noon('4 days'), 100), 1::int8, 'silent');
select results_eq($$ select f.reporter_says, k.state::text from case_life f join "case" k using (number) join a on f.number = a.one $$, $$ values ('silent', 'done_claimed') $$, 'silence is a state of its own and no yes');
select is((select level from case_event e join a on e.case_number = a.one where e.action = 'silent'), 0::int2, 'noted as the system''s');
select is(pg_temp.says('reporter', 'yes', null, null, null, null, noon('5 days')), null, 'too late is nothing');
select set_eq($$ select outcome from ask_past where kind = 'solved' and number in (select one from a union select two from a) $$, array['yes', 'no', 'silent'], 'what became of each is kept');

-- an answer after green opens it again
create temp table g as select case_in('received') as number;
delete from ask;
select is(step('farm', number, 'done', null, '好'), 'ok') from g;
select is(step('community', number, 'report'), 'ok') from g;
select is(step('street', number, 'evaluate'), 'ok') from g;
select matches(dialog_of(who('reporter'), noon('5 minutes')), '^a' || E'\t' || 'solved' || E'\t' || number, 'it may still be answered') from g;
select is(pg_temp.says('reporter', 'no'), 'case_rework') from g;
select results_eq($$ select k.state::text, k.rounds, f.closed_at from "case" k join case_life f using (number) join g using (number) $$, $$ values ('rework', 1::int2, null::timestamptz) $$, 'opened again');
-- the same trouble again
create temp table h as select case_in('community_reported') as number;
select is(step('street', number, 'evaluate'), 'ok') from h;
select matches(dialog_of(who('reporter'), noon('29 days')), 'c' || E'\t\t' || number || E'\t' || 'carcass') from h;
select doesnt_match(coalesce(dialog_of(who('reporter'), noon('40 days')), ''), number::text, 'after a month it is a new one') from h;
select is(pg_temp.says('reporter', 'reopen', number, null, null, '又堆上了', noon('2 days')), 'case_rework') from h;
select is(pg_temp.stands(number), 'rework') from h;
select is(pg_temp.says('stranger', 'reopen', number, null, null, '又堆上了', noon('2 days')), 'no_not_yours', 'not by others') from h;
select is(pg_temp.says('reporter', 'withdraw', number, null, null, null, noon('2 days')), 'case_withdrawn') from h;
select is(pg_temp.stands(number), 'done_claimed', 'withdrawn, and looked at before it is green') from h;

-- several reporters
create temp table m as select case_in('received') as parent, case_in('filed') as child;
update "case" set phone = who('stranger') from m where number = child;
select is(step('community', child, 'merge', parent), 'ok') from m;
select matches(pg_temp.last('stranger'), child || '.*' || parent, 'the reporter of the child is told') from m;
select is(step('farm', parent, 'done', null, '好'), 'ok') from m;
select is((select count(*) from ask where number in (parent, child)), 2::int8, 'both are asked') from m;
select matches(pg_temp.last('stranger'), child::text, 'by the number that he knows') from m;
select results_eq(format('select number, state from case_look(%s, %L)', child, who('stranger')), format('values (%s::int8, ''done_claimed'')', child), 'and learns how it stands') from m;
select is(pg_temp.says('stranger', 'digits', null, '2'), 'case_rework') from m;
select is(pg_temp.stands(parent), 'rework') from m;
select is((select count(*) from ask where number in (parent, child)), 0::int8, 'and nobody is asked any more') from m;

select is((select count(*) from case_look(c.number, who('community2'))), 0::int8, 'a neighbour learns nothing of a number') from c;
select is((select count(*) from case_look(c.number, who('community'))), 1::int8) from c;
select is_empty($$ select id, body from outbox where sms_units(body) > 70 or body ~ '[{}]' $$, 'every text is one part, and filled');
select * from finish();
rollback;
