# SPDX-License-Identifier: BSD-2-Clause
"""Wires between hailand and an SMSC that a test can spoil, without any end being told: no reset, no FIN."""

import contextlib
import selectors
import socket
import threading
import time


class Proxy:
    """Forwards connections to the port target of loopback. mode, at any time:

    "pass"     as a wire should
    "swallow"  takes what both ends say and gives it to nobody: a half-open connection
    "deaf"     what the ESME says is not read at all, so its window fills; the SMSC is heard
    "drip"     what the SMSC says arrives an octet each drip_s seconds
    New connections are taken in each mode.
    """

    def __init__(self, target=None, drip_s=1.0):
        self.target, self.drip_s, self.mode = target, drip_s, "pass"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends = []
        self.ended = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.ended:
            with contextlib.suppress(OSError):
                esme = self.listener.accept()[0]
                try:
                    smsc = socket.create_connection(("127.0.0.1", self.target), timeout=10)
                except OSError:
                    esme.close()
                    continue
                for s in (esme, smsc):
                    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    s.settimeout(None)
                    self.ends.append(s)
                threading.Thread(target=self._carry, args=(esme, smsc, "esme"), daemon=True).start()
                threading.Thread(target=self._carry, args=(smsc, esme, "smsc"), daemon=True).start()

    def _carry(self, come, go, who):
        """Until one end is over; then both are."""
        rest = b""
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(come, selectors.EVENT_READ)
                while not self.ended:
                    mode = self.mode
                    if mode == "deaf" and who == "esme":
                        time.sleep(0.05)
                        continue
                    if not rest and ready.select(0.05):
                        rest = come.recv(65536)
                        if not rest:
                            return
                    if mode == "swallow":
                        rest = b""
                    elif mode == "drip" and who == "smsc" and rest:
                        go.sendall(rest[:1])
                        rest = rest[1:]
                        time.sleep(self.drip_s)
                    elif rest:
                        go.sendall(rest)
                        rest = b""
        except OSError:
            pass
        finally:
            for s in (come, go):
                with contextlib.suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)
                s.close()

    def stop(self):
        self.ended = True
        for s in (self.listener, *self.ends):
            with contextlib.suppress(OSError):
                s.close()
