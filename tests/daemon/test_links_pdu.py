# SPDX-License-Identifier: BSD-2-Clause
"""PDUs of all kinds: the right status or a closed link, never a crash."""

import struct

import pytest

import hailan_testing as ht
from links import LIGHT, QUICK, channel_pid, served
from smsc import pdu



@pytest.fixture(scope="module")
def town(make_module_town):
    t = make_module_town(link_options=QUICK)
    yield t.start()
    t.daemon.stop()
    t.daemon.check_log()


def message(**fields):
    values = dict(source_ton=1, source_npi=1, source=ht.phone()[1:], dest_ton=3, dest="12345", data_coding=8,
                  short_message=LIGHT.encode("utf-16-be"))
    values.update(fields)
    return pdu.Message(**values)


def healthy(town, pid):
    """Neither crashed nor confused."""
    town.smsc.bound()
    assert channel_pid(town) == pid, "the channel's process is another one"
    served(town)


TAKEN = {
    "TON 7": dict(source_ton=7),
    "NPI 13": dict(source_npi=13),
    "TON and NPI 255": dict(source_ton=255, source_npi=255, dest_ton=255, dest_npi=255),
    "schedule_delivery_time": dict(schedule="261124120000000+"),
    "validity_period": dict(validity="000002000000000R"),
    "255 octets": dict(short_message=b"\x00a" * 127 + b"b"),
    "254 octets": dict(short_message=("灯" * 127).encode("utf-16-be")),
    "146 octets with a UDH": dict(esm_class=0x40, short_message=b"\5\0\3\7\1\1" + ("灯" * 70).encode("utf-16-be")),
    "payload of 1024": dict(short_message=b"", tlvs=[(0x0424, ("灯" * 512).encode("utf-16-be"))]),
    "payload of 1026": dict(short_message=b"", tlvs=[(0x0424, ("灯" * 513).encode("utf-16-be"))]),
    "payload of 60,000": dict(short_message=b"", tlvs=[(0x0424, ("灯" * 30000).encode("utf-16-be"))]),
    "empty payload": dict(short_message=b"", tlvs=[(0x0424, b"")]),
    "vendor TLV 0x1400": dict(tlvs=[(0x1400, b"x" * 40)]),
    "unknown tag 0x060b": dict(tlvs=[(0x060B, b"\1")]),
    "28 TLVs": dict(tlvs=[(0x1400 + i, b"12") for i in range(28)]),
    "29 TLVs": dict(tlvs=[(0x1400 + i, b"12") for i in range(29)]),
    "2000 TLVs": dict(tlvs=[(0x0204, b"12")] * 2000),
    "14,000 empty TLVs": dict(tlvs=[(0x1401, b"")] * 14000),
    "a TLV of 60,000": dict(tlvs=[(0x1401, b"z" * 60000)]),
    "protocol_id and priority 255": dict(protocol_id=255, priority=255, replace_if_present=255, default_msg_id=255),
    "registered_delivery of ours": dict(registered_delivery=1),
    "service_type": dict(service_type="WAP"),
    "UCS2 NUL inside": dict(short_message="天图社区3号楼\0楼道灯\0坏了".encode("utf-16-be")),
    "quotes": dict(short_message="天图社区3号楼灯坏了'); drop table inbox; -- \\x00 $1 %s".encode("utf-16-be")),
    "control characters": dict(short_message="天图社区3号楼\x1b[2J\x07灯\r\n坏了\x7f".encode("utf-16-be")),
}


@pytest.mark.parametrize("what", TAKEN)
def test_taken_although_unusual(town, what):
    pid = channel_pid(town)
    m = message(**TAKEN[what])
    answer = town.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]
    assert answer and (answer["command"], answer["status"]) == ("deliver_sm_resp", 0), answer
    phone = "+" + m.source
    rows = town.rows("select * from hailan.inbox where source like %s", "%" + m.source)
    assert len(rows) == 1, f"{len(rows)} rows of {phone}"
    assert bytes(rows[0]["raw"]) == m.content[6 if m.esm_class & 0x40 else 0:] or bytes(rows[0]["raw"]) == m.content
    healthy(town, pid)


LATER = {pdu.RX_T_APPN, pdu.RMSGQFUL, pdu.RTHROTTLED, pdu.RSYSERR}


def body_without(n):
    return message().body()[:n]


