-- SPDX-License-Identifier: BSD-2-Clause
-- What goes out: by priority, once, not too late; receipts in every order.
begin;
set local search_path = test, hailan, public;
select no_plan();

-- order, time, links
select send(noon(), 'campaign', 3), send(noon(), 'notice', 2), send(noon(), 'reply', 1), send(noon(), 'danger', 0),
       send(noon(), 'tomorrow', 0, 'a', noon('1 day')), send(noon(), 'late', 1, 'a', null, noon('1 minute'));
select is(string_agg(destination, ' '), 'danger reply', 'the most urgent first, as many as there is room')
  from claim(noon(), '{a}', '{2}');
select is(string_agg(destination, ' '), 'notice campaign', 'what is too old and what is for later stay behind') from claim(noon('2 minutes'));
select is(states((select id from outbox where destination = 'late')), 'expired', 'what is too old is noted');
select is(string_agg(destination, ' '), null, 'what was handed over is handed over once') from claim(noon('2 minutes'));
select is(string_agg(destination, ' '), 'tomorrow', 'its day comes') from claim(noon('1 day'));
select is((select count(*) from outbox_in_hand), 5::int8, 'all five are in hand');
select is_empty($$ select * from outbox_waiting $$, 'nothing waits');
delete from outbox_in_hand;

select send(noon(), 'l' || i, 1, case when i <= 3 then 'a' when i <= 5 then 'b' else 'gone' end) from generate_series(1, 6) i;
select results_eq($$ select link, count(*) from claim(noon(), '{a,b}', '{2,10}') group by 1 order by 1 $$, $$ values ('a', 2::int8), ('b', 4::int8) $$,
	'each by its own link, by another when that is full or down');
select is(count(*), 0::int8, 'no room, nothing') from claim(noon(), '{a}', '{0}');
select send(noon(), 'other channel', 1, 'x', null, null, 'mail');
select is(count(*), 0::int8, 'another channel''s are not seen') from claim(noon());

-- the end of a sending
select send(noon(), d) from unnest('{ok,no,again,lost}'::text[]) d;
create temp table m as select id, destination as d from claim(noon());
select done(noon(), id, case d when 'ok' then 0 when 'no' then 1 when 'again' then 2 else 3 end, case d when 'ok' then 'AB,AC' else '' end, 'a', noon('30 seconds')) from m;
select results_eq($$ select d, states(id) from m order by d collate "C" $$,
	$$ values ('again', 'handed retry'), ('lost', 'handed unknown'), ('no', 'handed failed'), ('ok', 'handed sent') $$, 'each end is noted');
select is(string_agg(destination, ' '), null, 'a retry waits for its time, and so does the one put back with it') from claim(noon('29 seconds'));
select is(string_agg(destination, ' ' order by destination), 'again lost', 'both come again') from claim(noon('30 seconds'));
select done(noon('31 seconds'), id, 3) from m where d = 'lost';
select is(string_agg(destination, ' '), null, 'a reply of unknown end is sent once more and no more') from claim(noon('1 hour'));
select done(noon(), id, 3) from m where d = 'lost';
select is(states(id), 'handed unknown handed unknown', 'what is written down twice counts once') from m where d = 'lost';
select send(noon(), 'everybody', 3);
select done(noon(), (select id from claim(noon())), 3);
select is(count(*), 0::int8, 'a campaign of unknown end is not sent again') from claim(noon('1 hour'));
update setting set value = '2' where key = 'outbox_attempts';
select done(noon('40 seconds'), id, 2) from m where d = 'again';
select is(states(id), 'handed retry handed failed', 'a message is given up after so many attempts') from m where d = 'again';
update setting set value = '20' where key = 'outbox_attempts';

-- a process dies
delete from outbox_in_hand;
select send(noon(), d) from unnest('{mine,his,kept}'::text[]) d;
create temp table h as select id, destination as d from claim(noon(), '{a}', '{2}', 'host:sms') union all select id, destination from claim(noon(), '{a}', '{1}', 'other:sms');
select is((select count(*) from h), 3::int8);
select is(outbox_recover('sms', noon('1 minute'), 'host:sms', true, '{}'), 2::int8, 'a new process takes back what its predecessor had');
select is(string_agg(distinct states(id), ','), 'handed unknown', 'of unknown end') from h where d in ('mine', 'his');
select is(count(*), 2::int8, 'and sends it once more') from claim(noon('1 minute'));
select is(outbox_recover('sms', noon('2 minutes'), 'host:sms', true, '{}'), 2::int8, 'dead again');
select is(count(*), 0::int8, 'never more than one extra copy') from claim(noon('3 minutes'));
select is(keep_outbox(noon('50 minutes')), 0::int8, 'the other process has its hour');
select is(keep_outbox(noon('61 minutes')), 1::int8, 'then it will not come back');
select is(count(*), 1::int8, 'and its message goes by another') from claim(noon('61 minutes'));
select send(noon(), 'unsent'), send(noon(), 'still here');
create temp table lost as select * from claim(noon('2 hours'));
select is(outbox_recover('sms', noon('2 hours'), 'host:sms', false, array[(select id from lost where destination = 'still here')] ||
	array(select id from outbox_in_hand where id not in (select id from lost))), 1::int8, 'a claim whose answer was lost');
