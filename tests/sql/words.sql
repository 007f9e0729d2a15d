-- SPDX-License-Identifier: BSD-2-Clause
-- Templates fit one part; default rows and imports.
begin;
set local search_path = test, hailan, public;
select no_plan();
-- One part of an SMS holds 70 units. Numbers of seven digits, the longest names of the default tables;
-- {text}, {address}, {reason}, {result}, {list} are cut to fit, so they count as nothing; so do the parts that
-- may be left out.
create temp view filled as
	select name, language, replace(replace(replace(replace(replace(replace(replace(replace(
		replace(replace(replace(replace(regexp_replace(regexp_replace(regexp_replace(template_parts(body, '{}', false), '\{(reason|result|list)\}', '', 'g'), '\{(red|yellow|blue|wish|month|visits|short|people|free|place|came)\}', '88', 'g'), '\{(amount|balance|waiting)\}', '1234.5小时', 'g'), '{parent}', '1300013'), '{days}', '15'), '{code}', '1234'), '{count}', '88'),
	         '{number}', '1300000'), '{emergency}', '110'), '{part}', '10'), '{text}', ''), '{address}', ''),
	         '{category}', case language when 'zh' then (select name_zh from category where kind = 'case' order by length(name_zh) desc limit 1)
	                                     else (select name_ko from category where kind = 'case' order by length(name_ko) desc limit 1) end),
	         '{unit}', case language when 'zh' then (select max(repeat('办', length(unit_title(level, name_zh, name_ko, 'zh')))) from unit where level = 'department')
	                                 else (select max(repeat('부', length(unit_title(level, name_zh, name_ko, 'ko')))) from unit where level = 'department') end),
	         '{state}', case language when 'zh' then (select name_zh from (select name_zh from case_state_light union all select name_zh from wish_state) s order by length(name_zh) desc limit 1)
	                                  else (select name_ko from (select name_ko from case_state_light union all select name_ko from wish_state) s order by length(name_ko) desc limit 1) end) as text
	  from template;
select is_empty($$ select name, language, length(text), text from filled where length(text) > 70 $$, 'every template fits one part');
select is_empty($$ select name, language, text from filled where text ~ '[{}]' $$, 'no field is left over');
select is_empty($$ select name, language, body from template where body ~ '://|www|回复.*代码' $$, 'no link, no code to be sent back');
select is_empty($$ select name, language from template where language = 'ko' and body ~ '노인|사회복지|커뮤니티' $$, 'Korean as it is written in Yanbian');
select is_empty($$ select name from template where body ~ '\{number\}' and name ~ '^(case|wish|ask|progress|number)_' and body !~ '^(编号|번호|没有查到编号)' $$, 'the number comes first');

-- default rows again: what somebody changed stays
update keyword set weight = 9 where pattern = '井盖';
select data_load('keywords', '[{"pattern":"井盖","category":"manhole","weight":"2","language":"zh"},{"pattern":"新词","category":"manhole","weight":"2","language":"zh"}]', noon());
select is((select weight from keyword where pattern = '井盖'), 9::int2, 'an edited word stays');
select is((select weight from keyword where pattern = '新词'), 2::int2, 'a new one comes');
select data_load('keywords', '[{"pattern":"新词","category":"manhole","weight":"4","language":"zh"}]', noon());
select is((select weight from keyword where pattern = '新词'), 4::int2, 'a default that changed changes');
select throws_ok($$ select data_load('nothing', '[]', noon()) $$, 'P0001', 'there are no default rows called nothing');
select is((select value from setting where key = 'city'), '222405', 'the city''s key');

-- refused rows name their line and their reason
create temp view bad as
	select 'units' as kind, * from import_units('[{"line":2,"code":"x1","level":"grid","parent":"nowhere","name_zh":"甲"},{"line":3,"code":"x2","level":"grid","parent":"222405000000","name_zh":"乙"},
		{"line":4,"code":"x3","level":"castle","parent":"222405000000","name_zh":"丙"}]', noon())
	union all select 'staff', * from import_staff('[{"line":2,"name":"甲","unit":"none","level":1,"phone":"+8613900000009"},{"line":3,"name":"乙","unit":"222405001005","level":1,"phone":"+8613900000009"}]', noon())
	union all select 'residents', * from import_residents('[{"line":2,"name":"甲","phone":["+8613900000008"],"community":"222405001005","building":"99","entrance":"1","room":"1"}]', noon())
	union all select 'keywords', * from import_keywords('[{"line":2,"pattern":"甲","category":"castle","weight":2}]', noon())
	union all select 'volunteers', * from import_volunteers('[{"line":2,"name":"甲","phone":"+8613900000007","community":"none"}]', noon());
create temp table refused as select * from bad;
select set_eq('select kind || line from refused', array['units2', 'units3', 'units4', 'staff2', 'staff3', 'residents2', 'keywords2', 'volunteers2'], 'each refused row is named');
select is_empty($$ select * from refused where coalesce(reason, '') = '' $$, 'with a reason');
select set_eq($$ select kind || line from (select 'households' as kind, * from import_households('[
	{"line":2,"community":"none","building":"1","room":"1"},{"line":3,"community":"222405001005","grid":"none","building":"1","room":"1"},
	{"line":4,"community":"222405001006","grid":"g-tiantu-1","building":"1","room":"1"},{"line":5,"community":"222405001006","building":"7","room":"1"},{"line":6,"community":"222405001006","building":"7","room":"1"}]', noon())) t $$,
	array['households2', 'households3', 'households4', 'households6'], 'also doors given twice and grids of another community');
select is_empty($$ select * from import_households('[{"line":2,"community":"222405001006","estate":"东苑","property":true,"building":"7","entrance":"1","floor":1,"room":"101","flags":["elderly"]}]', noon()) $$, 'what is right is taken');
select results_eq($$ select e.name, e.has_property, h.flags from household h join estate e on e.id = h.estate_id where e.name = '东苑' $$, $$ values ('东苑', true, '{elderly}'::text[]) $$);

-- states and lights
select is((select count(*) from case_state_light), (select count(*) from unnest(enum_range(null::case_state))), 'every state has a light');
select * from finish();
rollback;
