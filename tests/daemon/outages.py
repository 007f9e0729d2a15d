# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of outages share: a burst with trouble in its middle. Afterwards nothing acknowledged is missing and nothing
is there twice, the backlog has drained by itself, and "hailanctl status" has told meanwhile what was the matter."""

import contextlib
import json

import hailan_testing as ht
from crash import TEXTS, check_cases, check_inbox, check_order, check_outgoing, settled

QUICK = 'reconnect_min = "50ms" reconnect_max = "300ms"'
SENDERS = 41  # no common divisor with the number of texts: every sender writes five different ones
MESSAGES = SENDERS * len(TEXTS)
SMSC = {"window": 16, "deliver_rate": 100, "resend_after": 3, "retry_delay": 0.2, "receipt_delay": 0}


class Burst:
    """The burst goes on for about two seconds; the trouble comes in the with block."""

    first = 15600000000

    def __init__(self, town, **more):
        self.town = town
        self.people = [f"+86{Burst.first + i}" for i in range(SENDERS)]
        town.smsc.do("burst", count=MESSAGES, first=str(Burst.first), phones=SENDERS, texts=TEXTS, keep=True, **more)
        Burst.first += SENDERS

    def taken(self):
        """How many of it are in the inbox."""
        return self.town.cluster.value("select count(*) from hailan.inbox where source = any(%s)", self.people)

    def begun(self):
        ht.until("a part of the burst", lambda: self.taken() >= 20, shown=self.taken)
        return self

    def acked(self):
        return [e for e in self.town.smsc.do("acked", kind="message")["ledger"] if e["from"] in self.people and e["state"] == "acked"]

    def refusals(self):
        return {r for e in self.town.smsc.do("acked", kind="message")["ledger"] if e["from"] in self.people for r in e["refusals"]}

    def check(self, what, order=True):
        """Everything of it was handled once. order: and in the order of the ids."""
        settled(self.town, what)
        check_inbox(self.town, self.people, MESSAGES)
        check_cases(self.town, self.people)
        if order:
            check_order(self.town, self.people, MESSAGES)
        check_outgoing(self.town, self.people)
        assert self.town.rows("select * from hailan.inbox_stuck") == []


class Said:
    """One answer of "hailanctl status"."""

    def __init__(self, town):
        done = town.daemon.ctl("status", "--json", check=False)
        self.code, self.all = done.returncode, json.loads(done.stdout)
        self.database, self.errors = self.all["database"], self.all["errors"]

    def role(self, name):
        return next((r for r in self.all.get("roles", []) if r["role"] == name), {})

    def status(self, name="channel:sms"):
        return self.role(name).get("status") or {}

    @property
    def inbox(self):
        return self.status().get("inbox", {})

    @property
    def later(self):
        """How often the SMSC was told to come later."""
        return self.inbox.get("later", 0) + self.status().get("counters", {}).get("smpp_told_later", 0)

    def link(self, name="a"):
        return next((x for x in self.status().get("links", []) if x["name"] == name), {})


def until_said(town, what, condition):
    """The first answer of "hailanctl status" for which condition(answer) holds: what a role says of itself is a
    second old."""
    last = []

    def ask():
        with contextlib.suppress(json.JSONDecodeError, KeyError):  # a role that has just begun has said nothing yet
            last[:] = [Said(town)]
            return last[0] if condition(last[0]) else None
    return ht.until(f"hailanctl status to tell {what}", ask, step=0.2, shown=lambda: last and last[0].all)


def all_well(s):
    return (s.code == 0 and s.errors == [] and s.database["inbox_waiting"] == 0 and s.link()["state"] == "up"
            and s.inbox["connections_up"] == s.inbox["connections"] and s.inbox["pending"] == 0
            and all(s.status(r)["database"] == "up" for r in ("clerk:1", "timekeeper:1")))
