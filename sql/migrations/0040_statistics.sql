-- Statistics of a period: counters, and the figures made of them. A period is half-open, from <= t < to, and
-- everything is told as it stood at its end: what happens later changes no figure of an earlier month. All of
-- it comes from the events, which are kept for ever; only the limits come from the rules of reminding as
-- they are now (hailan-rules(5)), and whether a reporter was content from the questions that ended.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

insert into setting (key, value, help) values
	('finish_quick', '3 days', 'the share of cases finished within this time after they were filed is a figure of the statistics');

-- By how much a limit was moved, and by which event; case_life knows only the sum.
create table case_extension (
	event_id int8 primary key,
	number int8 not null references "case",
	extension interval not null
);
create index on case_extension (number);
create function case_extension_note() returns trigger language plpgsql set search_path = hailan, pg_temp as $$
begin
	insert into case_extension (event_id, number, extension) values (new.step_id, new.number, new.extension - old.extension);
	return null;
end $$;
create trigger extension_note after update of extension on case_life for each row
	when (old.extension is distinct from new.extension) execute function case_extension_note();

-- ---- the figures, as data ---------------------------------------------------------------------------

create table figure (
	name text primary key check (name ~ '^[a-z][a-z_]{0,31}$'),
	ord int2 not null unique,
	part text not null,
	whole text,
	main bool not null default false,
	short text not null,
	title_en text not null,
	title_zh text not null,
	title_ko text not null,
	formula text not null,
	formula_zh text not null
);
comment on table figure is 'A counter (part), or a share (part / whole, both counters; "—" when whole is 0). main: a column of tables.';
insert into figure (name, ord, part, whole, main, short, title_en, title_zh, title_ko, formula, formula_zh) values
	('requests', 1, 'requests', null, true, 'FILED', 'requests', '受理诉求', '접수한 신고', 'cases filed in the period; a merged one counts, too, for it has a reporter of its own', '期内受理的诉求;并单的也计,因各有报告人'),
	('new', 2, 'new', null, false, 'NEW', 'new cases', '新增事项', '새 사건', 'cases filed in the period that were not merged into another by its end', '期内受理、期末前未并入他单的事项'),
	('carried', 3, 'carried', null, false, 'CARRIED', 'carried over', '上期结转', '이월', 'cases filed before, red or yellow when it began, and not merged by its end', '期前受理、期初为红灯或黄灯、期末前未并单的事项'),
	('returned', 4, 'returned', null, false, 'RETURNED', 'came back', '重新办理', '다시 돌아옴', 'cases that were blue or green when it began and went back to work in it', '期初为蓝灯或绿灯、期内重新办理的事项'),
	('finished', 5, 'finished', null, true, 'FINISHED', 'finished', '办结', '처리 완료', 'cases blue or green at its end whose last finishing lies in it; withdrawn ones too, merged ones not', '期末为蓝灯或绿灯、最后一次办结在期内的事项;含撤回,不含并单'),
	('finished_share', 6, 'finished', 'workload', false, 'FINISHED', 'share finished', '办结率', '처리율', 'finished / (new + carried over + came back)', '办结 ÷(新增 + 上期结转 + 重新办理)'),
	('quick_share', 7, 'quick', 'finished', true, 'QUICK', 'finished within 3 days', '3天内办结率', '3일내 처리율', 'finished less than 3 days (setting finish_quick) after they were first filed / finished', '首次受理后3天内办结 ÷ 办结'),
	('closed', 8, 'closed', null, false, 'GREEN', 'closed', '结案', '종결', 'cases green at its end, evaluated in it, not merged', '期末为绿灯、期内评价、未并单的事项'),
	('dispatched', 9, 'dispatched', null, false, 'SENT', 'orders sent out', '派单', '배정', 'times a case was sent to a unit: filed, transferred, passed up', '期内派往各单位的次数:受理、转办、上报'),
	('received_share', 10, 'received_in_time', 'receipts', true, 'RECEIVED', 'received in time', '及时签收率', '제때 접수율', 'orders received before their limit / orders whose limit to receive fell in the period; what was sent on, refused, merged or withdrawn before it does not count', '期限前签收 ÷ 签收期限落在期内的派单(期限前转出、退单、并单、撤回的不计)'),
	('due', 11, 'due', null, false, 'DUE', 'limits that fell', '到期事项', '기한 도래', 'orders whose limit to finish, with extensions and without the time on hold, fell in the period; not those sent on, refused, merged or withdrawn before it', '办理期限(含延期,扣除挂起)落在期内的派单;期限前转出、退单、并单、撤回的不计'),
	('on_time_share', 12, 'in_time', 'due', true, 'ON TIME', 'finished on time', '按时办结率', '기한내 처리율', 'orders finished before their limit / limits that fell', '期限前办结 ÷ 到期事项'),
	('overdue_share', 13, 'overdue', 'due', false, 'OVERDUE', 'over the limit', '超期率', '기한 초과율', 'orders finished late or still open / limits that fell', '超期办结或仍未办结 ÷ 到期事项'),
	('extended_share', 14, 'extended', 'due', true, 'EXTENDED', 'extended', '延期率', '연기율', 'orders that were given more time / limits that fell', '获准延期 ÷ 到期事项'),
	('rework_share', 15, 'reworked', 'closed', true, 'REWORK', 'done again', '重办率', '재처리율', 'closed cases that went back to work at least once in their life / closed', '曾退回再办的结案事项 ÷ 结案'),
	('refusal_share', 16, 'refused', 'dispatched', true, 'REFUSED', 'refused', '退单率', '반려율', 'refusals in the period / orders sent out in it', '期内退单 ÷ 期内派单'),
	('asked_reporters', 17, 'asked_reporters', null, false, 'ASKED', 'reporters asked', '回访', '회신 요청', 'questions "is it solved?" that ended in the period with yes, no or silence', '期内结束的"是否已解决"询问:已解决、未解决、未回复'),
	('reached', 18, 'reached', null, false, 'REACHED', 'reached', '回访成功', '응답', 'of these, answered', '其中有回复的'),
	('reached_share', 19, 'reached', 'asked_reporters', false, 'REACHED', 'share reached', '回访率', '응답률', 'answered / asked', '有回复 ÷ 回访'),
	('satisfied_share', 20, 'satisfied', 'reached', true, 'SOLVED', 'reporter says solved', '满意率', '만족률', 'answered yes / answered; silence is no answer', '回复已解决 ÷ 有回复;未回复不算回复'),
	('reworks', 21, 'reworks', null, false, 'REWORKS', 'sent back to work', '退回再办', '재처리', 'times a case was sent back: by the community, the street, the city or its reporter', '社区、街道、市级或报告人退回再办的次数'),
	('refusals', 22, 'refused', null, false, 'REFUSALS', 'refusals', '退单', '반려', 'times an order was refused, with a reason; counts for the unit that refused', '说明理由退单的次数,计入退单单位'),
	('extensions', 23, 'extensions', null, false, 'EXTENSIONS', 'extensions granted', '批准延期', '연기 승인', 'times more time was granted', '批准延期的次数'),
	('merges', 24, 'merges', null, false, 'MERGES', 'merged', '并单', '병합', 'cases merged into another by a person', '经人确认并入他单的事项'),
	('chases', 25, 'chases', null, false, 'CHASED', 'chased', '催办', '독촉', 'times somebody asked for hurry: a reporter, a unit or a timer', '报告人、单位或定时提醒催办的次数'),
	('supervised', 26, 'supervised', null, false, 'SUPERVISED', 'to supervision', '督办', '감독', 'cases handed to the inspection', '转市级督查的事项'),
	('criticised', 27, 'criticised', null, false, 'CRITICISED', 'criticised', '通报', '통보비평', 'public criticisms', '通报的次数'),
	('red', 28, 'red', null, false, 'RED', 'red at the end', '期末红灯', '기말 적색', 'cases red at its end', '期末为红灯的事项'),
	('yellow', 29, 'yellow', null, false, 'YELLOW', 'yellow at the end', '期末黄灯', '기말 황색', 'cases yellow at its end', '期末为黄灯的事项'),
	('blue', 30, 'blue', null, false, 'BLUE', 'blue at the end', '期末蓝灯', '기말 청색', 'cases blue at its end', '期末为蓝灯的事项'),
	('wishes_told', 31, 'wishes_told', null, false, 'WISHES', 'wishes told', '微心愿', '소원 접수', 'wishes told in the period', '期内提出的微心愿'),
	('wishes_published', 32, 'wishes_published', null, false, 'PUBLISHED', 'wishes published', '发布心愿', '소원 공개', 'wishes published in the period', '期内发布的微心愿'),
	('wishes_claimed', 33, 'wishes_claimed', null, false, 'CLAIMED', 'wishes claimed', '认领心愿', '소원 신청', 'wishes claimed in the period, each once', '期内被认领的微心愿,每个计一次'),
	('wishes_done', 34, 'wishes_done', null, false, 'DONE', 'wishes done', '完成心愿', '소원 완료', 'wishes done in the period', '期内完成的微心愿'),
	('helpers', 35, 'helpers', null, false, 'HELPERS', 'people who helped', '参与服务人次', '봉사 인원', 'people who came to the wishes done in the period, as the community filed it', '期内完成的心愿中到场服务的人次,以社区填报为准'),
	('messages_in', 36, 'messages_in', null, false, 'IN', 'messages in', '收到信息', '받은 메시지', 'messages that came in, resends once; only for the whole city', '收到的信息,重发的计一次;仅全市'),
	('messages_out', 37, 'messages_out', null, false, 'OUT', 'messages out', '发出信息', '보낸 메시지', 'messages made in the period; only for the whole city', '期内生成的信息;仅全市'),
	('messages_failed', 38, 'messages_failed', null, false, 'FAILED', 'messages failed', '发送失败', '발송 실패', 'of these, those that failed, were not delivered or came too late', '其中失败、未送达或过期的'),
	('optouts', 39, 'optouts', null, false, 'OPT-OUTS', 'opt-outs', '退订', '수신거부', 'messages that asked for no more campaigns', '要求不再接收宣传信息的');

