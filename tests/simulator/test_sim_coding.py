# SPDX-License-Identifier: BSD-2-Clause
"""Characters, cutting, drawing: what needs no connection."""
import pytest

import esmes  # noqa: F401  (puts the simulator into sys.path)
from smsc import bubbles, coding, longmsg, pdu, phones, receipts, validity

CODINGS = [("ucs2", 8, "天图 안녕 👍"), ("gsm7", 0, "@ΔÀ".replace("À", "à") + "{[€]}"), ("latin1", 3, "grüß"), ("cp949", 14, "똠 펲 쌰"),
           ("gb18030", 15, "안녕 天图"), ("utf8", 0, "天图")]


@pytest.mark.parametrize("name, data_coding, text", CODINGS)
def test_codings_round_trip(name, data_coding, text):
    octets = coding.encode(text, name)
    assert coding.CODINGS[name].data_coding == data_coding
    assert coding.decode(octets, data_coding, "utf8" if name == "utf8" else "gsm7") == text


def test_gsm7_known_octets():
    assert coding.to_septets("@$\n€") == bytes([0x00, 0x02, 0x0A, 0x1B, 0x65])
    assert coding.from_septets(bytes([0x1B, 0x41, 0x1B])) == "A "
    # "hellohello" of 23.038's usual example
    assert coding.pack_septets(coding.to_septets("hellohello")).hex() == "e8329bfd4697d9ec37"
    assert coding.from_septets(coding.unpack_septets(bytes.fromhex("e8329bfd4697d9ec37"))) == "hellohello"
    assert coding.encode("안녕", "gb18030").hex() == "8332e0378238da30"
    with pytest.raises(coding.CodingError, match="天"):
        coding.encode("天", "gsm7")


@pytest.mark.parametrize("text, name, mode, rooms", [
    ("天" * 70, "ucs2", "auto", [70]), ("天" * 71, "ucs2", "auto", [67, 4]), ("天" * 133, "ucs2", "udh16", [66, 66, 1]),
    ("a" * 160, "gsm7", "auto", [160]), ("a" * 161, "gsm7", "auto", [153, 8]), ("a" * 153, "gsm7", "udh16", [152, 1]),
    ("€" * 77, "gsm7", "udh8", [152, 2]), ("a" * 66 + "👍", "ucs2", "udh8", [66, 2])])
def test_cutting(text, name, mode, rooms):
    parts = longmsg.cut(text, name, mode)
    assert [p.used for p in parts] == rooms
    assert "".join(p.text for p in parts) == text


def test_cutting_anywhere_and_packed():
    parts = longmsg.cut("👍👍", "ucs2", "udh8", size=6, anywhere=True)
    assert b"".join(p.content[6:] for p in parts).decode("utf-16-be") == "👍👍" and parts[0].content[6:].hex() == "d83ddc4dd83d"
    part = longmsg.cut("hello", "gsm7-packed", "udh8")[0]
    assert coding.decode(part.content[6:], 0, "gsm7-packed", 6) == "hello"


def good(**changes):
    return pdu.Message(**{"source_ton": 3, "source": "12345", "dest_ton": 1, "dest_npi": 1, "dest": "8613812345678", "short_message": b"ok", **changes})


@pytest.mark.parametrize("changes, fault", [
    ({"dest": "+8613812345678"}, "not digits"), ({"dest_npi": 0}, "NPI 0"), ({"dest_ton": 7}, "TON 7"), ({"dest": ""}, "empty"),
    ({"source_ton": 5, "source": "abcdefghijkl"}, "at most 11"), ({"short_message": b"\x80"}, "above 0x7f"), ({"short_message": b"a" * 161}, "161 septets"),
    ({"data_coding": 8, "short_message": b"a"}, "odd number"), ({"data_coding": 8, "short_message": b"\xd8\x3d"}, "surrogate"),
    ({"data_coding": 8, "short_message": b"\x4e\x00" * 71}, "142 octets"), ({"data_coding": 8, "short_message": b"\x4e\x00" * 127 + b"a"}, "255"),
    ({"esm_class": 0x40, "short_message": b"\x05\0\3\1\2"}, "UDHL runs past"), ({"esm_class": 0x40, "short_message": b"\x05\0\3\1\2\3x"}, "part 3 of 2"),
    ({"esm_class": 0x40, "short_message": b"\x05\0\3\1\0\0x"}, "part 0 of 0"), ({"esm_class": 0x40, "short_message": b"\x05\0\3\1\1\1x"}, "one part of one"),
    ({"esm_class": 4}, "esm_class"), ({"data_coding": 15}, "reserved"), ({"registered_delivery": 3}, "registered_delivery"),
    ({"validity": "tomorrow"}, "validity_period"), ({"tlvs": [(0x020C, b"\0\1")]}, "three TLVs"), ({"tlvs": [(0x0204, b"\0")]}, "TLV 0x0204"),
    ({"tlvs": [(0x0424, b"x")]}, "both filled")])
def test_validity(changes, fault):
    assert validity.check(good(), "gsm7") == []
    assert any(fault in text for _, text in validity.check(good(**changes), "gsm7"))


def test_message_round_trip_and_truncation():
    m = good(service_type="CMT", schedule="240101120000000R", validity="000002000000000R", tlvs=[(0x0424, b"x" * 300), (0x1400, b"")])
    body = m.body()
    assert pdu.read_message(body) == m
    for end in range(len(body)):
        try:
            pdu.read_message(body[:end])
        except pdu.PduError:
            continue
        assert end in (len(body) - 4, len(body) - 308), f"a body cut at {end} was taken for a whole one"


def test_receipt_ids():
    assert receipts.ids(255, ("hex",)) == ("ff", "255") and receipts.ids(255, ("decimal",)) == ("255", "ff") and receipts.ids(255, ("dlr",)) == ("255", "255")


@pytest.mark.parametrize("written", ["13812345678", "+86 138-1234-5678", "008613812345678", "8613812345678"])
def test_phone_names(written):
    assert phones.key(written) == "+8613812345678"
    assert phones.to_address(written) == (1, 1, "8613812345678")


def test_service_numbers_keep_their_names():
    assert phones.to_address("10086") == (3, 0, "10086") and phones.to_address("1069043312345") == (0, 1, "1069043312345")
    assert phones.to_address("ICBC") == (5, 0, "ICBC")


@pytest.mark.parametrize("text, columns", [("abc", 3), ("天图", 4), ("안녕", 4), ("３号", 4), ("é", 1), ("👍", 2), ("👍🏽", 2), ("👨‍👩‍👧", 2), ("❤️", 2), ("ㅋㅋ", 4), ("한", 2)])
def test_width(text, columns):
    assert bubbles.width(text) == columns


@pytest.mark.parametrize("right", [False, True])
def test_bubbles_are_aligned(right):
    lines = bubbles.bubble("+86138 → 12345", "天图社区3号楼 hello 하수도가 막혔어요 👨‍👩‍👧 " * 4, "20:41:07", 60, right)
    assert len({bubbles.width(x) for x in lines}) == 1 and bubbles.width(lines[0]) <= 60
    joined = "".join(x.strip()[1:-1] for x in lines[1:-1])
    assert "".join(joined.split()) == "".join(("天图社区3号楼 hello 하수도가 막혔어요 👨‍👩‍👧 " * 4).split())


def test_nothing_steers_the_terminal():
    assert "\x1b" not in "".join(bubbles.bubble("a", "\x1b[2Jx\x9b\r\u202e", "f", 60))
