-- What was done, for good (requirements rows 62 to 64): searchable in Chinese and Korean, and the running total of
-- services. Both are written by the events of a wish, in their transaction.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- Letters and digits without spaces and marks, so that 맨홀 뚜껑 is found as 맨홀뚜껑. Says itself which characters are
-- letters: what a locale thinks of it differs from machine to machine.
create function search_text(p_text text) returns text language sql immutable parallel safe set search_path = hailan, pg_temp
return regexp_replace(lower(normalize(p_text, nfkc)), '[^0-9a-z\u00c0-\u024f\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+', '', 'g');

-- Each character and each two that stand together, once. Chinese has no words that a parser could split it into, and
-- Korean ones have endings: two characters are short enough for both.
create function search_grams(p_plain text) returns text[] language sql immutable parallel safe set search_path = hailan, pg_temp as $$
	with c as (select string_to_array(p_plain, null) as c)
	select coalesce(array_agg(distinct g), '{}') from c, generate_series(1, cardinality(c.c)) i, lateral (values (c.c[i]), (c.c[i] || c.c[i + 1])) v (g) where g is not null
$$;

create table archive_entry (
	number int8 primary key,
	city int4 not null,
	kind text not null check (kind in ('wish', 'case')),
	unit_id int4 references unit,
	category text references category,
	done_at timestamptz not null,
	what text not null check (length(what) <= 65536),
	how text check (length(how) <= 16384),
	tools text check (length(tools) <= 256),
	place text check (length(place) <= 256),
	came int2,
	minutes int4,
	body text not null,
	plain text not null generated always as (search_text(body)) stored
);
create index archive_entry_grams on archive_entry using gin (search_grams(plain));
create index on archive_entry (unit_id, done_at);
comment on table archive_entry is 'No names of people: who came is looked up in wish_claim, so that erasing a person reaches it.';
comment on column archive_entry.body is 'All that is searched: what, how, tools, place, community and category in both languages, organisations.';

-- Each service once, and their number by unit: what was counted before there was Hailan is imported beside it.
create table service (
	number int8 primary key,
	city int4 not null,
	unit_id int4 not null references unit,
	at timestamptz not null,
	event_id int8 not null unique
);
create trigger append_only before update or delete or truncate on service for each statement execute function append_only();
create table service_count (
	unit_id int4 primary key references unit,
	city int4 not null,
	imported int8 not null default 0 check (imported >= 0),
	counted int8 not null default 0 check (counted >= 0)
);
comment on column service_count.counted is 'Rows of service, kept by a trigger and by nothing else.';

create function service_counts() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	insert into service_count as c (unit_id, city, counted) values (new.unit_id, new.city, 1)
	on conflict (unit_id) do update set counted = c.counted + 1;
	return null;
end $$;
create trigger counts after insert on service for each row execute function service_counts();

create function service_count_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if pg_trigger_depth() < 2 and (tg_op = 'DELETE' or tg_op = 'INSERT' and new.counted <> 0 or tg_op = 'UPDATE' and (new.counted, new.unit_id) is distinct from (old.counted, old.unit_id)) then
		raise exception 'services are counted by their events' using errcode = '42501', hint = 'hailanctl import services sets what was counted before';
	end if;
	return coalesce(new, old);
end $$;
create trigger guard before insert or update or delete on service_count for each row execute function service_count_guard();

create function archive_body(p_number int8, p_unit int4, p_category text, p_what text, p_how text, p_tools text, p_place text, p_organisations text) returns text
language sql stable set search_path = hailan, pg_temp as $$
	select concat_ws(E'\n', p_number, mask_text(p_what), mask_text(p_how), p_tools, p_place, p_organisations, u.name_zh, unit_title(u.level, u.name_zh, u.name_ko, 'zh'),
	       unit_title(u.level, u.name_zh, u.name_ko, 'ko'), (select concat_ws(E'\n', c.name_zh, c.name_ko) from category c where c.code = p_category))
	  from (select) x left join unit u on u.id = p_unit
$$;