-- "96.3 %"; a share of nothing is no number.
create function share_text(p_part int8, p_whole int8) returns text language sql immutable set search_path = hailan, pg_temp
return case when p_whole > 0 then trim(to_char(100.0 * p_part / p_whole, '990.0')) || ' %' else '—' end;
comment on function share_text is 'part / whole in per cent; "—" when whole is 0.';

-- ---- limits of the past -----------------------------------------------------------------------------

-- When a limit fell that stood still while the case was on hold. Putting on hold what is late already
-- moves nothing, and no limit falls within a hold that began before it. An outage is credited (0046).
create function limit_held(p_start timestamptz, p_amount numeric, p_unit limit_unit, p_next_day bool, p_hours int4multirange, p_zone text,
	p_held tstzmultirange) returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	v_start timestamptz := p_start;
	v_due timestamptz := due(v_start, p_amount, p_unit, p_next_day, p_hours, p_zone);
	h tstzrange;
begin
	for h in select unnest(p_held * tstzmultirange(tstzrange(p_start, 'infinity'))) loop
		exit when lower(h) >= v_due;
		v_start := v_start + (upper(h) - lower(h));
		v_due := greatest(due(v_start, p_amount, p_unit, p_next_day, p_hours, p_zone), upper(h));
	end loop;
	return due_credited(v_due, v_start, p_amount, p_unit, p_next_day, p_hours, p_zone);
