# SPDX-License-Identifier: BSD-2-Clause
"""Receipts: in every form, at every moment, and for messages that nobody knows."""

import pytest

import hailan_testing as ht
from smsc import coding, pdu

TEXT = "三合镇桥头路灯不亮"  # no grid worker there: one message goes out, the reply


@pytest.fixture(scope="module")
def town(make_module_town):
    t = make_module_town(links=("a", "b"), link_options='reconnect_min = "100ms" reconnect_max = "500ms"')
    yield t.start()
    t.daemon.stop()
    t.daemon.check_log()
    assert t.smsc.complaints() == []


@pytest.fixture
def smsc(town):
    yield town.smsc
    town.smsc.set(receipt="dlr", receipt_delay=0.2, receipt_states="DELIVRD", resp_delay=0)


def states(town, phone):
    """What is noted of the last message to phone, in order."""
    return town.delivery(town.rows("select max(id) from hailan.outbox where destination = %s", phone)[0][0])


def reply(town):
    """A text and its reply: the phone."""
    phone = ht.phone()
    town.smsc.text(phone, TEXT)
    town.smsc.expect(phone)
    return phone


def reaches(town, phone, state, timeout=ht.PATIENCE):
    ht.until(f"state {state} of the message to {phone}", lambda: state in states(town, phone), timeout,
             shown=lambda: states(town, phone))


def receipt_taken(town, phone):
    """We have acknowledged a receipt of what phone got."""
    ht.until(f"a receipt from {phone}", lambda: [
        e for e in town.smsc.do("acked", kind="receipt", **{"from": phone})["ledger"] if e["state"] == "acked"])


def orphans(town):
    return town.cluster.value("select count(*) from hailan.receipt_orphan")


@pytest.mark.parametrize("form", ["dlr", "text", "tlv", "early", "early,tlv", "early,hex", "hex", "decimal", "hex,text",
                                  "hex,tlv", "decimal,text", "early,decimal", "twice"])
def test_form(town, smsc, form):
    smsc.set(receipt=form)
    before = orphans(town)
    reaches(town, reply(town), "delivered")
    ht.until("no orphan more than before", lambda: orphans(town) <= before, shown=lambda: orphans(town))


def test_receipt_long_before_the_response(town, smsc):
    """The response comes a second after the receipt."""
    smsc.set(receipt="early", receipt_delay=0, resp_delay=1.0)
    reaches(town, reply(town), "delivered")


@pytest.mark.parametrize("state, noted", [("UNDELIV", "undelivered"), ("EXPIRED", "undelivered"),
                                          ("DELETED", "undelivered"), ("REJECTD", "undelivered"), ("UNKNOWN", "unknown")])
def test_that_did_not_arrive(town, smsc, state, noted):
    smsc.set(receipt_states=state)
    phone = reply(town)
    reaches(town, phone, noted)
    assert "delivered" not in states(town, phone)
    town.settled()
    assert len(smsc.received(phone)) == 1, "a receipt is no reason to send again"


@pytest.mark.parametrize("chain", ["ENROUTE,DELIVRD", "ACCEPTD,DELIVRD", "ENROUTE,ACCEPTD,UNDELIV"])
def test_states_on_the_way_are_not_the_end(town, smsc, chain):
    smsc.set(receipt_states=chain, receipt_delay=0.3)
    reaches(town, reply(town), "delivered" if chain.endswith("DELIVRD") else "undelivered")


def test_accepted_alone_is_not_delivered(town, smsc):
    smsc.set(receipt_states="ACCEPTD")
    phone = reply(town)
    receipt_taken(town, phone)
    town.settled()
    assert not {"delivered", "undelivered"} & set(states(town, phone))


def test_no_receipt_at_all(town, smsc):
    smsc.set(receipt="none")
    phone = reply(town)
    reaches(town, phone, "sent")


def test_unknown_id(town, smsc):
    """Kept for 48 hours, acknowledged, and no message of anybody."""
    before, rows = orphans(town), town.cluster.value("select count(*) from hailan.inbox")
    m = pdu.Message(source_ton=1, source_npi=1, source="8613812345678", dest_ton=3, dest="12345", esm_class=4,
                    short_message=b"id:NOBODYKNOWS sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:")
    answer = town.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]
    assert (answer["command"], answer["status"]) == ("deliver_sm_resp", 0)
    ht.until("the orphan", lambda: orphans(town) == before + 1, shown=lambda: orphans(town))
    assert town.cluster.value("select count(*) from hailan.inbox") == rows, "a receipt is no message"


