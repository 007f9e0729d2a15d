# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl case, inbox, outbox, status: what they show of rows that are there."""

import json
import os
import pty
import re
import subprocess

import pytest

import hailan_testing as ht

AT = "2026-11-24 16:46:37+08"
ROWS = f"""
insert into hailan.inbox (id, city, received_at, flags, lane, channel, link, source, destination, charset, raw, text)
select hailan.make_id('{AT}', n), 222405, '{AT}', 0, 1, 'sms', 'a', phone, '12345', 'utf-8', convert_to(t, 'UTF8'), t
  from (values (1, '+8613900000101', '天图社区3号楼楼道灯坏了'), (2, '+8613804330001', '하수도 막힘'),
               (3, '+8613900000102', E'坏\\n的')) as v (n, phone, t);
insert into hailan.verdict (inbox_id, kind, number) values (hailan.make_id('{AT}', 1), 'case', 20020);
insert into hailan.inbox_waiting (id, lane) values (hailan.make_id('{AT}', 2), 1);
insert into hailan.inbox_stuck (id, lane, at, sqlstate, reason) values (hailan.make_id('{AT}', 3), 1, '{AT}', '22P02', 'cannot be filed');
insert into hailan.case (number, city, filed_at, message_id, state, unit_id, place_id, category, channel, phone, language, building, text)
select 20020, 222405, '{AT}', hailan.make_id('{AT}', 1), 'filed', d.id, p.id, 'streetlight', 'sms', '+8613900000101', 'zh', '3',
       '天图社区3号楼楼道灯坏了'
  from hailan.unit d, hailan.unit p where d.name_zh = '住房和城乡建设局' and p.code = '222405001005';
set session_replication_role = replica; -- closed without its life
insert into hailan.case (number, city, filed_at, state, urgent, category, channel, phone, language, text)
values (20033, 222405, '{AT}', 'closed', true, 'sewer', 'sms', '+8613804330001', 'ko', '하수도 막힘');
reset session_replication_role;
insert into hailan.case_event (id, city, case_number, at, to_state, action, channel, reason)
values (hailan.make_id('{AT}', 7), 222405, 20020, '{AT}', 'filed', 'filed', 'sms', '居民短信');
insert into hailan.wish (number, city, told_at, channel, phone, language, text)
values (20046, 222405, '{AT}', 'sms', '+8613900000103', 'zh', '能清理一下就好了');
insert into hailan.outbox (id, city, created_at, number, priority, channel, link, source, destination, language, template, body)
select hailan.make_id('{AT}', n), 222405, '{AT}', 20020, 1, 'sms', 'a', '12345', '+8613900000101', 'zh', 'case_filed', b
  from (values (11, '编号20020，已收到'), (12, '编号20020，催办')) as v (n, b);
insert into hailan.outbox_waiting (channel, priority, id, not_before) values ('sms', 1, hailan.make_id('{AT}', 11), '{AT}');
insert into hailan.delivery (outbox_id, at, state, parts, link, detail) values
  (hailan.make_id('{AT}', 12), '{AT}', 'handed', 1, 'a', null),
  (hailan.make_id('{AT}', 12), timestamptz '{AT}' + interval '2 seconds', 'failed', 1, 'a', 'ESME_RINVDSTADR');
"""


@pytest.fixture(scope="module")
def town(cluster):
    cluster.rows(ROWS)
    return cluster


def ctl(town, *arguments, check=True):
    return ht.ctl("-d", town.conninfo_for(), *arguments, check=check)


def ids(town, n):
    return town.value(f"select hailan.make_id('{AT}', {n})")


def columns_of(text):
    """Where the titles begin, in columns of a terminal."""
    return [m.start() for m in re.finditer(r"\S+(?: \S+)*", text)]


def test_list_of_cases_is_aligned(town):
    lines = ctl(town, "case").stdout.splitlines()
    assert lines[0].split() == ["NUMBER", "LIGHT", "KIND", "STATE", "!", "FILED", "CATEGORY", "UNIT", "PHONE", "TEXT"]
    assert len(lines) == 4
    by_number = {line.split()[0]: line for line in lines[1:]}
    assert set(by_number) == {"20020", "20033", "20046"}
    assert by_number["20020"].split()[1:4] == ["red", "case", "filed"]
    assert by_number["20033"].split()[1:5] == ["green", "case", "closed", "!"]

    def column(line, part):
        before = line[: line.index(part)]
        return sum(2 if ord(c) > 0x1100 else 1 for c in before)

    phones = {column(line, "+86") for line in lines[1:]}
    assert phones == {column(lines[0], "PHONE")}


def test_filters(town):
    def numbers(*arguments):
        return [c["number"] for c in json.loads(ctl(town, "case", "--json", *arguments).stdout)]

    assert numbers() == [20046, 20033, 20020]
    assert numbers("--open") == [20046, 20020]
    assert numbers("--phone", "139 0000 0101") == [20020]
    assert numbers("--unit", "222405001005") == [20020]
    assert numbers("--limit", "1") == [20046]
    assert numbers("--phone", "13999999999") == []
    assert ctl(town, "case", "--phone", "13999999999").stdout == "no cases\n"


