# SPDX-License-Identifier: BSD-2-Clause
"""Thirty days of a town in seconds: the whole daemon under simulated time, with the long holiday of
October and the Sunday worked for it. Who was told what, when, is compared with month.expected."""

import difflib
import os
import pathlib
import re
import signal
import time

import hailan_testing as ht

MANUAL = ht.SOURCE / "daemon/timekeeper/hailan-rules.5"
EXPECTED = pathlib.Path(__file__).with_name("month.expected")
BEGIN = "2026-09-24T01:00:00Z"  # a Thursday, nine in the morning
SYDNEY_BEGIN = "2026-09-23T23:00:00Z"  # the same there, where clocks go forward on the fourth of October
OFFICE, COMMUNITY = "+8613904330031", "+8613904330021"
NIGHT, WORKDAY = "+8615700000011", "+8615700000012"

STAFF = """name,unit,level,phone,language,duty
部门员,{department},3,13904330031,zh,yes
街道员,{street},3,13904330032,zh,yes
市里员,{city},4,13904330033,zh,yes
"""
CALENDAR = """day,kind,name
2026-09-27,makeup,国庆节调休
2026-10-01,rest,国庆节
2026-10-02,rest,国庆节
2026-10-05,rest,国庆节
2026-10-06,rest,国庆节
2026-10-07,rest,国庆节
2026-10-10,makeup,国庆节调休
"""


class Month:
    """A town whose time stands still until it is told to go. Times are those of its zone."""

    def __init__(self, make_town, zone="Asia/Shanghai"):
        self.town = make_town()
        self.zone = zone
        self.cluster, self.daemon = self.town.cluster, self.town.daemon
        self.labels = {}
        ht.ctl("-d", self.cluster.conninfo_for(), "simulate", "mark", check=True)
        self.rows("delete from hailan.staff s using hailan.unit u where u.id = s.unit_id and u.level not in ('grid', 'community')")
        units = {level: self.cluster.value(sql) for level, sql in (
            ("department", "select u.code from hailan.unit u join hailan.category c on c.department_id = u.id where c.code = 'streetlight'"),
            ("street", "select s.code from hailan.unit u join hailan.unit s on s.id = u.parent_id where u.code = '222405001005'"),
            ("city", "select code from hailan.unit where level = 'city'"))}
        self.load("staff", STAFF.format(**units))
        self.load("calendar", CALENDAR)
        self.rows("update hailan.setting set value = %s where key = 'zone'", zone)

    def rows(self, sql, *parameters):
        return self.cluster.rows(sql, *parameters)

    def load(self, kind, text):
        file = self.town.folder / f"{kind}.csv"
        file.write_text(text)
        ht.ctl("-d", self.cluster.conninfo_for(), "import", kind, file, check=True)

    def keepers(self, count):
        text = self.daemon.config.read_text()
        assert "timekeeper { count = 1 }" in text
        self.daemon.config.write_text(text.replace("timekeeper { count = 1 }", f"timekeeper {{ count = {count} }}"))

    def start(self, at=BEGIN):
        self.daemon.start("--simulate", at, "--speed", "0")
        self.town.smsc.bound(timeout=60)
        return self

    def go(self, to):
        """Lets time pass until then; everything that is due on the way has happened."""
        self.daemon.ctl("simulate", "to", f"{to} {self.zone}", "--timeout", str(int(120 * ht.SLOW)))
        now = self.cluster.value("""select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from hailan.simulation""")
        ht.until("all clocks to show it", lambda: all(r["status"].get("clock") == now for r in self.daemon.status()["roles"]),
                 timeout=60, shown=lambda: self.daemon.status()["roles"])

    def suspend(self, seconds=3):
        """All processes of the daemon stand still for some time."""
        pids = [self.daemon.process.pid, *(r["pid"] for r in self.daemon.status()["roles"])]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def report(self, label, phone, text):
        before = len(self.rows('select 1 from hailan."case"'))
        self.town.smsc.text(phone, text)
        ht.until("the case", lambda: len(self.rows('select 1 from hailan."case"')) > before, timeout=60)
        number = self.cluster.value('select max(number) from hailan."case" where phone = %s', phone)
        self.labels[label] = number
        return number

    def says(self, phone, text, action):
        """What staff text about a case, {A} in it being its number, and what it did."""
        label = re.search(r"\{(\w)\}", text)[1]
        done = lambda: [r["action"] for r in self.rows(  # noqa: E731
            "select action from hailan.case_event where case_number = %s and action = %s", self.labels[label], action)]
        assert not done()
        self.town.smsc.text(phone, text.format(**self.labels))
        ht.until(f"{label} to be {action}", done, timeout=60)

    def log(self):
        """Who was told what, when, in the order of time."""
        names = {str(number): label for label, number in self.labels.items()}
        lines = []
        for r in self.rows(
            "select to_char(o.created_at at time zone %s, 'MM-DD Dy HH24:MI') as at, o.destination, coalesce(p.name, 'resident') as name,"
            " o.template, o.body, exists (select from hailan.delivery d where d.outbox_id = o.id and d.state = 'sent') as sent"
            " from hailan.outbox o left join hailan.phone h on h.number = o.destination left join hailan.person p on p.id = h.person_id"
            " order by o.created_at, o.destination, o.template, o.body", self.zone):
            text = r["body"]
            for number, label in names.items():
                text = text.replace(number, label)
            lines.append(f"{r['at']} {r['name']} {r['template']}{'' if r['sent'] else ' NOT SENT'}: {text}")
        return lines


