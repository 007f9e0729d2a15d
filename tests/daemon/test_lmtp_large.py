# SPDX-License-Identifier: BSD-2-Clause
"""Mails of 25 MiB: they are there as they came, and the channel does not grow by their size more than once."""

import concurrent.futures
import os
import pathlib
import random

import pytest

import hailan_testing as ht
import mails
from conftest import template
from test_lmtp_wire import Post

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg", template=template("town"))
    try:
        c.add_channel("mail", "hailan_mail")
        yield c
    finally:
        c.stop()


@pytest.fixture(scope="module")
def spool(folder):
    path = folder / "spool"
    path.mkdir()
    path.chmod(0o777)
    return path


@pytest.fixture(scope="module", params=sorted({ht.BUILD, ht.FAST}), ids=lambda path: path.parent.name)
def post(folder, cluster, spool, request):
    p = Post(folder, cluster, f'spool = "{spool}"', build=request.param)
    try:
        yield p.start()
        p.daemon.stop()
        p.daemon.check_log()
    finally:
        p.daemon.stop()


def child(post):
    return next(pid for pid, role in post.daemon.children().items() if role == "channel:mail")


def memory(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise AssertionError(name)


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def sanitized(pid):
    return "libasan" in pathlib.Path(f"/proc/{pid}/maps").read_text()


def large(who, size, *more):
    """A mail and its attachments, which are its own."""
    m = mails.write("水管", "天图小区3号楼漏水，见附件", who)
    files = [random.Random(who).randbytes(size), *more]
    for n, data in enumerate(files):
        m.add_attachment(data, maintype="application", subtype="octet-stream", filename=f"{n}.bin")
    return m.as_bytes(policy=mails.email.policy.SMTP), files


def check(post, who, data, files):
    row, = post.stored(who)
    kept = post.cluster.rows(
        "select a.bytes from hailan.inbox_attachment i join hailan.attachment a using (sha256) where i.inbox_id = %s order by i.place", row["id"])
    assert bytes(row["raw"]) == data
    assert row["text"] == "水管\n天图小区3号楼漏水，见附件"
    assert [bytes(r["bytes"]) for r in kept] == files


def nothing_left(post, spool):
    assert post.cluster.value("select count(*) from hailan.inbox_piece") == 0
    assert list(spool.iterdir()) == [], "what lies in the spool has no name"
    pid = child(post)
    ht.until("the spools are closed", lambda: not [
        f for f in pathlib.Path(f"/proc/{pid}/fd").iterdir() if "hailan-mail-" in os.readlink(f)], 60)


def test_the_channel_does_not_grow_by_the_size_more_than_once(post, spool):
    first, who = mails.person(), mails.person()
    data, files = large(first, 2 * MEBIBYTE)  # libraries and the like are there from now on
    assert mails.deliver(post.port, data, first)[0] == (250, b"2.0.0 stored")
    check(post, first, data, files)
    pid = child(post)
    data, files = large(who, 18 * MEBIBYTE, b"small", b"\xff\xd8\xff" + bytes(300_000))
    assert len(data) > 24 * MEBIBYTE
    forget_peak(pid)
    before = memory(pid, "VmRSS")
    assert mails.deliver(post.port, data, who)[0] == (250, b"2.0.0 stored")
    grown, after = memory(pid, "VmHWM") - before, memory(pid, "VmRSS")
    print(f"mail {len(data) / MEBIBYTE:.1f} MiB, channel before {before / MEBIBYTE:.1f} MiB, grown at the peak "
          f"{grown / MEBIBYTE:.1f} MiB, after {after / MEBIBYTE:.1f} MiB")  # pytest -s shows it
    check(post, who, data, files)
    assert grown < len(data) * (5 if sanitized(pid) else 0.5), "sanitizers keep what is freed"
    assert mails.deliver(post.port, data, who)[0] == (250, b"2.0.0 it is here already")
    nothing_left(post, spool)


def test_several_at_once_and_small_ones_between(post, spool):
    people = [mails.person() for _ in range(5)]
    letters = [large(who, size) for who, size in zip(people, (3_000_000, 100, 1_500_000, 5_000, 2_000_000))]
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda one: mails.deliver(post.port, one[1][0], one[0]), zip(people, letters)))
    assert answers == [[(250, b"2.0.0 stored")]] * 5
    for who, (data, files) in zip(people, letters):
        check(post, who, data, files)
    nothing_left(post, spool)


def test_two_recipients_have_the_large_mail_each(post, spool):
    who = mails.person()
    data, _ = large(who, 1_500_000)
    assert mails.deliver(post.port, data, who, mails.ADDRESS, f"wish@{mails.DOMAIN}") == [(250, b"2.0.0 stored")] * 2
    assert [bytes(r["raw"]) == data for r in post.stored(who)] == [True, True]
    nothing_left(post, spool)


def test_pieces_that_are_lost_make_the_mail_come_later(post, spool):
    """As a crash of the database takes them, which keeps no log of them."""
    who = mails.person()
    data, files = large(who, 1_500_000)
    with post.cluster.connect() as db, db.cursor() as c:
        c.execute("create function hailan.test_lose() returns trigger language plpgsql as $$ begin return null; end $$")
        c.execute("create trigger test_lose before insert on hailan.inbox_piece for each row when (new.n = 1) execute function hailan.test_lose()")
    assert mails.deliver(post.port, data, who) == [(451, b"4.3.0 its pieces are lost")]
    assert post.stored(who) == []
    with post.cluster.connect() as db, db.cursor() as c:
        c.execute("drop function hailan.test_lose cascade")
    assert mails.deliver(post.port, data, who) == [(250, b"2.0.0 stored")]
    check(post, who, data, files)
    assert post.cluster.value("select count(distinct key) from hailan.inbox_piece") == 1, "those that nobody will ask for"
    assert post.cluster.value("select hailan.keep_pieces(now() + interval '59 minutes', 100)") == 0
    assert post.cluster.value("select hailan.keep_pieces(now() + interval '61 minutes', 100)") > 0
    nothing_left(post, spool)


def test_no_room_in_the_spool(post, spool):
    who = mails.person()
    data, files = large(who, 1_500_000)
    moved = spool.with_name("elsewhere")
    spool.rename(moved)
    try:
        assert mails.deliver(post.port, data, who)[0][0] == 452
        small = mails.person()
        assert mails.deliver(post.port, mails.write("灯", "天图小区3号楼路灯坏了", small), small)[0][0] == 250
    finally:
        moved.rename(spool)
    assert mails.deliver(post.port, data, who) == [(250, b"2.0.0 stored")]
    check(post, who, data, files)
    assert "mails come later" in post.daemon.log()
    post.daemon.allowed_errors.append("mails come later")
