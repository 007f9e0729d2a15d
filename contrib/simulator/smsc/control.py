# SPDX-License-Identifier: BSD-2-Clause
"""The control port: newline-delimited JSON on a UNIX socket or a loopback port, and its clients.

A request is one object on one line, {"do": …, "id": anything}; the answer is one
line with "ok" and the same "id". Requests on one connection run at the same time,
so that a "wait" does not hold up a "send". After {"do": "subscribe"} each event
comes as a line with "event".
"""
import asyncio
import contextlib
import ipaddress
import itertools
import json
import os
import socket
import stat
import threading

from .commands import Commands
from .server import Smsc, SmscError

LINE_LIMIT = 16 << 20
EVENT_BACKLOG = 8 << 20


def address_of(path):
    """("unix", path) or ("tcp", (host, port)); only loopback is taken."""
    host, colon, port = path.rpartition(":")
    if "/" in path or not colon or not port.isdigit():
        return "unix", path
    host = host.strip("[]") or "127.0.0.1"
    with contextlib.suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return "tcp", (host, int(port))
    raise SmscError(f"control {path}: only a loopback address or a path")


def dump(obj):
    """A line; a lone surrogate, which UTF-8 cannot hold, is written as an escape."""
    try:
        return json.dumps(obj, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(obj, separators=(",", ":"), default=str).encode() + b"\n"


class ControlServer:
    def __init__(self, commands, path):
        self.commands, self.path = commands, path
        self.kind, self.address = address_of(path)
        self.server = None
        self.tasks = set()
        self.writers = set()

    async def start(self):
        try:
            if self.kind == "unix":
                await self._clear()
                self.server = await asyncio.start_unix_server(self.serve, sock=self._listening(), limit=LINE_LIMIT)
            else:
                self.server = await asyncio.start_server(self.serve, *self.address, limit=LINE_LIMIT)
                self.address = self.server.sockets[0].getsockname()[:2]
        except OSError as e:
            raise SmscError(f"control {self.path}: {e}") from None

    def _listening(self):
        """A socket that takes connections from the moment its name is there, and nobody else's before."""
        new = self.address + "~"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.bind(new)
            os.chmod(new, 0o600)
            sock.listen(100)
            os.rename(new, self.address)
        except OSError:
            sock.close()
            raise
        return sock

    async def _clear(self):
        """Take away the socket of one that has died, never that of one that lives, never another file."""
        try:
            mode = os.stat(self.address).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise SmscError(f"control {self.path}: exists and is not a socket")
        try:
            _, writer = await asyncio.open_unix_connection(self.address)
        except ConnectionRefusedError:
            os.unlink(self.address)
            return
        writer.close()
        raise SmscError(f"control {self.path}: another simulator answers there")

    async def stop(self):
        if self.server is None:
            return
        self.server.close()
        for task in list(self.tasks):
            task.cancel()
        for writer in list(self.writers):
            writer.close()
        if self.kind == "unix":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.address)

    async def serve(self, reader, writer):
        listeners = self.commands.smsc.listeners
        self.writers.add(writer)

        def event(what):
            if writer.transport.get_write_buffer_size() < EVENT_BACKLOG:
                writer.write(dump(what))
        try:
            while line := await reader.readline():
                if not line.strip():
                    continue
                request = self.parse(line)
                if isinstance(request, dict) and request.get("do") == "subscribe":
                    if event not in listeners:
                        listeners.append(event)
                    writer.write(dump({"ok": True, "id": request.get("id")}))
                    continue
                task = asyncio.ensure_future(self.answer(request, writer))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            if event in listeners:
                listeners.remove(event)
            self.writers.discard(writer)
            writer.close()

    @staticmethod
    def parse(line):
        try:
            return json.loads(line)
        except ValueError as e:
            return {"do": "", "_error": f"not JSON: {e}"}

    async def answer(self, request, writer):
        if isinstance(request, dict) and "_error" in request:
            result = {"ok": False, "error": request["_error"]}
        else:
            result = await self.commands.run(request)
        if isinstance(request, dict) and "id" in request:
            result["id"] = request["id"]
        with contextlib.suppress(ConnectionError):
            writer.write(dump(result))
            await writer.drain()


