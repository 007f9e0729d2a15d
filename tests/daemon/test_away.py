# SPDX-License-Identifier: BSD-2-Clause
"""Started while PostgreSQL is away: each role says so once, with the reason, and all goes on by itself when it is there."""

import re

import hailan_testing as ht

ROLES = {"channel:sms": "connection=[01o]", "clerk:1": "reason", "timekeeper:1": "reason"}


def test_started_without_a_database(make_town):
    town = make_town(log_level="info")
    town.cluster.stop()
    town.start(bound=1)

    def told(role):
        return len(re.findall(rf"^{role}: warning: \w+: database down {ROLES[role]}.*reason=\"\S|^{role}: warning: \w+: database down reason=\"\S",
                              town.daemon.log(), re.M))
    ht.until("each role to say it", lambda: all(told(r) for r in ROLES), shown=town.daemon.log)
    phone = ht.phone()
    town.smsc.do("send", **{"from": phone, "text": "天图社区3号楼楼道灯坏了"})
    town.cluster.start()
    town.smsc.expect(phone)
    assert told("clerk:1") == told("timekeeper:1") == 1, "once is enough"
    assert told("channel:sms") <= 3, "once for each connection"
