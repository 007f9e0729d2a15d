-- Addresses from which mail comes back, and whom to tell by what.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('bounce_limit', '3', 'after so many mails that came back for good an address gets no more notices; who has a telephone is told there');

create table bounced (
	address text primary key,
	times int4 not null default 1 check (times > 0),
	first_at timestamptz not null,
	last_at timestamptz not null,
	outbox_id int8 not null,
	detail text
);
comment on table bounced is 'Addresses that mail came back from for good, until somebody forgets it (hailanctl bounces).';

alter table person add notices text not null default 'sms' check (notices in ('sms', 'mail'));
comment on column person.notices is 'By what he wants to be told, when he has both.';

create function is_bouncing(p_address text) returns bool language sql stable set search_path = hailan, pg_temp
return p_address like '%@%' and exists (
	select from bounced b where b.address = p_address and b.times >= (select s.value::int4 from setting s where s.key = 'bounce_limit'));

-- Notes that a mail came back, or was refused at once. Never for a telephone.
create function bounce_note() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_address text := (select o.destination from outbox o where o.id = new.outbox_id);
	v_times int4;
begin
	if v_address not like '%@%' or (new.state = 'failed' and coalesce(new.detail, '') !~ '\m5\d\d[ -]') then
		return null;
	end if;
	insert into bounced as b (address, first_at, last_at, outbox_id, detail)
	values (v_address, new.at, new.at, new.outbox_id, new.detail)
	on conflict (address) do update
	   set times = b.times + 1, last_at = excluded.last_at, outbox_id = excluded.outbox_id, detail = excluded.detail
	returning b.times into v_times;
	if v_times = (select s.value::int4 from setting s where s.key = 'bounce_limit') then
		perform alarm_raise(new.at, 'bounces', v_address, format('%s mails came back; it gets no more notices', v_times));
		-- clerks know whom to tell of a unit
		update policy_version set version = version + 1;
		perform pg_notify('policy', '');
	end if;
	return null;
end $$;
create trigger bounce_note after insert on delivery for each row
	when (new.state in ('failed', 'undelivered')) execute function bounce_note();

-- Where a person gets notices: as he chose, as long as it is not known that nothing comes there.
create function notice_number(p_person int8) returns text language sql stable set search_path = hailan, pg_temp
begin atomic
	select p.number from phone p join person pe on pe.id = p.person_id
	 where p.person_id = p_person and not is_bouncing(p.number)
	 order by (p.number like '%@%') <> (pe.notices = 'mail'), p.number limit 1;
end;

-- Where the notices of a unit go: the first on duty there, else of the next above, the city last.
create or replace function unit_contact(p_unit int4, out phone text, out unit_id int4) language plpgsql stable set search_path = hailan, pg_temp as $$
#variable_conflict use_column
begin
	select n.number, l.id into phone, unit_id
	  from unnest(unit_line(coalesce(p_unit, city_unit()))) with ordinality l (id, n)
	  join staff s on s.unit_id = l.id and s.duty cross join lateral notice_number(s.person_id) n (number)
	 where n.number is not null
	 order by l.n, s.person_id limit 1;
end $$;

create or replace function policy_units() returns table (id int4, level text, parent_id int4, code text, name_zh text, name_ko text, phone text,
	contact_phone text, contact_language text)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select u.id, u.level::text, u.parent_id, u.code, unit_title(u.level, u.name_zh, u.name_ko, 'zh'), unit_title(u.level, u.name_zh, u.name_ko, 'ko'), phone_shown(u.phone), d.number, coalesce(d.language, 'zh')
	  from unit u
	  left join lateral (
		select n.number, pe.language
		  from staff s join person pe on pe.id = s.person_id cross join lateral notice_number(s.person_id) n (number)
		 where s.unit_id = u.id and s.duty and n.number is not null order by s.person_id limit 1) d on true
	 order by u.id
$$;

create or replace function import_staff(p_rows jsonb, p_at timestamptz) returns table (line int4, reason text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	r record;
	v_unit unit;
	v_person int8;
	v_reason text;
begin
	for r in
		select * from jsonb_to_recordset(p_rows) as t (line int4, name text, unit text, level int2, phone text, language text, duty bool, mail text, notices text)
	loop
		select * into v_unit from unit where code = r.unit;
		v_reason := case
			when v_unit.id is null then format('unit: there is no unit %s', r.unit)
			when r.level = 1 and v_unit.level <> 'grid' then 'level: 1 is a grid worker, the unit must be a grid'
			when r.level = 2 and v_unit.level not in ('community', 'village') then 'level: 2 works in a community or village'
			when r.level = 3 and v_unit.level not in ('street', 'town', 'department') then 'level: 3 works in a street, town or department'
			when r.level = 4 and v_unit.level <> 'city' then 'level: 4 works in the city'
			when r.mail !~ '^[^@\s]{1,64}@[^@\s]{1,189}$' then 'mail: it is no address'
			when r.notices = 'mail' and r.mail is null then 'notices: by mail, but there is no address in mail'
		end;
		if v_reason is not null then
			line := r.line; reason := v_reason;
			return next;
			continue;
		end if;
		-- the same name and phone is the same person
		v_person := (select pe.id from phone p join person pe on pe.id = p.person_id where p.number = r.phone and pe.name = r.name limit 1);
		if v_person is null then
			insert into person (name, language) values (r.name, r.language) returning id into v_person;
			insert into phone (number, person_id) values (r.phone, v_person);
		end if;
		insert into phone (number, person_id) select lower(r.mail), v_person where r.mail is not null on conflict do nothing;
		update person set notices = r.notices where id = v_person and notices <> r.notices;
		insert into staff (person_id, unit_id, level, duty) values (v_person, v_unit.id, r.level, coalesce(r.duty, true))
		on conflict (person_id, unit_id) do update set level = excluded.level, duty = excluded.duty;
	end loop;
end $$;

-- For hailanctl: addresses that mail comes back from, and whose they are.
create function ctl_bounces(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable set search_path = hailan, pg_temp as $$
	select jsonb_build_object('address', b.address, 'times', b.times, 'first_at', shown_time(b.first_at), 'last_at', shown_time(b.last_at),
	       'detail', b.detail, 'message', b.outbox_id, 'stopped', is_bouncing(b.address),
	       'whose', (select string_agg(distinct pe.name, ', ') from phone p join person pe on pe.id = p.person_id where p.number = b.address),
	       'instead', (select min(n.number) from phone p cross join lateral notice_number(p.person_id) n (number)
	                    where p.number = b.address and is_bouncing(b.address)))
	  from bounced b
	 order by b.last_at desc limit coalesce((p_filter ->> 'limit')::int4, 50)
$$;

-- The address is in order again.
create function ctl_bounce_forget(p_address text) returns bool
language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	delete from bounced where address = lower(p_address);
	if not found then
		return false;
	end if;
	update policy_version set version = version + 1;
	perform pg_notify('policy', '');
	return true;
end $$;

revoke execute on function is_bouncing, bounce_note, notice_number, ctl_bounces, ctl_bounce_forget from public;
grant execute on function ctl_bounces, ctl_bounce_forget, is_bouncing, notice_number to hailan_admin;
grant select on bounced to hailan_admin;
