# SPDX-License-Identifier: BSD-2-Clause
"""What the benches share: a durable cluster with the town in it, the load with its ledger, the limits
beside it (COPY of the same rows, fsync, SMPP without a database), and who used how much CPU."""

import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
os.environ.setdefault("HAILAN_BUILD", os.environ.get("HAILAN_FAST", ""))
if not os.environ["HAILAN_BUILD"]:
    os.environ["HAILAN_BUILD"] = str(pathlib.Path(__file__).resolve().parents[2] / "build/tests/fast/inst")

import hailan_testing as ht  # noqa: E402

sys.path.insert(0, str(ht.SOURCE / "tests/daemon"))
PROGRAMS = ht.BUILD.parent / "tests/bench"
TEXTS = ht.SOURCE / "tests/bench/texts.txt"
SERVER = ("shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_compression=off")
SHOWN = ("fsync", "synchronous_commit", "full_page_writes", "wal_compression", "shared_buffers", "max_wal_size", "checkpoint_timeout")

# What one message leaves behind, in the order in which keys want it, and by which column the rows
# are ordered and dealt out to connections, so that a key's rows stay together.
INBOX = [("inbox", "id"), ("inbox_waiting", "id"), ("seen", "inbox_id")]
CASE = [
    ("inbox", "id"), ("seen", "inbox_id"), ("verdict", "inbox_id"), ('"case"', "message_id"), ("case_event", "message_id"),
    ("outbox", "message_id"), ("outbox_waiting", "id"), ("contact", "1"),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


def psql(cluster, database, sql, *parameters):
    with contextlib.closing(cluster.connect(database)) as c, c.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return cursor.fetchall() if cursor.description else []


def middle(values):
    """Median and spread of a figure."""
    values = sorted(values)
    return {"median": statistics.median(values), "least": values[0], "most": values[-1], "all": values}


def show(figure, form="{:.2f}"):
    one, least, most = (form.format(figure[k]) for k in ("median", "least", "most"))
    return f"{one} ({least}–{most})"


# ---- the machine and what it can do at most ----------------------------------------------------------


def machine(cluster):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = next(int(line.split()[1]) // 1024 for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return {
        "cores": os.cpu_count(), "cpu": model, "architecture": platform.machine(), "memory_mib": memory, "kernel": platform.release(),
        "postgresql": psql(cluster, "postgres", "select version()")[0][0].split(" on ")[0],
        "settings": {name: psql(cluster, "postgres", f"show {name}")[0][0] for name in SHOWN},
    }


def fsync_rate(folder, seconds=1.0):
    """How often a second 8 KiB that were overwritten reach the disk: what a commit alone may cost."""
    path = pathlib.Path(folder) / "fsync"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.write(fd, b"\0" * (1 << 20))
        os.fsync(fd)
        count, begun = 0, time.monotonic()
        while time.monotonic() - begun < seconds:
            os.pwrite(fd, b"\1" * 8192, count % 128 * 8192)
            os.fdatasync(fd)
            count += 1
        return count / (time.monotonic() - begun)
    finally:
        os.close(fd)
        path.unlink()


def null_rate(links, window, count=500000):
    """Messages a second to an ESME that only answers: the generator's ceiling."""
    with loaded(port := ht.free_port(), links, window, count) as p:
        sink = subprocess.Popen([str(PROGRAMS / "esme_null"), str(port), str(links)])
        try:
            return json.loads(p.stdout.readline())["per_second"]
        finally:
            sink.kill()
            sink.wait()


class Limit:
    """The rows that a run left in "hailan" put into an empty database, without hailand and without a wire."""

    def __init__(self, cluster, folder):
        self.cluster, self.folder = cluster, folder

    def rows_of(self, tables, connections):
        files = []
        with contextlib.closing(self.cluster.connect()) as c, c.cursor() as cursor:
            cursor.execute("set search_path = hailan")
            for table, key in tables:
                columns = self.columns(table)
                for i in range(connections):
                    path = self.folder / f"{table.strip(chr(34))}.{i}"
                    where = f"where coalesce({key}, 0) % {connections} = {i}"
                    with open(path, "wb") as f:
                        cursor.copy_expert(
                            f"copy (select {columns} from {table} {where} order by {key}) to stdout (format binary)", f
                        )
                    files.append((table, columns, i, path))
        return files

    def columns(self, table):
        sql = f"""select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                  where attrelid = 'hailan.{table}'::regclass and attnum > 0 and not attisdropped and attgenerated = ''"""
        return psql(self.cluster, "hailan", sql)[0][0]

    def copied(self, files, connections):
        """COPY, one transaction for each connection: seconds until all have committed, and the server's CPU seconds."""

        def copy(cursor, mine, begin):
            begin()
            for table, columns, path in mine:
                self.read(cursor, f"{table} ({columns})", path)
            cursor.connection.commit()

        return self.measure(files, connections, copy)

    def inserted(self, files, connections, batch):
        """The same rows by insert … select, in transactions of as many messages as a batch of the channel has: what a function
        can do at best, since only COPY puts a page's rows into the log at once."""

        def insert(cursor, mine, begin):
            cursor.execute("set temp_buffers = '512MB'")
            most, counts = 0, []
            for n, (table, columns, path) in enumerate(mine):
                cursor.execute(f"create temp table rows_{n} as select {columns} from {table} with no data")
                cursor.execute(f"alter table rows_{n} add n int8 generated always as identity (minvalue 0)")
                self.read(cursor, f"rows_{n} ({columns})", path)
                cursor.execute(f"create index on rows_{n} (n)")
                cursor.execute(f"analyze rows_{n}")
                cursor.execute(f"select count(*) from rows_{n}")
                counts.append(cursor.fetchone()[0])
                most = max(most, counts[0])
            cursor.connection.commit()
            begin()
            steps = max(1, -(-most // batch))
            for step in range(steps):
                for n, (table, columns, _) in enumerate(mine):
                    cursor.execute(f"insert into {table} ({columns}) select {columns} from rows_{n} where n >= %s and n < %s order by n",
                                   (counts[n] * step // steps, counts[n] * (step + 1) // steps))
                cursor.connection.commit()

        return self.measure(files, connections, insert)

    @staticmethod
    def read(cursor, into, path):
        with open(path, "rb") as f:
            cursor.copy_expert(f"copy {into} from stdin (format binary)", f)

    def measure(self, files, connections, work):
        """work(cursor, its files, begin) in as many threads; each calls begin() when it is ready, and what comes before is not
        counted."""
        psql(self.cluster, "postgres", "drop database if exists limit_copy")
        psql(self.cluster, "postgres", "create database limit_copy template limit_empty")
        # they stay connected until their CPU is counted
        ready, start, committed, counted = (threading.Barrier(connections + 1) for _ in range(4))
        faults = []

        def begin():
            ready.wait()
            start.wait()

        def run(i):
            try:
                with contextlib.closing(self.cluster.connect("limit_copy")) as c, c.cursor() as cursor:
                    c.autocommit = False
                    cursor.execute("set search_path = hailan")
                    c.commit()
                    work(cursor, [(table, columns, path) for table, columns, part, path in files if part == i], begin)
                    committed.wait()
                    counted.wait()
            except Exception as e:  # told below
                faults.append(e)
                for barrier in (ready, start, committed, counted):
                    barrier.abort()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(connections)]
        for t in threads:
            t.start()
        seconds = cpu = 0.0
        with contextlib.suppress(threading.BrokenBarrierError):
            ready.wait()
            psql(self.cluster, "postgres", "checkpoint")
            start.wait()
            begun, before = time.monotonic(), cpu_of_postgres(self.cluster)
            committed.wait()
            seconds, cpu = time.monotonic() - begun, cpu_of_postgres(self.cluster) - before
            counted.wait()
        for t in threads:
            t.join()
        if faults:
            raise faults[0]
        return seconds, cpu


# ---- CPU ---------------------------------------------------------------------------------------------


def cpu_seconds(pid, reaped=False):
    """User and system time of a process, with the children that it has waited for if so wanted."""
    with contextlib.suppress(OSError):
        f = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(x) for x in f[11 : 15 if reaped else 13]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def children_of(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


def cpu_of_postgres(cluster):
    postmaster = int(next(cluster.folder.rglob("postmaster.pid")).read_text().split()[0])
    return cpu_seconds(postmaster, True) + sum(cpu_seconds(c) for c in children_of(postmaster))


def cpu_of_all(daemon, generator):
    used = {"postgres": cpu_of_postgres(daemon.cluster), "load": cpu_seconds(generator.pid)}
    for pid, role in daemon.children().items():
        name = role.split(":")[0]
        used[name] = used.get(name, 0.0) + cpu_seconds(pid)
    return used


# ---- the load ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def loaded(port, links, window, count, *more):
    """smsc_load, which waits for its links; its lines of JSON are on stdout."""
    p = subprocess.Popen([str(PROGRAMS / "smsc_load"), "--texts", str(TEXTS), "--port", str(port), "--links", str(links),
                          "--window", str(window), "--count", str(count), *map(str, more)], stdout=subprocess.PIPE, text=True)
    try:
        yield p
    finally:
        p.kill()
        p.wait()


def compare(cluster, ledger):
    """What was acknowledged beside what is stored: (messages in the ledger, missing, stored twice, stored though not in it)."""
    with contextlib.closing(cluster.connect()) as c, c.cursor() as cursor, open(ledger) as f:
        c.autocommit = False
        cursor.execute("create temp table hex (source text, raw text) on commit drop")
        cursor.copy_expert("copy hex from stdin", f)
        cursor.execute("""create temp table acked on commit drop as select source, decode(raw, 'hex') as raw, count(*) as n from hex group by 1, 2""")
        cursor.execute("""select sum(coalesce(a.n, 0))::int8, sum(greatest(coalesce(a.n, 0) - coalesce(i.n, 0), 0))::int8,
                                 sum(case when a.n is not null then greatest(i.n - a.n, 0) else 0 end)::int8,
                                 coalesce(sum(i.n) filter (where a.n is null), 0)::int8
                            from acked a full join (select source, raw, count(*) as n from hailan.inbox group by 1, 2) i
                              on i.source = a.source and i.raw = a.raw""")
        return cursor.fetchone()


class Bench:
    """The cluster, its template databases, and hailand between it and a load."""

    def __init__(self, folder, arguments):
        self.folder, self.a = folder, arguments
        self.cluster = ht.Cluster(folder / "pg", fast=False, settings=SERVER)
        self.limit = Limit(self.cluster, folder)

    def prepare(self):
        from conftest import load_demo

        self.cluster.create()
        self.cluster.add_channel("sms", "hailan_sms")
        load_demo(self.cluster)
        self.cluster.forget_connections()  # a database that is copied has none
        for name in ("town", "limit_empty"):
            psql(self.cluster, "postgres", f"create database {name} template hailan")

    def fresh(self):
        self.cluster.forget_connections()
        psql(self.cluster, "postgres", "drop database if exists hailan with (force)")
        psql(self.cluster, "postgres", "create database hailan template town")
        psql(self.cluster, "postgres", "checkpoint")

    def daemon(self, clerks, port, rate=1, channel_options=""):
        """rate: what goes out a second over each link; 1 where sending is no part of what is measured."""
        daemon = ht.Daemon(
            self.folder, self.cluster, {f"l{i}": port for i in range(self.a.links)}, clerks=clerks, log_level="warning",
            channel_options=f"connections = {self.a.connections}\n    batch = {self.a.batch}\n    {channel_options}",
            link_options=f'rate = {rate}\n        unacknowledged = 20000\n        reconnect_min = "50ms"\n        reconnect_max = "200ms"')
        daemon.log_path.unlink(missing_ok=True)
        return daemon

    def shared(self, clerks):
        """A clerk that comes later takes its share of the senders at the next beat of two seconds: all have theirs."""
        sql = ("select count(distinct pid) from pg_locks where locktype = 'advisory' and objsubid = 2"
               " and classid = ('x' || to_hex(hashtext('hailan.lane')))::bit(32)::int8::oid")
        ht.until("every clerk has its share of the senders", lambda: self.cluster.value(sql) == clerks, timeout=60)

    def all_filed(self, count):
        # cheap while something waits: who measures must not be what is measured
        return self.cluster.value("select max(id) is null from hailan.inbox_waiting") and self.cluster.value(
            "select count(*) from hailan.verdict") >= count

    def run(self, clerks, count, *more, filed=False, rate=1, check=True):
        """One load from the first message to the last acknowledgement, or until all is filed. What smsc_load tells,
        and "seconds", "per_second" (messages), "cpu_us" of each process for a message, "compared"."""
        port, ledger = ht.free_port(), self.folder / "ledger"
        daemon = self.daemon(clerks, port, rate)
        daemon.start()
        try:
            self.shared(clerks)
            with loaded(port, self.a.links, self.a.window, count, "--ledger", ledger, "--linger", 600000, *more) as p:
                ht.until("the first message", lambda: self.cluster.value("select exists (select from hailan.inbox)"), timeout=60, step=0.005)
                begun, before = time.monotonic(), cpu_of_all(daemon, p)
                if filed:
                    ht.until("the last case", lambda: self.all_filed(count), timeout=900, step=0.02)
                    seconds = time.monotonic() - begun
                told = json.loads(p.stdout.readline())
                after = cpu_of_all(daemon, p)
                if filed:
                    told["seconds"] = seconds
                if rate != 1:
                    self.sent(p)
                    told.update(json.loads(p.stdout.readline()))
            told["per_second"] = count / told["seconds"]
            told["cpu_us"] = {who: (after[who] - before.get(who, 0.0)) * 1e6 / count for who in after}
        finally:
            daemon.stop(60)
            self.cluster.forget_connections()
        bad = ht.sanitizer_lines(daemon.log())
        if bad:
            raise SystemExit("bench: " + bad[0])
        told["compared"] = compare(self.cluster, ledger) if check else None
        if check and told["compared"] != (count, 0, 0, 0):
            raise SystemExit("bench: %d acknowledged, %d of them missing, %d stored twice, %d nobody acknowledged" % told["compared"])
        return told

    def sent(self, p):
        """What had to be said was submitted, and its receipts came."""
        quiet = ("select not exists (select from hailan.outbox_waiting where not_before <= clock_timestamp())"
                 " and not exists (select from hailan.outbox_in_hand)")
        ht.until("nothing to send", lambda: self.cluster.value(quiet), timeout=600, step=0.1)
        p.terminate()
