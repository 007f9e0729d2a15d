# SPDX-License-Identifier: BSD-2-Clause
"""The same words within ten minutes, in other bytes: counted, and answered once, also when the clerk
that filed the first is no more."""

import hailan_testing as ht
import links


def clerk_pid(town):
    return [pid for pid, role in town.daemon.children().items() if role.startswith("clerk")]


def actions(town, number):
    return [r[0] for r in town.rows("select action from hailan.case_event where case_number = %s order by id", number)]


def test_a_new_clerk_remembers(town):
    town.daemon.allowed_errors.append("killed|signal")
    town.smsc.text(polite := ht.phone(), "你好")
    town.smsc.expect(polite)
    phone = links.served(town)
    number = town.one_case(phone)["number"]
    [old] = clerk_pid(town)
    town.daemon.kill_children("clerk")
    ht.until("another clerk", lambda: clerk_pid(town) and clerk_pid(town) != [old], timeout=60)
    town.smsc.text(phone, links.LIGHT.replace("楼道", "楼道 "))
    town.smsc.text(polite, "你好！")
    ht.until("it was counted", lambda: actions(town, number) == ["filed", "repeated"], timeout=60,
             shown=lambda: (actions(town, number), [dict(c) for c in town.cases(phone)]))
    town.silent(phone, texts=1)
    town.silent(polite, texts=1)
    assert len(town.cases(phone)) == 1


def test_after_a_lost_connection(town):
    phone = links.served(town)
    number = town.one_case(phone)["number"]
    town.rows("select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'clerk_' and pid <> pg_backend_pid()")
    town.smsc.text(phone, links.LIGHT + " ")
    ht.until("it was counted", lambda: actions(town, number) == ["filed", "repeated"], timeout=60,
             shown=lambda: (actions(town, number), [dict(c) for c in town.cases(phone)]))
    town.silent(phone, texts=1)


def test_a_wish_too(town):
    phone = ht.phone()
    town.smsc.text(phone, "要是有人能陪我说说话就好了")
    town.smsc.expect(phone)
    town.daemon.kill_children("clerk")
    town.smsc.text(phone, "要是有人 能陪我说说话就好了")
    ht.until("it was counted", lambda: [r[0] for r in town.rows(
        "select action from hailan.wish_event e join hailan.wish w on w.number = e.wish_number where w.phone = %s order by e.id",
        phone)] == ["told", "repeated"], timeout=60, shown=lambda: [dict(w) for w in town.wishes(phone)])
    town.silent(phone, texts=1)
