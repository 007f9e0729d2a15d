# SPDX-License-Identifier: BSD-2-Clause
"""hailand as the keeper of its roles, with real processes. The roles are tests/daemon/obedient.c: they
do what a file in the test's folder tells them."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import time

import pytest

import hailan_testing as ht

OBEDIENT = pathlib.Path(os.environ.get("HAILAN_OBEDIENT", ht.BUILD.parent / "tests/daemon/obedient"))

# short waits, so that a test takes seconds
HEAD = """
log_level = debug
control_socket = "{folder}/control.sock"
drain_timeout = 2s
watchdog_timeout = {watchdog}
restart_delay = 200ms
restart_delay_max = 800ms
restart_reset = 3s
start_timeout = 3s
"""


class Keeper:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.config = self.folder / "hailand.conf"
        self.log_path = self.folder / "log"
        self.process = None
        self.errors = []  # error lines that are expected

    def write(self, rest="", watchdog="5s", head=HEAD):
        self.config.write_text(head.format(folder=self.folder, watchdog=watchdog) + rest)

    def tell(self, role, order):
        """Written aside and renamed: the role never reads half of it."""
        aside = self.folder / "order"
        aside.write_text(order)
        aside.rename(self.folder / role)

    def forget(self, role):
        (self.folder / role).unlink()

    def start(self, *arguments, env=None, running=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(OBEDIENT), "-f", str(self.config), *arguments],
                stdout=log,
                stderr=log,
                env={**os.environ, "HAILAN_TEST_DIR": str(self.folder), **(env or {})},
            )
        if running:
            self.until_state("running")
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def until_log(self, pattern, timeout=ht.PATIENCE):
        return ht.until(f"a line with {pattern}", lambda: re.search(pattern, self.log()), timeout)

    def ask(self, command, timeout=ht.PATIENCE):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout * ht.SLOW)
            ht.until("the control socket to be served", lambda: s.connect_ex(str(self.folder / "control.sock")) == 0, timeout)
            s.sendall(command.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n\n"):
                piece = s.recv(65536)
                assert piece, f"hung up on {command}: {answer}"
                answer += piece
        return [json.loads(line) for line in answer.decode().splitlines() if line]

    def status(self):
        head, *roles = self.ask("status")
        return head, {r["role"]: r for r in roles}

    def role(self, name):
        return self.status()[1].get(name)

    def until_role(self, name, timeout=ht.PATIENCE, restarts=0, **wanted):
        """restarts: at least so many."""
        def fits():
            r = self.role(name)
            return r and r["restarts"] >= restarts and all(r[k] == v for k, v in wanted.items()) and r

        return ht.until(f"{name} to be {wanted}", fits, timeout, shown=lambda: self.role(name))

    def until_state(self, state):
        def fits():
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(OSError):
                return self.status()[0]["state"] == state

        ht.until(f"the daemon to be {state}", fits)

    def end(self, number=signal.SIGTERM, timeout=ht.PATIENCE):
        self.process.send_signal(number)
        return self.process.wait(timeout * ht.SLOW)

    def check_log(self):
        log = self.log()
        assert not ht.sanitizer_lines(log), log
        for line in log.splitlines():
            if re.search(r"(^|: )error: ", line):
                assert any(re.search(e, line) for e in self.errors), f"unexpected: {line}"


@pytest.fixture
def keeper(tmp_path):
    if not OBEDIENT.exists():
        pytest.fail(f"{OBEDIENT} is not built; run make check TESTS= in the build folder")
    # short, because a socket's path is bounded
    with ht.scratch() as folder:
        k = Keeper(folder)
        try:
            yield k
            if k.process and k.process.poll() is None:
                assert k.end() == 0, k.log()
            k.check_log()
        finally:
            if k.process and k.process.poll() is None:
                k.process.kill()
                k.process.wait()


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_starts_what_the_settings_say_and_drains(keeper):
    keeper.write('clerk { count = 2 }\nchannel "sms" { plugin = p }\n')
    keeper.start()
    head, roles = keeper.status()
    assert set(roles) == {"clerk:1", "clerk:2", "timekeeper:1", "channel:sms"}
    assert head["ok"] and head["pid"] == keeper.process.pid and head["roles"] == head["ready"] == 4
    assert head["settings"] == str(keeper.config) and head["simulated"] is False
    for name, r in roles.items():
        assert r["state"] == "running" and r["restarts"] == 0 and r["last_end"] == ""
        argv = pathlib.Path(f"/proc/{r['pid']}/cmdline").read_bytes().split(b"\0")
        assert argv[1:4] == [b"--supervised", b"--role", name.encode()]
        # nothing is inherited but the standard descriptors; the rest is libevent's and the link
        links = [os.readlink(f"/proc/{r['pid']}/fd/{fd}") for fd in os.listdir(f"/proc/{r['pid']}/fd")]
        assert not any("memfd" in link or "control" in link for link in links)
    assert keeper.until_role("clerk:1")["status"]["batch"] == 1000
    assert keeper.end() == 0
    assert not any(alive(r["pid"]) for r in roles.values())
    assert not (keeper.folder / "control.sock").exists()


def test_crash_is_restarted_with_growing_delay(keeper):
    keeper.write()
    keeper.start()
    keeper.tell("clerk:1", "crash")
    keeper.until_role("clerk:1", restarts=4)
    keeper.forget("clerk:1")
    r = keeper.until_role("clerk:1", state="running")
    assert r["last_end"] == "ended by signal 9 (Killed)"
    waits = [int(x) for x in re.findall(r"role=clerk:1 .* started anew in (\d+) ms", keeper.log())]
    assert waits[:4] == [200, 400, 800, 800]
    assert keeper.role("timekeeper:1")["restarts"] == 0
    # up for longer than restart_reset: the wait begins anew
    time.sleep(3.3)
    os.kill(keeper.role("clerk:1")["pid"], signal.SIGKILL)
    keeper.until_role("clerk:1", restarts=r["restarts"] + 1, state="running")
    waits = [int(x) for x in re.findall(r"role=clerk:1 .* started anew in (\d+) ms", keeper.log())]
    assert waits[-1] == 200


def test_any_exit_code_but_one_is_tried_again(keeper):
    keeper.write()
    keeper.start()
    keeper.tell("clerk:1", "exit 0")
    keeper.until_role("clerk:1", restarts=2)
    assert keeper.role("clerk:1")["last_end"] == "ended with exit code 0"
    keeper.tell("clerk:1", "exit 75")
    ht.until("the code", lambda: keeper.role("clerk:1")["last_end"] == "ended with exit code 75")


def test_settings_that_do_not_fit_are_shown_and_not_tried_again(keeper):
    keeper.errors = ["role=clerk:1 starting -> broken"]
    keeper.write()
    keeper.tell("clerk:1", "exit 78")
    keeper.start()
    r = keeper.until_role("clerk:1", state="broken")
    assert r["pid"] == 0 and "cannot run with these settings" in r["last_end"]
    time.sleep(1)
    assert keeper.role("clerk:1")["restarts"] == 0
    assert keeper.role("timekeeper:1")["state"] == "running"
    # an order, and a reload, try it again
    keeper.forget("clerk:1")
    assert keeper.ask("restart clerk:1") == [{"ok": True}]
    keeper.until_role("clerk:1", state="running")


def test_reload_tries_a_broken_role_again(keeper):
    keeper.errors = ["-> broken"]
    keeper.write()
    keeper.tell("clerk:1", "exit 78")
    keeper.start()
    keeper.until_role("clerk:1", state="broken")
    keeper.forget("clerk:1")
    keeper.process.send_signal(signal.SIGHUP)
    keeper.until_role("clerk:1", state="running")


def test_hung_role_is_aborted(keeper):
    keeper.errors = ["gave no sign of life"]
    keeper.write(watchdog="1500ms")
    keeper.start()
    pid = keeper.role("clerk:1")["pid"]
    keeper.tell("clerk:1", "hang")
    keeper.until_log("role=clerk:1 pid=%d gave no sign of life for 1500 ms; aborted" % pid)
    keeper.forget("clerk:1")
    ht.until("another process", lambda: keeper.role("clerk:1")["pid"] not in (0, pid))
    assert not alive(pid)
    assert keeper.role("clerk:1")["last_end"].startswith("ended by signal 6")
    assert keeper.role("timekeeper:1")["restarts"] == 0


def test_stopped_role_is_killed(keeper):
    """SIGABRT does nothing to a stopped process; SIGKILL does."""
    keeper.errors = ["gave no sign of life"]
    keeper.write(watchdog="1500ms")
    keeper.start()
    pid = keeper.role("clerk:1")["pid"]
    os.kill(pid, signal.SIGSTOP)
    keeper.until_log("role=clerk:1 running -> hung")
    keeper.until_log("role=clerk:1 pid=%d did not end in time; killed" % pid)
    keeper.until_role("clerk:1", state="running", restarts=1)


def test_bad_file_changes_nothing(keeper):
    keeper.errors = ["reload refused"]
    keeper.write('channel "sms" { plugin = p }\n')
    keeper.start()
    before = {n: r["pid"] for n, r in keeper.status()[1].items()}
    keeper.write('clerk { count = 0 }\nclerk { batch = many }\nbaz = 1\n')
    keeper.process.send_signal(signal.SIGHUP)
    keeper.until_log(r"reload refused, nothing changed: .*/hailand.conf:1\d: no option .baz. here.* \(and 1 more\)")
    assert len(re.findall("reload refused", keeper.log())) == 1
    assert {n: r["pid"] for n, r in keeper.status()[1].items()} == before
    # a child that is started anew gets the last good settings
    os.kill(before["channel:sms"], signal.SIGKILL)
    os.kill(before["clerk:1"], signal.SIGKILL)
    keeper.until_role("channel:sms", state="running", restarts=1)
    r = keeper.until_role("clerk:1", state="running", restarts=1)
    assert r["status"]["batch"] == 1000
    answer = keeper.ask("reload")
    assert answer[0]["ok"] is False and len(answer) == 3
    assert re.search(r"hailand.conf:1\d: batch = .many.: expected an integer from 1 to 5000$", answer[2]["fault"])
    assert keeper.status()[0]["state"] == "running"


@pytest.mark.parametrize("trap, says", [("bad = 1", "bad is bad"), ("crash = 1", "the check ended too early at channel:sms")])
def test_plugins_are_checked_apart(keeper, trap, says):
    """What a plugin refuses, and a plugin that crashes, change nothing either."""
    keeper.errors = ["reload refused"]
    keeper.write('channel "sms" { plugin = p }\n')
    keeper.start()
    before = {n: r["pid"] for n, r in keeper.status()[1].items()}
    keeper.write('channel "sms" {\n plugin = p\n %s\n}\n' % trap)
    keeper.process.send_signal(signal.SIGHUP)
    keeper.until_log(f"reload refused, nothing changed: .*{says}")
    answer = keeper.ask("check")
    assert answer[0]["ok"] is False and says in answer[1]["fault"]
    assert {n: r["pid"] for n, r in keeper.status()[1].items()} == before


def test_reload_restarts_only_what_changed(keeper):
    keeper.write('channel "a" { plugin = p x = 1 }\nchannel "b" { plugin = p x = 1 }\nchannel "c" { plugin = p }\n')
    keeper.start()
    before = {n: r["pid"] for n, r in keeper.status()[1].items()}
    keeper.write('# moved\n\nchannel "d" { plugin = p }\nchannel "b" { x = 2 plugin = p }\nchannel "a" { x = 1 plugin = p }\n')
    assert keeper.ask("check") == [{"ok": True}]
    assert {n: r["pid"] for n, r in keeper.status()[1].items()} == before
    keeper.process.send_signal(signal.SIGHUP)
    keeper.until_role("channel:d", state="running")
    ht.until("channel:c to go", lambda: keeper.role("channel:c") is None)
    r = ht.until("the new x", lambda: (r := keeper.role("channel:b"))["status"].get("first") == "2" and r)
    assert r["pid"] != before["channel:b"] and r["state"] == "running"
    assert not alive(before["channel:b"]) and not alive(before["channel:c"])
    for same in ("channel:a", "clerk:1", "timekeeper:1"):
        assert keeper.role(same)["pid"] == before[same]
    # and what all live with restarts all
    keeper.write('open_files = 1000\nchannel "a" { plugin = p }\nclerk { count = 0 }\n')
    assert keeper.ask("reload") == [{"ok": True}]
    ht.until("two roles", lambda: set(keeper.status()[1]) == {"channel:a", "timekeeper:1"})
    keeper.until_role("timekeeper:1", state="running")
    assert keeper.role("timekeeper:1")["pid"] != before["timekeeper:1"]
    limits = pathlib.Path(f"/proc/{keeper.role('timekeeper:1')['pid']}/limits").read_text()
    assert re.search(r"Max open files +1000 +1000", limits)


def test_reload_while_reloading(keeper):
    keeper.write()
    keeper.start()
    for count in range(1, 6):
        keeper.write(f"clerk {{ count = {count} }}")
        keeper.process.send_signal(signal.SIGHUP)
        time.sleep(0.01)
    ht.until("five clerks", lambda: keeper.status()[0]["ready"] == 6)


def test_signal_to_a_newborn_is_its_own(keeper):
    """A role that is told to end right after its birth does not pass that on to the supervisor, whose
    signal handlers it had for a moment."""
    keeper.write("clerk { count = 6 }")
    keeper.start()
    for _ in range(25):
        for n in range(1, 7):
            assert keeper.ask(f"restart clerk:{n}") == [{"ok": True}]
    ht.until("all to run", lambda: keeper.status()[0]["ready"] == 7)
    assert "told to end\nhailand: info: supervisor: running -> draining" not in keeper.log()
    assert "did not end in time" not in keeper.log()


def test_drain_waits_and_then_kills(keeper):
    keeper.write("clerk { count = 2 }")
    keeper.tell("clerk:1", "slow 900")
    keeper.tell("clerk:2", "stubborn")
    keeper.start()
    pids = {n: r["pid"] for n, r in keeper.status()[1].items()}
    began = time.monotonic()
    keeper.process.send_signal(signal.SIGTERM)
    ht.until("the timekeeper to end", lambda: not alive(pids["timekeeper:1"]))
    assert alive(pids["clerk:1"]) and alive(pids["clerk:2"])
    head, roles = keeper.status()
    assert head["state"] == "draining" and roles["clerk:2"]["state"] == "draining"
    assert keeper.ask("reload")[0] == {"ok": False, "error": "the daemon is draining"}
    assert keeper.process.wait(ht.PATIENCE * ht.SLOW) == 0
    assert time.monotonic() - began > 1.8
    assert "role: ends with code=0" in keeper.log() and not alive(pids["clerk:2"])


def test_second_signal_kills_at_once(keeper):
    keeper.write(head=HEAD.replace("drain_timeout = 2s", "drain_timeout = 5min"))
    keeper.tell("clerk:1", "stubborn")
    keeper.start()
    pid = keeper.role("clerk:1")["pid"]
    keeper.process.send_signal(signal.SIGTERM)
    keeper.until_role("clerk:1", state="draining")
    assert keeper.end() == 0 and not alive(pid)


def test_children_die_with_the_supervisor(keeper):
    keeper.errors = ["the supervisor is gone"]  # who sees its end before the kernel's signal says so
    keeper.write("clerk { count = 2 }")
    keeper.tell("clerk:2", "hang")
    keeper.start(running=False)
    ht.until("the socket", (keeper.folder / "control.sock").exists)
    ht.until("all pids", lambda: all(r["pid"] for r in keeper.status()[1].values()))
    keeper.until_role("clerk:1", state="running")
    pids = [r["pid"] for r in keeper.status()[1].values()]
    keeper.process.kill()
    keeper.process.wait()
    ht.until("all to be dead", lambda: not any(alive(p) for p in pids))
    # and the socket that it left behind does not keep the next from starting
    keeper.forget("clerk:2")
    keeper.start()


def test_two_daemons_do_not_share_a_socket(keeper):
    keeper.errors = ["a daemon runs already"]
    keeper.write()
    keeper.start()
    done = subprocess.run([str(OBEDIENT), "-f", str(keeper.config)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert "a daemon runs already with the control socket" in done.stderr
    assert keeper.status()[0]["ready"] == 2


def test_start_with_a_bad_file(keeper):
    keeper.write("clerk { count = 99 }\nfoo = bar\n")
    done = subprocess.run([str(OBEDIENT), "-f", str(keeper.config)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 78
    assert len(re.findall(r"error: .*hailand.conf:\d+: ", done.stderr)) == 2
    keeper.log_path.write_text("")


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.said = []

    def until(self, what):
        def heard():
            with contextlib.suppress(BlockingIOError):
                while True:
                    self.said.append(self.socket.recv(4096).decode())
            return next((s for s in self.said if what in s), None)

        return ht.until(f"systemd to hear {what}", heard)


def test_systemd_is_told(keeper):
    systemd = Systemd(keeper.folder / "notify")
    keeper.write('channel "x" { plugin = p }\n', head=HEAD.replace("start_timeout = 3s", "start_timeout = 5min"))
    keeper.tell("clerk:1", "unready")
    env = {"NOTIFY_SOCKET": str(keeper.folder / "notify"), "WATCHDOG_USEC": "400000"}
    keeper.start(env=env, running=False)
    keeper.until_role_soon = ht.until("the socket", (keeper.folder / "control.sock").exists)
    keeper.until_role("channel:x", state="running")
    systemd.until("WATCHDOG=1")
    assert not any("READY" in s for s in systemd.said)  # a role is not ready yet
    assert keeper.status()[0]["state"] == "starting"
    keeper.forget("clerk:1")
    os.kill(keeper.role("clerk:1")["pid"], signal.SIGKILL)
    assert "STATUS=3 of 3 roles are up" in systemd.until("READY=1")
    systemd.said.clear()
    keeper.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in systemd.until("RELOADING=1")
    systemd.until("READY=1")
    systemd.said.clear()
    systemd.until("WATCHDOG=1")
    assert keeper.end() == 0
    systemd.until("STOPPING=1")


def test_start_is_not_held_up_for_ever(keeper):
    keeper.write()
    keeper.tell("clerk:1", "unready")
    began = time.monotonic()
    keeper.start()
    assert time.monotonic() - began > 2.5
    head, roles = keeper.status()
    assert (head["roles"], head["ready"], roles["clerk:1"]["state"]) == (2, 1, "starting")


def test_log_level_for_all(keeper):
    keeper.write(head=HEAD.replace("log_level = debug", "log_level = info"))
    keeper.start()
    assert keeper.ask("log loud")[0]["error"].startswith("no such level")
    assert keeper.ask("log debug") == [{"ok": True}]
    assert keeper.status()[0]["log_level"] == "debug"
    # a reload that does not change the level of the file leaves it
    assert keeper.ask("reload") == [{"ok": True}]
    assert keeper.status()[0]["log_level"] == "debug"


def test_control_is_bounded(keeper):
    keeper.write()
    keeper.start()
    path = str(keeper.folder / "control.sock")
    assert os.stat(path).st_mode & 0o777 == 0o660
    assert "expected status, check, reload, log, restart, drain" in keeper.ask("frobnicate")[0]["error"]
    assert "argument is missing" in keeper.ask("log")[0]["error"]
    assert "takes no argument" in keeper.ask("status now")[0]["error"]
    assert "no such role" in keeper.ask("restart clerk:7")[0]["error"]
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            s.sendall(b"x" * 5000)
        with contextlib.suppress(ConnectionResetError):
            assert s.recv(10) == b""  # closed
    # one byte at a time, two commands, then the end of what we send
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(path)
        for byte in b"status\r\nlog info\n":
            s.sendall(bytes([byte]))
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        assert answer.endswith(b'}\n\n{"ok":true}\n\n')
    # a client that goes before its answer
    for command in (b"check\n", b"reload\n", b"status\n"):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            s.sendall(command)
    many = [socket.socket(socket.AF_UNIX) for _ in range(30)]
    for s in many:
        s.settimeout(60)
        s.connect(path)
    refused = 0
    for s in many:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            s.sendall(b"log info\n")
            if s.recv(100):
                continue
        refused += 1
    assert 14 <= refused <= 17  # those that went may still wait for their answers
    for s in many:
        s.close()
    ht.until("room again", lambda: keeper.ask("log info") == [{"ok": True}])
    assert keeper.status()[0]["ready"] == 2


def test_role_is_not_trusted(keeper):
    """What a role says cannot forge another's state, nor fill the supervisor."""
    keeper.write()
    keeper.tell("clerk:1", "garbage")
    keeper.start(running=False)
    keeper.until_log("role=clerk:1 sends no lines; ignored")
    ht.until("the status", lambda: keeper.role("clerk:1")["status"] == {})
    assert set(keeper.status()[1]) == {"clerk:1", "timekeeper:1"}