def live(month, restart=False, at=BEGIN, sleep=False):
    month.start(at)
    month.report("A", NIGHT, "天图社区3号楼路灯坏了")
    month.report("B", WORKDAY, "天图社区5号楼井盖丢了")
    month.go("2026-09-24T10:00")
    month.says(OFFICE, "收{B}", "accept")
    # the Sunday that is worked, then A goes on unreceived into the holiday
    month.go("2026-09-27T16:00")
    month.says(OFFICE, "好了{B} 换了井盖", "done")
    month.go("2026-10-03T10:00")
    if restart:
        month.daemon.kill_all()
        month.start("2031-01-01T00:00:00Z")  # whatever the machine's clock says now
    if sleep:
        month.suspend()
    month.report("C", "+8615700000013", "天图社区4号楼下水堵了")
    month.go("2026-10-09T09:00")
    month.says(OFFICE, "{A}收到", "accept")
    month.says(COMMUNITY, "核实{B}", "report")
    month.go("2026-10-24T09:00")


def check(month, expected="month.expected"):
    got = month.log()
    wanted = EXPECTED.with_name(expected).read_text().splitlines()
    assert got == wanted, "\n".join(difflib.unified_diff(wanted, got, expected, "told", lineterm=""))
    # and it has arrived, once
    sent = month.rows("select destination, count(*) as n from hailan.outbox group by 1 order by 1")
    assert {r["destination"]: r["n"] for r in sent} == {r["destination"]: len(month.town.smsc.received(r["destination"])) for r in sent}
    assert month.rows("select * from hailan.reminder_failed") == []
    month.daemon.stop()
    month.daemon.check_log()


def test_thirty_days(make_town):
    month = Month(make_town)
    live(month)
    check(month)


def test_a_restart_in_the_middle_changes_nothing(make_town):
    """With a clock that jumped, nor do two timekeepers."""
    month = Month(make_town)
    month.keepers(2)
    live(month, restart=True)
    check(month)


def test_another_zone_and_a_machine_that_slept(make_town):
    """Where an hour is left out within the month, and the machine was suspended."""
    month = Month(make_town, "Australia/Sydney")
    live(month, at=SYDNEY_BEGIN, sleep=True)
    check(month)


def test_a_rule_as_the_manual_shows_it(make_town):
    """What a reader writes can be tried, and rings in the simulation."""
    month = Month(make_town)
    rule = re.search(r"^\.Bd -literal.*\n(name,states(?:.*\n)+?)\.Ed", MANUAL.read_text(), re.M)[1]
    file = month.town.folder / "rules.csv"
    file.write_text(rule)
    month.start()
    month.report("A", NIGHT, "天图社区3号楼路灯坏了")
    number = month.labels["A"]
    tried = month.daemon.json("rules", "try", file)
    assert [(t["number"], t["rule"], t["rings"]) for t in tried] == [(number, "lamps", "later")]
    assert month.rows("select * from hailan.rule where name = 'lamps'") == []
    month.daemon.ctl("import", "rules", file)
    month.go("2026-09-24T09:30")
    assert [(t["rule"], t["step"], t["due_at"][:16]) for t in month.daemon.json("timers", str(number), "--rule", "lamps")] == [("lamps", 1, "2026-09-24T11:00")]
    month.go("2026-09-29T17:00")
    # half of the limit; the limit; four hours more; then every eight. Friday 09:00 is the default rule's.
    lamps = [" ".join(line.split(" ")[:4]) for line in month.log() if "_receive" in line and "部门员" not in line]
    assert lamps == ["09-24 Thu 11:00 池美兰", "09-24 Thu 15:00 街道员", "09-25 Fri 09:00 市里员", "09-25 Fri 10:00 市里员",
                     "09-27 Sun 11:00 市里员", "09-28 Mon 14:00 市里员", "09-29 Tue 15:00 市里员"]