REFUSED = {
    "empty body": (b"", {0x02}),
    "one octet": (b"\0", {0x02}),
    "no NUL after the source": (b"\0\1\1" + b"8" * 30, None),
    "ends in the middle": (body_without(25), None),
    "ends before sm_length": (message(short_message=b"").body()[:-1], None),
    "sm_length past the end": (message(short_message=b"12345678").body()[:-4], {0x01, 0x02}),
    "a stray octet after the text": (message().body() + b"\4", {0xC0, 0x02}),
    "TLV past the end": (message().body() + b"\x04\x24\xff\xff12", {0xC0, 0x02}),
    "TLV header cut": (message().body() + b"\x04\x24\0", {0xC0, 0x02}),
    "service_type without end": (b"A" * 5000, None),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_refused_for_good(town, what):
    """Never "later": it would come again for ever."""
    pid = channel_pid(town)
    body, statuses = REFUSED[what]
    answer = town.smsc.raw(pdu.DELIVER_SM, body)["answer"]
    assert answer, "no answer"
    assert answer["status"] not in LATER | {0}, answer
    if statuses:
        assert answer["status"] in statuses, answer
    healthy(town, pid)


@pytest.mark.parametrize("what, body", [
    ("source of 22 digits", lambda: message(source="8613800000000000000000").body()),
    ("source of 200 characters", lambda: message(source="x" * 200).body()),
    ("destination of 60 digits", lambda: message(dest="1" * 60).body()),
    ("no source", lambda: message(source="").body()),
    ("source of control characters", lambda: message(source="\x01\x1b[2J\x7f\xff").body()),
    ("sar_total of two octets", lambda: message(tlvs=[(0x020C, b"\0\1"), (0x020E, b"\0\2"), (0x020F, b"\1")]).body()),
    ("empty sar reference", lambda: message(tlvs=[(0x020C, b""), (0x020E, b"\2"), (0x020F, b"\1")]).body()),
    ("message_state of four octets", lambda: message(esm_class=4, tlvs=[(0x001E, b"1\0"), (0x0427, b"\0\0\0\2")]).body()),
    ("a receipt of nothing", lambda: message(esm_class=4, data_coding=0, short_message=b"").body()),
    ("a receipt that says nothing", lambda: message(esm_class=4, data_coding=0, short_message=b"hello: id stat").body()),
    ("UDHL 255", lambda: message(esm_class=0x40, short_message=b"\xff\0\3\1\2\1").body()),
    ("UDH of nothing but lengths", lambda: message(esm_class=0x40, short_message=b"\5\0\xff\1\2\1hello").body()),
    ("UDH and no text", lambda: message(esm_class=0x40, short_message=b"\5\0\3\1\1\1").body()),
    ("every esm_class bit", lambda: message(esm_class=0xFF).body()),
])
def test_taken_or_refused_but_never_later_and_never_a_crash(town, what, body):
    pid = channel_pid(town)
    answer = town.smsc.raw(pdu.DELIVER_SM, body())["answer"]
    assert answer and answer["command"] in ("deliver_sm_resp", "generic_nack") and answer["status"] not in LATER, answer
    healthy(town, pid)


@pytest.mark.parametrize("command", [0x00000077, 0x00000003, 0x00000007, 0x00000021, 0x00010000, 0x7FFFFFFF])
def test_command_that_nobody_knows(town, command):
    pid = channel_pid(town)
    answer = town.smsc.raw(command, b"\0" * 10)["answer"]
    assert answer and (answer["command"], answer["status"]) == ("generic_nack", pdu.RINVCMDID), answer
    healthy(town, pid)


@pytest.mark.parametrize("command", [pdu.BIND_TRANSCEIVER, pdu.SUBMIT_SM, pdu.OUTBIND, 0x00000102])
def test_command_out_of_place(town, command):
    pid = channel_pid(town)
    answer = town.smsc.raw(command, b"town\0secret\0\0\x34\0\0\0", wait=1)["answer"]
    assert answer is None or answer["status"] != 0, answer
    healthy(town, pid)


@pytest.mark.parametrize("length", [0, 1, 8, 15, 70_001, 0x7FFFFFFF, 0xFFFFFFFF])
def test_bad_length_closes_the_link(town, length):
    pid = channel_pid(town)
    town.daemon.allowed_errors.append("command_length|length")
    octets = struct.pack(">IIII", length, pdu.DELIVER_SM, 0, 1) + b"\0" * 40
    answer = town.smsc.raw(0, octets=octets, until_closed=True)  # the answer, where there is one, comes before the end
    if answer["answer"]:
        assert (answer["answer"]["command"], answer["answer"]["status"]) == ("generic_nack", pdu.RINVCMDLEN), answer
    healthy(town, pid)


@pytest.mark.parametrize("what, octets", [
    ("submit_sm_resp nobody waits for", pdu.pack(pdu.SUBMIT_SM_RESP, 0, 0x7ffffff0, b"1\0")),
    ("submit_sm_resp without a body", pdu.pack(pdu.SUBMIT_SM_RESP, 0, 0x7ffffff1)),
    ("deliver_sm_resp", pdu.pack(pdu.DELIVER_SM_RESP, 0, 0x7ffffff2, b"\0")),
    ("bind_transceiver_resp once more", pdu.pack(0x80000009, 0, 0x7ffffff3, b"x\0")),
    ("bind_transceiver_resp with an error", pdu.pack(0x80000009, 0x0D, 0x7ffffff4)),
    ("enquire_link_resp nobody waits for", pdu.pack(0x80000015, 0, 0x7ffffff5)),
    ("generic_nack 0", pdu.pack(pdu.GENERIC_NACK, 0x03, 0)),
    ("generic_nack with a body", pdu.pack(pdu.GENERIC_NACK, 0x03, 0x7ffffff6, b"why")),
    ("a response nobody knows", pdu.pack(0x80000077, 0, 0x7ffffff7, b"\0" * 99)),
    ("alert_notification", pdu.pack(0x00000102, 0, 0x7ffffff8, b"\1\1" + b"861\0" + b"\1\1" + b"861\0")),
])
def test_strange_responses_are_ignored(town, what, octets):
    pid = channel_pid(town)
    sequence = struct.unpack(">I", octets[12:16])[0]
    town.smsc.raw(0, octets=octets, sequence=sequence, wait=0)
    healthy(town, pid)


def test_sequence_numbers_at_their_ends(town):
    for sequence in (1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0):
        answer = town.smsc.raw(pdu.DELIVER_SM, message().body(), sequence=sequence)["answer"]
        assert (answer["status"], answer["sequence"]) == (0, sequence)


def test_enquire_link_with_a_body(town):
    assert town.smsc.raw(pdu.ENQUIRE_LINK, b"abc")["answer"]["status"] == 0
