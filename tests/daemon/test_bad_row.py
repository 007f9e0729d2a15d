# SPDX-License-Identifier: BSD-2-Clause
"""A message on which a rule fails stands aside with its reason; the others go on."""

import json
import time

import pytest

import hailan_testing as ht
import texts

TRIGGER = """
create or replace function hailan.test_fault() returns trigger language plpgsql as $$
begin
    if new.text like '%%{word}%%' then
        raise exception 'rule for {word} failed' using errcode = '{code}';
    end if;
    return new;
end $$;
create or replace trigger test_fault before insert on hailan."case" for each row execute function hailan.test_fault();
"""


@pytest.fixture(scope="module")
def bad(make_module_town):
    town = make_module_town()
    town.daemon.allowed_errors.append("set aside|stuck|rule for")
    yield town.start()
    town.daemon.stop()
    town.daemon.check_log()


def break_rule(town, word="夜半歌声", code="P0001"):
    town.rows(TRIGGER.format(word=word, code=code))


def mend_rule(town):
    town.rows('drop trigger if exists test_fault on hailan."case"')


def stuck(town):
    shown = town.daemon.json("inbox", "--stuck")
    return shown if isinstance(shown, list) else [shown]


@pytest.mark.parametrize("code", ["P0001", "23514", "22012", "22P02"])
def test_stands_aside_and_others_go_on(bad, code):
    break_rule(bad, code=code)
    try:
        people = [ht.phone() for _ in range(21)]
        for i, p in enumerate(people):
            bad.smsc.send(p, "天图社区3号楼夜半歌声太大" if i == 10 else "天图社区3号楼楼道灯坏了")
        for i, p in enumerate(people):
            if i != 10:
                texts.check_reply(bad.smsc.expect(p))
        bad_id = bad.inbox(people[10])[0]["id"]
        shown = ht.until("it among the stuck", lambda: [s for s in stuck(bad) if str(bad_id) in json.dumps(s)])
        assert "夜半歌声 failed" in json.dumps(shown, ensure_ascii=False), shown
        assert code in json.dumps(shown)
        assert "rule for" in bad.daemon.ctl("inbox", "--stuck").stdout
        assert not bad.cases(people[10]) and not bad.smsc.received(people[10])
        for i, p in enumerate(people):
            if i != 10:
                assert len(bad.cases(p)) == 1 and len(bad.smsc.received(p)) == 1, "handled twice"
        # The sender's next message is handled.
        bad.smsc.text(people[10], "天图社区3号楼井盖坏了")
        texts.check_reply(bad.smsc.expect(people[10]))
    finally:
        mend_rule(bad)
    bad.daemon.ctl("inbox", "--retry", str(bad_id))
    texts.check_reply(bad.smsc.expect(people[10], since=1))
    assert len(bad.cases(people[10])) == 2
    assert not [s for s in stuck(bad) if str(bad_id) in json.dumps(s)]


def test_many_bad_rows_among_many(bad):
    break_rule(bad)
    try:
        people = [ht.phone() for _ in range(60)]
        for i, p in enumerate(people):
            bad.smsc.send(p, "天图社区3号楼夜半歌声太大" if i % 5 == 0 else "天图社区3号楼楼道灯坏了")
        ht.until("twelve stuck", lambda: bad.cluster.value("select count(*) from hailan.inbox_stuck") == 12)
        bad.handled()
        for i, p in enumerate(people):
            assert len(bad.cases(p)) == (0 if i % 5 == 0 else 1)
    finally:
        mend_rule(bad)
    for s in bad.rows("select id from hailan.inbox_stuck"):
        bad.daemon.ctl("inbox", "--retry", str(s["id"]))
    bad.handled()
    wrong = {p: len(bad.cases(p)) for p in people if len(bad.cases(p)) != 1}
    assert not wrong, f"not one case each after the rule was mended: {wrong}"


def test_retry_while_it_is_still_broken(bad):
    break_rule(bad)
    phone = ht.phone()
    try:
        bad.smsc.text(phone, "天图社区3号楼夜半歌声太大")
        ht.until("it to stand aside", lambda: bad.cluster.value("select count(*) from hailan.inbox_stuck") == 1)
        id = bad.inbox(phone)[0]["id"]
        first = bad.cluster.value("select at from hailan.inbox_stuck where id = %s", id)
        bad.daemon.ctl("inbox", "--retry", str(id))
        ht.until("its second failure", lambda: bad.rows("select 1 from hailan.inbox_stuck where id = %s and at > %s", id, first),
                 shown=lambda: [dict(r) for r in bad.rows("select * from hailan.inbox_stuck")])
    finally:
        mend_rule(bad)
    bad.daemon.ctl("inbox", "--retry", str(id))
    texts.check_reply(bad.smsc.expect(phone))


def test_what_follows_does_not_lean_on_what_failed(bad):
    """The sender repeats it and asks after it: neither refers to a case that there is not."""
    break_rule(bad)
    phone = ht.phone()
    try:
        bad.smsc.text(phone, "天图社区3号楼夜半歌声太大")
        ht.until("it to stand aside", lambda: bad.cluster.value("select count(*) from hailan.inbox_stuck") == 1)
    finally:
        mend_rule(bad)
    bad.smsc.text(phone, "天图社区3号楼 夜半歌声 太大")  # the same words, other octets
    texts.check_reply(bad.smsc.expect(phone))
    assert len(bad.cases(phone)) == 1
    bad.daemon.ctl("inbox", "--retry", str(bad.inbox(phone)[0]["id"]))
    bad.handled()
    assert bad.rows("select * from hailan.inbox_stuck") == []


def test_retry_of_a_row_that_is_not_stuck(bad):
    phone = ht.phone()
    bad.smsc.text(phone, "天图社区3号楼楼道灯坏了")
    bad.smsc.expect(phone)
    done = bad.daemon.ctl("inbox", "--retry", str(bad.inbox(phone)[0]["id"]), check=False)
    assert done.returncode != 0
    bad.silent(phone, texts=1)


def test_a_fault_of_the_connection_is_not_a_fault_of_the_row(bad):
    """Sessions of the clerk are ended while it works: nothing stands aside."""
    people = [ht.phone() for _ in range(40)]
    for i, p in enumerate(people):
        bad.smsc.send(p, "天图社区3号楼楼道灯坏了")
        if i % 8 == 0:
            bad.rows("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'hailan' and pid <> pg_backend_pid()")
            time.sleep(0.05)
    bad.smsc.do("wait", idle=True)
    bad.handled(60)
    assert bad.rows("select * from hailan.inbox_stuck") == []
    for p in people:
        assert len(bad.inbox(p)) == 1 and len(bad.cases(p)) == 1


def test_a_deadlock_is_tried_again(bad):
    break_rule(bad, code="40P01")
    phone = ht.phone()
    try:
        bad.smsc.text(phone, "天图社区3号楼夜半歌声太大")
        time.sleep(1)
        assert not bad.cases(phone)
    finally:
        mend_rule(bad)
    if bad.rows("select 1 from hailan.inbox_stuck"):
        pytest.fail("a deadlock lets no row stand aside")
    texts.check_reply(bad.smsc.expect(phone))
