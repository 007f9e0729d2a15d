# SPDX-License-Identifier: BSD-2-Clause
"""Looks that are kept, and one person's data shown, exported and erased, from his text to the last byte."""

import json
import os
import pwd

import hailan_testing as ht
import pytest

from conftest import WORKER_TIANTU_1

HIM = "+8613804330001"  # contrib/demo: 3-2-501
SECRET = "天图社区3号楼楼道灯坏了，我叫金英淑"


@pytest.fixture(scope="module")
def told(town):
    town.smsc.text(HIM, SECRET)
    number = town.one_case(HIM)["number"]
    town.smsc.expect(HIM, str(number), timeout=60)
    town.settled()
    return number


def looks(town, *arguments):
    return json.loads(town.daemon.ctl("looks", "--json", *arguments).stdout)


def test_staff_who_look_by_text(town, told):
    town.smsc.text(WORKER_TIANTU_1, f"{told}")
    found = ht.until("the look", lambda: looks(town, str(told), "--who", WORKER_TIANTU_1), timeout=60, shown=lambda: looks(town))
    assert found[0]["what"] == "case" and found[0]["address"] == HIM


def test_hailanctl_leaves_a_row(town, told):
    town.daemon.ctl("case", str(told), "--reason", "他来电询问")
    row = looks(town, str(told))[0]
    assert row["why"] == "他来电询问" and row["who"].split("/")[0] == (os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name)
    for command in (["inbox"], ["outbox"], ["case", "--phone", HIM], ["attachment", str(told)]):
        before = len(looks(town))
        town.daemon.ctl(*command)
        assert len(looks(town)) == before + 1, command
    assert len(looks(town, "--person", "138 0433 0001")) >= 1
    assert "他来电询问" in town.daemon.ctl("looks").stdout


def test_one_person(town, told):
    shown = town.daemon.ctl("person", "show", HIM, "--reason", "本人要求").stdout
    assert str(told) in shown and SECRET in shown
    export = json.loads(town.daemon.ctl("person", "export", HIM, "--reason", "本人要求").stdout)
    assert export["inbox"][0]["text"] == SECRET and export["person"]["name"]
    assert [r["what"] for r in looks(town, "--person", HIM)][:2] == ["export", "person"]


@pytest.mark.parametrize("arguments, code, says", [
    (["show", HIM], 64, "--reason"),
    (["export", HIM, "--reason", " "], 64, "--reason"),
    (["look", HIM, "--reason", "x"], 64, "none of show, export and erase"),
    (["show", HIM, "--reason", "x", "--force"], 64, "--force"),
    (["show", "abc", "--reason", "x"], 64, "neither an id"),
    (["show", "+8613899990000", "--reason", "x"], 1, "nothing is stored"),
    (["erase", HIM, "--reason", "x"], 1, "open cases"),
])
def test_refused(town, told, arguments, code, says):
    done = town.daemon.ctl("person", *arguments, check=False)
    assert done.returncode == code and says in done.stderr


def test_erased(town, told):
    done = json.loads(town.daemon.ctl("person", "erase", HIM, "--reason", "本人要求", "--force").stdout)
    assert done["numbers"] == 1 and done["messages"] >= 1
    for table in ("inbox", "outbox", '"case"', "case_event", "contact", "phone", "person", "look", "ask", "seen", "verdict", "delivery"):
        text = town.cluster.value(f"select coalesce(string_agg(x::text, ' '), '') from hailan.{table} x")
        assert HIM not in text and SECRET not in text and SECRET.encode().hex() not in text, table
        assert "金英淑" not in text and "金英淑".encode("utf-16-be").hex() not in text, table
    assert town.rows('select state from hailan."case" where number = %s', told)
    assert town.daemon.ctl("person", "show", HIM, "--reason", "x", check=False).returncode == 1
    assert town.rows("select * from hailan.erasure where why = '本人要求' and forced")
    # he writes again: he is somebody new
    town.smsc.text(HIM, "天图社区3号楼井盖丢了")
    assert town.one_case(HIM, timeout=60)["person_id"] is None
