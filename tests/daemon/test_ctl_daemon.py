# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl status, check and reload against a running daemon, with good and with broken settings."""

import json

import hailan_testing as ht


def test_status_check_reload(town):
    d = town.daemon
    text = ht.until("all are ready", lambda: "3 of 3" in (r := d.ctl("status").stdout) and r)
    for words in "3 of 3 roles ready", "channel:sms", "links", "inbox_waiting:":
        assert words in text
    answer = json.loads(d.ctl("status", "--json").stdout)
    assert answer["daemon"]["ok"] is True and len(answer["roles"]) == 3
    assert answer["database"]["inbox_stuck"] == 0
    assert "nothing was changed" in d.ctl("check").stdout
    assert "are applied" in d.ctl("reload").stdout


def test_broken_settings(town):
    d = town.daemon
    d.allowed_errors.append("reload refused, nothing changed.*nonsense")
    good = d.config.read_text()
    pid = json.loads(d.ctl("status", "--json").stdout)["daemon"]["pid"]
    try:
        d.config.write_text(good + "\nnonsense = 1\n")
        for command in "check", "reload":
            own = d.ctl(command, check=False)
            assert own.returncode == 78 and "nonsense" in own.stderr
            asked = ht.ctl("-S", d.control, command)
            assert asked.returncode == 1, asked.stderr
            assert f"{d.config}:" in asked.stdout and "nonsense" in asked.stdout
            assert json.loads(ht.ctl("-S", d.control, command, "--json").stdout.splitlines()[0])["ok"] is False
        there = ht.ctl("-S", d.control, "-d", town.cluster.conninfo_for(), "status", "--json")
        assert there.returncode == 0, there.stderr
        assert json.loads(there.stdout)["daemon"]["pid"] == pid
    finally:
        d.config.write_text(good)
    assert d.ctl("reload").returncode == 0


def test_no_daemon(town, tmp_path):
    done = ht.ctl("-S", tmp_path / "nowhere.sock", "check")
    assert done.returncode == 69 and "is it running?" in done.stderr
