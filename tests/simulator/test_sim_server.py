# SPDX-License-Identifier: BSD-2-Clause
"""How the simulated SMSC behaves when things go wrong, seen from a bare socket."""
import threading
import time

import pytest

import esmes  # noqa: F401
from smsc import ControlError, LinkConfig, pdu

PHONE = "+8613812345678"


def reply(text, **changes):
    return pdu.Message(**{"source_ton": 3, "source": "12345", "dest_ton": 1, "dest_npi": 1, "dest": PHONE[1:], "data_coding": 8,
                          "registered_delivery": 1, "short_message": text.encode("utf-16-be"), **changes})


def submit(esme, text="已受理", **changes):
    return esme.ask(pdu.SUBMIT_SM, reply(text, **changes).body())


def test_window_of_one(start, bare):
    smsc = start(window=1)
    esme = bare(smsc.port())
    for text in "甲乙丙":
        smsc.call("send", from_=PHONE, text=text)
    seen = []
    for _ in range(3):
        sequence, m = esme.deliver(answer=None)
        assert smsc.call("links")["links"][0]["sessions"][0]["in_flight"] == 1
        seen.append(m.short_message.decode("utf-16-be"))
        esme.send(pdu.DELIVER_SM_RESP, b"\0", 0, sequence)
    assert seen == list("甲乙丙")
    smsc.call("wait", idle=True)


def test_resend_after_cut_with_new_number(start, bare):
    smsc = start()
    esme = bare(smsc.port())
    first = smsc.call("send", from_=PHONE, text="第一")
    smsc.call("send", from_=PHONE, text="第二")
    esme.deliver(answer=0)
    esme.deliver(answer=None)
    smsc.call("wait", acked=1)
    assert smsc.call("cut")["cut"] == 1
    with pytest.raises(OSError):
        while esme.sock.recv(1000):
            pass
        raise ConnectionError
    again = bare(smsc.port())
    sequence, m = again.deliver()
    assert m.short_message.decode("utf-16-be") == "第二"
    smsc.call("wait", idle=True)
    one, two = smsc.call("acked")["ledger"]
    assert (one["id"], one["attempts"]) == (first["ids"][0], 1)
    assert two["attempts"] == 2 and len(two["sequences"]) == 2 and two["state"] == "acked"


def test_resend_comes_before_what_waits(start, bare):
    smsc = start(window=2)
    esme = bare(smsc.port())
    for text in "甲乙丙":
        smsc.call("send", from_=PHONE, text=text)
    esme.deliver(answer=None)
    esme.deliver(answer=None)
    smsc.call("cut")
    again = bare(smsc.port())
    assert [again.deliver()[1].short_message.decode("utf-16-be") for _ in range(3)] == list("甲乙丙")


def test_no_resend_when_told(start, bare):
    smsc = start(resend="off")
    esme = bare(smsc.port())
    smsc.call("send", from_=PHONE, text="一")
    esme.deliver(answer=None)
    smsc.call("cut")
    smsc.call("wait", idle=True)
    assert smsc.call("acked")["ledger"][0]["state"] == "lost"


def test_unanswered_is_sent_again(start, bare):
    smsc = start(resend_after=0.2)
    esme = bare(smsc.port())
    smsc.call("send", from_=PHONE, text="一")
    first, _ = esme.deliver(answer=None)
    second, _ = esme.deliver(answer=0)
    assert second != first
    smsc.call("wait", idle=True)


@pytest.mark.parametrize("status", [0x14, 0x58, 0x64, 0x65])
def test_later_and_never(start, bare, status):
    smsc = start()
    esme = bare(smsc.port())
    smsc.call("send", from_=PHONE, text="一")
    esme.deliver(answer=status)
    if status == 0x65:
        smsc.call("wait", idle=True)
        assert smsc.call("acked")["ledger"][0]["state"] == "failed"
        return
    esme.deliver(answer=0)
    smsc.call("wait", idle=True)
    entry = smsc.call("acked")["ledger"][0]
    assert entry["state"] == "acked" and entry["refusals"] == [status]


