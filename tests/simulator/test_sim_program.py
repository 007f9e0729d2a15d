# SPDX-License-Identifier: BSD-2-Clause
"""The program hailan-smsc: control port, scripts, the terminal, TLS."""
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from esmes import SIMULATOR, BareEsme
from smsc import Client, ControlError, LinkConfig, pdu

PROGRAM = os.path.join(SIMULATOR, "hailan-smsc")
PHONE = "+8613812345678"


class EchoEsme(threading.Thread):
    """Answers each text with 收到:TEXT, cut into UDH parts when long."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.esme = BareEsme(port)
        self.start()

    def run(self):
        from smsc import longmsg
        try:
            while True:
                command, _, sequence, body = self.esme.read()
                if command != pdu.DELIVER_SM:
                    continue
                m = pdu.read_message(body)
                self.esme.send(pdu.DELIVER_SM_RESP, b"\0", 0, sequence)
                if m.esm_class:
                    continue
                for part in longmsg.cut("收到:" + m.short_message.decode("utf-16-be"), "ucs2", ref=sequence):
                    self.esme.send(pdu.SUBMIT_SM, pdu.Message(
                        source_ton=3, source=m.dest, dest_ton=1, dest_npi=1, dest=m.source, esm_class=part.esm_class, data_coding=8,
                        registered_delivery=1, short_message=part.content).body())
        except (OSError, EOFError):
            pass


class Program:
    def __init__(self, *args, stdin=subprocess.DEVNULL):
        self.child = subprocess.Popen([PROGRAM, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, text=None, timeout=60):
        out, err = self.child.communicate(text, timeout)
        return self.child.returncode, out, err

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            self.child.communicate(timeout=60)


@pytest.fixture
def program():
    running = []

    def go(*args, **kw):
        running.append(Program(*args, **kw))
        return running[-1]
    yield go
    for p in running:
        p.stop()


def wait_for_file(path):
    end = time.monotonic() + 60
    while not os.path.exists(path):
        assert time.monotonic() < end, f"{path} did not appear within 60 s"
        time.sleep(0.02)


@pytest.fixture
def serving(program, tmp_path):
    """(Program, control path, Client)"""
    path = str(tmp_path / "smsc.sock")
    p = program("--listen", "main=127.0.0.1:0", "--control", path)
    wait_for_file(path)
    with Client(path, 10) as client:
        yield p, path, client


def test_control(serving):
    p, path, client = serving
    port = client.links()["links"][0]["port"]
    EchoEsme(port)
    client.wait(bound=1, timeout=60)
    assert client.send(from_=PHONE, text="灯坏了", wait=60)["ledger"][0]["state"] == "acked"
    assert client.wait(phone=PHONE, match="收到")["messages"][0]["text"] == "收到:灯坏了"
    with pytest.raises(ControlError, match="nothing|收到"):
        client.wait(phone=PHONE, match="没有", timeout=0.1)
    for bad, says in (({"do": "set", "window": 0}, "at least 1"), ({"do": "set", "nonsense": 1}, "no setting"), ({"do": "send", "from": PHONE, "coding": "x"}, "unknown"),
                      ({"do": "send"}, "needs 'from'"), ({"do": "cut", "link": "x"}, "no link 'x'")):
        answer = client.ask(bad.pop("do"), **bad)
        assert not answer["ok"] and says in answer["error"], answer
    client.quit()
    assert p.finish()[0] == 0 and not os.path.exists(path)


def test_a_lone_surrogate_goes_through(serving):
    _, _, client = serving
    esme = BareEsme(client.links()["links"][0]["port"])
    client.ask("subscribe")
    client.sock.sendall(b'{"do":"send","from":"13812345678","text":"\\ud83d!"}\n')
    assert esme.deliver()[1].short_message.hex() == "d83d0021"
    lines = [json.loads(client.file.readline()) for _ in range(2)]
    assert any(x.get("event") == "sent" and x["text"] == "\ud83d!" for x in lines)


def test_control_runs_requests_side_by_side(serving):
    _, path, _ = serving
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(path)
        f = s.makefile("rwb")
        f.write(b'{"do":"wait","bound":1,"timeout":0.4,"id":"slow"}\n{"do":"ping","id":"quick"}\nnonsense\n[1]\n')
        f.flush()
        answers = [json.loads(f.readline()) for _ in range(4)]
    assert answers[0]["id"] == "quick" and answers[-1]["id"] == "slow" and not answers[-1]["ok"]
    assert "not JSON" in answers[1]["error"]


def test_control_socket_of_the_dead_is_taken(program, tmp_path):
    path = str(tmp_path / "c.sock")
    first = program("--listen", "0", "--control", path)
    wait_for_file(path)
    second = program("--listen", "0", "--control", path)
    code, _, err = second.finish()
    assert code == 69 and "another simulator" in err
    first.child.send_signal(signal.SIGKILL)
    first.child.communicate()
    third = program("--listen", "0", "--control", path)
    end = time.monotonic() + 60
    while True:
        try:
            Client(path, 5).ping()
            break
        except (ConnectionRefusedError, FileNotFoundError):
            assert time.monotonic() < end
            time.sleep(0.02)
    third.stop()


STORY = f"""
# a short story
expect-bound 1 within 5
send {PHONE} 天图社区3号楼楼道灯坏了
expect-ack
expect {PHONE} /收到:(?P<what>.+)坏了/ within 5
parts {PHONE} 1
let word = 怎么
send {PHONE} $what $word
expect {PHONE} /^收到:$what $word$/
send 13900000001 to 12345 {"下水道堵了" * 14}
expect 13900000001 /收到/
parts 13900000001 == 2
expect-none 10086 for 0.1
"""


def run_script(program, serving, text, tmp_path, *args):
    _, path, client = serving
    EchoEsme(client.links()["links"][0]["port"])
    (tmp_path / "s.txt").write_text(text)
    return program("--attach", path, "--script", str(tmp_path / "s.txt"), *args).finish()


def test_script_succeeds(program, serving, tmp_path):
    code, out, err = run_script(program, serving, STORY, tmp_path, "--width", "80")
    assert (code, err) == (0, "") and "8 expectations met" in out
    assert "│ 收到:天图社区3号楼楼道灯坏了" in out


@pytest.mark.parametrize("line, says", [
    (f"expect {PHONE} /不会来/ within 0.2", f"expected {PHONE} /不会来/ within 0.2 s; came: \"收到:怎么\""),
    (f"expect-none {PHONE} /收到/ for 0.5", "expected nothing"),
    ("expect-ack 0x64 within 0.2", "expected answer 0x64"),
    ("expect-bound 3 within 0.2", "1 bound after 0.2 s, expected 3")])
def test_script_fails_clearly(program, serving, tmp_path, line, says):
    code, _, err = run_script(program, serving, f"expect-bound\nsend {PHONE} 怎么\nexpect-ack\n{line}\n", tmp_path, "--quiet")
    assert code == 1 and says in err and "s.txt:4:" in err


def test_script_fails_on_complaints(program, serving, tmp_path):
    serving[2].set(default_coding="gsm7")
    esme = BareEsme(serving[2].links()["links"][0]["port"])
    esme.send(pdu.DELIVER_SM_RESP, b"\0", 0, 5)
    assert serving[2].wait(complaint="nobody waits")
    code, _, err = run_script(program, serving, "sleep 0\n", tmp_path)
    assert code == 1 and "nobody waits for" in err
    assert run_script(program, serving, "complaints any\n", tmp_path)[0] == 0


def test_script_that_cannot_be_read(program, tmp_path):
    (tmp_path / "s.txt").write_text("\nsned x y\n")
    code, _, err = program("--listen", "0", "--script", str(tmp_path / "s.txt")).finish()
    assert code == 64 and "s.txt:2: no statement 'sned'" in err


def test_terminal_with_lines_from_a_file(program, serving):
    _, path, client = serving
    EchoEsme(client.links()["links"][0]["port"])
    client.wait(bound=1)
    long = "下水道堵了" * 14
    p = program("--attach", path, "--width", "80", stdin=subprocess.PIPE)
    p.child.stdin.write(f"{PHONE} 灯坏了\nas 13900000001\n하수도가 막혔어요\nlong on\n{long}\n")
    p.child.stdin.flush()
    client.wait(received=3, timeout=60)
    code, out, err = p.finish("receipts\nphones\nlinks\nshow 13812345678\nlong mode=udh16 " + long + "\nset nonsense 1\nquit\n")
    assert code == 0 and err == ""
    for piece in ("│ 收到:灯坏了 ", "│ 收到:하수도가 막혔어요 ", "UDH 05 00 03", "part 1/2", "67/67", "UDH 06 08 04", "66/66", "accepted ",
                  "no setting 'nonsense'", "sent    2  received    2"):
        assert piece in out, f"{piece!r} is missing in:\n{out}"
    assert out.count("│ 收到:灯坏了 ") == 2, "once as it came, once by show"


def test_terminal_at_a_real_terminal(serving):
    """Typed at a pty: what comes in stands above the line that is being typed."""
    _, path, client = serving
    EchoEsme(client.links()["links"][0]["port"])
    client.wait(bound=1)
    child, fd = pty.fork()
    if not child:
        os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
        os.execv(PROGRAM, [PROGRAM, "--attach", path])
    seen = b""

    def until(what, limit=60):
        nonlocal seen
        end = time.monotonic() + limit
        while what.encode() not in seen:
            assert time.monotonic() < end, f"{what!r} did not come: {seen.decode(errors='replace')}"
            if select.select([fd], [], [], 0.1)[0]:
                seen += os.read(fd, 65536)
    until("> ")
    os.write(fd, f"as {PHONE}\n".encode())
    until(f"{PHONE}> ")
    os.write(fd, "灯坏了\n".encode())
    until("收到:灯坏了")
    os.write(fd, b"half a li")
    until("half a li")
    seen = b""
    client.send(from_="13900000001", text="别人的", wait=60)
    until("收到:别人的")
    until(f"{PHONE}> half a li")
    # a line of several rows is taken away as a whole, and a wide letter with one backspace
    seen = b""
    os.write(fd, ("\x15" + "楼道" * 30 + "坏\x7f灯").encode())
    until("灯")
    client.send(from_="13900000001", text="又来了", wait=60)
    until("收到:又来了")
    until(f"{PHONE}> " + "楼道" * 30 + "灯")
    assert "\r\x1b[1A\x1b[J" in seen.decode()
    seen = b""
    os.write(fd, b"\n")
    until("收到:" + "楼道" * 5)
    assert client.wait(phone=PHONE, match="楼道灯", timeout=60)["messages"][0]["text"] == "收到:" + "楼道" * 30 + "灯"
    os.write(fd, b"\x15quit\n")
    end = time.monotonic() + 60
    while os.waitpid(child, os.WNOHANG)[0] == 0:
        assert time.monotonic() < end
        time.sleep(0.02)
    os.close(fd)


@pytest.mark.parametrize("args, says", [
    (["--listen", "x"], "no port"), (["--set", "window=0"], "at least 1"), (["--set", "nonsense=1"], "no setting"), (["--attach", "/nonexistent/s"], "no simulator answers"),
    (["--control", "192.0.2.1:1"], "loopback"), (["--listen", "0,tls_cert=/nonexistent"], "cannot listen")])
def test_cannot_run(program, args, says):
    code, _, err = program(*args).finish()
    assert code == 69 and re.search(says, err) and err.count("\n") == 1


def test_tls(start, bare, tmp_path):
    cert, key = str(tmp_path / "c.pem"), str(tmp_path / "k.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    smsc = start([LinkConfig(port=0, tls_cert=cert, tls_key=key)])
    context = ssl.create_default_context(cafile=cert)
    esme = bare(smsc.port(), wrap=lambda s: context.wrap_socket(s, server_hostname="127.0.0.1"))
    assert esme.bound[1] == 0
    smsc.call("send", from_=PHONE, text="密")
    assert esme.deliver()[1].short_message.decode("utf-16-be") == "密"
    smsc.call("wait", idle=True)
    assert smsc.call("cut")["cut"] == 1
    smsc.call("wait", bound=0)
