-- Attachments of what came in, and what mail asks besides.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create table inbox_attachment (
	inbox_id int8 not null,
	place int2 not null,
	sha256 bytea not null references attachment,
	name text not null check (length(name) <= 255),
	primary key (inbox_id, place)
);
create index on inbox_attachment (sha256);
comment on table inbox_attachment is 'What a message brought with it; the contents lie once in attachment.';

-- Keeps the attachments of those reports that are new: report is the place in p_ids, from 1. In the order
-- of the contents, so that two calls cannot wait for each other.
create function attachments_take(p_ids int8[], p_new bool[], p_reports int4[], p_names text[], p_types text[], p_hashes bytea[], p_contents bytea[])
returns void language sql set search_path = hailan, pg_temp
begin atomic
	insert into attachment (sha256, mime, bytes)
	select distinct on (f.hash) f.hash, f.type, f.content
	  from unnest(p_reports, p_types, p_hashes, p_contents) as f (report, type, hash, content)
	 where p_new[f.report]
	 order by f.hash
	on conflict do nothing;
	insert into inbox_attachment (inbox_id, place, sha256, name)
	select p_ids[f.report], row_number() over (partition by f.report order by f.n), f.hash, left(f.name, 255)
	  from unnest(p_reports, p_names, p_hashes) with ordinality as f (report, name, hash, n)
	 where p_new[f.report];
end;

-- Files what these messages brought to the cases and wishes that they have become or speak of.
create function attachments_file(p_at timestamptz, p_ids int8[], p_event_message int4[], p_event_numbers int8[])
returns void language plpgsql set search_path = hailan, pg_temp
set plan_cache_mode = force_generic_plan set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
	if not exists (select from inbox_attachment where inbox_id = any (p_ids)) then
		return;
	end if;
	insert into attachment_link (sha256, number, at, message_id, name)
	select distinct on (n.number, a.sha256) a.sha256, n.number, p_at, a.inbox_id, nullif(a.name, '')
	  from (select v.inbox_id, v.number from verdict v where v.inbox_id = any (p_ids) and v.number is not null
	        union
	        select p_ids[e.message], e.number from unnest(p_event_message, p_event_numbers) as e (message, number)) n
	  join inbox_attachment a on a.inbox_id = n.inbox_id
	 order by n.number, a.sha256, a.inbox_id
	on conflict do nothing;
end $$;

-- What a number means to one who has proved that he was written to about it.
create function case_about(p_number int8)
returns table (number int8, wish bool, category text, state text, light text, unit_id int4)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select k.number, false, k.category, k.state::text, l.light::text, k.unit_id
	  from "case" k join case_state_light l on l.state = k.state
	 where k.number = p_number
	union all
	select w.number, true, w.category, w.state, null, w.unit_id from wish w
	 where w.number = p_number
$$;

insert into setting (key, value, help) values
	('phone_channel', 'sms', 'the channel that texts to phones go out by when what they are about came another way'),
	('mail_channel', 'mail', 'the channel that texts to addresses of mail go out by when what they are about came another way');

-- For hailanctl: the attachments of a case, a wish or a message, the oldest first.
create function ctl_attachments(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable set search_path = hailan, pg_temp as $$
	select jsonb_build_object('at', l.at, 'number', l.number, 'message', l.message_id, 'type', a.mime, 'size', length(a.bytes),
	       'name', coalesce(l.name, ''), 'sha256', encode(a.sha256, 'hex'))
	  from attachment_link l join attachment a on a.sha256 = l.sha256
	 where l.number = (p_filter ->> 'number')::int8
	union all
	select jsonb_build_object('at', id_time(i.inbox_id), 'number', null, 'message', i.inbox_id, 'type', a.mime, 'size', length(a.bytes),
	       'name', i.name, 'sha256', encode(a.sha256, 'hex'))
	  from inbox_attachment i join attachment a on a.sha256 = i.sha256
	 where i.inbox_id = (p_filter ->> 'message')::int8
	 order by 1
$$;

-- The one whose hash begins so, if there is just one.
create function ctl_attachment(p_hash text) returns table (name text, mime text, bytes bytea)
language sql stable set search_path = hailan, pg_temp as $$
	select coalesce((select l.name from attachment_link l where l.sha256 = a.sha256 and l.name is not null order by l.at limit 1),
	                (select i.name from inbox_attachment i where i.sha256 = a.sha256 order by i.inbox_id limit 1), ''),
	       a.mime, a.bytes
	  from attachment a
	 where a.sha256 >= decode(rpad(p_hash, 64, '0'), 'hex') and a.sha256 <= decode(rpad(p_hash, 64, 'f'), 'hex')
	 order by a.sha256 limit 2
$$;

revoke execute on function attachments_take, attachments_file, case_about, ctl_attachments, ctl_attachment from public;
grant select on inbox_attachment to hailan_admin;
grant execute on function case_about to hailan_clerk, hailan_admin;
grant execute on function ctl_attachments, ctl_attachment to hailan_admin;
