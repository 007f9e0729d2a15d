# SPDX-License-Identifier: BSD-2-Clause
"""A channel built outside the tree against the installed header, and plugins that are broken."""

import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

import hailan_testing as ht

EXAMPLE = ht.SOURCE / "contrib/example-channel"
BROKEN = {
    "abi": ('const struct channel_plugin channel_plugin = { .abi = 4711, .name = "x", .version = "1" };', "ABI 4711"),
    "symbol": ("int nothing_here = 1;", "channel_plugin"),
    "table": ('const struct channel_plugin channel_plugin = { .abi = CHANNEL_ABI, .name = "x" };', "lacks"),
    "crash": (
        """#include <stdlib.h>
        static bool go(struct channel *c, void **s, struct channel_error *e) { (void)c; (void)s; (void)e; abort(); }
        static void end(void *s) { (void)s; }
        const struct channel_plugin channel_plugin = { .abi = CHANNEL_ABI, .name = "x", .version = "1", .summary = "x",
            .start = go, .stop = end, .free = end };""",
        "signal",
    ),
}


@pytest.fixture(scope="module")
def plugins(folder):
    """A plugin folder with the smpp plugin, the example and the broken ones; all built against the installed header."""
    there = folder / "plugins"
    there.mkdir()
    shutil.copy(ht.PLUGINS / "smpp.so", there)
    outside = folder / "outside"
    shutil.copytree(EXAMPLE, outside)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(ht.BUILD / "lib/pkgconfig"))
    # A sanitized hailand wants its plugins to find the sanitizer's symbols in it: nothing to link.
    subprocess.run(["make", "-C", outside, "CFLAGS=-O1 -g -Werror"], env=environment, check=True, capture_output=True, timeout=60)
    shutil.copy(outside / "line.so", there)
    flags = subprocess.run(["pkg-config", "--cflags", "hailan-channel"], env=environment, check=True, capture_output=True, text=True)
    for name, (source, _) in BROKEN.items():
        file = outside / f"{name}.c"
        file.write_text("#include <hailan/channel.h>\n" + source)
        subprocess.run(["gcc", "-std=gnu11", *flags.stdout.split(), "-fPIC", "-shared", "-o", there / f"{name}.so", file],
                       check=True, timeout=60)
    return there


class Desk:
    """The other end of the example channel."""

    def __init__(self, folder):
        self.in_path, self.own, self.out = (str(folder / n) for n in ("desk", "desk-own", "desk-out"))
        self.asks = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.asks.bind(self.own)
        self.gets = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.gets.bind(self.out)
        for s in (self.asks, self.gets):
            s.settimeout(ht.PATIENCE * ht.SLOW)

    def report(self, source, text):
        self.asks.sendto(f"{source} {text}".encode(), self.in_path)
        return self.asks.recv(4096).decode()

    def text(self):
        return self.gets.recv(65536).decode()


@pytest.fixture(scope="module")
def running(folder, cluster, plugins):
    cluster.add_channel("sms", "hailan_sms")
    cluster.add_channel("desk", "hailan_desk")
    for name in BROKEN:
        cluster.add_channel(name, f"hailan_{name}")
    desk = Desk(folder)
    extra = f"""
channel "desk" {{
    plugin = "line"
    database_user = "hailan_desk"
    socket = "{desk.in_path}"
    peer = "{desk.out}"
}}
""" + "".join(f'channel "{n}" {{ plugin = "{n}" database_user = "hailan_{n}" }}\n' for n in BROKEN)
    smsc = ht.Smsc(folder)
    daemon = ht.Daemon(folder, cluster, smsc.ports, extra=extra)
    daemon.config.write_text(daemon.config.read_text().replace(str(ht.PLUGINS), str(plugins)))
    daemon.start()
    try:
        yield daemon, desk, smsc
    finally:
        daemon.stop()
        smsc.stop()


def test_example_carries_a_report_and_its_answer(running):
    daemon, desk, _ = running
    ht.until("the socket", lambda: pathlib.Path(desk.in_path).exists())
    # until the channel has its database it says "later"
    ht.until("an acknowledgement", lambda: desk.report("+8613911112222", "天图社区3号楼楼道灯坏了").startswith("ok"))
    assert daemon.cluster.value("select count(*) from hailan.inbox where channel = 'desk'") == 1
    answer = desk.text()
    assert answer.startswith("to +8613911112222: ") and "路灯" in answer
    assert desk.report("+8613911112222", "天图社区3号楼楼道灯坏了").startswith("ok"), "the same again is acknowledged"
    assert daemon.cluster.value("select count(*) from hailan.inbox where channel = 'desk'") == 1


def test_others_go_on(running):
    daemon, _, smsc = running
    smsc.bound(1)
    smsc.send("+8613911113333", "天图社区5号楼没有水")
    assert smsc.expect("+8613911113333")


@pytest.mark.parametrize("name", BROKEN)
def test_broken_plugin_is_named_in_one_line(running, name):
    daemon, _, _ = running
    word = BROKEN[name][1]
    lines = ht.until(f"a line about {name}", lambda: [
        line for line in daemon.log().splitlines() if f"channel:{name}" in line and word in line])
    assert lines[0].count("\n") == 0
    if name != "crash":  # the settings or the file must change first: it is not tried again
        time.sleep(1)
        assert sum(f"role=channel:{name} " in line and "-> starting" in line for line in daemon.log().splitlines()) == 1
