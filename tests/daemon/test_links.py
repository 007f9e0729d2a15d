# SPDX-License-Identifier: BSD-2-Clause
"""Links: how they come up, stay up, go down and come again; what peers may do to us."""

import json
import os
import socket
import struct
import subprocess
import time

import pytest

import hailan_testing as ht
import texts
from raw_peer import RawPeer
from smsc import pdu

LIGHT = "天图社区3号楼楼道灯坏了"
RETRY_SOON = 'throttle_delay = "500ms" retry_delay = "500ms"'
QUICK = 'reconnect_min = "100ms" reconnect_max = "500ms"'


def link_status(town, name="a"):
    """What "hailanctl status" says of a link."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            if value.get("name") == name and "state" in value:
                found.append(value)
            for v in value.values():
                walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)
    status = town.daemon.status()
    walk(status)
    assert found, f"no link {name} in {json.dumps(status)}"
    return found[-1]


def alarms(town):
    found = []

    def walk(value):
        if isinstance(value, dict):
            for k, v in value.items():
                if k == "alarms" and v:
                    found.extend(v if isinstance(v, list) else [v])
                walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)
    walk(town.daemon.status())
    return found


def served(town, link=None):
    """A text goes in and its answer comes out."""
    phone = ht.phone()
    town.smsc.text(phone, LIGHT, **({"link": link} if link else {}))
    texts.check_reply(town.smsc.expect(phone))
    return phone


def channel_pid(town):
    pids = [pid for pid, role in town.daemon.children().items() if role == "channel:sms"]
    assert len(pids) == 1, town.daemon.children()
    return pids[0]


# ---- coming up ---------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["refuse", "0x0e", "0x0f", "0x08", "0x14"])
def test_refused_bind_keeps_trying(make_town, how):
    town = make_town(link_options=QUICK, smsc_settings={"bind": how})
    town.daemon.allowed_errors.append("bind|refused|alarm|link")
    town.daemon.start()
    ht.until("an alarm in the status", lambda: alarms(town), timeout=20, shown=lambda: town.daemon.status())
    assert link_status(town)["state"] != "up"
    shown = town.daemon.ctl("status", check=False)
    assert "alarm" in (shown.stdout + shown.stderr).lower() or "refused" in shown.stdout, shown.stdout
    assert town.smsc.do("links")["links"][0]["bound"] == []
    time.sleep(2)  # several tries more
    town.smsc.set(bind="ok")
    town.smsc.bound(timeout=30)
    ht.until("the end of the alarm", lambda: not alarms(town), shown=lambda: alarms(town))
    served(town)


@pytest.mark.parametrize("version", ["none", "0x50", "0x33", "0x00"])
def test_any_interface_version(make_town, version):
    town = make_town(link_options=QUICK, smsc_settings={"interface_version": version}).start()
    served(town)


def test_bind_refused_without_a_body(make_town):
    """As the specification asks for; libsmpp34 would drop it."""
    town = make_town(link_options=QUICK, smsc=RawPeer)
    town.daemon.allowed_errors.append("bind|refused|alarm|link")
    town.daemon.start()
    for _ in range(2):
        town.smsc.accept().answer_bind(status=pdu.RBINDFAIL, body=b"")
    ht.until("an alarm", lambda: alarms(town))
    c = town.smsc.accept_bound()
    phone = ht.phone()
    sequence = c.text(phone, LIGHT)
    assert c.read_until(pdu.DELIVER_SM_RESP)[1:3] == (0, sequence)


def test_transmitter_and_receiver(make_town):
    """bind_transceiver is refused with "invalid command id": two connections instead."""
    town = make_town(link_options=QUICK, smsc_settings={"bind": "no-transceiver"})
    town.daemon.start()
    town.smsc.bound(2)
    assert sorted(town.smsc.do("links")["links"][0]["bound"]) == ["receiver", "transmitter"]
    served(town)
    town.smsc.do("cut")
    town.smsc.bound(2)
    served(town)
    assert town.smsc.complaints() == []


def test_smsc_that_is_not_there_yet(make_town):
    town = make_town(link_options=QUICK)
    town.smsc.do("down")
    town.daemon.start()
    time.sleep(2)
    assert town.daemon.process.poll() is None
    assert link_status(town)["state"] != "up"
    town.smsc.do("up")
    town.smsc.bound(timeout=30)
    served(town)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    os.chmod(folder, 0o755)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    os.chmod(key, 0o644)
    return cert, key


def test_tls(make_town, certificate):
    town = make_town(tls=certificate, link_options=f'{QUICK} tls = "verify" tls_ca = "{certificate[0]}"').start()
    assert town.smsc.do("links")["links"][0]["tls"]
    served(town)
    town.smsc.do("cut")
    town.smsc.bound()
    served(town)
    assert town.smsc.complaints() == []


def test_tls_with_a_stranger_s_certificate(make_town, certificate, tmp_path):
    """No certificate that we trust: not a word is said, and least of all the password."""
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=other", "-keyout", tmp_path / "k.pem", "-out", other], check=True, capture_output=True)
    os.chmod(tmp_path, 0o755)
    town = make_town(tls=certificate, link_options=f'{QUICK} tls = "verify" tls_ca = "{other}"')
    town.daemon.allowed_errors.append("tls|certificate|alarm|link")
    town.daemon.start()
    ht.until("a word about it", lambda: "certificate" in town.daemon.log().lower())
    time.sleep(1)
    assert town.smsc.do("links")["links"][0]["bound"] == []


# ---- staying up --------------------------------------------------------------------------------


def test_enquire_link_both_ways(make_town):
    town = make_town(link_options=f'{QUICK} enquire_interval = "1s"', smsc_settings={"enquire": "0.5", "wire": "on"}).start()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(town.smsc.socket)
        s.sendall(b'{"do": "subscribe"}\n')
        s.settimeout(1)
        seen, end = {}, time.monotonic() + 10 * ht.SLOW
        want = {("in", "enquire_link"), ("out", "enquire_link_resp"), ("out", "enquire_link"), ("in", "enquire_link_resp")}
        lines = s.makefile()
        while time.monotonic() < end and not want <= set(seen):
            try:
                event = json.loads(lines.readline() or "{}")
            except socket.timeout:
                break
            if event.get("event") == "pdu":
                seen[event["way"], event["command"]] = event
    assert want <= set(seen), f"missing {want - set(seen)}"
    assert town.smsc.do("enquire", timeout=5)["seconds"] < 2 * ht.SLOW
    assert town.smsc.complaints() == []


def test_enquire_link_is_answered_while_the_database_hangs(make_town):
    town = make_town(link_options=QUICK).start()
    with town.cluster.locked("hailan.inbox"):
        for _ in range(30):
            town.smsc.send(ht.phone(), LIGHT)
        time.sleep(0.5)
        assert town.smsc.do("enquire", timeout=5)["seconds"] < 2 * ht.SLOW
    town.smsc.do("wait", idle=True, timeout=30)


@pytest.mark.parametrize("how", ["answers nothing", "reads nothing"])
def test_silent_peer(make_town, how):
    """A half-open connection: the peer is gone and nobody told us."""
    town = make_town(link_options=f'{QUICK} enquire_interval = "500ms" response_timeout = "1s"', smsc_settings={"enquire": 0}).start()
    before = town.smsc.do("links")["links"][0]["sessions"][0]["peer"]
    if how == "answers nothing":
        town.smsc.set(answer_enquire=False)
    else:
        town.smsc.do("freeze", seconds=600)

    def new():
        return [s for s in town.smsc.do("links")["links"][0]["sessions"] if s["peer"] != before and s["mode"]]
    ht.until("a connection anew", new, timeout=20)
    town.smsc.set(answer_enquire=True)
    town.smsc.bound()


def test_peer_that_closes_only_its_half(make_town):
    town = make_town(link_options=QUICK, smsc=RawPeer)
    town.daemon.start()
    c = town.smsc.accept_bound()
    c.sock.shutdown(socket.SHUT_WR)
    town.smsc.accept_bound()
    assert c.closed()


def test_peer_that_never_answers_the_bind(make_town):
    town = make_town(link_options=f'{QUICK} response_timeout = "1s"', smsc=RawPeer)
    town.daemon.start()
    first = town.smsc.accept()
    second = town.smsc.accept()
    second.answer_bind()
    assert first.closed()


# ---- going out ---------------------------------------------------------------------------------


def crowd(town, count, text=LIGHT, **arguments):
    people = [ht.phone() for _ in range(count)]
    for p in people:
        town.smsc.send(p, text, **arguments)
    return people


def all_answered(town, people, copies=1, timeout=40):
    for p in people:
        town.smsc.expect(p, timeout=timeout)
    town.handled(timeout)
    time.sleep(0.3)
    got = {p: len(town.smsc.received(p)) for p in people}
    assert all(1 <= n <= copies for n in got.values()), {p: n for p, n in got.items() if n > copies}


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
    all_answered(town, crowd(town, 1), timeout=40)
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
    town.smsc.do("wait", idle=True, timeout=20)  # what comes in is taken all the same
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


# ---- cut ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["reset", "fin"])
def test_cut_in_the_middle_of_delivers(make_town, how):
    """What was committed and not acknowledged comes again: acknowledged, not handled again."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 50}).start()
    for _ in range(5):
        people = crowd(town, 30)
        town.smsc.do("cut", how=how)
        town.smsc.bound()
        town.smsc.do("wait", idle=True, timeout=30)
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
        town.smsc.do("wait", idle=True, timeout=30)
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
    town.smsc.expect(phone, count=2, timeout=30)
    time.sleep(4)
    assert len(town.smsc.received(phone)) == 2