-- Files a wish, or what was added to one. An entry is written when it is done and is added to, never taken back.
create function archive_wish(p_number int8, p_at timestamptz, p_came int2, p_minutes int4, p_result text, p_more text) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	w wish_now;
	a archive_entry;
	v_organisations text := (select string_agg(distinct v.organisation, ' ') from wish_claim c join volunteer v on v.person_id = c.person_id
	                          where c.number = p_number and c.state in ('in', 'came'));
begin
	select * into w from wish_now x where x.number = p_number;
	select * into a from archive_entry x where x.number = p_number for update;
	a.number := p_number;
	a.city := w.city;
	a.kind := 'wish';
	a.unit_id := wish_home(p_number);
	a.category := w.category;
	a.done_at := coalesce(a.done_at, p_at);
	a.what := concat_ws(' / ', w.what, nullif(w.text, w.what));
	a.how := left(nullif(concat_ws(' / ', a.how, nullif(btrim(p_result), ''), nullif(btrim(p_more), '')), ''), 16384);
	a.tools := w.tools;
	a.place := left(concat_ws(' ', w.place, w.building || '号楼', w.landmark), 256);
	a.came := coalesce(p_came, a.came);
	a.minutes := coalesce(p_minutes, a.minutes);
	a.body := archive_body(p_number, a.unit_id, a.category, a.what, a.how, a.tools, a.place, v_organisations);
	insert into archive_entry as e (number, city, kind, unit_id, category, done_at, what, how, tools, place, came, minutes, body)
	values (a.number, a.city, a.kind, a.unit_id, a.category, a.done_at, a.what, a.how, a.tools, a.place, a.came, a.minutes, a.body)
	on conflict (number) do update set how = excluded.how, tools = excluded.tools, place = excluded.place, came = excluded.came, minutes = excluded.minutes,
		what = excluded.what, body = excluded.body;
end $$;

create function archive_wish_event() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	if new.action = 'done' then
		perform archive_wish(new.wish_number, new.at, new.came, new.minutes, coalesce(new.result, new.reason), null);
		insert into service (number, city, unit_id, at, event_id) values (new.wish_number, new.city, wish_home(new.wish_number), new.at, new.id)
		on conflict (number) do nothing;
	elsif exists (select from archive_entry a where a.number = new.wish_number) then
		perform archive_wish(new.wish_number, new.at, null, null, null, new.reason);
	end if;
	return null;
end $$;
create trigger archive after insert on wish_event for each row when (new.action in ('done', 'archive', 'note')) execute function archive_wish_event();

-- ---- reading --------------------------------------------------------------------------------------

-- Entries that hold every word of a text, the newest first. A word is what stands between spaces.
create function archive_find(p_text text, p_unit int4, p_limit int4) returns setof archive_entry
language plpgsql stable set search_path = hailan, pg_temp set jit = off set enable_seqscan = off as $$
declare
	v_words text[] := array(select distinct search_text(w) from regexp_split_to_table(p_text, '\s+') w where search_text(w) <> '');
	v_grams text[];
	v_below int4[];
begin
	if v_words = '{}' then
		return;
	end if;
	v_grams := array(select distinct g from unnest(v_words) w, unnest(search_grams(w)) g where length(g) = 2 or length(w) = 1);
	if p_unit is not null then
		v_below := array(with recursive below as (select p_unit as id union all select u.id from unit u join below b on u.parent_id = b.id) select id from below);
	end if;
	return query
	with found as materialized (
		select a.* from archive_entry a
		 where search_grams(a.plain) @> v_grams and (select bool_and(position(w in a.plain) > 0) from unnest(v_words) w)
		   and (v_below is null or a.unit_id = any (v_below))
	)
	select * from found f order by f.done_at desc, f.number desc limit p_limit;
end $$;

create function unit_by_name(p_unit text) returns int4 language sql stable set search_path = hailan, pg_temp as $$
	select x.id from unit x
	 where p_unit in (x.code, x.name_zh, x.name_ko, unit_title(x.level, x.name_zh, x.name_ko, 'zh'), unit_title(x.level, x.name_zh, x.name_ko, 'ko'))
	 order by x.level, x.id limit 1
$$;