class Remote:
    """The interface of Commands.call for a simulator in another process (asyncio)."""

    def __init__(self, path):
        self.path = path
        self.listeners = []
        self.waiting = {}
        self.ids = itertools.count(1)
        self.closed = asyncio.Event()
        self.reader = self.writer = self.task = None

    async def start(self):
        kind, address = address_of(self.path)
        try:
            if kind == "unix":
                self.reader, self.writer = await asyncio.open_unix_connection(address, limit=LINE_LIMIT)
            else:
                self.reader, self.writer = await asyncio.open_connection(*address, limit=LINE_LIMIT)
        except OSError as e:
            raise SmscError(f"no simulator answers at {self.path}: {e.strerror or e}") from None
        self.task = asyncio.ensure_future(self._read())
        await self.call("subscribe")

    async def _read(self):
        with contextlib.suppress(ConnectionError):
            while line := await self.reader.readline():
                what = json.loads(line)
                if "event" in what:
                    for listener in self.listeners:
                        listener(what)
                elif what.get("id") in self.waiting:
                    self.waiting.pop(what["id"]).set_result(what)
        self.closed.set()
        for future in self.waiting.values():
            if not future.done():
                future.set_result({"ok": False, "error": "the simulator has gone"})
        self.waiting.clear()

    async def call(self, do, **request):
        number = next(self.ids)
        future = asyncio.get_running_loop().create_future()
        if self.closed.is_set():
            return {"ok": False, "error": "the simulator has gone"}
        self.waiting[number] = future
        self.writer.write(dump({**request, "do": do, "id": number}))
        return await future

    async def stop(self):
        if self.task:
            self.task.cancel()
        if self.writer:
            self.writer.close()


class ControlError(Exception):
    """A command that failed; .answer is the whole answer."""

    def __init__(self, answer):
        super().__init__(answer.get("error", str(answer)))
        self.answer = answer


class Client:
    """A blocking client for tests: client.send(...), client.wait(...); raises ControlError on "ok": false."""

    def __init__(self, path, timeout=60.0):
        kind, address = address_of(path)
        self.sock = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        self.file = self.sock.makefile("rb")

    def ask(self, do, **request):
        """The answer, whatever it is. A key that Python reserves may end in "_" (from_)."""
        request = {k.rstrip("_"): v for k, v in request.items()}
        self.sock.sendall(dump({**request, "do": do}))
        line = self.file.readline()
        if not line:
            raise ConnectionError("the simulator has gone")
        return json.loads(line)

    def call(self, do, **request):
        answer = self.ask(do, **request)
        if not answer.get("ok"):
            raise ControlError(answer)
        return answer

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **request: self.call(name, **request)

    def close(self):
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Background:
    """An SMSC in a thread of this process, for tests: with Background(links=[…], window=1) as smsc: smsc.call("send", …)."""

    def __init__(self, links=None, **settings):
        self.make = lambda: Smsc(links, **settings)
        self.smsc = self.commands = self.loop = None
        self.failure = None
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._main, name="smsc", daemon=True)

    def _main(self):
        asyncio.run(self._run())

    async def _run(self):
        try:
            self.loop = asyncio.get_running_loop()
            self.smsc = self.make()
            self.commands = Commands(self.smsc)
            await self.smsc.start()
        except Exception as e:
            self.failure = e
            self.ready.set()
            return
        self.ready.set()
        await self.commands.quit_event.wait()
        await self.smsc.stop()

    def start(self):
        self.thread.start()
        self.ready.wait(10)
        if self.failure:
            raise self.failure
        return self

    def ask(self, do, **request):
        request = {k.rstrip("_"): v for k, v in request.items()}
        return asyncio.run_coroutine_threadsafe(self.commands.call(do, **request), self.loop).result(120)

    call = Client.call
    __getattr__ = Client.__getattr__

    def port(self, name=None):
        return self.smsc.link(name).port if name else next(iter(self.smsc.links.values())).port

    def stop(self):
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.commands.quit_event.set)
            self.thread.join(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