def test_parts_over_two_links(start, bare):
    smsc = start([LinkConfig("a", port=0), LinkConfig("b", port=0)])
    a, b = bare(smsc.port("a")), bare(smsc.port("b"))
    smsc.call("send", from_=PHONE, text="长" * 150, mode="udh8", link=["a", "b"], order=[3, 1, 2], drop=[2], data_coding=8)
    assert a.deliver()[1].content[5] == 3 and b.deliver()[1].content[5] == 1
    assert smsc.call("stats")["outstanding"] == 0 or smsc.call("wait", idle=True)
    with pytest.raises(ControlError, match="part 9"):
        smsc.call("send", from_=PHONE, text="短", drop=[9])


@pytest.mark.parametrize("mode", ["udh8", "udh16", "sar", "payload"])
def test_joins_what_is_submitted(start, bare, mode):
    from smsc import longmsg
    smsc = start(receipt="none")
    esme = bare(smsc.port())
    text = "가나다라" * 40
    parts = longmsg.cut(text, "ucs2", mode, ref=777)
    for part in reversed(parts):
        payload = mode == "payload"
        m = reply("", esm_class=part.esm_class, short_message=b"" if payload else part.content, tlvs=part.tlvs)
        assert esme.ask(pdu.SUBMIT_SM, m.body())[1] == 0
    message = smsc.call("wait", phone=PHONE)["messages"][0]
    assert message["text"] == text and message["kind"] == mode and [p["part"] for p in message["parts"]] == list(range(1, len(parts) + 1))
    assert smsc.call("complaints")["complaints"] == []


def test_part_that_never_comes(start, bare):
    smsc = start()
    esme = bare(smsc.port())
    submit(esme, "", esm_class=0x40, short_message=b"\x05\0\3\x07\2\2" + "乙".encode("utf-16-be"))
    assert smsc.call("received")["messages"] == []
    assert smsc.call("partial")["partial"] == [{"from": "12345", "to": PHONE[1:], "kind": "udh8", "ref": 7, "total": 2, "have": [2]}]


def test_complains_and_refuses(start, bare):
    smsc = start()
    esme = bare(smsc.port())
    assert submit(esme, dest="+8613812345678")[1] == pdu.RINVDSTADR
    assert submit(esme, short_message=b"\x4e", data_coding=8)[1] == pdu.RINVMSGLEN
    complaints = smsc.call("complaints", clear=True)["complaints"]
    assert "not digits only" in complaints[0]["text"] and bytes.fromhex(complaints[0]["pdu"])
    smsc.call("set", strict="off")
    assert submit(esme, data_coding=15)[1] == 0
    assert len(smsc.call("complaints")["complaints"]) == 1


def test_receipt_before_response(start, bare):
    smsc = start(receipt="early,decimal")
    esme = bare(smsc.port())
    sequence = esme.send(pdu.SUBMIT_SM, reply("好").body())
    command, _, number, body = esme.read()
    began = time.monotonic()
    assert command == pdu.DELIVER_SM
    report = pdu.read_message(body)
    esme.send(pdu.DELIVER_SM_RESP, b"\0", 0, number)
    command, status, number, body = esme.read()
    assert (command, status, number) == (pdu.SUBMIT_SM_RESP, 0, sequence)
    assert time.monotonic() - began > 0.05, "with the receipt on another connection the gap is what makes it early"
    message_id = body[:-1].decode()
    assert report.get_tlv(pdu.TLV_RECEIPTED_MESSAGE_ID) == b"%x\0" % int(message_id)
    assert report.short_message.startswith(b"id:%x " % int(message_id))


@pytest.mark.parametrize("words, has_text, has_tlv", [("tlv", False, True), ("text", True, False), ("dlr", True, True)])
def test_receipt_forms(start, bare, words, has_text, has_tlv):
    smsc = start(receipt=words)
    esme = bare(smsc.port())
    submit(esme)
    _, report = esme.deliver()
    assert (b"stat:DELIVRD" in report.short_message) == has_text and (report.get_tlv(pdu.TLV_MESSAGE_STATE) == b"\x02") == has_tlv


