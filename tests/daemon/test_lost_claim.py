# SPDX-License-Identifier: BSD-2-Clause
"""A claim whose answer nobody waits for any more takes its rows all the same, perhaps after the next
process has looked for what the last one had in hand. What it took must go out, and once."""

import contextlib
import time

import hailan_testing as ht

# PostgreSQL notices every so many seconds of a statement that its client has gone.
CHECKED = 2


def under_way(town):
    """pid → which statement waits for a lock, and for how long, of the channel's backends."""
    return {r["pid"]: (r["what"], r["age"]) for r in town.rows(
        "select pid, substring(query from 'hailan.(outbox_[a-z]+)') as what,"
        " extract(epoch from clock_timestamp() - query_start)::float8 as age from pg_stat_activity"
        " where usename = 'hailan_sms' and wait_event_type = 'Lock'")}


@contextlib.contextmanager
def claim_held_up(town, phone):
    """The id of a message that is due, and the backend whose claim of it waits for a lock."""
    for _ in range(5):
        late = town.post(phone, "second", not_before=0.7)
        with contextlib.closing(town.cluster.connect()) as c:
            c.autocommit = False
            c.cursor().execute("lock table hailan.outbox_waiting in access exclusive mode")
            time.sleep(0.8)
            town.rows("select pg_notify('outbox_sms', '')")
            backend, (what, _) = next(iter(ht.until("a statement that waits", lambda: under_way(town)).items()))
            if what == "outbox_claim":
                yield late, backend, c
                return
            c.rollback()  # it looks for what was lost just now: another time
        ht.until("its end", lambda: "sent" in town.delivery(late))
    raise AssertionError("the channel never claimed when it was told to")


def test_claim_that_outlives_its_process(make_town):
    town = make_town().start()
    town.daemon.allowed_errors.append("killed|signal")
    p = ht.phone()
    first = town.post(p, "first")
    town.smsc.expect(p, "first")
    ht.until("its end", lambda: "sent" in town.delivery(first))  # or it would be in hand at the kill, and go once more
    with claim_held_up(town, p) as (late, orphan, lock):
        ht.until("the moment after a check", lambda: 0.15 < under_way(town)[orphan][1] % CHECKED < 0.5)
        before = len(town.smsc.texts(p))
        town.daemon.kill_children("channel")
        ht.until("the next process, which looks", lambda: "outbox_recover" in [w for w, _ in under_way(town).values()])
        assert orphan in under_way(town), "the claim had ended already"
        lock.rollback()
        ht.until("its end", lambda: "sent" in town.delivery(late),
                 shown=lambda: (town.delivery(late), town.rows("select * from hailan.outbox_in_hand")))
        town.handled()
        assert len(town.smsc.texts(p)) == before + 1, "once, and only once"
        assert town.rows("select * from hailan.outbox_in_hand") == []