def test_receipt_over_the_other_link_and_after_a_restart(town, smsc):
    phone = ht.phone()
    smsc.do("phone", phone=phone, state="NONE")
    smsc.text(phone, TEXT, link="a")
    smsc.expect(phone)
    reaches(town, phone, "sent")
    town.daemon.restart()
    smsc.bound(2)
    message = smsc.received(phone)[0]["message_ids"][0]
    smsc.do("receipt", message_id=message, state="DELIVRD", link="b")
    reaches(town, phone, "delivered")


VARIANTS = [
    "id:{id} sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:...",
    "ID:{id} SUB:001 DLVRD:001 SUBMIT DATE:261124120059 DONE DATE:261124120159 STAT:DELIVRD ERR:000 TEXT:abc",
    "stat:DELIVRD id:{id}",
    "id:{id} stat:delivrd",
    "id:{id} sub:1 dlvrd:1 submit date:2611241200 done date:2611241201 stat:DELIVRD err:MK:0011 text:",
    "id:{id} sub:001 dlvrd:001 done date:2611241201 stat:DELIVRD text:id:999 stat:UNDELIV",
    "id:{id}  sub:001  stat:DELIVRD  err:DELIVRD",
]


@pytest.mark.parametrize("form", VARIANTS)
def test_texts_of_vendors(town, smsc, form):
    phone = ht.phone()
    smsc.do("phone", phone=phone, state="NONE")
    smsc.text(phone, TEXT)
    message = smsc.expect(phone)["message_ids"][0]
    reaches(town, phone, "sent")
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", esm_class=4,
                    short_message=coding.to_septets(form.format(id=message)))
    assert town.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    reaches(town, phone, "delivered")


@pytest.mark.parametrize("esm_class", [0x04, 0x44, 0x24])
def test_receipt_flags(town, smsc, esm_class):
    """(esm_class & 0x3c) is 4 for a final receipt; 0x20 beside it is another thing but no message either."""
    phone = reply(town)
    rows = town.cluster.value("select count(*) from hailan.inbox")
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", esm_class=esm_class & ~0x40,
                    short_message=b"id:77 stat:DELIVRD")
    assert town.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    assert town.cluster.value("select count(*) from hailan.inbox") == rows


def test_intermediate_notification(town, smsc):
    phone = ht.phone()
    smsc.do("phone", phone=phone, state="NONE")
    smsc.text(phone, TEXT)
    message = smsc.expect(phone)["message_ids"][0]
    rows = town.cluster.value("select count(*) from hailan.inbox")
    m = pdu.Message(source_ton=1, source_npi=1, source=phone[1:], dest_ton=3, dest="12345", esm_class=0x20,
                    tlvs=[(0x001E, pdu.cstring(message)), (0x0427, b"\1")])
    assert town.smsc.raw(pdu.DELIVER_SM, m.body())["answer"]["status"] == 0
    town.settled()
    assert "delivered" not in states(town, phone)
    assert town.cluster.value("select count(*) from hailan.inbox") == rows


def test_a_person_who_writes_like_a_receipt(town, smsc):
    """esm_class 0: a message, whatever it says."""
    phone = ht.phone()
    smsc.text(phone, "id:12345 stat:DELIVRD 三合镇桥头井盖没了")
    smsc.expect(phone)
    assert town.one_case(phone)["category"] == "manhole"


def test_receipts_are_refused_for_now_when_the_database_is_away(make_town):
    town = make_town(link_options='reconnect_min = "100ms"', smsc_settings={"receipt_delay": 1.5}).start()
    town.daemon.allowed_errors.append("database|connection")
    phone = reply(town)
    town.cluster.stop()
    try:
        def receipts():
            return town.smsc.do("acked", kind="receipt")["ledger"]
        ht.until("a receipt that was refused", lambda: receipts() and receipts()[0]["refusals"], shown=receipts)
        assert receipts()[0]["state"] != "acked", f"acknowledged a receipt that nobody has: {receipts()}"
    finally:
        town.cluster.start()
    reaches(town, phone, "delivered")
