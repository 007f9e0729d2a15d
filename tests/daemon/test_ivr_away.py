# SPDX-License-Identifier: BSD-2-Clause
"""Phone menus when something is away: the database, the daemon, the disk's room; and menus that are refused."""

import contextlib
import json
import shutil
import socket
import sqlite3
import subprocess
import time

import pytest

import agi
import hailan_testing as ht
from conftest import Town, template

QUICK = 'sweep_age = "300ms" look_wait = "500ms" number_wait = "500ms"'


@pytest.fixture
def made():
    """make(options) → a town with a phone channel, its own cluster."""
    towns = []

    def make(options=QUICK):
        folder = stack.enter_context(ht.scratch())
        cluster = ht.Cluster(folder / "pg", template=template("town"))
        towns.append((None, cluster))
        cluster.add_channel("phone", "hailan_phone")
        port = ht.free_port()
        town = Town(folder, cluster, link_options='source = "12345"', extra=agi.settings(port, folder, options))
        towns[-1] = (town, cluster)
        town.port, town.recordings = port, folder / "recordings"
        town.start()
        ht.until("the phone channel", lambda: takes(port), 60)
        return town

    with contextlib.ExitStack() as stack:
        yield make
        for town, cluster in towns:
            stack.callback(cluster.stop)
            if town is not None:
                stack.callback(town.stop)


