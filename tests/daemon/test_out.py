# SPDX-License-Identifier: BSD-2-Clause
"""What goes out: cut on clusters, in every form of long message, in order, in time, from the right number."""

import time

import pytest

import hailan_testing as ht
from smsc import coding

FORMS = ("udh8", "udh16", "sar", "payload")


@pytest.fixture(scope="module")
def town(make_module_town):
    t = make_module_town(links=(*FORMS, "named"), link_options={
        **{f: f'long_messages = "{f}"' for f in FORMS}, "named": 'source = "1069012345" destination_form = "national"'})
    yield t.start()
    t.daemon.stop()
    t.daemon.check_log()
    assert t.smsc.complaints() == []


CHINESE = "".join(f"第{i}条：天图社区3号楼的事情已经办好了，请您有空看一看。" for i in range(12))
ROOM = {"udh8": 67, "udh16": 66, "sar": 66, "payload": 10000}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [1, 69, 70, 71, 134, 135, 300])
def test_parts(town, form, length):
    phone, text = ht.phone(), CHINESE[:length]
    town.post(phone, text, link=form)
    m = town.smsc.expect(phone)
    assert m["text"] == text and m["link"] == form and m["data_coding"] == 8
    assert m["kind"] == ("single" if length <= 70 else form)
    if length <= 70:
        assert len(m["parts"]) == 1
        return
    assert len(m["parts"]) == -(-length // ROOM[form]) or form == "sar" and len(m["parts"]) == -(-length // 67)
    assert [p["part"] for p in m["parts"]] == list(range(1, len(m["parts"]) + 1))


CLUSTERS = {
    "emoji beyond the plane": "👍", "family joined by ZWJ": "👨‍👩‍👧", "skin": "👵🏻", "flag": "🇨🇳", "keycap": "3️⃣",
    "Hangul in letters": "\u1112\u1161\u11ab", "Hangul syllable": "한", "combining": "e\u0301\u0323",
}


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
@pytest.mark.parametrize("form", ["udh8", "udh16", "sar"])
@pytest.mark.parametrize("offset", [0, 1, 2])
def test_no_cut_inside_what_is_read_as_one(town, cluster, form, offset):
    """Whatever the border falls on, the part before it ends with whole clusters."""
    phone = ht.phone()
    size = len(cluster.encode("utf-16-be")) // 2
    text = "好" * offset + cluster * (200 // size)
    town.post(phone, text, link=form)
    m = town.smsc.expect(phone)
    assert m["text"] == text
    assert len(m["parts"]) > 1
    for p in m["parts"]:
        body = p["text"].lstrip("好")
        assert body == cluster * (len(body) // len(cluster)), f"cut inside: …{p['text'][-8:]!r}"
        assert p["used"] <= p["room"], p


def test_gsm7(town):
    for length, parts in ((160, 1), (161, 2), (306, 2), (307, 3)):
        phone, text = ht.phone(), ("lamp of building 7 is off, " * 20)[:length]
        town.post(phone, text, link="udh8")
        m = town.smsc.expect(phone)
        assert (m["text"], m["data_coding"], len(m["parts"])) == (text, 0, parts), f"{length} septets"


@pytest.mark.parametrize("offset", [151, 152, 153])
def test_no_cut_inside_an_escape_pair(town, offset):
    phone, text = ht.phone(), "a" * offset + "€" * 20
    town.post(phone, text, link="udh8")
    m = town.smsc.expect(phone)
    assert m["text"] == text
    for p in m["parts"]:
        octets = bytes.fromhex(p["hex"])[len(bytes.fromhex(p["udh"])):]
        assert coding.gsm7_fault(octets) is None, p


def test_danger_first_then_replies_then_notices(town):
    town.smsc.set(resp_delay=5)
    try:
        # five links with windows of ten, and a few more in hand: those are on their way already
        people = [ht.phone() for _ in range(200)]
        town.post_crowd(people, "通知", priority=3)
        urgent, reply = ht.phone(), ht.phone()
        town.post(reply, "回复", priority=1)
        town.post(urgent, "急！", priority=0)
        town.smsc.expect(urgent)
        town.smsc.expect(reply)
        assert sum(1 for p in people if town.smsc.received(p)) < 150, "they came after the crowd"
    finally:
        town.smsc.set(resp_delay=0)
    town.handled()


def test_too_old_is_not_sent_but_noted(town):
    phone = ht.phone()
    id = town.post(phone, "昨天的事", not_after=-1)
    ht.until("its end", lambda: town.delivery(id) and town.delivery(id)[-1] == "expired", shown=lambda: town.delivery(id))
    assert not town.smsc.received(phone)
    assert str(id) in town.daemon.ctl("outbox", "--failed", "--json").stdout


def test_becomes_too_old_while_the_link_is_down(town):
    phone = ht.phone()
    for form in ROOM:
        town.smsc.do("down", link=form)
    town.smsc.do("down", link="named")
    try:
        id = town.post(phone, "马上的事", not_after=2)
        ht.until("its time to be over", lambda: town.rows("select 1 from hailan.outbox where id = %s and not_after < now()", id))
    finally:
        for form in (*ROOM, "named"):
            town.smsc.do("up", link=form)
    town.smsc.bound(5)
    ht.until("its end", lambda: town.delivery(id) and town.delivery(id)[-1] in ("expired", "failed"), shown=lambda: town.delivery(id))
    time.sleep(0.5)
    assert not town.smsc.received(phone)


def test_not_before_its_time(town):
    phone = ht.phone()
    start = time.time()
    town.post(phone, "两秒以后", not_before=2)
    m = town.smsc.expect(phone)
    assert m["time"] - start >= 1.9
    assert m["time"] - start < 30 * ht.SLOW, "long after its time"


def test_validity_says_until_when(town):
    phone = ht.phone()
    town.post(phone, "一小时内", not_after=3600)
    m = town.smsc.expect(phone)
    assert m["validity"].endswith("R") and m["validity"].startswith("000000"), m["validity"]
    assert "000000005500000R" <= m["validity"] <= "000001000000000R", m["validity"]


def test_from_the_number_that_was_written_to(town):
    phone = ht.phone()
    town.smsc.text(phone, "天图社区3号楼灯坏了", to="1234588", link="udh8")
    m = town.smsc.expect(phone)
    assert m["from"] == "1234588" and m["link"] == "udh8"


def test_source_and_form_of_the_link(town):
    phone = ht.phone()
    town.post(phone, "没有人写过来", link="named", source="")
    m = town.smsc.expect(phone)
    assert m["from"] == "1069012345"
    assert m["dest"] == phone[3:], "in the national form"


def test_its_own_link_when_it_is_up(town):
    for form in FORMS:
        phone = ht.phone()
        town.post(phone, "走这条线", link=form)
        assert town.smsc.expect(phone)["link"] == form


def test_numbers_of_every_kind(town):
    for destination, ton, npi in (("+8613812349999", 1, 1), ("12320", 3, 0), ("+821012345678", 1, 1)):
        town.post(destination, "号码", link="udh8")
        m = town.smsc.expect(destination)
        assert (m["dest_ton"], m["dest_npi"]) == (ton, npi), destination


def test_a_message_that_cannot_be_sent_holds_up_nobody(town):
    id = town.post("not a number at all, and far too long to be one", "?", link="udh8")
    phone = ht.phone()
    town.post(phone, "后面的", link="udh8")
    town.smsc.expect(phone)
    ht.until("its end", lambda: town.delivery(id) and town.delivery(id)[-1] == "failed", shown=lambda: town.delivery(id))
