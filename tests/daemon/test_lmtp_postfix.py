# SPDX-License-Identifier: BSD-2-Clause
"""A real MTA on both sides: mails come through Postfix while plugs are pulled, and answers go out through it."""

import os
import shutil
import threading
import time

import pytest

import hailan_testing as ht
import mails
from conftest import Town, template

pytestmark = pytest.mark.skipif(not shutil.which("postfix") or os.geteuid() != 0, reason="needs Postfix, and root to start it")


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg", fast=False, template=template("town"))
    try:
        c.add_channel("mail", "hailan_mail")
        yield c
    finally:
        c.stop()


@pytest.fixture(scope="module")
def town(folder, cluster):
    port, sink = ht.free_port(), mails.Mta()
    postfix = mails.Postfix(folder / "postfix", port, sink.port)
    t = Town(folder, cluster, link_options='source = "12345"', extra=mails.settings(port, postfix.port))
    t.port, t.mta, t.postfix = port, sink, postfix
    try:
        postfix.start()
        t.start()
        ht.until("the mail channel", lambda: mails.takes(port), 60)
        yield t
        t.daemon.stop()
        t.daemon.check_log()
    finally:
        t.stop()
        postfix.stop()
        sink.stop()


def rows(town, prefix):
    return town.rows("select source, count(*) as n from hailan.inbox where source like %s group by 1", prefix + "%")


def test_there_and_back(town):
    who = mails.person()
    m = mails.write("路灯坏了", "天图小区3号楼门口的路灯不亮了", who)
    town.postfix.send(m, who)
    case = town.one_case(who, timeout=60)
    sender, answer = town.mta.expect(who)[0]
    assert sender == "" and str(case["number"]) in answer["Subject"] and answer["In-Reply-To"] == m["Message-ID"]


def test_what_is_refused_for_good_comes_back_to_its_sender(town):
    who = mails.person()
    town.postfix.send(mails.write("x", "y", who), who, f"case+20007-aaaaaaaaaa@{mails.DOMAIN}")
    sender, bounce = town.mta.expect(who)[0]
    assert sender == "" and "no such address of a case" in bounce.as_string()


def pulls(town):
    def channel():
        town.daemon.kill_children("channel:mail")

    def backends():
        town.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hailan_mail'")

    def database():
        town.cluster.restart()

    def outage():
        town.cluster.stop()
        time.sleep(1)
        town.cluster.start()

    def restart():
        town.daemon.restart()

    return {f.__name__: f for f in (channel, backends, database, outage, restart)}


@pytest.mark.parametrize("what", ["channel", "backends", "database", "outage", "restart"])
def test_each_mail_is_there_exactly_once(town, what):
    town.daemon.allowed_errors.append(r"role=channel|signal 9|role=clerk|role=timekeeper")
    pull = pulls(town)[what]
    count = 60

    def send(part):
        for n in range(part, count, 3):
            who = f"{what}{n}@example.net"
            town.postfix.send(mails.write(f"{what} {n}", f"天图小区3号楼路灯坏了 {n}", who), who)

    senders = [threading.Thread(target=send, args=(part,)) for part in range(3)]
    for t in senders:
        t.start()
    for _ in range(3):
        time.sleep(0.2)
        pull()
    for t in senders:
        t.join()
    ht.until("all mails", lambda: not town.postfix.flush() and len(rows(town, what)) == count, 180, step=0.5,
             shown=lambda: (len(rows(town, what)), town.postfix.log()[-1500:]))
    town.postfix.empty()
    there = rows(town, what)
    assert len(there) == count and all(r["n"] == 1 for r in there), "lost or doubled"
    ht.until("a case for each", lambda: town.rows(
        'select count(*) from hailan."case" where phone like %s', what + "%")[0][0] == count, 120)


def test_a_large_mail_with_a_picture(town):
    who = mails.person()
    picture = b"\xff\xd8\xff\xe0" + os.urandom(17 << 20)
    m = mails.write("照片", "天图小区3号楼漏水", who)
    m.add_attachment(picture, maintype="image", subtype="jpeg", filename="a.jpg")
    assert len(m.as_bytes()) > 23 << 20
    town.postfix.send(m, who)
    case = town.one_case(who, timeout=180)
    got = town.rows("select a.bytes from hailan.attachment_link l join hailan.attachment a using (sha256) where l.number = %s", case["number"])
    assert bytes(got[0][0]) == picture
