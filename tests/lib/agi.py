# SPDX-License-Identifier: BSD-2-Clause
"""What tests of the phone menus stand on: the channel's settings, its prompts, and a PBX that speaks FastAGI by script:
it plays nothing, presses keys, and "records" by writing a sound where it is told to."""

import array
import itertools
import math
import pathlib
import re
import shutil
import socket
import time
import wave

import hailan_testing as ht

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "plugins/ivr/prompts"
RATE = 8000
_calls = itertools.count(1)


def sound(path, seconds, loud=True, tail=0.0):
    """A recording: so many seconds of a tone, which is speech for all that we can tell, and a silent tail."""
    samples = array.array("h", (int(9000 * math.sin(2 * math.pi * 300 * n / RATE)) if loud else 0 for n in range(int(seconds * RATE))))
    samples.extend([0] * int(tail * RATE))
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(RATE)
        w.writeframes(samples.tobytes())


def prompts(folder, languages=("zh", "ko")):
    """Prompts as the daemon looks for them; their sound does not matter here."""
    folder = pathlib.Path(folder)
    sound(folder / "one.wav", 0.1)
    for language in languages:
        (folder / language).mkdir(exist_ok=True)
        for line in (SOURCE / f"{language}.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                shutil.copy(folder / "one.wav", folder / language / (line.split("\t")[0] + ".wav"))
    return folder


def settings(port, folder, options="", name="phone"):
    """The text of a channel, with prompts and recordings in folder."""
    folder = pathlib.Path(folder)
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "recordings").mkdir(exist_ok=True)
    prompts(folder / "prompts")
    return f"""channel "{name}" {{
    plugin = "ivr"
    database_user = "hailan_phone"
    listen = "inet:127.0.0.1:{port}"
    prompts = "{folder}/prompts"
    recordings = "{folder}/recordings"
    {options}
}}
"""


class Gone(Exception):
    """The server has closed the call."""


class Call:
    """One call. Commands come in with next(); what is a matter of course is answered by the helpers below."""

    def __init__(self, port, caller=None, script="", uniqueid=None, called="12345", piece=None, answer=True):
        self.caller = ht.phone() if caller is None else caller
        self.uniqueid = uniqueid or f"{int(time.time())}.{next(_calls)}"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60 * ht.SLOW)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.piece = piece
        self.lines = self.socket.makefile("rb")
        self.said, self.asked = [], None
        environment = {
            "agi_network": "yes", "agi_network_script": script, "agi_request": f"agi://127.0.0.1/{script}", "agi_channel": "PJSIP/trunk-1",
            "agi_language": "en", "agi_type": "PJSIP", "agi_uniqueid": self.uniqueid, "agi_version": "22", "agi_callerid": self.caller or "unknown",
            "agi_calleridname": "unknown", "agi_dnid": called, "agi_context": "incoming", "agi_extension": called, "agi_priority": "3",
        }
        self.send("".join(f"{k}: {v}\n" for k, v in environment.items()) + "\n")
        if answer:
            assert self.next() == "ANSWER"
            self.send("200 result=0\n")

    def send(self, text):
        data = text.encode()
        if self.piece is None:
            self.socket.sendall(data)
        else:
            for i in range(0, len(data), self.piece):
                self.socket.sendall(data[i:i + self.piece])

    def next(self):
        """The next command."""
        try:
            line = self.lines.readline()
        except ConnectionResetError:
            line = b""
        if not line:
            raise Gone
        return line.decode().rstrip("\n")

    def listen(self):
        """Lets everything be played to its end; returns the next command that is something else."""
        while True:
            command = self.next()
            m = re.fullmatch(r'STREAM FILE "([^"]*)" "([^"]*)"', command)
            if not m:
                self.asked = command
                return command
            self.said.append("/".join(m[1].split("/")[-2:]))
            self.send("200 result=0 endpos=800\n")

    def heard(self, *names):
        """What was said since, and forgets it; each name must be in it, in this order."""
        said, self.said = self.said, []
        left = iter(said)
        for name in names:
            assert any(s == name or s.endswith("/" + name) for s in left), f"{name} was not said in its place: {said}"
        return said

    def press(self, key):
        """Listens until a key is waited for, and presses it."""
        command = self.listen()
        assert command.startswith("WAIT FOR DIGIT "), command
        self.send(f"200 result={ord(key)}\n")
        return self

    def silence(self):
        command = self.listen()
        assert command.startswith("WAIT FOR DIGIT "), command
        self.send("200 result=0\n")
        return self

    def recorder(self):
        """Listens until a recording is wanted; the path without the ending."""
        command = self.listen()
        m = re.fullmatch(r'RECORD FILE "([^"]*)" wav "#\*" (\d+) BEEP s=\d+', command)
        assert m, command
        return m[1]

    def speak(self, seconds=3, loud=True, end="35 (dtmf)"):
        path = self.recorder() + ".wav"
        sound(path, seconds, loud)
        self.send(f"200 result={end} endpos={int(seconds * RATE)}\n")
        return path

    def hang_up(self):
        """As Asterisk does it: a line of its own, and what was commanded ends with -1."""
        self.send("HANGUP\n")
        self.close()

    def end(self):
        """Listens until the call is given back; what HAILAN_NEXT says."""
        command = self.listen()
        m = re.fullmatch(r'SET VARIABLE HAILAN_NEXT "([a-z_]*)"', command)
        assert m, command
        self.send("200 result=1\n")
        try:
            self.next()
        except Gone:
            return m[1]
        raise AssertionError("the call goes on after its end")

    def close(self):
        self.lines.close()
        self.socket.close()
