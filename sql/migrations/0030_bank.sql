-- The time bank: hours that people gave to others, in a ledger of double entry. Amounts are half hours. A
-- transaction and its entries are written once, in one go, and sum to zero; what was wrong is reversed by
-- another transaction, once. Hours come into being only when both sides have said so (bank_service).
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('bank_overdraft', '0', 'by how many half hours a person''s account may be below zero'),
	('bank_payer', 'city', 'who gives the hours for a service: city: the city''s account; wisher: the wisher''s as far as it goes, the city''s for the rest'),
	('ask_hours', '7 days', 'how long helper and wisher may say whether the hours are right; then they were silent');

create table bank_account (
	id int8 generated always as identity primary key,
	city int4 not null,
	kind text not null check (kind in ('person', 'issue')),
	person_id int8 unique references person on delete set null,
	opened_at timestamptz not null,
	balance int8,
	check ((kind = 'issue') = (balance is null)),
	check (kind = 'person' or person_id is null)
);
create unique index bank_account_issue on bank_account (city) where kind = 'issue';
comment on table bank_account is 'issue: the city''s, from which hours come and to which they go back. It is as far below zero as all others together are above.';
comment on column bank_account.balance is 'Half hours; kept by the entries. Null for the city''s, which would be a lock that all wait for: bank_balance() adds it up.';

-- Hours that somebody was noted down for; they are booked when both sides have said yes.
create sequence bank_seq cache 16;
create table bank_service (
	id int8 primary key,
	city int4 not null,
	wish_number int8 not null references wish,
	account_id int8 not null references bank_account,
	half_hours int4 not null check (half_hours between 1 and 48),
	noted_at timestamptz not null,
	message_id int8,
	state text not null default 'open' check (state in ('open', 'booked', 'refused', 'silent', 'replaced', 'reversed')),
	helper_says text not null default 'unasked' check (helper_says in ('unasked', 'asked', 'yes', 'no', 'silent')),
	helper_at timestamptz,
	other_says text not null default 'unasked' check (other_says in ('unasked', 'asked', 'yes', 'no', 'silent')),
	other_at timestamptz,
	other_side text check (other_side in ('wisher', 'community')),
	other_phone text
);
create unique index bank_service_one on bank_service (wish_number, account_id) where state in ('open', 'booked');
create index on bank_service (account_id);

create table bank_transaction (
	id int8 primary key,
	city int4 not null,
	at timestamptz not null,
	kind text not null check (kind in ('service', 'move', 'reversal')),
	entries int2 not null check (entries >= 2),
	service_id int8 unique references bank_service,
	reverses int8 unique references bank_transaction,
	reason text check (length(reason) between 1 and 500),
	made_by text not null check (length(made_by) <= 64),
	message_id int8,
	check ((kind = 'service') = (service_id is not null)),
	check ((kind = 'reversal') = (reverses is not null)),
	check (kind = 'service' or reason is not null),
	check (reverses < id)
);
create table bank_entry (
	transaction_id int8 not null references bank_transaction,
	account_id int8 not null references bank_account,
	city int4 not null,
	half_hours int4 not null check (half_hours <> 0),
	balance int8,
	primary key (transaction_id, account_id)
);
create index on bank_entry (account_id, transaction_id);
comment on column bank_entry.balance is 'Of the account, after it; null for the city''s.';

create trigger append_only before update or delete or truncate on bank_transaction for each statement execute function append_only();
create trigger append_only before update or delete or truncate on bank_entry for each statement execute function append_only();

-- An entry moves the balance of its account, whose row is locked by that until the transaction ends.
create function bank_entry_moves() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	update bank_account a set balance = a.balance + new.half_hours where a.id = new.account_id and a.kind = 'person' returning a.balance into new.balance;
	if new.half_hours < 0 and new.balance < -setting_int('bank_overdraft') then
		raise exception 'account % holds % half hours, and % are to be taken', new.account_id, new.balance - new.half_hours, -new.half_hours
			using errcode = 'HA006', hint = 'setting bank_overdraft says how far below zero an account may be';
	end if;
	return new;
end $$;
create trigger moves before insert on bank_entry for each row execute function bank_entry_moves();

create function bank_account_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if tg_op = 'DELETE' or tg_op = 'INSERT' and new.balance <> 0 or tg_op = 'UPDATE' and (new.balance is distinct from old.balance and pg_trigger_depth() < 2
	   or (new.id, new.kind, new.city) is distinct from (old.id, old.kind, old.city)) then
		raise exception 'the balance of account % is moved by entries and by nothing else', coalesce(old.id, new.id) using errcode = '42501';
	end if;
	return coalesce(new, old);