def test_time_that_runs(make_town):
    """A hundred thousand times as fast: each deadline still has its own moment, in order."""
    month = Month(make_town)
    month.start()
    month.report("A", NIGHT, "天图社区3号楼路灯坏了")
    month.daemon.stop()
    month.daemon.start("--simulate", BEGIN, "--speed", "100000")
    rang = lambda: [(r["step"], r["how"], r["late"]) for r in month.rows(  # noqa: E731
        "select p.step, p.how::text, p.ended_at - p.due_at as late from hailan.timer_past p join hailan.rule r on r.id = p.rule_id where r.name = 'ask' order by 1")]
    ht.until("the last of its steps", lambda: len(rang()) == 11, timeout=120, shown=rang)
    assert [(step, how) for step, how, _ in rang()] == [(i, "rung") for i in range(1, 12)]
    assert all(late.total_seconds() == 0 for _, _, late in rang())


def test_nothing_rings_twice(make_town):
    """Three timekeepers, killed again and again while they work off a backlog."""
    month = Month(make_town)
    month.keepers(3)
    month.rows('alter table hailan."case" disable trigger timers')
    month.rows("""
        insert into hailan."case" (number, city, filed_at, unit_id, place_id, category, channel, phone, language, text)
        select nextval('hailan.case_number_seq'), 222405, now(), (select department_id from hailan.category where code = 'streetlight'),
               (select id from hailan.unit where code = '222405001005'), 'streetlight', 'sms', '+8615700000099', 'zh', '灯坏了' from generate_series(1, 6000)""")
    month.rows("update hailan.setting set value = 'sms' where key = 'notice_channel'")
    month.rows("update hailan.setting set value = '12345' where key = 'notice_source'")
    month.rows("""insert into hailan.timer (subject, rule_id, city, started_at, due_at)
        select k.number, r.id, 222405, now() - interval '13 hours', now() - interval '1 hour' from hailan."case" k, hailan.rule r where r.name = 'receive'""")
    month.daemon.start()
    rung = lambda: month.cluster.value("select count(*) from hailan.timer_past where how = 'rung'")  # noqa: E731
    for some in (1, 2000, 4000):
        ht.until(f"{some} rings", lambda some=some: rung() >= some, timeout=120, shown=rung)
        month.daemon.kill_children("timekeeper")
    ht.until("all to have rung", lambda: rung() == 6000, timeout=120, shown=rung)
    assert month.cluster.value("select count(*) from hailan.timer where step = 2") == 6000
    # one reminder for each, gathered for the one person that they are for
    waiting = month.cluster.value("select count(distinct subject) from hailan.reminder")
    said = month.rows("select template, body from hailan.outbox where destination = '+8613904330031'")
    assert waiting == 6000 or [r["template"] for r in said] == ["reminder_digest"] and said[0]["body"].startswith("6000件"), (waiting, said)


def test_no_simulation_of_a_real_database(make_town):
    town = make_town()
    town.daemon.start("--simulate", BEGIN, "--speed", "1000")
    ht.until("the refusal", lambda: "the clock is simulated and this is no database for tests" in town.daemon.log(), timeout=60)
    assert town.rows("select count(*) from hailan.clerk_presence")[0][0] == 0
    done = ht.ctl("-d", town.cluster.conninfo_for(), "simulate", "to", "2026-10-03T10:00")
    assert done.returncode == 1 and "not marked as one for tests" in done.stderr


def test_an_outage_in_the_middle(make_town):
    """Everything is away from Saturday noon for four days. Limits that ran into it end as much later, nothing
    rings late, and who was told what, when is compared again."""
    month = Month(make_town)
    month.start()
    month.report("A", NIGHT, "天图社区3号楼路灯坏了")
    month.report("B", WORKDAY, "天图社区5号楼井盖丢了")
    month.go("2026-09-24T10:00")
    month.says(OFFICE, "收{B}", "accept")
    month.go("2026-09-26T12:00")
    month.daemon.kill_all()
    month.rows("update hailan.simulation set at = '2026-09-30 12:00+08'")
    month.start()
    month.go("2026-10-13T09:00")
    outages = month.daemon.json("outages")
    assert [(o["from_at"][:16], o["to_at"][:16], o["minutes"]) for o in outages] == [("2026-09-26T12:00", "2026-09-30T12:00", 5760)], outages
    assert outages[0]["credited"] > 0
    assert month.cluster.value("select count(*) from hailan.timer_past where how = 'missed'") == 0
    check(month, "outage.expected")
