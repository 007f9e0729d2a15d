-- Questions that wait for an answer. Each takes a slot of a telephone; a bare "1" counts when exactly one
-- is open there. What ended is kept beside.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('ask_solved', '3 days', 'how long a reporter may answer whether it is solved; then he was silent'),
	('ask_confirm', '10 minutes', 'how long a confirmation number counts'),
	('ask_tries', '3', 'how often a confirmation number may be wrong'),
	('reopen_window', '30 days', 'the same trouble again within this time reopens a case');

create sequence ask_seq cache 32;
create table ask (
	id int8 primary key,
	city int4 not null,
	phone text not null check (length(phone) between 1 and 64),
	kind text not null check (kind ~ '^[a-z_]{1,24}$'),
	number int8,
	at timestamptz not null,
	expires_at timestamptz not null,
	code text check (code ~ '^[0-9]{4}$'),
	tries int2 not null default 0,
	held jsonb
);
create unique index on ask (phone, kind, coalesce(number, 0));
create index on ask (expires_at);
create index on ask (number);
comment on column ask.kind is 'solved: is it? confirm: the number that we sent, for the command in held.';
create table ask_past (
	id int8 primary key,
	city int4 not null,
	phone text not null,
	kind text not null,
	number int8,
	at timestamptz not null,
	ended_at timestamptz not null,
	outcome text not null check (outcome ~ '^[a-z_]{1,24}$')
);

alter table contact add column attention timestamptz;
comment on column contact.attention is 'Until then a text of this number may be more than a new report: an answer, or the same trouble again.';

create function contact_attention(p_phone text, p_at timestamptz, p_until timestamptz) returns void
language sql set search_path = hailan, pg_temp as $$
	insert into contact as c (number, changed_at, attention) values (p_phone, p_at, p_until)
	on conflict (number) do update set attention = greatest(c.attention, excluded.attention)
$$;

-- A question to a telephone; the same one again takes the place of the first.
create function ask_open(p_at timestamptz, p_phone text, p_kind text, p_number int8, p_keep interval, p_code text default null, p_held jsonb default null)
returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	delete from ask a where a.phone = p_phone and a.kind = p_kind and coalesce(a.number, 0) = coalesce(p_number, 0);
	insert into ask (id, city, phone, kind, number, at, expires_at, code, held)
	values ((make_ids('ask_seq', p_at, 1))[1], city(), p_phone, p_kind, p_number, p_at, p_at + p_keep, p_code, p_held);
	perform contact_attention(p_phone, p_at, p_at + p_keep);
end $$;

create function ask_end(p_at timestamptz, p_id int8, p_outcome text) returns void
language sql set search_path = hailan, pg_temp as $$
	with gone as (delete from ask a where a.id = p_id returning *)
	insert into ask_past (id, city, phone, kind, number, at, ended_at, outcome)
	select id, city, phone, kind, number, at, p_at, p_outcome from gone
$$;

-- What a step of a case asks of its reporters, and which questions it makes idle.
create function case_ask(p_at timestamptz, p_number int8, p_action text, p_phone text) returns void
language plpgsql set search_path = hailan, pg_temp as $$
declare
	r record;
begin
	if p_action in ('done', 'explain', 'outside') then
		for r in select * from case_reporters(p_number) c where c.phone ~ '^\+|@' and c.phone is distinct from p_phone loop
			perform ask_open(p_at, r.phone, 'solved', r.number, setting_interval('ask_solved'));
			update case_life set reporter_says = 'asked' where number = p_number;
		end loop;
	elsif p_action in ('rework', 'unsolved', 'reopen', 'withdraw', 'merge') then
		perform ask_end(p_at, a.id, 'idle') from ask a
		  where a.kind = 'solved' and (a.number = p_number or a.number in (select f.number from case_life f where f.parent_number = p_number));
	elsif p_action = 'evaluate' then
		perform contact_attention(c.phone, p_at, p_at + setting_interval('reopen_window')) from case_reporters(p_number) c;
	end if;
end $$;

-- What is open between us and a telephone, a line each: what, kind, number, category, building. a: a question; c: a
-- case that was closed a short time ago; m: a case merged into another one that is open.
create function dialog_of(p_phone text, p_at timestamptz) returns text
language sql stable security definer set search_path = hailan, pg_temp as $$
	select string_agg(concat_ws(E'\t', l.what, l.kind, coalesce(l.number, 0), coalesce(l.category, ''), coalesce(l.building, '')), E'\n' order by l.what, l.number desc)
	  from ((select 'a' as what, a.kind, a.number, k.category, k.building from ask a left join "case" k on k.number = a.number
	         where a.phone = p_phone and a.expires_at > p_at order by a.id desc limit 8)
	        union all
	        (select case when p.state is null then 'c' else 'm' end, '', k.number, k.category, k.building
	           from "case" k join case_life f on f.number = k.number left join "case" p on p.number = f.parent_number and p.state <> 'closed'
	          left join case_life g on g.number = f.parent_number
	          where k.phone = p_phone and k.state = 'closed' and (p.state is not null or coalesce(g.closed_at, f.closed_at) > p_at - setting_interval('reopen_window'))
	          order by k.number desc limit 5)) l
$$;

