-- Roles with least rights, the schema, and what every function stands on.
--
-- hailan_owner owns everything and cannot log in. Who works with the data is a member of one of the
-- groups below and has EXECUTE on that group's functions, and no right on any table.
do $$
declare
	name text;
begin
	foreach name in array array['hailan_owner', 'hailan_channel', 'hailan_clerk', 'hailan_timekeeper', 'hailan_admin', 'hailan_reader'] loop
		if not exists (select from pg_roles where rolname = name) then
			execute format('create role %I nologin', name);
		end if;
	end loop;
	if not pg_has_role(current_user, 'hailan_owner', 'member') then
		execute format('grant hailan_owner to %I', current_user);
	end if;
end $$;
create schema hailan authorization hailan_owner;
grant usage on schema hailan to hailan_channel, hailan_clerk, hailan_timekeeper, hailan_admin, hailan_reader;

set local role hailan_owner;
set local search_path = hailan, pg_temp;
create table hailan.schema_migration (
	number int4 primary key,
	name text not null,
	sha256 text not null,
	applied_at timestamptz not null
);
comment on table hailan.schema_migration is 'What hailanctl migrate has applied; a file with another checksum is refused.';
