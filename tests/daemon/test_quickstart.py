# SPDX-License-Identifier: BSD-2-Clause
"""contrib/quickstart and tests/run where they do not come to their end. That they do is a stage of tests/run."""

import fcntl
import os
import pathlib
import pty
import select
import signal
import subprocess
import time

import pytest

import hailan_testing as ht

QUICKSTART = ht.SOURCE / "contrib/quickstart"


def run(*arguments, program=QUICKSTART):
    return subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True, timeout=ht.PATIENCE * ht.SLOW)


@pytest.mark.parametrize("program, arguments, words", [
    (QUICKSTART, ["--folder"], "--folder needs a folder"), (QUICKSTART, ["--folder", ""], "--folder needs a folder"),
    (QUICKSTART, ["--check", "--build"], "--build needs a folder"), (QUICKSTART, ["--nonsense"], 'what is "--nonsense"'),
    (QUICKSTART, ["--folder", "/tmp/" + 90 * "x"], "too long for a socket"),
    (ht.SOURCE / "tests/run", ["--build"], "--build needs a folder"), (ht.SOURCE / "tests/run", ["nonsense"], 'there is no stage "nonsense"'),
    (ht.SOURCE / "contrib/install-packages", ["nonsense"], 'knows no purpose "nonsense"'),
])
def test_wrong_usage(program, arguments, words):
    done = run(*arguments, program=program)
    assert done.returncode == 64 and words in done.stderr, done.stderr


def test_a_folder_that_is_not_ours(tmp_path):
    (tmp_path / "letter").write_text("dear")
    done = run("--check", "--folder", tmp_path)
    assert done.returncode == 1 and "no quickstart made it" in done.stderr
    assert (tmp_path / "letter").read_text() == "dear"


def test_a_second_one_is_refused(tmp_path):
    mark = tmp_path / ".hailan-demo"
    with open(mark, "w") as f:
        f.write("process 4711, since 08:00:00")
        f.flush()
        fcntl.flock(f, fcntl.LOCK_EX)
        (tmp_path / "pg").mkdir()
        done = run("--check", "--folder", tmp_path)
        assert done.returncode == 75 and "process 4711, since 08:00:00" in done.stderr
        assert (tmp_path / "pg").exists(), "it was emptied all the same"


def running(word):
    """Command lines that have the word in them or in their environment's PATH, of processes that live."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if word in (entry / "environ").read_bytes().decode(errors="replace") and " Z " not in (entry / "stat").read_text():
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("how", ["Ctrl-C", "TERM", "hangup"])
def test_interrupted_while_it_builds(tmp_path, how):
    """Everything is stopped, and the folder is gone."""
    tools, build, folder = tmp_path / "tools", tmp_path / "build", tmp_path / "demo"
    tools.mkdir()
    build.mkdir()
    (build / "Makefile").touch()
    (tools / "make").write_text("#!/bin/sh\ntouch \"$BUSY\"\n(sleep 600) &\nsleep 600\n")
    (tools / "make").chmod(0o755)
    busy = tmp_path / "busy"
    child, fd = pty.fork()
    if not child:
        os.environ.update(PATH=f"{tools}:{os.environ['PATH']}", BUSY=str(busy))
        os.execv(QUICKSTART, [str(QUICKSTART), "--folder", str(folder), "--build", str(build)])
    try:
        said = b""

        def building():
            nonlocal said
            if select.select([fd], [], [], 0)[0]:
                said += os.read(fd, 65536)
            return busy.exists()
        ht.until("the build", building, shown=lambda: said.decode(errors="replace"))
        assert len(running(str(tools))) >= 3
        if how == "Ctrl-C":
            os.write(fd, b"\x03")
        else:
            os.kill(child, signal.SIGTERM if how == "TERM" else signal.SIGHUP)
        end = time.monotonic() + ht.PATIENCE * ht.SLOW
        while True:
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    said += os.read(fd, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                break
            assert time.monotonic() < end, f"it goes on: {said.decode(errors='replace')}"
        child = 0
        assert os.waitstatus_to_exitcode(status) == {"Ctrl-C": 130, "TERM": 143, "hangup": 129}[how], said.decode(errors="replace")
        ht.until("all of it to be gone", lambda: not running(str(tools)), shown=lambda: running(str(tools)))
        assert not folder.exists()
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(fd)
