-- SPDX-License-Identifier: BSD-2-Clause
-- Long messages: parts in any order, twice, changed, missing, late.
begin;
set local search_path = test, hailan, public;
select no_plan();
create temp view joined as
	select source, convert_from(raw, 'UTF8') collate "default" as bytes, flags, protocol::jsonb as protocol, text, id from inbox order by id;

select is_empty($$ select * from part(noon(), '+8613800000001', 7, 3, 3, 'C') union all select * from part(noon(), '+8613800000001', 7, 1, 3, 'A') $$, 'parts are stored');
select is((select count(*) from inbox), 0::int8, 'and wait');
select is_empty($$ select * from part(noon('1 minute'), '+8613800000001', 7, 2, 3, 'B', 'b') $$, 'the last to come may be any, over any link');
select results_eq('select bytes, flags, text, protocol from joined',
	$$ values ('ABC', 64, null::text, '{"total": 3, "segments": [1, 1, 1], "missing": []}'::jsonb) $$, 'joined by number, for the clerk to decode');
select is((select count(*) from inbox_waiting), 1::int8, 'waits once');
select results_eq($$ select outcome from part(noon('2 minutes'), '+8613800000001', 7, 2, 3, 'B') $$, $$ values (1::int2) $$, 'a part sent again after that is a duplicate');

select part(noon(), '+8613800000001', 8, 1, 2, 'x'), part(noon(), '+8613800000002', 8, 2, 2, 'y');
select is((select count(*) from joined), 1::int8, 'two senders with one reference are not mixed');
select part(noon(), '+8613800000001', 8, 2, 3, 'y');
select is((select count(*) from joined), 1::int8, 'nor two totals');
select part(noon(), '+8613800000001', 8, 2, 2, 'X');
select results_eq($$ select source, bytes from joined where bytes <> 'ABC' $$, $$ values ('+8613800000001', 'xX') $$, 'each comes together by itself');

-- the same part once more, when the window is over and the set still open
update setting set value = '1 hour' where key = 'part_window';
select part(noon(), '+8613800000003', 1, 1, 2, 'first');
select results_eq($$ select outcome from part(noon('20 minutes'), '+8613800000003', 1, 1, 2, 'first') $$, $$ values (1::int2) $$, 'the same part is kept once');
select part(noon('21 minutes'), '+8613800000003', 1, 2, 2, ' last');
select is((select bytes from joined where source = '+8613800000003'), 'first last', 'and the set comes together');
update setting set value = '10 minutes' where key = 'part_window';

-- other bytes under the same number: the reference has come round
select part(noon(), '+8613800000004', 1, 1, 2, 'old'), part(noon('5 minutes'), '+8613800000004', 1, 1, 2, 'new'), part(noon('5 minutes'), '+8613800000004', 1, 2, 2, ' end');
select results_eq($$ select bytes, flags & 32, protocol -> 'missing' from joined where source = '+8613800000004' $$,
	$$ values ('old', 32, '[2]'::jsonb), ('new end', 0, '[]') $$, 'the old one is filed as it is, the new one whole');

-- a part that never comes, or late
select part(noon(), '+8613800000005', 9, 1, 4, '一'), part(noon(), '+8613800000005', 9, 3, 4, '三三');
select is(keep_parts(noon('9 minutes')), 0::int8, 'ten minutes are not over');
select cmp_ok(keep_parts(noon('10 minutes 1 second')), '>', 0::int8, 'now they are');
select results_eq($$ select bytes, flags, protocol, text from joined where source = '+8613800000005' $$,
	$$ values ('一三三', 96, '{"total": 4, "segments": [3, 0, 6, 0], "missing": [2, 4]}'::jsonb, null::text) $$, 'what is there is filed, and says what is not');
select results_eq($$ select outcome from part(noon('30 minutes'), '+8613800000005', 9, 3, 4, '三三') $$, $$ values (1::int2) $$, 'a part of it again is no new message');
select is_empty($$ select * from part(noon('2 hours'), '+8613800000005', 9, 4, 4, '四') $$);
select results_eq($$ select bytes, flags, protocol ->> 'number', (protocol ->> 'late_for')::int8 = (select min(id) from inbox where source = '+8613800000005')
	from joined where source = '+8613800000005' order by id offset 1 $$, $$ values ('四', 16, '4', true) $$, 'a late part says to what it belongs');
select is(keep_parts(noon('3 hours')), 0::int8, 'nothing is filed twice');
select part(noon('25 hours'), '+8613800000005', 9, 2, 4, '二');
select is((select count(*) from joined where source = '+8613800000005'), 2::int8, 'after a day it is the beginning of another message');
select keep_parts(noon('25 hours'));
select is((select count(*) from part_set where state <> 'open' and first_at <= noon('1 hour')), 0::int8, 'old sets are forgotten');

select results_eq($$ select outcome, detail from part(noon(), '+8613800000006', 1, 5, 4, 'x') $$, $$ values (2::int2, 'there is no part 5 of 4') $$, 'a part that cannot be is refused');

-- the place of a long message among the sender's others
select inbox_submit('sms', noon('1 minute'), '{1,2,1}', '{a,b}', '{1,1}', '{UTF-8,UTF-8}', '{0,0}', array[null, null]::text[],
	array_fill('+8613800000007'::text, array[3]), array['\x61', '\x62', '\x63']::bytea[], array[null, null, 'short'],
	array[md5('p1'), md5('p2'), md5('p3')]::uuid[], '{5,5,5}',
	array['8', '8', null], array[1, 1, null]::int8[], array[2, 2, null]::int2[], array[1, 2, null]::int2[]);
select is((select string_agg(coalesce(text, bytes), ' ' order by id) from joined where source = '+8613800000007'), 'ab short', 'it stands where its last part came');

select * from finish();
rollback;
