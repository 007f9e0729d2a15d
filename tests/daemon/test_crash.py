# SPDX-License-Identifier: BSD-2-Clause
"""Single processes are killed; see crash.py."""

import random
import time

import pytest

import hailan_testing as ht
from crash import check_all_rounds, durable, kill_channel, kill_postgresql, kill_rounds, settled  # noqa: F401


@pytest.mark.parametrize("kind", ["channel", "clerk", "channel asleep", "timekeeper"])
def test_kill(durable, kind):  # noqa: F811
    kill_rounds(durable, kind)


def test_all_rounds_together(durable):  # noqa: F811
    check_all_rounds(durable)


def test_kill_while_long_messages_come(durable):  # noqa: F811
    """Parts that were acknowledged before the kill are there after it."""
    text = "龙池社区七号楼后面的道坏了，下雨就存水，老人都没法走，" * 6
    people = [ht.phone() for _ in range(10)]
    for n in range(10):
        for i, p in enumerate(people):
            durable.smsc.send(p, f"{text}第{n}回", mode="udh8", order=random.sample(range(1, 4), 3), ref=n)
        time.sleep(random.uniform(0, 0.2))
        (kill_channel, kill_postgresql)[n % 2](durable)
        settled(durable, f"kill {n} among parts")
    for p in people:
        rows = [bytes(r["raw"]).decode("utf-16-be") for r in durable.inbox(p)]
        assert sorted(rows) == sorted(f"{text}第{n}回" for n in range(10)), f"{p}: {[r[-4:] for r in rows]}"
