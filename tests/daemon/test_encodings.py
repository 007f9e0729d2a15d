# SPDX-License-Identifier: BSD-2-Clause
"""Every row of the table of encodings: octets on the wire, text in inbox, and what is flagged."""

import pytest

import hailan_testing as ht
import texts
from smsc import coding, pdu

DAMAGED, GUESSED, TRUNCATED = 2, 4, 8  # enum channel_report_flag

# What data_coding 0 means is a setting of the link.
LINKS = {"gsm": "gsm7", "packed": "gsm7-packed", "latin": "latin1", "ascii": "ascii", "utf8": "utf8"}

DEFAULT_CODING = 'coding = "{}"'


@pytest.fixture(scope="module")
def town(make_module_town):
    t = make_module_town(links=tuple(LINKS), link_options={n: DEFAULT_CODING.format(v) for n, v in LINKS.items()})
    yield t.start()
    t.daemon.stop()
    t.daemon.check_log()
    assert t.smsc.complaints() == []


def arrive(town, octets, data_coding, link="gsm", esm_class=0, **fields):
    """One deliver_sm with these octets; the row that it became."""
    phone = ht.phone()
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", data_coding=data_coding,
                    esm_class=esm_class, short_message=octets, **fields)
    answer = town.smsc.raw(pdu.DELIVER_SM, m.body(), link=link)["answer"]
    assert answer and answer["status"] == 0, f"not taken: {answer}"
    ht.until("the clerk", lambda: not town.rows(
        "select 1 from hailan.inbox i join hailan.inbox_waiting w using (id) where i.source = %s", phone))
    row, = town.inbox(phone)
    assert bytes(row["raw"]) == octets or esm_class & 0x40, "the bytes are kept as they came"
    return row


def octets(text, codec):
    return text.encode(codec, "surrogatepass")


U = "utf-16-be"
PLAIN = [
    # what, octets, data_coding, text, flags
    ("8 is UTF-16BE", octets("天图社区3号楼楼道灯坏了", U), 8, "天图社区3号楼楼道灯坏了", 0),
    ("8 with surrogate pairs", octets("路灯😀坏了👍", U), 8, "路灯😀坏了👍", 0),
    ("8 in Korean", octets("가로등이 안켜집니다", U), 8, "가로등이 안켜집니다", 0),
    ("8 with a lone high surrogate", octets("路灯\ud83d坏了", U), 8, "路灯�坏了", DAMAGED),
    ("8 with a lone low surrogate at the end", octets("路灯坏了\udc00", U), 8, "路灯坏了�", DAMAGED),
    ("8 with an odd octet at the end", octets("路灯坏了", U) + b"\x4e", 8, "路灯坏了", DAMAGED | TRUNCATED),
    ("8 with a byte order mark", b"\xfe\xff" + octets("路灯坏了", U), 8, "路灯坏了", 0),
    ("0xe0: message waiting, UCS2", octets("路灯坏了", U), 0xE0, "路灯坏了", 0),
    ("0xe9", octets("路灯坏了", U), 0xE9, "路灯坏了", 0),
    ("0 is GSM 7-bit, @ is octet 0", coding.to_septets("lamp @ house 7 £5 Ä"), 0, "lamp @ house 7 £5 Ä", 0),
    ("GSM escape pairs", coding.to_septets("€ [7] {x} ^ ~ | \\"), 0, "€ [7] {x} ^ ~ | \\", 0),
    ("GSM: an unknown escape shows the main table", b"lamp \x1bA off", 0, "lamp A off", 0),
    ("GSM: escape, escape is a space", b"lamp\x1b\x1boff", 0, "lamp off", 0),
    ("GSM: a lone escape at the end is a space", b"lamp off 7\x1b", 0, ("lamp off 7 ", "lamp off 7"), 0),
    ("1 ASCII", b"the lamp of building 7", 1, "the lamp of building 7", 0),
    ("3 Latin-1", octets("la lámpara está rota", "latin-1"), 3, "la lámpara está rota", 0),
    ("14 CP949", octets("가로등이 안켜져요", "cp949"), 14, "가로등이 안켜져요", 0),
    ("14: syllables that EUC-KR lacks", octets("똠 펲 쌰 가로등", "cp949"), 14, "똠 펲 쌰 가로등", 0),
    ("0x84 as 14", octets("가로등이 안켜져요 똠", "cp949"), 0x84, "가로등이 안켜져요 똠", 0),
    ("15 GB18030", octets("路灯坏了", "gb18030"), 15, "路灯坏了", 0),
    ("15: Hangul at four octets", bytes.fromhex("8332e0378238da30"), 15, "안녕", 0),
    ("0xf0: class 0, GSM", b"lamp off", 0xF0, "lamp off", 0),
    ("0xf1", coding.to_septets("lamp € off"), 0xF1, "lamp € off", 0),
    ("0xc0: message waiting, GSM", b"lamp off", 0xC0, "lamp off", 0),
    ("0xd8 is no UCS2: no masking with 0x0f", b"lamp off", 0xD8, "lamp off", 0),
    # declared wrongly: tried, flagged
    ("UTF-8 declared 0", octets("路灯坏了 快来修", "utf-8"), 0, "路灯坏了 快来修", GUESSED),
    ("GB18030 declared 0", octets("楼道灯坏了快来修一下吧", "gb18030"), 0, "楼道灯坏了快来修一下吧", GUESSED),
    ("UTF-8 declared 1", octets("路灯坏了 快来修", "utf-8"), 1, "路灯坏了 快来修", GUESSED),
    ("UTF-8 declared 3", octets("路灯坏了 快来修", "utf-8"), 3, "路灯坏了 快来修", GUESSED),
    ("UTF-16LE declared 8", octets("天图社区楼道灯坏了，快来修", "utf-16-le"), 8, "天图社区楼道灯坏了，快来修", GUESSED),
]


