#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ringing with very many open timers: how late they ring, what the timekeeper's memory does, and whether
looking for the next costs more when there are more; then an outage of a week, after which nobody may get
more than one message; then a limit is changed, all deadlines are made anew, and a clerk's step may not wait
for that. Exit status 1 when it rings a second late, somebody gets more, a step rings again or waits a second.

    HAILAN_BUILD=PREFIX tests/bench/timers.py [--timers N] [--rate N] [--seconds N] [--outage N]
"""

import argparse
import contextlib
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import hailan_testing as ht  # noqa: E402

CLAIM = """explain (analyze, buffers, costs off, timing off, summary off)
    select x.* from hailan.timer x where x.due_at <= %s order by x.due_at, x.subject, x.rule_id limit 500 for update skip locked"""
NEXT = "explain (analyze, buffers, costs off, timing off, summary off) select min(x.due_at) from hailan.timer x"


def people(cluster):
    """Somebody in each of twenty units, who may be told at any hour of these days."""
    cluster.rows("""
        select hailan.import_staff(jsonb_agg(jsonb_build_object('line', n, 'name', '人' || n, 'unit', code, 'level', 3, 'phone', '+86139' || lpad(n::text, 8, '0'))), now())
          from (select code, row_number() over (order by id) as n from hailan.unit where level = 'department' order by id limit 20) u""")
    cluster.rows("""
        select hailan.import_staff(jsonb_build_array(jsonb_build_object('line', 1, 'name', '市', 'unit', code, 'level', 4, 'phone', '+8613800000099')), now())
          from hailan.unit where level = 'city'""")
    cluster.rows("insert into hailan.calendar_day (day, kind) select current_date + i, 'work' from generate_series(-1, 2) i")
    cluster.rows("""update hailan.setting set value = case key when 'working_hours' then '00:00-24:00' when 'reminder_slot' then '5 seconds' when 'notice_channel' then 'sms' else '12345' end
                     where key in ('working_hours', 'reminder_slot', 'notice_channel', 'notice_source')""")
    cluster.rows("select hailan.channel_add('sms', 'hailan_sms')")
    cluster.rows("delete from hailan.timer_recompute")


def fill(cluster, count):
    """Open cases, each with one timer that is due next year."""
    cluster.rows('alter table hailan."case" disable trigger timers')
    cluster.rows("""
        insert into hailan."case" (number, city, filed_at, unit_id, place_id, category, channel, phone, language, text)
        select nextval('hailan.case_number_seq'), 222405, now(), (array(select id from hailan.unit where level = 'department' order by id limit 20))[1 + i %% least(20, (select count(*)::int from hailan.unit where level = 'department'))],
               (select min(id) from hailan.unit where level = 'community'), 'streetlight', 'sms', '+8613800000001', 'zh', '灯坏了'
          from generate_series(1, %s) i""", count)
    cluster.rows('alter table hailan."case" enable trigger timers')
    cluster.rows("""
        insert into hailan.timer (subject, rule_id, city, started_at, due_at)
        select k.number, (select id from hailan.rule where name = 'receive'), 222405, now() - interval '12 hours', now() + interval '1 year' + random() * interval '30 days'
          from hailan."case" k""")
    cluster.rows("analyze hailan.timer")
    cluster.rows('analyze hailan."case"')


def schedule(cluster, rate, seconds, after=10):
    """So many a second of them come due, from some seconds from now on."""
    cluster.rows("""
        with chosen as (select subject, row_number() over () as n from (select subject from hailan.timer order by subject limit %s) t)
        update hailan.timer t set due_at = statement_timestamp() + make_interval(secs => %s + s.n::float8 / %s), started_at = statement_timestamp() - interval '12 hours'
          from chosen s where s.subject = t.subject""", rate * seconds, after, rate)
    cluster.rows("notify timer")


def rss(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def measure(cluster, pid, seconds):
    """How far behind the clock the oldest timer that has not rung is, ten times a second."""
    late, memory = [], []
    with contextlib.closing(cluster.connect()) as c, c.cursor() as q:
        end = time.monotonic() + seconds + 15
        while time.monotonic() < end:
            q.execute("select greatest(0, extract(epoch from clock_timestamp() - min(due_at))) from hailan.timer")
            late.append(float(q.fetchone()[0] or 0))
            memory.append(rss(pid))
            time.sleep(0.1)
    return late, memory


def outage(cluster, count):
    """So many steps were due in the last week while nothing ran. Seconds until all is said, and how many
    messages the one got who got most."""
    begun = cluster.value("select clock_timestamp()")
    cluster.rows("""
        with chosen as (select subject from hailan.timer where step = 1 order by subject desc limit %s)
        update hailan.timer t set due_at = statement_timestamp() - random() * interval '7 days', started_at = statement_timestamp() - interval '8 days'
          from chosen s where s.subject = t.subject""", count)
    waited = time.monotonic()
    cluster.rows("notify timer")
    ht.until("the backlog to be worked off", lambda: cluster.value(
        "select not exists (select from hailan.timer where due_at <= now()) and not exists (select from hailan.reminder)"), timeout=900, step=0.2)
    return time.monotonic() - waited, cluster.value(
        "select coalesce(max(n), 0) from (select count(*) as n from hailan.outbox where created_at > %s group by destination) t", begun)


def rule_change(cluster):
    """A limit changes. Seconds until all deadlines are made anew, the steps of cases that were made meanwhile in
    seconds each, and how many steps that had rung would ring again."""
    rung = cluster.value("select count(*) from hailan.timer where step > 1")
    numbers = [r[0] for r in cluster.rows('select number from hailan."case" order by number desc limit 5000')]
    waits = []
    with contextlib.closing(cluster.connect()) as link, link.cursor() as q:
        link.autocommit = True
        cluster.rows("update hailan.rule set amount = amount + 60 where name = 'receive'")
        begun = time.monotonic()
        while time.monotonic() < begun + 3600 and (not waits or cluster.value("select exists (select from hailan.timer_recompute)")):
            at = time.monotonic()
            q.execute("select code from hailan.case_step(clock_timestamp(), null, null, %s, 'chase')", (numbers[len(waits) % len(numbers)],))
            assert q.fetchone()[0] == "ok"
            waits.append(time.monotonic() - at)
            time.sleep(0.02)
    seconds = time.monotonic() - begun
    assert not cluster.value("select exists (select from hailan.timer_recompute)"), "deadlines are not made anew in an hour"
    return seconds, sorted(waits), rung - cluster.value("select count(*) from hailan.timer where step > 1")


def plan(cluster, title, sql, *parameters):
    print(f"{title}:")
    for row in cluster.rows(sql, *parameters):
        print(f"    {row[0]}")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--timers", type=int, default=1_000_000)
    p.add_argument("--rate", type=int, default=1000, help="rings a second")
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--outage", type=int, default=100_000, help="steps that were due while nothing ran")
    p.add_argument("--snapshot", action="store_true", help="beside a transaction that stays open, so that no dead row can be cleared away")
    a = p.parse_args()
    with ht.scratch() as folder, contextlib.ExitStack() as stack:
        cluster = ht.Cluster(folder / "pg")
        keeper = None
        try:
            cluster.create()
            config = folder / "hailand.conf"
            config.write_text(f'log_level = "warning"\ncontrol_socket = "{folder}/control.sock"\n'
                              f'database {{ conninfo = "{cluster.conninfo_for()}" }}\n')
            people(cluster)
            fill(cluster, a.timers)
            plan(cluster, "looking for the next", NEXT)
            plan(cluster, "claiming, nothing due", CLAIM, "2020-01-01")
            log = open(folder / "keeper.log", "w")
            keeper = subprocess.Popen([str(ht.HAILAND), "-f", str(config), "--role", "timekeeper:1"], stdout=log, stderr=log)
            time.sleep(1)
            if a.snapshot:
                old = stack.enter_context(contextlib.closing(cluster.connect()))
                old.cursor().execute("begin isolation level repeatable read; select 1 from hailan.timer limit 1")
            schedule(cluster, a.rate, a.seconds)
            late, memory = measure(cluster, keeper.pid, a.seconds)
            rang = cluster.value("select count(*) from hailan.timer_past where how = 'rung'")
            plan(cluster, "looking for the next after that", NEXT)
            late.sort()
            print(f"| open timers | rings a second | rang | late, median | 99 % | worst | memory, first | last |\n|---|---|---|---|---|---|---|---|\n"
                  f"| {a.timers:,} | {a.rate:,} | {rang:,} of {a.rate * a.seconds:,} | {late[len(late) // 2]:.3f} s | {late[len(late) * 99 // 100]:.3f} s "
                  f"| {late[-1]:.3f} s | {memory[0]} KiB | {memory[-1]} KiB |")
            ht.until("all to be said", lambda: cluster.value("select not exists (select from hailan.reminder)"), timeout=120)
            seconds, most = outage(cluster, min(a.outage, a.timers - a.rate * a.seconds))
            failed = cluster.value("select count(*) from hailan.reminder_failed")
            print(f"\nafter an outage with {a.outage:,} overdue steps: worked off in {seconds:.1f} s, at most {most} message to one person, {failed} could not be said; "
                  f"memory {rss(keeper.pid)} KiB")
            if most != 1 or failed:
                return 1
            seconds, waits, again = rule_change(cluster)
            count = cluster.value('select count(*) from hailan."case"')
            print(f"after a limit changed: deadlines of {count:,} open cases anew in {seconds:.1f} s ({count / seconds:,.0f} a second); meanwhile {len(waits):,} steps of cases, "
                  f"median {waits[len(waits) // 2]:.3f} s, worst {waits[-1]:.3f} s; {again} that had rung ring again")
            if again or waits[-1] >= 1:
                return 1
            return 0 if rang == a.rate * a.seconds and late[len(late) * 99 // 100] < 1 else 1
        finally:
            if keeper:
                keeper.terminate()
                keeper.wait(30)
                print(pathlib.Path(folder / "keeper.log").read_text()[-2000:], end="")
            cluster.stop()


sys.exit(main())
