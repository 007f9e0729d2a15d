-- Saying something to somebody from SQL: a template filled in his language and put into the outbox. What
-- the clerk's program says on the burst path it renders itself (daemon/clerk/reply.c); the rules say the
-- same way here.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('notice_channel', '', 'the channel of notices to telephones; empty: the one that the message came through'),
	('notice_source', '', 'the number that notices come from where nobody wrote before; empty: as the case was written to'),
	('landlines', '+86[2-9]*', 'phones that get no texts, as a pattern of the shell; empty: all get them'),
	('reply_keep', '24 hours', 'an answer that could not be sent for so long is not sent'),
	('notice_keep', '72 hours', 'a notice that could not be sent for so long is not sent')
on conflict do nothing;

-- UTF-16 units, as a short message counts them.
create function sms_units(p_text text) returns int4 language sql immutable set search_path = hailan, pg_temp
return length(p_text) + length(regexp_replace(p_text, '[\u0001-\uffff]', '', 'g'));

-- Digits in a text that somebody else reads: telephone and identity numbers lose their middle.
create function mask_text(p_text text) returns text language sql immutable set search_path = hailan, pg_temp
return regexp_replace(translate(p_text, E'\n\t', '  '), '(\d{3})\d{3,}(\d{4})', '\1****\2', 'g');

-- A body with or without the parts that may be left out, {?as here?}. One of whose fields one is empty is
-- always left out.
create function template_parts(p_body text, p_params jsonb, p_keep bool) returns text
language plpgsql immutable set search_path = hailan, pg_temp as $$
declare
	m text[];
begin
	for m in select regexp_matches(p_body, '\{\?(.*?)\?\}', 'g') loop
		p_body := replace(p_body, '{?' || m[1] || '?}',
			case when p_keep and not exists (select from regexp_matches(m[1], '\{([a-z_]+)\}', 'g') f where coalesce(p_params ->> f[1], '') = '')
			then m[1] else '' end);
	end loop;
	return p_body;
end $$;

-- A template filled. It fits one short message: what may be left out is, then the longest of these fields
-- are cut, in this order.
create function template_render(p_name text, p_language text, p_params jsonb) returns text
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_whole text := (select t.body from template t where t.name = p_name and t.language = p_language);
	v_body text;
	v_signature text := (select nullif(s.value, '') from setting s where s.key = 'signature');
	v_text text;
	v_field text;
	v_is text;
	v_over int4;
	m text[];
begin
	if v_whole is null then
		raise exception 'there is no template % in %', p_name, p_language using errcode = 'P0002';
	end if;
	foreach v_field in array array['?', '', 'text', 'reason', 'result', 'address', 'list', 'category', 'unit'] loop
		if v_field in ('?', '') then
			v_body := template_parts(v_whole, p_params, v_field = '?');
		else
			v_is := p_params ->> v_field;
			v_over := sms_units(v_text) - 70;
			continue when coalesce(length(v_is), 0) < 4 or position('{' || v_field || '}' in v_body) = 0;
			p_params := p_params || jsonb_build_object(v_field, left(v_is, greatest(2, length(v_is) - v_over - 1)) || '…');
		end if;
		v_text := case when v_signature is null then '' else '【' || v_signature || '】' end;
		for m in select regexp_matches(v_body, '([^{]+)|\{([a-z_]+)\}|(\{)', 'g') loop
			v_text := v_text || coalesce(m[1], m[3], p_params ->> m[2], '');
		end loop;
		exit when sms_units(v_text) <= 70;
	end loop;
	return v_text;
end $$;

-- A unit and all those above it, itself first. Nothing for null.
create function unit_line(p_unit int4) returns int4[] language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_line int4[] := '{}';
begin
	while p_unit is not null and cardinality(v_line) < 16 loop
		v_line := v_line || p_unit;
		p_unit := (select u.parent_id from unit u where u.id = p_unit);
	end loop;
	return v_line;
end $$;

-- The first unit in a line that has one of these levels.
create function line_level(p_line int4[], p_levels unit_level[]) returns int4 language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (
	select u.id from unnest(p_line) with ordinality l (id, n) join unit u using (id) where u.level = any (p_levels) order by l.n limit 1
	);
end $$;
create function city_unit() returns int4 language sql stable set search_path = hailan, pg_temp
return (select min(id) from unit where level = 'city');

