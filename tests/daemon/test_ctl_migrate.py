# SPDX-License-Identifier: BSD-2-Clause
"""hailanctl migrate: from nothing, again, under a lock, and against what was tampered with."""

import json
import subprocess

import pytest

import hailan_testing as ht


@pytest.fixture(scope="module")
def server(folder):
    c = ht.Cluster(folder / "pg")
    yield c
    c.stop()


@pytest.fixture
def empty(server):
    """A database without anything, new for each test."""
    server.forget_connections()
    server.rows("drop database if exists hailan", database="postgres")
    server.rows("create database hailan", database="postgres")
    return server


def migrate(c, *arguments, check=True):
    return ht.ctl("-d", c.conninfo_for(), "migrate", *arguments, check=check)


def test_from_nothing_and_again(empty):
    dry = migrate(empty, "--dry-run").stdout
    assert "would be applied" in dry
    assert empty.rows("select 1 from pg_namespace where nspname = 'hailan'") == []
    first = json.loads(migrate(empty, "--json").stdout)
    numbers = [m["number"] for m in first["applied"]]
    assert numbers == sorted(set(numbers)) and numbers[0] == 1
    assert first["version"] == numbers[-1]
    assert first["data"]["keywords"] > 100
    stored = empty.rows("select number, name, sha256 from hailan.schema_migration order by number")
    assert [r["number"] for r in stored] == numbers
    assert all(len(r["sha256"]) == 64 for r in stored)
    again = json.loads(migrate(empty, "--json").stdout)
    assert again["applied"] == []
    assert set(again["data"].values()) == {0}
    assert "up to date" in migrate(empty).stdout


def test_an_edited_row_stays(empty):
    migrate(empty)
    empty.rows("update hailan.keyword set weight = 7 where pattern = '马葫芦'")
    empty.rows("update hailan.keyword set hits = hits + 1 where pattern = '警盖'")
    empty.rows("update hailan.category set name_zh = '窨井盖' where code = 'manhole'")
    empty.rows("update hailan.template set body = replace(body, '编号', '号') where name = 'case_filed'")
    migrate(empty)
    assert empty.value("select weight from hailan.keyword where pattern = '马葫芦'") == 7
    assert empty.value("select name_zh from hailan.category where code = 'manhole'") == "窨井盖"
    assert empty.value("select body from hailan.template where (name, language) = ('case_filed', 'zh')")[:2] != "编号"
    assert empty.value("select count(*) from hailan.keyword where edited") == 1


def test_default_rows_follow_the_program(empty):
    migrate(empty)
    empty.rows("select set_config('hailan.loading', 'on', false); update hailan.keyword set weight = 9 where pattern = '马葫芦'")
    again = json.loads(migrate(empty, "--json").stdout)
    assert again["data"]["keywords"] == 1
    assert empty.value("select weight from hailan.keyword where pattern = '马葫芦'") == 3


def test_edited_migration_is_refused_by_name(empty):
    migrate(empty)
    name = empty.value("select name from hailan.schema_migration where number = 1")
    empty.rows("update hailan.schema_migration set sha256 = repeat('0', 64) where number = 1")
    done = migrate(empty, check=False)
    assert done.returncode == 1
    assert f"migration 1 ({name}) was edited" in done.stderr


def test_newer_database_is_refused(empty):
    migrate(empty)
    empty.rows("insert into hailan.schema_migration (number, name, sha256, applied_at)"
               " values (9999, 'later', repeat('a', 64), '2030-01-01')")
    done = migrate(empty, check=False)
    assert done.returncode == 1
    assert "9999 (later)" in done.stderr and "install the newer program" in done.stderr


def test_one_at_a_time(empty):
    command = [str(ht.HAILANCTL), "-d", empty.conninfo_for(), "migrate", "--json"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [p.communicate(timeout=60 * ht.SLOW) for p in both]
    assert [p.returncode for p in both] == [0, 0], answers
    applied = sorted(len(json.loads(out)["applied"]) for out, _ in answers)
    assert applied[0] == 0 and applied[1] >= 1


def test_channels(empty):
    migrate(empty, "--channel", "sms:hailan_sms", "--channel", "ivr:hailan_ivr")
    migrate(empty, "--channel", "sms:hailan_sms")
    rows = empty.rows("select name, role::text from hailan.channel order by name")
    assert [tuple(r) for r in rows] == [("ivr", "hailan_ivr"), ("sms", "hailan_sms")]
    assert empty.value("select rolcanlogin from pg_roles where rolname = 'hailan_sms'")
    done = migrate(empty, "--channel", "sms", check=False)
    assert done.returncode == 64 and "expected NAME:ROLE" in done.stderr


def test_commands_without_schema(empty):
    done = ht.ctl("-d", empty.conninfo_for(), "case")
    assert done.returncode == 78
    assert "hailanctl migrate" in done.stderr
