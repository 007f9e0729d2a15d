# SPDX-License-Identifier: BSD-2-Clause
"""The channel runtime under a plugin that is not ours: contrib/example-channel, built outside the tree. What was
answered "ok" is there once, whatever dies meanwhile; a fault of the installation is answered "later"."""

import contextlib
import os
import re
import select
import shutil
import socket
import subprocess
import time

import pytest

import hailan_testing as ht


class Desk:
    """Sends reports; answers come to a socket of its own."""

    def __init__(self, folder, own="desk-own"):
        self.folder = folder
        self.path, self.own = str(folder / "desk"), str(folder / own)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.own)
        self.socket.setblocking(False)

    def close(self):
        self.socket.close()
        os.unlink(self.own)

    def put(self, source, text):
        return self.put_bytes(f"{source} {text}".encode())

    def put_bytes(self, data):
        """False when nobody listens. A UNIX socket holds some ten datagrams: waits for room."""
        end = time.monotonic() + ht.PATIENCE * ht.SLOW
        while time.monotonic() < end:
            try:
                self.socket.sendto(data, self.path)
                return True
            except BlockingIOError:
                time.sleep(0.002)
            except (ConnectionRefusedError, FileNotFoundError):
                return False
        return False

    def answers(self, wait=0.0):
        out = []
        while select.select([self.socket], [], [], wait if not out else 0)[0]:
            out.append(self.socket.recv(4096).decode().split()[0])
        return out

    def ask(self, source, text, wait=5.0):
        """One report at a time; the word it was answered, or None."""
        self.answers()
        if not self.put(source, text):
            return None
        got = self.answers(wait * ht.SLOW)
        return got[0] if got else None


def build_example(folder):
    plugins = folder / "plugins"
    plugins.mkdir()
    outside = folder / "outside"
    shutil.copytree(ht.SOURCE / "contrib/example-channel", outside)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(ht.BUILD / "lib/pkgconfig"))
    subprocess.run(["make", "-C", outside, "CFLAGS=-O1 -g -Werror"], env=environment, check=True, capture_output=True, timeout=60)
    shutil.copy(outside / "line.so", plugins)
    return plugins


@pytest.fixture(scope="module")
def desk(folder, cluster):
    cluster.add_channel("desk", "hailan_desk")
    plugins = build_example(folder)
    daemon = ht.Daemon(folder, cluster, {}, clerks=0)
    text = daemon.config.read_text().replace(str(ht.PLUGINS), str(plugins))
    text = re.sub(r'channel "sms" \{.*?\n\}\n', "", text, flags=re.S).replace("clerk { count = 0 }\n", "")
    d = Desk(folder)
    daemon.config.write_text(
        text + f'channel "desk" {{\n plugin = "line"\n database_user = "hailan_desk"\n socket = "{d.path}"\n batch = 50\n}}\n')
    d.daemon, d.cluster = daemon, cluster
    daemon.start()
    try:
        ht.until("an ok", lambda: d.ask("+8613800000000", "first") == "ok")
        yield d
        daemon.stop()
        daemon.check_log()
    finally:
        daemon.stop()


def stored(desk, like):
    return desk.cluster.rows("select source, text, count(*) as n from hailan.inbox where text like %s group by 1, 2", like + "%")


def test_a_right_that_is_missing_is_no_fault_of_the_report(desk):
    desk.daemon.allowed_errors.append(r"does not take inbox_submit sqlstate=42501|outbox_\w+ failed sqlstate=42501")
    functions = [r[0] for r in desk.cluster.rows(
        "select oid::regprocedure::text from pg_proc where pronamespace = 'hailan'::regnamespace and proname = 'inbox_submit'")]
    desk.cluster.rows(f"revoke execute on function {functions[0]} from hailan_channel, public")
    try:
        assert desk.ask("+8613800000001", "while it is missing", wait=2) is None, "it waits for a person to mend it"
        assert not stored(desk, "while it is missing")
    finally:
        desk.cluster.rows(f"grant execute on function {functions[0]} to hailan_channel")
    assert desk.answers(wait=ht.PATIENCE * ht.SLOW) == ["ok"]
    assert [r["n"] for r in stored(desk, "while it is missing")] == [1]
    lines = [line for line in desk.daemon.log().splitlines() if "does not take inbox_submit" in line]
    assert len(lines) == 1, "one line, not one for each try"


def test_resends_in_one_burst_are_counted(desk):
    desk.answers()
    for _ in range(6):
        assert desk.put("+8613800000002", "six times the same")
    got = []
    ht.until("six answers", lambda: got.extend(desk.answers(0.2)) or len(got) >= 6, shown=lambda: got)
    assert got == ["ok"] * 6
    assert [r["n"] for r in stored(desk, "six times the same")] == [1]
    copies = desk.cluster.value(
        "select count(*) from hailan.inbox_copy c join hailan.inbox i on i.id = c.id where i.text = 'six times the same'")
    assert copies == 5


def test_damaged_bytes_do_not_harm_their_neighbours(desk):
    desk.answers()
    for i in range(8):
        assert desk.put(f"+861380001{i:04d}", f"neighbour {i}")
    assert desk.put_bytes(b"+8613800019999 \xff\xfe\x00 broken")
    got = []
    ht.until("9 answers", lambda: got.extend(desk.answers(0.2)) or len(got) >= 9, shown=lambda: got)
    assert got == ["ok"] * 9
    row = desk.cluster.rows("select raw, text, flags from hailan.inbox where source = '+8613800019999'")[0]
    assert bytes(row["raw"]) == b"\xff\xfe\x00 broken" and row["flags"] & 2
    assert row["text"] in (None, "\ufffd\ufffd broken"), "the clerk decodes what the channel could not"


def plug_pullers(desk):
    def backends():
        desk.cluster.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hailan_desk'")

    def database():
        desk.cluster.restart()

    def channel():
        desk.daemon.kill_children("channel")

    return {"backends": backends, "database": database, "channel": channel}


@pytest.mark.parametrize("what", ["backends", "database", "channel"])
def test_nothing_acknowledged_is_lost_and_nothing_doubled(desk, what):
    """Whoever got no "ok" sends the same bytes again. Each has a socket of his own: it is his answer."""
    desk.daemon.allowed_errors.append(r"role=channel:desk|signal 9")
    pull = plug_pullers(desk)[what]
    for n in range(250):
        with contextlib.closing(Desk(desk.folder, f"desk-{what}-{n}")) as one:
            if n in (60, 120, 180):
                one.put(f"+8613800{n:06d}", f"{what} {n}")  # under way when it happens
                with contextlib.suppress(Exception):
                    pull()
            ht.until(f"an ok for report {n}", lambda: one.ask(f"+8613800{n:06d}", f"{what} {n}", wait=2) == "ok", step=0.05)
    there = stored(desk, f"{what} ")
    assert len(there) == 250 and all(r["n"] == 1 for r in there), "lost or doubled"


def test_nothing_but_the_contract_is_exported():
    text = (ht.SOURCE / "daemon/channel/exports.list").read_text()
    wanted = set(re.findall(r"^\t(\w+);", text, flags=re.M))
    out = subprocess.run(["nm", "-D", "--defined-only", ht.FAST / "sbin/hailand"], check=True, capture_output=True, text=True)
    found = {line.split()[-1] for line in out.stdout.splitlines()}
    sanitizers = any("asan" in name for name in found)
    assert wanted <= found
    assert sanitizers or found == wanted
