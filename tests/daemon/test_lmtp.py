# SPDX-License-Identifier: BSD-2-Clause
"""Mail in and out, the main road: a report becomes a case, who wrote gets an answer in his thread, the grid worker gets
a text on his telephone."""

import email.message
import re

import pytest

import hailan_testing as ht
import mails
from conftest import WORKERS, Town, template

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 16


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg", template=template("town"))
    try:
        c.add_channel("mail", "hailan_mail")
        yield c
    finally:
        c.stop()


@pytest.fixture(scope="module")
def town(folder, cluster):
    port, mta = ht.free_port(), mails.Mta()
    t = Town(folder, cluster, link_options='source = "12345"', extra=mails.settings(port, mta.port, 'authserv_id = "mx.city.example"'))
    t.port, t.mta = port, mta
    try:
        t.start()
        assert mta.greeted.wait(60 * ht.SLOW), "the MTA was never greeted"
        ht.until("the mail channel", lambda: mails.takes(port), 60)
        yield t
        t.daemon.stop()
        t.daemon.check_log()
    finally:
        t.stop()
        mta.stop()


def stored(town, sender):
    return town.rows("select * from hailan.inbox where source = %s order by id", sender)


def test_a_mail_becomes_a_case_and_is_answered(town):
    who = mails.person()
    m = mails.write("路灯坏了", "天图小区3号楼门口的路灯不亮了，晚上很黑。\n", who)
    assert mails.deliver(town.port, m, who) == [(250, b"2.0.0 stored")]
    case = town.one_case(who, timeout=60)
    assert case["channel"] == "mail" and case["text"].startswith("路灯坏了\n天图小区3号楼")
    row = stored(town, who)[0]
    assert bytes(row["raw"]) == m.as_bytes(policy=email.policy.SMTP), "the mail is kept as it came"
    sender, answer = town.mta.expect(who)[0]
    assert sender == "", "an answer has the null sender"
    assert str(case["number"]) in answer.get_content()
    assert answer["Auto-Submitted"] == "auto-replied"
    assert answer["In-Reply-To"] == m["Message-ID"] and m["Message-ID"] in answer["References"]
    assert answer["Subject"] == f"Re: 路灯坏了 [{case['number']}]"
    assert answer["From"] == mails.ADDRESS and answer["To"] == who
    assert re.fullmatch(rf"case\+{case['number']}-[a-z0-9]{{10}}@{mails.DOMAIN}", answer["Reply-To"])


def test_the_grid_worker_is_told_on_his_telephone(town):
    before = {w: len(town.smsc.received(w)) for w in WORKERS}
    who = mails.person()
    mails.deliver(town.port, mails.write("垃圾", "天图社区3号楼垃圾没人清理", who), who)
    case = town.one_case(who, timeout=60)
    ht.until("a notice to a grid worker", lambda: any(
        str(case["number"]) in m["text"] for w in WORKERS for m in town.smsc.received(w)[before[w]:]), 60)
    assert not any(set(to) & set(WORKERS) for _, to, _ in town.mta.mails), "no telephone is written a mail"


def test_the_same_mail_again_is_stored_once(town):
    who = mails.person()
    data = mails.write("停水", "天图小区停水一天了", who).as_bytes(policy=email.policy.SMTP)
    assert mails.deliver(town.port, data, who)[0][0] == 250
    assert mails.deliver(town.port, data, who) == [(250, b"2.0.0 it is here already")]
    again = b"Received: from mx2 by mx; Tue, 24 Nov 2026 12:00:00 +0800\r\n" + data
    assert mails.deliver(town.port, again, who) == [(250, b"2.0.0 it is here already")]
    other = data.replace(b"Subject:", b"X-Different: yes\r\nSubject:").replace(b"Content-Transfer", b"Content-transfer")
    assert mails.deliver(town.port, other, who)[0][1] == b"2.0.0 it is here already", "the id and the body make it the same"
    assert len(stored(town, who)) == 1


def test_one_id_for_different_bodies_loses_nothing(town):
    who = mails.person()
    for body in ("一楼冒烟", "二楼冒烟"):
        mails.deliver(town.port, mails.write("报警器", body, who, message_id="<always@the.same>"), who)
    assert len(stored(town, who)) == 2


def test_without_an_id_the_bytes_below_the_trace_tell(town):
    who = mails.person()
    data = b"From: x@example.net\r\nSubject: test\r\n\r\nno id here\r\n"
    trace = b"Received: from a by b;\r\n\tTue, 24 Nov 2026 12:00:00 +0800\r\n"
    assert mails.deliver(town.port, trace + data, who)[0][1] == b"2.0.0 stored"
    assert mails.deliver(town.port, data, who)[0][1] == b"2.0.0 it is here already"
    assert mails.deliver(town.port, data.replace(b"test", b"rest"), who)[0][1] == b"2.0.0 stored"


