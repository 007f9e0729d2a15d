-- The day of a wish: who comes is reminded before it, the wisher hears once more whom to expect, and the
-- community is asked how it went when it has passed.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('wish_remind', '24 hours', 'so long before a wish is done who comes is reminded; 0: nobody is'),
	('wish_overdue', '1 day', 'so long after it the community is asked how it went');

alter table wish_claim add column reminded_at timestamptz;
alter table wish_life add column reminded_at timestamptz, add column asked_at timestamptz;
comment on column wish_life.asked_at is 'When the community was asked how it went.';
create index wish_ahead on wish_life (starts_at) where done_at is null and closed_at is null and starts_at is not null;

-- On another day everybody is reminded anew.
create function wish_moved() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	new.reminded_at := null;
	new.asked_at := null;
	update wish_claim set reminded_at = null where number = new.number and reminded_at is not null;
	return new;
end $$;
create trigger moved before update of starts_at on wish_life for each row when (old.starts_at is distinct from new.starts_at) execute function wish_moved();

-- Whoever claimed it a moment ago knows the day.
create function wish_remind(p_at timestamptz, p_number int8) returns int8
language plpgsql set search_path = hailan, pg_temp as $$
declare
	c wish_claim;
	v_wisher text;
	v_count int8 := 0;
begin
	for c in select * from wish_claim x where x.number = p_number and x.state = 'in' and x.reminded_at is null
	                                      and x.decided_at <= p_at - interval '2 hours' order by x.id loop
		update wish_claim set reminded_at = p_at where id = c.id;
		perform wish_say(p_at, c.phone, phone_language(c.phone), 'remind_helper', p_number, '{}', null);
		v_count := v_count + 1;
	end loop;
	if v_count > 0 and (select f.reminded_at from wish_life f where f.number = p_number) is null then
		v_wisher := (select w.phone from wish w where w.number = p_number);
		perform wish_say(p_at, v_wisher, phone_language(v_wisher), 'wish_helpers', p_number, '{}', null);
		update wish_life set reminded_at = p_at where number = p_number;
	end if;
	if v_count > 0 then
		perform wish_event_add(p_at, p_number, 'remind', p_reason := v_count::text);
	end if;
	return v_count;
end $$;

create function wish_ask_result(p_at timestamptz, p_number int8) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_phone text := (select c.phone from unit_contact(wish_home(p_number)) c);
begin
	update wish_life set asked_at = p_at where number = p_number;
	if v_phone is not null then
		perform wish_say(p_at, v_phone, phone_language(v_phone), 'remind_result', p_number, '{}', null);
		perform wish_event_add(p_at, p_number, 'remind');
	end if;
end $$;

-- Those whose time has come; a wish on which somebody works at this moment is left for the next call.
create function wishes_remind(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_ahead interval := setting_interval('wish_remind');
	v_after interval := setting_interval('wish_overdue');
	w record;
	v_count int8 := 0;
begin
	for w in
		select f.number, f.starts_at > p_at as ahead from wish_life f join wish x on x.number = f.number
		 where f.done_at is null and f.closed_at is null and f.starts_at <= p_at + v_ahead and x.state in ('published', 'claimed', 'full')
		   and (f.starts_at > p_at and exists (select from wish_claim c where c.number = f.number and c.state = 'in' and c.reminded_at is null and c.decided_at <= p_at - interval '2 hours')
		        or f.starts_at + case when f.whole_day then v_after + interval '1 day' else v_after end <= p_at and f.asked_at is null and x.state <> 'published')
		 order by f.number limit 100 for update of x skip locked
	loop
		if w.ahead then
			v_count := v_count + wish_remind(p_at, w.number);
		else
			perform wish_ask_result(p_at, w.number);
			v_count := v_count + 1;
		end if;
	end loop;
	return v_count;
end $$;

grant execute on function wishes_remind to hailan_timekeeper, hailan_admin;