end $$;

-- The rule of a family that counts for such a case: the one with most conditions, then the smallest
-- priority. In which states its timer runs is of no importance here: what nobody received is late, too.
create function limit_rule(p_family text, p_category text, p_urgent bool, p_unit int4) returns int4
language sql stable set search_path = hailan, pg_temp as $$
	select r.id from rule r
	 where r.family = p_family and r.enabled and r.subject = 'case'
	   and (r.categories is null or p_category = any (r.categories))
	   and (r.urgent is null or r.urgent = p_urgent)
	   and (r.levels is null or (select u.level from unit u where u.id = p_unit) = any (r.levels))
	 order by num_nonnulls(r.categories, r.urgent, r.levels) desc, r.priority, r.id limit 1
$$;

-- The longest that a limit can be, without holds.
create function limit_bound(p_amount numeric, p_unit limit_unit) returns interval language sql immutable set search_path = hailan, pg_temp
return make_interval(days => (case p_unit when 'minutes' then p_amount / 1440 when 'days' then p_amount when 'working_days' then 2 * p_amount else p_amount end)::int4 + 30);

-- When the limit of an order fell by a rule, if it can lie in the period: most need no calendar to be told
-- that they do not. p_at, p_filed, p_entry: what the clock of the rule may begin with.
create function stats_limit(p_rule int4, p_at timestamptz, p_filed timestamptz, p_entry timestamptz, p_held tstzmultirange, p_unit int4,
	p_from timestamptz, p_to timestamptz) returns timestamptz
