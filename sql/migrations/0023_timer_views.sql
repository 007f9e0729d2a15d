-- What hailanctl shows of timers and rules, and what a change of the rules would ring.
set local role hailan_owner;
set local search_path = hailan, pg_temp;

-- The time that counts for what is shown: the caller's, or that of a simulation (0024).
create function shown_time(p_at timestamptz) returns timestamptz language sql stable set search_path = hailan, pg_temp
return p_at;

-- Filter: overdue, rule, number, limit. The next to ring first.
create function ctl_timers(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('due_at', t.due_at, 'number', t.subject, 'rule', r.name, 'step', t.step, 'cycle', t.cycle, 'started_at', t.started_at,
	         'late_seconds', case when t.due_at <= c.at then extract(epoch from c.at - t.due_at)::int8 end,
	         'light', l.light, 'unit_name', unit_title(u.level, u.name_zh, null, 'zh'), 'who', s.who)
	  from shown_time(p_at) c (at),
	       lateral (select x.* from timer x join rule y on y.id = x.rule_id
	         where (p_filter -> 'overdue' is null or x.due_at <= c.at)
	           and (p_filter ->> 'rule' is null or y.name = p_filter ->> 'rule')
	           and (p_filter ->> 'number' is null or x.subject = (p_filter ->> 'number')::int8)
	         order by x.due_at, x.subject limit coalesce((p_filter ->> 'limit')::int4, 50)) t
	  join rule r on r.id = t.rule_id
	  left join "case" k on k.number = t.subject left join case_state_light l on l.state = k.state
	  left join wish w on w.number = t.subject left join unit u on u.id = coalesce(k.unit_id, w.unit_id)
	  left join lateral (select array_to_string(x.who, ' ') as who from rule_step x where x.rule_id = t.rule_id and x.step <= t.step order by x.step desc limit 1) s on true
	 order by t.due_at, t.subject
$$;

-- By rule: how many run, how many should have rung, when the next is due, what rang in the last day.
create function ctl_rules(p_filter jsonb, p_at timestamptz) returns setof jsonb
language sql stable security definer set search_path = hailan, pg_temp as $$
	select jsonb_build_object('rule', r.name, 'enabled', r.enabled, 'subject', r.subject, 'states', array_to_string(r.states, ' '),
	         'limit', trim_scale(r.amount) || ' ' || r.unit || case when r.next_day then ' from the next day' else '' end, 'steps', (select count(*) from rule_step s where s.rule_id = r.id),
	         'running', t.running, 'overdue', t.overdue, 'next_at', t.next_at,
	         'rang_in_a_day', (select count(*) from timer_past p where p.rule_id = r.id and p.how = 'rung' and p.ended_at > c.at - interval '1 day'))
	  from shown_time(p_at) c (at) cross join rule r
	  left join lateral (select count(*) as running, count(*) filter (where x.due_at <= c.at) as overdue, min(x.due_at) as next_at from timer x where x.rule_id = r.id) t on true
	 where p_filter ->> 'rule' is null or r.name = p_filter ->> 'rule'
	 order by r.family, r.id
$$;

-- What these rules would do to the timers that run: which would ring at once, and which at another time.
-- Nothing of it stays.
create function rules_try(p_rows jsonb, p_at timestamptz) returns setof jsonb
language plpgsql security definer set search_path = hailan, pg_temp as $$
declare
	v_found jsonb[];
	v_refused jsonb[];
	v_before jsonb;
	n record;
begin
	p_at := shown_time(p_at);
	select coalesce(jsonb_object_agg(t.subject || ' ' || t.rule_id, jsonb_build_array(t.due_at, t.step)), '{}') into v_before from timer t;
	begin
		select array_agg(jsonb_build_object('line', r.line, 'reason', r.reason)) into v_refused from import_rules(p_rows, p_at) r;
		for n in
			select k.number from "case" k where k.state <> 'closed' union all select w.number from wish w where wish_open(w.state) order by number
		loop
			perform case_timers(p_at, n.number);
		end loop;
		select array_agg(jsonb_build_object('number', x.subject, 'rule', r.name, 'step', x.step, 'rings', case when x.is is null then 'no more' when x.is <= p_at then 'at once' else 'later' end,
		                                    'due_at', x.is, 'was_due_at', x.was) order by x.is nulls last, x.subject, r.name) into v_found
		  from (select coalesce(t.subject, split_part(b.key, ' ', 1)::int8) as subject, coalesce(t.rule_id, split_part(b.key, ' ', 2)::int4) as rule_id,
		               coalesce(t.step, (b.value ->> 1)::int2) as step, t.due_at as is, (b.value ->> 0)::timestamptz as was
		          from timer t full join jsonb_each(v_before) b on b.key = t.subject || ' ' || t.rule_id) x
		  join rule r on r.id = x.rule_id
		 where x.is is distinct from x.was;
		raise exception 'only tried' using errcode = 'HA009';
	exception when sqlstate 'HA009' then
		null;
	end;
	return query select unnest(coalesce(v_refused, v_found));
end $$;

grant execute on function ctl_timers, ctl_rules, rules_try to hailan_admin;