@pytest.mark.parametrize("what, wire, data_coding, text, flags", PLAIN, ids=[p[0] for p in PLAIN])
def test_in(town, what, wire, data_coding, text, flags):
    row = arrive(town, wire, data_coding)
    assert row["text"] in (text if isinstance(text, tuple) else (text,)), row["text"]
    got = row["flags"] & (DAMAGED | GUESSED)
    if flags & TRUNCATED:
        assert row["flags"] & (DAMAGED | TRUNCATED), f"not flagged: {row['flags']}"
    else:
        assert got == flags, f"flags {row['flags']}, expected {flags}"


@pytest.mark.parametrize("data_coding", [2, 4, 9, 10, 0xF4, 0xF6])
def test_octets_without_a_text_are_kept(town, data_coding):
    wire = bytes(range(0x80, 0xC0))
    row = arrive(town, wire, data_coding)
    assert bytes(row["raw"]) == wire
    assert not row["text"] or "�" in row["text"], f"made up a text: {row['text']!r}"
    assert town.rows("select 1 from hailan.inbox_stuck where id = %s", row["id"]) == []


@pytest.mark.parametrize("data_coding", [5, 6, 7, 11, 12, 13, 0x40, 0x80, 0xB0, 0xFF])
def test_every_other_data_coding_is_taken(town, data_coding):
    wire = b"\x30\x31\x32\x33\x34"
    assert bytes(arrive(town, wire, data_coding)["raw"]) == wire


@pytest.mark.parametrize("link, wire, text, flags", [
    ("gsm", b"a\x00b\x02c", "a@b$c", 0),
    ("latin", octets("la lámpara", "latin-1"), "la lámpara", 0),
    ("ascii", b"a lamp", "a lamp", 0),
    ("utf8", octets("路灯坏了", "utf-8"), "路灯坏了", 0),
    ("packed", coding.pack_septets(coding.to_septets("hello lamp €7 x")), "hello lamp €7 x", 0),
    ("packed", coding.pack_septets(coding.to_septets("the lamp of house 7 is off")), "the lamp of house 7 is off", 0),
    ("ascii", octets("路灯坏了", "utf-8"), "路灯坏了", GUESSED),
])
def test_what_zero_means_is_a_setting_of_the_link(town, link, wire, text, flags):
    row = arrive(town, wire, 0, link=link)
    assert row["text"] == text
    assert row["flags"] & (DAMAGED | GUESSED) == flags


