-- Calls: what a channel that talks with people may be told, and recordings that wait to be written down.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- A case or wish of which there is only a sound, or only a number to ring back.
create table dictation (
	number int8 primary key,
	city int4 not null,
	kind text not null check (kind in ('report', 'wish', 'message', 'callback')),
	at timestamptz not null,
	message_id int8 not null,
	written_at timestamptz,
	written_by int8 references person on delete set null,
	check (written_by is null or written_at is not null)
);
create index dictation_waiting on dictation (at) where written_at is null;
comment on table dictation is 'Recordings and calls that wait until somebody writes down what was said; only then the clerk understands them.';

-- What the clerk's decisions about calls ask for, in the transaction that files them: dictate, a recording
-- has become a case or wish, word is its kind; written, somebody wrote it down, word holds what was understood.
create function dictation_step(p_at timestamptz, p_action text, p_number int8, p_word text, p_message_id int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	j jsonb;
	k record;
	v_unit int4;
	v_id int8;
	v_last int8;
begin
	if p_action = 'dictate' then
		insert into dictation (number, city, kind, at, message_id) values (p_number, city(), p_word, p_at, p_message_id);
		return;
	end if;
	j := p_word::jsonb;
	if exists (select from wish w where w.number = p_number) then
		update wish w set category = coalesce(nullif(j ->> 'category', ''), w.category), text = j ->> 'text', place_id = coalesce(nullif((j ->> 'place')::int4, 0), w.place_id),
		       unit_id = case when w.state = 'told' then coalesce(nullif((j ->> 'unit')::int4, 0), w.unit_id) else w.unit_id end,
		       building = nullif(j ->> 'building', ''), entrance = nullif(j ->> 'entrance', ''), floor = nullif((j ->> 'floor')::int2, 0),
		       room = nullif(j ->> 'room', ''), landmark = nullif(j ->> 'landmark', '')
		 where w.number = p_number;
		v_last := (select max(e.id) from wish_event e where e.wish_number = p_number);
		v_id := (make_ids('event_seq', greatest(p_at, id_time(v_last) + interval '1 ms'), 1))[1];
		insert into wish_event (id, city, wish_number, at, message_id, action, channel, reason)
		select v_id, city(), p_number, p_at, p_message_id, 'written', i.channel, j ->> 'text' from inbox i where i.id = p_message_id;
		return;
	end if;
	select c.state, c.unit_id, c.city into strict k from "case" c where c.number = p_number for no key update;
	-- who has taken it keeps it; before that it goes where it belongs
	v_unit := case when k.state = 'filed' then coalesce(nullif((j ->> 'unit')::int4, 0), k.unit_id) else k.unit_id end;
	v_last := (select max(e.id) from case_event e where e.case_number = p_number);
	v_id := (make_ids('event_seq', greatest(p_at, id_time(v_last) + interval '1 ms'), 1))[1];
	insert into case_event (id, city, case_number, at, message_id, from_state, to_state, action, channel, reason, holder_id)
	select v_id, k.city, p_number, p_at, p_message_id, k.state, k.state, 'written', i.channel, j ->> 'text', nullif(v_unit, k.unit_id)
	  from inbox i where i.id = p_message_id;
	update "case" c set category = coalesce(nullif(j ->> 'category', ''), c.category), category2 = nullif(j ->> 'category2', ''), score = (j ->> 'score')::int2,
	       urgent = c.urgent or (j ->> 'urgent')::bool, unit_id = v_unit, place_id = coalesce(nullif((j ->> 'place')::int4, 0), c.place_id), text = j ->> 'text',
	       building = nullif(j ->> 'building', ''), entrance = nullif(j ->> 'entrance', ''), floor = nullif((j ->> 'floor')::int2, 0),
	       room = nullif(j ->> 'room', ''), landmark = nullif(j ->> 'landmark', '')
	 where c.number = p_number;
	perform case_timers(p_at, p_number);
end $$;

-- Somebody has listened and wrote down what was said: it goes to the clerk as if the caller had written it,
-- with the caller's language and home. Says how it ended: ok, no_recording, written_already, empty.
create function dictation_write(p_at timestamptz, p_number int8, p_text text, p_person int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	d dictation;
	v_text text := btrim(p_text, E' \t\r\n　，,：:');
	v_id int8;
begin
	select * into d from dictation x where x.number = p_number for update;
	if not found then
		return 'no_recording';
	elsif d.written_at is not null then
		return 'written_already';
	elsif coalesce(v_text, '') = '' then
		return 'empty';
	end if;
	update dictation x set written_at = p_at, written_by = p_person where x.number = p_number;
	v_id := (make_ids('inbox_seq', p_at, 1))[1];
	insert into inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text, protocol)
	select v_id, i.city, p_at, 512, i.lane, i.channel, '', i.source, i.destination, 'UTF-8', convert_to(left(v_text, 16384), 'UTF8'), left(v_text, 16384),
	       jsonb_build_object('call', 'written', 'writes', p_number, 'wish', (d.kind = 'wish')::int)::text
	  from inbox i where i.id = d.message_id;
	insert into inbox_waiting (id, lane) select i.id, i.lane from inbox i where i.id = v_id;
	perform pg_notify('inbox', '');
	return 'ok';
end $$;

-- Whether staff of this telephone may: the unit that holds it or where it lies, and all above.
create function dictation_may(p_phone text, p_number int8) returns int8 language plpgsql stable set search_path = hailan, pg_temp as $$
begin
	return (
	select min(s.person_id) from phone p join staff s on s.person_id = p.person_id,
	       (select k.unit_id, k.place_id from "case" k where k.number = p_number union all select w.unit_id, w.place_id from wish w where w.number = p_number) t
	 where p.number = p_phone and s.unit_id = any (unit_line(t.unit_id) || unit_line(t.place_id) || city_unit())
	);
end $$;

-- "录20046 文字" of a member of staff, and the answer to it.
create function dictation_command(p_at timestamptz, p_phone text, p_language text, p_number int8, p_text text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_person int8 := dictation_may(p_phone, p_number);
	v_code text;
begin
	v_code := case when not exists (select from dictation d where d.number = p_number) then 'no_recording'
	               when v_person is null then 'not_yours'
	               else dictation_write(p_at, p_number, p_text, v_person) end;
	perform say(p_at, p_phone, p_language,
		case v_code when 'ok' then 'ack_written' when 'not_yours' then 'no_not_yours' when 'empty' then 'write_what' else 'no_recording' end,
		jsonb_build_object('number', p_number::text, 'text', mask_text(p_text)), p_number, p_message_id);
	return v_code;
end $$;

-- The clerk's actions about calls (clerk_action).
create function call_dictate(p_at timestamptz, p_phone text, p_language text, p_number int8, p_word text, p_days int4, p_reason text, p_message_id int8)
returns text language plpgsql set search_path = hailan, pg_temp as $$
begin
	perform dictation_step(p_at, 'dictate', p_number, p_word, p_message_id);
	return 'ok';
end $$;
create function call_written(p_at timestamptz, p_phone text, p_language text, p_number int8, p_word text, p_days int4, p_reason text, p_message_id int8)
returns text language plpgsql set search_path = hailan, pg_temp as $$
begin
	perform dictation_step(p_at, 'written', p_number, p_word, p_message_id);
	return 'ok';
end $$;
create function call_write(p_at timestamptz, p_phone text, p_language text, p_number int8, p_word text, p_days int4, p_reason text, p_message_id int8)
returns text language plpgsql set search_path = hailan, pg_temp as $$
begin
	return dictation_command(p_at, p_phone, p_language, p_number, p_reason, p_message_id);
end $$;
insert into clerk_action (action, handler) values ('dictate', 'call_dictate'), ('written', 'call_written'), ('write', 'call_write');

-- ---- what a caller may be told --------------------------------------------------------------------

-- An elder, as far as the register tells: by flag, or by age. Of a phone that people share it is enough
-- that one of them is.
create function phone_elder(p_phone text, p_at timestamptz) returns bool language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_age int4 := setting_int('elder_age');
begin
	return exists (
	select from phone p join person q on q.id = p.person_id
	  left join resident r on r.person_id = q.id left join household h on h.id = r.household_id
	 where p.number = p_phone
	   and ('elderly' = any (q.flags || h.flags) or q.born_year <= extract(year from p_at)::int4 - v_age)
	   and not exists (select from staff s where s.person_id = q.id));
end $$;
insert into setting (key, value, help) values ('elder_age', '65', 'from this age on a caller is an elder, who needs no menu');

-- The answers are lines of fields parted by tabs (channel(3)). Nothing but numbers, codes, lights: no text, no
-- name, no address; who asks for a number that is not his hears its light alone.
--   caller, a phone           language zh|ko; elder; case NUMBER CATEGORY LIGHT STATE TO_WRITE; ask NUMBER CATEGORY
--   number, NUMBER, a phone   case NUMBER CATEGORY LIGHT STATE
--   filed, a phone, ID        number NUMBER: of what the report with this reference became
create function channel_look(p_channel text, p_at timestamptz, p_what text, p_key text, p_more text) returns text
language plpgsql stable security definer set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
	v_number int8;
begin
	perform channel_guard(p_channel);
	if p_what = 'number' then
		v_number := case when p_key ~ '^[0-9]{1,18}$' then p_key::int8 end;
		return coalesce((
			select concat_ws(E'\t', 'case', k.number, case when k.phone = p_more then coalesce(k.category, '') else '' end, n.light,
			                 case when k.phone = p_more then n.state::text else '' end) || E'\n'
			  from "case" k left join case_life f on f.number = k.number join case_now n on n.number = coalesce(f.parent_number, k.number)
			 where k.number = v_number
			union all
			select concat_ws(E'\t', 'case', w.number, '', '', w.state) || E'\n' from wish w where w.number = v_number
			 limit 1), '');
	elsif p_what = 'filed' then
		return coalesce((
			select 'number' || E'\t' || x.number || E'\n'
			  from ((select k.number, k.message_id from "case" k where k.phone = p_key and k.state <> 'closed' order by k.number desc limit 5)
			        union all
			        (select w.number, w.message_id from wish w where w.phone = p_key and w.state not in ('archived', 'withdrawn', 'expired') order by w.number desc limit 5)) x
			  join inbox i on i.id = x.message_id
			 where i.protocol::jsonb ->> 'id' = p_more limit 1), '');
	elsif p_what <> 'caller' then
		raise exception 'there is no question %', p_what using errcode = '22023', hint = 'caller, number or filed';
	elsif p_key !~ '^\+' then
		return '';
	end if;
	return concat(
		(select 'language' || E'\t' || coalesce((select c.language from contact c where c.number = p_key),
		        (select min(q.language) from phone p join person q on q.id = p.person_id where p.number = p_key having min(q.language) = max(q.language))) || E'\n'),
		case when phone_elder(p_key, p_at) then E'elder\n' end,
		(select string_agg(concat_ws(E'\t', 'case', x.number, x.category, x.light, x.state, x.to_write) || E'\n', '' order by x.number desc)
		   from ((select k.number, coalesce(k.category, '') as category, n.light::text as light, n.state::text as state, (d.number is not null)::int as to_write
		            from "case" k left join case_life f on f.number = k.number join case_now n on n.number = coalesce(f.parent_number, k.number)
		            left join dictation d on d.number = k.number and d.written_at is null and d.kind <> 'callback'
		           where k.phone = p_key and k.state <> 'closed' order by k.number desc limit 3)
		         union all
		         (select w.number, coalesce(w.category, ''), '', w.state, (d.number is not null)::int
		            from wish w left join dictation d on d.number = w.number and d.written_at is null
		           where w.phone = p_key and w.state not in ('archived', 'withdrawn', 'expired') order by w.number desc limit 2)) x),
		(select string_agg(concat_ws(E'\t', 'ask', a.number, coalesce(k.category, '')) || E'\n', '' order by a.id)
		   from ask a join "case" k on k.number = a.number where a.phone = p_key and a.kind = 'solved' and a.expires_at > p_at));
end $$;

-- ---- for hailanctl --------------------------------------------------------------------------------

-- Recordings that wait, the oldest first.
create function ctl_recordings(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('number', d.number, 'kind', d.kind, 'at', d.at, 'phone', coalesce(k.phone, w.phone),
	       'unit_name', (select unit_title(u.level, u.name_zh, null, 'zh') from unit u where u.id = coalesce(k.unit_id, w.unit_id)),
	       'sha256', (select left(encode(l.sha256, 'hex'), 12) from attachment_link l where l.number = d.number order by l.at limit 1))
	  from dictation d left join "case" k on k.number = d.number left join wish w on w.number = d.number
	 where d.written_at is null
	 order by d.at, d.number limit coalesce((p_filter ->> 'limit')::int8, 100)
$$;
create function ctl_write(p_number int8, p_text text, p_at timestamptz) returns text
language sql volatile security definer set search_path = hailan, pg_temp as $$
	select dictation_write(p_at, p_number, p_text, null)
$$;

revoke execute on function dictation_step, call_dictate, call_written, call_write, dictation_write, dictation_may, dictation_command, phone_elder, channel_look, ctl_recordings, ctl_write from public;
grant execute on function channel_look to hailan_channel, hailan_admin;
grant execute on function ctl_recordings, ctl_write to hailan_admin;
grant select on dictation to hailan_admin;
