# SPDX-License-Identifier: BSD-2-Clause
"""PostgreSQL, its sessions, or the whole daemon are killed; see crash.py."""

import contextlib
import time

import pytest

import hailan_testing as ht
from crash import TEXTS, check_all_rounds, durable, kill_rounds, settled  # noqa: F401


@pytest.mark.parametrize("kind", ["everything", "PostgreSQL", "supervisor", "backends"])
def test_kill(durable, kind):  # noqa: F811
    kill_rounds(durable, kind)


def test_all_rounds_together(durable):  # noqa: F811
    check_all_rounds(durable)


def test_acknowledged_only_when_the_commit_is_durable(durable):  # noqa: F811
    """A synchronous standby that is not there holds up every commit: no acknowledgement may come."""
    durable.rows("alter system set synchronous_standby_names = 'nobody'")
    durable.rows("select pg_reload_conf()")
    phone = ht.phone()
    try:
        ht.until("the setting", lambda: durable.rows("show synchronous_standby_names")[0][0] == "nobody")
        durable.smsc.send(phone, TEXTS[0])
        time.sleep(2)
        entry = durable.smsc.do("acked", **{"from": phone})["ledger"][0]
        assert entry["state"] != "acked", "acknowledged before the commit had ended"
    finally:
        reset_standby(durable)
    ht.until("its acknowledgement", lambda: durable.smsc.do("acked", **{"from": phone})["ledger"][0]["state"] == "acked")
    settled(durable, "the standby")
    assert len(durable.inbox(phone)) == 1


def reset_standby(town):
    with contextlib.closing(town.cluster.connect()) as c, c.cursor() as cursor:
        cursor.execute("set synchronous_commit = local")
        cursor.execute("alter system reset synchronous_standby_names")
        cursor.execute("select pg_reload_conf()")
