# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: cluster (one a file, with the schema), town (one a file: cluster with the demonstration town,
simulator and daemon), make_town (a town of a test's own). A test that fails shows the daemon's last lines."""

import atexit
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hailan_testing as ht  # noqa: E402
from raw_peer import RawPeer  # noqa: E402

TEMPLATES = "HAILAN_TEMPLATES"  # the folder of this run's templates
LIVE = []  # towns that are up now, for reports

# contrib/demo: grid workers by the building they care for.
WORKER_TIANTU_1 = "+8613904330011"  # 天图社区 building 3, Chinese
WORKER_TIANTU_2 = "+8613904330012"  # 天图社区 building 5, Korean
WORKERS = [f"+861390433001{i}" for i in range(1, 5)]
VOLUNTEERS = [f"+861370433003{i}" for i in range(1, 4)]


def pytest_configure():
    """The first process of a run makes the folder, those that it starts inherit it."""
    if TEMPLATES not in os.environ:
        folder = tempfile.mkdtemp(prefix="hailan-test-templates-")
        os.chmod(folder, 0o755)
        os.environ[TEMPLATES] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def template(what):
    """The folder of a cluster to copy, made when it is first wanted: with the "schema", or with the "town" in it."""
    parent = template("schema") if what == "town" else None
    folder = pathlib.Path(os.environ[TEMPLATES])
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / f"{what}.ready").exists():
            shutil.rmtree(folder / what, ignore_errors=True)
            c = ht.Cluster(folder / what, template=parent)
            try:
                if what == "town":
                    c.add_channel("sms", "hailan_sms")
                    load_demo(c)
                else:
                    c.create()
            finally:
                c.stop(clean=True)
            (folder / f"{what}.ready").touch()
    return folder / what


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed:
        return
    for town in LIVE:
        report.sections.append(("what was there", town.picture()))


@pytest.fixture(scope="module")
def folder():
    with ht.scratch() as f:
        yield f


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg", template=template("schema"))
    try:
        yield c
    finally:
        c.stop()


class Town:
    """A cluster of the template "town", a simulator with one link (or what smsc(folder) makes), and hailand
    between them. What else is told goes to Daemon."""

    def __init__(self, folder, fast=True, smsc=None, smsc_settings=None, tls=None, links=("a",), cluster_folder=None, **options):
        self.folder = folder
        self.daemon = self.cluster = None
        self.smsc = smsc(folder) if smsc else ht.Smsc(folder, links=links, tls=tls, wait=False, **(smsc_settings or {}))
        try:
            self.cluster = ht.Cluster(cluster_folder or folder / "pg", fast=fast, template=template("town"))
            if not smsc:
                self.smsc.ready()
            self.daemon = ht.Daemon(folder, self.cluster, self.smsc.ports, **options)
        except BaseException:
            self.stop()
            raise
        LIVE.append(self)

    def start(self, bound=None):
        self.daemon.start()
        self.smsc.bound(len(self.smsc.ports) if bound is None else bound)
        return self

    def stop(self):
        if self in LIVE:
            LIVE.remove(self)
        try:
            if isinstance(self.smsc, RawPeer):  # would not answer the good-bye, which is waited for
                self.smsc.stop()
            if self.daemon:
                self.daemon.stop()
        finally:
            self.smsc.stop()
            if self.cluster:
                self.cluster.stop()

    # what the database holds

    def rows(self, sql, *parameters):
        return self.cluster.rows(sql, *parameters)

    def inbox(self, phone):
        return self.rows("select * from hailan.inbox where source = %s order by id", phone)

    def cases(self, phone):
        return self.rows('select * from hailan."case" where phone = %s order by number', phone)

    def wishes(self, phone):
        return self.rows("select * from hailan.wish where phone = %s order by number", phone)

    def outbox(self, phone):
        return self.rows("select * from hailan.outbox where destination = %s order by id", phone)

    def delivered(self):
        """Ids of the outgoing messages whose receipt said that they arrived."""
        return [r[0] for r in self.rows("select distinct outbox_id from hailan.delivery where state = 'delivered'")]

    def unit(self, id):
        rows = self.rows("select * from hailan.unit where id = %s", id)
        return rows[0] if rows else None

    def one_case(self, phone, timeout=ht.PATIENCE):
        """The case of this phone, as soon as it is filed; there must be just one."""
        found = ht.until(f"a case of {phone}", lambda: self.cases(phone), timeout, shown=lambda: self.inbox(phone))
        assert len(found) == 1, f"{len(found)} cases of {phone}: {[dict(c) for c in found]}"
        return found[0]

    def post(self, phone, text, priority=2, link="a", source="12345", not_after=None, not_before=None):
        """A message into the outbox, as a rule of tomorrow may put it there; its id. Times: seconds from now."""
        return self.rows(
            "with o as (insert into hailan.outbox (id, city, created_at, not_after, priority, channel, link, source,"
            " destination, language, template, body) values (hailan.make_id(now(), nextval('hailan.outbox_seq')), 222405,"
            " now(), now() + make_interval(secs => %s), %s, 'sms', %s, %s, %s, 'zh', 'test', %s) returning id, priority),"
            " w as (insert into hailan.outbox_waiting (channel, priority, id, not_before) select 'sms', priority, id,"
            " now() + make_interval(secs => %s) from o) select id, pg_notify('outbox_sms', '') from o",
            not_after, priority, link, source, phone, text, not_before or 0)[0]["id"]

    def post_crowd(self, phones, text, priority, link="a", source="12345"):
        """One message to each of many phones, all at the same moment, however slow the machine."""
        self.rows(
            "with o as (insert into hailan.outbox (id, city, created_at, not_after, priority, channel, link, source,"
            " destination, language, template, body) select hailan.make_id(now(), nextval('hailan.outbox_seq')), 222405,"
            " now(), now() + interval '1 hour', %s, 'sms', %s, %s, phone, 'zh', 'test', %s from unnest(%s::text[]) phone"
            " returning id, priority),"
            " w as (insert into hailan.outbox_waiting (channel, priority, id, not_before) select 'sms', priority, id, now()"
            " from o) select pg_notify('outbox_sms', '')",
            priority, link, source, text, phones)

    def delivery(self, outbox_id):
        """The states of an outgoing message, in order."""
        return [r["state"] for r in self.rows(
            "select state from hailan.delivery where outbox_id = %s order by at, ctid", outbox_id)]

    # what the daemon has done

    def waiting(self):
        return self.cluster.value("select count(*) from hailan.inbox_waiting")

    def handled(self, timeout=ht.PATIENCE):
        """The clerk has nothing left to do, and what it said has gone out."""
        ht.until("an empty inbox_waiting", lambda: self.waiting() == 0, timeout, shown=self.waiting)
        ht.until(
            "an empty outbox_waiting",
            lambda: self.cluster.value("select count(*) from hailan.outbox_waiting where not_before <= now()") == 0,
            timeout,
            shown=lambda: self.rows("select * from hailan.outbox_waiting limit 3"),
        )

    def settled(self):
        """Handled, and nothing is out of which nothing is known: no message will be tried again."""
        self.handled()
        ht.until("an empty outbox_in_hand", lambda: not self.rows("select 1 from hailan.outbox_in_hand limit 1"),
                 shown=lambda: self.rows("select * from hailan.outbox_in_hand limit 3"))
        ht.until("an empty outbox_waiting", lambda: not self.rows("select 1 from hailan.outbox_waiting limit 1"),
                 shown=lambda: self.rows("select * from hailan.outbox_waiting limit 3"))

    def silent(self, phone, since=0, texts=0):
        """After everything was handled, phone has got only so many messages from number since on."""
        self.handled()
        time.sleep(0.4 * ht.SLOW)
        got = [m["text"] for m in self.smsc.received(phone) if m["n"] >= since]
        assert len(got) == texts, f"{phone}: expected {texts} messages from number {since} on, came {got}"

    def policy(self, key, value):
        """Changes a row of the policy table "setting"; the daemon takes it up by itself."""
        done = self.rows("update hailan.setting set value = %s where key = %s returning key", str(value), key)
        assert done, f"no setting {key}: {[r[0] for r in self.rows('select key from hailan.setting order by key')]}"

    def picture(self):
        """For a person who reads a failure."""
        out = []

        def show(title, what):
            try:
                out.append(f"-- {title}\n{what()}")
            except Exception as e:  # a picture of ruins is better than none
                out.append(f"-- {title}: {type(e).__name__}: {e}")

        def sql(text):
            return lambda: "\n".join(str(dict(r)) for r in self.rows(text)) or "nothing"

        show("the last lines of hailand", lambda: "\n".join(self.daemon.log().splitlines()[-25:]))
        show("complaints of the simulator", lambda: "\n".join(self.smsc.complaints()[-10:]) or "none")
        show("links", lambda: json.dumps(self.smsc.do("links")["links"], ensure_ascii=False))
        show("inbox, the last", sql("select id, source, destination, text, flags from hailan.inbox order by id desc limit 8"))
        show("stuck", sql("select * from hailan.inbox_stuck order by id desc limit 5"))
        show("cases, the last", sql('select number, phone, category, state, text from hailan."case" order by number desc limit 5'))
        show("outbox, the last", sql("select id, destination, body from hailan.outbox order by id desc limit 8"))
        return "\n".join(out)


def load_demo(cluster):
    demo = ht.SOURCE / "contrib/demo"
    for kind in ("units", "staff", "households", "residents", "volunteers"):
        file = demo / f"{kind}.csv"
        if file.exists():
            ht.ctl("-d", cluster.conninfo_for(), "import", kind, file, check=True)


class TownMaker:
    def __init__(self):
        self.scratches, self.towns = [], []

    def __call__(self, **options):
        self.scratches.append(ht.scratch())
        self.towns.append(Town(self.scratches[-1].__enter__(), **options))
        return self.towns[-1]

    def end(self):
        with contextlib.ExitStack() as stack:  # each end is tried, whatever the others do
            for scratch in self.scratches:
                stack.callback(scratch.__exit__, None, None, None)
            for town in self.towns:
                stack.callback(town.stop)


@pytest.fixture
def make_town():
    """For tests that pull the plug or set something unusual: a town of their own."""
    maker = TownMaker()
    yield maker
    maker.end()


@pytest.fixture(scope="module")
def make_module_town():
    """The same for a whole file."""
    maker = TownMaker()
    yield maker
    maker.end()


@pytest.fixture(scope="module")
def town(make_module_town):
    t = make_module_town()
    yield t.start()
    t.daemon.stop()
    t.daemon.check_log()
    assert t.smsc.complaints() == []