select is(string_agg(destination, ' '), 'unsent', 'goes back whole') from claim(noon('2 hours'));

-- too old in the queue
select send(noon(), 'old', 2, 'a', null, noon('1 hour'));
select is(keep_outbox(noon('1 hour')) > 0, true, 'the timekeeper ends it');
select is(states((select id from outbox where destination = 'old')), 'expired');

-- receipts
create function pg_temp.sent(p_destination text, p_peer text, p_link text default 'a') returns int8 language plpgsql as $$
declare
	v_id int8 := send(noon(), p_destination, 1, p_link);
begin
	perform claim(noon(), array[p_link], '{50}');
	perform done(noon('1 second'), v_id, 0, p_peer, p_link);
	return v_id;
end $$;
select is(receipt_keys('00FF'), '{ff,255}', 'hex as decimal');
select is(receipt_keys('255'), '{255,ff,597}', 'digits may be either');
select is(receipt_keys('4f2a-é'), '{4f2a-é}', 'anything else is itself');
select is(receipt_keys(repeat('9', 64)), array[repeat('9', 64)], 'also when it is long');

create temp table r as select d, pg_temp.sent(d, p) as id from (values ('plain', 'id-1'), ('hex', '00BC614E'), ('decimal', '305419896'), ('two', 'p1,p2'), ('fails', 'f1')) v (d, p);
select receipt(noon('5 seconds'), 'ID-1'), receipt(noon('5 seconds'), '12345678'), receipt(noon('5 seconds'), '12345678'), receipt(noon('5 seconds'), '0x12345678'), receipt(noon('5 seconds'), '12345678'),
       receipt(noon('5 seconds'), 'p1'), receipt(noon('5 seconds'), 'f1', 2);
select is(states(id), 'handed sent delivered', 'a receipt finds its message, and the same again changes nothing') from r where d = 'plain';
select is(states(id), 'handed sent delivered', 'decimal for hex') from r where d = 'hex';
select is(states(id), 'handed sent delivered', 'hex for decimal') from r where d = 'decimal';
select is(states(id), 'handed sent undelivered', 'and failure') from r where d = 'fails';
select receipt(noon('6 seconds'), 'f1', 0), receipt(noon('7 seconds'), 'f1', 1);
select is(states(id), 'handed sent undelivered', 'the end is the end') from r where d = 'fails';
select receipt(noon('6 seconds'), 'p2', 0), receipt(noon('7 seconds'), 'p2', 1);
select is(states(id), 'handed sent delivered delivered', 'each part has its own; on the way is not the end') from r where d = 'two';

select is(states(pg_temp.sent('who knows', 'w1')), 'handed sent');
select receipt(noon('5 seconds'), 'w1', 3), receipt(noon('6 seconds'), 'w1', 3), receipt(noon('7 seconds'), 'w1', 1), receipt(noon('8 seconds'), 'w1', 3);
select is(states((select id from outbox where destination = 'who knows')), 'handed sent unknown delivered', 'nobody knows, until somebody does');

delete from receipt_orphan;
select receipt(noon(), 'early', 1), receipt(noon(), 'never', 1);
select is((select count(*) from receipt_orphan), 2::int8, 'receipts for nobody are kept');
select is(states(pg_temp.sent('e', 'EARLY')), 'handed delivered sent', 'and found when the response comes');
select is((select string_agg(key, ',') from receipt_orphan), 'never');
select keep_receipts(noon('47 hours'));
select is((select count(*) from receipt_orphan), 1::int8, 'for two days');
select keep_receipts(noon('48 hours 1 second'));
select is((select count(*) from receipt_orphan), 0::int8, 'not longer');

-- two SMSCs count alike
create temp table two as select l, pg_temp.sent('at ' || l, '7001', l) as id from unnest('{a,b}'::text[]) l;
select receipt(noon('5 seconds'), '7001', 1, 'a');
select results_eq('select l, states(id) from two order by l', $$ values ('a', 'handed sent delivered'), ('b', 'handed sent') $$, 'a receipt is for its own link''s message');
select receipt(noon('6 seconds'), '7001', 1, 'c');
select is(states(id), 'handed sent delivered', 'over a link that did not send it, for the one that still waits') from two where l = 'b';

select is((select count(*) from outbox o where not exists (select from outbox_waiting w where w.id = o.id)
	and not exists (select from outbox_in_hand h where h.id = o.id) and not exists (select from delivery d where d.outbox_id = o.id)), 0::int8, 'no message is nowhere');
select * from finish();
rollback;