def test_each_recipient_has_an_answer(town):
    who = mails.person()
    r = mails.Raw(town.port)
    assert r.say(f"MAIL FROM:<{who}>").startswith("250")
    assert r.say(f"RCPT TO:<{mails.ADDRESS}>").startswith("250")
    assert r.say("RCPT TO:<report@elsewhere.example>").startswith("550 5.1.2")
    assert r.say(f"RCPT TO:<case+20007-aaaaaaaaaa@{mails.DOMAIN}>").startswith("550 5.1.1")
    assert r.say(f"RCPT TO:<Wish@{mails.DOMAIN.upper()}>").startswith("250")
    assert r.say("DATA").startswith("354")
    r.send("Subject: two\r\n\r\nfor two\r\n.\r\n")
    assert [r.line(), r.line()] == ["250 2.0.0 stored"] * 2
    assert r.say("QUIT").startswith("221")
    assert sorted(x["destination"] for x in stored(town, who)) == [mails.ADDRESS, f"wish@{mails.DOMAIN}"]


def test_pictures_are_kept_once_and_filed_to_the_case(town):
    senders = [mails.person(), mails.person()]
    for who in senders:
        m = mails.write("水管漏水", "天图小区3号楼2单元漏水，见照片", who)
        m.add_attachment(PICTURE, maintype="application", subtype="octet-stream", filename="漏水.jpg")
        assert mails.deliver(town.port, m, who)[0][0] == 250
    numbers = [town.one_case(who, timeout=60)["number"] for who in senders]
    rows = town.rows("select l.number, l.name, a.mime, a.bytes from hailan.attachment_link l join hailan.attachment a using (sha256)"
                     " where l.number = any(%s) order by l.number", numbers)
    assert [(r["number"], r["name"], r["mime"], bytes(r["bytes"])) for r in rows] == [
        (n, "漏水.jpg", "image/jpeg", PICTURE) for n in sorted(numbers)]
    assert town.rows("select count(*) from hailan.attachment where bytes = %s", PICTURE)[0][0] == 1


MACHINES = {
    "null sender": ("", {}),
    "auto-submitted": (None, {"Auto_Submitted": "auto-replied"}),
    "a list": (None, {"List_Id": "<news.example.net>"}),
    "bulk": (None, {"Precedence": "bulk"}),
    "exchange": (None, {"X_Auto_Response_Suppress": "All"}),
    "our own": (f"someone@{mails.DOMAIN}", {}),
    "mailer-daemon": ("mailer-daemon@example.net", {}),
}


@pytest.mark.parametrize("kind", MACHINES)
def test_machines_are_never_answered(town, kind):
    sender, headers = MACHINES[kind]
    sender = mails.person() if sender is None else sender
    m = mails.write("路灯坏了", f"天图小区3号楼路灯坏了 ({kind})", sender or "someone@example.org", **headers)
    assert mails.deliver(town.port, m, sender)[0][0] == 250
    row = ht.until("the mail", lambda: town.rows(
        "select * from hailan.inbox where protocol::jsonb ->> 'message_id' = %s", m["Message-ID"]), 60)[0]
    assert row["flags"] & 1
    town.handled(timeout=60)
    assert town.rows("select count(*) from hailan.outbox where message_id = %s", row["id"])[0][0] == 0


def test_mails_go_out_when_the_mta_is_back(town):
    who = mails.person()
    town.mta.answers += [("RCPT", "450 4.2.0 greylisted"), ("dot", "451 4.3.0 no room")]
    mails.deliver(town.port, mails.write("下水道", "天图小区下水道堵了", who), who)
    town.mta.expect(who)
    town.mta.refuse_connections()
    other = mails.person()
    mails.deliver(town.port, mails.write("下水道", "天图小区下水道又堵了", other), other)
    town.one_case(other, timeout=60)
    assert town.mta.to(other) == []
    town.mta.refuse_connections(False)
    town.mta.expect(other)


def test_a_recipient_that_is_refused_is_written_down(town):
    who = mails.person()
    town.mta.answers.append(("RCPT", "550 5.1.1 no such mailbox"))
    mails.deliver(town.port, mails.write("噪音", "天图小区楼上噪音", who), who)
    ht.until("a failed delivery", lambda: town.rows(
        "select d.detail from hailan.delivery d join hailan.outbox o on o.id = d.outbox_id where o.destination = %s and d.state = 'failed'", who), 60)
    assert town.mta.to(who) == []


def answer_to(town, who):
    """The last mail to somebody, and the address that he answers to."""
    message = town.mta.expect(who)[-1][1]
    return message, message["Reply-To"]


def events(town, number):
    return town.rows("select action, reason from hailan.case_event where case_number = %s order by id", number)


