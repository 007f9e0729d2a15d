# SPDX-License-Identifier: BSD-2-Clause
"""Kill -9 under load, at random moments: nothing acknowledged is lost, nothing is doubled, and each
sender's messages are handled in their order. A hundred kills in all; HAILAN_NIGHTLY: a hundred of
each kind. Here is what test_crash*.py share."""

import collections
import contextlib
import os
import random
import re
import signal
import time

import pytest

import hailan_testing as ht
from conftest import WORKERS

ROUNDS = 100 if ht.NIGHTLY else 20
TEXTS = ["天图社区3号楼楼道灯坏了", "河西社区4号楼下水道堵了", "六道河社区6号楼电梯停了", "天图社区5号楼垃圾没人拉", "龙门社区5号楼井盖丢了"]
SENDERS, MESSAGES = 8, 40  # of each round; 8 and 5 have no common divisor: every sender writes five different texts


@pytest.fixture(scope="module")
def durable(make_module_town):
    """PostgreSQL with fsync on, two clerks, an SMSC that sends again what was not answered."""
    town = make_module_town(
        fast=False, clerks=2, restart_delay_max="200ms", link_options='reconnect_min = "50ms" reconnect_max = "200ms"',
        smsc_settings={"window": 16, "deliver_rate": 150, "resend_after": 5, "retry_delay": 0.1, "receipt_delay": 0})
    town.rounds = 0
    town.daemon.allowed_errors.append(".")  # children are killed: that may be said; sanitizers may say nothing
    yield town.start()
    town.daemon.stop()
    town.daemon.check_log()


def kill_channel(town):
    town.daemon.kill_children("channel")


def kill_clerk(town):
    town.daemon.kill_children(random.choice(["clerk:1", "clerk:2", "clerk"]))


def kill_timekeeper(town):
    town.daemon.kill_children("timekeeper")


def kill_everything(town):
    town.daemon.kill_all()
    town.daemon.process = None
    town.daemon.start()


def kill_supervisor(town):
    """The supervisor alone: its children must not go on beside those of the next one."""
    children = list(town.daemon.children())
    town.daemon.process.kill()
    town.daemon.process.wait(10)
    town.daemon.process = None

    def gone():
        return not [p for p in children if alive(p)]
    ht.until("the end of the orphans", gone, shown=lambda: [p for p in children if alive(p)])
    town.daemon.start()


def alive(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def kill_postgresql(town):
    town.cluster.restart()


def kill_backends(town):
    town.rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'hailan' and pid <> pg_backend_pid()")


def stop_and_go_channel(town):
    """Not dead, but asleep for a while, and then killed in the middle of what it was doing."""
    for pid, role in town.daemon.children().items():
        if role.startswith("channel"):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.1)
            os.kill(pid, signal.SIGKILL)