def test_one_case(town):
    text = ctl(town, "case", "20020").stdout
    for words in "light:", "red", "天图社区3号楼楼道灯坏了", "住房和城乡建设局", "events", "居民短信", "2026-11-24 16:46:37":
        assert words in text
    one = json.loads(ctl(town, "case", "20020", "--json").stdout)
    assert one["light"] == "red" and one["events"][0]["action"] == "filed"
    assert json.loads(ctl(town, "case", "20046", "--json").stdout)["kind"] == "wish"


def test_what_was_said_about_a_case(town):
    one = json.loads(ctl(town, "case", "20020", "--json").stdout)
    assert [(m["to"], m["text"], m["state"], m["detail"]) for m in one["messages"]] == [
        ("+8613900000101", "编号20020，已收到", "waiting", None), ("+8613900000101", "编号20020，催办", "failed", "ESME_RINVDSTADR")]
    assert one["messages"][1]["state_at"].endswith("16:46:39+08:00")
    text = ctl(town, "case", "20020").stdout
    table = text[text.index("messages\n"):]
    assert re.search(r"waiting .*编号20020，已收到", table) and re.search(r"failed .*16:46:39.*编号20020，催办", table), table
    assert json.loads(ctl(town, "case", "20046", "--json").stdout)["messages"] is None


@pytest.mark.parametrize(
    "number, words", [("20021", "mistyped"), ("20059", "there is no case 20059"), ("abc", "no case number"), ("", "no case number")]
)
def test_no_such_case(town, number, words):
    done = ctl(town, "case", number, check=False)
    assert done.returncode == 1 and words in done.stderr
    assert json.loads(ctl(town, "case", number, "--json", check=False).stdout)["ok"] is False


def on_a_terminal(town, *arguments, **environment):
    master, slave = pty.openpty()
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | environment
    command = [str(ht.HAILANCTL), "-d", town.conninfo_for(), *arguments]
    process = subprocess.Popen(command, stdout=slave, env=env)
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 65536):
            text += piece
    except OSError:
        pass
    os.close(master)
    assert process.wait(30) == 0
    return text.decode()


def test_dots_on_a_terminal(town):
    text = on_a_terminal(town, "case")
    assert "🔴 red" in text and "🟢 green" in text
    plain = on_a_terminal(town, "case", NO_COLOR="1")
    assert "red" in plain and "🔴" not in plain
    assert "🔴" not in ctl(town, "case").stdout


def test_inbox(town):
    text = ctl(town, "inbox").stdout
    assert "handled" in text and "waiting" in text and "stuck" in text and "坏 的" in text
    assert len(text.splitlines()) == 4
    assert len(json.loads(ctl(town, "inbox", "--json", "--recent", "2").stdout)) == 2
    stuck = json.loads(ctl(town, "inbox", "--stuck", "--json").stdout)
    assert [(m["sqlstate"], m["reason"]) for m in stuck] == [("22P02", "cannot be filed")]
    one = ctl(town, "inbox", str(ids(town, 1))).stdout
    assert "20020" in one and "天图社区3号楼楼道灯坏了" in one
    assert ctl(town, "inbox", "17", check=False).returncode == 1
    assert ctl(town, "inbox", "x", check=False).returncode == 64


def test_outbox(town):
    assert len(ctl(town, "outbox").stdout.splitlines()) == 3
    waiting = json.loads(ctl(town, "outbox", "--waiting", "--json").stdout)
    assert [m["text"] for m in waiting] == ["编号20020，已收到"]
    failed = json.loads(ctl(town, "outbox", "--failed", "--json").stdout)
    assert [(m["text"], m["state"], m["detail"]) for m in failed] == [("编号20020，催办", "failed", "ESME_RINVDSTADR")]
    one = ctl(town, "outbox", str(ids(town, 12))).stdout
    assert "handed" in one and "failed" in one and "ESME_RINVDSTADR" in one
    assert ctl(town, "outbox", "17", check=False).returncode == 1


def test_status_of_the_database_alone(town):
    text = ctl(town, "status").stdout
    assert re.search(r"inbox_stuck: +1\n", text) and re.search(r"outbox_waiting: +1\n", text)
    answer = json.loads(ctl(town, "status", "--json").stdout)
    assert answer["daemon"] is None and answer["database"]["cases_open"] == {"red": 1}


def test_stuck_message_is_tried_again(town):
    stuck = str(ids(town, 3))
    assert ctl(town, "inbox", "--retry", stuck).stdout == f"message {stuck} waits again\n"
    assert json.loads(ctl(town, "inbox", stuck, "--json").stdout)["state"] == "waiting"
    again = ctl(town, "inbox", "--retry", stuck, check=False)
    assert again.returncode == 1 and "not among the stuck" in again.stderr


def test_an_administrator_needs_no_more(town):
    """All of it works for a member of hailan_admin, and for nobody without the right."""
    town.rows("create role mayor login; create role nobody_at_all login; grant hailan_admin to mayor")
    for arguments in (["case"], ["case", "20020"], ["inbox"], ["outbox"], ["status"], ["try", "楼道灯坏了"],
                      ["try", "--phone", "13900000101", "楼道灯坏了"]):
        assert ht.ctl("-d", town.conninfo_for(user="mayor"), *arguments).returncode == 0, arguments
    done = ht.ctl("-d", town.conninfo_for(user="nobody_at_all"), "case")
    assert done.returncode == 77 and "permission denied" in done.stderr
