# SPDX-License-Identifier: BSD-2-Clause
"""Single connections to the database that are lost, hang, or are held by somebody else."""

import contextlib
import os
import pathlib
import signal
import subprocess

import pytest

import hailan_testing as ht
import links
import texts


@pytest.fixture
def town(make_town):
    t = make_town(channel_options="connections = 1").start()
    yield t
    t.daemon.stop()
    t.daemon.check_log()


def outbox_state(town):
    """What "hailanctl status" says of the channel's outbox."""
    roles = town.daemon.status()["roles"]
    status = next(r for r in roles if r["role"] == "channel:sms").get("status") or {}
    return status.get("outbox", {})


def outbox_backends(town):
    return [r[0] for r in town.rows(
        "select pid from pg_stat_activity where usename = 'hailan_sms' and query ~ 'outbox|receipts'")]


def test_only_the_outbox_loses_its_connection(town):
    links.served(town)
    ht.until("an outbox that is connected", lambda: outbox_state(town).get("connected") is True)
    [pid] = ht.until("its backend", lambda: outbox_backends(town))
    town.rows("alter role hailan_sms connection limit 1")  # that of the inbox
    town.rows("select pg_terminate_backend(%s)", pid)
    ht.until("the loss in the log", lambda: "database down connection=outbox reason=" in town.daemon.log(), timeout=60)
    ht.until("the loss in the status", lambda: outbox_state(town).get("connected") is False, timeout=60)
    phone = ht.phone()
    town.smsc.text(phone, links.LIGHT)  # still taken in
    town.rows("alter role hailan_sms connection limit -1")
    texts.check_reply(town.smsc.expect(phone, timeout=60))
    ht.until("the return in the status", lambda: outbox_state(town).get("connected") is True, timeout=60)
    assert town.daemon.log().count("database up connection=outbox") == 2


def test_two_processes_of_one_name(town):
    """The second takes reports in but sends nothing, says why, and disturbs the first in nothing."""
    town.daemon.allowed_errors += ["killed|signal", "alarm outbox: another process"]
    links.served(town)
    town.smsc.set(resp_delay=0.5)  # messages are in hand
    with open(town.folder / "second.log", "wb") as log:
        second = subprocess.Popen(
            [town.daemon.build / "sbin/hailand", "-d", "-f", town.daemon.config, "--role", "channel:sms"],
            stdout=log, stderr=log)
    said = town.folder / "second.log"
    try:
        town.smsc.bound(2)
        people = links.crowd(town, 20, link="a")
        ht.until("its alarm", lambda: "alarm outbox: another process" in said.read_text(), timeout=90)
        links.all_answered(town, people, timeout=60)
        assert "were in hand when" not in said.read_text(), "it took what the first had in hand"
        assert town.rows("select 1 from hailan.delivery where state = 'unknown'") == []
        town.daemon.kill_children("channel")  # its successor or the second: one of them has the name soon
        links.served(town)
    finally:
        second.terminate()
        second.wait(30 * ht.SLOW)
    links.served(town)


def stopped_cluster(cluster):
    """The processes of the private server, the first of them its postmaster."""
    postmaster = int((cluster.folder / "data/postmaster.pid").read_text().split()[0])
    children = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, rest = stat.read_text().split(" (", 1)
            if int(rest.rsplit(")", 1)[1].split()[1]) == postmaster:
                children.append(int(pid))
    return [postmaster, *children]


@contextlib.contextmanager
def hung(cluster):
    """The server neither answers nor refuses: all its processes are stopped."""
    pids = stopped_cluster(cluster)
    try:
        for pid in pids:  # the postmaster first: it makes no new ones
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def entry(town, phone):
    """What the SMSC knows of the one text that phone has sent."""
    [found] = [e for e in town.smsc.do("acked", kind="message", **{"from": phone})["ledger"]]
    return found


def test_server_that_hangs(town):
    """No connection breaks and none is refused, so the reports wait; when their patience ends the SMSC is told to
    come again, and it finds each of them once."""
    town.smsc.set(resend_after=0, retry_delay=1, enquire=0)
    links.served(town)
    people = [ht.phone() for _ in range(3)]
    with hung(town.cluster):
        for p in people:
            town.smsc.send(p, links.LIGHT)
        ht.until("later", lambda: all(entry(town, p)["refusals"] for p in people), timeout=90, step=0.5,
                 shown=lambda: [entry(town, p) for p in people])
        assert {r for p in people for r in entry(town, p)["refusals"]} == {0x64}, [entry(town, p) for p in people]
        assert all(e["state"] != "acked" and e["acked"] - e["queued"] > 20 for e in map(lambda p: entry(town, p), people))
    links.all_answered(town, people, timeout=90)
    town.smsc.do("wait", idle=True)  # a row may be there, and its reply out, before the SMSC has come again
    for p in people:
        assert (entry(town, p)["state"], entry(town, p)["status"]) == ("acked", 0)
        assert len(town.inbox(p)) == 1 and len(town.cases(p)) == 1
    assert "AddressSanitizer" not in town.daemon.log()
