-- Housekeeping, done by the timekeeper. Each returns how much was done. The limits are read first: in a
-- condition they would be read anew for each row.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create function keep_parts(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_set int8;
	v_count int8 := 0;
	v_before timestamptz := p_at - setting_interval('part_window');
	v_late timestamptz := p_at - setting_interval('part_late');
begin
	for v_set in
		select id from part_set where state = 'open' and first_at < v_before
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
		 where (state = 'complete' and first_at < v_before) or (state = 'incomplete' and first_at < v_late)
		 limit 10000);
	return v_count;
end $$;

create function keep_seen(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_count int8;
begin
	delete from seen where ctid = any (array(
		select ctid from seen where until < p_at limit p_limit for update skip locked));
	get diagnostics v_count = row_count;
	return v_count;
end $$;

create function keep_receipts(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_orphans timestamptz := p_at - setting_interval('receipt_orphan');
	v_parts timestamptz := p_at - setting_interval('receipt_keep');
	v_count int8;
begin
	delete from receipt_orphan where at < v_orphans;
	get diagnostics v_count = row_count;
	delete from sent_part where ctid = any (array(select ctid from sent_part where at < v_parts limit 10000));
	return v_count;
end $$;

create function keep_partitions(p_at timestamptz) returns int8
language sql security definer set search_path = hailan, pg_temp
return partitions_ensure(p_at);

-- Ends what is too old to be sent, and takes back what nobody will write down any more.
create function keep_outbox(p_at timestamptz) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_hand timestamptz := p_at - setting_interval('outbox_in_hand');
	v_count int4;
	v_left int8[];
begin
	with gone as (
		delete from outbox_waiting where ctid = any (array(
			select w.ctid from outbox_waiting w join outbox o on o.id = w.id
			 where o.not_after <= p_at limit 1000 for update of w skip locked))
		returning id
	)
	insert into delivery (outbox_id, at, state, detail) select id, p_at, 'expired', 'too old to be sent' from gone;
	get diagnostics v_count = row_count;
	with gone as (
		delete from outbox_in_hand where at < v_hand returning id
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