def test_one_link_of_two_down(make_town):
    """Answers go over the link that is up."""
    town = make_town(links=("a", "b"), link_options=QUICK).start()
    town.smsc.do("down", link="b")
    served(town, link="a")
    town.smsc.do("up", link="b")
    town.smsc.bound(2, timeout=30)
    town.smsc.do("down", link="a")
    served(town, link="b")


def test_unbind_on_sigterm(make_town):
    """What is in hand is finished, the peer is told good-bye."""
    town = make_town(link_options=QUICK, smsc_settings={"resp_delay": 0.2}).start()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(town.smsc.socket)
        s.sendall(b'{"do": "subscribe"}\n')
        people = crowd(town, 20)
        town.smsc.do("wait", idle=True, timeout=20)
        town.daemon.stop()
        s.settimeout(5)
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


# ---- PDUs of all kinds -------------------------------------------------------------------------


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
    assert town.smsc.do("enquire", timeout=10)
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
    answer = town.smsc.raw(0, octets=octets)
    if answer["answer"]:
        assert (answer["answer"]["command"], answer["answer"]["status"]) == ("generic_nack", pdu.RINVCMDLEN), answer
    town.smsc.bound(timeout=30)
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


def test_octet_by_octet(make_town):
    """Everything that the SMSC says, bind response included, comes in pieces of one octet."""
    town = make_town(link_options=QUICK, smsc_settings={"dribble": 1}).start()
    served(town)
    phone = ht.phone()
    town.smsc.text(phone, LIGHT * 20, mode="udh8", order=[3, 1, 2, 4])
    town.smsc.expect(phone)
    assert town.smsc.complaints() == []


