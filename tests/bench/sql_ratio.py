#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""inbox_submit and clerk_file beside COPY of the same rows into the same tables.

Both sides write batches of --rows rows, each batch one durable transaction on one connection, one
side after the other. The arguments of the functions lie ready in a table, the rows of COPY in memory, so that
what is compared is the work of the server. clerk_claim is timed too, among --residents residents.

usage: sql_ratio.py [options] CONNINFO      (a database made by sql/apply.sh; it is changed)
"""

import argparse
import statistics
import struct
import sys
import time
import uuid

import psycopg2

TEXT = "天图社区{0}号楼{1}单元楼道灯坏了，晚上老人上下楼看不见，请来修一修"
REPLY = "编号{0}，您反映的路灯已收到，由城市管理行政执法局办理，一天内处理，办好再告诉您。"
NOTICE = "{0} 路灯，天图社区3号楼2单元：楼道灯坏了，晚上老人上下楼看不见，请来修"
INBOX = ("inbox", "inbox_waiting", "seen")
FILED = ("verdict", '"case"', "case_event", "outbox", "outbox_waiting", "contact")
COPY_HEAD, COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0), struct.pack("!h", -1)


def rows_of(data):
    """The rows of a binary COPY, each as bytes."""
    at, rows = len(COPY_HEAD), []
    while True:
        (fields,) = struct.unpack_from("!h", data, at)
        if fields < 0:
            return rows
        start, at = at, at + 2
        for _ in range(fields):
            (length,) = struct.unpack_from("!i", data, at)
            at += 4 + max(length, 0)
        rows.append(data[start:at])


class Chunks:
    def __init__(self, parts):
        self.data, self.at = COPY_HEAD + b"".join(parts) + COPY_TAIL, 0

    def read(self, size=-1):
        piece = self.data[self.at : self.at + size] if size >= 0 else self.data[self.at :]
        self.at += len(piece)
        return piece


class Bench:
    def __init__(self, arguments):
        self.a = arguments
        self.connection = psycopg2.connect(arguments.conninfo)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.run("set search_path = hailan, public")
        self.run("set timezone = 'Asia/Shanghai'")

    def run(self, sql, *values):
        self.cursor.execute(sql, values or None)
        return self.cursor.fetchall() if self.cursor.description else None

    def phone(self, n):
        return "+8613%09d" % (800000000 + n)

    def prepare(self):
        self.run("""create table if not exists public.bench_in (n int4, sources text[], texts text[], raws bytea[], fingerprints uuid[], lanes int2[])""")
        self.run("truncate public.bench_in")
        self.run("alter table public.bench_in alter sources set storage external, alter texts set storage external, alter raws set storage external")
        for batch in range(self.a.batches + self.a.warm):
            ns = [batch * self.a.rows + i for i in range(self.a.rows)]
            texts = [TEXT.format(n % 40 + 1, n % 4 + 1) for n in ns]
            self.run("insert into public.bench_in values (%s, %s, %s, %s::bytea[], %s::uuid[], %s::int2[])", batch,
                     [self.phone(n % self.a.residents) for n in ns], texts,
                     [psycopg2.Binary(t.encode("utf-16-be")) for t in texts],
                     [str(uuid.uuid4()) for _ in ns], [n % 64 for n in ns])
        self.residents()
        self.clear()

    def residents(self):
        if self.run("select count(*) >= %s from resident", self.a.residents)[0][0]:
            return
        self.run("""with u as (select id from unit where level = 'community' order by id limit 1),
            h as (insert into household (community_id, building, entrance, floor, room)
                  select u.id, (i / 400)::text, mod(i, 4)::text, mod(i, 8), 'b' || i from u, generate_series(1, %s) i returning id),
            p as (insert into person (name, language) select '居民' || i, 'zh' from generate_series(1, %s) i returning id),
            hn as (select id, row_number() over (order by id) n from h), pn as (select id, row_number() over (order by id) n from p),
            r as (insert into resident (person_id, household_id) select pn.id, hn.id from pn join hn using (n))
            insert into phone (number, person_id) select '+8613' || lpad((800000000 + n - 1)::text, 9, '0'), id from pn""",
                 self.a.residents, self.a.residents)
        self.run("vacuum analyze")

    def clear(self, tables=INBOX + FILED):
        # replica: the trigger that keeps events from being emptied
        self.run("set session_replication_role = replica")
        self.run(f"truncate {', '.join(tables)} cascade")
        self.run("set session_replication_role = origin")
        self.run("checkpoint")

    def timed(self, sql, *values):
        begun = time.perf_counter()
        self.run(sql, *values)
        return time.perf_counter() - begun

    def submit(self, batch):
        return self.timed("""select inbox_submit('sms', clock_timestamp(), array_fill(1::int2, array[r]), '{a}', '{10690433}', '{UTF-16BE}', '{0}',
            array['{"data_coding":8}'], sources, raws, texts, fingerprints, lanes)
            from public.bench_in, (values (%s)) v (r) where n = %s""", self.a.rows, batch)

    def file_prepare(self, ids):
        """The arguments of clerk_file for these messages: a case, an answer and a notice each."""
        r = self.a.rows
        numbers = [x[0] for x in self.run("select case_numbers(%s)", r)]
        outs = [i + 1 for i in range(r) for _ in range(2)]
        phones = [x[0] for x in self.run("select source from inbox where id = any (%s) order by id", ids)]
        texts = [x[0] for x in self.run("select text from inbox where id = any (%s) order by id", ids)]
        unit = self.run("select id from unit where level = 'department' order by id limit 1")[0][0]
        place = self.run("select id from unit where level = 'community' order by id limit 1")[0][0]
        n = [None]
        v = [ids, ["case"] * r, n * r, list(range(1, r + 1)), numbers, [False] * r, phones, n * r, n * r, ["streetlight"] * r, n * r,
             [3] * r, [unit] * r, [place] * r, ["zh"] * r, texts, ["3"] * r, ["2"] * r, n * r, n * r, n * r, [False] * r,
             [], [], [], [], outs, ["sms"] * 2 * r, ["a"] * 2 * r, ["10690433"] * 2 * r, [p for x in phones for p in (x, "+8613900000001")],
             [1, 2] * r, n * 2 * r, n * 2 * r, ["zh"] * 2 * r, ["case_filed", "notice_case"] * r, ["{}"] * 2 * r,
             [t.format(x) for x in numbers for t in (REPLY, NOTICE)], [x for x in numbers for _ in range(2)], phones, ["zh"] * r, n * r]
        types = ("int8 text text int4 int8 bool text int8 int8 text text int2 int4 int4 text text text text int2 text text bool int4 int8 text text "
                 "int4 text text text text int2 timestamptz timestamptz text text text text int8 text text bool").split()
        columns = ", ".join(f"a{i} {t}[]" for i, t in enumerate(types))
        self.run(f"create table if not exists public.bench_file (n int4, {columns})")
        for i, t in enumerate(types):
            if t == "text":
                self.run(f"alter table public.bench_file alter a{i} set storage external")
        self.run("insert into public.bench_file values (0, " + ", ".join(f"%s::{t}[]" for t in types) + ")", *v)
        return ", ".join(f"a{i}" for i in range(len(types)))

    def copy_out(self, tables):
        held = {}
        for t in tables:
            data = bytearray()

            class Sink:
                def write(self, piece):
                    data.extend(piece)

            order = {"seen": "inbox_id", "verdict": "inbox_id", '"case"': "number", "outbox_waiting": "id", "contact": "number"}.get(t, "id")
            self.cursor.copy_expert(f"copy (select * from {t} order by {order}) to stdout (format binary)", Sink())
            held[t] = rows_of(bytes(data))
        return held

    def copy_in(self, held, tables, batch):
        """One batch of every table in one transaction, in seconds."""
        pieces = []
        for t in tables:
            rows = held[t]
            each = len(rows) // self.batches_held
            pieces.append((t, Chunks(rows[batch * each : (batch + 1) * each])))
        begun = time.perf_counter()
        self.run("begin")
        for t, chunk in pieces:
            self.cursor.copy_expert(f"copy {t} from stdin (format binary)", chunk, 1 << 20)
        self.run("commit")
        return time.perf_counter() - begun

    def compare(self, name, ours, tables, before):
        """Runs our side once to learn the rows, then both sides in turns."""
        total = self.a.warm + self.a.batches
        self.batches_held = total
        before()
        own, copied = [], []
        for b in range(total):
            own.append(ours(b))
        held = self.copy_out(tables)
        self.clear(tables)
        for b in range(total):
            copied.append(self.copy_in(held, tables, b))
        warm = self.a.warm
        o, c = statistics.median(own[warm:]), statistics.median(copied[warm:])
        print(f"{name:14} {o * 1000:7.2f} ms a batch of {self.a.rows}, COPY {c * 1000:7.2f} ms, ratio {c / o:.2f}", flush=True)
        return c / o

    def inbox(self):
        return self.compare("inbox_submit", self.submit, INBOX, self.clear)

    def file(self):
        total = self.a.warm + self.a.batches
        columns = None

        def before():
            nonlocal columns
            self.clear()
            self.run("drop table if exists public.bench_file")
            for b in range(total):
                self.submit(b)
            ids = [x[0] for x in self.run("select id from inbox order by id")]
            for b in range(total):
                columns = self.file_prepare(ids[b * self.a.rows : (b + 1) * self.a.rows])
                self.run("update public.bench_file set n = %s where n = 0", b + 1)
            self.run("analyze")

        return self.compare(
            "clerk_file", lambda b: self.timed(f"select clerk_file(clock_timestamp(), {columns}) from public.bench_file where n = %s", b + 1), FILED, before)

    def claim(self):
        self.clear()
        for b in range(2):
            self.submit(b)
        times = [self.timed("select * from clerk_claim(clock_timestamp(), array(select i::int2 from generate_series(0, 63) i), 0, 500)") for _ in range(15)]
        print(f"{'clerk_claim':14} {statistics.median(times[3:]) * 1000:7.2f} ms for 500 of {2 * self.a.rows}, {self.a.residents} residents, first {times[0] * 1000:.2f} ms")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=500)
    p.add_argument("--batches", type=int, default=40)
    p.add_argument("--warm", type=int, default=8)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--residents", type=int, default=100000)
    p.add_argument("--aim", type=float, help="exit 1 when a median ratio is below")
    p.add_argument("conninfo")
    a = p.parse_args()
    bench = Bench(a)
    if bench.run("select current_setting('fsync') || current_setting('synchronous_commit')")[0][0] != "onon":
        print("warning: fsync or synchronous_commit is off", file=sys.stderr)
    bench.run("insert into channel (name, role) values ('sms', 'postgres') on conflict do nothing")
    bench.prepare()
    inbox = statistics.median(bench.inbox() for _ in range(a.rounds))
    filed = statistics.median(bench.file() for _ in range(a.rounds))
    bench.claim()
    print(f"medians of {a.rounds} rounds: inbox_submit {inbox:.2f}, clerk_file {filed:.2f}")
    if a.aim and min(inbox, filed) < a.aim:
        sys.exit(1)


if __name__ == "__main__":
    main()
