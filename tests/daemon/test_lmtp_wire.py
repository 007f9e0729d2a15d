# SPDX-License-Identifier: BSD-2-Clause
"""The wire of the mail channel: one byte at a time, all at once, cut off, nonsense, limits; and what the MTA is told
while the database is away."""

import random
import re
import socket

import pytest

import hailan_testing as ht
import mails
from conftest import template

SMALL = "\n    ".join(("size = 65536", "line = 512", "recipients = 5", "sessions = 8", "memory = 1048576", "parts = 20", "depth = 4", "header = 8192"))


class Post:
    """hailand with the mail channel alone."""

    def __init__(self, folder, cluster, more, **daemon):
        self.cluster, self.port = cluster, ht.free_port()
        self.daemon = ht.Daemon(folder, cluster, {}, clerks=1, **daemon)
        self.configure(more)

    def configure(self, more):
        text = self.daemon.config.read_text()
        at = re.search(r'channel "(sms|mail)"', text).start()
        self.daemon.config.write_text(text[:at] + mails.settings(self.port, 1, more))

    def start(self):
        self.daemon.start()
        ht.until("the mail channel", lambda: mails.takes(self.port), 60)
        return self

    def stored(self, sender):
        return self.cluster.rows("select * from hailan.inbox where source = %s order by id", sender)

    def counters(self):
        for child in self.daemon.status()["children"]:
            if child["role"] == "channel:mail":
                return child["counters"]
        raise AssertionError("no mail channel in the status")


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg", template=template("town"))
    try:
        c.add_channel("mail", "hailan_mail")
        yield c
    finally:
        c.stop()


@pytest.fixture(scope="module")
def post(folder, cluster):
    p = Post(folder, cluster, SMALL)
    try:
        yield p.start()
        p.daemon.stop()
        p.daemon.check_log()
    finally:
        p.daemon.stop()


@pytest.fixture
def raw(post):
    made = []

    def connect(**options):
        made.append(mails.Raw(post.port, **options))
        return made[-1]

    yield connect
    for r in made:
        r.close()


WHOLE = "LHLO t\r\nMAIL FROM:<{0}>\r\nRCPT TO:<" + mails.ADDRESS + ">\r\nDATA\r\nSubject: x\r\n\r\n..dot {1}\r\n.\r\nQUIT\r\n"


def test_one_byte_at_a_time(post, raw):
    who = mails.person()
    r = raw(greet=False)
    for byte in WHOLE.format(who, "slowly").encode():
        r.send(bytes([byte]))
    assert [r.answer()[:3] for _ in range(7)] == ["220", "250", "250", "250", "354", "250", "221"]
    assert r.closed()
    assert post.stored(who)[0]["text"] == "x\n.dot slowly"


def test_all_at_once(post, raw):
    who = mails.person()
    r = raw(greet=False)
    one = f"MAIL FROM:<{who}>\r\nRCPT TO:<{mails.ADDRESS}>\r\nDATA\r\nSubject: x\r\n\r\nnumber %d\r\n.\r\n"
    r.send("LHLO t\r\n" + "".join(one % n for n in range(50)) + "QUIT\r\n")
    answers = [r.answer()[:3] for _ in range(2 + 50 * 4 + 1)]
    assert answers == ["220", "250"] + ["250", "250", "354", "250"] * 50 + ["221"]
    assert [x["text"] for x in post.stored(who)] == [f"x\nnumber {n}" for n in range(50)]


def test_nothing_of_a_mail_that_was_cut_off(post, raw):
    who = mails.person()
    for cut in (b"", b"Subject: x\r\n\r\nhalf", b"Subject: x\r\n\r\nhalf\r\n.", b"Subject: x\r\n\r\nhalf\r\n.\r"):
        r = raw()
        r.begin(who)
        r.send(cut)
        r.close()
    r = raw()
    r.begin(who)
    r.send("Subject: x\r\n\r\nwhole\r\n.\r\n")
    assert r.line().startswith("250")
    assert [x["text"] for x in post.stored(who)] == ["x\nwhole"]


