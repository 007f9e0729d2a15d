# SPDX-License-Identifier: BSD-2-Clause
"""What tests of the mail channel stand on: the channel's settings, an MTA that takes what it is given and can be told
to be difficult, and LMTP by hand."""

import contextlib
import email
import email.policy
import itertools
import pathlib
import re
import shutil
import smtplib
import socket
import subprocess
import threading

import hailan_testing as ht

DOMAIN = "report.city.example"
ADDRESS = f"report@{DOMAIN}"
SECRET = "0123456789abcdef-not-secret"

_people = itertools.count(1)


def person():
    """An address that nobody has had in this run."""
    return f"resident{next(_people)}@example.net"


class Mta:
    """A sink for what the town writes. answers: (command, answer) for the next ones, as ("RCPT", "450 4.2.0 later")."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.mails = []  # (sender, recipients, bytes)
        self.answers = []
        self.greeted = threading.Event()
        self.open = True
        self.connections = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            if not self.open:
                peer.close()
                continue
            self.connections.add(peer)
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _answer(self, command, good):
        for i, (of, answer) in enumerate(self.answers):
            if of == command:
                del self.answers[i]
                return answer
        return good

    def _serve(self, peer):
        with contextlib.suppress(OSError), peer, peer.makefile("rwb") as f:
            def say(text):
                if text == "hang up":
                    peer.shutdown(socket.SHUT_RDWR)
                    raise OSError
                f.write(text.encode() + b"\r\n")
                f.flush()

            say(self._answer("greeting", "220 mx.city.example ESMTP"))
            sender, to = None, []
            for line in f:
                word = line.split(b" ")[0].strip().upper().decode()
                if word == "EHLO":
                    self.greeted.set()
                    say("250-mx.city.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")
                elif word == "MAIL":
                    answer = self._answer("MAIL", "250 ok")
                    sender, to = re.search(rb"<(.*?)>", line).group(1).decode(), []
                    say(answer)
                elif word == "RCPT":
                    to.append(re.search(rb"<(.*?)>", line).group(1).decode())
                    say(self._answer("RCPT", "250 ok"))
                elif word == "DATA":
                    say(self._answer("DATA", "354 go"))
                    data = b""
                    while not data.endswith(b"\r\n.\r\n"):
                        piece = f.readline()
                        if not piece:
                            return
                        data += piece
                    answer = self._answer("dot", "250 2.0.0 Ok: queued as 1A2B3C")
                    if answer.startswith("2") or answer == "taken and hang up":
                        self.mails.append((sender, to, data[:-3]))
                    say("hang up" if answer == "taken and hang up" else answer)
                elif word == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 ok")

    def to(self, address):
        return [(s, email.message_from_bytes(d, policy=email.policy.default)) for s, to, d in list(self.mails) if address in to]

    def expect(self, address, count=1, timeout=60):
        """The mails to an address, as soon as there are so many: (envelope's sender, message)."""
        return ht.until(f"{count} mails to {address}", lambda: len(self.to(address)) >= count and self.to(address), timeout,
                        shown=lambda: [(s, to) for s, to, _ in self.mails])

    def refuse_connections(self, refuse=True):
        self.open = not refuse
        if refuse:
            for peer in list(self.connections):
                with contextlib.suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
            self.connections.clear()

    def stop(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def settings(lmtp_port, smtp_port, more=""):
    return f"""channel "mail" {{
    plugin = "lmtp"
    database_user = "hailan_mail"
    listen = "inet:127.0.0.1:{lmtp_port}"
    domain = "{DOMAIN}"
    address = "{ADDRESS}"
    secret = "{SECRET}"
    smtp_port = {smtp_port}
    retry_delay = "300ms"
    {more}
}}"""


def write(subject, body, sender, to=ADDRESS, **headers):
    """A mail as Python's own library makes it."""
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"] = sender, to, subject
    m["Message-ID"] = headers.pop("message_id", None) or email.utils.make_msgid(domain="example.net")
    m["Date"] = email.utils.formatdate()
    for name, value in headers.items():
        m[name.replace("_", "-")] = value
    m.set_content(body)
    return m


class Raw:
    """LMTP by hand: bytes out, lines in."""

    def __init__(self, port, greet=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60 * ht.SLOW)
        self.file = self.socket.makefile("rb")
        if greet:
            assert self.line().startswith("220 ")
            self.say("LHLO test")

    def line(self):
        line = self.file.readline()
        assert line.endswith(b"\r\n"), f"the connection ended with {line!r}"
        return line.decode().rstrip()

    def answer(self):
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return lines[-1]

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def say(self, line):
        self.send(line + "\r\n")
        return self.answer()

    def begin(self, sender, *to):
        assert self.say(f"MAIL FROM:<{sender}>").startswith("250 ")
        for address in to or (ADDRESS,):
            assert self.say(f"RCPT TO:<{address}>").startswith("250 ")
        assert self.say("DATA").startswith("354 ")

    def closed(self):
        return self.file.readline() == b""

    def close(self):
        with contextlib.suppress(OSError):
            self.file.close()
            self.socket.close()


def deliver(port, message, sender, *to, raw=False):
    """Over smtplib; the answer of each recipient."""
    data = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
    client = smtplib.LMTP("127.0.0.1", port, timeout=60 * ht.SLOW)
    try:
        client.ehlo_or_helo_if_needed()
        code, text = client.mail(sender)
        assert code == 250, (code, text)
        for address in to or (ADDRESS,):
            code, text = client.rcpt(address)
            assert code == 250, (code, text)
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(re.sub(rb"(?m)^\.", b"..", data) + (b"" if data.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return [client.getreply() for _ in to or (ADDRESS,)]
    finally:
        client.close()


def takes(port):
    """Whether a mail would be taken now."""
    with contextlib.suppress(OSError), smtplib.LMTP("127.0.0.1", port, timeout=60 * ht.SLOW) as client:
        client.ehlo_or_helo_if_needed()
        return client.mail("probe@example.net")[0] == 250
    return False


class Postfix:
    """A Postfix of our own on loopback: what comes for DOMAIN goes to the LMTP port, all else to the sink. Its waits are
    seconds where those of production are minutes."""

    def __init__(self, folder, lmtp_port, sink_port):
        self.folder = pathlib.Path(folder)
        self.port = ht.free_port()
        self.config = self.folder / "etc"
        for name in ("etc", "queue", "data"):
            (self.folder / name).mkdir(parents=True)
        shutil.chown(self.folder / "data", "postfix")
        (self.config / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.city.example
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {self.folder}/maillog
maillog_file_prefixes = {self.folder}
relay_domains = {DOMAIN}
transport_maps = inline:{{ {DOMAIN}=lmtp:inet:127.0.0.1:{lmtp_port} }}
default_transport = smtp:[127.0.0.1]:{sink_port}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
message_size_limit = 40000000
mailbox_size_limit = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 3s
lmtp_data_done_timeout = 120s
""")
        service = "{} unix {} - n - {} {}\n"
        (self.config / "master.cf").write_text(
            f"127.0.0.1:{self.port} inet n - n - - smtpd\n" + "".join(service.format(*s) for s in (
                ("pickup", "n", "1", "pickup"), ("cleanup", "n", "0", "cleanup"), ("qmgr", "n", "1", "qmgr"),
                ("rewrite", "-", "-", "trivial-rewrite"), ("bounce", "-", "0", "bounce"), ("defer", "-", "0", "bounce"),
                ("trace", "-", "0", "bounce"), ("verify", "-", "1", "verify"), ("flush", "n", "0", "flush"),
                ("proxymap", "-", "-", "proxymap"), ("smtp", "-", "-", "smtp"), ("relay", "-", "-", "smtp"),
                ("showq", "n", "-", "showq"), ("error", "-", "-", "error"), ("retry", "-", "-", "error"),
                ("discard", "-", "-", "discard"), ("lmtp", "-", "-", "lmtp"), ("anvil", "-", "1", "anvil"),
                ("scache", "-", "1", "scache"))) + "postlog unix-dgram n - n - 1 postlogd\n")
        self.process = None

    def tool(self, name, *arguments):
        return subprocess.run([name, "-c", str(self.config), *arguments], capture_output=True, text=True, timeout=60 * ht.SLOW)

    def start(self):
        self.process = subprocess.Popen(["postfix", "-c", str(self.config), "start-fg"], start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ht.until("Postfix", lambda: self.ready() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, "postfix ended: " + self.log()
        return self

    def ready(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
            return s.recv(3) == b"220"
        return False

    def log(self):
        path = self.folder / "maillog"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def send(self, message, sender, to=ADDRESS):
        data = message if isinstance(message, bytes) else message.as_bytes(policy=email.policy.SMTP)
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60 * ht.SLOW) as s:
            s.sendmail(sender, [to], data, mail_options=["BODY=8BITMIME"])

    def queue(self):
        return [line for line in self.tool("postqueue", "-p").stdout.splitlines() if re.match(r"[0-9A-F]{6,}", line)]

    def flush(self):
        self.tool("postqueue", "-f")

    def empty(self, timeout=120):
        """Nothing waits any more."""
        ht.until("an empty queue of Postfix", lambda: not (self.flush() or self.queue()), timeout, step=0.5, shown=self.log)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.tool("postfix", "stop")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            self.process.kill()