-- Filter: text, unit (a code or a name), limit.
create function ctl_archive_search(p_filter jsonb, p_at timestamptz) returns setof jsonb
language plpgsql stable security definer set search_path = hailan, pg_temp as $$
begin
	if p_filter ->> 'unit' is not null and unit_by_name(p_filter ->> 'unit') is null then
		raise exception 'there is no unit %', p_filter ->> 'unit' using errcode = 'HA008';
	end if;
	return query
	select jsonb_build_object('number', a.number, 'kind', a.kind, 'done_at', a.done_at, 'unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'),
	         'category_name', c.name_zh, 'came', a.came, 'minutes', a.minutes,
	         'pictures', (select count(*) from attachment_link l where l.number = a.number), 'what', mask_text(a.what), 'how', mask_text(a.how))
	  from archive_find(p_filter ->> 'text', unit_by_name(p_filter ->> 'unit'), coalesce((p_filter ->> 'limit')::int4, 50)) a
	  left join unit u on u.id = a.unit_id left join category c on c.code = a.category;
end $$;

create function ctl_archive_entry(p_number int8) returns jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_strip_nulls(jsonb_build_object('number', a.number, 'kind', a.kind, 'done_at', a.done_at, 'unit', u.code, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'),
	         'category_name', c.name_zh, 'what', a.what, 'how', a.how, 'place', nullif(a.place, ''), 'tools', a.tools, 'people_came', a.came, 'minutes', a.minutes,
	         'who_came', (select jsonb_agg(jsonb_build_object('name', pe.name, 'organisation', v.organisation, 'people', k.people, 'tools', k.tools,
	                              'hours', (select bank_number(s.half_hours) from bank_service s join bank_account b on b.id = s.account_id
	                                         where s.wish_number = a.number and b.person_id = pe.id and s.state = 'booked')) order by k.id)
	                        from wish_claim k left join person pe on pe.id = k.person_id left join volunteer v on v.person_id = pe.id
	                       where k.number = a.number and k.state = 'came'),
	         'pictures', (select jsonb_agg(jsonb_build_object('at', l.at, 'type', t.mime, 'name', l.name, 'sha256', encode(l.sha256, 'hex')) order by l.at)
	                        from attachment_link l join attachment t on t.sha256 = l.sha256 where l.number = a.number)))
	  from archive_entry a left join unit u on u.id = a.unit_id left join category c on c.code = a.category where a.number = p_number
$$;

-- The running total: the whole first, then each unit that has any.
create function ctl_services(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('unit', x.code, 'unit_name', x.name, 'imported', x.imported, 'counted', x.counted, 'total', x.imported + x.counted, 'last_at', x.last_at)
	  from (select 0 as n, '' as code, '(all)' as name, coalesce(sum(c.imported), 0)::int8 as imported, coalesce(sum(c.counted), 0)::int8 as counted,
	               (select max(s.at) from service s) as last_at from service_count c
	        union all
	        select 1, u.code, unit_title(u.level, u.name_zh, null, 'zh'), c.imported, c.counted, (select max(s.at) from service s where s.unit_id = c.unit_id)
	          from service_count c join unit u on u.id = c.unit_id) x
	 where p_filter ->> 'unit' is null or x.n = 1 and x.code = (select u.code from unit u where u.id = unit_by_name(p_filter ->> 'unit'))
	 order by x.n, x.imported + x.counted desc, x.code
$$;

-- What was counted before: it is set, not added, so a file may be imported again.
create function import_services(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
	v_unit int4;
begin
	for r in select * from jsonb_to_recordset(p_rows) as t (line int4, unit text, count int8) loop
		v_unit := unit_by_name(r.unit);
		line := r.line;
		if v_unit is null then
			reason := format('unit: there is no unit %s', r.unit);
			return next;
			continue;
		end if;
		insert into service_count as c (unit_id, city, imported) values (v_unit, city(), r.count)
		on conflict (unit_id) do update set imported = excluded.imported;
	end loop;
end $$;

grant select on archive_entry, service, service_count to hailan_admin;
grant select on service_count to hailan_reader;
grant execute on function archive_find, ctl_archive_search, ctl_archive_entry, ctl_services, import_services to hailan_admin;