def test_an_answer_finds_its_case_by_the_address(town):
    who, friend = mails.person(), mails.person()
    mails.deliver(town.port, mails.write("电梯", "天图小区5号楼电梯停了", who), who)
    case = town.one_case(who, timeout=60)
    _, address = answer_to(town, who)
    m = mails.write("回复：电梯", "轮椅下不去\n\n在 2026年11月24日，report 写道：\n> 编号\n", friend)
    m.add_attachment(PICTURE[::-1], maintype="image", subtype="jpeg", filename="b.jpg")
    mails.deliver(town.port, m, friend, address)
    ht.until("the text at the case", lambda: ("added_text", "轮椅下不去") in [tuple(e) for e in events(town, case["number"])], 60,
             shown=lambda: events(town, case["number"]))
    assert town.cases(friend) == [], "no case of its own"
    names = [r["name"] for r in town.rows("select name from hailan.attachment_link where number = %s", case["number"])]
    assert names == ["b.jpg"]
    answer, _ = answer_to(town, friend)
    assert str(case["number"]) in answer.get_content()


def test_an_answer_finds_its_case_by_the_thread(town):
    who = mails.person()
    mails.deliver(town.port, mails.write("暖气", "天图小区5号楼暖气不热", who), who)
    case = town.one_case(who, timeout=60)
    answer, _ = answer_to(town, who)
    mails.deliver(town.port, mails.write("Re: 暖气", "老人冻病了", who, In_Reply_To=answer["Message-ID"]), who)
    ht.until("the text at the case", lambda: "老人冻病了" in [e["reason"] for e in events(town, case["number"])], 60)
    assert len(town.cases(who)) == 1


def test_a_number_in_the_subject_counts_for_its_owner_only(town):
    who, other = mails.person(), mails.person()
    mails.deliver(town.port, mails.write("井盖", "天图小区5号楼门口井盖没了", who), who)
    number = town.one_case(who, timeout=60)["number"]
    mails.deliver(town.port, mails.write(f"Re: 井盖 [{number}]", "有人差点掉下去", who), who)
    ht.until("the text at the case", lambda: "有人差点掉下去" in [e["reason"] for e in events(town, number)], 60)
    mails.deliver(town.port, mails.write(f"Re: 井盖 [{number}]", "天图小区9号楼垃圾没人收", other), other)
    assert town.one_case(other, timeout=60)["number"] != number
    assert len(events(town, number)) == 2


@pytest.fixture
def staff(town):
    """An address of the grid worker whose telephone is known."""
    address = mails.person()
    town.rows("insert into hailan.phone (number, person_id) select %s, person_id from hailan.phone where number = %s returning number",
              address, WORKERS[0])
    yield address
    town.rows("delete from hailan.phone where number = %s returning number", address)


def test_only_proven_staff_are_obeyed(town, staff):
    who = mails.person()
    mails.deliver(town.port, mails.write("路灯", "天图小区3号楼路灯坏了", who), who)
    number = town.one_case(who, timeout=60)["number"]
    command = mails.write("", f"收{number}", staff)
    for result in (None, "evil.example; spf=pass smtp.mailfrom=" + staff, "mx.city.example; spf=fail smtp.mailfrom=" + staff):
        m = mails.write("", f"收{number}", staff, **({"Authentication_Results": result} if result else {}))
        mails.deliver(town.port, m, staff)
        row = ht.until("the mail", lambda m=m: town.rows(
            "select v.kind from hailan.inbox i join hailan.verdict v on v.inbox_id = i.id where i.protocol::jsonb ->> 'message_id' = %s",
            m["Message-ID"]), 60)[0]
        assert row["kind"] != "command", result
    command["Authentication-Results"] = "mx.city.example; spf=pass smtp.mailfrom=" + staff
    mails.deliver(town.port, command, staff)
    ht.until("the step", lambda: any(e["action"] != "filed" for e in events(town, number)), 60, shown=lambda: events(town, number))


def test_hailanctl_fetches_attachments(town, tmp_path):
    who = mails.person()
    m = mails.write("裂缝", "天图小区5号楼外墙裂缝", who)
    content = b"%PDF-1.4 " + who.encode()
    m.add_attachment(content, maintype="image", subtype="png", filename="../../报告.pdf")
    mails.deliver(town.port, m, who)
    number = town.one_case(who, timeout=60)["number"]
    listed = town.daemon.json("attachment", str(number))[0]
    assert (listed["type"], listed["size"], listed["number"]) == ("application/pdf", len(content), number)
    assert town.daemon.json("attachment", "--message", str(listed["message"]))[0]["sha256"] == listed["sha256"]
    out = tmp_path / "a.pdf"
    town.daemon.ctl("attachment", "--get", listed["sha256"][:12], "--output", out)
    assert out.read_bytes() == content
    again = town.daemon.ctl("attachment", "--get", listed["sha256"][:12], "--output", out, check=False)
    assert again.returncode != 0 and "exists" in again.stderr
    assert town.daemon.ctl("attachment", "--get", "000000000000", check=False).returncode == 1
