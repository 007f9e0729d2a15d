# SPDX-License-Identifier: BSD-2-Clause
"""Sending: window, rate, throttling, and every kind of refusal."""

import json
import time

import pytest

import hailan_testing as ht
from links import QUICK, RETRY_SOON, alarms, all_answered, crowd, served



def test_window_is_kept(make_town):
    town = make_town(link_options=f"{QUICK} submit_window = 3", smsc_settings={"submit_window": 3, "resp_delay": 0.1}).start()
    all_answered(town, crowd(town, 20))
    assert town.smsc.complaints() == []


def test_window_is_used(make_town):
    """With a round trip of 300 ms, ten at a time take a fraction of one by one."""
    town = make_town(link_options=f"{QUICK} submit_window = 10", smsc_settings={"resp_delay": 0.3}).start()
    start = time.monotonic()
    all_answered(town, crowd(town, 40))  # 40 answers, 40 notices
    assert time.monotonic() - start < 80 * 0.3 * 0.6 * ht.SLOW


def test_rate_is_kept(make_town):
    town = make_town(link_options=f"{QUICK} rate = 10").start()
    start = time.monotonic()
    all_answered(town, crowd(town, 20))
    assert time.monotonic() - start > 40 / 10 * 0.6, "40 messages at ten a second"


def test_throttling_slows_the_link(make_town):
    town = make_town(link_options=QUICK, smsc_settings={"throttle": 8}).start()
    people = crowd(town, 25)
    all_answered(town, people, timeout=60)
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
def test_refused_for_now_is_sent_again(make_town, status, body):
    town = make_town(link_options=f'{QUICK} {RETRY_SOON}', smsc_settings={"resp_status": status, "resp_count": 2, "resp_body": body}).start()
    all_answered(town, crowd(town, 1))
    assert town.smsc.complaints() == []


@pytest.mark.parametrize("status", ["0x0b", "0x33", "0x43", "0x61", "0xc2"])
def test_refused_for_good_is_given_up(make_town, status):
    town = make_town(link_options=f"{QUICK} {RETRY_SOON}", smsc_settings={"resp_status": status}).start()
    phone = ht.phone()
    town.smsc.text(phone, "三合镇桥头路灯不亮")

    def failed():
        return town.rows("select d.detail from hailan.delivery d join hailan.outbox o on o.id = d.outbox_id"
                         " where o.destination = %s and d.state = 'failed'", phone)
    ht.until("its end", failed, shown=lambda: [dict(r) for r in town.rows("select * from hailan.delivery order by at desc limit 5")])
    submits = town.smsc.do("stats")["counters"]["submits"]
    time.sleep(1.5)
    assert town.smsc.do("stats")["counters"]["submits"] == submits, "tried again what will never be taken"
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
    submits = town.smsc.do("stats")["counters"]["submits"]
    time.sleep(1)
    assert town.smsc.do("stats")["counters"]["submits"] - submits <= 3, "goes on sending"
    town.smsc.set(resp_status=0)
    town.smsc.do("cut")
    town.smsc.bound()
    all_answered(town, people)
    ht.until("the end of the alarm", lambda: not alarms(town))


@pytest.mark.parametrize("body", ["none", "nul", "tlv"])
def test_odd_bodies_of_responses(make_town, body):
    town = make_town(link_options=f"{QUICK} {RETRY_SOON}", smsc_settings={"resp_body": body}).start()
    served(town)
    ht.until("its receipt", lambda: town.delivered())