def test_drain_by_command(keeper):
    keeper.write()
    keeper.start()
    assert keeper.ask("drain") == [{"ok": True}]
    assert keeper.process.wait(60) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_privileges_are_dropped(keeper):
    user = pwd.getpwnam("nobody")
    keeper.write('user = nobody\nclerk { user = daemon }\n')
    os.chmod(keeper.folder, 0o755)
    keeper.start()
    _, roles = keeper.status()
    for name, uid in (("timekeeper:1", user.pw_uid), ("clerk:1", pwd.getpwnam("daemon").pw_uid)):
        status = pathlib.Path(f"/proc/{roles[name]['pid']}/status").read_text()
        assert re.search(rf"Uid:\t{uid}\t{uid}\t{uid}\t{uid}", status)
        assert re.search(r"NoNewPrivs:\t1", status) and re.search(r"CapEff:\t0000000000000000", status)
        assert not re.search(r"Groups:.*\b0\b", status)
    # the parent-death signal is set after the drop
    keeper.process.kill()
    keeper.process.wait()
    ht.until("all to be dead", lambda: not any(alive(r["pid"]) for r in roles.values()))


def test_user_that_is_not_there(keeper):
    keeper.errors = ["no system user", "-> broken"]
    keeper.write('clerk { user = nosuchuser }\n')
    keeper.start()
    keeper.until_role("clerk:1", state="broken")
    assert 'no system user "nosuchuser"; create it or change the setting user' in keeper.log()


