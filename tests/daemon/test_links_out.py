# SPDX-License-Identifier: BSD-2-Clause
"""Sending: window, rate, throttling, and every kind of refusal."""

import json
import time

import pytest

import hailan_testing as ht
from links import QUICK, RETRY_SOON, alarms, all_answered, crowd, served


@pytest.fixture(scope="module")
def soon(make_module_town):
    """A town that sends again soon, for answers that can be changed while it runs."""
    town = make_module_town(link_options=f"{QUICK} {RETRY_SOON}")
    yield town.start()
    town.daemon.stop()
    town.daemon.check_log()
    assert town.smsc.complaints() == []


def submits(town):
    return town.smsc.do("stats")["counters"].get("submits", 0)


def test_window_is_kept(make_town):
    town = make_town(link_options=f"{QUICK} submit_window = 3", smsc_settings={"submit_window": 3, "resp_delay": 0.1}).start()
    all_answered(town, crowd(town, 20))
    assert town.smsc.complaints() == []


def test_window_is_used(make_town):
    """With a round trip of half a second, several go before the first is answered."""
    town = make_town(link_options=f"{QUICK} submit_window = 10", smsc_settings={"resp_delay": 0.5}).start()
    all_answered(town, crowd(town, 20))  # 20 answers, 20 notices
    times = sorted(s["time"] for s in town.smsc.do("submits")["submits"])
    together = max(sum(1 for t in times if first <= t < first + 0.5) for first in times)
    assert together > 3, f"at most {together} submit_sm within one round trip"


def test_rate_is_kept(make_town):
    town = make_town(link_options=f"{QUICK} rate = 10").start()
    start = time.monotonic()
    all_answered(town, crowd(town, 12))
    assert time.monotonic() - start > 24 / 10 * 0.6, "24 messages at ten a second"


def test_throttling_slows_the_link(make_town):
    town = make_town(link_options=QUICK, smsc_settings={"throttle": 8}).start()
    people = crowd(town, 20)
    all_answered(town, people)
    counters = town.smsc.do("stats")["counters"]
    assert counters.get("throttled", 0) > 0, "the test was too slow to be throttled"
    taken = counters["submits"] - counters["throttled"]
    assert counters["throttled"] < taken, f"{counters['throttled']} throttled for {taken} taken: it does not slow down"


def test_answers_in_any_order(make_town):
    town = make_town(link_options=QUICK, smsc_settings={"resp_order": "reverse"}).start()
    all_answered(town, crowd(town, 20))
    ht.until("all receipts", lambda: len(town.delivered()) == 40, shown=lambda: len(town.delivered()))


@pytest.mark.parametrize("status, body", [("0x08", "none"), ("0x45", "nul"), ("0x58", "nul"), ("0x58", "none"), ("0x14", "none"),
                                          ("0x64", "none"), ("0xff", "none"), ("0x400", "none"), ("0x4ff", "nul")])
def test_refused_for_now_is_sent_again(soon, status, body):
    before = submits(soon)
    soon.smsc.set(resp_status=status, resp_count=2, resp_body=body)
    all_answered(soon, crowd(soon, 1))
    soon.smsc.set(resp_body="normal")
    assert submits(soon) == before + 4, "the reply and the notice, and two that were refused"


@pytest.mark.parametrize("status", ["0x0b", "0x33", "0x43", "0x61", "0xc2"])
def test_refused_for_good_is_given_up(soon, status):
    town, phone, before = soon, ht.phone(), submits(soon)
    town.smsc.set(resp_status=status, resp_count=1)
    town.smsc.text(phone, "三合镇桥头路灯不亮")

    def failed():
        return town.rows("select d.detail from hailan.delivery d join hailan.outbox o on o.id = d.outbox_id"
                         " where o.destination = %s and d.state = 'failed'", phone)
    ht.until("its end", failed, shown=lambda: [dict(r) for r in town.rows("select * from hailan.delivery order by at desc limit 5")])
    town.settled()
    assert submits(town) == before + 1, "tried again what will never be taken"
    assert not town.smsc.received(phone)
    shown = json.dumps(town.daemon.json("outbox", "--failed"))
    assert str(town.outbox(phone)[0]["id"]) in shown


@pytest.mark.parametrize("status", ["0x0a", "0x48", "0x03"])
def test_misconfigured_link_keeps_its_queue(make_town, status):
    """The peer says that the link is set up wrongly: stop, raise an alarm, lose nothing."""
    town = make_town(link_options=f"{QUICK} {RETRY_SOON}", smsc_settings={"resp_status": status})
    town.daemon.allowed_errors.append("link|alarm|refus")
    town.start()
    people = crowd(town, 10)
    ht.until("an alarm", lambda: alarms(town), shown=lambda: town.daemon.status())
    town.smsc.do("wait", idle=True)  # what comes in is taken all the same
    before = submits(town)
    time.sleep(1)
    assert submits(town) - before <= 3, "goes on sending"
    town.smsc.set(resp_status=0)
    town.smsc.do("cut")
    town.smsc.bound()
    all_answered(town, people)
    ht.until("the end of the alarm", lambda: not alarms(town))


@pytest.mark.parametrize("body", ["none", "nul", "tlv"])
def test_odd_bodies_of_responses(soon, body):
    soon.smsc.set(resp_body=body)
    before = len(soon.delivered())
    served(soon)
    ht.until("its receipt", lambda: len(soon.delivered()) > before)
    soon.smsc.set(resp_body="normal")