language plpgsql stable set search_path = hailan, pg_temp as $$
declare
	r record;
	v_start timestamptz;
begin
	if p_rule is null or p_at is null then
		return null;
	end if;
	select x.clock, x.amount, x.unit, x.next_day into r from rule x where x.id = p_rule;
	v_start := case r.clock when 'filed' then p_filed when 'entry' then p_entry else p_at end;
	if v_start is null or v_start >= p_to or p_held = '{}' and v_start + limit_bound(r.amount, r.unit) < p_from
	   and not exists (select from outage o where o.to_at > v_start) then
		return null;
	end if;
	return limit_held(v_start, r.amount, r.unit, r.next_day, case when r.unit = 'working_hours' then unit_hours(p_unit) end, town_zone(), p_held);
end $$;

-- How long after a case was closed a limit of its orders may fall, at most.
create function stats_horizon() returns interval language sql stable set search_path = hailan, pg_temp as $$
	select coalesce(max(limit_bound(r.amount, r.unit)), '0') + make_interval(days => 60 * setting_int('extensions_max'))
	  from rule r where r.family in ('receive', 'close')
$$;

-- ---- what happened ----------------------------------------------------------------------------------

-- The events before p_to of the cases that matter for a period, each with the lights before and after it,
-- the unit that holds the case after it, and the order to which it belongs. An order is what one unit has
-- to do until the case is sent elsewhere, refused (then whoever gets it back has the next one), finished and
-- sent back to work, or at its end.
create function stats_events(p_from timestamptz, p_to timestamptz)
returns table (number int8, id int8, at timestamptz, action text, before light, after light, holder int4, held_before int4, sends bool, n int8)
language plpgsql stable set search_path = hailan, pg_temp set jit = off as $$
#variable_conflict use_column
declare
	v_since int8 := make_id(p_from - stats_horizon(), 0);
	v_to int8 := make_id(p_to, 0);
	v_city int4 := city_unit();
begin
	return query
	with past as (
		select e.case_number, e.id, e.at, e.action, f.light as before, t.light as after,
		       case when e.action = 'filed' then coalesce(e.holder_id, e.unit_id, v_city) else e.holder_id end as holder,
		       e.action in ('filed', 'transfer', 'pass_up', 'refuse', 'rework', 'unsolved', 'reopen') as starts,
		       e.action in ('filed', 'transfer', 'pass_up') as sends
		  from "case" k left join case_life l on l.number = k.number
		  join case_event e on e.case_number = k.number
		  left join case_state_light f on f.state = e.from_state join case_state_light t on t.state = e.to_state
		 where k.filed_at < p_to and (k.state <> 'closed' or l.step_id >= v_since) and e.id < v_to
	), counted as (
		select p.*, count(p.holder) over w as holders, count(*) filter (where p.starts) over w as n from past p
		window w as (partition by p.case_number order by p.id)
	), held as (
		select c.*, max(c.holder) over (partition by c.case_number, c.holders) as has from counted c
	)
	select h.case_number, h.id, h.at, h.action, h.before, h.after, h.has, lag(h.has, 1, h.has) over (partition by h.case_number order by h.id), h.sends, h.n
	  from held h;
end $$;

-- The counters of a period, as they stood at its end, for each unit, category and channel. p_area: a
-- case belongs to the place where it lies; else to the unit that has or had it: the last one by the end of
-- the period for what a case is, the one that had the order for what was done with it.
create function stats_counters(p_from timestamptz, p_to timestamptz, p_area bool default false)
returns table (unit_id int4, category text, channel text, counter text, n int8)
language plpgsql stable set search_path = hailan, pg_temp set jit = off as $$
#variable_conflict use_column
declare
	v_from int8 := make_id(p_from, 0);
	v_to int8 := make_id(p_to, 0);
	v_zone text := town_zone();
	v_quick interval := setting_interval('finish_quick');
	v_city int4 := city_unit();
