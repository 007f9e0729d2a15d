# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of links share."""

import json
import time

import hailan_testing as ht
import texts

LIGHT = "天图社区3号楼楼道灯坏了"
RETRY_SOON = 'throttle_delay = "200ms" retry_delay = "200ms"'
QUICK = 'reconnect_min = "100ms" reconnect_max = "500ms"'


def link_status(town, name="a"):
    """What "hailanctl status" says of a link."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            if value.get("name") == name and "state" in value:
                found.append(value)
            for v in value.values():
                walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)
    status = town.daemon.status()
    walk(status)
    assert found, f"no link {name} in {json.dumps(status)}"
    return found[-1]


def alarms(town):
    found = []

    def walk(value):
        if isinstance(value, dict):
            for k, v in value.items():
                if k == "alarms" and v:
                    found.extend(v if isinstance(v, list) else [v])
                walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)
    walk(town.daemon.status())
    return found


def tries(town, more=3, step="down -> connecting"):
    """Waits until the link has been tried so many times more."""
    def count():
        return town.daemon.log().count(f"role=transceiver {step}")
    before = count()
    ht.until(f"{more} tries more", lambda: count() >= before + more, shown=count)


def served(town, link=None):
    """A text goes in and its answer comes out."""
    phone = ht.phone()
    town.smsc.text(phone, LIGHT, **({"link": link} if link else {}))
    texts.check_reply(town.smsc.expect(phone))
    return phone


def channel_pid(town):
    pids = [pid for pid, role in town.daemon.children().items() if role == "channel:sms"]
    assert len(pids) == 1, town.daemon.children()
    return pids[0]


def crowd(town, count, text=LIGHT, **arguments):
    people = [ht.phone() for _ in range(count)]
    for p in people:
        town.smsc.send(p, text, **arguments)
    return people


def all_answered(town, people, copies=1, timeout=ht.PATIENCE):
    for p in people:
        town.smsc.expect(p, timeout=timeout)
    town.handled(timeout)
    time.sleep(0.3)
    got = {p: len(town.smsc.received(p)) for p in people}
    assert all(1 <= n <= copies for n in got.values()), {p: n for p, n in got.items() if n > copies}
