#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The smpp plugin against SMSCs that do not share its code: the simulator, with and without TLS, and
Perl's Net::SMPP. Prints TAP."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HOST = pathlib.Path("tests/unit/smpp_host").resolve()
sys.path.insert(0, str(SOURCE / "contrib/simulator"))
from smsc import Background, LinkConfig, coding, longmsg  # noqa: E402

CHINESE, KOREAN = "天图社区3号楼楼道灯坏了😀", "가로등이 안켜집니다"
LONG = "".join(f"第{i}句说的是龙池社区七号楼后面的那条道坏了。" for i in range(8))


class Host:
    """tests/unit/smpp_host and the lines that it has printed."""

    def __init__(self, port, **options):
        values = {"host": "127.0.0.1", "port": port, "system_id": "town", "password": "secret", "source": "12345",
                  "reconnect_min": "100ms", "reconnect_max": "300ms", "throttle_delay": "100ms",
                  "retry_delay": "100ms", **options}
        self.process = subprocess.Popen(
            [str(HOST)] + [f"{k}={v}" for k, v in values.items()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def expect(self, start, count=1, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = [line for line in list(self.lines) if line.startswith(start)]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.02)
        raise AssertionError(f"no {start!r} in {self.lines[-10:]}")

    def send(self, phone, text):
        self.process.stdin.write(f"send {phone} {text}\n".encode())
        self.process.stdin.flush()

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(60)
        assert code == 0, f"exit status {code}"
        assert self.expect("stopped") == "stopped disagreed=0 malformed=0", self.lines[-1]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def joined(host, reference_count):
    """The text of the parts that have come, joined in their order."""
    parts = {}
    for line in host.lines:
        if line.startswith("part "):
            _, _, _, place, charset, raw = line.split(" ")
            parts[int(place.split("/")[0])] = bytes.fromhex(raw)
    assert len(parts) == reference_count, parts
    return b"".join(parts[n] for n in sorted(parts)).decode("utf-16-be")


def conversation(smsc, host):
    smsc.call("wait", bound=1, timeout=60)
    smsc.call("send", from_="13812345678", text=CHINESE, wait=60)
    host.expect(f"report +8613812345678 UTF-16BE 0 {CHINESE}")
    smsc.call("send", from_="13912345678", text=KOREAN, coding="cp949", wait=60)
    host.expect(f"report +8613912345678 CP949 0 {KOREAN}")
    host.send("+8613812345678", LONG)
    assert host.expect("sent ").split(" ")[1] == "0"
    assert smsc.call("wait", phone="13812345678", timeout=60)["messages"][0]["text"] == LONG
    host.expect("receipt ")


def simulator(**settings):
    tls = settings.pop("tls", None)
    link = LinkConfig("a", port=0, **(tls or {}))
    return Background([link], **settings)


def with_simulator(smsc_settings=None, tls=None, act=conversation, **options):
    with simulator(tls=tls, **(smsc_settings or {})) as smsc:
        host = Host(smsc.port("a"), **options)
        try:
            act(smsc, host)
            host.stop()
            complaints = smsc.call("complaints")["complaints"]
            assert complaints == [], complaints
        finally:
            host.kill()


def test_simulator():
    with_simulator()


def test_simulator_octet_by_octet():
    with_simulator({"dribble": 1})


def test_simulator_without_transceiver():
    def act(smsc, host):
        smsc.call("wait", bound=2, timeout=60)
        smsc.call("send", from_="13812345678", text=CHINESE, wait=60)
        host.expect("report ")
        host.send("+8613812345678", "ok")
        assert host.expect("sent ").split(" ")[1] == "0"
    with_simulator({"bind": "no-transceiver"}, act=act)


def test_simulator_long_in():
    for mode in ("udh8", "udh16", "sar"):
        def act(smsc, host):
            smsc.call("wait", bound=1, timeout=60)
            parts = smsc.call("send", from_="13812345678", text=LONG, mode=mode, wait=60)["parts"]
            count = len(parts) if isinstance(parts, list) else parts
            host.expect("part ", count)
            assert joined(host, count) == LONG
        with_simulator(act=act)


def test_simulator_long_out():
    def act(smsc, host):
        smsc.call("wait", bound=1, timeout=60)
        host.send("+8613812345678", LONG)
        assert host.expect("sent ").split(" ")[1] == "0"
        assert smsc.call("wait", phone="13812345678", timeout=60)["messages"][0]["text"] == LONG
    for how in ("udh8", "udh16", "sar", "payload"):
        with_simulator(act=act, long_messages=how)


def test_simulator_throttles():
    def act(smsc, host):
        smsc.call("wait", bound=1, timeout=60)
        for i in range(30):
            host.send(f"+86138123456{i:02}", "hello")
            time.sleep(0.005)
        host.expect("sent 0", 30)
    with_simulator({"throttle": 20}, act=act)


def test_simulator_cuts():
    def act(smsc, host):
        for i in range(3):
            smsc.call("wait", bound=1, timeout=60)
            smsc.call("cut", how="reset" if i % 2 else "fin")
        smsc.call("wait", bound=1, timeout=60)
        conversation(smsc, host)
    with_simulator(act=act)


def certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    return {"tls_cert": str(cert), "tls_key": str(key)}


def test_tls():
    with tempfile.TemporaryDirectory() as folder:
        tls = certificate(pathlib.Path(folder))
        run_tls(tls, tls="verify", tls_ca=tls["tls_cert"])
        run_tls(tls, tls="verify", tls_ca=tls["tls_cert"], tls_name="localhost")
        run_tls(tls, tls="encrypt")


def run_tls(files, **options):
    with simulator(tls=files) as smsc:
        host = Host(smsc.port("a"), **options)
        try:
            conversation(smsc, host)
            host.stop()
        finally:
            host.kill()


def test_tls_refuses():
    with tempfile.TemporaryDirectory() as folder:
        tls = certificate(pathlib.Path(folder))
        (pathlib.Path(folder) / "other").mkdir()
        other = certificate(pathlib.Path(folder) / "other")
        for options in ({"tls_ca": other["tls_cert"]}, {"tls_ca": tls["tls_cert"], "tls_name": "smsc.example"}):
            with simulator(tls=tls) as smsc:
                host = Host(smsc.port("a"), tls="verify", **options)
                try:
                    host.expect("link connecting")
                    host.expect("link down the certificate was not accepted")
                    assert smsc.call("links")["links"][0]["bound"] == []
                    host.stop()
                finally:
                    host.kill()


class NetSmpp:
    def __init__(self, port, *arguments):
        self.process = subprocess.Popen(
            ["perl", str(SOURCE / "tests/peers/net_smpp_smsc.pl"), str(port), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def wait(self, name, count=1, timeout=60):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = [e for e in list(self.events) if e["event"] == name]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError(f"no {name} in {self.events[-5:]}")

    def order(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def net_smpp(*arguments, bound=1):
    if not shutil.which("perl") or subprocess.run(["perl", "-MNet::SMPP", "-MJSON::PP", "-e1"], capture_output=True).returncode:
        return "skip"
    port = free_port()
    smsc = NetSmpp(port, *arguments)
    host = None
    try:
        smsc.wait("listening")
        host = Host(port)
        smsc.wait("bound", bound)
        smsc.order(**{"ref": 1, "from": "8613812345678", "to": "12345", "hex": CHINESE.encode("utf-16-be").hex()})
        assert smsc.wait("acked")[0]["status"] == 0
        host.expect(f"report +8613812345678 UTF-16BE 0 {CHINESE}")
        parts = longmsg.cut(LONG, "ucs2", "udh8", 7)
        for number, part in enumerate(parts):
            smsc.order(**{"ref": 10 + number, "from": "8613812345678", "to": "12345", "esm_class": 0x40,
                          "data_coding": coding.CODINGS["ucs2"].data_coding, "hex": part.content.hex()})
        smsc.wait("acked", 1 + len(parts))
        host.expect("part ", len(parts))
        assert joined(host, len(parts)) == LONG
        host.send("+8613812345678", KOREAN)
        assert host.expect("sent ").split(" ")[1] == "0", host.lines
        smsc.wait("submit")
        smsc.order(enquire=1)
        smsc.wait("enquired")
        host.stop()
        smsc.wait("unbound")
    finally:
        if host:
            host.kill()
        smsc.process.kill()
        smsc.process.wait()


def test_net_smpp():
    return net_smpp()


def test_net_smpp_without_transceiver():
    return net_smpp("no-transceiver", bound=2)


def main():
    tests = [(n, f) for n, f in globals().items() if n.startswith("test_") and len(sys.argv) == 1 or n in sys.argv[1:]]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, f) in enumerate(tests, 1):
        try:
            result = f()
            print(f"ok {number} - {name}" + (" # SKIP Net::SMPP is not here" if result == "skip" else ""), flush=True)
        except Exception:
            failed += 1
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="")
            print(f"not ok {number} - {name}", flush=True)
    return failed != 0


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main())
