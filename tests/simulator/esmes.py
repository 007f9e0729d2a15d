# SPDX-License-Identifier: BSD-2-Clause
"""ESMEs for the simulator's own tests: one on Perl's Net::SMPP, one that is a bare socket."""
import os
import queue
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SIMULATOR = os.path.join(HERE, "..", "..", "contrib", "simulator")
sys.dont_write_bytecode = True
sys.path.insert(0, SIMULATOR)

from smsc import pdu  # noqa: E402


class PerlEsme:
    """esme.pl as a child: commands in, events out."""

    def __init__(self, port, mode="transceiver", system_id="town", password="secret"):
        self.child = subprocess.Popen(["perl", os.path.join(HERE, "esme.pl"), "127.0.0.1", str(port), mode, system_id, password],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.child.stdout:
            word, *pairs = line.split()
            self.events.put((word, dict(p.split("=", 1) for p in pairs)))
        self.events.put(("eof", {}))

    def expect(self, event, timeout=60):
        """The fields of the next event of that name; others before it are skipped."""
        end = time.monotonic() + timeout
        came = []
        while True:
            try:
                word, fields = self.events.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the ESME should have said {event!r} within {timeout} s; it said {came}") from None
            if word == event:
                return fields
            came.append((word, fields))
            assert word != "eof", f"the ESME ended; it should have said {event!r}; it said {came}"

    def do(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def stop(self):
        self.child.stdin.close()
        self.child.terminate()
        self.child.wait(60)


class BareEsme:
    """PDUs on a socket, nothing done by itself."""

    def __init__(self, port, command=pdu.BIND_TRANSCEIVER, system_id="town", password="secret", bind=True, wrap=None):
        self.sock = socket.create_connection(("127.0.0.1", port), 60)
        if wrap:
            self.sock = wrap(self.sock)
        self.sock.settimeout(60)
        self.sequence = 0
        if bind:
            self.bound = self.bind(command, system_id, password)

    def bind(self, command, system_id="town", password="secret"):
        body = pdu.cstring(system_id) + pdu.cstring(password) + b"\0" + b"\x34\0\0\0"
        return self.ask(command, body)

    def send(self, command, body=b"", status=0, sequence=None):
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        self.sock.sendall(pdu.pack(command, status, sequence, body))
        return sequence

    def octets(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def read(self):
        """(command, status, sequence, body)"""
        length, command, status, sequence = pdu.HEADER.unpack(self.octets(16))
        return command, status, sequence, self.octets(length - 16)

    def ask(self, command, body=b""):
        """Send and give the response to it."""
        sequence = self.send(command, body)
        while True:
            got = self.read()
            if got[0] & pdu.RESPONSE and got[2] == sequence:
                return got

    def deliver(self, answer=0):
        """The next deliver_sm, answered (None = not)."""
        while True:
            command, _, sequence, body = self.read()
            if command == pdu.DELIVER_SM:
                if answer is not None:
                    self.send(pdu.DELIVER_SM_RESP, b"\0" if answer == 0 else b"", answer, sequence)
                return sequence, pdu.read_message(body)

    def close(self):
        self.sock.close()