def test_slow_peer_holds_up_nobody(make_town):
    """One link dribbles an octet now and then, the other goes on."""
    slow = RawPeer(links=("slow",))
    try:
        extra = f"""    link "slow" {{
        host = "127.0.0.1"
        port = {slow.ports['slow']}
        system_id = "town"
        password = "secret"
        {QUICK}
    }}"""
        town = make_town(link_options=QUICK, channel_options=extra)
        town.daemon.start()
        c = slow.accept("slow")
        command, _, sequence, _ = c.read()
        bind = pdu.pack(command | pdu.RESPONSE, 0, sequence, pdu.bind_resp("raw", 0x34))
        c.write(bind[:9], pause=0.2)
        town.smsc.bound()
        served(town)
        c.write(bind[9:], pause=0.1)
        m = message()
        octets = pdu.pack(pdu.DELIVER_SM, 0, 7, m.body())
        c.write(octets[:20], pause=0.1)
        served(town)
        c.write(octets[20:], pause=0.05)
        assert c.read_until(pdu.DELIVER_SM_RESP)[1:3] == (0, 7)
        ht.until("its row", lambda: len(town.inbox("+" + m.source)) == 1)
    finally:
        slow.stop()


# ---- floods and a database that is away --------------------------------------------------------


def test_order_of_arrival(make_town):
    """The rows of a sender have the order in which his texts came, whatever batches they were in."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 200}).start()
    town.smsc.do("burst", count=3000, first="+8615920000000", phones=7, text=LIGHT, wait=60 * ht.SLOW, timeout=90)
    for n in range(7):
        rows = town.inbox(f"+861592000000{n}")
        came = [int(bytes(r["raw"]).decode("utf-16-be").split()[-1]) for r in rows]
        assert len(came) == len(range(n, 3000, 7)) and came == sorted(came), f"sender {n}: out of order"


def test_flood(make_town):
    """Far more than is handled at once, and a window without sense: all of it once, memory bounded."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 5000}, clerks=2).start()
    served(town)
    before = town.daemon.rss()["channel:sms"]
    town.smsc.do("burst", count=4000, first="+8615900000000", text=LIGHT, timeout=200)
    town.smsc.do("wait", idle=True, timeout=60 * ht.SLOW, )
    assert town.cluster.value("select count(*) from hailan.inbox where source like '+8615900%%'") == 4000
    grown = town.daemon.rss()["channel:sms"] - before
    assert grown < 64 * 1024, f"the channel grew by {grown} KiB"
    assert town.smsc.do("enquire", timeout=10)


