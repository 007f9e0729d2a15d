# SPDX-License-Identifier: BSD-2-Clause
"""Links that are cut: nothing is lost and nothing doubled."""

import json
import socket

import pytest

import hailan_testing as ht
from links import QUICK, all_answered, crowd, served



@pytest.mark.parametrize("how", ["reset", "fin"])
def test_cut_in_the_middle_of_delivers(make_town, how):
    """What was committed and not acknowledged comes again: acknowledged, not handled again."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 50}).start()
    for _ in range(5):
        people = crowd(town, 30)
        town.smsc.do("cut", how=how)
        town.smsc.bound()
        town.smsc.do("wait", idle=True)
        for p in people:
            assert len(town.inbox(p)) == 1, f"{p}: {len(town.inbox(p))} rows"
    town.handled()
    assert town.cluster.value('select count(*) from hailan."case"') == 150
    assert town.cluster.value("select count(*) - count(distinct message_id) from hailan.\"case\"") == 0
    assert town.smsc.complaints() == []


def test_cut_after_each_deliver(make_town):
    town = make_town(link_options=QUICK, smsc_settings={"window": 1}).start()
    for n in (1, 2, 3, 5):
        town.smsc.set(cut_after_delivers=n)
        people = crowd(town, 6)
        town.smsc.do("wait", idle=True)
        for p in people:
            assert len(town.inbox(p)) == 1
        all_answered(town, people, copies=2)


def test_cut_before_the_answer_to_a_submit(make_town):
    """It reached the phone and we do not know: one more copy at most."""
    town = make_town(link_options=QUICK).start()
    for n in (1, 2):
        town.smsc.set(cut_after_submits=n)
        all_answered(town, crowd(town, 3), copies=2)
    assert town.smsc.complaints() == []


def test_smsc_that_swallows_submits(make_town):
    """Never an answer: the response timer ends it, one more copy is tried, and that is all."""
    town = make_town(link_options=f'{QUICK} response_timeout = "1s"', smsc_settings={"resp_status": "silent"}).start()
    phone = ht.phone()
    town.smsc.send(phone, "三合镇桥头路灯不亮")
    town.smsc.expect(phone, count=2)
    town.settled()
    assert len(town.smsc.received(phone)) == 2


def test_one_link_of_two_down(make_town):
    """Answers go over the link that is up."""
    town = make_town(links=("a", "b"), link_options=QUICK).start()
    town.smsc.do("down", link="b")
    served(town, link="a")
    town.smsc.do("up", link="b")
    town.smsc.bound(2)
    town.smsc.do("down", link="a")
    served(town, link="b")


def test_unbind_on_sigterm(make_town):
    """What is in hand is finished, the peer is told good-bye."""
    town = make_town(link_options=QUICK, smsc_settings={"resp_delay": 0.2}).start()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(town.smsc.socket)
        s.sendall(b'{"do": "subscribe"}\n')
        people = crowd(town, 20)
        town.smsc.do("wait", idle=True)
        town.daemon.stop()
        s.settimeout(60)
        lines, unbound, unanswered = s.makefile(), 0, None
        while unanswered is None:
            event = json.loads(lines.readline())
            unbound += event.get("event") == "unbind"
            if event.get("event") == "closed":
                unanswered = event["unanswered"]
    assert unbound == 1, "no unbind before the end"
    assert unanswered == 0, f"{unanswered} deliver_sm were left unanswered"
    assert town.daemon.process.returncode == 0
    handed = town.cluster.value("select count(*) from hailan.outbox_in_hand")
    assert handed == 0, f"{handed} messages were left without an end"
    for p in people:
        assert len(town.inbox(p)) == 1
    town.daemon.process = None
    town.daemon.start()
    town.smsc.bound()
    all_answered(town, people)
    town.daemon.check_log()


def test_unbind_of_the_smsc(make_town):
    town = make_town(link_options=QUICK).start()
    town.smsc.do("unbind")
    ht.until("parting", lambda: not town.smsc.do("links")["links"][0]["bound"])
    town.smsc.bound()
    served(town)
