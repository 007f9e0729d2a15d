# SPDX-License-Identifier: BSD-2-Clause
"""What whole-daemon tests stand on: a private PostgreSQL, an SMSC to bind to, and hailand itself.

Everything lives in one scratch folder and ends with it. Waits are bounded. The daemon's log is kept
and read: an error line that the test did not announce fails it.
"""

import contextlib
import itertools
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import psycopg2
import psycopg2.extras

SOURCE = pathlib.Path(os.environ.get("HAILAN_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ.get("HAILAN_BUILD", SOURCE / "build/tests/asan/inst"))
HAILAND = BUILD / "sbin/hailand"
HAILANCTL = BUILD / "sbin/hailanctl"
if not HAILANCTL.exists():
    HAILANCTL = BUILD / "bin/hailanctl"
PLUGINS = BUILD / "lib/hailan/plugins"
FAST = pathlib.Path(os.environ.get("HAILAN_FAST", BUILD))  # a build without sanitizers, where there is one

# The sanitizer's account of thread-local memory of libraries that a plugin brings along is wrong, and looking for
# leaks at the end then fails in itself.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "intercept_tls_get_addr=0")))

SLOW = float(os.environ.get("HAILAN_SLOW", "1"))  # a factor on every wait, for loaded machines
PATIENCE = 60.0  # seconds for what must come: only a failure waits so long, so a slow machine may take its time
NIGHTLY = os.environ.get("HAILAN_NIGHTLY", "0") not in ("", "0")

sys.path.insert(0, str(SOURCE / "contrib/simulator"))  # its PDU code builds the raw PDUs of tests

_phones = itertools.count(int(time.time() * 10) % 10_000_000 * 10)


def phone():
    """A mobile number that nobody has had in this run and that no file of contrib/demo names."""
    return f"+86157{next(_phones) % 100_000_000:08d}"


def until(what, condition, timeout=PATIENCE, step=0.02, shown=None):
    """The first true value of condition(); fails with what was waited for, and with what shown()
    says is there instead."""
    end = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            there = f"; there is {shown()!r}" if shown else f"; there is {value!r}"
            raise AssertionError(f"waited {timeout * SLOW:.0f} s for {what}{there}")
        time.sleep(step)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """A private PostgreSQL with the schema in database "hailan"."""

    def __init__(self, folder, fast=True, settings=(), template=None):
        """template: folder of a cluster that was stopped cleanly; this one begins as its copy."""
        self.folder = pathlib.Path(folder)
        self.tool = SOURCE / "tests/lib/cluster"
        self.kept = {}  # database → connection
        copied = ["--from", str(template)] if template else []
        arguments = ["start", str(folder), *copied, *(["--fast"] if fast else []), *settings]
        self.conninfo = self._run(*arguments).strip().splitlines()[-1]

    def _run(self, *arguments):
        done = subprocess.run([self.tool, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"cluster {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def stop(self, clean=False):
        self.forget_connections()
        self._run("stop", str(self.folder), *(["--clean"] if clean else []))

    def start(self):
        self._run("start", str(self.folder))

    def restart(self):
        """Crash and recovery: mode immediate."""
        self._run("restart", str(self.folder))

    @property
    def host(self):
        return re.search(r"host=(\S+)", self.conninfo).group(1)

    def conninfo_for(self, database="hailan", user=None):
        parts = {k: v for k, v in (p.split("=", 1) for p in self.conninfo.split())}
        parts["dbname"] = database
        if user:
            parts["user"] = user
        return " ".join(f"{k}={v}" for k, v in parts.items())

    def connect(self, database="hailan", user=None):
        c = psycopg2.connect(self.conninfo_for(database, user))
        c.autocommit = True
        return c

    def rows(self, sql, *parameters, database="hailan"):
        """Over a connection that is kept as long as it holds: loops that wait ask often."""
        c = self.kept.get(database)
        if c and (c.closed or select.select([c], [], [], 0)[0]):  # nothing is asked: only its end can be read
            c.close()
            c = None
        if not c:
            c = self.kept[database] = self.connect(database)
        with c.cursor(cursor_factory=psycopg2.extras.DictCursor) as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def forget_connections(self):
        for c in self.kept.values():
            c.close()
        self.kept.clear()

    def value(self, sql, *parameters):
        return self.rows(sql, *parameters)[0][0]

    def create(self, manners=""):
        """The database, its schema and the default data, by hailanctl migrate. Without the manners of what goes
        out: a test shall not depend on the hour, nor on how much is sent. tests/daemon/test_manners.py has them."""
        self.rows("create database hailan", database="postgres")
        ctl("-d", self.conninfo_for(), "migrate", check=True)
        self.rows("update hailan.setting set value = %s where key = 'manners'", manners)

    def add_channel(self, name, role):
        self.rows("select hailan.channel_add(%s, %s)", name, role)

    @contextlib.contextmanager
    def locked(self, table, mode="access exclusive"):
        """Nobody can write to the table meanwhile: what must be stored first cannot be."""
        with contextlib.closing(self.connect()) as c:
            c.autocommit = False
            c.cursor().execute(f"lock table {table} in {mode} mode")
            yield
            c.rollback()


def ctl(*arguments, check=False, timeout=60, config=None):
    command = [HAILANCTL, *(["-f", config] if config else []), *arguments]
    done = subprocess.run([str(x) for x in command], capture_output=True, text=True, timeout=timeout * SLOW)
    if check and done.returncode != 0:
        raise AssertionError(f"hailanctl {arguments}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Smsc:
    """contrib/simulator as a process, spoken to through its control socket."""

    def __init__(self, folder, *arguments, links=("a",), tls=None, wait=True, **settings):
        """tls: (certificate, key) of all links. wait=False: the caller calls ready() before he needs it.
        settings: those of the simulator's --set."""
        self.socket = str(pathlib.Path(folder) / "smsc.sock")
        self.ports = {name: free_port() for name in links}
        command = ["/usr/bin/python3", str(SOURCE / "contrib/simulator/hailan-smsc"), "--control", self.socket]
        for name, port in self.ports.items():
            link = f"{name}=127.0.0.1:{port},system_id=town,password=secret"
            command += ["--listen", link + (f",tls_cert={tls[0]},tls_key={tls[1]}" if tls else "")]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        self.log = open(pathlib.Path(folder) / "smsc.log", "ab")
        self.process = subprocess.Popen([*command, *arguments], stdout=self.log, stderr=self.log)
        if wait:
            self.ready()

    def ready(self):
        until("the simulator", lambda: os.path.exists(self.socket) or self.process.poll() is not None)
        assert self.process.poll() is None, "the simulator ended at once"

    def do(self, do, timeout=PATIENCE, **arguments):
        """timeout: how long the simulator may wait for what is asked. What needs a bound link waits for one."""
        timeout *= SLOW
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout + 20)
            s.connect(self.socket)
            if do in ("wait", "enquire"):
                arguments["timeout"] = timeout
            if do in ("deliver_raw", "enquire"):
                arguments["bind_wait"] = timeout
            s.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                piece = s.recv(1 << 16)
                if not piece:
                    raise AssertionError(f"the simulator hung up on {do}")
                answer += piece
        answer = json.loads(answer)
        assert answer.get("ok"), f"{do} {arguments}: {answer}"
        return answer

    def bound(self, count=1, timeout=PATIENCE):
        """So many connections are bound and answer: not those whose end has gone unnoticed."""
        self.do("wait", bound=count, alive=True, timeout=timeout)

    def set(self, **settings):
        self.do("set", **settings)

    def send(self, sender, text, to="12345", **arguments):
        return self.do("send", **{"from": sender}, to=to, text=text, **arguments)

    def text(self, sender, text, to="12345", wait=PATIENCE, **arguments):
        """A resident writes; every part must be acknowledged. The ledger of the parts."""
        ledger = self.send(sender, text, to, wait=wait * SLOW, timeout=wait + 10, **arguments)["ledger"]
        for part in ledger:
            assert (part["state"], part["status"]) == ("acked", 0), f"{text[:30]!r}: not acknowledged: {part}"
        return ledger

    def received(self, phone):
        return self.do("received", phone=phone)["messages"]

    def texts(self, phone):
        return [m["text"] for m in self.received(phone)]

    def expect(self, phone, match="", since=0, timeout=PATIENCE, count=1):
        """The first message to phone, from number since on, whose text fits."""
        answer = self.do(
            "wait", phone=phone, match=match, since=since, count=count, timeout=timeout
        )
        return answer["messages"][count - 1]

    def raw(self, command, body=b"", sequence="next", wait=PATIENCE, octets=None, **arguments):
        """A PDU as it is; the answer with its number, and whether the link was closed. until_closed=True: also
        waits until it was."""
        from smsc import pdu

        octets = octets if octets is not None else pdu.pack(command, 0, 0, body)
        if sequence != "next":
            octets = octets[:12] + sequence.to_bytes(4, "big") + octets[16:]
        asks = {"sequence": "next"} if sequence == "next" else {}
        return self.do("deliver_raw", pdu=octets.hex(), wait=wait * SLOW, timeout=PATIENCE + 2 * wait, **asks, **arguments)

    def complaints(self):
        return [c["text"] for c in self.do("complaints")["complaints"]]

    def stop(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.log.close()


def sanitizer_lines(log):
    """What sanitizers complained of. That the search for leaks could not stop all threads at a process's end is no
    complaint: it has seen nothing."""
    return [line for line in log.splitlines()
            if ("Sanitizer" in line or "runtime error:" in line)
            and not re.search("LeakSanitizer (has encountered a fatal error|does not work under ptrace)", line)]


class Daemon:
    """hailand with one SMS channel."""

    def __init__(self, folder, cluster, ports, channel_options="", link_options="", extra="", clerks=1, top="", log_level="debug", build=BUILD,
                 restart_delay_max="1s"):
        """link_options: text for every link, or a dict of link name → text."""
        self.folder = pathlib.Path(folder)
        self.cluster = cluster
        self.build = pathlib.Path(build)
        self.config = self.folder / "hailand.conf"
        self.control = self.folder / "control.sock"
        self.log_path = self.folder / "hailand.log"
        self.process = None
        self.allowed_errors = []
        links = "\n".join(
            f"""    link "{name}" {{
        host = "127.0.0.1"
        port = {port}
        system_id = "town"
        password = "secret"
        {link_options.get(name, "") if isinstance(link_options, dict) else link_options}
    }}"""
            for name, port in ports.items()
        )
        self.config.write_text(
            f"""log_level = "{log_level}"
control_socket = "{self.control}"
plugin_dir = "{self.build}/lib/hailan/plugins"
restart_delay = "100ms"
restart_delay_max = "{restart_delay_max}"
{top}
database {{ conninfo = "{cluster.conninfo_for()}" }}
clerk {{ count = {clerks} }}
timekeeper {{ count = 1 }}
channel "sms" {{
    plugin = "smpp"
    database_user = "hailan_sms"
    {channel_options}
{links}
}}
{extra}
"""
        )

    def start(self, *arguments, ready=True):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [str(self.build / "sbin/hailand"), "-f", str(self.config), *arguments], stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        if ready:
            until("the control socket", lambda: self.control.exists() or self.process.poll() is not None)
            assert self.process.poll() is None, f"hailand ended: {self.log()[-3000:]}"
        return self

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def ctl(self, *arguments, check=True):
        return ctl("-f", self.config, *arguments, check=check)

    def json(self, *arguments):
        out = self.ctl(*arguments, "--json").stdout
        try:
            return json.loads(out)
        except json.JSONDecodeError:
            return [json.loads(line) for line in out.splitlines() if line.strip()]

    def status(self):
        return self.json("status")

    def restart(self, wait=True):
        self.stop()
        self.process = None
        return self.start(ready=wait)

    def rss(self):
        """role → resident KiB of every child."""
        out = {}
        for pid, role in self.children().items():
            with contextlib.suppress(OSError):
                text = pathlib.Path(f"/proc/{pid}/status").read_text()
                out[role] = int(re.search(r"VmRSS:\s+(\d+)", text).group(1))
        return out

    def children(self):
        """pid → role of every child that is there now."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError, ValueError):
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                if int(stat[1]) == self.process.pid and stat[0] != "Z":
                    argv = (entry / "cmdline").read_bytes().split(b"\0")
                    role = argv[argv.index(b"--role") + 1].decode() if b"--role" in argv else "?"
                    found[int(entry.name)] = role
        return found

    def kill_children(self, role=""):
        for pid, name in self.children().items():
            if name.startswith(role):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill_all(self):
        self.kill_children()
        self.process.kill()
        self.process.wait(10)

    def stop(self, timeout=PATIENCE):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            raise AssertionError("hailand did not drain in time")

    def check_log(self):
        """Error lines that the test did not announce, and anything a sanitizer said, are failures."""
        bad = sanitizer_lines(self.log())
        for line in self.log().splitlines():
            if re.search(r"(^|: )error: ", line) and not any(re.search(a, line) for a in self.allowed_errors):
                bad.append(line)
        assert not bad, "unexpected error lines:\n" + "\n".join(bad[:20])


@contextlib.contextmanager
def scratch(keep=False):
    """A folder that an unprivileged PostgreSQL may live in."""
    folder = tempfile.mkdtemp(prefix="hailan-test-")
    os.chmod(folder, 0o755)
    try:
        yield pathlib.Path(folder)
    finally:
        if not keep and not os.environ.get("HAILAN_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