def test_packed_parts_have_fill_bits(town):
    phone = ht.phone()
    text = "the lamp before building 7 is broken and it is dark {really} " * 5
    town.smsc.text(phone, text, coding="gsm7-packed", mode="udh8", link="packed", order=[2, 1, 3])
    town.handled()
    row, = town.inbox(phone)
    assert row["text"] == text
    phone = ht.phone()
    town.smsc.text(phone, text, coding="gsm7-packed", mode="udh16", link="packed", order=[3, 2, 1])
    town.handled()
    row, = town.inbox(phone)
    assert row["text"] == text


@pytest.mark.parametrize("what, header, body, text", [
    ("Turkish single shift", bytes((3, 0x24, 1, 1)), b"lamba \x1bs \x1bg \x1bi", "lamba ş ğ ı"),
    ("Turkish locking shift", bytes((3, 0x25, 1, 1)), bytes((0x40, 0x60, 0x1C, 0x1D)) + b" lamba", "İçŞş lamba"),
    ("Spanish single shift", bytes((3, 0x24, 1, 2)), b"l\x1bampara", "lámpara"),
    ("Portuguese single shift", bytes((3, 0x24, 1, 3)), b"l\x1b\x7fmpada \x1b\x7b", "lâmpada ã"),
    ("a table that nobody has", bytes((3, 0x24, 1, 99)), b"lamp \x1bA", "lamp A"),
    ("ports are skipped", bytes((6, 5, 4, 0x0B, 0x84, 0x23, 0xF0)), b"lamp off", "lamp off"),
    ("an element that nobody knows", bytes((5, 0x70, 3, 1, 2, 3)), b"lamp off", "lamp off"),
])
def test_user_data_header(town, what, header, body, text):
    row = arrive(town, header + body, 0, esm_class=0x40)
    assert row["text"] == text


def test_header_that_runs_past_the_end(town):
    """Treated as no header, and flagged."""
    wire = b"\x30lamp off"
    row = arrive(town, wire, 0, esm_class=0x40)
    assert "lamp off" in row["text"] and row["flags"] & DAMAGED


def test_payload_wins_over_short_message(town):
    phone = ht.phone()
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", data_coding=8,
                    short_message=octets("short", U), tlvs=[(pdu.TLV_MESSAGE_PAYLOAD, octets("路灯坏了", U))])
    assert town.smsc.raw(pdu.DELIVER_SM, m.body(), link="gsm")["answer"]["status"] == 0
    town.handled()
    row, = town.inbox(phone)
    assert row["text"] == "路灯坏了" and row["flags"] & DAMAGED, "both filled is flagged"


ADDRESSES = [
    # TON, NPI, as it is written
    (1, 1, "86{0}"), (1, 1, "+86{0}"), (0, 1, "{0}"), (2, 1, "{0}"), (0, 0, "+86{0}"), (0, 1, "0086{0}"),
    (0, 1, "86{0}"), (2, 8, "{0}"), (1, 1, "0086{0}"),
]


@pytest.mark.parametrize("ton, npi, form", ADDRESSES)
def test_one_form_of_every_number(town, ton, npi, form):
    phone = ht.phone()
    m = pdu.Message(source_ton=ton, source_npi=npi, source=form.format(phone[3:]), dest_ton=0, dest_npi=1, dest="12345",
                    data_coding=8, short_message=octets("天图社区3号楼路灯坏了", U))
    assert town.smsc.raw(pdu.DELIVER_SM, m.body(), link="gsm")["answer"]["status"] == 0
    reply = town.smsc.expect(phone)
    assert town.one_case(phone)["phone"] == phone
    assert (reply["dest_ton"], reply["dest_npi"], reply["dest"]) == (1, 1, phone[1:])


def test_out_is_ucs2(town):
    """Nothing but GSM 7-bit and UCS2 is sent: GBK has no Hangul."""
    phone = ht.phone()
    town.smsc.text(phone, "룡문사회구역 앞길 가로등이 안켜집니다", coding="cp949", link="gsm")
    reply = town.smsc.expect(phone)
    assert reply["data_coding"] == 8 and texts.in_korean(reply["text"])
    phone = ht.phone()
    town.smsc.text(phone, "龙门社区路灯坏了", coding="gb18030", link="gsm")
    reply = town.smsc.expect(phone)
    assert reply["data_coding"] == 8 and texts.in_chinese(reply["text"])
    for m in town.smsc.do("received")["messages"]:
        assert m["data_coding"] in (0, 8)
