-- 爱心银行 (requirements row 56): small matters that the community takes itself. They are cases like any other, of
-- categories that stand in a table; the community takes one with one word, and once the street has evaluated it, it
-- is a service like a wish that was done. Disputes are a matter of their own (row 68).
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create table bank_category (
	category text primary key,
	matter text not null check (matter in ('flowers', 'ads', 'dispute', 'other'))
);
comment on table bank_category is 'Which categories stand on the board; they need not exist yet.';
insert into bank_category (category, matter) values ('green', 'flowers'), ('ads', 'ads'), ('dispute', 'dispute');

-- waiting: the community has not taken it; taken; done: to be verified; closed; elsewhere: somebody else has it.
create function bank_board(p_unit int4, p_all bool)
returns table (number int8, matter text, category text, state text, light light, urgent bool, filed_at timestamptz, home int4, holder int4, text text)
language sql stable set search_path = hailan, pg_temp as $$
	with recursive below as (select p_unit as id union all select u.id from unit u join below b on u.parent_id = b.id)
	select k.number, b.matter, k.category,
	       case when k.state = 'closed' then 'closed' when k.unit_id is distinct from h.home and not h.home = any (unit_line(k.unit_id)) then 'elsewhere'
	            when l.light = 'red' then 'waiting' when l.light = 'blue' then 'done' else 'taken' end,
	       l.light, k.urgent, k.filed_at, h.home, k.unit_id, k.text
	  from "case" k join bank_category b on b.category = k.category join case_state_light l on l.state = k.state,
	       lateral (select case_home(k.place_id) as home) h
	 where (p_all or k.state <> 'closed') and unit_kind(h.home) = 'community' and h.home in (select id from below)
	   and not exists (select from case_life f where f.number = k.number and f.parent_number is not null)
$$;

-- "爱心银行": what waits in the area of a member of staff.
create function board_command(p_at timestamptz, p_phone text, p_language text, p_number int8, p_word text, p_days int4, p_reason text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_params jsonb;
begin
	select jsonb_build_object('count', count(*)::text, 'number', min(x.number)::text,
	       'list', string_agg(x.number || case p_language when 'ko' then c.name_ko else c.name_zh end, case p_language when 'ko' then ', ' else '、' end order by x.number))
	  into v_params
	  from (select distinct b.number, b.category from phone p join staff s on s.person_id = p.person_id, lateral bank_board(s.unit_id, false) b
	         where p.number = p_phone and b.state = 'waiting') x left join category c on c.code = x.category;
	perform say(p_at, p_phone, p_language, case v_params ->> 'count' when '0' then 'board_none' else 'board_list' end, v_params, null, p_message_id);
	return 'ok';
end $$;
insert into clerk_action (action, handler) values ('board', 'board_command');

-- A matter of the board that its community has brought to an end is archived and counted.
create function archive_case_event() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	k case_now;
	v_home int4;
begin
	select * into k from case_now x where x.number = new.case_number;
	v_home := case_home(k.place_id);
	if not exists (select from bank_category b where b.category = k.category) or unit_kind(v_home) <> 'community'
	   or not v_home = any (unit_line(k.unit_id)) or k.outcome not in ('solved', 'explained') then
		return null;
	end if;
	insert into archive_entry as e (number, city, kind, unit_id, category, done_at, what, how, place, body)
	values (k.number, k.city, 'case', v_home, k.category, coalesce(k.done_at, new.at), k.text, k.result, left(concat_ws(' ', k.building || '号楼', k.landmark), 256),
	        archive_body(k.number, v_home, k.category, k.text, concat_ws(' / ', k.result, new.reason), null, concat_ws(' ', k.building || '号楼', k.landmark), null))
	on conflict (number) do update set how = excluded.how, body = excluded.body, done_at = excluded.done_at;
	insert into service (number, city, unit_id, at, event_id) values (k.number, k.city, v_home, new.at, new.id) on conflict (number) do nothing;
	return null;
end $$;
create trigger archive after insert on case_event for each row when (new.action = 'evaluate') execute function archive_case_event();

-- Filter: unit (a code or a name), all, limit. What waits first, the oldest first.
create function ctl_bank_board(p_filter jsonb, p_at timestamptz) returns setof jsonb
language plpgsql stable security definer set search_path = hailan, pg_temp as $$
declare
	v_unit int4 := case when p_filter ->> 'unit' is null then city_unit() else unit_by_name(p_filter ->> 'unit') end;
begin
	if v_unit is null and p_filter ->> 'unit' is not null then
		raise exception 'there is no unit %', p_filter ->> 'unit' using errcode = 'HA008';
	end if;
	return query
	select jsonb_build_object('number', b.number, 'matter', b.matter, 'category', b.category, 'category_name', c.name_zh, 'state', b.state, 'light', b.light, 'urgent', b.urgent,
	         'filed_at', b.filed_at, 'unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'), 'held_by', unit_title(o.level, o.name_zh, null, 'zh'),
	         'text', mask_text(b.text))
	  from bank_board(v_unit, p_filter -> 'all' is not null) b left join category c on c.code = b.category left join unit u on u.id = b.home left join unit o on o.id = b.holder
	 order by array_position('{waiting,taken,done,elsewhere,closed}', b.state), b.number limit coalesce((p_filter ->> 'limit')::int4, 100);
end $$;

grant select, insert, update, delete on bank_category to hailan_admin;
grant select on bank_category to hailan_reader;
grant execute on function bank_board, ctl_bank_board to hailan_admin;
