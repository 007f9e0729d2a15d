# SPDX-License-Identifier: BSD-2-Clause
"""Mails that come back: what several MTAs write is understood, noted at the message, and shown; who has another way to
be told is told that way."""

import re

import pytest

import hailan_testing as ht
import mails
from conftest import WORKERS, Town, template


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
    t = Town(folder, cluster, link_options='source = "12345"', extra=mails.settings(port, mta.port))
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


def say(town, to, number=None):
    """A notice to an address: the id of the message, and the mail as the MTA got it, with its envelope's sender."""
    there = len(town.mta.to(to))
    with town.cluster.connect() as db, db.cursor() as c:
        c.execute("select hailan.say(now(), %s, 'zh', (select min(name) from hailan.template where language = 'zh' and body !~ '[{}]'), '{}', %s)",
                  (to, number))
        message = c.fetchone()[0]
    return message, *town.mta.expect(to, there + 1)[-1]


def deliveries(town, message):
    return {(r["state"], r["detail"]) for r in town.rows("select state::text, detail from hailan.delivery where outbox_id = %s", message)}


def report(mail, to, action="failed", status="5.1.1", said="smtp; 550 5.1.1 <x>: Recipient address rejected:\n    User unknown", returned="message/rfc822"):
    """As Postfix writes it (RFC 3464)."""
    whole = mail.as_string(policy=mails.email.policy.SMTP)
    header = whole.split("\r\n\r\n")[0] + "\r\n"
    said = said.replace("\n", "\r\n")
    return f"""From: MAILER-DAEMON@mx.city.example (Mail Delivery System)\r
Subject: Undelivered Mail Returned to Sender\r
Auto-Submitted: auto-replied\r
Message-ID: <{to}.{status}.{action}@mx.city.example>\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain; charset=us-ascii\r
\r
I'm sorry to have to inform you that your message could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.city.example\r
Arrival-Date: Tue, 24 Nov 2026 12:00:00 +0800 (CST)\r
\r
Final-Recipient: rfc822; {to}\r
Action: {action}\r
Status: {status}\r
Diagnostic-Code: {said}\r
\r
--b\r
Content-Type: {returned}\r
\r
{header if returned == "text/rfc822-headers" else whole}\r
--b--\r
"""


def words(mail, to):
    """As older Exim and its kin write it."""
    return f"""From: Mail Delivery System <Mailer-Daemon@mx.example.net>\r
X-Failed-Recipients: {to}\r
Auto-Submitted: auto-replied\r
Subject: Mail delivery failed: returning message to sender\r
Message-Id: <{to}.words@mx.example.net>\r
\r
A message that you sent could not be delivered to one or more of its\r
recipients. This is a permanent error. The following address(es) failed:\r
\r
  {to}\r
    SMTP error from remote mail server after RCPT TO:<{to}>:\r
    host mx.example.net [192.0.2.1]: 552 5.2.2 mailbox is full\r
\r
------ This is a copy of the message, including all the headers. ------\r
\r
{mail.as_string(policy=mails.email.policy.SMTP)}"""


