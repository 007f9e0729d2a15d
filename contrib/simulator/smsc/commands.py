# SPDX-License-Identifier: BSD-2-Clause
"""The commands of the control protocol: one method each, a dict in, a dict out.

Terminal, script, control port and in-process tests all come through here, so
that what one can do the others can.
"""
import asyncio
import contextlib
import re
import time

from . import coding, longmsg, pdu, phones
from .server import Delivery, SmscError, part_dict
from .session import Session
from .settings import SettingError, number, seconds

LIMIT = 3600.0


class CommandError(Exception):
    pass


def timeout_of(request, default=60.0):
    return min(seconds(request.get("timeout", default)), LIMIT)


def pattern(request):
    try:
        return re.compile(request.get("match", ""), re.S)
    except re.error as e:
        raise CommandError(f"match: {e}") from None


class Commands:
    def __init__(self, smsc, quit_event=None):
        self.smsc = smsc
        self.quit_event = quit_event or asyncio.Event()

    async def call(self, do, **request):
        return await self.run({"do": do, **request})

    async def run(self, request):
        """Never raises for what a caller can do wrong: {"ok": false, "error": …} says it."""
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            return {"ok": False, "error": 'expected an object with "do"'}
        method = getattr(self, "do_" + request["do"].replace("-", "_"), None)
        if method is None:
            return {"ok": False, "error": f"no command {request['do']!r}; known: {', '.join(self.names())}"}
        try:
            return {"ok": True, **(await method(request) or {})}
        except KeyError as e:
            return {"ok": False, "error": f"{request['do']} needs {e.args[0]!r}"}
        except (CommandError, SmscError, SettingError, coding.CodingError, ValueError, TypeError, OSError) as e:
            return {"ok": False, "error": str(e), **getattr(e, "details", {})}

    @classmethod
    def names(cls):
        return sorted(n[3:] for n in dir(cls) if n.startswith("do_"))

    # a resident writes

    def _parts(self, r):
        """Cut a send request into [(Part, Message)] in the order of sending."""
        smsc, text = self.smsc, r.get("text", "")
        name = r.get("coding") or coding.pick(text)
        if name == "gsm7" and not r.get("coding") and smsc.settings.default_coding != "gsm7":
            name = smsc.settings.default_coding if smsc.settings.default_coding in coding.CODINGS else "ucs2"
        ref = number(r["ref"]) if "ref" in r else next(smsc.refs)
        parts = longmsg.cut(text, name, r.get("mode", "auto"), ref, r.get("size"), bool(r.get("anywhere")))
        ton, npi, source = phones.to_address(r["from"]) if not r.get("source_raw") else (0, 0, r["from"])
        dton, dnpi, dest = phones.to_address(r.get("to") or smsc.settings.shortcode)
        out = []
        for part in parts:
            m = pdu.Message(
                service_type=r.get("service_type", ""), source_ton=number(r.get("ton", ton)), source_npi=number(r.get("npi", npi)), source=source,
                dest_ton=number(r.get("dest_ton", dton)), dest_npi=number(r.get("dest_npi", dnpi)), dest=dest,
                esm_class=number(r.get("esm_class", part.esm_class)), protocol_id=number(r.get("protocol_id", 0)),
                schedule=r.get("schedule", ""), validity=r.get("validity", ""),
                data_coding=number(r.get("data_coding", coding.CODINGS[name].data_coding)),
                short_message=b"" if part.tlvs and part.tlvs[0][0] == pdu.TLV_MESSAGE_PAYLOAD else part.content,
                tlvs=part.tlvs + [(number(t), bytes.fromhex(v)) for t, v in r.get("tlvs", [])])
            out.append((part, m))
        return out

    @staticmethod
    def _ordered(items, r):
        order = r.get("order") or range(1, len(items) + 1)
        drop = set(r.get("drop") or ())
        for n in (*order, *drop):
            if not isinstance(n, int) or not 1 <= n <= len(items):
                raise CommandError(f"part {n!r}: the message has {len(items)} parts")
        return [items[n - 1] for n in order if n not in drop]

    async def do_send(self, r):
        smsc = self.smsc
        items = self._ordered(self._parts(r), r)
        names = r["link"] if isinstance(r.get("link"), list) else [r.get("link")]
        delay, gap = seconds(r.get("delay", 0)), seconds(r.get("gap", 0))
        sent = []
        for i, (part, m) in enumerate(items):
            link = smsc.link(names[i % len(names)])
            delivery = Delivery(next(smsc.ids), "message", phones.key(r["from"]), m.dest, m.body(), part.text, part.number, part.total)
            smsc.queue(delivery, link, delay + i * gap)
            sent.append(delivery)
        event = {"phone": phones.key(r["from"]), "to": items[0][1].dest if items else "", "text": r.get("text", ""),
                 "ids": [d.id for d in sent], "parts": [part_picture(p, m) for p, m in items]}
        smsc.history.append({"event": "sent", "time": time.time(), **event})
        smsc.emit("sent", **event)
        for link in smsc.links.values():
            link.pump()
        out = {"ids": [d.id for d in sent], "parts": [part_picture(p, m) for p, m in items]}
        if r.get("wait"):
            done = await smsc.wait_for(lambda: all(d.state in ("acked", "failed", "lost") for d in sent), seconds(r["wait"]))
            out["ledger"] = [d.as_dict() for d in sent]
            if not done:
                out.update(ok=False, error=f"not answered within {r['wait']} s: " + ", ".join(f"part {d.part} {d.state}" for d in sent))
        return out

    async def do_parts(self, r):
        """How a text would be cut; nothing is sent."""
        return {"parts": [part_picture(p, m) for p, m in self._ordered(self._parts({"from": "+8613800000000", **r}), r)]}

    async def do_burst(self, r):
        """Many short messages from many phones, made as the window opens."""
        smsc, count = self.smsc, number(r["count"])
        first = phones.key(str(r.get("first", "+8613800000000")))
        base, spread = int(first.lstrip("+")), number(r.get("phones", count)) or 1
        texts = r.get("texts") or [r.get("text", "天图社区3号楼楼道灯坏了")]
        dton, dnpi, dest = phones.to_address(r.get("to") or smsc.settings.shortcode)
        keep, numbered = bool(r.get("keep", False)), bool(r.get("number", True))
        links = r["links"] if r.get("links") else [r.get("link")]

        def make(which):
            for i in range(which, count, len(links)):
                phone = "%d" % (base + i % spread)
                text = f"{texts[i % len(texts)]} {i}" if numbered else texts[i % len(texts)]
                m = pdu.Message(source_ton=1, source_npi=1, source=phone, dest_ton=dton, dest_npi=dnpi, dest=dest,
                                data_coding=8, short_message=text.encode("utf-16-be"))
                delivery = Delivery(next(smsc.ids), "message", "+" + phone, dest, m.body(), text, keep=keep)
                if keep:
                    smsc.note(delivery)
                smsc.outstanding += 1
                yield delivery
        start, before = time.monotonic(), smsc.counters["delivers_acked"]
        for i, name in enumerate(links):
            smsc.link(name).feed(make(i), len(range(i, count, len(links))))
        for link in smsc.links.values():
            link.pump()
        if not r.get("wait"):
            return {}
        done = await smsc.wait_for(self._idle, min(seconds(r["wait"]), LIMIT))
        took, acked = time.monotonic() - start, smsc.counters["delivers_acked"] - before
        out = {"seconds": took, "acked": acked, "per_second": acked / took if took else 0.0}
        if not done:
            out.update(ok=False, error=f"{acked} of {count} acknowledged within {r['wait']} s")
        return out

    async def do_receipt(self, r):
        """Send a receipt by hand: for a message that we took, or with an id that nobody knows."""
        smsc = self.smsc
        submitted = smsc.by_id.get(str(r.get("message_id", "")))
        if submitted is None:
            raise CommandError(f"no message {r.get('message_id')!r} was taken")
        state = str(r.get("state", "DELIVRD")).upper()
        submitted.states.append((state, time.time()))
        link = smsc.link(r.get("link") or submitted.link)
        smsc.send_receipt(submitted, link, state, r.get("receipt_id"))
        link.pump()

    async def do_deliver_raw(self, r):
        """Write octets as they are. wait = seconds for an answer to the sequence number in them; until_closed:
        and then for the ESME to have closed the connection."""
        try:
            octets = bytes.fromhex(r["pdu"])
        except ValueError:
            raise CommandError("pdu: expected hex") from None
        session = await self._session(r, receiving=bool(r.get("receiving", True)))
        if r.get("sequence") == "next" and len(octets) >= 16:
            octets = octets[:12] + session.next_sequence().to_bytes(4, "big") + octets[16:]
        wait, future = seconds(r.get("wait", 0)), self.smsc.loop.create_future()
        sequence = number(r["answer"]) if "answer" in r else int.from_bytes(octets[12:16], "big")
        session.waiters[sequence] = future
        session.flush()
        await self._trickle(session, octets, number(r.get("chunk", 0)))
        if not wait:
            return {}
        answer = None
        with contextlib.suppress(asyncio.TimeoutError):
            answer = await asyncio.wait_for(asyncio.shield(future), wait)
        if r.get("until_closed") and not await self.smsc.wait_for(lambda: session.lost, wait):
            return {"ok": False, "error": f"still connected after {wait:g} s", "answer": answer}
        return {"answer": answer, "closed": session.closing}

    async def _session(self, r, receiving):
        """Somebody who is bound; bind_wait = seconds that he may still take to come."""
        def there():
            with contextlib.suppress(SmscError):
                return self.smsc.session(r.get("link"), receiving)
        if r.get("bind_wait"):
            await self.smsc.wait_for(there, min(seconds(r["bind_wait"]), LIMIT))
        return self.smsc.session(r.get("link"), receiving)

    @staticmethod
    async def _trickle(session, octets, chunk):
        if chunk <= 0:
            session.write(octets)
            return
        for i in range(0, len(octets), chunk):
            if session.closing:
                return
            session.transport.write(octets[i:i + chunk])
            await asyncio.sleep(0.001)

    # what phones and ledger show

    async def do_received(self, r):
        since = number(r.get("since", 0))
        if "phone" in r:
            found = self._box(phones.key(r["phone"]), since)
        else:
            found = [m for m in self.smsc.shown if m.n >= since]
        return {"messages": [m.as_dict() for m in found]}

    def _box(self, name, since):
        box = self.smsc.phones.get(name)
        return box.since(since) if box else []

    async def do_history(self, r):
        """What was sent and received, as a terminal shows it: the last 5,000 for all phones or one."""
        name = phones.key(r["phone"]) if r.get("phone") else None
        return {"history": [h if isinstance(h, dict) else {"event": "received", "time": h.at, "message": h.as_dict()}
                            for h in self.smsc.history if name in (None, h["phone"] if isinstance(h, dict) else h.phone)]}

    async def do_answers(self, r):
        """Answers to PDUs sent raw, the last 1,000."""
        return {"answers": list(self.smsc.raw_answers)}

    async def do_partial(self, r):
        """Parts of long messages whose siblings have not come."""
        return {"partial": [{"from": k[0], "to": k[1], "kind": k[2], "ref": k[3], "total": k[4], "have": sorted(v)}
                            for k, v in self.smsc.pending_parts.items()]}

    async def do_phones(self, r):
        wrote = {}
        for d in self.smsc.ledger:
            if d.kind == "message":
                wrote[d.phone] = wrote.get(d.phone, 0) + 1
        names = sorted(set(wrote) | set(self.smsc.phones) | set(self.smsc.phone_states))
        return {"phones": [{"phone": n, "sent": wrote.get(n, 0), "received": self.smsc.phones[n].next if n in self.smsc.phones else 0,
                            "state": self.smsc.phone_states.get(n, ("",))[0]} for n in names]}

    async def do_phone(self, r):
        """Decide what becomes of messages to one phone: a state, "none" (no receipt), or "ok" (as all others)."""
        name, state = phones.key(r["phone"]), str(r.get("state", "ok")).upper()
        if state == "OK":
            self.smsc.phone_states.pop(name, None)
        else:
            self.smsc.phone_states[name] = (state, None if r.get("delay") is None else seconds(r["delay"]))

    async def do_acked(self, r):
        """The ledger of deliver_sm, filtered by link, state, kind, from; since = ids above that."""
        since, out = number(r.get("since", 0)), []
        wanted = phones.key(r["from"]) if "from" in r else None
        for d in self.smsc.ledger:
            if d.id > since and r.get("link", d.link) == d.link and r.get("state", d.state) == d.state \
                    and r.get("kind", d.kind) == d.kind and wanted in (None, d.phone):
                out.append(d.as_dict())
        return {"ledger": out}

    async def do_submits(self, r):
        """Every submit_sm taken, parts one by one."""
        return {"submits": [{"to": s.message.dest, "from": s.message.source, "time": s.at, **part_dict(s)} for s in self.smsc.by_id.values()]}

    async def do_complaints(self, r):
        out = {"complaints": list(self.smsc.complaints)}
        if r.get("clear"):
            self.smsc.complaints.clear()
        return out

    async def do_stats(self, r):
        s = self.smsc
        return {"counters": dict(s.counters), "outstanding": s.outstanding, "phones": len(s.phones), "ledger": len(s.ledger),
                "waiting": {n: len(li.queue) for n, li in s.links.items()}}

    async def do_forget(self, r):
        """Empty phones, ledger, complaints and counters; what is on its way stays."""
        s = self.smsc
        s.phones.clear()
        s.shown.clear()
        s.history.clear()
        s.raw_answers.clear()
        s.by_id.clear()
        s.pending_parts.clear()
        s.complaints.clear()
        s.counters.clear()
        left = [d for d in s.ledger if d.state in ("queued", "waiting", "sent")]
        s.ledger.clear()
        s.ledger.extend(left)

    # waiting

    def _idle(self):
        s = self.smsc
        return not s.outstanding and not any(li.queue or li.feeds for li in s.links.values())

    async def do_wait(self, r):
        """Wait for messages on a phone, for bound connections, for acknowledgements, for idleness, or for submits."""
        for word in ("phone", "bound", "acked", "idle", "received", "complaint"):
            if word in r:
                return await getattr(self, "_wait_" + word)(r, timeout_of(r))
        raise CommandError("wait for what? phone, bound, acked, idle, received or complaint")

    async def _wait_phone(self, r, limit):
        name, rule, since, count = phones.key(r["phone"]), pattern(r), number(r.get("since", 0)), number(r.get("count", 1))

        def found():
            return [m for m in self._box(name, since) if rule.search(m.text)]
        if await self.smsc.wait_for(lambda: len(found()) >= count, limit):
            return {"messages": [m.as_dict() for m in found()]}
        came = [m.as_dict() for m in self._box(name, since)]
        return {"ok": False, "error": f"{name}: expected {count} of /{r.get('match', '')}/ within {limit:g} s, came: "
                + (", ".join(repr(m["text"]) for m in came) or "nothing"), "messages": came}

    async def _wait_bound(self, r, limit):
        """alive: only those count that have answered an enquire_link since; a connection whose end has died but
        not been noticed yet does not."""
        links = [self.smsc.link(r["link"])] if r.get("link") else list(self.smsc.links.values())
        want, alive, asked = number(r["bound"]), bool(r.get("alive")), {}

        def proven(session):
            if not alive:
                return True
            if session not in asked:
                asked[session] = session.enquire()
            return asked[session] not in session.enquired

        def bound():
            return sum(1 for li in links for s in li.sessions if s.bound and not s.closing and proven(s))
        done = await self.smsc.wait_for(lambda: bound() >= want if want else bound() == 0, limit)
        return {"bound": bound()} if done else \
            {"ok": False, "error": f"{bound()} bound after {limit:g} s, expected {want}", "bound": bound()}

    async def _wait_acked(self, r, limit):
        want, c = number(r["acked"]), self.smsc.counters
        done = await self.smsc.wait_for(lambda: c["delivers_acked"] >= want, limit)
        return {"acked": c["delivers_acked"]} if done else \
            {"ok": False, "error": f"{c['delivers_acked']} acknowledged after {limit:g} s, expected {want}", "acked": c["delivers_acked"]}

    async def _wait_received(self, r, limit):
        want, c = number(r["received"]), self.smsc.counters
        done = await self.smsc.wait_for(lambda: c["messages_received"] >= want, limit)
        return {"received": c["messages_received"]} if done else \
            {"ok": False, "error": f"{c['messages_received']} received after {limit:g} s, expected {want}"}

    async def _wait_idle(self, r, limit):
        if await self.smsc.wait_for(self._idle, limit):
            return {}
        return {"ok": False, "error": f"{self.smsc.outstanding} deliver_sm not answered after {limit:g} s"}

    async def _wait_complaint(self, r, limit):
        rule, complaints = re.compile(str(r["complaint"])), self.smsc.complaints

        def found():
            return [c for c in complaints if rule.search(c["text"])]
        if await self.smsc.wait_for(found, limit):
            return {"complaints": found()}
        return {"ok": False, "error": f"no complaint /{r['complaint']}/ within {limit:g} s"}

    # the SMSC itself

    async def do_set(self, r):
        self.smsc.settings.change({k: v for k, v in r.items() if k not in ("do", "id")})
        for link in self.smsc.links.values():
            link.pump()
        return {"settings": self.smsc.settings.as_dict()}

    async def do_settings(self, r):
        return {"settings": self.smsc.settings.as_dict()}

    async def do_links(self, r):
        return {"links": [link.as_dict() for link in self.smsc.links.values()]}

    def _chosen(self, r):
        return [self.smsc.link(r["link"])] if r.get("link") else list(self.smsc.links.values())

    async def do_cut(self, r):
        """Cut all connections of a link (of all links): by reset, or how = "fin"."""
        sessions = [s for link in self._chosen(r) for s in link.sessions]
        for session in sessions:
            session.cut(reset=r.get("how", "reset") != "fin")
        return {"cut": len(sessions)}

    async def do_unbind(self, r):
        """Ask the ESME to part, as before maintenance."""
        sessions = [s for link in self._chosen(r) for s in link.sessions if s.bound]
        for session in sessions:
            session.send(pdu.UNBIND, 0, session.next_sequence())
            session.flush()
        return {"unbound": len(sessions)}

    async def do_down(self, r):
        """Stop listening and cut: the SMSC is away."""
        for link in self._chosen(r):
            await link.stop_listening()

    async def do_up(self, r):
        for link in self._chosen(r):
            if link.server is None:
                await link.listen()

    async def do_freeze(self, r):
        """Stop reading for so many seconds: the peer's writes pile up, its timers run."""
        sessions = [s for link in self._chosen(r) for s in link.sessions if not s.closing and not s.frozen]
        for session in sessions:
            session.transport.pause_reading()
            session.frozen = True
        self.smsc.loop.call_later(seconds(r["seconds"]), thaw, sessions)
        return {"frozen": len(sessions)}

    async def do_enquire(self, r):
        """Send an enquire_link now and wait for the answer."""
        session = await self._session(r, receiving=False)
        limit, start, sequence = timeout_of(r), self.smsc.now(), session.enquire()
        if not await self.smsc.wait_for(lambda: sequence not in session.enquired or session.closing, limit):
            return {"ok": False, "error": f"enquire_link not answered within {limit:g} s"}
        if sequence in session.enquired:
            return {"ok": False, "error": "the link was closed instead"}
        return {"seconds": self.smsc.now() - start}

    async def do_outbind(self, r):
        """Connect to an ESME that listens and tell it to bind as receiver (2.2.1)."""
        link = self.smsc.link(r.get("link"))
        _, session = await asyncio.wait_for(
            self.smsc.loop.create_connection(lambda: Session(self.smsc, link), r["host"], number(r["port"])), timeout_of(r))
        session.send(pdu.OUTBIND, 0, session.next_sequence(), pdu.cstring(r.get("system_id", "")) + pdu.cstring(r.get("password", "")))
        session.flush()

    async def do_ping(self, r):
        return {}

    async def do_quit(self, r):
        self.smsc.loop.call_later(0.05, self.quit_event.set)


def thaw(sessions):
    for session in sessions:
        session.frozen = False
        if not session.closing:
            session.transport.resume_reading()


def part_picture(part, message):
    """What a picture of a part needs."""
    return {"part": part.number, "total": part.total, "udh": part.header.hex(), "text": part.text, "used": part.used, "room": part.room,
            "octets": len(part.content), "data_coding": message.data_coding, "esm_class": message.esm_class,
            "tlvs": [["%04x" % t, v.hex()] for t, v in message.tlvs]}
