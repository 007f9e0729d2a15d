# SPDX-License-Identifier: BSD-2-Clause
"""Links: how they come up, stay up and go down; what the peer may do meanwhile."""

import json
import os
import socket
import subprocess
import time

import pytest

import hailan_testing as ht
from links import LIGHT, QUICK, alarms, link_status, served, tries
from raw_peer import RawPeer
from smsc import pdu


# ---- coming up ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(make_module_town):
    """A town whose link comes back soon, for what can be changed while it runs."""
    town = make_module_town(link_options=QUICK)
    town.daemon.allowed_errors.append("bind|refused|alarm|link")
    yield town.start()
    town.daemon.stop()
    town.daemon.check_log()
    assert town.smsc.complaints() == []


def test_bind_refused_from_the_start(make_town):
    town = make_town(link_options=QUICK, smsc_settings={"bind": "refuse", "bind_count": 3}).start()
    served(town)


@pytest.mark.parametrize("how", ["refuse", "0x0e", "0x0f", "0x08", "0x14"])
def test_refused_bind_keeps_trying(quick, how):
    town = quick
    town.smsc.set(bind=how)
    town.smsc.do("cut")
    ht.until("an alarm in the status", lambda: alarms(town), shown=lambda: town.daemon.status())
    assert link_status(town)["state"] != "up"
    shown = town.daemon.ctl("status", check=False)
    assert "alarm" in (shown.stdout + shown.stderr).lower() or "refused" in shown.stdout, shown.stdout
    assert town.smsc.do("links")["links"][0]["bound"] == []
    tries(town)
    town.smsc.set(bind="ok")
    town.smsc.bound()
    ht.until("the end of the alarm", lambda: not alarms(town), shown=lambda: alarms(town))
    served(town)


@pytest.mark.parametrize("version", ["none", "0x50", "0x33", "0x00"])
def test_any_interface_version(quick, version):
    quick.smsc.set(interface_version=version)
    quick.smsc.do("cut")
    quick.smsc.bound()
    served(quick)
    quick.smsc.set(interface_version="0x34")


def test_bind_refused_without_a_body(make_town):
    """As the specification asks for; libsmpp34 would drop it."""
    town = make_town(link_options=QUICK, smsc=RawPeer)
    town.daemon.allowed_errors.append("bind|refused|alarm|link")
    town.daemon.start()
    for _ in range(2):
        town.smsc.accept().answer_bind(status=pdu.RBINDFAIL, body=b"")
    ht.until("an alarm", lambda: alarms(town))
    c = town.smsc.accept_bound()
    phone = ht.phone()
    sequence = c.text(phone, LIGHT)
    assert c.read_until(pdu.DELIVER_SM_RESP)[1:3] == (0, sequence)


def test_transmitter_and_receiver(make_town):
    """bind_transceiver is refused with "invalid command id": two connections instead."""
    town = make_town(link_options=QUICK, smsc_settings={"bind": "no-transceiver"})
    town.daemon.start()
    town.smsc.bound(2)
    assert sorted(town.smsc.do("links")["links"][0]["bound"]) == ["receiver", "transmitter"]
    served(town)
    town.smsc.do("cut")
    town.smsc.bound(2)
    served(town)
    assert town.smsc.complaints() == []


def test_smsc_that_is_not_there_yet(make_town):
    town = make_town(link_options=QUICK)
    town.smsc.do("down")
    town.daemon.start()
    tries(town)
    assert town.daemon.process.poll() is None
    assert link_status(town)["state"] != "up"
    town.smsc.do("up")
    town.smsc.bound()
    served(town)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    os.chmod(folder, 0o755)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    os.chmod(key, 0o644)
    return cert, key


def test_tls(make_town, certificate):
    town = make_town(tls=certificate, link_options=f'{QUICK} tls = "verify" tls_ca = "{certificate[0]}"').start()
    assert town.smsc.do("links")["links"][0]["tls"]
    served(town)
    town.smsc.do("cut")
    town.smsc.bound()
    served(town)
    assert town.smsc.complaints() == []