def test_receipts_for_failure_and_never(start, bare):
    smsc = start(receipt_states="ENROUTE,UNDELIV", receipt_err="00A")
    esme = bare(smsc.port())
    submit(esme, registered_delivery=2)
    _, report = esme.deliver()
    assert b"stat:UNDELIV err:00A" in report.short_message and b"dlvrd:000" in report.short_message
    assert [s for s, _ in smsc.call("submits")["submits"][0]["states"]] == ["ACCEPTED", "ENROUTE", "UNDELIV"]
    smsc.call("phone", phone=PHONE, state="none")
    message_id = submit(esme)[3][:-1].decode()
    submit(esme, registered_delivery=0)
    time.sleep(0.15)
    assert len(smsc.call("acked", kind="receipt")["ledger"]) == 1
    smsc.call("receipt", message_id=message_id, receipt_id="nobody", state="EXPIRED")
    assert b"id:nobody" in esme.deliver()[1].short_message


def test_throttle_and_statuses(start, bare):
    smsc = start(throttle=2, receipt="none")
    esme = bare(smsc.port())
    assert [submit(esme)[1] for _ in range(4)] == [0, 0, 0x58, 0x58]
    smsc.call("set", throttle=0, resp_status="0x14", resp_count=1, resp_body="nul")
    answers = [submit(esme), submit(esme)]
    assert answers[0][1] == 0x14 and answers[0][3] == b"\0" and answers[1][1] == 0
    smsc.call("set", resp_status="silent")
    esme.send(pdu.SUBMIT_SM, reply("无").body())
    smsc.call("wait", phone=PHONE, match="无")
    esme.sock.settimeout(0.1)
    with pytest.raises(TimeoutError):
        esme.read()


def test_responses_in_reverse(start, bare):
    smsc = start(resp_order="reverse", receipt="none")
    esme = bare(smsc.port())
    sent = [esme.send(pdu.SUBMIT_SM, reply("一").body()) for _ in range(3)]
    assert [esme.read()[2] for _ in range(3)] == sent[::-1]


def test_cut_on_command_numbers(start, bare):
    smsc = start(cut_after_submits=2, receipt="none")
    esme = bare(smsc.port())
    assert submit(esme)[1] == 0
    esme.send(pdu.SUBMIT_SM, reply("不知道").body())
    with pytest.raises((EOFError, ConnectionError)):
        esme.read()
    smsc.call("wait", phone=PHONE, match="不知道")
    esme = bare(smsc.port())
    smsc.call("set", cut_after_delivers=1)
    smsc.call("send", from_=PHONE, text="一")
    with pytest.raises((EOFError, ConnectionError)):
        esme.deliver(answer=None)
        esme.read()
    assert bare(smsc.port()).deliver()[1].short_message.decode("utf-16-be") == "一"


def test_enquire_link_unanswered_cuts(start, bare):
    smsc = start(enquire=0.2, enquire_timeout=0.2)
    esme = bare(smsc.port())
    assert esme.read()[0] == pdu.ENQUIRE_LINK
    with pytest.raises((EOFError, ConnectionError)):
        while True:
            esme.read()
    assert "enquire_link not answered" in smsc.call("complaints")["complaints"][0]["text"]


def test_bind_rules(start, bare):
    smsc = start([LinkConfig(port=0, system_id="town", password="secret")], bind="refuse", bind_count=1)
    assert bare(smsc.port()).bound[1] == pdu.RBINDFAIL
    esme = bare(smsc.port())
    assert esme.bound[1] == 0 and esme.bound[3] == b"HAILANSMSC\0\x02\x10\0\1\x34"
    assert esme.bind(pdu.BIND_TRANSCEIVER)[1] == pdu.RALYBND
    assert bare(smsc.port(), password="123456789").bound[1] == pdu.RINVPASWD
    loose = bare(smsc.port(), bind=False)
    assert submit(loose)[1] == pdu.RINVBNDSTS
    receiver = bare(smsc.port(), pdu.BIND_RECEIVER)
    assert submit(receiver)[1] == pdu.RINVBNDSTS
    smsc.call("set", bind=0x45, interface_version="none")
    assert bare(smsc.port()).bound[1] == 0x45


