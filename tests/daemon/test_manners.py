# SPDX-License-Identifier: BSD-2-Clause
"""The manners of what goes out, over the wire: a night that passes in seconds, campaigns refused and wanted again
in both languages, two machines that answer each other, an hour's ceiling. Time stands still until it is told to go."""

import json

import hailan_testing as ht
import pytest

from conftest import WORKER_TIANTU_1

EVENING = "2026-11-24T13:00:00Z"  # a Tuesday, nine in the evening
ON = "service quiet budget storm ceiling"


class Night:
    def __init__(self, make_town):
        self.town = make_town()
        self.rows, self.ctl, self.smsc = self.town.rows, self.town.daemon.ctl, self.town.smsc
        ht.ctl("-d", self.town.cluster.conninfo_for(), "simulate", "mark", check=True)
        self.rows("update hailan.setting set value = %s where key = 'manners'", ON)

    def start(self, at=EVENING):
        self.town.daemon.start("--simulate", at, "--speed", "0")
        self.smsc.bound(timeout=60)
        return self

    def go(self, to):
        self.ctl("simulate", "to", to, "--timeout", str(int(120 * ht.SLOW)))

    def post(self, phone, priority, text="活动通知"):
        """Something that a rule puts into the outbox now."""
        return self.rows(
            "with t as (select at from hailan.simulation), o as (insert into hailan.outbox (id, city, created_at, priority, channel, link, source,"
            " destination, language, template, body) select hailan.make_id(at, nextval('hailan.outbox_seq')), 222405, at, %s, 'sms', 'a', '12345', %s,"
            " 'zh', 'test', %s from t returning id, priority, created_at),"
            " w as (insert into hailan.outbox_waiting (channel, priority, id, not_before) select 'sms', priority, id, created_at from o)"
            " select id, pg_notify('outbox_sms', '') from o", priority, phone, text)[0]["id"]

    def ended(self, id, state):
        ht.until(f"{state} of {id}", lambda: state in self.town.delivery(id), timeout=60, shown=lambda: self.town.delivery(id))

    def to(self, phone, state):
        """The outgoing messages to phone in this state, by text."""
        return [r["body"] for r in self.rows(
            "select o.body from hailan.outbox o join hailan.delivery d on d.outbox_id = o.id where o.destination = %s and d.state = %s order by o.id", phone, state)]


@pytest.fixture(scope="module")
def night(make_module_town):
    n = Night(make_module_town).start()
    yield n
    n.town.daemon.stop()
    n.town.daemon.check_log()


def test_a_night(night):
    asker, elder = "+8615700000021", "+8615700000022"
    night.smsc.text(asker, "天图社区3号楼楼道灯坏了")
    night.smsc.expect(asker, r"\d{5,}", timeout=60)  # an answer at any hour
    ht.until("the notice to be put off", lambda: night.to(WORKER_TIANTU_1, "put_off"), timeout=60)
    night.smsc.text(elder, "天图社区3号楼楼道里煤气味特别大 我害怕")
    night.smsc.expect(elder, r"11[09]", timeout=60)
    night.smsc.expect(WORKER_TIANTU_1, timeout=60)
    assert len(night.smsc.received(WORKER_TIANTU_1)) == 1  # of danger, and of nothing else
    waiting = json.loads(night.ctl("outbox", "--waiting", "--json").stdout)
    mine = [w for w in waiting if w["destination"] == WORKER_TIANTU_1]
    assert "quiet hours: until 2026-11-25 07:30" in mine[0]["detail"]
    night.go("2026-11-25T07:29+08")
    assert len(night.smsc.received(WORKER_TIANTU_1)) == 1
    night.go("2026-11-25T07:31+08")
    ht.until("the notice in the morning", lambda: len(night.smsc.received(WORKER_TIANTU_1)) >= 2, timeout=60)


@pytest.mark.parametrize("phone, stop, again, stopped, wanted", [
    ("+8615700000031", "退订", "订阅", "退订", "订阅"),
    ("+8615700000032", "ＴＤ", "开通", "退订", "订阅"),
    ("+8615700000033", "수신거부", "수신동의", "그만", "다시"),
])
def test_campaigns_are_refused_and_wanted_again(night, phone, stop, again, stopped, wanted):
    night.go("2026-11-25T10:00+08")
    night.rows("insert into hailan.contact (number, language, changed_at) values (%s, %s, now()) on conflict do nothing",
               phone, "ko" if stop == "수신거부" else "zh")
    night.ended(night.post(phone, 3, "活动一"), "sent")
    night.smsc.text(phone, stop)
    night.smsc.expect(phone, since=1, timeout=60)
    refused, told = night.post(phone, 3, "活动二"), night.post(phone, 2, "您的事已转办")
    night.ended(refused, "stopped")
    night.ended(told, "sent")  # what is about his own case he gets
    assert night.rows("select campaigns from hailan.contact where number = %s", phone)[0][0] is False
    night.smsc.text(phone, again)
    ht.until("the answer", lambda: len(night.smsc.received(phone)) == 4, timeout=60, shown=lambda: night.smsc.texts(phone))
    night.ended(night.post(phone, 3, "活动三"), "sent")
    ht.until("the third", lambda: "活动三" in night.smsc.texts(phone), timeout=60)
    texts = night.smsc.texts(phone)
    assert "活动二" not in texts and "活动一" in texts
    failed = json.loads(night.ctl("outbox", "--failed", "--json").stdout)
    assert "has refused campaigns" in [f["detail"] for f in failed if f["id"] == refused]


def test_two_machines(night):
    machine = "+8615700000041"
    night.town.policy("storm_messages", 5)
    for i in range(8):
        night.smsc.text(machine, f"编号{20020 + 13 * i}办得怎么样了")
    ht.until("three answers to be stopped", lambda: len(night.to(machine, "stopped")) == 3, timeout=60, shown=lambda: night.smsc.texts(machine))
    assert len(night.to(machine, "handed")) == 5
    alarm = [a for a in json.loads(night.ctl("status", "--json").stdout)["database"]["alarms"] if a["kind"] == "storm"]
    assert [a["subject"] for a in alarm] == [machine]
    assert machine in night.ctl("status").stdout and machine in night.ctl("alarms").stdout
    id = str(alarm[0]["id"])
    assert json.loads(night.ctl("alarms", "--end", id, "--json").stdout)["ok"]
    assert night.ctl("alarms", "--end", id, check=False).returncode == 1
    assert night.ctl("alarms").stdout == "no alarms\n" and machine in night.ctl("alarms", "--all").stdout
    night.smsc.text(machine, "编号20124办得怎么样了")
    ht.until("an answer again", lambda: len(night.to(machine, "handed")) == 6, timeout=60)


def test_service_numbers(night):
    night.ended(night.post("10086", 0), "stopped")


def test_a_ceiling(night):
    night.town.policy("storm_messages", 0)
    night.go("2026-11-25T15:00+08")
    night.rows("update hailan.outgoing_ceiling set parts = 3")
    notices = [night.post(f"+861570000005{i}", 2, "通知") for i in range(5)]
    ht.until("two to be put off", lambda: sum("put_off" in night.town.delivery(i) for i in notices) == 2, timeout=60)
    danger = night.post("+8615700000059", 0, "危险")
    night.ended(danger, "sent")
    status = night.ctl("status").stdout
    assert "ceiling" in status and "parts_this_hour" in status
    night.go("2026-11-25T16:01+08")
    for i in notices:
        night.ended(i, "sent")
    night.rows("update hailan.outgoing_ceiling set parts = 36000")