KINDS = {
    "channel": (kill_channel, ROUNDS),
    "clerk": (kill_clerk, ROUNDS),
    "everything": (kill_everything, ROUNDS),
    "PostgreSQL": (kill_postgresql, ROUNDS),
    "supervisor": (kill_supervisor, ROUNDS // 4),
    "backends": (kill_backends, ROUNDS // 4),
    "channel asleep": (stop_and_go_channel, ROUNDS // 4),
    "timekeeper": (kill_timekeeper, ROUNDS // 4),
}


def burst(town, n):
    first = 15500000000 + n * SENDERS
    town.smsc.do("burst", count=MESSAGES, first=str(first), phones=SENDERS, texts=TEXTS, keep=True)
    return [f"+86{first + i}" for i in range(SENDERS)]


def check_inbox(town, people, messages=MESSAGES):
    ledger = [e for e in town.smsc.do("acked", kind="message")["ledger"] if e["from"] in people]
    assert len(ledger) == messages
    bad = [e for e in ledger if e["state"] != "acked" or e["status"] != 0]
    assert not bad, f"{len(bad)} were not taken, the first: {bad[0]}"
    rows = town.rows("select source, raw, id from hailan.inbox where source = any(%s)", people)
    have = collections.Counter((r["source"], bytes(r["raw"]).decode("utf-16-be")) for r in rows)
    want = {(e["from"], e["text"]) for e in ledger}
    lost = want - set(have)
    assert not lost, f"acknowledged and lost: {sorted(lost)[:5]}"
    doubled = {k: c for k, c in have.items() if c > 1}
    assert not doubled, f"stored twice: {doubled}"
    assert set(have) == want


def check_cases(town, people):
    rows = town.rows('select i.id, i.source, i.text, count(c.number) as cases from hailan.inbox i'
                     ' left join hailan."case" c on c.message_id = i.id where i.source = any(%s) group by i.id, i.source, i.text', people)
    wrong = [dict(r) for r in rows if r["cases"] != 1]
    assert not wrong, f"{len(wrong)} messages without exactly one case, the first: {wrong[0]}"


def check_order(town, people, messages=MESSAGES):
    """The events 'filed' of a sender come in the order of his messages."""
    rows = town.rows('select c.phone, c.message_id from hailan."case" c join hailan.case_event e on e.case_number = c.number'
                     " where c.phone = any(%s) and e.action = 'filed' order by e.id", people)
    by_phone = collections.defaultdict(list)
    for r in rows:
        by_phone[r["phone"]].append(r["message_id"])
    assert sum(map(len, by_phone.values())) == messages, "not one event for each case"
    for phone, ids in by_phone.items():
        assert ids == sorted(ids), f"{phone}: handled out of order: {story_of(town, phone)}"


def story_of(town, phone):
    """Each message of a sender with the moments of its life, in the order in which they were handled."""
    sent = {e["text"]: e for e in town.smsc.do("acked", **{"from": phone})["ledger"]}
    lines = []
    for r in town.rows('select i.id, i.raw, i.received_at, e.id as event, e.at from hailan.inbox i join hailan."case" c on c.message_id = i.id'
                       " join hailan.case_event e on e.case_number = c.number and e.action = 'filed' where i.source = %s order by e.id", phone):
        text = bytes(r["raw"]).decode("utf-16-be")
        e = sent.get(text, {})
        lines.append(f"{text.split()[-1]}: row {r['id']} at {r['received_at']:%S.%f}, handled {r['event']} at {r['at']:%S.%f},"
                     f" attempts {e.get('attempts')}, refusals {e.get('refusals')}")
    return "\n  " + "\n  ".join(lines)


def check_outgoing(town, people):
    """One row for each message out; on the phone at least one copy, at most one more."""
    doubled = town.rows("select number, destination, count(*) from hailan.outbox where number in"
                        ' (select number from hailan."case" where phone = any(%s)) group by 1, 2 having count(*) > 1', people)
    assert not doubled, f"said twice: {[dict(d) for d in doubled]}"
    cases = town.rows('select number, phone from hailan."case" where phone = any(%s)', people)
    out = {(r["number"], r["destination"]) for r in town.rows(
        "select number, destination from hailan.outbox where number in"
        ' (select number from hailan."case" where phone = any(%s))', people)}
    texts = {p: town.smsc.texts(p) for p in people + WORKERS}
    for number, destination in out:
        copies = sum(1 for t in texts[destination] if re.search(rf"(?<!\d){number}(?!\d)", t))
        assert 1 <= copies <= 2, f"{copies} copies of the message about {number} to {destination}"
    for c in cases:
        assert (c["number"], c["phone"]) in out, f"{c['number']}: no reply"


def settled(town, what, seconds=120):
    """Everything acknowledged, filed, sent and answered by the SMSC."""
    town.smsc.do("wait", idle=True, timeout=seconds)

    def done():
        with contextlib.suppress(Exception):  # PostgreSQL may still be coming up
            return (town.waiting() == 0
                    and town.cluster.value("select count(*) from hailan.outbox_waiting where not_before <= now()") == 0
                    and unended(town) == 0)
        return False
    ht.until(f"quiet after {what}", done, timeout=seconds, step=0.05,
             shown=lambda: (town.waiting(), town.cluster.value("select count(*) from hailan.outbox_waiting"), unended(town)))


def unended(town):
    """Messages that were handed over and of which nothing more is known."""
    return town.cluster.value("select count(*) from hailan.outbox_in_hand")


def kill_rounds(town, kind):
    kill, rounds = KINDS[kind]
    for _ in range(rounds):
        n = town.rounds
        town.rounds += 1
        random.seed(f"{os.environ.get('HAILAN_SEED', '1')} {kind} {n}")
        people = burst(town, n)
        pause = random.uniform(0, 0.4)
        time.sleep(pause)
        kill(town)
        what = f"kill of {kind}, round {n}, after {pause:.3f} s"
        try:
            settled(town, what)
            check_inbox(town, people)
            check_cases(town, people)
            check_order(town, people)
            check_outgoing(town, people)
        except AssertionError as e:
            raise AssertionError(f"{what}: {e}") from e


def check_all_rounds(town):
    counted = town.cluster.value("select count(*) from hailan.inbox")
    assert counted == town.rounds * MESSAGES, f"{counted} rows of {town.rounds * MESSAGES} messages"
    assert town.cluster.value('select count(*) from hailan."case"') == counted
    assert town.rows("select * from hailan.inbox_stuck") == []
    late = "enquire_link not answered|deliver_sm_resp .* nobody waits for"  # while PostgreSQL was away
    assert [c for c in town.smsc.complaints() if not re.search(late, c)] == []