begin
	return query
	with events as materialized (
		select * from stats_events(p_from, p_to)
	), stood as materialized (
		select e.number, min(e.at) as filed_at, (array_agg(e.holder order by e.id desc))[1] as holder,
		       (array_agg(e.after order by e.id desc) filter (where e.id < v_from))[1] as light_from, (array_agg(e.after order by e.id desc))[1] as light,
		       max(e.at) filter (where e.before in ('red', 'yellow') and e.after = 'blue') as finished_at,
		       max(e.at) filter (where e.action = 'evaluate') as closed_at,
		       bool_or(e.action = 'merge') as merged,
		       bool_or(e.before in ('blue', 'green') and e.after = 'yellow') as reworked,
		       bool_or(e.before in ('blue', 'green') and e.after = 'yellow' and e.id >= v_from) as returned,
		       min(e.at) filter (where e.action = 'urgent') as urgent_at,
		       -- from the beginning
		       (select k.urgent from "case" k where k.number = e.number) and not exists (select from case_event x where x.case_number = e.number and x.action = 'urgent') as urgent,
		       coalesce(range_agg(tstzrange(e.at, coalesce(e.until, p_to))) filter (where e.action = 'hold' and e.at < coalesce(e.until, p_to)), '{}') as held
		  from (select x.*, case when x.action in ('hold', 'resume') then lead(x.at) over (partition by x.number, x.action in ('hold', 'resume') order by x.id) end as until from events x) e
		 group by e.number
	), orders as materialized (
		select e.number, e.n, (array_agg(e.action order by e.id))[1] as began, min(e.id) as id, max(e.id) as last_id, min(e.at) as at,
		       (array_agg(e.holder order by e.id desc))[1] as holder,
		       min(e.at) filter (where e.before = 'red' and e.after = 'yellow') as received_at,
		       min(e.at) filter (where e.before in ('red', 'yellow') and e.after = 'blue' and e.action <> 'withdraw') as finished_at,
		       min(e.at) filter (where e.action in ('withdraw', 'merge')) as lapsed_at
		  from events e group by e.number, e.n
	), ended as materialized (
		select o.*, least(o.finished_at, o.lapsed_at, lead(o.at) over (partition by o.number order by o.n)) as ended_at,
		       coalesce(x.sum, '0') as extension, coalesce(x.here, false) as extended
		  from orders o
		  left join lateral (select sum(y.extension), bool_or(y.event_id >= o.id) as here from case_extension y where y.number = o.number and y.event_id <= o.last_id) x on true
	), known as materialized (
		select o.*, k.category, case when s.urgent_at is null then s.urgent else s.urgent_at < coalesce(o.ended_at, p_to) end as urgent, s.filed_at, s.held
		  from ended o join stood s on s.number = o.number join "case" k on k.number = o.number
	), kinds as materialized (
		select k.category, k.urgent, k.holder, limit_rule('receive', k.category, k.urgent, k.holder) as receive_rule, limit_rule('close', k.category, k.urgent, k.holder) as close_rule
		  from (select distinct category, urgent, holder from known) k
	), limited as materialized (
		select o.*, stats_limit(i.receive_rule, case when o.began not in ('rework', 'unsolved', 'reopen') then o.at end, o.filed_at, o.at, o.held, o.holder, p_from, p_to) as receive_limit,
		       stats_limit(i.close_rule, o.at + o.extension, o.filed_at + o.extension,
		                   case when o.began in ('rework', 'unsolved', 'reopen') then o.at else o.received_at end + o.extension, o.held, o.holder, p_from, p_to) as close_limit
		  from known o join kinds i on i.category is not distinct from o.category and i.urgent = o.urgent and i.holder = o.holder
	), counted as (
		select s.number, s.holder, v.counter
		  from stood s, lateral (values
			('requests', s.filed_at >= p_from),
			('new', s.filed_at >= p_from and not s.merged),
			('carried', s.filed_at < p_from and s.light_from in ('red', 'yellow') and not s.merged),
			('returned', s.light_from in ('blue', 'green') and s.returned and not s.merged),
			('workload', not s.merged and (s.filed_at >= p_from or s.light_from in ('red', 'yellow') or s.returned)),
			('finished', not s.merged and s.light in ('blue', 'green') and s.finished_at >= p_from),
			('quick', not s.merged and s.light in ('blue', 'green') and s.finished_at >= p_from
			          and s.finished_at < ((s.filed_at at time zone v_zone) + v_quick) at time zone v_zone),
			('closed', not s.merged and s.light = 'green' and s.closed_at >= p_from),
			('reworked', not s.merged and s.light = 'green' and s.closed_at >= p_from and s.reworked),
			('red', s.light = 'red'), ('yellow', s.light = 'yellow'), ('blue', s.light = 'blue')) v (counter, counts)
		 where v.counts
		union all
		select o.number, o.holder, v.counter
		  from limited o, lateral (values
			('receipts', o.receive_limit >= p_from and o.receive_limit < p_to and (o.received_at < o.receive_limit or coalesce(o.ended_at >= o.receive_limit, true))),
			('received_in_time', o.receive_limit >= p_from and o.receive_limit < p_to and o.received_at < o.receive_limit),
			('due', o.close_limit >= p_from and o.close_limit < p_to and coalesce(o.finished_at < o.close_limit or o.ended_at >= o.close_limit, o.ended_at is null)),
			('in_time', o.close_limit >= p_from and o.close_limit < p_to and o.finished_at < o.close_limit),
			('overdue', o.close_limit >= p_from and o.close_limit < p_to and coalesce(o.ended_at >= o.close_limit, true)),
			('extended', o.close_limit >= p_from and o.close_limit < p_to and o.extended and coalesce(o.finished_at < o.close_limit or o.ended_at >= o.close_limit, o.ended_at is null))) v (counter, counts)
		 where v.counts
		union all
		select e.number, case when e.sends then e.holder else e.held_before end, v.counter
		  from events e, lateral (values
			('dispatched', e.sends), ('refused', e.action = 'refuse'), ('reworks', e.action in ('rework', 'unsolved', 'reopen')),
			('extensions', e.action = 'grant'), ('merges', e.action = 'merge'), ('chases', e.action in ('chase', 'chased')),
			('supervised', e.action = 'supervise'), ('criticised', e.action = 'criticise')) v (counter, counts)
		 where v.counts and e.id >= v_from
		union all
		select a.number, coalesce(s.holder, k.unit_id, v_city), v.counter
		  from ask_past a join "case" k on k.number = a.number
		  left join case_life f on f.number = a.number left join stood s on s.number = coalesce(f.parent_number, a.number),
		       lateral (values ('asked_reporters', true), ('reached', a.outcome in ('yes', 'no')), ('satisfied', a.outcome = 'yes')) v (counter, counts)
		 where a.kind = 'solved' and a.ended_at >= p_from and a.ended_at < p_to and a.outcome in ('yes', 'no', 'silent') and v.counts
	)
	select case when p_area then coalesce(k.place_id, v_city) else c.holder end, coalesce(k.category, ''), k.channel, c.counter, count(*)
	  from counted c join "case" k on k.number = c.number group by 1, 2, 3, 4
	union all
	select coalesce(case when p_area then w.place_id end, w.unit_id, v_city), coalesce(w.category, ''), w.channel, v.counter, count(distinct w.number)
	  from wish_event e join wish w on w.number = e.wish_number
	  join (values ('told', 'wishes_told'), ('publish', 'wishes_published'), ('claim', 'wishes_claimed'), ('done', 'wishes_done')) v (action, counter) on v.action = e.action
	 where e.id >= v_from and e.id < v_to group by 1, 2, 3, 4
	union all
	select coalesce(case when p_area then w.place_id end, w.unit_id, v_city), coalesce(w.category, ''), w.channel, 'helpers', sum(f.came)
	  from wish_event e join wish w on w.number = e.wish_number join wish_life f on f.number = w.number
	 where e.action = 'done' and e.id >= v_from and e.id < v_to and f.came > 0 group by 1, 2, 3
	union all
	select v_city, null, i.channel, 'messages_in', count(*) from inbox i where i.id >= v_from and i.id < v_to group by 3
	union all
	select v_city, null, o.channel, v.counter, count(*)
	  from outbox o, lateral (values ('messages_out', true), ('messages_failed', exists (
	       select from delivery d where d.outbox_id = o.id and d.state in ('failed', 'undelivered', 'expired')))) v (counter, counts)
	 where o.id >= v_from and o.id < v_to and v.counts group by 3, 4
	union all
	select v_city, null, i.channel, 'optouts', count(*) from verdict d join inbox i on i.id = d.inbox_id
	 where d.kind = 'optout' and d.inbox_id >= v_from and d.inbox_id < v_to group by 3;