end $$;
create trigger guard before insert or update or delete on bank_account for each row execute function bank_account_guard();

-- At the end of the transaction: nothing is missing, nothing was added to an older one, and it sums to zero.
create function bank_balanced() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_id int8 := case tg_table_name when 'bank_entry' then (to_jsonb(new) ->> 'transaction_id')::int8 else (to_jsonb(new) ->> 'id')::int8 end;
	t bank_transaction;
	v_count int8;
	v_sum int8;
	v_given int8;
begin
	select * into t from bank_transaction x where x.id = v_id;
	select count(*), coalesce(sum(e.half_hours), 0), coalesce(sum(e.half_hours) filter (where e.account_id = s.account_id), 0) into v_count, v_sum, v_given
	  from bank_entry e left join bank_service s on s.id = t.service_id where e.transaction_id = v_id;
	if v_count <> t.entries or v_sum <> 0 then
		raise exception 'transaction % has % of % entries, which sum to % half hours', v_id, v_count, t.entries, v_sum using errcode = '23514';
	end if;
	if t.kind = 'reversal' and exists (
		select from (select e.account_id, e.half_hours from bank_entry e where e.transaction_id = t.reverses) a
		  full join (select e.account_id, -e.half_hours as half_hours from bank_entry e where e.transaction_id = t.id) b using (account_id)
		 where a.half_hours is distinct from b.half_hours) then
		raise exception 'transaction % is not the reverse of %', v_id, t.reverses using errcode = '23514';
	end if;
	if t.kind = 'service' and not exists (select from bank_service s where s.id = t.service_id and s.half_hours = v_given
	                                         and s.helper_says = 'yes' and s.other_says = 'yes') then
		raise exception 'transaction %: hours are booked when both sides have said yes, and as many as they were asked for', v_id using errcode = '23514';
	end if;
	return null;
end $$;
create constraint trigger balanced after insert on bank_transaction deferrable initially deferred for each row execute function bank_balanced();
create constraint trigger balanced after insert on bank_entry deferrable initially deferred for each row execute function bank_balanced();

-- What was said is not unsaid, and what was booked stays as it was asked for.
create function bank_service_guard() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	if tg_op = 'DELETE' or (new.id, new.wish_number, new.account_id, new.half_hours) is distinct from (old.id, old.wish_number, old.account_id, old.half_hours)
	   or old.helper_says in ('yes', 'no') and new.helper_says <> old.helper_says or old.other_says in ('yes', 'no') and new.other_says <> old.other_says
	   or old.state = 'booked' and new.state not in ('booked', 'reversed') then
		raise exception 'what was said about service % stays', old.id using errcode = '42501';
	end if;
	return new;
end $$;
create trigger guard before update or delete on bank_service for each row execute function bank_service_guard();

-- ---- reading --------------------------------------------------------------------------------------

create function bank_number(p_half_hours int8) returns numeric language sql immutable set search_path = hailan, pg_temp
return trim_scale(p_half_hours / 2.0);
create function bank_hours(p_half_hours int8, p_language text) returns text language sql immutable set search_path = hailan, pg_temp
return case when p_half_hours < 0 then '-' else '' end || trim_scale(abs(p_half_hours) / 2.0)::text || case p_language when 'ko' then '시간' else '小时' end;

create function bank_balance(p_account int8) returns int8 language sql stable set search_path = hailan, pg_temp
return (select coalesce(a.balance, (select -coalesce(sum(o.balance), 0) from bank_account o where o.city = a.city and o.kind = 'person'))::int8
          from bank_account a where a.id = p_account);

-- ---- booking --------------------------------------------------------------------------------------

create function bank_account_of(p_at timestamptz, p_person int8) returns int8 language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_id int8 := (select a.id from bank_account a where a.person_id = p_person);
begin
	if v_id is null then
		insert into bank_account (city, kind, person_id, opened_at, balance) values (city(), 'person', p_person, p_at, 0) on conflict do nothing;
		v_id := (select a.id from bank_account a where a.person_id = p_person);
	end if;
	return v_id;
end $$;

create function bank_issue(p_at timestamptz) returns int8 language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_city int4 := city();
	v_id int8 := (select a.id from bank_account a where a.city = v_city and a.kind = 'issue');