def test_only_crlf_dot_crlf_ends_a_mail(post, raw):
    who = mails.person()
    r = raw()
    r.begin(who)
    r.send(b"Subject: x\r\n\r\none\n.\nMAIL FROM:<evil@example.net>\r\n.\nRCPT TO:<x@y>\n.\r\r\n.\r\n")
    assert r.line().startswith("250") and r.say("NOOP").startswith("250")
    rows = post.stored(who)
    assert len(rows) == 1 and b"evil@example.net" in bytes(rows[0]["raw"])


def test_order_of_commands(post, raw):
    r = raw(greet=False)
    assert r.line().startswith("220")
    for line, code in (("MAIL FROM:<a@b.example>", "503"), ("EHLO x", "500"), ("DATA", "503"), ("LHLO t", "250"), ("DATA", "503"),
                       (f"RCPT TO:<{mails.ADDRESS}>", "503"), ("MAIL FROM:<a@b.example>", "250"), ("MAIL FROM:<a@b.example>", "503"),
                       ("DATA", "503"), ("RSET", "250"), ("DATA", "503"), ("VRFY x", "252"), ("BDAT 3", "500"), ("noop", "250"),
                       ("MAIL FROM:<a@b.example> SIZE=65537", "552"), ("MAIL FROM:<李@b.example>", "553"),
                       ("MAIL FROM:<李@b.example> SMTPUTF8", "250"), ("QUIT now", "501"), ("QUIT", "221")):
        assert r.say(line).startswith(code), line
    assert r.closed()


def test_limits_of_a_mail(post, raw):
    who = mails.person()
    cases = {
        "552 5.3.4": b"Subject: x\r\n\r\n" + b"a" * 70 + b"\r\n" + b"b" * 80000,
        "550 5.6.0": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 30 + b"--b--",
        "550 5.6.0 its header": b"X: " + b"y" * 9000 + b"\r\n\r\nz",
        "250": b"\xff\xfe\x00 no mail at all",
    }
    r = raw()
    for code, data in cases.items():
        r.begin(who)
        r.send(data + b"\r\n.\r\n")
        line = r.line()
        assert line.startswith(code), (code, line)
    assert len(post.stored(who)) == 1


def test_limits_of_a_session(post, raw):
    r = raw()
    assert r.say("X" * 600).startswith("500 5.5.2")
    r.send("Y" * 100_000)
    assert r.say("").startswith("500 5.5.2")
    assert r.say(f"MAIL FROM:<{mails.person()}>").startswith("250")
    for n in range(5):
        assert r.say(f"RCPT TO:<r{n}@{mails.DOMAIN}>").startswith("250")
    assert r.say(f"RCPT TO:<r6@{mails.DOMAIN}>").startswith("452 4.5.3")
    for _ in range(49):  # and the two above
        assert r.say("NONSENSE").startswith("500 5.5.1")
    assert r.line().startswith("421 4.7.0") and r.closed()


def test_too_many_sessions_come_later(post, raw):
    held = [raw() for _ in range(7)]
    last = None
    for _ in range(5):
        r = raw(greet=False)
        last = r.line()
        held.append(r)
    assert last.startswith("421 4.3.2")
    for r in held:
        r.close()
    ht.until("room for a session", lambda: mails.takes(post.port), 60)


def test_the_slow_are_told_so(post, raw):
    post.daemon.stop()
    post.configure(SMALL + '\n data_timeout = "6s"\n command_timeout = "6s"')
    post.start()
    r = raw()
    r.send("MAIL FR")
    assert r.line().startswith("421 4.4.2") and r.closed()
    r = raw()
    r.begin(mails.person())
    r.send("Subject: half")
    assert r.line().startswith("421 4.4.2") and r.closed()
    post.daemon.stop()
    post.configure(SMALL)
    post.start()


