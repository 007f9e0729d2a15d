# SPDX-License-Identifier: BSD-2-Clause
"""The same conversation with the simulator and with Perl's Net::SMPP, which does not share our mistakes."""

import json
import subprocess
import threading

import pytest

import conversation
import hailan_testing as ht
import texts
from smsc import coding, longmsg, phones


class Simulator:
    def __init__(self, town):
        self.town = town
        self.smsc = town.smsc

    def say(self, who, text, how):
        self.smsc.text(who, text, **how)

    def messages(self, who):
        return self.smsc.texts(who)

    def settle(self):
        self.town.handled()


class NetSmpp:
    """tests/peers/net_smpp_smsc.pl, with what a Town asks of an Smsc."""

    def __init__(self, folder, *arguments):
        self.ports = {"a": ht.free_port()}
        self.log = open(folder / "net_smpp.log", "ab")
        self.process = subprocess.Popen(
            ["perl", str(ht.SOURCE / "tests/peers/net_smpp_smsc.pl"), str(self.ports["a"]), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.events, self.arrived = [], threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.refs = 0
        self.wait("listening")

    def _read(self):
        for line in self.process.stdout:
            with self.arrived:
                self.events.append(json.loads(line))
                self.arrived.notify_all()

    def wait(self, name, count=1, timeout=ht.PATIENCE, **fields):
        def found():
            return [e for e in list(self.events)
                    if e["event"] == name and all(e.get(k) == v for k, v in fields.items())]
        ht.until(f"{count} × {name} {fields}", lambda: len(found()) >= count, timeout, shown=lambda: self.events[-5:])
        return found()

    def order(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def bound(self, count=1):
        self.wait("bound", count)

    def deliver(self, who, octets, **fields):
        self.refs += 1
        ton, npi, digits = phones.to_address(who)
        self.order(ref=self.refs, **{"from": digits}, ton=ton, npi=npi, to="12345", hex=octets.hex(), **fields)
        acked = self.wait("acked", ref=self.refs)[0]
        assert acked["status"] == 0, f"answered 0x{acked['status']:x}"

    def say(self, who, text, how):
        name = how.get("coding", "ucs2")
        parts = longmsg.cut(text, name, how.get("mode", "auto"), self.refs)
        for number in how.get("order", range(1, len(parts) + 1)):
            part = parts[number - 1]
            fields = {"data_coding": coding.CODINGS[name].data_coding, "esm_class": part.esm_class}
            if how.get("mode") == "sar":
                fields["sar"] = [int.from_bytes(part.tlvs[0][1], "big"), part.total, part.number]
            if how.get("mode") == "payload":
                fields["payload"] = True
            self.deliver(who, part.content, **fields)

    def messages(self, who):
        digits = who.lstrip("+")
        return [bytes.fromhex(e["hex"]).decode("utf-16-be" if e["data_coding"] == 8 else "ascii")
                for e in list(self.events) if e["event"] == "submit" and e["to"].lstrip("+") == digits]

    def settle(self):
        self.town.handled()

    def complaints(self):
        return []

    def do(self, *_, **__):
        return {"links": []}

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self.process.stdout.close()
        self.log.close()


@pytest.fixture
def net_smpp_town(make_town, request):
    town = make_town(smsc=lambda folder: NetSmpp(folder, *getattr(request, "param", ())))
    town.smsc.town = town
    return town


def test_conversation_with_the_simulator(make_town):
    town = make_town().start()
    conversation.hold(Simulator(town))
    assert town.smsc.complaints() == []
    town.daemon.stop()
    town.daemon.check_log()


def test_conversation_with_net_smpp(net_smpp_town):
    town, peer = net_smpp_town, net_smpp_town.smsc
    town.daemon.start()
    bind = peer.wait("bound")[0]
    assert (bind["kind"], bind["system_id"], bind["password"], bind["version"]) == ("transceiver", "town", "secret", 0x34)
    conversation.hold(peer)
    submits = [e for e in peer.events if e["event"] == "submit"]
    for e in submits:
        assert (e["data_coding"], e["esm_class"], e["registered"] & 1) == (8, 0, 1), e
        assert texts.units(bytes.fromhex(e["hex"]).decode("utf-16-be")) <= 70
    # Its receipts, whose ids are written otherwise than in the responses, found their messages.
    for e in submits:
        assert peer.wait("acked", ref=f"receipt {e['id']}")[0]["status"] == 0
    ht.until("all receipts matched", lambda: len(town.delivered()) == len(submits), shown=town.delivered)
    peer.order(enquire=1)
    assert peer.wait("enquired")[0]["status"] == 0
    town.daemon.stop()
    assert peer.wait("unbound")[0]["by"] == "peer"
    assert not [e for e in peer.events if e["event"] == "unknown"], "it was sent what it does not know"
    town.daemon.check_log()


@pytest.mark.parametrize("net_smpp_town", [("no-transceiver",)], indirect=True)
def test_old_smsc_without_transceiver(net_smpp_town):
    town, peer = net_smpp_town, net_smpp_town.smsc
    town.daemon.start()
    kinds = {e["kind"] for e in peer.wait("bound", 2)}
    assert kinds == {"receiver", "transmitter"}
    conversation.hold(peer, conversation.STEPS[:8])
    assert {e["connection"] for e in peer.wait("submit")} == {"transmitter"}
    town.daemon.stop()
    assert len(peer.wait("unbound", 2)) == 2


def test_net_smpp_asks_to_unbind(net_smpp_town):
    """Before maintenance: we part, and come back."""
    town, peer = net_smpp_town, net_smpp_town.smsc
    town.daemon.start()
    peer.bound()
    peer.order(unbind=1)
    assert peer.wait("unbound")[0]["by"] == "us"
    peer.bound(2)
    conversation.hold(peer, conversation.STEPS[:3])