end $$;

-- The figures of a unit and all units below it: one row, or for p_by unit one for itself and for each right
-- below it, category, channel or month. Counters and shares by their names in table figure.
create function stats(p_unit int4, p_from timestamptz, p_to timestamptz, p_by text default '', p_area bool default false)
returns table (ord int8, key text, name text, starts timestamptz, ends timestamptz, figures jsonb, shares jsonb)
language plpgsql stable security definer set search_path = hailan, pg_temp set jit = off as $$
#variable_conflict use_column
declare
	v_zone text := town_zone();
	v_unit int4 := coalesce(p_unit, city_unit());
begin
	if p_by not in ('', 'unit', 'category', 'channel', 'month') then
		raise exception 'statistics by "%": there is unit, category, channel, month', p_by using errcode = '22023';
	end if;
	return query
	with recursive tree as (
		select u.id, u.id as top from unit u where u.id = v_unit or u.parent_id = v_unit
		union all
		select u.id, t.top from unit u join tree t on u.parent_id = t.id where t.top <> v_unit
	), whole as (
		select id, top from tree where top <> v_unit
		union
		select id, v_unit from tree
	), spans as (
		select m.starts, m.ends from (
			select greatest(p_from, d at time zone v_zone) as starts, least(p_to, (d + interval '1 month') at time zone v_zone) as ends
			  from generate_series(date_trunc('month', p_from at time zone v_zone), p_to at time zone v_zone, interval '1 month') d) m
		 where p_by = 'month' and m.starts < m.ends
		union all
		select p_from, p_to where p_by <> 'month'
	), counted as (
		select s.starts, s.ends, case p_by when 'unit' then w.top::text when 'category' then c.category when 'channel' then c.channel
		                         when 'month' then to_char(s.starts at time zone v_zone, 'YYYY-MM') else '' end as key,
		       c.counter, sum(c.n)::int8 as n
		  from spans s cross join lateral stats_counters(s.starts, s.ends, p_area) c
		  join whole w on w.id = c.unit_id and (p_by = 'unit' or w.top = v_unit)
		 where p_by <> 'category' or c.category is not null -- messages have none
		 group by 1, 2, 3, 4
	), groups as (
		select distinct c.starts, c.ends, c.key from counted c
		union
		select s.starts, s.ends, case p_by when 'month' then to_char(s.starts at time zone v_zone, 'YYYY-MM') when 'unit' then v_unit::text else '' end
		  from spans s where p_by in ('', 'month', 'unit')
	), made as (
		select g.starts, g.ends, g.key,
		       (select jsonb_object_agg(f.name, case when f.whole is null then coalesce(p.n, 0) else round(coalesce(p.n, 0)::numeric / nullif(w.n, 0), 6) end)
		          from figure f left join counted p on p.key = g.key and p.counter = f.part
		          left join counted w on w.key = g.key and w.counter = f.whole) as figures,
		       (select jsonb_object_agg(f.name, jsonb_build_object('part', coalesce(p.n, 0), 'whole', coalesce(w.n, 0), 'text', share_text(coalesce(p.n, 0), coalesce(w.n, 0))))
		          from figure f left join counted p on p.key = g.key and p.counter = f.part
		          left join counted w on w.key = g.key and w.counter = f.whole where f.whole is not null) as shares
		  from groups g
	)
	select row_number() over (order by case p_by when 'month' then 0 when 'unit' then (m.key <> v_unit::text)::int4 else -(m.figures ->> 'requests')::int4 end,
	                                   case when p_by = 'unit' then m.key::int4 end, m.key),
	       case p_by when 'unit' then u.code else m.key end,
	       case p_by when 'unit' then unit_title(u.level, u.name_zh, null, 'zh') when 'category' then coalesce(c.name_zh, '—')
	                 when '' then (select unit_title(x.level, x.name_zh, null, 'zh') from unit x where x.id = v_unit) else m.key end,
	       m.starts, m.ends, m.figures, m.shares
	  from made m left join unit u on p_by = 'unit' and u.id::text = m.key left join category c on p_by = 'category' and c.code = m.key
	 order by 1;