def test_garbage(post, raw):
    """Whatever comes, the daemon goes on and takes the next mail."""
    dice = random.Random(7)
    words = [b"LHLO x\r\n", b"MAIL FROM:<a@b.example>\r\n", f"RCPT TO:<{mails.ADDRESS}>\r\n".encode(), b"DATA\r\n", b"\r\n.\r\n", b".\r\n",
             b"RSET\r\n", b"\0\r\n", b"\xff" * 40, b"\n" * 20, b"Content-Type: multipart/mixed; boundary=\"\"\r\n", b"--\r\n", b"a" * 3000]
    for _ in range(60):
        with socket.create_connection(("127.0.0.1", post.port), timeout=30) as s:
            try:
                s.sendall(b"".join(dice.choice(words) for _ in range(dice.randrange(1, 40))))
                if dice.random() < 0.5:
                    s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
    ht.until("room for a session", lambda: mails.takes(post.port), 60)
    who = mails.person()
    assert mails.deliver(post.port, mails.write("after", "all that", who), who)[0][0] == 250
    assert len(post.stored(who)) == 1


def test_hostile_structures(post):
    """Of those that are not refused each is stored; none takes long."""
    header = b"Subject: hostile\r\nMIME-Version: 1.0\r\n"
    shapes = {
        "nested": header + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + b"".join(
            b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(300)),
        "messages": header + b"Content-Type: message/rfc822\r\n\r\n" * 300 + b"\r\n",
        "parameters": header + b"Content-Type: text/plain;" + b"".join(b"\r\n a%d*0*=utf-8''%%41;" % i for i in range(300)) + b"\r\n\r\nx",
        "words": b"Subject: " + b"=?utf-8?B?" * 600 + b"\r\n\r\nx",
        "encoded": header + b"Content-Type: text/plain; charset=\"" + b"x" * 300 + b"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"=" * 5000,
        "boundary": header + b"Content-Type: multipart/mixed; boundary=\"" + b"-" * 200 + b"\"\r\n\r\n" + (b"-" * 198 + b"\r\n") * 200,
        "html": header + b"Content-Type: text/html\r\n\r\n" + b"<div><blockquote>" * 3000,
        "entities": header + b"Content-Type: text/html\r\n\r\n" + b"&#" * 20000,
        "uu": header + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n" + b"M" * 5000,
    }
    for name, data in shapes.items():
        who = mails.person()
        answer = mails.deliver(post.port, data + b"\r\n", who)[0]
        assert answer[0] in (250, 550), (name, answer)
        assert len(post.stored(who)) == (answer[0] == 250), name


def test_while_the_database_is_away_mails_come_later(post):
    who = mails.person()
    post.cluster.stop()
    try:
        ht.until("the answer later", lambda: not mails.takes(post.port), 60)
        r = mails.Raw(post.port)
        assert r.say(f"MAIL FROM:<{who}>").startswith("451 4.3.2")
        r.close()
    finally:
        post.cluster.start()
    ht.until("the mail channel", lambda: mails.takes(post.port), 60)
    assert mails.deliver(post.port, mails.write("back", "again", who), who)[0][0] == 250
    assert len(post.stored(who)) == 1


def test_a_stop_waits_for_what_is_in_hand(post, raw):
    """An idle session is told good-bye; what was being stored is answered first."""
    idle, busy = raw(), raw()
    who = mails.person()
    busy.begin(who)
    with post.cluster.locked("hailan.inbox"):
        busy.send("Subject: x\r\n\r\nin hand\r\n.\r\n")
        ht.until("a mail in hand", lambda: post.cluster.value(
            "select count(*) from pg_locks where not granted and relation = 'hailan.inbox'::regclass") > 0, 60)
        post.daemon.process.terminate()
        assert idle.line().startswith("421 4.3.2") and idle.closed()
    assert busy.line().startswith("250")
    post.daemon.process.wait(60 * ht.SLOW)
    assert len(post.stored(who)) == 1
    post.daemon.process = None
    post.start()
