# SPDX-License-Identifier: BSD-2-Clause
"""Outages in the middle of a burst: PostgreSQL, the SMSC, the wire between. See outages.py; what kills processes is in crash.py."""

import contextlib
import os
import subprocess
import time

import psycopg2
import pytest

import hailan_testing as ht
from outages import MESSAGES, QUICK, SMSC, Burst, Said, all_well, until_said
from proxy import Proxy
from smsc import pdu


@pytest.fixture(scope="module")
def wire():
    """Between hailand and its SMSC; whoever made it tells it where the SMSC is."""
    w = Proxy()
    yield w
    w.stop()


@pytest.fixture(scope="module")
def town(make_module_town, wire):
    """What is asked and not answered ends a link soon."""
    t = make_module_town(fast=False, clerks=1, smsc_settings={**SMSC, "enquire": 0},
                         link_options=f'{QUICK} enquire_interval = "500ms" response_timeout = "1s"')
    wire.target = t.smsc.ports["a"]
    text = t.daemon.config.read_text()
    t.daemon.config.write_text(text.replace(f"port = {wire.target}", f"port = {wire.port}"))
    yield t.start()
    t.daemon.stop()
    t.daemon.check_log()


@pytest.fixture(autouse=True)
def well_before(request):
    if "town" in request.fixturenames:
        until_said(request.getfixturevalue("town"), "that all is well", all_well)


@pytest.mark.parametrize("seconds", [1, 600] if ht.NIGHTLY else [1])
def test_database_away(town, seconds):
    """The SMSC is told to come later and its link stays up; how long it takes makes no difference."""
    b = Burst(town).begun()
    told_before = Said(town).later
    town.cluster.stop()
    ht.until("a refusal", b.refusals)
    s = until_said(town, "that the database is away", lambda s: s.inbox.get("connections_up") == 0 and s.later > told_before
                   and s.status("clerk:1").get("database") == "down" and s.status("timekeeper:1").get("database") == "down"
                   and s.link()["state"] == "up" and s.inbox["open"] is False and s.status()["outbox"]["connected"] is False)
    assert s.code == 69 and s.database is None and s.errors, "it cannot be reached, and that is said"
    acked = len(b.acked())
    time.sleep(seconds)
    assert len(b.acked()) == acked, "acknowledged what nobody can have stored"
    town.cluster.start()
    b.check(f"PostgreSQL away for {seconds} s")
    assert b.refusals() == {pdu.RX_T_APPN}
    until_said(town, "that all is well", all_well)


@pytest.fixture
def small_disk():
    """A file system of its own for a cluster."""
    with ht.scratch() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m,mode=755", "hailan-test", str(folder)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(ballast, town):
    """Leaves nothing free, neither outside of the database nor in what PostgreSQL had laid out before."""
    with open(ballast, "ab", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(b"\0" * 4096)
    with contextlib.suppress(psycopg2.Error):
        town.rows("create table if not exists filler (t text)")
        for _ in range(20):
            town.rows("insert into filler select repeat(md5(i::text), 30) from generate_series(1, 5000) i")


@pytest.mark.skipif(not ht.NIGHTLY, reason="takes half a minute: HAILAN_NIGHTLY=1 runs it")
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_disk_full(make_town, small_disk):
    """PostgreSQL cannot write: whether it refuses or ends, the SMSC is told to come later."""
    town = make_town(fast=False, link_options=QUICK, smsc_settings=SMSC, cluster_folder=small_disk / "pg")
    # a full disk is for a person to see to
    town.daemon.allowed_errors.append("No space left|could not (extend|write)|sqlstate=53|disk")
    town.start()
    bursts, ballast = [Burst(town).begun()], small_disk / "ballast"

    def refused():
        fill(ballast, town)
        if all(len(b.acked()) == MESSAGES for b in bursts):
            bursts.append(Burst(town))
        return set().union(*(b.refusals() for b in bursts))
    try:
        ht.until("a refusal", refused, step=0.2)
        s = until_said(town, "of the trouble", lambda s: s.later > 0)
        assert s.link()["state"] == "up"
    finally:
        ballast.unlink()
    town.cluster.restart()  # it may have ended for want of room for its log
    for b in bursts:
        b.check("the full disk")
        assert b.refusals() <= {pdu.RX_T_APPN}
    until_said(town, "that all is well", all_well)
    town.daemon.stop()
    town.daemon.check_log()


def only_the_link(s):
    """Stands still, and has for so long that what the channel said of itself since is there."""
    return (s.link().get("state") in ("down", "connecting") and s.inbox["stored"] >= 20 and s.inbox["connections_up"] == s.inbox["connections"]
            and s.status()["outbox"]["connected"])


def test_smsc_gone_and_back(town):
    """It hangs up and listens no more; the link says so, and is there again when it is."""
    b = Burst(town).begun()
    town.smsc.do("down")
    s = until_said(town, "that the link is down, and nothing else", only_the_link)
    assert s.code == 0 and s.errors == []
    town.smsc.do("up")
    b.check("the SMSC's return")
    until_said(town, "that all is well", all_well)


@pytest.mark.parametrize("mode", ["swallow", "deaf", "drip"])
def test_spoiled_wire(town, wire, mode):
    """Half-open, never reading, or an octet a second: the link is given up and tried again until it is well."""
    lost = town.daemon.log().count("up -> down")
    b = Burst(town).begun()
    wire.mode = mode
    try:
        ht.until("the link to be given up", lambda: town.daemon.log().count("up -> down") > lost)
        until_said(town, "that the link is down, and nothing else", only_the_link)
    finally:
        wire.mode = "pass"
    b.check(f"a wire that did {mode}")
    until_said(town, "that all is well", all_well)