def test_simulated_time_is_one_for_all(keeper):
    keeper.write()
    keeper.start("--simulate", "2026-02-01T00:00:00Z", "--speed", "3600")
    assert keeper.status()[0]["simulated"] is True
    os.kill(keeper.role("clerk:1")["pid"], signal.SIGKILL)
    keeper.until_role("clerk:1", state="running", restarts=1)

    def close():
        seconds = [
            time.mktime(time.strptime(r["status"]["now"][:19], "%Y-%m-%dT%H:%M:%S"))
            for r in keeper.status()[1].values()
            if r["status"]
        ]
        # told at most a heartbeat and a bit apart
        return len(seconds) == 2 and abs(seconds[0] - seconds[1]) < 3 * 3600 and seconds[0] > 0

    ht.until("both clocks to agree", close)
    assert keeper.role("timekeeper:1")["status"]["now"].startswith("2026-02-0")


def test_by_hand_in_the_foreground(keeper):
    keeper.write('channel "sms" { plugin = p }')
    keeper.start("--role", "channel:sms", "-d", running=False)
    keeper.until_log("channel:sms: info: role: ready")
    assert keeper.end(signal.SIGINT) == 0
    done = subprocess.run(
        [str(OBEDIENT), "-f", str(keeper.config), "--role", "channel:mail"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 78 and 'no role "channel:mail" in the settings' in done.stderr


def run(*arguments):
    return subprocess.run([str(OBEDIENT), *arguments], capture_output=True, text=True, timeout=60)


def test_command_line(keeper):
    keeper.write('channel "sms" { plugin = p }')
    done = run("-t", "-f", str(keeper.config))
    assert (done.returncode, done.stdout) == (0, f"{keeper.config}: ok\n")
    keeper.write('channel "sms" {\nplugin = p\nbad = 1 }')
    done = run("-tf", str(keeper.config))
    assert done.returncode == 78 and done.stdout == f"{keeper.config}:12: bad is bad\n"
    keeper.write("foo = 1\nclerk { count = x }")
    assert len(run("-tf", str(keeper.config)).stdout.splitlines()) == 2
    assert run("--help").stdout.startswith("usage: hailand ") and run("--help").returncode == 0
    assert re.match(r"hailand \d", run("-V").stdout)
    for wrong in (["-x"], ["extra"], ["--speed", "2"], ["--simulate", "now"], ["--supervised"],
                  ["--simulate", "2026-01-01T00:00:00Z", "--speed", "-1"]):
        done = run(*wrong)
        assert done.returncode == 64 and done.stderr, wrong
    done = run("--supervised", "--role", "clerk:1")
    assert done.returncode == 78 and "no settings from the supervisor" in done.stderr
    keeper.log_path.write_text("")


# ---- what is written about the settings -------------------------------------------------------------


def options():
    """[(section, name, kind, default, range, help)] as the program knows them."""
    rows = [line.split("\t") for line in run("--print-options").stdout.splitlines()]
    assert len(rows) > 20
    return [(*(("." + r[0]).rsplit(".", 1)), *r[1:]) for r in rows]


def installed(default):
    """Where a distribution would have it."""
    return re.sub(r"^/.*(/hailan/.*)$", lambda m: ("/run" if "sock" in default else "/usr/lib") + m[1], default)


def test_manual_lists_all_options():
    page = (ht.SOURCE / "daemon/hailand.conf.5").read_text()
    lists = {"": "Top level", ".database": "Section database", ".clerk": "Section clerk",
             ".timekeeper": "Section timekeeper", ".metrics": "Section metrics", ".channel": "Section channel"}
    said = set()
    for section, name, kind, default, span, explained in options():
        part = page.split(f".Ss {lists[section]}\n")[1].split(".El\n.S")[0]
        tail = {"-": "must be given", "": "default empty"}.get(default, f"default {installed(default)}")
        item = f".It Ic {name} Pq {kind}{': ' + span if span else ''}; {tail}\n"
        assert item in part, item
        text = part.split(item)[1].split("\n.")[0].replace("\n", " ")
        assert text.strip() == explained, name
        said.add((section, name))
    assert len(re.findall(r"^\.It Ic ", page, re.M)) == len(said)


def test_example_shows_all_options(keeper):
    example = (ht.SOURCE / "etc/hailand.conf").read_text()
    flat = re.sub(r"\s*\n\s*# ", " ", example)
    for section, name, kind, default, span, explained in options():
        value = "smpp" if default == "-" else installed(default)
        entry = f'{explained} ({kind}{": " + span if span else ""})'
        assert re.search(re.escape(entry) + r'\s+#' + re.escape(f'{name} = "{value}"'), flat), entry
    # as it is, and with everything in it
    done = run("-tf", str(ht.SOURCE / "etc/hailand.conf"))
    assert done.returncode == 0, done.stdout
    everything = re.sub(r"^(\s*)#(?=[a-z}\t])", r"\1", example, flags=re.M)
    keeper.config.write_text(everything)
    keeper.log_path.write_text("")
    done = run("-tf", str(keeper.config))
    assert done.returncode == 0, done.stdout
    assert not re.search(r"^\s*#(?! |$)", everything, re.M)


def test_completion_knows_the_options():
    """Each option of --help can be completed, and channels are found in the file."""
    file = ht.SOURCE / "contrib/completion/hailand.bash"
    wanted = set(re.findall(r"--[a-z-]+", run("--help").stdout))
    script = f"""source {file}
        COMP_WORDS=(hailand --); COMP_CWORD=1; COMP_LINE='hailand --'; _hailand; printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert wanted <= set(done.stdout.split()), done.stderr
