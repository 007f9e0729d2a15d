-- SPDX-License-Identifier: BSD-2-Clause
-- The tree of units; templates that are missing or differ.
begin;
set local search_path = test, hailan, public;
select no_plan();

-- the tree
create function pg_temp.under(p_level unit_level, p_parent text) returns int4 language sql as $$
	insert into unit (code, level, parent_id, name_zh) values ('t-' || p_level || '-' || coalesce(p_parent, 'none') || '-' || random()::text, p_level, (select id from unit where code = p_parent), '试') returning id
$$;
update unit set code = case level when 'city' then 'city' when 'street' then 'street' when 'community' then 'community' when 'department' then 'department' when 'grid' then 'grid' when 'village' then 'village' when 'town' then 'town' end
 where id in (select min(id) from unit where level <> 'landmark' group by level);
alter table unit drop constraint unit_code_check;
select lives_ok(format('select pg_temp.under(%L, %L)', l, p), format('a %s under a %s', l, p))
  from (values ('street', 'city'), ('town', 'city'), ('department', 'city'), ('department', 'department'), ('community', 'street'), ('community', 'town'),
               ('village', 'town'), ('grid', 'community'), ('grid', 'village')) v (l, p);
select throws_ok(format('select pg_temp.under(%L, %L)', l, p), '23514', null, format('no %s under %s', l, coalesce(p, 'nothing')))
  from (values ('street', 'street'), ('town', 'department'), ('department', 'community'), ('community', 'city'), ('community', 'community'), ('village', 'grid'),
               ('grid', 'street'), ('grid', 'city'), ('grid', 'grid'), ('city', 'city'), ('street', null), ('grid', null)) v (l, p);
select throws_ok($$ update unit set parent_id = (select id from unit where code = 'city') where code = 'grid' $$, '23514', null, 'also when one is moved');
select throws_ok($$ delete from unit where code = 'street' $$, '23503', null, 'what holds others stays');

-- templates
select is_empty('select * from templates_check()', 'every template in every language, with the same fields');
delete from template where name = 'progress' and language = 'ko';
update template set body = '编号{nummer}' where name = 'case_filed' and language = 'ko';
select set_eq($$ select name || ' ' || language || ' ' || problem from templates_check() $$, array['progress ko missing',
	'case_filed ko placeholders differ from another language', 'case_filed zh placeholders differ from another language'], 'faults are found');
update setting set value = 'zh' where key = 'languages';
select is((select string_agg(phone_shown(p), ' ' order by n) from unnest('{+8613904330011,+864333222222,+861065000000,+8685112345678,95598,null}'::text[]) with ordinality x (p, n)),
	'13904330011 0433-3222222 010-65000000 0851-12345678 95598 ', 'telephones as people dial them');
update template set body = body || '{?' || case language when 'zh' then '?}{?{unit}{?{unit}?}?}' else '' end where name = 'greeting';
select set_eq($$ select language || ' ' || problem from templates_check() where name = 'greeting' and problem like 'a part%' $$,
	array['zh a part that may be left out must stand between {? and ?}, and none within another',
	      'ko a part that may be left out must stand between {? and ?}, and none within another'], 'parts that may be left out are closed');
update template set body = '{number}，{unit}{?（{phone}）?}。' where name = 'no_not_yours';
select results_eq($$ select template_render('no_not_yours', 'zh', jsonb_build_object('number', '20007', 'unit', u, 'phone', p))
	from (values ('住建局', '0433-3222222'), ('住建局', ''), ('住建局', null), (repeat('长', 49), '0433-3222222'), (repeat('长', 50), '0433-3222222')) v (u, p) $$,
	$$ values ('20007，住建局（0433-3222222）。'), ('20007，住建局。'), ('20007，住建局。'), ('20007，' || repeat('长', 49) || '（0433-3222222）。'), ('20007，' || repeat('长', 50) || '。') $$,
	'the telephone where there is one and where there is room');
select is((select count(*) from templates_check() where problem = 'missing'), 0::int8, 'a language that is not wanted may be missing');
select * from finish();
rollback;