-- The language of a telephone: what it chose, else its people's, else Chinese.
create function phone_language(p_phone text) returns text language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return coalesce((select c.language from contact c where c.number = p_phone),
                (select min(pe.language) from phone p join person pe on pe.id = p.person_id where p.number = p_phone having min(pe.language) = max(pe.language)), 'zh');
end $$;

-- Whose telephone gets the notices of a unit: the first on duty there, else of the next above, the city last.
create function unit_contact(p_unit int4, out phone text, out unit_id int4) language plpgsql stable set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	select p.number, l.id into phone, unit_id
	  from unnest(unit_line(coalesce(p_unit, city_unit()))) with ordinality l (id, n)
	  join staff s on s.unit_id = l.id and s.duty join phone p on p.person_id = s.person_id
	 order by l.n, s.person_id, p.number limit 1;
end $$;

-- Whether a text can reach this address.
create function can_text(p_to text) returns bool language sql stable set search_path = hailan, pg_temp
return p_to !~ coalesce((select '^' || replace(replace(nullif(s.value, ''), '+', '\+'), '*', '.*') || '$' from setting s where s.key = 'landlines'), '^$');

-- Says something. p_message_id: the message that made us say it, p_number: the case or wish that it is
-- about; they tell channel, link and number to answer to. Who just wrote gets a reply, others a notice;
-- p_campaign: neither is owed to him.
create function say(p_at timestamptz, p_to text, p_language text, p_template text, p_params jsonb, p_number int8 default null,
	p_message_id int8 default null, p_urgent bool default false, p_not_before timestamptz default null, p_campaign bool default false) returns int8
language plpgsql set search_path = hailan, pg_temp set plan_cache_mode = force_generic_plan
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_city int4 := city();
	v_channel text := (select nullif(s.value, '') from setting s where s.key = 'notice_channel');
	v_source text := (select nullif(s.value, '') from setting s where s.key = 'notice_source');
	i record;
	v_reply bool;
	v_priority int2;
	v_id int8;
begin
	if not can_text(p_to) then
		return null;
	end if;
	-- what was spoken is answered by text
	select case when x.flags & 512 = 0 then x.channel end as channel, case when x.flags & 512 = 0 then x.link else '' end as link,
	       x.source, case when x.flags & 512 = 0 then x.destination end as destination into i from inbox x
	 where x.id = coalesce(p_message_id, (select k.message_id from "case" k where k.number = p_number), (select w.message_id from wish w where w.number = p_number));
	v_reply := coalesce(i.source = p_to and p_message_id is not null, false);
	v_priority := case when p_campaign then 3 when p_urgent then 0 when v_reply then 1 else 2 end;
	if i.source = p_to or v_channel is null then
		v_channel := coalesce(i.channel, v_channel);
		v_source := coalesce(i.destination, v_source);
	else
		v_source := coalesce(v_source, i.destination);
	end if;
	if v_channel is null or (p_to like '%@%') <> (i.source like '%@%') then
		-- about what came in no message; to a phone about a mail, or the other way
		v_channel := coalesce((select nullif(s.value, '') from setting s where s.key = case when p_to like '%@%' then 'mail_channel' else 'phone_channel' end), v_channel);
		-- from the number that somebody has just written to
		v_source := coalesce((select nullif(s.value, '') from setting s where s.key = 'notice_source'),
			(select l.destination from (select x.channel, x.destination from inbox x order by x.id desc limit 1000) l where l.channel = v_channel limit 1));
	end if;
	if v_channel is null then
		raise exception 'no channel to say % by', p_template using errcode = 'P0002', hint = 'set notice_channel and notice_source in table setting';
	end if;
	v_id := (make_ids('outbox_seq', p_at, 1))[1];
	insert into outbox (id, city, created_at, not_after, message_id, number, priority, channel, link, source, destination, language, template, params, body)
	values (v_id, v_city, p_at, coalesce(p_not_before, p_at) + setting_interval(case when v_reply then 'reply_keep' else 'notice_keep' end), p_message_id, p_number,
	        v_priority, v_channel, case when i.source = p_to then i.link else '' end,
	        coalesce(v_source, ''), p_to, p_language, p_template, null, template_render(p_template, p_language, p_params));
	insert into outbox_waiting (id, channel, priority, not_before)
	values (v_id, v_channel, v_priority, coalesce(p_not_before, p_at));
	perform pg_notify('outbox_' || v_channel, '');
	return v_id;
end $$;