def takes(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def spooled(town):
    with contextlib.closing(sqlite3.connect(f"file:{town.recordings}/spool.sqlite?mode=ro", uri=True, timeout=60)) as db:
        return db.execute("select count(*) from report").fetchone()[0]


def said(town, phone):
    return [json.loads(r["protocol"]) for r in town.rows("select protocol from hailan.inbox where source = %s order by id", phone)]


def test_the_database_is_away_and_the_call_goes_on(made):
    town = made()
    town.cluster.stop()
    town.cluster.forget_connections()
    ht.until("the channel has seen it", lambda: "database down" in town.daemon.log(), 60)
    calls = [agi.Call(town.port) for _ in range(3)]
    for call in calls:
        call.press("1").press("1").speak(3)
        call.listen()
        call.heard("zh/welcome", "zh/choose", "zh/root", "zh/report", "zh/recorded", "zh/kept", "zh/more")
        call.send("200 result=51\n")  # 3 is wrong here
        call.listen()
        call.hang_up()
    who = agi.Call(town.port)
    who.press("1").press("3")
    who.listen()
    who.heard("zh/root", "zh/cases_later")
    who.hang_up()
    # not even the end of the process loses it, once it is on the disk
    ht.until("all is in the spool", lambda: spooled(town) == 7, 60)
    town.daemon.kill_children("channel:phone")
    ht.until("the phone channel", lambda: takes(town.port), 60)
    town.cluster.start()
    for call in calls:
        case = town.one_case(call.caller, timeout=60)
        ht.until("both reports", lambda: [p["call"] for p in said(town, call.caller)] == ["report", "none"], 60)
        assert case["text"] == "（电话录音，待听写）"
        assert len(town.rows("select name from hailan.attachment_link where number = %s", case["number"])) == 1
    ht.until("the recordings are taken off the disk", lambda: not list(town.recordings.glob("*.wav")), 60)
    ht.until("who heard nothing is rung back", lambda: [p["call"] for p in said(town, who.caller)] == ["callback"], 60)
    # in the order in which they were said
    order = town.rows("select distinct on (source) source, id from hailan.inbox where flags & 512 <> 0 order by source, id")
    assert [r["source"] for r in sorted(order, key=lambda r: r["id"])] == [c.caller for c in calls] + [who.caller]


def test_the_daemon_is_away_and_the_dialplan_records(made):
    town = made()
    town.daemon.stop()
    who, silent = ht.phone(), ht.phone()
    agi.sound(town.recordings / f"fallback-{who[3:]}-1764000000.7.wav", 6)
    agi.sound(town.recordings / f"fallback-{silent}-1764000000.8.wav", 4, loud=False)
    (town.recordings / "greeting.wav").write_bytes(b"not ours")
    town.daemon.restart()
    case = town.one_case(who, timeout=60)
    assert case["text"] == "（电话录音，待听写）" and case["channel"] == "phone"
    [file] = town.rows("select length(a.bytes) as size from hailan.attachment_link l join hailan.attachment a using (sha256) where l.number = %s", case["number"])
    assert file["size"] == 44 + 6 * 16000
    assert town.one_case(silent, timeout=60)["text"] == "（来电未说完，请回电话）"
    assert said(town, who)[0]["swept"] is True
    ht.until("they are taken off the disk", lambda: sorted(p.name for p in town.recordings.glob("*.wav")) == ["greeting.wav"], 60)


def test_the_process_dies_while_somebody_speaks(made):
    town = made()
    call = agi.Call(town.port)
    call.press("1").press("1")
    path = call.recorder() + ".wav"
    agi.sound(path, 5)
    town.daemon.kill_children("channel:phone")
    with pytest.raises((agi.Gone, ConnectionResetError, BrokenPipeError)):
        call.next()
    case = town.one_case(call.caller, timeout=60)
    assert case["text"] == "（电话录音，待听写）"
    assert len(town.cases(call.caller)) == 1


def test_too_many_calls_are_given_back_as_busy(made):
    town = made(QUICK + " calls = 2")
    calls = [agi.Call(town.port) for _ in range(2)]
    third = agi.Call(town.port, answer=False)
    assert third.end() == "busy"
    for call in calls:
        call.press("1").press("1").speak(3)
        call.listen()
        call.heard("zh/recorded")
        call.hang_up()
    for call in calls:
        town.one_case(call.caller, timeout=60)
    assert not said(town, third.caller)


def test_a_call_has_a_maximum(made):
    town = made(QUICK + ' call_max = "1s"')
    call = agi.Call(town.port)
    end = None
    while end is None:
        command = call.listen()
        if command.startswith("SET VARIABLE"):
            end = command
        time.sleep(0.4)
        call.send("200 result=0\n")
    call.heard("zh/time_over")
    assert end == 'SET VARIABLE HAILAN_NEXT "end"'
    assert town.one_case(call.caller, timeout=60)["text"] == "（来电未说完，请回电话）"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """check(text of the channel's options) → what hailand -t says."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "recordings").mkdir()
    (folder / "prompts").mkdir()
    agi.prompts(folder / "prompts")

    def check(options, remove=None):
        prompts = folder / "prompts"
        if remove:
            prompts = folder / "less"
            shutil.rmtree(prompts, ignore_errors=True)
            shutil.copytree(folder / "prompts", prompts)
            target = prompts / remove
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        path = folder / "hailand.conf"
        path.write_text(f'plugin_dir = "{ht.BUILD}/lib/hailan/plugins"\nchannel "phone" {{\n plugin = "ivr"\n recordings = "{folder}/recordings"\n'
                        f' prompts = "{prompts}"\n{options}\n}}\n')
        done = subprocess.run([f"{ht.BUILD}/sbin/hailand", "-t", "-f", str(path)], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    return check


LOST = 'menu lost { action = "report" }'


@pytest.mark.parametrize("options, line, words", [
    (f'menu root {{\n  keys = "1=nowhere"\n}}\n{LOST}', 7, 'menu root: keys: 1 leads to "nowhere", which is no menu; add a section'),
    (f'menu root {{\n keys = "1=a" }}\nmenu a {{\n keys = "1=root" }}\n{LOST}', 7, "menu root is a dead end: no key leads from it to an end or to a person; let one"),
    (f'menu root {{ keys = "1=lost"\n prompt = "root nosuch" }}\n{LOST}', 7, "the prompt "),
    (f'menu root {{ keys = "1=lost" }}\n{LOST}\nmenu island {{\n action = "end" }}', 9, "menu island: no key leads to it"),
    ('languages = "zh,en"', 6, "languages names en, but there is no folder"),
    ('elder_menu = "granny"', 6, 'elder_menu is "granny", which is no menu'),
    ('listen = "unix:/x"', 6, 'listen is "unix:/x"; expected inet:127.0.0.1:4573'),
    ('peers = "pbx.example.net"', 6, 'peers: "pbx.example.net" is no address'),
    ('menu root { keyz = "1=lost" }', 6, 'there is no option "keyz"; did you mean "keys"?'),
])
def test_menus_are_refused_with_line_and_cure(config, options, line, words):
    code, text = config(options)
    assert code != 0 and words in text, text
    assert f"hailand.conf:{line}: " in text, text


def test_our_own_menus_are_taken_and_a_missing_prompt_is_not(config):
    assert config("")[0] == 0, config("")[1]
    for remove in ("ko/goodbye.wav", "zh/digit_7.wav", "zh/light_red.wav"):
        code, text = config("", remove)
        assert code != 0 and f"the prompt " in text and f"{remove} is missing; record it" in text, text
    code, text = config("", "ko")
    assert code != 0 and "languages names ko, but there is no folder" in text, text


def test_menus_belong_to_plugins_that_know_them(config):
    code, text = config("}\nchannel sms {\n plugin = \"smpp\"\n link a { host = \"127.0.0.1\" system_id = \"x\" password = \"x\" }\n menu root { }")
    assert code != 0 and "channel sms: its plugin knows no menus" in text, text