begin
	if v_id is null then
		insert into bank_account (city, kind, opened_at) values (v_city, 'issue', p_at) on conflict do nothing;
		v_id := (select a.id from bank_account a where a.city = v_city and a.kind = 'issue');
	end if;
	return v_id;
end $$;

-- One transaction. Accounts are locked in the order of their ids, so no two wait for each other.
create function bank_post(p_at timestamptz, p_kind text, p_accounts int8[], p_half_hours int4[], p_reason text, p_by text,
	p_service int8 default null, p_reverses int8 default null, p_message_id int8 default null) returns int8
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_id int8 := (make_ids('bank_seq', p_at, 1))[1];
	e record;
begin
	if v_id <= p_reverses then
		v_id := (make_ids('bank_seq', id_time(p_reverses) + interval '1 ms', 1))[1];
	end if;
	insert into bank_transaction (id, city, at, kind, entries, service_id, reverses, reason, made_by, message_id)
	values (v_id, city(), p_at, p_kind, cardinality(p_accounts), p_service, p_reverses, nullif(btrim(left(p_reason, 500)), ''), left(p_by, 64), p_message_id);
	for e in select * from unnest(p_accounts, p_half_hours) as t (account_id, half_hours) order by t.account_id loop
		insert into bank_entry (transaction_id, account_id, city, half_hours) values (v_id, e.account_id, city(), e.half_hours);
	end loop;
	return v_id;
end $$;

-- Hours for a service that both sides have confirmed.
create function bank_book(p_at timestamptz, p_service int8, p_message_id int8) returns int8 language plpgsql set search_path = hailan, pg_temp as $$
declare
	s bank_service;
	v_issue int8 := bank_issue(p_at);
	v_wisher int8;
	v_paid int4 := 0;
	v_id int8;
begin
	select * into s from bank_service x where x.id = p_service;
	if (select value from setting where key = 'bank_payer') = 'wisher' then
		select a.id into v_wisher from wish w join bank_account a on a.person_id = w.person_id where w.number = s.wish_number and a.id <> s.account_id;
		perform from bank_account a where a.id in (s.account_id, v_wisher) order by a.id for no key update;
		v_paid := coalesce((select least(s.half_hours, greatest(0, a.balance + setting_int('bank_overdraft'))) from bank_account a where a.id = v_wisher), 0);
	end if;
	v_id := bank_post(p_at, 'service',
		array[s.account_id] || case when v_paid > 0 then array[v_wisher] else '{}' end || case when v_paid < s.half_hours then array[v_issue] else '{}' end,
		array[s.half_hours] || case when v_paid > 0 then array[-v_paid] else '{}' end || case when v_paid < s.half_hours then array[v_paid - s.half_hours] else '{}' end,
		null, 'both sides', s.id, null, p_message_id);
	update bank_service x set state = 'booked' where x.id = s.id;
	return v_id;
end $$;

-- ---- both sides are asked -------------------------------------------------------------------------

insert into ask_kind (kind, answered, silent, how) values
	('hours_helper', 'hours_helper_answered', 'hours_helper_silent', 'answer_how_any'),
	('hours_other', 'hours_other_answered', 'hours_other_silent', 'answer_how_any');

-- The telephone of a person to which texts go.
create function person_phone(p_person int8) returns text language sql stable set search_path = hailan, pg_temp
return (select min(p.number) from phone p where p.person_id = p_person and p.number like '+%');

-- Who speaks for the other side of the helpers: the wisher, where he has a telephone that is nobody's of them and not
-- of who entered the wish for him; else, and when he was silent, whoever is on duty for the community, or above it.
create function hours_other(p_number int8, p_community bool) returns table (phone text, side text)
language plpgsql stable set search_path = hailan, pg_temp as $$
#variable_conflict use_column
declare
	w wish;
	v_helpers text[] := array(select p.number from bank_service s join bank_account a on a.id = s.account_id join phone p on p.person_id = a.person_id
	                           where s.wish_number = p_number and s.state in ('open', 'booked'));
begin
	select * into w from wish x where x.number = p_number;
	return query
	select c.phone, c.side
	  from (select 1 as n, w.phone as phone, 'wisher' as side
	         where not p_community and w.phone like '+%' and not (w.entered_by is not null and exists (select from phone p where p.number = w.phone and p.person_id = w.entered_by))
	        union all
	        select 1 + l.n, p.number, 'community' from unnest(unit_line(coalesce(w.unit_id, w.place_id, city_unit()))) with ordinality l (id, n)
	          join staff s on s.unit_id = l.id and s.duty and s.level >= 2 join phone p on p.person_id = s.person_id and p.number like '+%') c
	 where c.phone <> all (v_helpers)
	 order by c.n, c.phone limit 1;