SHAPES = {
    "by the address": lambda mail, to, sender: (report(mail, to), sender, "5.1.1 smtp; 550 5.1.1 <x>: Recipient address rejected: User unknown"),
    "by the mail": lambda mail, to, sender: (report(mail, to), mails.ADDRESS, "5.1.1 smtp; 550 5.1.1 <x>: Recipient address rejected: User unknown"),
    "by the header": lambda mail, to, sender: (report(mail, to, status="5.4.4", said="X-Notes; no route", returned="text/rfc822-headers"),
                                               mails.ADDRESS, "5.4.4 X-Notes; no route"),
    "in words": lambda mail, to, sender: (words(mail, to), mails.ADDRESS, "5.2.2 host mx.example.net [192.0.2.1]: 552 5.2.2 mailbox is full"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_comes_back_is_noted_at_its_message(town, shape):
    to = mails.person()
    message, sender, mail = say(town, to)
    assert re.fullmatch(rf"bounce\+{message}-[a-z0-9]{{10}}@{mails.DOMAIN}", sender)
    data, address, detail = SHAPES[shape](mail, to, sender)
    for _ in range(2):  # the second is the first again
        assert mails.deliver(town.port, data.encode(), "", address)[0][0] == 250
    ht.until("the delivery", lambda: ("undelivered", detail) in deliveries(town, message), 60, shown=lambda: deliveries(town, message))
    row, = town.rows("select times, detail from hailan.bounced where address = %s", to)
    assert (row["times"], row["detail"]) == (1, detail)
    town.handled(timeout=60)
    assert town.rows("select count(*) from hailan.outbox o join hailan.inbox i on i.id = o.message_id where i.destination = %s", address)[0][0] == 0
    shown = [b for b in town.daemon.json("bounces") if b["address"] == to]
    assert [(b["times"], b["stopped"], b["message"]) for b in shown] == [(1, False, message)]
    assert to in town.daemon.ctl("bounces").stdout
    assert detail in town.daemon.ctl("outbox", str(message)).stdout


def test_what_is_no_failure_changes_nothing(town):
    to = mails.person()
    message, sender, mail = say(town, to)
    away = mails.write("自动回复: 您好", "我在休假, 550 人的会议之后回来", to, Auto_Submitted="auto-replied", In_Reply_To=mail["Message-ID"])
    forged = report(mail, to).replace(re.search(r"text\.\d+\.(\w{10})", mail["Message-ID"]).group(1), "aaaaaaaaaa")
    for data, address in ((report(mail, to, "delayed", "4.4.1"), sender), (report(mail, to, "delivered", "2.0.0"), sender),
                          (forged, mails.ADDRESS), (away.as_string(policy=mails.email.policy.SMTP), sender)):
        assert mails.deliver(town.port, data.encode(), "", address)[0][0] == 250
    assert {s for s, _ in deliveries(town, message)} == {"handed", "sent"}
    assert town.rows("select count(*) from hailan.bounced where address = %s", to)[0][0] == 0
    r = mails.Raw(town.port)
    assert r.say("MAIL FROM:<>").startswith("250")
    assert r.say(f"RCPT TO:<bounce+{message}-aaaaaaaaaa@{mails.DOMAIN}>").startswith("550 5.1.1")
    r.close()


def test_staff_are_told_as_they_chose_and_by_sms_when_mail_comes_back(town):
    worker, address = WORKERS[0], mails.person()
    person = town.rows("select person_id from hailan.phone where number = %s", worker)[0][0]
    unit = town.rows("select unit_id from hailan.staff where person_id = %s", person)[0][0]

    def contact():
        return town.rows("select phone from hailan.unit_contact(%s)", unit)[0][0]

    town.rows("insert into hailan.phone (number, person_id) values (%s, %s) returning 1", address, person)
    assert contact() == worker, "by SMS, where nothing was chosen"
    try:
        town.rows("update hailan.person set notices = 'mail' where id = %s returning 1", person)
        town.rows("update hailan.policy_version set version = version + 1 returning pg_notify('policy', '')")
        assert contact() == address
        for n in range(3):
            message, sender, mail = say(town, address)
            mails.deliver(town.port, report(mail, address).replace("Message-ID: <" + address, f"Message-ID: <{n}").encode(), "", sender)
            ht.until("the delivery", lambda m=message: "undelivered" in {s for s, _ in deliveries(town, m)}, 60)
            assert contact() == (address if n < 2 else worker)
        shown, = [b for b in town.daemon.json("bounces") if b["address"] == address]
        assert (shown["times"], shown["stopped"], shown["instead"]) == (3, True, worker)
        assert any(a["kind"] == "bounces" and a["subject"] == address for a in town.daemon.json("alarms"))
        town.daemon.ctl("bounces", "--forget", address)
        assert contact() == address
        assert town.daemon.ctl("bounces", "--forget", address, check=False).returncode == 1
    finally:
        town.rows("update hailan.person set notices = 'sms' where id = %s returning 1", person)
        town.rows("delete from hailan.phone where number = %s returning 1", address)
        town.rows("update hailan.policy_version set version = version + 1 returning pg_notify('policy', '')")


def test_an_address_that_is_refused_at_once_counts_too(town):
    to = mails.person()
    town.mta.answers.append(("RCPT", "550 5.1.1 no such mailbox"))
    town.rows("select hailan.say(now(), %s, 'zh', (select min(name) from hailan.template where language = 'zh' and body !~ '[{}]'), '{}')", to)
    ht.until("the address", lambda: town.rows("select times from hailan.bounced where address = %s", to), 60)
