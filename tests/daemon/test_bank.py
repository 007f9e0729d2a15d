# SPDX-License-Identifier: BSD-2-Clause
"""The time bank over SMS: both sides are asked, both must say yes, and anybody may ask what he has."""

import re

import pytest

import hailan_testing as ht
from conftest import VOLUNTEERS
from test_case_life import COMMUNITY, Phone, offices

WISHER = "+8613804330003"
HELPER, HELPER_KO = VOLUNTEERS[0], VOLUNTEERS[1]


@pytest.fixture(scope="module")
def office(town):
    """The town with somebody in every office."""
    offices(town)
    return town


def wish(town, text="这条小道杂草太多，能清理一下就好了"):
    """A wish of the wisher's; its number."""
    return int(re.search(r"\d{5,}", Phone(town, WISHER).say(text, "心愿已记下")).group())


def note(town, number, hours):
    """What a wish that is done brings about: hours noted for those who came."""
    phones, half = list(hours), [round(h * 2) for h in hours.values()]
    town.rows("select hailan.bank_note(now(), %s, array(select (select p.person_id from hailan.phone p where p.number = x)"
              " from unnest(%s) x), %s::int4[])", number, phones, half)


def hours(town, phone):
    rows = town.daemon.json("bank", "balance", phone)
    return sum(r["hours"] for r in rows)


def ledger_is_in_order(town):
    assert town.rows("select transaction_id from hailan.bank_entry group by 1 having sum(half_hours) <> 0") == []
    assert town.rows("select id from hailan.bank_account where balance < 0") == []


def test_both_sides(office):
    town = office
    wisher, helper, korean = Phone(town, WISHER), Phone(town, HELPER), Phone(town, HELPER_KO)
    number = wish(town)
    note(town, number, {HELPER: 2, HELPER_KO: 1.5})
    assert "2小时" in helper.read(str(number))
    assert re.search("1.5(시간|小时)", korean.read(str(number)))
    question = wisher.read("来帮您的")
    assert "2小时" in question and "1.5小时" in question and "1" in question
    assert "谢谢" in helper.say("对")
    assert hours(town, HELPER) == 0, "one side is not enough"
    assert re.search("0小时，另有2小时", helper.say("我的时间银行还有几个小时？"))
    assert "谢谢" in wisher.say("1")
    assert "余额2小时" in helper.read("时间银行")
    assert (hours(town, HELPER), hours(town, HELPER_KO)) == (2, 0), "who has not answered has nothing yet"
    korean.say("1", "1.5")
    assert "1.5" in korean.say("시간은행 잔액", "1.5")
    assert hours(town, HELPER_KO) == 1.5
    helper.write(f"{number} 1")
    town.handled()
    assert hours(town, HELPER) == 2, "a second yes is an answer to nothing"
    ledger_is_in_order(town)


def test_no_is_told_to_the_community(office):
    town = office
    wisher, helper, community = Phone(town, WISHER), Phone(town, HELPER), Phone(town, COMMUNITY)
    before = hours(town, HELPER)
    number = wish(town, "想请人帮忙搬一下家里的旧衣柜")
    note(town, number, {HELPER: 8})
    helper.read("8小时")
    helper.say("是", "谢谢")
    wisher.read("来帮您的")
    wisher.say("不对", "谢谢")
    assert str(number) in community.read("重新登记")
    assert "核对" in helper.read(str(number))
    assert hours(town, HELPER) == before
    note(town, number, {HELPER: 1})
    helper.read("1小时")
    helper.say(f"{number} 1", "谢谢")
    wisher.read("1小时")
    wisher.say(f"是 {number}", "谢谢")
    helper.read("已存入")
    assert hours(town, HELPER) == before + 1


def test_a_stranger_asks(office):
    phone = Phone(office, ht.phone())
    assert "没有登记" in phone.say("余额")
    assert "등록되지" in Phone(office, ht.phone()).say("시간은행 잔액이 얼마입니까?")


def test_hailanctl(office):
    town = office
    d = town.daemon
    before = hours(town, HELPER)
    moved = d.json("bank", "move", "city", HELPER, "2.5", "--reason", "奖励")[0]
    assert moved["hours"] == 2.5 and hours(town, HELPER) == before + 2.5
    too_much = d.ctl("bank", "move", HELPER, "city", "2000", "--reason", "换", check=False)
    assert too_much.returncode == 1 and "to be taken" in too_much.stderr
    for wrong in (["move", HELPER, "city", "0.3", "--reason", "x"], ["move", HELPER, "city", "1"], ["move", HELPER, "city"],
                  ["reverse", "x", "--reason", "x"], ["reverse", str(moved["transaction"])], ["nothing"], ["ledger", "abc"]):
        assert d.ctl("bank", *wrong, check=False).returncode == 64, wrong
    undone = d.json("bank", "reverse", str(moved["transaction"]), "--reason", "写错")[0]
    assert undone["reverses"] == moved["transaction"]
    again = d.ctl("bank", "reverse", str(moved["transaction"]), "--reason", "写错", check=False)
    assert again.returncode == 1 and "already" in again.stderr
    assert hours(town, HELPER) == before
    ledger = d.json("bank", "ledger", HELPER)
    assert {e["kind"] for e in ledger} >= {"move", "reversal"} and sum(e["hours"] for e in ledger) == 0
    assert any(e["reversed_by"] == undone["transaction"] for e in ledger)
    assert "ACCOUNT" in d.ctl("bank").stdout and "REVERSED BY" in d.ctl("bank", "ledger").stdout
    assert d.ctl("bank", "waiting").returncode == 0
    assert any("冲回" in o["body"] and "写错" in o["body"] for o in town.outbox(HELPER)), "he is told, not at night"
    ledger_is_in_order(town)
