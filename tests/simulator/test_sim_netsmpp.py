# SPDX-License-Identifier: BSD-2-Clause
"""The simulator against Perl's Net::SMPP: our reading of SMPP 3.4 beside somebody else's."""
import pytest

TEXT = "天图社区3号楼楼道灯坏了"


def test_deliver_and_answer(start, perl):
    smsc = start()
    esme = perl(smsc.port())
    assert esme.expect("bind") == {"status": "0", "system_id": "HAILANSMSC"}
    smsc.call("wait", bound=1)
    sent = smsc.call("send", from_="13812345678", text=TEXT, wait=60)
    got = esme.expect("deliver")
    assert bytes.fromhex(got["source_addr"]) == b"8613812345678"
    assert (got["source_addr_ton"], got["source_addr_npi"]) == ("1", "1")
    assert bytes.fromhex(got["destination_addr"]) == b"12345"
    assert got["data_coding"] == "8" and got["esm_class"] == "0"
    assert bytes.fromhex(got["short_message"]).decode("utf-16-be") == TEXT
    entry = sent["ledger"][0]
    assert entry["state"] == "acked" and entry["status"] == 0 and entry["acked"] >= entry["sent"]
    assert smsc.call("complaints")["complaints"] == []


@pytest.mark.parametrize("mode, esm_class", [("udh8", "64"), ("udh16", "64"), ("sar", "0")])
def test_long_message(start, perl, mode, esm_class):
    smsc = start()
    esme = perl(smsc.port())
    smsc.call("wait", bound=1)
    text = "".join(chr(0x4e00 + i) for i in range(150))
    answer = smsc.call("send", from_="+8613900000001", text=text, mode=mode, ref=0x1234, order=[3, 1, 2], wait=60)
    assert [p["part"] for p in answer["parts"]] == [3, 1, 2]
    bodies = {}
    for number in (3, 1, 2):
        got = esme.expect("deliver")
        octets = bytes.fromhex(got["short_message"])
        assert got["esm_class"] == esm_class
        if mode == "sar":
            assert (got["sar_msg_ref_num"], got["sar_total_segments"]) == ("1234", "03")
            assert got["sar_segment_seqnum"] == f"{number:02x}"
        else:
            head = bytes([5, 0, 3, 0x34, 3, number]) if mode == "udh8" else bytes([6, 8, 4, 0x12, 0x34, 3, number])
            assert octets.startswith(head)
            octets = octets[len(head):]
        bodies[number] = octets
    assert b"".join(bodies[n] for n in (1, 2, 3)).decode("utf-16-be") == text


def test_payload(start, perl):
    smsc = start()
    esme = perl(smsc.port())
    smsc.call("wait", bound=1)
    smsc.call("send", from_="+8613900000001", text=TEXT * 20, mode="payload", wait=60)
    got = esme.expect("deliver")
    assert got["short_message"] == "" and bytes.fromhex(got["message_payload"]).decode("utf-16-be") == TEXT * 20


def test_submit_and_receipt(start, perl):
    smsc = start(receipt="hex,text,tlv")
    esme = perl(smsc.port())
    smsc.call("wait", bound=1)
    esme.do("submit source_addr_ton=3 source_addr_npi=0 source_addr=12345 dest_addr_ton=1 dest_addr_npi=1 destination_addr=8613812345678 "
            "data_coding=8 registered_delivery=1 short_message=" + "您好,已受理".encode("utf-16-be").hex())
    resp = esme.expect("submitted")
    assert resp["status"] == "0"
    message = smsc.call("wait", phone="13812345678")["messages"][0]
    assert message["text"] == "您好,已受理" and message["from"] == "12345" and message["registered_delivery"] == 1
    assert message["message_ids"] == [resp["message_id"]]
    report = esme.expect("deliver")
    decimal = str(int(resp["message_id"], 16))
    text = bytes.fromhex(report["short_message"]).decode()
    assert report["esm_class"] == "4" and bytes.fromhex(report["source_addr"]) == b"8613812345678"
    assert text.startswith(f"id:{decimal} sub:001 dlvrd:001 submit date:") and " stat:DELIVRD err:000 text:" in text
    assert bytes.fromhex(report["receipted_message_id"]).rstrip(b"\0").decode() == decimal
    assert report["message_state"] == "02"
    assert smsc.call("complaints")["complaints"] == []


def test_later_is_sent_again(start, perl):
    smsc = start()
    esme = perl(smsc.port())
    smsc.call("wait", bound=1)
    esme.do("answer 0x64 2")
    esme.do("enquire")
    esme.expect("alive")
    entry = smsc.call("send", from_="+8613900000001", text="再试", wait=60)["ledger"][0]
    assert entry["attempts"] == 3 and entry["refusals"] == [0x64, 0x64] and entry["state"] == "acked"
    assert len(set(entry["sequences"])) == 3


def test_enquire_query_unbind(start, perl):
    smsc = start()
    esme = perl(smsc.port())
    smsc.call("wait", bound=1)
    assert smsc.call("enquire", timeout=60)["seconds"] < 60
    esme.expect("enquired")
    esme.do("submit source_addr_ton=3 source_addr=12345 dest_addr_ton=1 dest_addr_npi=1 destination_addr=8613812345678 short_message=6f6b")
    esme.do("query %s 12345" % esme.expect("submitted")["message_id"])
    assert esme.expect("queried")["status"] == "0"
    esme.do("quit")
    esme.expect("unbound")
    smsc.call("wait", bound=0)


def test_transmitter_and_receiver(start, perl):
    smsc = start(bind="no-transceiver")
    refused = perl(smsc.port())
    assert refused.expect("bind")["status"] == "3"
    receiver, transmitter = perl(smsc.port(), "receiver"), perl(smsc.port(), "transmitter")
    smsc.call("wait", bound=2)
    assert sorted(smsc.call("links")["links"][0]["bound"]) == ["receiver", "transmitter"]
    smsc.call("send", from_="13800000000", text="hello", wait=60)
    assert bytes.fromhex(receiver.expect("deliver")["short_message"]) == b"hello"
    transmitter.do("submit source_addr_ton=3 source_addr=12345 dest_addr_ton=1 dest_addr_npi=1 destination_addr=8613812345678 "
                   "registered_delivery=1 short_message=6f6b")
    assert transmitter.expect("submitted")["status"] == "0"
    assert receiver.expect("deliver")["esm_class"] == "4"


def test_wrong_credentials(start, perl):
    from smsc import LinkConfig
    smsc = start([LinkConfig(port=0, system_id="town", password="secret")])
    assert perl(smsc.port(), system_id="other").expect("bind")["status"] == str(0x0F)
    assert perl(smsc.port(), password="wrong").expect("bind")["status"] == str(0x0E)
    assert perl(smsc.port()).expect("bind")["status"] == "0"
