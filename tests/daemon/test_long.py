# SPDX-License-Identifier: BSD-2-Clause
"""Long messages: every way of cutting them, any order, any link, and what is missing or comes late."""

import itertools
import struct

import pytest

import hailan_testing as ht
import texts
from smsc import pdu

STORY = (
    "我反映一个事就是我们这个楼后面那个道啊坑坑洼洼的一下雨就存水老人都没法走你们能不能给修一修"
    "我们是龙池社区的在七号楼后面那条道从去年秋天就这样了报了好几回也没有人来看一看孩子上学也得从那儿走"
    "天黑了又没有路灯昨天老张头就在那儿摔了一跤现在还在家里躺着呢求求你们快点派个人来看看吧谢谢了"
)
KOREAN = (
    "우리 아빠트 뒤길이 너무 험해서 비만 오면 물이 고이고 로인들이 다니지 못합니다 룡지사회구역 7동 뒤쪽길입니다 "
    "작년 가을부터 몇번이나 말했는데 아무도 와보지 않았습니다 아이들도 그 길로 학교에 다닙니다 밤에는 가로등도 없어서 "
    "어제 할머니 한분이 넘어져서 지금도 집에 누워계십니다 빨리 사람을 보내서 길을 수리해주시기 바랍니다"
)
PART_WINDOW = 3
ORDERS = list(itertools.permutations((1, 2, 3)))


@pytest.fixture(scope="module")
def two(make_module_town):
    """A town with two links."""
    town = make_module_town(links=("a", "b"))
    yield town.start()
    town.daemon.stop()
    town.daemon.check_log()
    assert town.smsc.complaints() == []


@pytest.fixture(scope="module")
def hasty(make_module_town):
    """A town in which a long message waits three seconds for its parts. Sent at once, each from another phone:
    (mode, number) → the phone of a message that lacks this part, and the parts that it has."""
    town = make_module_town()
    town.policy("part_window", f"{PART_WINDOW} seconds")
    town.start()
    town.lack = {}
    for mode, missing in itertools.product(("udh8", "sar"), (1, 2, 3)):
        phone = ht.phone()
        parts = town.smsc.send(phone, STORY, mode=mode, ref=40 + missing, drop=[missing], wait=ht.PATIENCE)["parts"]
        town.lack[mode, missing] = phone, [p["text"] for p in sorted(parts, key=lambda p: p["part"])]
    yield town
    town.daemon.stop()
    town.daemon.check_log()
    assert town.smsc.complaints() == []


def whole(town, phone, text, encoding="utf-16-be", replies=1):
    """One row, the joined bytes, one case with the text, one reply."""
    reply = town.smsc.expect(phone, count=replies)
    texts.number_in(reply["text"])
    rows = town.inbox(phone)
    assert len(rows) == replies, f"{len(rows)} rows for {replies} messages"
    assert bytes(rows[-1]["raw"]) == text.encode(encoding)
    cases = town.cases(phone)
    assert len(cases) == replies
    assert cases[-1]["text"] == text
    return cases[-1]


@pytest.mark.parametrize("mode", ["udh8", "udh16", "sar"])
@pytest.mark.parametrize("order", ORDERS)
def test_every_order(two, mode, order):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode=mode, order=order, link="a")
    assert whole(two, phone, STORY)["category"] == "road"


def test_one_part_with_payload(two):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode="payload")
    assert whole(two, phone, STORY)["category"] == "road"


def test_korean(two):
    phone = ht.phone()
    two.smsc.text(phone, KOREAN, mode="udh8", order=[3, 2, 1])
    case = whole(two, phone, KOREAN)
    assert (case["category"], case["language"]) == ("road", "ko")


@pytest.mark.parametrize("mode", ["udh8", "udh16", "sar"])
def test_over_two_links(two, mode):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode=mode, link=["a", "b"], order=[2, 3, 1])
    whole(two, phone, STORY)


def test_window_of_one(two):
    """Each part is acknowledged before the next is sent; a peer with a window of 1 gets through."""
    two.smsc.set(window=1)
    try:
        for mode in ("udh8", "sar"):
            phone = ht.phone()
            two.smsc.text(phone, STORY, mode=mode, order=[3, 1, 2], link="a")
            whole(two, phone, STORY)
    finally:
        two.smsc.set(window=10)


def test_same_reference_from_two_senders(two):
    a, b = ht.phone(), ht.phone()
    for part in (1, 2, 3):
        two.smsc.text(a, STORY, mode="udh8", ref=77, order=[part])
        two.smsc.text(b, KOREAN, mode="udh8", ref=77, order=[part])
    whole(two, a, STORY)
    whole(two, b, KOREAN)


def test_same_reference_in_three_kinds(two):
    """A reference of 8 bits, of 16 bits and of SAR are three sets."""
    phone = ht.phone()
    bodies = {"udh8": STORY, "udh16": STORY.replace("七号楼", "八号楼"), "sar": STORY.replace("七号楼", "九号楼")}
    for part in (1, 2, 3):
        for mode, text in bodies.items():
            two.smsc.text(phone, text, mode=mode, ref=5, order=[part])
    two.smsc.expect(phone, count=3)
    assert sorted(c["text"] for c in two.cases(phone)) == sorted(bodies.values())