end $$;

-- "张某某 2小时、李某某 1小时": those about whom the other side has not said anything.
create function hours_list(p_number int8, p_language text) returns text language sql stable set search_path = hailan, pg_temp
return (select string_agg(coalesce(mask_name(pe.name, p_language), '?') || ' ' || bank_hours(s.half_hours, p_language), case p_language when 'ko' then ', ' else '、' end order by s.id)
          from bank_service s join bank_account a on a.id = s.account_id left join person pe on pe.id = a.person_id
         where s.wish_number = p_number and s.state = 'open' and s.other_says in ('unasked', 'asked'));

create function hours_ask_other(p_at timestamptz, p_number int8, p_community bool, p_message_id int8) returns bool
language plpgsql set search_path = hailan, pg_temp as $$
declare
	o record;
	v_language text;
begin
	select * into o from hours_other(p_number, p_community);
	-- who was asked before and is not any more
	perform ask_end(p_at, a.id, 'replaced') from ask a where a.kind = 'hours_other' and a.number = p_number;
	if o.phone is null then
		return false;
	end if;
	v_language := phone_language(o.phone);
	update bank_service s set other_says = 'asked', other_side = o.side, other_phone = o.phone
	 where s.wish_number = p_number and s.state = 'open' and s.other_says in ('unasked', 'asked', 'silent');
	perform ask_open(p_at, o.phone, 'hours_other', p_number, setting_interval('ask_hours'));
	perform say(p_at, o.phone, v_language, case o.side when 'wisher' then 'ask_hours_wisher' else 'ask_hours_community' end,
		jsonb_build_object('number', p_number::text, 'list', hours_list(p_number, v_language)), p_number, p_message_id);
	return true;
end $$;

-- Notes hours of people who helped with a wish, and asks both sides. What was noted before for the same person and
-- not booked is replaced. Half hours beyond the nearest are not kept. Returns for how many both sides could be asked.
create function bank_note(p_at timestamptz, p_number int8, p_persons int8[], p_half_hours int4[], p_message_id int8 default null) returns int4
language plpgsql set search_path = hailan, pg_temp as $$
declare
	h record;
	v_account int8;
	v_phone text;
	v_count int4 := 0;
begin
	perform from wish w where w.number = p_number for no key update;
	if not found then
		raise exception 'there is no wish %', p_number using errcode = 'P0002';
	end if;
	for h in select t.person, max(t.half_hours) as half_hours from unnest(p_persons, p_half_hours) as t (person, half_hours)
	          where t.half_hours > 0 group by t.person order by t.person loop
		v_account := bank_account_of(p_at, h.person);
		v_phone := person_phone(h.person);
		continue when v_phone is null or exists (select from bank_service s where s.wish_number = p_number and s.account_id = v_account and s.state = 'booked');
		update bank_service s set state = 'replaced' where s.wish_number = p_number and s.account_id = v_account and s.state = 'open';
		insert into bank_service (id, city, wish_number, account_id, half_hours, noted_at, message_id, helper_says)
		values ((make_ids('bank_seq', p_at, 1))[1], city(), p_number, v_account, least(h.half_hours, 48), p_at, p_message_id, 'asked');
		perform ask_open(p_at, v_phone, 'hours_helper', p_number, setting_interval('ask_hours'));
		perform say(p_at, v_phone, phone_language(v_phone), 'ask_hours_helper', jsonb_build_object('number', p_number::text,
			'amount', bank_hours(least(h.half_hours, 48), phone_language(v_phone))), p_number, p_message_id);
		v_count := v_count + 1;
	end loop;
	if v_count > 0 and not hours_ask_other(p_at, p_number, false, p_message_id) then
		return 0;
	end if;
	return v_count;
end $$;

-- After each answer: what both have confirmed is booked, and told to the helper.
create function hours_settle(p_at timestamptz, p_number int8, p_message_id int8) returns int4 language plpgsql set search_path = hailan, pg_temp as $$
declare
	s record;
	v_count int4 := 0;
	v_language text;
