# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl's command line: help, exit codes, and that manual and completion say the same as its tables."""

import json
import os
import re
import subprocess

import pytest

import hailan_testing as ht

MANUAL = ht.SOURCE / "daemon/ctl/hailanctl.8"
COMPLETION = ht.SOURCE / "contrib/completion/hailanctl.bash"


def commands():
    return json.loads(ht.ctl("help", "--json", check=True).stdout)


def run(*arguments, **environment):
    env = {k: v for k, v in os.environ.items() if k != "HAILAN_DATABASE"}
    return subprocess.run(
        [str(ht.HAILANCTL), *arguments], capture_output=True, text=True, timeout=60, env=env | environment
    )


def test_help_of_every_command():
    listed = ht.ctl("--help", check=True).stdout
    for c in commands():
        assert re.search(rf"^  {c['name']} ", listed, re.M)
        text = ht.ctl("help", c["name"], check=True).stdout
        assert text.startswith(f"usage: hailanctl {c['name']}")
        assert ht.ctl(c["name"], "--help", check=True).stdout == text
        for option in c["options"]:
            assert "--" + option["name"] in text


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        ([], 64, ""),
        (["nonsense"], 64, 'there is no command "nonsense"; "hailanctl help" lists them'),
        (["statsu"], 64, 'did you mean "status" or "stats"?'),
        (["-d", "host=/nonexistent", "case", "--limit", "x"], 64, "is not a number from 1"),
        (["-d", "host=/nonexistent", "case", "20008"], 1, "cannot be a case number"),
        (["case", "20007", "--open"], 64, "not both"),
        (["inbox", "--nonsense"], 64, "hailanctl inbox: unrecognized option"),
        (["case", "--nonsense"], 64, "nonsense"),
        (["case", "1", "2"], 64, "usage: hailanctl case"),
        (["try"], 64, "usage: hailanctl try"),
        (["help", "nonsense"], 64, "nonsense"),
        (["inbox", "--recent", "0"], 64, "is not a number from 1"),
        (["inbox", "--retry", "12x"], 64, "is no id"),
        (["inbox", "9223372036854775808"], 64, "is no id"),
        (["outbox", ""], 64, "is no id"),
        (["-d", "host=/nonexistent", "inbox", "9223372036854775807"], 69, "cannot reach the database"),
        (["-d", "host=/nonexistent", "outbox", "3765466442437231233"], 69, "cannot reach the database"),
        (["import", "people", "/dev/null"], 64, "there are units, staff"),
        (["import", "units"], 64, "expected KIND and FILE"),
        (["import", "units", "/nonexistent.csv"], 66, "No such file"),
        (["-d", "host=/nonexistent", "case"], 69, "cannot reach the database"),
        (["-f", "/nonexistent.conf", "status"], 78, "/nonexistent.conf"),
        (["-d", "host=/nonexistent", "try", "--data", "/nonexistent", "x"], 66, "cannot read /nonexistent/"),
    ],
)
def test_exit_codes(arguments, code, words):
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr


def test_error_as_json():
    done = run("-d", "host=/nonexistent", "case", "--json")
    answer = json.loads(done.stdout)
    assert answer["ok"] is False and "cannot reach the database" in answer["error"]


def test_version():
    assert re.fullmatch(r"hailanctl \d+\.\d+\.\d+, schema \d+\n", ht.ctl("version", check=True).stdout)
    assert json.loads(ht.ctl("version", "--json", check=True).stdout)["schema"] >= 1


def test_manual_knows_every_option():
    text = MANUAL.read_text()
    for c in commands():
        assert f".It Cm {c['name']}" in text
        for option in c["options"]:
            letter = f"Fl {option['letter']} , " if option["letter"] else ""
            item = f".It {letter}Fl Fl {option['name']}"
            assert item in text, item
    known = {o["name"] for c in commands() for o in c["options"]}
    assert set(re.findall(r"^\.It .*Fl Fl (\S+)", text, re.M)) == known


def test_manual_knows_every_column():
    kinds = json.loads(ht.ctl("import", "--columns", "--json", check=True).stdout)
    part = MANUAL.read_text().split(".Sh FILES TO IMPORT")[1].split(".Sh ENVIRONMENT")[0]
    told = {}
    for line in part.splitlines():
        if m := re.match(r"\.It Cm (\w+)", line):
            kind = told.setdefault(m[1], [])
        elif m := re.match(r"\.It Li (\w+)( Ns \*)?", line):
            kind.append((m[1], bool(m[2])))
    assert told == {k: [(c["column"], c["required"]) for c in v] for k, v in kinds.items()}


def test_manual_knows_every_database_role():
    made = re.search(r"array\[('hailan_[^]]*)\]", (ht.SOURCE / "sql/migrations/0001_roles.sql").read_text())[1]
    part = MANUAL.read_text().split(".Sh DATABASE ROLES")[1].split("\n.Sh ")[0]
    assert set(re.findall(r"^\.It Li (hailan_\w+)", part, re.M)) == set(re.findall(r"hailan_\w+", made))


def test_hints_of_the_database_name_commands_that_exist():
    known = {c["name"] for c in commands()}
    named = set()
    for file in (ht.SOURCE / "sql/migrations").glob("*.sql"):
        for hint in re.findall(r"hint = '([^']*)'", file.read_text()):
            named |= set(re.findall(r"hailanctl (\w+)", hint))
    assert named and named <= known, named - known


def complete(*words):
    script = (
        f"source {COMPLETION}; COMP_WORDS=({' '.join(repr(w) for w in words)}); "
        f"COMP_CWORD={len(words) - 1}; _hailanctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_completion_knows_every_command_and_option():
    assert {w for w in complete("hailanctl", "") if w[0] != "-"} == {c["name"] for c in commands()}
    for c in commands():
        options = {"--" + o["name"] for o in c["options"]} | {"-" + o["letter"] for o in c["options"] if o["letter"]}
        assert complete("hailanctl", c["name"], "-") == options
    kinds = json.loads(ht.ctl("import", "--columns", "--json", check=True).stdout)
    assert complete("hailanctl", "import", "") == set(kinds)


def test_same_settings_as_the_daemon():
    """Both read the same file when none is named."""
    daemon = subprocess.run([str(ht.HAILAND), "--help"], capture_output=True, text=True, timeout=60).stdout
    path = re.search(r"settings, default (\S+)", daemon).group(1)
    assert f"default {path})" in ht.ctl("case", "--help", check=True).stdout


def test_status_is_one_document_when_all_is_away(tmp_path):
    said = run("-d", "host=/nonexistent", "-S", str(tmp_path / "none"), "status", "--json")
    assert said.returncode == 69
    answer = json.loads(said.stdout)
    assert answer["daemon"] is None and answer["database"] is None
    assert [e.split(":")[0].split(" at ")[0] for e in answer["errors"]] == ["cannot reach hailand", "cannot reach the database"]
