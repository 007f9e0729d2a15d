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

create table wish_state (
	state text primary key check (state ~ '^[a-z_]{1,16}$'),
	ord int2 not null unique,
	open bool not null,
	name_zh text not null,
	name_ko text not null
);
comment on column wish_state.open is 'Something is still to be done with it.';
insert into wish_state (state, ord, open, name_zh, name_ko) values
	('told', 1, true, '已记下', '적어둠'),
	('draft', 2, true, '待发布', '발표 준비중'),
	('published', 3, true, '已发布，等人认领', '모집중'),
	('claimed', 4, true, '已有人认领，还缺人', '일부 모집됨'),
	('full', 5, true, '人已够', '다 모였음'),
	('done', 6, true, '已完成，待归档', '완료, 보관대기'),
	('archived', 7, false, '已完成', '완료'),
	('withdrawn', 8, false, '已取消', '취소됨'),
	('expired', 9, false, '到期没人认领', '기한 지남');
create function wish_open(p_state text) returns bool language sql immutable parallel safe
return p_state not in ('archived', 'withdrawn', 'expired');

create table wish (
	number int8 primary key check (number % 13 = 0),
	city int4 not null,
	told_at timestamptz not null,
	message_id int8,
	state text not null default 'told' references wish_state,
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
create index wish_open_by_phone on wish (phone) where state not in ('archived', 'withdrawn', 'expired');

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
	unit_id int4,
	level int2,
	from_state text references wish_state,
	to_state text references wish_state,
	action text not null check (action ~ '^[a-z_]{1,32}$'),
	channel text not null,
	reason text check (length(reason) <= 65536),
	claim_id int8,
	came int2 check (came between 0 and 999),
	minutes int4 check (minutes between 0 and 100000),
	result text check (length(result) <= 4096)
);
create index on wish_event (wish_number);
comment on column wish_event.to_state is 'Null: the state stays as it is.';
comment on column wish_event.came is 'Of the event done: how many came, how long they worked, and how it went.';

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