def test_the_reference_comes_round(two):
    """References wrap: the next long message of the same phone may have the same one."""
    phone = ht.phone()
    other = "龙池社区" + STORY.replace("七号楼", "三号楼")
    two.smsc.text(phone, STORY, mode="udh8", ref=9)
    whole(two, phone, STORY)
    two.smsc.text(phone, other[: len(STORY)], mode="udh8", ref=9)
    whole(two, phone, other[: len(STORY)], replies=2)


def test_part_twice(two):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode="udh8", order=[1, 1, 2, 2, 1, 3, 3, 2])
    whole(two, phone, STORY)
    two.silent(phone, texts=1)
    assert len(two.cases(phone)) == 1


def test_whole_message_again(two):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode="udh8", ref=3)
    whole(two, phone, STORY)
    two.smsc.text(phone, STORY, mode="udh8", ref=3)  # a resend of everything
    two.silent(phone, texts=1)
    assert len(two.cases(phone)) == 1
    two.smsc.text(phone, STORY, mode="udh8", ref=4)  # she sends it once more
    two.silent(phone, texts=1)
    assert len(two.cases(phone)) == 1


def test_restart_between_parts(two):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode="udh16", ref=300, order=[3, 1])
    two.daemon.restart()
    two.smsc.bound(2)
    two.smsc.text(phone, STORY, mode="udh16", ref=300, order=[2])
    whole(two, phone, STORY)


def test_kill_between_parts(two):
    phone = ht.phone()
    two.smsc.text(phone, STORY, mode="sar", ref=301, order=[2])
    two.daemon.kill_children("channel")
    ht.until("the kill", lambda: sum(len(v["bound"]) for v in two.smsc.do("links")["links"]) < 2)
    two.smsc.bound(2)
    two.smsc.text(phone, STORY, mode="sar", ref=301, order=[3, 1])
    whole(two, phone, STORY)


@pytest.mark.parametrize("mode", ["udh8", "sar"])
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_part_that_never_comes_and_then_comes_late(hasty, mode, missing):
    two = hasty
    phone, there = two.lack[mode, missing]
    lost = next(p["text"] for p in two.smsc.do("parts", text=STORY, mode=mode)["parts"] if p["part"] == missing)
    reply = two.smsc.expect(phone)
    waited = two.rows("select i.received_at - s.first_at from hailan.part_set s join hailan.inbox i on i.id = s.inbox_id"
                      " where s.source = %s", phone)[0][0]
    assert waited.total_seconds() >= PART_WINDOW, "filed before its time"
    number = texts.number_in(reply["text"])
    text = two.one_case(phone)["text"]
    assert f"[第{missing}段未收到]" in text, text
    for t in there:
        assert t in text, f"{t[:20]!r} is lost in {text!r}"
    if missing == 2:
        assert text == f"{there[0]}[第2段未收到]{there[1]}"
    two.smsc.text(phone, STORY, mode=mode, ref=40 + missing, order=[missing])

    def added():
        shown = two.daemon.ctl("case", str(number), "--json").stdout
        return lost in shown.encode().decode("unicode_escape", "ignore") or lost in shown
    ht.until("the late part in the case", added, shown=lambda: two.daemon.ctl("case", str(number), "--json").stdout)
    assert len(two.cases(phone)) == 1, "the late part made a case of its own"
    assert len(two.inbox(phone)) == 2, "the late part is a row of its own"


def test_incomplete_set_and_a_new_one_under_its_reference(hasty):
    """Other bytes under the same key start a new set; the old one is filed when its time is over."""
    two, phone = hasty, ht.phone()
    new = STORY.replace("龙池社区", "河西社区").replace("我反映一个事", "还有另外一件事")
    two.smsc.text(phone, STORY, mode="udh8", ref=66, order=[1])
    two.smsc.text(phone, new, mode="udh8", ref=66)
    two.smsc.expect(phone, count=2)
    found = [c["text"] for c in two.cases(phone)]
    assert new in found, found
    assert any("未收到" in t and "我反映一个事" in t for t in found), found


@pytest.mark.parametrize("total, number", [(0, 1), (3, 0), (3, 4), (1, 1)])
def test_impossible_parts_are_messages_of_their_own(two, total, number):
    phone = ht.phone()
    text = "龙池社区七号楼后面的道坏了"
    for header in (bytes((5, 0, 3, 9, total, number)), struct.pack(">BBBHBB", 6, 8, 4, 9, total, number)):
        m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", esm_class=0x40,
                        data_coding=8, short_message=header + f"{text}{len(header)}".encode("utf-16-be"))
        assert two.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    tags = pdu.TLV_SAR_MSG_REF_NUM, pdu.TLV_SAR_TOTAL_SEGMENTS, pdu.TLV_SAR_SEGMENT_SEQNUM
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", data_coding=8,
                    short_message=f"{text}sar".encode("utf-16-be"),
                    tlvs=list(zip(tags, (b"\0\x09", bytes((total,)), bytes((number,))))))
    assert two.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    ht.until("three rows", lambda: len(two.inbox(phone)) == 3)
    two.handled()
    assert {r["text"] for r in two.inbox(phone)} == {f"{text}6", f"{text}7", f"{text}sar"}