end $$;
comment on function stats is 'Figures of a half-open period by their formulas in table figure; shares are null when nothing can be divided by.';

-- ---- what hailanctl shows ---------------------------------------------------------------------------

-- A moment as people write it, in the town's zone: 2026-11, 2026-11-24, 2026-11-24 10:30.
create function town_moment(p_text text) returns timestamptz language sql stable set search_path = hailan, pg_temp
return case when p_text ~ '^\d{4}-\d\d$' then (p_text || '-01')::timestamp at time zone town_zone()
            when p_text ~ '([+-]\d\d(:?\d\d)?|Z)$' and p_text ~ ':' then p_text::timestamptz
            else p_text::timestamp at time zone town_zone() end;

-- Filter: unit (code or name), month or from and to, by, area. Without a beginning: that of the last month of
-- the period, by month that of the last twelve; without an end: now.
create function ctl_stats(p_filter jsonb, p_at timestamptz) returns setof jsonb
language plpgsql stable security definer set search_path = hailan, pg_temp as $$
declare
	v_now timestamptz := shown_time(p_at);
	v_by text := coalesce(p_filter ->> 'by', '');
	v_to timestamptz := coalesce((((p_filter ->> 'month') || '-01')::timestamp + interval '1 month') at time zone town_zone(), town_moment(p_filter ->> 'to'), v_now);
	v_month timestamp := date_trunc('month', (v_to - interval '1 microsecond') at time zone town_zone());
	v_from timestamptz := coalesce(town_moment(p_filter ->> 'month'), town_moment(p_filter ->> 'from'),
		(v_month - case when v_by = 'month' then interval '11 months' else '0' end) at time zone town_zone());
	v_unit int4;
