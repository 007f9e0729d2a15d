# SPDX-License-Identifier: BSD-2-Clause
"""A channel whose plugin leaks, hangs or crashes is ended and started anew, and the others do not notice."""

import os
import re
import subprocess

import pytest

import hailan_testing as ht
from outages import QUICK, SMSC, Burst, until_said

FRAME = """#include <event2/event.h>
#include <hailan/channel.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static struct event *timer;
static void ill(evutil_socket_t fd, short what, void *arg)
{{
	(void)fd; (void)what; (void)arg;
	{body}
}}
static bool start(struct channel *c, void **state, struct channel_error *error)
{{
	struct timeval every = {{ .tv_sec = 0, .tv_usec = 20000 }};
	(void)error;
	*state = c;
	timer = event_new(channel_loop(c), -1, EV_PERSIST, ill, c);
	event_add(timer, &every);
	return true;
}}
static void stop(void *state) {{ channel_stopped(state); }}
static void end(void *state) {{ (void)state; event_free(timer); }}
const struct channel_plugin channel_plugin = {{ .abi = CHANNEL_ABI, .name = "ill", .version = "1", .summary = "ill", .start = start,
	.stop = stop, .free = end }};
"""
ILLS = {
    "leaks": ("char *p = malloc(8 << 20); if (p == NULL) abort(); memset(p, 1, 8 << 20);", "signal 6"),
    "hangs": ("for (;;) pause();", "signal 6"),
    "crashes": ("*(volatile int *)8 = 1;", "signal 11"),
}


@pytest.fixture
def plugins(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugins")
    folder.chmod(0o755)
    build = ht.FAST
    os.symlink(build / "lib/hailan/plugins/smpp.so", folder / "smpp.so")
    environment = dict(os.environ, PKG_CONFIG_PATH=str(build / "lib/pkgconfig"))
    flags = subprocess.run(["pkg-config", "--cflags", "hailan-channel"], env=environment, check=True, capture_output=True, text=True).stdout.split()
    for name, (body, _) in ILLS.items():
        source = folder / f"{name}.c"
        source.write_text(FRAME.format(body=body))
        subprocess.run(["gcc", "-std=gnu11", "-O1", *flags, "-fPIC", "-shared", "-o", folder / f"{name}.so", source], check=True, timeout=60)
    return folder


@pytest.mark.skipif(not (ht.FAST / "sbin/hailand").exists(), reason="HAILAN_FAST names no build without sanitizers")
def test_ill_plugins(make_town, plugins):
    extra = "".join(f'channel "{n}" {{ plugin = "{n}" database_user = "hailan_{n}" }}\n' for n in ILLS)
    town = make_town(build=ht.FAST, link_options=QUICK, smsc_settings=SMSC, extra=extra, top='memory_limit = "512MiB"\nwatchdog_timeout = "8s"')
    town.daemon.allowed_errors.append("leaks|hangs|crashes|hung|signal|plugin")
    for name in ILLS:
        town.cluster.add_channel(name, f"hailan_{name}")
    text = town.daemon.config.read_text()
    town.daemon.config.write_text(text.replace(f'{ht.FAST}/lib/hailan/plugins', str(plugins)))
    town.daemon.start()
    town.smsc.bound()
    b = Burst(town)
    s = until_said(town, "of each that was ended and started anew", lambda s: all(
        s.role(f"channel:{n}").get("restarts", 0) >= 1 and s.role(f"channel:{n}").get("last_end") for n in ILLS))
    assert s.role("channel:sms")["restarts"] == 0 and s.role("clerk:1")["restarts"] == 0
    b.check("plugins that are ill")
    for n, (_, end) in ILLS.items():
        said = s.role(f"channel:{n}")["last_end"]
        assert re.search(end, said), f"{n}: {said}"
    until_said(town, "that the rest is well", lambda s: s.link()["state"] == "up" and s.inbox["pending"] == 0 and s.database["inbox_waiting"] == 0)
    town.daemon.stop()
    town.daemon.check_log()