@pytest.mark.parametrize("tlvs", [
    [(pdu.TLV_SAR_MSG_REF_NUM, b"\0\x09")],
    [(pdu.TLV_SAR_MSG_REF_NUM, b"\0\x09"), (pdu.TLV_SAR_TOTAL_SEGMENTS, b"\x02")],
    [(pdu.TLV_SAR_TOTAL_SEGMENTS, b"\x02"), (pdu.TLV_SAR_SEGMENT_SEQNUM, b"\x01")],
])
def test_sar_needs_all_three(two, tlvs):
    phone = ht.phone()
    text = "龙池社区七号楼停水了"
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", data_coding=8,
                    short_message=text.encode("utf-16-be"), tlvs=tlvs)
    assert two.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    assert two.one_case(phone)["text"] == text


def test_header_in_message_payload(two):
    """5.2.12: the UDH may stand at the beginning of message_payload."""
    phone = ht.phone()
    octets = STORY.encode("utf-16-be")
    for number, piece in ((2, octets[134:268]), (1, octets[:134]), (3, octets[268:])):
        m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", esm_class=0x40,
                        data_coding=8, tlvs=[(pdu.TLV_MESSAGE_PAYLOAD, bytes((5, 0, 3, 8, 3, number)) + piece)])
        assert two.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    whole(two, phone, STORY)


def test_other_elements_in_the_header(two):
    """Ports before the concatenation: skipped by length."""
    phone = ht.phone()
    octets = STORY.encode("utf-16-be")
    for number, piece in ((3, octets[252:]), (1, octets[:126]), (2, octets[126:252])):
        header = bytes((0x05, 0x04, 0x0B, 0x84, 0x23, 0xF0, 0x00, 0x03, 0x21, 0x03, number))
        m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", esm_class=0x40,
                        data_coding=8, short_message=bytes((len(header),)) + header + piece)
        assert two.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    whole(two, phone, STORY)


EMOJI = "龙池社区七号楼" + "灯😀坏👵🏻了" * 30
CUTS = [
    ("a UCS2 unit", EMOJI, "ucs2", 133, "utf-16-be"),
    ("a surrogate pair", "龙" + "😀" * 80 + "路灯坏了", "ucs2", 132, "utf-16-be"),
    ("every octet apart", "路灯坏了", "ucs2", 1, "utf-16-be"),
    ("a GB18030 character of two octets", STORY, "gb18030", 133, "gb18030"),
    ("a GB18030 character of four octets", "路灯坏了" + KOREAN, "gb18030", 130, "gb18030"),
    ("a CP949 character", "가로등 고장" + KOREAN, "cp949", 133, "cp949"),
]


@pytest.mark.parametrize("what, text, coding, size, encoding", CUTS, ids=[c[0] for c in CUTS])
@pytest.mark.parametrize("mode", ["udh8", "sar"])
def test_cut_inside(two, what, text, coding, size, encoding, mode):
    """Bytes are joined first and decoded after."""
    phone = ht.phone()
    count = len(two.smsc.do("parts", text=text, coding=coding, mode=mode, size=size, anywhere=True)["parts"])
    order = list(range(count, 0, -1))
    two.smsc.text(phone, text, coding=coding, mode=mode, size=size, anywhere=True, order=order)
    whole(two, phone, text, encoding)


def test_escape_pair_cut(two):
    phone = ht.phone()
    text = "broken lamp, building 7, {" + "€" * 80 + "}"
    two.smsc.text(phone, text, coding="gsm7", mode="udh8", size=153, anywhere=True)
    two.smsc.expect(phone)
    assert two.one_case(phone)["text"] == text


def test_many_parts(two):
    phone = ht.phone()
    text = "".join(f"第{i}句说的是龙池社区七号楼后面的那条道坏了没人修。" for i in range(90))
    count = len(two.smsc.do("parts", text=text, mode="udh16")["parts"])
    assert count > 30
    two.smsc.text(phone, text, mode="udh16", order=list(range(count, 0, -1)))
    whole(two, phone, text)


def test_largest_payload(two):
    """The specification allows 64 K; whatever is cut is flagged and the sender is answered."""
    phone = ht.phone()
    text = "龙池社区七号楼后面的道坏了" * 2400
    two.smsc.text(phone, text, mode="payload")
    two.smsc.expect(phone)
    rows = two.inbox(phone)
    assert len(rows) == 1 and bytes(rows[0]["raw"]) == text.encode("utf-16-be")
    assert text.startswith(two.one_case(phone)["text"][:100])


def test_reply_is_never_more_than_one_part(two):
    for m in two.smsc.do("received")["messages"]:
        assert len(m["parts"]) == 1, m["text"]
