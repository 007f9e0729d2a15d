-- Who may call what. Nothing is open to everybody.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

revoke all on all functions in schema hailan from public;
alter default privileges for role hailan_owner revoke execute on functions from public;

create function schema_check(out version int4, out sha256 text, out in_recovery bool, out synchronous_commit text)
language sql stable security definer set search_path = hailan, pg_temp as $$
	select m.number, m.sha256, pg_is_in_recovery(), current_setting('synchronous_commit')
	  from schema_migration m order by m.number desc limit 1
$$;
revoke execute on function schema_check() from public;

grant execute on function schema_check to hailan_channel, hailan_clerk, hailan_timekeeper, hailan_admin, hailan_reader;
grant execute on function inbox_submit, receipts_put, outbox_claim, outbox_done, outbox_recover to hailan_channel, hailan_admin;
grant execute on function clerk_lanes, clerk_claim, clerk_file, clerk_set_aside, case_numbers, case_look, case_of_message, clerk_recent to hailan_clerk, hailan_admin;
grant select on policy_version, setting, category, keyword, routing, template, unit, unit_alias, estate, case_state_light to hailan_clerk, hailan_admin, hailan_reader;
grant execute on function policy_units, policy_places, policy_grids, templates_check to hailan_clerk, hailan_admin;
grant execute on function keep_parts, keep_seen, keep_receipts, keep_partitions, keep_outbox to hailan_timekeeper, hailan_admin;
grant select on all tables in schema hailan to hailan_admin;
grant insert, update, delete on setting, category, keyword, routing, template, unit, unit_alias, estate to hailan_admin;
grant insert, update on channel to hailan_admin;
grant execute on all functions in schema hailan to hailan_admin;

-- A channel and the role that speaks for it; the role is made when it is missing.
reset role;
create function hailan.channel_add(p_name text, p_role name) returns void
language plpgsql set search_path = hailan, pg_temp as $$
begin
	if not exists (select from pg_roles where rolname = p_role) then
		execute format('create role %I login', p_role);
	end if;
	execute format('grant hailan_channel to %I', p_role);
	insert into channel (name, role) values (p_name, p_role) on conflict (name) do update set role = excluded.role;
end $$;
revoke execute on function hailan.channel_add from public;

-- A role that logs in with the rights of a group, made when it is missing.
create function hailan.login_add(p_role name, p_group name) returns void
language plpgsql set search_path = hailan, pg_temp as $$
begin
	if p_group not in ('hailan_clerk', 'hailan_timekeeper', 'hailan_admin', 'hailan_reader') then
		raise exception 'there is no group %', p_group using errcode = '22023',
			hint = 'hailan_clerk, hailan_timekeeper, hailan_admin or hailan_reader; for a channel use channel_add';
	end if;
	if not exists (select from pg_roles where rolname = p_role) then
		execute format('create role %I login', p_role);
	end if;
	execute format('grant %I to %I', p_group, p_role);
end $$;
revoke execute on function hailan.login_add from public;
grant execute on function hailan.channel_add, hailan.login_add to hailan_admin;