def test_unreadable_pdus(start, bare):
    smsc = start()
    esme = bare(smsc.port())
    assert esme.ask(0x00000103, b"x")[:2] == (pdu.GENERIC_NACK, pdu.RINVCMDID)
    assert esme.ask(pdu.SUBMIT_SM, b"\0\0")[1] == pdu.RINVCMDLEN
    esme.sock.sendall(pdu.HEADER.pack(15, pdu.SUBMIT_SM, 0, 99))
    assert esme.read()[:3] == (pdu.GENERIC_NACK, pdu.RINVCMDLEN, 99)
    with pytest.raises((EOFError, ConnectionError)):
        esme.read()


def test_one_octet_at_a_time(start, bare):
    smsc = start(dribble=1)
    esme = bare(smsc.port())
    smsc.call("send", from_=PHONE, text="一二三", gap=0)
    assert esme.deliver()[1].short_message.decode("utf-16-be") == "一二三"
    for octet in pdu.pack(pdu.ENQUIRE_LINK, 0, 77):
        esme.sock.sendall(bytes((octet,)))
    assert esme.read()[:3] == (pdu.ENQUIRE_LINK | pdu.RESPONSE, 0, 77)
    smsc.call("wait", idle=True)


def test_deliver_raw(start, bare):
    smsc = start()
    esme = bare(smsc.port())
    raw = pdu.pack(pdu.DELIVER_SM, 0, 4711, b"garbage").hex()
    smsc.call("deliver_raw", pdu=raw)
    command, _, sequence, body = esme.read()
    assert (command, sequence, body) == (pdu.DELIVER_SM, 4711, b"garbage")
    esme.send(pdu.GENERIC_NACK, b"", pdu.RINVCMDLEN, 4711)
    while not smsc.call("answers")["answers"]:
        time.sleep(0.01)
    assert smsc.call("answers")["answers"] == [{"command": "generic_nack", "status": 2, "sequence": 4711, "body": ""}]
    assert smsc.call("complaints")["complaints"] == []
    assert smsc.call("deliver_raw", pdu=raw, chunk=3, wait=0.1)["answer"] is None
    assert esme.read()[2] == 4711


def test_deliver_raw_waits_for_a_bind_and_for_the_end(start, bare):
    smsc = start()
    raw = pdu.pack(pdu.DELIVER_SM, 0, 7, b"").hex()
    with pytest.raises(ControlError, match="nobody is bound"):
        smsc.call("deliver_raw", pdu=raw)
    asked = threading.Thread(target=smsc.call, args=("deliver_raw",), kwargs={"pdu": raw, "bind_wait": 60})
    asked.start()
    esme = bare(smsc.port())
    assert esme.read()[2] == 7
    asked.join(60)
    got = []
    asked = threading.Thread(target=lambda: got.append(smsc.call("deliver_raw", pdu=raw, wait=60, until_closed=True)))
    asked.start()
    assert esme.read()[2] == 7
    esme.send(pdu.GENERIC_NACK, b"", pdu.RINVCMDLEN, 7)
    asked.join(0.2)
    assert not got, "the answer alone is not the end"
    esme.close()
    asked.join(60)
    assert got[0]["closed"] and got[0]["answer"]["status"] == pdu.RINVCMDLEN
    assert smsc.call("links")["links"][0]["sessions"] == []


