# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures: cluster (one a file), town (cluster with the demonstration town, simulator and daemon)."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import hailan_testing as ht  # noqa: E402


@pytest.fixture(scope="module")
def folder():
    with ht.scratch() as f:
        yield f


@pytest.fixture(scope="module")
def cluster(folder):
    c = ht.Cluster(folder / "pg")
    try:
        c.create()
        yield c
    finally:
        c.stop()


class Town:
    """A cluster with people in it, a simulator with one link, and hailand between them."""

    def __init__(self, folder, cluster, **options):
        self.folder, self.cluster = folder, cluster
        links = options.pop("links", ("a",))
        cluster.add_channel("sms", "hailan_sms")
        load_demo(cluster)
        self.smsc = ht.Smsc(folder, links=links)
        self.daemon = ht.Daemon(folder, cluster, self.smsc.ports, **options)

    def start(self):
        self.daemon.start()
        self.smsc.bound(len(self.smsc.ports))
        return self

    def stop(self):
        try:
            self.daemon.stop()
        finally:
            self.smsc.stop()


def load_demo(cluster):
    demo = ht.SOURCE / "contrib/demo"
    for kind in ("units", "staff", "households", "residents", "volunteers"):
        file = demo / f"{kind}.csv"
        if file.exists():
            ht.ctl("-d", cluster.conninfo_for(), "import", kind, file, check=True)


@pytest.fixture(scope="module")
def town(folder, cluster):
    t = Town(folder, cluster)
    try:
        yield t.start()
        t.daemon.stop()
        t.daemon.check_log()
    finally:
        t.stop()


@pytest.fixture
def make_town(tmp_path_factory):
    """For tests that pull the plug: a town of their own with a durable cluster."""
    made = []

    def make(fast=True, **options):
        scratch = ht.scratch()
        folder = scratch.__enter__()
        cluster = ht.Cluster(folder / "pg", fast=fast)
        made.append((scratch, cluster, None))
        cluster.create()
        t = Town(folder, cluster, **options)
        made[-1] = (scratch, cluster, t)
        return t

    yield make
    for scratch, cluster, t in reversed(made):
        try:
            if t:
                t.stop()
        finally:
            cluster.stop()
            scratch.__exit__(None, None, None)