def test_tls_with_a_stranger_s_certificate(make_town, certificate, tmp_path):
    """No certificate that we trust: not a word is said, and least of all the password."""
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=other", "-keyout", tmp_path / "k.pem", "-out", other], check=True, capture_output=True)
    os.chmod(tmp_path, 0o755)
    town = make_town(tls=certificate, link_options=f'{QUICK} tls = "verify" tls_ca = "{other}"')
    town.daemon.allowed_errors.append("tls|certificate|alarm|link")
    town.daemon.start()
    ht.until("a word about it", lambda: "certificate" in town.daemon.log().lower())
    tries(town)
    assert town.smsc.do("links")["links"][0]["bound"] == []


# ---- staying up -----------------------------------------------------------------------------------


def test_enquire_link_both_ways(make_town):
    town = make_town(link_options=f'{QUICK} enquire_interval = "1s"', smsc_settings={"enquire": 0, "wire": "on"}).start()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(town.smsc.socket)
        s.sendall(b'{"do": "subscribe"}\n')
        s.settimeout(ht.PATIENCE * ht.SLOW)
        seen, end = {}, time.monotonic() + ht.PATIENCE * ht.SLOW
        ours = {("in", "enquire_link"), ("out", "enquire_link_resp")}
        theirs = {("out", "enquire_link"), ("in", "enquire_link_resp")}
        want = ours
        lines = s.makefile()
        while time.monotonic() < end and not want <= set(seen):
            try:
                event = json.loads(lines.readline() or "{}")
            except socket.timeout:
                break
            if event.get("event") == "pdu":
                seen[event["way"], event["command"]] = event
            if ours <= set(seen) and want == ours:  # as long as the peer says nothing it is asked; then it asks
                town.smsc.set(enquire=0.5)
                want = ours | theirs
    assert ours | theirs <= set(seen), f"missing {(ours | theirs) - set(seen)}"
    town.smsc.do("enquire")
    assert town.smsc.complaints() == []


def test_enquire_link_is_answered_while_the_database_hangs(make_town):
    town = make_town(link_options=QUICK).start()
    with town.cluster.locked("hailan.inbox"):
        for _ in range(30):
            town.smsc.send(ht.phone(), LIGHT)
        ht.until("the channel to wait", lambda: town.rows(
            "select 1 from pg_stat_activity where usename = 'hailan_sms' and wait_event_type = 'Lock'"))
        town.smsc.do("enquire")
    town.smsc.do("wait", idle=True)


@pytest.mark.parametrize("how", ["answers nothing", "reads nothing"])
def test_silent_peer(make_town, how):
    """A half-open connection: the peer is gone and nobody told us."""
    town = make_town(link_options=f'{QUICK} enquire_interval = "500ms" response_timeout = "1s"', smsc_settings={"enquire": 0}).start()
    before = town.smsc.do("links")["links"][0]["sessions"][0]["peer"]
    if how == "answers nothing":
        town.smsc.set(answer_enquire=False)
    else:
        town.smsc.do("freeze", seconds=600)

    def new():
        return [s for s in town.smsc.do("links")["links"][0]["sessions"] if s["peer"] != before and s["mode"]]
    ht.until("a connection anew", new)
    town.smsc.set(answer_enquire=True)
    town.smsc.bound()


def test_peer_that_closes_only_its_half(make_town):
    town = make_town(link_options=QUICK, smsc=RawPeer)
    town.daemon.start()
    c = town.smsc.accept_bound()
    c.sock.shutdown(socket.SHUT_WR)
    town.smsc.accept_bound()
    assert c.closed()


def test_peer_that_never_answers_the_bind(make_town):
    town = make_town(link_options=f'{QUICK} response_timeout = "1s"', smsc=RawPeer)
    town.daemon.start()
    first = town.smsc.accept()
    second = town.smsc.accept()
    second.answer_bind()
    assert first.closed()