def test_wait_for_a_link_that_is_alive(start, bare):
    """A bound connection that answers nothing may have lost its end already."""
    smsc = start()
    bare(smsc.port())
    assert smsc.call("wait", bound=1)["bound"] == 1
    with pytest.raises(ControlError, match="0 bound"):
        smsc.call("wait", bound=1, alive=True, timeout=0.2)
    again, got = bare(smsc.port()), []
    asked = threading.Thread(target=lambda: got.append(smsc.call("wait", bound=1, alive=True, timeout=60)))
    asked.start()
    while again.read()[0] != pdu.ENQUIRE_LINK:
        pass
    again.send(pdu.ENQUIRE_LINK | pdu.RESPONSE, sequence=2)  # the second that it was asked
    again.send(pdu.ENQUIRE_LINK | pdu.RESPONSE, sequence=1)
    asked.join(60)
    assert got == [{"ok": True, "bound": 1}]


def test_idle_as_soon_as_the_last_is_answered(start, bare):
    """Also when the rate allows nothing more just then: whoever waits is woken by the last answer."""
    smsc = start(deliver_rate=2, window=1)
    esme = bare(smsc.port())
    smsc.call("burst", count=2)
    esme.deliver()
    sequence, _ = esme.deliver(answer=None)
    assert smsc.call("links")["links"][0]["feeds"] == 0, "nothing is left to be made"
    began = time.monotonic()
    asked = threading.Thread(target=smsc.call, args=("wait",), kwargs={"idle": True, "timeout": 40})
    asked.start()
    esme.send(pdu.DELIVER_SM_RESP, b"\0", 0, sequence)
    asked.join(60)
    assert time.monotonic() - began < 30, "nobody told that it is idle"


def test_wrong_answers_are_complained_of(start, bare):
    smsc = start()
    esme = bare(smsc.port())
    smsc.call("send", from_=PHONE, text="一")
    sequence, _ = esme.deliver(answer=None)
    esme.send(pdu.DELIVER_SM_RESP, b"id\0", 0, sequence)
    esme.send(pdu.DELIVER_SM_RESP, b"\0", 0, 999)
    found = smsc.call("wait", complaint="nobody waits for")["complaints"]
    assert len(found) == 1
    assert any("must be one NUL" in c["text"] for c in smsc.call("complaints")["complaints"])


def test_down_up_freeze(start, bare):
    smsc = start()
    port = smsc.port()
    smsc.call("down")
    with pytest.raises(OSError):
        bare(port)
    smsc.call("up")
    esme = bare(port)
    smsc.call("freeze", seconds=0.2)
    began = time.monotonic()
    assert esme.ask(pdu.ENQUIRE_LINK)[1] == 0
    assert time.monotonic() - began > 0.1


def test_forgets_what_is_old(start, bare):
    smsc = start(remember=5, receipt="none")
    esme = bare(smsc.port())
    for i in range(8):
        submit(esme, f"第{i}条")
    messages = smsc.call("received", phone=PHONE)["messages"]
    assert [m["n"] for m in messages] == [3, 4, 5, 6, 7] and messages[-1]["text"] == "第7条"
    assert len(smsc.call("submits")["submits"]) == 5


def test_a_burst_is_fast(start, bare):
    """The floor is far under what an idle machine does (over 50,000 a second), to hold on a busy one."""
    smsc = start(window=200)
    esme = bare(smsc.port())
    esme.sock.settimeout(60)

    def answer():
        rest, done = b"", 0
        while done < 10_000:
            rest += esme.sock.recv(1 << 16)
            at, out = 0, []
            while len(rest) - at >= 16:
                length, command, _, sequence = pdu.HEADER.unpack_from(rest, at)
                if len(rest) - at < length:
                    break
                if command == pdu.DELIVER_SM:
                    out.append(pdu.pack(pdu.DELIVER_SM_RESP, 0, sequence, b"\0"))
                at += length
            rest, done = rest[at:], done + len(out)
            esme.sock.sendall(b"".join(out))
    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    answered = smsc.call("burst", count=10_000, wait=60)
    thread.join(60)
    assert answered["acked"] == 10_000 and answered["per_second"] > 1000