def test_flood_while_the_database_hangs(make_town):
    """The queue is bounded; at the bound nothing is read or it is told to come again; all is stored once."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 20000, "retry_delay": 1}).start()
    served(town)
    before = town.daemon.rss()["channel:sms"]
    with town.cluster.locked("hailan.inbox"):
        town.smsc.do("burst", count=15000, first="+8615910000000", text=LIGHT)
        time.sleep(5)
        assert town.smsc.do("stats")["counters"].get("delivers_acked", 0) <= 1, "acknowledged what nobody has"
        grown = town.daemon.rss()["channel:sms"] - before
        assert grown < 64 * 1024, f"the channel grew by {grown} KiB"
    town.smsc.do("wait", idle=True, timeout=90 * ht.SLOW)
    assert town.cluster.value("select count(*) from hailan.inbox where source like '+8615910%%'") == 15000


def test_database_away(make_town):
    """The SMSC is told to come again, and with nothing but that status; nothing is lost, nothing doubled."""
    town = make_town(link_options=QUICK, smsc_settings={"window": 100}).start()
    town.daemon.allowed_errors.append("database|connection")
    served(town)
    town.cluster.stop()
    try:
        people = crowd(town, 20)
        ht.until("refusals", lambda: town.smsc.do("stats")["counters"].get("delivers_refused_for_now", 0) >= 1, timeout=30,
                 shown=lambda: town.smsc.do("stats")["counters"])
        assert town.smsc.do("enquire", timeout=10), "the link must stay up"
        refusals = {r for e in town.smsc.do("acked")["ledger"] for r in e["refusals"]}
        assert refusals == {pdu.RX_T_APPN}, refusals
        assert not [e for e in town.smsc.do("acked")["ledger"] if e["from"] in people and e["state"] == "acked"]
    finally:
        town.cluster.start()
    town.smsc.do("wait", idle=True, timeout=60)
    for p in people:
        assert len(town.inbox(p)) == 1
    all_answered(town, people, copies=2)
