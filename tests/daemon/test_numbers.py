# SPDX-License-Identifier: BSD-2-Clause
"""People ask after their case by its number, in their own words, among other numbers."""

import pytest

import hailan_testing as ht
import links
import texts

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
HAN = str.maketrans("0123456789", "零一二三四五六七八九")


@pytest.fixture(scope="module")
def mine(town):
    """A phone with a case, and its number."""
    phone = links.served(town)
    return phone, town.one_case(phone)["number"]


def said(town, phone, text):
    """The answer to a text."""
    since = len(town.smsc.received(phone))
    town.smsc.text(phone, text)
    return town.smsc.expect(phone, since=since, timeout=60)["text"]


@pytest.mark.parametrize("words", [
    "{}修好没", "{}好了吗", "编号{}怎么样了", "你好，{}那个事办得咋样了", "{} 어떻게 됐어요", "번호 {} 고쳤습니까", "{}那个路灯修好没",
])
@pytest.mark.parametrize("digits", [None, WIDE, HAN])
def test_own_case(town, mine, words, digits):
    phone, number = mine
    before = len(town.rows("select 1 from hailan.case_event where case_number = %s and action = 'chased'", number))
    written = str(number).translate(digits) if digits else str(number)
    answer = said(town, phone, words.format(written))
    assert str(number) in answer, answer
    assert len(town.cases(phone)) == 1
    assert len(town.rows("select 1 from hailan.case_event where case_number = %s and action = 'chased'", number)) == before + 1


@pytest.mark.parametrize("text, word", [("{}修好没", "核对"), ("编号{}怎么样了", "核对"), ("{} 어떻게 됐어요", "찾지 못했습니다")])
def test_somebody_elses(town, mine, text, word):
    phone, number = ht.phone(), mine[1]
    answer = said(town, phone, text.format(number))
    assert word in answer and str(number) in answer, answer
    assert town.cases(phone) == []


@pytest.mark.parametrize("text, word", [("{}修好没", "写错"), ("编号{}怎么样了", "写错"), ("{} 어떻게 됐어요", "틀린")])
def test_mistyped(town, mine, text, word):
    phone, wrong = ht.phone(), mine[1] + 1
    answer = said(town, phone, text.format(wrong))
    assert word in answer and str(wrong) in answer, answer
    assert town.cases(phone) == []


@pytest.mark.parametrize("text", [
    "天图社区{}号路灯不亮了，怎么还没人修", "{}元工资啥时候给，欠我三个月了", "水表{}不走了还没人来看",
    "楼道灯坏了，打{}没人接", "로임 {}원을 아직 못받았습니다 언제 줍니까",
])
def test_other_numbers(town, mine, text):
    """What only has the form of a number of a case is part of what they tell."""
    phone = ht.phone()
    said(town, phone, text.format(mine[1]))
    assert len(town.cases(phone)) == 1, town.smsc.texts(phone)


def test_what_was_said_is_shown(town, mine):
    """To the one who reported it, to the grid worker, and that both have got it."""
    phone, number = mine

    def shown():
        said = town.daemon.json("case", str(number))["messages"] or []
        return said if {m["state"] for m in said} == {"delivered"} else None
    told = ht.until("receipts of all messages of the case", shown, timeout=60, shown=lambda: town.daemon.json("case", str(number)))
    assert phone in {m["to"] for m in told} and len({m["to"] for m in told}) > 1, told
    assert all(str(number) in m["text"] for m in told), told


def test_telephone_of_the_unit(town):
    """Told where the responsible unit has one, in both languages, in one part."""
    town.rows("update hailan.unit set phone = '+864333222222' where level = 'department'")
    for text, korean in ((links.LIGHT, False), ("천도사회구역 3동 정전됐습니다", True)):
        def told():
            phone = ht.phone()
            town.smsc.text(phone, text)
            message = town.smsc.expect(phone, timeout=60)
            texts.check_reply(message, korean)
            return "0433-3222222" in message["text"]
        ht.until("the telephone in the reply", told, timeout=60, step=0.5)  # the policy is loaded anew
