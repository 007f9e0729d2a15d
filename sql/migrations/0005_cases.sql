-- Cases and wishes: what a message has become. Lights are a summary of the states (requirements
-- rows 40 to 44); events are kept for ever and cannot be changed.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

create type case_state as enum (
	'filed', 'with_community', 'with_street', 'sent_to_department', 'refused_back',
	'received', 'in_work', 'waiting_extension', 'extended', 'rework',
	'done_claimed', 'community_reported', 'street_evaluating',
	'closed');
create type light as enum ('red', 'yellow', 'blue', 'green');

create table case_state_light (
	state case_state primary key,
	light light not null,
	name_zh text not null,
	name_ko text not null
);
insert into case_state_light (state, light, name_zh, name_ko) values
	('filed', 'red', '待接收', '접수대기'),
	('with_community', 'red', '待社区接收', '사회구역 접수대기'),
	('with_street', 'red', '待街道接收', '가두 접수대기'),
	('sent_to_department', 'red', '待部门接收', '부문 접수대기'),
	('refused_back', 'red', '退回重派', '다시 배정중'),
	('received', 'yellow', '已接收待处理', '접수됨'),
	('in_work', 'yellow', '处理中', '처리중'),
	('waiting_extension', 'yellow', '申请延期', '연기신청중'),
	('extended', 'yellow', '已延期', '연기됨'),
	('rework', 'yellow', '退回再办', '다시 처리중'),
	('done_claimed', 'blue', '已办结待核实', '처리완료 확인대기'),
	('community_reported', 'blue', '待街道评价', '가두 평가대기'),
	('street_evaluating', 'blue', '街道评价中', '가두 평가중'),
	('closed', 'green', '已完成', '완료');

-- Every number is a multiple of 13: no single wrong digit, no two digits exchanged (adjacent or one
-- apart) and no twin (33 for 44) gives another valid number. Cases and wishes share the numbers.
create sequence case_number_seq increment by 13 start with 20007 minvalue 13;

create table "case" (
	number int8 primary key check (number % 13 = 0),
	city int4 not null,
	filed_at timestamptz not null,
	message_id int8,
	state case_state not null default 'filed',
	urgent bool not null default false,
	score int2 not null default 0,
	unit_id int4 references unit,
	place_id int4 references unit,
	person_id int8 references person on delete set null,
	entered_by int8 references person,
	category text references category,
	category2 text references category,
	channel text not null,
	phone text not null,
	language text not null check (language in ('zh', 'ko')),
	building text check (length(building) <= 16),
	entrance text check (length(entrance) <= 16),
	floor int2,
	room text check (length(room) <= 16),
	landmark text check (length(landmark) <= 128),
	rounds int2 not null default 0,
	text text not null check (length(text) <= 65536)
);
create index case_open_by_phone on "case" (phone, number) where state <> 'closed';
create index case_open_by_unit on "case" (unit_id) where state <> 'closed';
comment on column "case".unit_id is 'Who holds it: responsible now.';
comment on column "case".place_id is 'Where it is: the smallest unit known, a grid or community.';

create table wish (
	number int8 primary key check (number % 13 = 0),
	city int4 not null,
	told_at timestamptz not null,
	message_id int8,
	state text not null default 'told' check (state in ('told', 'published', 'claimed', 'done', 'closed')),
	unit_id int4 references unit,
	place_id int4 references unit,
	person_id int8 references person on delete set null,
	entered_by int8 references person,
	category text references category,
	channel text not null,
	phone text not null,
	language text not null check (language in ('zh', 'ko')),
	building text, entrance text, floor int2, room text, landmark text,
	text text not null check (length(text) <= 65536)
);
create index wish_open_by_phone on wish (phone) where state <> 'closed';

create sequence event_seq cache 64;
create table case_event (
	id int8 primary key,
	city int4 not null,
	case_number int8 not null references "case",
	at timestamptz not null,
	message_id int8,
	person_id int8,
	unit_id int4,
	level int2,
	from_state case_state,
	to_state case_state not null,
	action text not null check (action ~ '^[a-z_]{1,32}$'),
	channel text not null,
	reason text check (length(reason) <= 65536)
);
create index on case_event (case_number);

create table wish_event (
	id int8 primary key,
	city int4 not null,
	wish_number int8 not null references wish,
	at timestamptz not null,
	message_id int8,
	person_id int8,
	action text not null check (action ~ '^[a-z_]{1,32}$'),
	channel text not null,
	reason text check (length(reason) <= 65536)
);
create index on wish_event (wish_number);

create function append_only() returns trigger language plpgsql as $$
begin
	raise exception '% is append-only', tg_table_name using errcode = '42501', hint = 'add an event that corrects the earlier one';
end $$;
create trigger append_only before update or delete or truncate on case_event for each statement execute function append_only();
create trigger append_only before update or delete or truncate on wish_event for each statement execute function append_only();

create table attachment (
	sha256 bytea primary key check (length(sha256) = 32),
	mime text not null check (length(mime) <= 128),
	bytes bytea not null check (length(bytes) <= 26214400)
);
create table attachment_link (
	sha256 bytea not null references attachment,
	number int8 not null,
	at timestamptz not null,
	message_id int8,
	name text check (length(name) <= 255),
	primary key (number, sha256)
);

-- What became of each message.
create table verdict (
	inbox_id int8 primary key,
	kind text not null check (kind ~ '^[a-z_]{1,24}$'),
	number int8
);