begin
	for s in select x.*, person_phone(a.person_id) as phone from bank_service x join bank_account a on a.id = x.account_id
	          where x.wish_number = p_number and x.state = 'open' and x.helper_says = 'yes' and x.other_says = 'yes' order by x.account_id loop
		perform bank_book(p_at, s.id, p_message_id);
		v_count := v_count + 1;
		v_language := phone_language(s.phone);
		if s.phone is not null then
			perform say(p_at, s.phone, v_language, 'hours_booked', jsonb_build_object('number', p_number::text, 'amount', bank_hours(s.half_hours, v_language),
				'balance', bank_hours(bank_balance(s.account_id), v_language)), p_number, p_message_id);
		end if;
	end loop;
	return v_count;
end $$;

-- One side says no: the community looks at it and notes the hours again.
create function hours_doubted(p_at timestamptz, p_number int8, p_helper text, p_message_id int8) returns void language plpgsql set search_path = hailan, pg_temp as $$
declare
	o record;
begin
	select * into o from hours_other(p_number, true);
	if o.phone is not null then
		perform say(p_at, o.phone, phone_language(o.phone), 'notice_hours_doubted', jsonb_build_object('number', p_number::text), p_number, p_message_id);
	end if;
	if p_helper is not null and p_helper is distinct from o.phone then
		perform say(p_at, p_helper, phone_language(p_helper), 'hours_doubted', jsonb_build_object('number', p_number::text), p_number, p_message_id);
	end if;
end $$;

-- When nobody's hours wait for the other side any more, it is not asked any more.
create function hours_idle(p_at timestamptz, p_number int8) returns void language sql set search_path = hailan, pg_temp as $$
	select ask_end(p_at, a.id, 'idle') from ask a
	 where a.kind = 'hours_other' and a.number = p_number
	   and not exists (select from bank_service s where s.wish_number = p_number and s.state = 'open' and s.other_says = 'asked')
$$;