-- Questions that are answered with yes or no, and what then happens: names of functions.
create table ask_kind (
	kind text primary key check (kind ~ '^[a-z_]{1,24}$'),
	answered text not null check (answered ~ '^[a-z_]+$'),
	silent text check (silent ~ '^[a-z_]+$'),
	how text not null
);
comment on column ask_kind.answered is 'function (at, ask, yes, reason, language, message id) → how it ended, after the question was taken away';
comment on column ask_kind.silent is 'function (at, ask), when nobody answered; null: nothing happens';
comment on column ask_kind.how is 'the template that says how to answer';
insert into ask_kind (kind, answered, silent, how) values ('solved', 'solved_answered', 'solved_silent', 'answer_how');

-- A question is touched by whoever holds the row of its case or wish: steps lock that first and then make questions idle.
create function ask_subject_lock(p_number int8) returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	perform from wish w where w.number = p_number for no key update;
	if not found then
		perform from "case" k where k.number = coalesce((select f.parent_number from case_life f where f.number = p_number), p_number) for no key update;
	end if;
end $$;

-- Those that nobody answered. Silence is never a yes.
create function keep_asks(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	a ask;
	v_silent text;
	v_count int8 := 0;
begin
	perform beat('timekeeper', p_at); -- after an outage questions wait on
	for a in select * from ask x where x.expires_at <= p_at order by x.expires_at, x.id limit p_limit loop
		perform ask_subject_lock(a.number);
		perform from ask x where x.id = a.id for update skip locked;
		continue when not found;  -- the one before has made it idle, or it is being answered
		v_silent := (select k.silent from ask_kind k where k.kind = a.kind);
		if v_silent is not null then
			execute format('select %I($1, $2)', v_silent) using p_at, a;
		end if;
		perform ask_end(p_at, a.id, 'silent');
		v_count := v_count + 1;
	end loop;
	return v_count;
end $$;

-- An answer: p_answer yes, no or digits; p_number when it names one. Says what to do when it cannot be
-- told which question is meant; an answer to nothing is no error and gets no answer.
create function ask_answer(p_at timestamptz, p_phone text, p_language text, p_answer text, p_digits text, p_number int8, p_reason text, p_message_id int8)
returns text language plpgsql set search_path = hailan, pg_temp as $$
declare
	a ask;
	v_count int4;
	v_kinds text[];
	v_yes bool := case when p_answer = 'yes' or p_digits = '1' then true when p_answer = 'no' or p_digits = '2' then false end;
	v_code text;
begin
	if length(p_digits) = 4 then
		select * into a from ask x where x.phone = p_phone and x.kind = 'confirm' and x.expires_at > p_at order by x.id desc limit 1 for update;
		if found then
			return command_confirmed(p_at, p_phone, p_language, a.id, p_digits, p_message_id);
		end if;
	end if;
	select count(*), array_agg(distinct k.how) into v_count, v_kinds from ask x join ask_kind k on k.kind = x.kind
	 where x.phone = p_phone and x.expires_at > p_at and (p_number is null or x.number = p_number);
	if v_count = 0 then
		return 'nothing_open';
	elsif v_yes is null then
		perform say(p_at, p_phone, p_language, case when cardinality(v_kinds) = 1 then v_kinds[1] else 'answer_how_any' end, '{}', null, p_message_id);
		return 'unclear';
	elsif v_count > 1 then
		perform say(p_at, p_phone, p_language, 'answer_which', jsonb_build_object('list', l.list, 'number', l.first), null, p_message_id)
		   from (select string_agg(x.number || coalesce(case p_language when 'ko' then c.name_ko else c.name_zh end, ''), '、' order by x.number) as list, min(x.number)::text as first
		           from ask x join ask_kind y on y.kind = x.kind left join "case" k on k.number = x.number left join wish w on w.number = x.number
		           left join category c on c.code = coalesce(k.category, w.category)
		          where x.phone = p_phone and x.expires_at > p_at) l;
		return 'which';
	end if;
	select x.* into a from ask x join ask_kind k on k.kind = x.kind
	 where x.phone = p_phone and x.expires_at > p_at and (p_number is null or x.number = p_number);
	perform ask_subject_lock(a.number);
	perform from ask x where x.id = a.id for update;
	if not found then
		return 'nothing_open';  -- it was answered at this very moment
	end if;
	perform ask_end(p_at, a.id, case when v_yes then 'yes' else 'no' end);
	execute format('select %I($1, $2, $3, $4, $5, $6)', (select k.answered from ask_kind k where k.kind = a.kind))
		into v_code using p_at, a, v_yes, p_reason, p_language, p_message_id;
	return v_code;
end $$;

-- Whether it is solved: a yes is noted, a no sends it back. Silence about a case is noted as such and closes nothing.
create function solved_answered(p_at timestamptz, p_ask ask, p_yes bool, p_reason text, p_language text, p_message_id int8) returns text
language plpgsql set search_path = hailan, pg_temp as $$
declare
	v_state case_state := (select k.state from "case" k
		where k.number = coalesce((select f.parent_number from case_life f where f.number = p_ask.number), p_ask.number));
begin
	return (case_step(p_at, p_ask.phone, null, p_ask.number, case when p_yes then 'solved' when v_state = 'closed' then 'reopen' else 'unsolved' end,
	        p_reason := coalesce(nullif(p_reason, ''), case when p_yes then null when p_language = 'ko' then '해결되지 않음' else '没解决' end),
	        p_message_id := p_message_id)).code;
end $$;

create function solved_silent(p_at timestamptz, p_ask ask) returns void language plpgsql set search_path = hailan, pg_temp as $$
begin
	if (select n.reporter_says from case_now n where n.number = coalesce((select f.parent_number from case_life f where f.number = p_ask.number), p_ask.number)) = 'asked' then
		perform case_step(p_at, null, null, p_ask.number, 'silent');
	end if;
end $$;
