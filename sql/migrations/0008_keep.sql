-- Housekeeping, done by the timekeeper. Each returns how much was done.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create function keep_parts(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_set int8;
	v_count int8 := 0;
begin
	for v_set in
		select id from part_set where state = 'open' and first_at < p_at - setting_interval('part_window')
		 order by id limit 1000 for update skip locked
	loop
		perform part_join(v_set, p_at, make_id(p_at, nextval('inbox_seq')));
		v_count := v_count + 1;
	end loop;
	if v_count > 0 then
		perform pg_notify('inbox', '');
	end if;
	delete from part_set where id in (
		select id from part_set
		 where first_at < p_at - case state when 'complete' then setting_interval('part_window') else setting_interval('part_late') end
		   and state <> 'open'
		 limit 10000);
	return v_count;
end $$;

create function keep_seen(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_count int8;
begin
	delete from seen where fingerprint in (
		select fingerprint from seen where at < p_at - setting_interval('resend_window') limit p_limit for update skip locked);
	get diagnostics v_count = row_count;
	return v_count;
end $$;

create function keep_receipts(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_count int8;
begin
	delete from receipt_orphan where at < p_at - setting_interval('receipt_orphan');
	get diagnostics v_count = row_count;
	delete from sent_part where ctid in (select ctid from sent_part where at < p_at - setting_interval('receipt_keep') limit 10000);
	return v_count;
end $$;

create function keep_partitions(p_at timestamptz) returns int8
language sql security definer set search_path = hailan, pg_temp
return partitions_ensure(p_at);

-- Ends what is too old to be sent, and takes back what nobody will write down any more.
create function keep_outbox(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_count int4;
	v_left int8[];
begin
	with old as (
		select w.channel, w.priority, w.id from outbox_waiting w join outbox o on o.id = w.id
		 where o.not_after <= p_at limit 1000 for update of w skip locked
	), gone as (
		delete from outbox_waiting w using old where w.channel = old.channel and w.priority = old.priority and w.id = old.id
		returning w.id
	)
	insert into delivery (outbox_id, at, state, detail) select id, p_at, 'expired', 'too old to be sent' from gone;
	get diagnostics v_count = row_count;
	with gone as (
		delete from outbox_in_hand where at < p_at - setting_interval('outbox_in_hand') returning id
	)
	select array_agg(id) into v_left from gone;
	if v_left is not null then
		insert into delivery (outbox_id, at, state, detail)
		select i, p_at, 'unknown', 'the process that had it has gone' from unnest(v_left) i;
		perform outbox_again(p_at, v_left, array_fill(3::int2, array[cardinality(v_left)]),
			array_fill(null::timestamptz, array[cardinality(v_left)]));
	end if;
	return v_count + coalesce(cardinality(v_left), 0);
end $$;
