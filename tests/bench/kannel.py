# SPDX-License-Identifier: BSD-2-Clause
"""Kannel (bearerbox, smsbox) with its spool store and http_insert behind it, under the same load and with the same rows."""

import contextlib
import json
import shutil
import subprocess
import time

import hailan_testing as ht
import measure

CONNECTIONS = 8  # of http_insert


def missing():
    """What is not installed, or None."""
    lacks = [name for name in ("bearerbox", "smsbox") if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    return f"{' and '.join(lacks)} not found; on Debian: apt-get install kannel" if lacks else None


@contextlib.contextmanager
def running(bench, smsc_port):
    """Kannel bound to an SMSC on this port; yields its processes by name."""
    work = bench.folder / "kannel"
    shutil.rmtree(work, ignore_errors=True)
    (work / "spool").mkdir(parents=True)
    http_port = ht.free_port()
    text = (ht.SOURCE / "tests/peers/kannel/kannel.conf.in").read_text()
    for name, value in {"WORK": work, "SMSC_PORT": smsc_port, "HTTP_PORT": http_port, "ADMIN_PORT": ht.free_port(),
                        "SMSBOX_PORT": ht.free_port(), "SENDSMS_PORT": ht.free_port()}.items():
        text = text.replace(f"@{name}@", str(value))
    (work / "kannel.conf").write_text(text)
    processes = {}
    with open(work / "out", "wb") as out:
        try:
            for name, command in {
                "http": [str(measure.PROGRAMS / "http_insert"), str(http_port), bench.cluster.conninfo_for(), str(CONNECTIONS)],
                "bearerbox": ["/usr/sbin/bearerbox", str(work / "kannel.conf")],
                "smsbox": ["/usr/sbin/smsbox", str(work / "kannel.conf")],
            }.items():
                processes[name] = subprocess.Popen(command, stdout=out, stderr=out)
                time.sleep(0.5)  # bearerbox listens before smsbox comes
            yield processes
        finally:
            for p in reversed(processes.values()):
                p.kill()
                p.wait()


def run(bench, count):
    """Messages a second until Kannel has acknowledged all, and until all rows are there."""
    bench.fresh()
    port, ledger = ht.free_port(), bench.folder / "ledger"
    links = 2  # as many as kannel.conf.in has
    with measure.loaded(port, links, 100, count, "--ledger", ledger, "--linger", 600000, "--resend") as p, running(bench, port) as processes:
        ht.until("the first message", lambda: bench.cluster.value("select exists (select from hailan.inbox)"), timeout=60, step=0.005)
        begun, before = time.monotonic(), measure.cpu_of_postgres(bench.cluster)
        ht.until("all rows", lambda: bench.cluster.value("select count(*) from hailan.inbox") >= count, timeout=300, step=0.1)
        seconds = time.monotonic() - begun
        cpu = {"postgres": measure.cpu_of_postgres(bench.cluster) - before,
               "kannel": measure.cpu_seconds(processes["bearerbox"].pid) + measure.cpu_seconds(processes["smsbox"].pid),
               "http": measure.cpu_seconds(processes["http"].pid)}
        told = json.loads(p.stdout.readline())
    bench.cluster.forget_connections()
    told["acknowledged_per_second"], told["per_second"], told["seconds"] = told["per_second"], count / seconds, seconds
    told["cpu_us"] = {who: used * 1e6 / count for who, used in cpu.items()}
    told["compared"] = measure.compare(bench.cluster, ledger)
    return told
