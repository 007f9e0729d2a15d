# SPDX-License-Identifier: BSD-2-Clause
"""Floods, slow peers, and a database that is away."""

import time

import pytest

import hailan_testing as ht
from links import LIGHT, QUICK, all_answered, crowd, served
from raw_peer import RawPeer
from smsc import pdu



def test_octet_by_octet(make_town):
    """Everything that the SMSC says, bind response included, comes in pieces of one octet."""
    town = make_town(link_options=QUICK, smsc_settings={"dribble": 1}).start()
    served(town)
    phone = ht.phone()
    town.smsc.text(phone, LIGHT * 20, mode="udh8", order=[3, 1, 2, 4])
    town.smsc.expect(phone)
    assert town.smsc.complaints() == []


def test_slow_peer_holds_up_nobody(make_town):
    """One link dribbles an octet now and then, the other goes on."""
    slow = RawPeer(links=("slow",))
    try:
        extra = f"""    link "slow" {{
        host = "127.0.0.1"
        port = {slow.ports['slow']}
        system_id = "town"
        password = "secret"
        {QUICK}
    }}"""
        town = make_town(link_options=QUICK, channel_options=extra)
        town.daemon.start()
        c = slow.accept("slow")
        command, _, sequence, _ = c.read()
        bind = pdu.pack(command | pdu.RESPONSE, 0, sequence, pdu.bind_resp("raw", 0x34))
        c.write(bind[:9], pause=0.2)
        town.smsc.bound()
        served(town)
        c.write(bind[9:], pause=0.1)
        m = pdu.Message(source_ton=1, source_npi=1, source=ht.phone()[1:], dest_ton=3, dest="12345", data_coding=8,
                        short_message=LIGHT.encode("utf-16-be"))
        octets = pdu.pack(pdu.DELIVER_SM, 0, 7, m.body())
        c.write(octets[:20], pause=0.1)
        served(town)
        c.write(octets[20:], pause=0.05)
        assert c.read_until(pdu.DELIVER_SM_RESP)[1:3] == (0, 7)
        ht.until("its row", lambda: len(town.inbox("+" + m.source)) == 1)
    finally:
        slow.stop()


def test_order_of_arrival(make_town):
    """The rows of a sender have the order in which his texts came, whatever batches they were in."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 200}).start()
    town.smsc.do("burst", count=3000, first="+8615920000000", phones=7, text=LIGHT, wait=60 * ht.SLOW, timeout=90)
    for n in range(7):
        rows = town.inbox(f"+861592000000{n}")
        came = [int(bytes(r["raw"]).decode("utf-16-be").split()[-1]) for r in rows]
        assert len(came) == len(range(n, 3000, 7)) and came == sorted(came), f"sender {n}: out of order"


def test_flood(make_town):
    """Far more than is handled at once, and a window without sense: all of it once, memory bounded."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 5000}, clerks=2).start()
    served(town)
    before = town.daemon.rss()["channel:sms"]
    town.smsc.do("burst", count=4000, first="+8615900000000", text=LIGHT, timeout=200)
    town.smsc.do("wait", idle=True, timeout=60 * ht.SLOW, )
    assert town.cluster.value("select count(*) from hailan.inbox where source like '+8615900%%'") == 4000
    grown = town.daemon.rss()["channel:sms"] - before
    assert grown < 64 * 1024, f"the channel grew by {grown} KiB"
    assert town.smsc.do("enquire")


@pytest.mark.parametrize("build, room_mib", [(ht.FAST, 32), (ht.BUILD, 256)], ids=["plain", "sanitized"])
def test_flood_while_the_database_hangs(make_town, build, room_mib):
    """The queue is bounded; at the bound nothing is read or it is told to come again; all is stored once. Sanitizers
    lay a zone around each piece of memory and keep what is freed: they have more room."""
    town = make_town(build=build, link_options=QUICK, smsc_settings={"window": 20000, "retry_delay": 1}).start()
    served(town)
    before = town.daemon.rss()["channel:sms"]
    with town.cluster.locked("hailan.inbox"):
        town.smsc.do("burst", count=15000, first="+8615910000000", text=LIGHT)
        time.sleep(5)
        assert town.smsc.do("stats")["counters"].get("delivers_acked", 0) <= 1, "acknowledged what nobody has"
        grown = town.daemon.rss()["channel:sms"] - before
        assert grown < room_mib * 1024, f"the channel grew by {grown} KiB"
    town.smsc.do("wait", idle=True, timeout=90 * ht.SLOW)
    assert town.cluster.value("select count(*) from hailan.inbox where source like '+8615910%%'") == 15000


def test_database_away(make_town):
    """The SMSC is told to come again, and with nothing but that status; nothing is lost, nothing doubled."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 100}).start()
    town.daemon.allowed_errors.append("database|connection")
    served(town)
    town.cluster.stop()
    try:
        people = crowd(town, 20)
        ht.until("refusals", lambda: town.smsc.do("stats")["counters"].get("delivers_refused_for_now", 0) >= 1,
                 shown=lambda: town.smsc.do("stats")["counters"])
        assert town.smsc.do("enquire"), "the link must stay up"
        refusals = {r for e in town.smsc.do("acked")["ledger"] for r in e["refusals"]}
        assert refusals == {pdu.RX_T_APPN}, refusals
        assert not [e for e in town.smsc.do("acked")["ledger"] if e["from"] in people and e["state"] == "acked"]
    finally:
        town.cluster.start()
    town.smsc.do("wait", idle=True, timeout=60)
    for p in people:
        assert len(town.inbox(p)) == 1
    all_answered(town, people, copies=2)
