# SPDX-License-Identifier: BSD-2-Clause
"""An SMSC that a test plays by hand, octet by octet: for peers that misbehave in ways no SMSC would."""

import contextlib
import socket
import struct
import time

import hailan_testing as ht
from smsc import pdu


class RawPeer:
    """Stands where a Town wants an Smsc; the test calls accept(), read(), write()."""

    def __init__(self, _folder=None, links=("a",)):
        self.listeners = {}
        for name in links:
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", 0))
            s.listen(8)
            self.listeners[name] = s
        self.ports = {n: s.getsockname()[1] for n, s in self.listeners.items()}
        self.connections = []

    def accept(self, link="a", timeout=ht.PATIENCE):
        self.listeners[link].settimeout(timeout * ht.SLOW)
        c = Connection(self.listeners[link].accept()[0])
        self.connections.append(c)
        return c

    def accept_bound(self, link="a", timeout=ht.PATIENCE):
        c = self.accept(link, timeout)
        c.answer_bind()
        return c

    def bound(self, count=1, timeout=ht.PATIENCE):
        pass

    def complaints(self):
        return []

    def do(self, *_, **__):
        return {"links": []}

    def stop(self):
        for c in self.connections:
            c.close()
        for s in self.listeners.values():
            s.close()


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.rest = b""
        self.sequence = 1000
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.close()

    def write(self, octets, pause=0.0):
        """pause: seconds between octets."""
        if not pause:
            self.sock.sendall(octets)
            return
        for i in range(len(octets)):
            self.sock.sendall(octets[i : i + 1])
            time.sleep(pause)

    def send(self, command, body=b"", status=0, sequence=None, pause=0.0):
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        self.write(pdu.pack(command, status, sequence, body), pause)
        return sequence

    def text(self, phone, text, pause=0.0):
        m = pdu.Message(source_ton=1, source_npi=1, source=phone.lstrip("+"), dest_ton=3, dest="12345", data_coding=8,
                        short_message=text.encode("utf-16-be"))
        return self.send(pdu.DELIVER_SM, m.body(), pause=pause)

    def read(self, timeout=ht.PATIENCE):
        """(command, status, sequence, body), or None when the peer has closed."""
        end = time.monotonic() + timeout * ht.SLOW
        while True:
            if len(self.rest) >= 16:
                length, command, status, sequence = struct.unpack(">IIII", self.rest[:16])
                assert 16 <= length <= 70_000, f"hailand wrote a PDU of {length} octets"
                if len(self.rest) >= length:
                    body, self.rest = self.rest[16:length], self.rest[length:]
                    return command, status, sequence, body
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"nothing came within {timeout} s")
            self.sock.settimeout(left)
            try:
                piece = self.sock.recv(65536)
            except socket.timeout:
                continue
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self.rest += piece

    def read_until(self, command, timeout=ht.PATIENCE, answer_enquire=True):
        """The next PDU with this command; what comes before is answered as an SMSC would."""
        end = time.monotonic() + timeout * ht.SLOW
        while time.monotonic() < end:
            got = self.read(max(0.1, end - time.monotonic()))
            if got is None or got[0] == command:
                return got
            if got[0] == pdu.ENQUIRE_LINK and answer_enquire:
                self.send(pdu.ENQUIRE_LINK | pdu.RESPONSE, sequence=got[2])
            elif got[0] == pdu.SUBMIT_SM:
                self.send(pdu.SUBMIT_SM_RESP, pdu.cstring(f"raw{got[2]}"), sequence=got[2])
            elif got[0] == pdu.UNBIND:
                self.send(pdu.UNBIND | pdu.RESPONSE, sequence=got[2])
        raise AssertionError(f"no {pdu.command_name(command)} within {timeout} s")

    def answer_bind(self, status=0, body=None):
        got = self.read()
        assert got and got[0] in (pdu.BIND_TRANSCEIVER, pdu.BIND_RECEIVER, pdu.BIND_TRANSMITTER), got
        self.send(got[0] | pdu.RESPONSE, pdu.bind_resp("raw", 0x34) if body is None else body, status, got[2])
        return got

    def closed(self, timeout=ht.PATIENCE):
        """Waits until the peer has closed."""
        end = time.monotonic() + timeout * ht.SLOW
        while time.monotonic() < end:
            if self.read(max(0.1, end - time.monotonic())) is None:
                return True
        return False
