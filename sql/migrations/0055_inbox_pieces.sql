-- What is too large to be handed over in one call comes in pieces before its report.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- Not logged: what a crash takes away the peer sends again.
create unlogged table inbox_piece (
	key bytea not null check (length(key) = 16),
	place int4 not null check (place >= 0),
	n int4 not null check (n >= 0),
	channel text not null,
	at timestamptz not null,
	bytes bytea not null check (length(bytes) between 1 and 4194304),
	primary key (key, place, n)
);
alter table inbox_piece alter bytes set storage external;
create index on inbox_piece (at);
comment on table inbox_piece is 'Pieces of the bytes (place 0) and the attachments (from 1) of reports that are on their way in; key is one for each.';

create function inbox_piece_put(p_channel text, p_at timestamptz, p_key bytea, p_place int4, p_n int4, p_bytes bytea) returns void
language plpgsql security definer set search_path = hailan, pg_temp as $$
begin
	perform channel_guard(p_channel);
	insert into inbox_piece (key, place, n, channel, at, bytes) values (p_key, p_place, p_n, p_channel, p_at, p_bytes)
	on conflict do nothing;
end $$;

-- One report, whose bytes and attachments are those pieces where p_lengths, of the bytes and then of each attachment,
-- is not null. Outcome 3: they are not there any more, and nothing was done.
create function inbox_submit_pieces(p_channel text, p_at timestamptz, p_envelopes int2[], p_links text[], p_destinations text[],
	p_charsets text[], p_flags int4[], p_protocols text[], p_sources text[], p_raws bytea[], p_texts text[], p_fingerprints uuid[],
	p_lanes int2[], p_part_kinds text[], p_part_references int8[], p_part_totals int2[], p_part_numbers int2[], p_windows int4[],
	p_file_reports int4[], p_file_names text[], p_file_types text[], p_file_hashes bytea[], p_file_contents bytea[],
	p_key bytea, p_lengths int8[])
returns table (ord int4, outcome int2, detail text)
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_raws bytea[] := p_raws;
	v_contents bytea[] := p_file_contents;
	v_joined bytea;
begin
	perform channel_guard(p_channel);
	for i in 1 .. cardinality(p_lengths) loop
		continue when p_lengths[i] is null;
		select coalesce(string_agg(p.bytes, ''::bytea order by p.n), '') into v_joined
		  from inbox_piece p
		 where p.key = p_key and p.place = i - 1 and p.channel = p_channel;
		if length(v_joined) <> p_lengths[i] then
			ord := 1;
			outcome := 3;
			detail := 'its pieces are lost';
			return next;
			return;
		end if;
		if i = 1 then
			v_raws[1] := v_joined;
		else
			v_contents[i - 1] := v_joined;
		end if;
	end loop;
	delete from inbox_piece p where p.key = p_key and p.channel = p_channel;
	return query
		select s.ord, s.outcome, s.detail
		  from inbox_submit(p_channel, p_at, p_envelopes, p_links, p_destinations, p_charsets, p_flags, p_protocols, p_sources, v_raws,
		       p_texts, p_fingerprints, p_lanes, p_part_kinds, p_part_references, p_part_totals, p_part_numbers, p_windows,
		       p_file_reports, p_file_names, p_file_types, p_file_hashes, v_contents) s;
end $$;

insert into setting (key, value, help) values
	('piece_keep', '1 hour', 'how long pieces of a large report are kept when the report itself does not come');

create function keep_pieces(p_at timestamptz, p_limit int4) returns int8
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_before timestamptz := p_at - setting_interval('piece_keep');
	v_count int8;
begin
	delete from inbox_piece where ctid = any (array(
		select ctid from inbox_piece where at < v_before limit p_limit for update skip locked));
	get diagnostics v_count = row_count;
	return v_count;
end $$;

revoke execute on function inbox_piece_put, inbox_submit_pieces, keep_pieces from public;
grant execute on function inbox_piece_put, inbox_submit_pieces to hailan_channel, hailan_admin;
grant execute on function keep_pieces to hailan_timekeeper, hailan_admin;