create function hours_helper_answered(p_at timestamptz, p_ask ask, p_yes bool, p_reason text, p_language text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_found bool;
begin
	perform from wish w where w.number = p_ask.number for no key update;
	update bank_service s set helper_says = case when p_yes then 'yes' else 'no' end, helper_at = p_at, state = case when p_yes then s.state else 'refused' end
	  from bank_account a join phone p on p.person_id = a.person_id
	 where a.id = s.account_id and p.number = p_ask.phone and s.wish_number = p_ask.number and s.state = 'open' and s.helper_says = 'asked';
	v_found := found;
	if not v_found then
		return 'nothing_open';
	elsif not p_yes then
		perform say(p_at, p_ask.phone, p_language, 'hours_doubted', jsonb_build_object('number', p_ask.number::text), p_ask.number, p_message_id);
		perform hours_doubted(p_at, p_ask.number, null, p_message_id);
		perform hours_idle(p_at, p_ask.number);
	elsif hours_settle(p_at, p_ask.number, p_message_id) = 0 then
		perform say(p_at, p_ask.phone, p_language, 'answer_thanks', '{}', p_ask.number, p_message_id);
	end if;
	return 'ok';
end $$;

create function hours_other_answered(p_at timestamptz, p_ask ask, p_yes bool, p_reason text, p_language text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	s record;
	v_count int4 := 0;
begin
	perform from wish w where w.number = p_ask.number for no key update;
	for s in update bank_service x set other_says = case when p_yes then 'yes' else 'no' end, other_at = p_at, state = case when p_yes then x.state else 'refused' end
	          where x.wish_number = p_ask.number and x.state = 'open' and x.other_says = 'asked' returning x.* loop
		v_count := v_count + 1;
		if not p_yes then
			perform ask_end(p_at, a.id, 'idle') from ask a join phone p on p.number = a.phone join bank_account b on b.person_id = p.person_id
			  where a.kind = 'hours_helper' and a.number = p_ask.number and b.id = s.account_id;
			perform hours_doubted(p_at, p_ask.number, (select person_phone(b.person_id) from bank_account b where b.id = s.account_id), p_message_id);
		end if;
	end loop;
	if v_count = 0 then
		return 'nothing_open';
	end if;
	perform say(p_at, p_ask.phone, p_language, 'answer_thanks', '{}', p_ask.number, p_message_id);
	perform hours_settle(p_at, p_ask.number, p_message_id);
	return 'ok';
end $$;

create function hours_helper_silent(p_at timestamptz, p_ask ask) returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	update bank_service s set helper_says = 'silent', helper_at = p_at, state = 'silent'
	  from bank_account a join phone p on p.person_id = a.person_id
	 where a.id = s.account_id and p.number = p_ask.phone and s.wish_number = p_ask.number and s.state = 'open' and s.helper_says = 'asked';
	perform hours_idle(p_at, p_ask.number);
end $$;

-- The wisher did not answer: the community is asked in his place, once.
create function hours_other_silent(p_at timestamptz, p_ask ask) returns void language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_side text := (select min(s.other_side) from bank_service s where s.wish_number = p_ask.number and s.state = 'open' and s.other_says = 'asked');
begin
	update bank_service s set other_says = 'silent', other_at = p_at where s.wish_number = p_ask.number and s.state = 'open' and s.other_says = 'asked';
	if not (v_side = 'wisher' and hours_ask_other(p_at, p_ask.number, true, null)) then
		update bank_service s set state = 'silent' where s.wish_number = p_ask.number and s.state = 'open' and s.other_says = 'silent';
	end if;
end $$;

-- ---- moving and reversing, by people with hailanctl -----------------------------------------------

-- "city", a telephone, or the number of an account.
create function bank_find(p_at timestamptz, p_who text, p_open bool) returns int8 language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_persons int8[];
	v_id int8;
begin
	if p_who = 'city' then
		return bank_issue(p_at);
	elsif p_who ~ '^[0-9]{1,10}$' then
		v_id := (select a.id from bank_account a where a.id = p_who::int8);
	else
		v_persons := array(select p.person_id from phone p where p.number = p_who order by 1);
		if cardinality(v_persons) > 1 then
			raise exception 'several people share the telephone %', p_who using errcode = 'HA007',
				hint = 'name the account by its number: hailanctl bank balance ' || p_who;
		end if;
		v_id := case when p_open and cardinality(v_persons) = 1 then bank_account_of(p_at, v_persons[1])
		             else (select a.id from bank_account a where a.person_id = v_persons[1]) end;
	end if;
	if v_id is null then
		raise exception 'there is no account of %', p_who using errcode = 'HA007',
			hint = 'a telephone that is registered, the number of an account, or city';
	end if;
	return v_id;
end $$;

create function ctl_bank_move(p_from text, p_to text, p_half_hours int4, p_reason text, p_at timestamptz) returns jsonb
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_from int8 := bank_find(p_at, p_from, true);
	v_to int8 := bank_find(p_at, p_to, true);
	v_id int8;
begin
	if v_from = v_to then
		raise exception 'both are account %', v_from using errcode = 'HA007', hint = 'name two accounts';
	elsif p_half_hours is null or p_half_hours not between 1 and 4800 then
		raise exception '% half hours cannot be moved', p_half_hours using errcode = 'HA007', hint = 'from half an hour to 2400 hours, in half hours';
	elsif coalesce(btrim(p_reason), '') = '' then
		raise exception 'nothing says why' using errcode = 'HA007', hint = 'give a reason';
	end if;
	v_id := bank_post(p_at, 'move', array[v_from, v_to], array[-p_half_hours, p_half_hours], p_reason, session_user);
	return jsonb_build_object('transaction', v_id, 'from', v_from, 'to', v_to, 'hours', bank_number(p_half_hours), 'balance', bank_number(bank_balance(v_to)));
end $$;

-- To whom an account belongs, when there is a way to say it: a ledger is not kept back by a missing channel.
create function bank_say(p_at timestamptz, p_phone text, p_wish int8, p_half_hours int8, p_balance int8, p_reason text) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_language text := phone_language(p_phone);
begin
	if p_phone is not null then
		perform say(p_at, p_phone, v_language, 'hours_reversed', jsonb_build_object('amount', bank_hours(abs(p_half_hours), v_language),
			'balance', bank_hours(p_balance, v_language), 'reason', mask_text(p_reason)), p_wish, null, false,
			quiet_until(p_at, (select value from setting where key = 'quiet_hours'), town_zone()));
	end if;
exception when no_data_found then
	null;
end $$;

create function ctl_bank_reverse(p_id int8, p_reason text, p_at timestamptz) returns jsonb
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	t bank_transaction;
	s record;
	v_id int8;
	v_by int8;
begin
	select * into t from bank_transaction x where x.id = p_id for no key update;
	v_by := (select r.id from bank_transaction r where r.reverses = p_id);
	if t.id is null then
		raise exception 'there is no transaction %', p_id using errcode = 'HA007', hint = 'hailanctl bank ledger shows their numbers';
	elsif v_by is not null then
		raise exception 'transaction % is reversed already, by %', p_id, v_by using errcode = 'HA007', hint = 'a reversal can be reversed itself, once';
	elsif coalesce(btrim(p_reason), '') = '' then
		raise exception 'nothing says why' using errcode = 'HA007', hint = 'give a reason';
	end if;
	v_id := bank_post(p_at, 'reversal',
		array(select e.account_id from bank_entry e where e.transaction_id = p_id order by e.account_id),
		array(select -e.half_hours from bank_entry e where e.transaction_id = p_id order by e.account_id), p_reason, session_user, null, p_id);
	update bank_service x set state = 'reversed' where x.id = t.service_id and x.state = 'booked';
	for s in select person_phone(a.person_id) as phone, e.half_hours, a.balance, (select x.wish_number from bank_service x where x.id = t.service_id) as wish
	           from bank_entry e join bank_account a on a.id = e.account_id where e.transaction_id = v_id and a.kind = 'person' order by a.id loop
		perform bank_say(p_at, s.phone, s.wish, s.half_hours, s.balance, p_reason);
	end loop;
	return jsonb_build_object('transaction', v_id, 'reverses', p_id, 'entries', (select jsonb_agg(jsonb_build_object('account', e.account_id,
		'hours', bank_number(e.half_hours), 'balance', bank_number(bank_balance(e.account_id))) order by e.account_id) from bank_entry e where e.transaction_id = v_id));
end $$;

-- ---- telling --------------------------------------------------------------------------------------

-- "余额": what the people of a telephone have.
create function bank_tell(p_at timestamptz, p_phone text, p_language text, p_number int8, p_word text, p_days int4, p_reason text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_count int4;
	v_params jsonb;
begin
	select count(*), jsonb_build_object(
	       'balance', bank_hours(coalesce(min(a.balance), 0), p_language),
	       'waiting', nullif(bank_hours(coalesce(sum(w.half_hours), 0)::int8, p_language), bank_hours(0, p_language)),
	       'list', string_agg(mask_name(pe.name, p_language) || ' ' || bank_hours(coalesce(a.balance, 0), p_language), case p_language when 'ko' then ', ' else '、' end order by pe.id))
	  into v_count, v_params
	  from phone p join person pe on pe.id = p.person_id left join bank_account a on a.person_id = pe.id
	  left join lateral (select sum(s.half_hours)::int8 as half_hours from bank_service s where s.account_id = a.id and s.state = 'open') w on true
	 where p.number = p_phone;
	perform say(p_at, p_phone, p_language, case v_count when 0 then 'bank_unknown' when 1 then 'bank_balance' else 'bank_balances' end, v_params, null, p_message_id);
	return 'ok';
end $$;

insert into clerk_action (action, handler) values ('balance', 'bank_tell');

-- Filter: who (a telephone or an account; all when absent), limit.
create function ctl_bank_balance(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('account', a.id, 'kind', a.kind, 'name', case a.kind when 'issue' then '(city)' else pe.name end,
	         'phone', person_phone(pe.id), 'hours', bank_number(coalesce(bank_balance(a.id), 0)),
	         'waiting', bank_number(coalesce((select sum(s.half_hours) from bank_service s where s.account_id = a.id and s.state = 'open'), 0)::int8),
	         'opened_at', a.opened_at, 'last_at', (select id_time(max(e.transaction_id)) from bank_entry e where e.account_id = a.id))
	  from (select b.id, b.kind, b.person_id, b.opened_at from bank_account b
	        union all
	        select null, 'person', p.person_id, null from phone p
	         where p.number = p_filter ->> 'who' and not exists (select from bank_account b where b.person_id = p.person_id)) a
	  left join person pe on pe.id = a.person_id
	 where p_filter ->> 'who' is null
	    or a.person_id in (select p.person_id from phone p where p.number = p_filter ->> 'who')
	    or a.id::text = p_filter ->> 'who' or a.kind = 'issue' and p_filter ->> 'who' = 'city'
	 order by a.kind, bank_balance(a.id) desc nulls last, a.id limit coalesce((p_filter ->> 'limit')::int4, 100)
$$;

-- Filter: who, wish, limit. A line for each entry, the newest first.
create function ctl_bank_ledger(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('transaction', t.id, 'at', t.at, 'kind', t.kind, 'account', e.account_id, 'name', case a.kind when 'issue' then '(city)' else pe.name end,
	         'hours', bank_number(e.half_hours), 'balance', bank_number(e.balance), 'wish', s.wish_number, 'reverses', t.reverses,
	         'reversed_by', (select r.id from bank_transaction r where r.reverses = t.id), 'by', t.made_by, 'reason', t.reason)
	  from (select x.* from bank_transaction x
	         where (p_filter ->> 'who' is null or exists (select from bank_entry y join bank_account b on b.id = y.account_id
	                 where y.transaction_id = x.id and (b.id::text = p_filter ->> 'who' or b.kind = 'issue' and p_filter ->> 'who' = 'city'
	                    or b.person_id in (select p.person_id from phone p where p.number = p_filter ->> 'who'))))
	           and (p_filter ->> 'wish' is null or exists (select from bank_service z where z.id = x.service_id and z.wish_number = (p_filter ->> 'wish')::int8))
	         order by x.id desc limit coalesce((p_filter ->> 'limit')::int4, 50)) t
	  join bank_entry e on e.transaction_id = t.id join bank_account a on a.id = e.account_id left join person pe on pe.id = a.person_id
	  left join bank_service s on s.id = t.service_id
	 order by t.id desc, e.half_hours desc, e.account_id
$$;

-- Hours that were noted and are not booked. Filter: limit.
create function ctl_bank_waiting(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('noted_at', s.noted_at, 'wish', s.wish_number, 'account', s.account_id, 'name', pe.name, 'hours', bank_number(s.half_hours),
	         'state', s.state, 'helper', s.helper_says, 'other', s.other_says, 'side', s.other_side)
	  from bank_service s join bank_account a on a.id = s.account_id left join person pe on pe.id = a.person_id
	 where s.state in ('open', 'refused', 'silent')
	 order by s.state <> 'open', s.id desc limit coalesce((p_filter ->> 'limit')::int4, 50)
$$;

grant select on bank_account, bank_service, bank_transaction, bank_entry to hailan_admin;
grant execute on function bank_balance, bank_hours, ctl_bank_balance, ctl_bank_ledger, ctl_bank_waiting, ctl_bank_move, ctl_bank_reverse to hailan_admin;

-- ---- from wishes ----------------------------------------------------------------------------------

-- A wish is done, and the community has said how long it took: those who had claimed it and came have given so much.
create function bank_wish_came() returns trigger language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	r record;
begin
	for r in
		select n.number, f.done_at, greatest(1, round(f.minutes / 30.0))::int4 as half_hours, array_agg(distinct n.person_id) as persons
		  from came n join went o on o.id = n.id join wish_life f on f.number = n.number
		 where n.state = 'came' and o.state <> 'came' and n.person_id is not null and f.minutes > 0 and f.done_at is not null
		 group by 1, 2, 3 order by 1
	loop
		perform bank_note(r.done_at, r.number, r.persons, array_fill(r.half_hours, array[cardinality(r.persons)]),
			(select e.message_id from wish_event e where e.wish_number = r.number and e.action = 'done' order by e.id desc limit 1));
	end loop;
	return null;
end $$;
create trigger hours after update on wish_claim referencing old table as went new table as came for each statement execute function bank_wish_came();

-- "工时20020 2小时": the community notes the hours of those who came, or notes them again after somebody said no.
create function hours_command(p_at timestamptz, p_phone text, p_language text, p_number int8, p_word text, p_days int4, p_reason text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_minutes int4 := (nullif(p_word, '')::jsonb ->> 'minutes')::int4;
	v_half int4 := greatest(1, round(v_minutes / 30.0));
	v_persons int8[];
	v_count int4;
	w wish_now;
	v_code text;
begin
	select * into w from wish_now x where x.number = p_number;
	v_code := case when w.number is null then 'number_unknown'
	               when not exists (select from wish_office(p_number, 'done', p_phone, null)) then 'no_not_yours'
	               when w.state not in ('done', 'archived') then 'no_wish_state'
	               when v_minutes is null then 'no_hours' else 'ok' end;
	if v_code = 'ok' then
		v_persons := array(select distinct c.person_id from wish_claim c where c.number = p_number and c.state = 'came' and c.person_id is not null order by 1);
		v_count := bank_note(p_at, p_number, v_persons, array_fill(v_half, array[cardinality(v_persons)]), p_message_id);
		v_code := case when v_count = 0 then 'no_hours_left' else 'ack_hours' end;
	end if;
	perform say(p_at, p_phone, p_language, v_code, coalesce(wish_params(p_number, p_language), '{}') || jsonb_build_object('number', p_number::text,
		'count', v_count::text, 'amount', bank_hours(v_half, p_language)), case when w.number is not null then p_number end, p_message_id);
	return v_code;
end $$;
insert into clerk_action (action, handler) values ('hours', 'hours_command');
