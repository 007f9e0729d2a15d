#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The queues while somebody's transaction stays open, so that no dead row can be taken away.

Messages come in, are claimed, filed with one answer each, the answers are claimed and written down as
sent, in batches of --rows; all the while an older transaction holds its snapshot. Prints what a claim
of the inbox and one of the outbox cost at the beginning, on the way and at the end, and fails when the
end is slower than --bound milliseconds.

usage: sql_queue.py [options] CONNINFO      (a database made by sql/apply.sh; it is changed)
"""

import argparse
import statistics
import sys
import time

import psycopg2

LANES = list(range(64))


class Town:
    def __init__(self, arguments):
        self.a = arguments
        self.connection = psycopg2.connect(arguments.conninfo)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.run("set search_path = hailan, public")
        self.after = 0

    def run(self, sql, *values):
        self.cursor.execute(sql, values or None)
        return self.cursor.fetchall() if self.cursor.description else None

    def timed(self, sql, *values):
        begun = time.perf_counter()
        rows = self.run(sql, *values)
        return rows, (time.perf_counter() - begun) * 1000

    def submit(self, batch):
        r = self.a.rows
        self.run(
            """select inbox_submit('sms', clock_timestamp(), array_fill(1::int2, array[r]), '{a}', '{10690433}', '{UTF-8}', '{0}', array[null::text],
                   (select array_agg('+8613' || lpad((800000000 + mod(%s + i, 100000))::text, 9, '0') order by i) from generate_series(1, r) i),
                   array_fill('\\x706f'::bytea, array[r]), array_fill('楼道灯坏了'::text, array[r]),
                   (select array_agg(gen_random_uuid()) from generate_series(1, r)),
                   (select array_agg(mod(i, 64)::int2 order by i) from generate_series(1, r) i)) from (values (%s)) v (r)""",
            batch * r, r)

    def claim(self):
        rows, ms = self.timed("select id, source from clerk_claim(clock_timestamp(), %s::int2[], %s, %s)", LANES, self.after, self.a.rows)
        return [x[0] for x in rows], [x[1] for x in rows], ms

    def file(self, ids, sources):
        r, none = len(ids), []
        self.run(
            "select clerk_file(clock_timestamp(), %s::int8[], %s::text[], %s::text[], "
            + ", ".join(f"'{{}}'::{t}[]" for t in ("int4 int8 bool text int8 int8 text text int2 int4 int4 text text text text int2 text text bool "
                                                   "int4 int8 text text").split())
            + ", %s::int4[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int2[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[],"
              " %s::text[], %s::text[], %s::int8[], '{}'::text[], '{}'::text[], '{}'::bool[])",
            ids, ["greeting"] * r, [None] * r, list(range(1, r + 1)), ["sms"] * r, ["a"] * r, ["10690433"] * r, sources, [1] * r, [None] * r, [None] * r,
            ["zh"] * r, ["greeting"] * r, ["{}"] * r, ["您好"] * r, [None] * r)
        self.after = ids[-1]

    def send(self):
        self.run("select outbox_recover('sms', clock_timestamp(), 'bench:sms', false, array(select id from outbox_in_hand))")
        rows, ms = self.timed("select id from outbox_claim('sms', clock_timestamp(), 'bench:sms', '{a}', array[%s])", self.a.rows)
        ids = [x[0] for x in rows]
        r = len(ids)
        self.run("select outbox_done('sms', clock_timestamp(), 'bench:sms', %s::int8[], %s::int2[], %s::text[], %s::int2[], %s::timestamptz[], %s::text[], %s::text[])",
                 ids, [0] * r, [format(i, "x") for i in ids], [1] * r, [None] * r, ["a"] * r, [""] * r)
        return r, ms


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--messages", type=int, default=1000000)
    p.add_argument("--rows", type=int, default=500)
    p.add_argument("--bound", type=float, default=50, help="milliseconds that a claim may take at the end (default 50)")
    p.add_argument("conninfo")
    a = p.parse_args()
    older = psycopg2.connect(a.conninfo)
    older.set_session(isolation_level="REPEATABLE READ")
    holder = older.cursor()
    town = Town(a)
    town.run("insert into channel (name, role) values ('sms', 'postgres') on conflict do nothing")
    if town.run("select exists (select from inbox_waiting) or exists (select from outbox_waiting)")[0][0]:
        sys.exit("sql_queue: something waits already; use a database of its own")
    holder.execute("select count(*) from hailan.inbox_waiting")
    batches = max(a.messages // a.rows, 10)
    step = max(batches // 10, 1)
    claims, sends = [], []
    for batch in range(batches):
        town.submit(batch)
        ids, sources, ms = town.claim()
        if len(ids) != a.rows:
            sys.exit(f"sql_queue: {len(ids)} of {a.rows} messages were claimed")
        claims.append(ms)
        town.file(ids, sources)
        count, ms = town.send()
        if count != a.rows:
            sys.exit(f"sql_queue: {count} of {a.rows} answers were claimed")
        sends.append(ms)
        if batch % step == step - 1:
            print(f"after {(batch + 1) * a.rows:8} messages: clerk_claim {statistics.median(claims[-10:]):7.2f} ms, "
                  f"outbox_claim {statistics.median(sends[-10:]):7.2f} ms", flush=True)
    cursor, town.after = town.after, 0
    print(f"clerk_claim from the very beginning: {town.claim()[2]:.2f} ms, from where it was: ", end="")
    town.after = cursor
    print(f"{town.claim()[2]:.2f} ms (nothing waits)")
    print("dead rows: " + ", ".join(f"{n} {c}" for n, c in town.run(
        "select relname, n_dead_tup from pg_stat_user_tables where schemaname = 'hailan' and n_dead_tup > 1000 order by 2 desc")))
    older.rollback()
    worst = max(statistics.median(claims[-10:]), statistics.median(sends[-10:]))
    if worst > a.bound:
        print(f"a claim takes {worst:.1f} ms, more than {a.bound:g}")
        sys.exit(1)


if __name__ == "__main__":
    main()