begin
	if v_from >= v_to then
		raise exception 'the period ends % before it has begun %', v_to at time zone town_zone(), v_from at time zone town_zone() using errcode = '22023';
	elsif v_to > v_from + interval '20 years' then
		raise exception 'a period is at most 20 years long' using errcode = '22023';
	end if;
	if p_filter ->> 'unit' is not null then
		select u.id into v_unit from unit u
		 where p_filter ->> 'unit' in (u.code, u.name_zh, u.name_ko, unit_title(u.level, u.name_zh, u.name_ko, 'zh'), unit_title(u.level, u.name_zh, u.name_ko, 'ko'))
		 order by u.level, u.id limit 1;
		if v_unit is null then
			return;
		end if;
	end if;
	return query
	select jsonb_build_object('key', s.key, 'name', s.name, 'from', to_char(s.starts at time zone town_zone(), 'YYYY-MM-DD HH24:MI:SS'),
	       'to', to_char(s.ends at time zone town_zone(), 'YYYY-MM-DD HH24:MI:SS'), 'made_at', to_char(v_now at time zone town_zone(), 'YYYY-MM-DD HH24:MI:SS'),
	       'figures', s.figures, 'shares', s.shares)
	  from stats(v_unit, v_from, v_to, v_by, coalesce((p_filter ->> 'area')::bool, false)) s order by s.ord;
end $$;

create function ctl_figures() returns setof jsonb language sql stable security definer set search_path = hailan, pg_temp as $$
	select to_jsonb(f) - 'ord' from figure f order by f.ord
$$;

grant execute on function stats, ctl_stats, ctl_figures to hailan_admin, hailan_reader;
grant execute on function stats_counters, stats_events to hailan_admin;
grant select on figure to hailan_admin, hailan_reader;
grant select on case_extension to hailan_admin;
