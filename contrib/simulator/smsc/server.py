# SPDX-License-Identifier: BSD-2-Clause
"""The SMSC: links that ESMEs bind to, phones that write and read, the ledger of what was handed over.

Everything runs in one asyncio loop. `Smsc` is used in process; `control.py` gives
the same to other programs.
"""
import asyncio
import collections
import itertools
import ssl
import time
from dataclasses import dataclass, field

from . import coding, longmsg, pdu, phones, receipts, validity
from .session import MODES, Session
from .settings import Settings

LEDGER_TEXT = 400
PARTIAL_LIMIT = 10_000


class SmscError(Exception):
    """Something that cannot be done as asked; the text says why."""


@dataclass
class LinkConfig:
    """One listening port. tls_cert and tls_key make it TLS; empty credentials admit everybody."""
    name: str = "main"
    host: str = "127.0.0.1"
    port: int = 2775
    system_id: str = ""
    password: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_ca: str = ""                    # then the client must show a certificate of this CA


class Delivery:
    """One deliver_sm on its way: a line of the ledger."""
    __slots__ = ("id", "kind", "link", "phone", "dest", "text", "part", "total", "body", "state", "status", "sequence",
                 "sequences", "attempts", "queued", "sent", "acked", "sent_clock", "keep", "refusals", "session")

    def __init__(self, number, kind, phone, dest, body, text="", part=1, total=1, keep=True):
        self.id, self.kind, self.phone, self.dest, self.body = number, kind, phone, dest, body
        self.text, self.part, self.total, self.keep = text, part, total, keep
        self.link, self.state, self.status, self.sequence = "", "queued", None, None
        self.sequences, self.refusals = [], []
        self.attempts, self.queued, self.sent, self.acked, self.sent_clock = 0, time.time(), None, None, 0.0
        self.session = ""

    def sent_on(self, session, sequence):
        self.state, self.sequence, self.sent = "sent", sequence, time.time()
        self.sent_clock = session.smsc.now()
        self.attempts += 1
        self.session = session.peer
        if self.keep:
            self.sequences.append(sequence)

    def as_dict(self):
        return {"id": self.id, "kind": self.kind, "link": self.link, "from": self.phone, "to": self.dest,
                "text": self.text[:LEDGER_TEXT], "part": self.part, "total": self.total, "state": self.state,
                "status": self.status, "refusals": self.refusals, "sequence": self.sequence, "sequences": self.sequences,
                "attempts": self.attempts, "queued": self.queued, "sent": self.sent, "acked": self.acked, "session": self.session}


@dataclass
class Submitted:
    """One submit_sm that we took."""
    number: int
    message_id: str
    receipt_id: str
    link: str
    message: pdu.Message
    at: float
    states: list = field(default_factory=list)      # [(state, time)]


@dataclass
class Received:
    """A whole message on a phone, joined from its parts."""
    n: int
    phone: str
    source: str
    text: str
    at: float
    link: str
    parts: list                         # [Submitted], in the order of their numbers
    kind: str = "single"

    def as_dict(self):
        first = self.parts[0].message
        return {"n": self.n, "phone": self.phone, "from": self.source, "source_ton": first.source_ton, "source_npi": first.source_npi,
                "dest_ton": first.dest_ton, "dest_npi": first.dest_npi, "dest": first.dest,
                "text": self.text, "time": self.at, "link": self.link, "kind": self.kind, "data_coding": first.data_coding,
                "registered_delivery": first.registered_delivery, "validity": first.validity, "priority": first.priority,
                "parts": [part_dict(s) for s in self.parts],
                "message_ids": [s.message_id for s in self.parts], "states": [s.states[-1][0] for s in self.parts]}


class Box:
    """The messages of one phone. They are numbered from 0; the oldest may have been forgotten."""
    __slots__ = ("next", "messages")

    def __init__(self):
        self.next, self.messages = 0, collections.deque()

    def put(self, received):
        self.messages.append(received)
        self.next += 1

    def since(self, n):
        return [m for m in self.messages if m.n >= n]


def part_dict(submitted, default_coding="gsm7"):
    m = submitted.message
    udh, body, _ = longmsg.split_udh(m)
    where, _ = longmsg.place(m, udh)
    name = coding.name_for(m.data_coding, default_coding) or "raw"
    payload = m.get_tlv(pdu.TLV_MESSAGE_PAYLOAD) is not None
    kind = where.kind if where else "payload" if payload else "single"
    used = len(coding.unpack_septets(body, coding.fill_bits(len(udh)))) if name == "gsm7-packed" else len(body) // coding.CODINGS[name].unit
    return {"message_id": submitted.message_id, "receipt_id": submitted.receipt_id, "esm_class": m.esm_class, "data_coding": m.data_coding,
            "kind": kind, "part": where.number if where else 1, "total": where.total if where else 1, "ref": where.ref if where else None,
            "udh": udh.hex(), "text": coding.decode(body, m.data_coding, default_coding, len(udh)), "used": used,
            "room": longmsg.room(name, kind), "octets": len(m.content), "hex": m.content.hex(), "link": submitted.link,
            "tlvs": [["%04x" % t, v.hex()] for t, v in m.tlvs], "states": submitted.states}


class Link:
    """A listening port, its connections and the deliver_sm that wait for them."""
    smsc_id = "HAILANSMSC"

    def __init__(self, smsc, config):
        self.smsc, self.config, self.name = smsc, config, config.name
        self.sessions = []
        self.queue = collections.deque()
        self.feeds = collections.deque()    # what makes deliveries when the queue is empty: [iterator, how many are left]
        self.server = None
        self.port = config.port
        self.turn = 0
        self.rate_at, self.rate_left = 0.0, 0.0
        self.rate_timer = None

    async def listen(self):
        context = None
        if self.config.tls_cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.config.tls_cert, self.config.tls_key or None)
            if self.config.tls_ca:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(self.config.tls_ca)
        self.server = await self.smsc.loop.create_server(
            lambda: Session(self.smsc, self), self.config.host, self.port, ssl=context, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop_listening(self):
        if self.server is not None:
            self.server.close()
            self.server = None
        for session in list(self.sessions):
            session.cut()

    def admits(self, command, bind):
        """The status for a bind."""
        settings, config = self.smsc.settings, self.config
        if settings.bind != "ok":
            status = self._refusal(command, settings)
            if status:
                return status
        if config.system_id and bind.system_id != config.system_id:
            return pdu.RINVSYSID
        if config.password and bind.password != config.password:
            return pdu.RINVPASWD
        return 0

    def _refusal(self, command, settings):
        how = settings.bind
        if how == "no-transceiver" and command != pdu.BIND_TRANSCEIVER:
            return 0
        if settings.bind_count:
            settings.bind_count -= 1
            if not settings.bind_count:
                settings.bind = "ok"
        return {"refuse": pdu.RBINDFAIL, "no-transceiver": pdu.RINVCMDID}.get(how, how)

    def receivers(self):
        return [s for s in self.sessions if s.can_receive()]

    def put(self, delivery, front=False):
        delivery.link, delivery.state = self.name, "queued"
        (self.queue.appendleft if front else self.queue.append)(delivery)

    def feed(self, deliveries, count):
        """Take count deliveries from an iterator, each when it can be sent."""
        if count:
            self.feeds.append([deliveries, count])

    def _next(self):
        if self.queue:
            return self.queue.popleft()
        if not self.feeds:
            return None
        feed = self.feeds[0]
        feed[1] -= 1
        if not feed[1]:     # at once: who waits for idleness looks again when the last answer comes, not later
            self.feeds.popleft()
        delivery = next(feed[0])
        delivery.link = self.name
        return delivery

    def pump(self):
        """Hand out what waits, as far as windows and rate allow; written in one piece for each connection."""
        if not self.queue and not self.feeds:
            return
        ready = self.receivers()
        window = self.smsc.settings.window
        allowed = self._allowed()
        while ready and allowed > 0:
            self.turn += 1
            session = ready[self.turn % len(ready)]
            if len(session.inflight) >= window:
                ready.remove(session)
                continue
            delivery = self._next()
            if delivery is None:
                break
            allowed -= 1
            session.deliver(delivery)
            self.smsc.counters["delivers_sent"] += 1
            if self.smsc.cut_due("cut_after_delivers"):
                session.flush()
                session.cut(reset=False)
                break
        self._rated(allowed)
        for session in self.sessions:
            session.flush()

    def _allowed(self):
        rate = self.smsc.settings.deliver_rate
        if not rate:
            return 1 << 30
        now = self.smsc.now()
        self.rate_left = min(max(1.0, rate / 20), self.rate_left + (now - self.rate_at) * rate)
        self.rate_at = now
        return int(self.rate_left)

    def _rated(self, left):
        rate = self.smsc.settings.deliver_rate
        if not rate:
            return
        self.rate_left -= int(self.rate_left) - left
        if (self.queue or self.feeds) and self.rate_timer is None:
            self.rate_timer = self.smsc.loop.call_later(max(1.0 / rate, 0.01), self._rate_again)

    def _rate_again(self):
        self.rate_timer = None
        self.pump()

    def as_dict(self):
        return {"name": self.name, "host": self.config.host, "port": self.port, "tls": bool(self.config.tls_cert),
                "listening": self.server is not None, "waiting": len(self.queue), "feeds": len(self.feeds),
                "bound": [MODES[s.bound] for s in self.sessions if s.bound and not s.closing],
                "sessions": [{"peer": s.peer, "mode": MODES.get(s.bound, ""), "system_id": s.system_id,
                              "in_flight": len(s.inflight)} for s in self.sessions]}


class Smsc:
    def __init__(self, links=None, **settings):
        self.settings = Settings(**settings)
        self.loop = None
        self.links = {}
        for config in links or [LinkConfig()]:
            if config.name in self.links:
                raise SmscError(f"two links are named {config.name}")
            self.links[config.name] = Link(self, config)
        self.ledger = collections.deque()   # Delivery, in the order of their ids; the last `remember`
        self.ids = itertools.count(1)
        self.message_ids = itertools.count(0x10000000 + int(time.time()) % 0x1000000)
        self.refs = itertools.count(1)
        self.phones = {}                    # phone: Box
        self.shown = collections.deque()    # Received, oldest first, as many as are remembered
        self.history = collections.deque(maxlen=5000)   # events "sent" (dict) and Received, as a terminal shows them
        self.raw_answers = collections.deque(maxlen=1000)
        self.by_id = {}                     # message id: Submitted
        self.pending_parts = {}             # (source, dest, kind, ref, total): {number: Submitted}
        self.phone_states = {}              # phone: (state, delay or None)
        self.complaints = []
        self.listeners = []                 # callables given each event, a dict
        self.changed = asyncio.Condition()
        self.counters = collections.Counter()
        self.outstanding = 0                # deliveries without a final answer (feeds not counted)
        self.submit_times = collections.deque()
        self._ticker = None
        self._woken = False
        self._waiting = 0

    def now(self):
        return self.loop.time()

    # life

    async def start(self):
        self.loop = asyncio.get_running_loop()
        for link in self.links.values():
            try:
                await link.listen()
            except (OSError, ssl.SSLError) as e:
                raise SmscError(f"link {link.name}: cannot listen on {link.config.host}:{link.config.port}: {e}") from None
        self._ticker = self.loop.create_task(self._tick())

    async def stop(self):
        if self._ticker:
            self._ticker.cancel()
        for link in self.links.values():
            await link.stop_listening()

    async def _tick(self):
        while True:
            await asyncio.sleep(0.2)
            now = self.now()
            for link in self.links.values():
                for session in list(link.sessions):
                    session.tick(now)
                link.pump()

    def emit(self, name, /, **what):
        if self.listeners:
            event = {"event": name, "time": time.time(), **what}
            for listener in self.listeners:
                listener(event)
        self.wake()

    def wake(self):
        """Let those who wait for a condition look again, once per turn of the loop."""
        if self._waiting and not self._woken:
            self._woken = True
            self.loop.call_soon(self._wake)

    def _wake(self):
        self._woken = False
        self.loop.create_task(self._notify())

    async def _notify(self):
        async with self.changed:
            self.changed.notify_all()

    async def wait_for(self, condition, timeout):
        """True when condition() came true within timeout seconds."""
        async def until():
            async with self.changed:
                await self.changed.wait_for(condition)
        if condition():
            return True
        self._waiting += 1
        try:
            await asyncio.wait_for(until(), timeout)
        except asyncio.TimeoutError:
            return bool(condition())
        finally:
            self._waiting -= 1
        return True

    def complain(self, link, text, message=None):
        self.counters["complaints"] += 1
        entry = {"link": link.name, "text": text, "time": time.time()}
        if message is not None:
            entry["pdu"] = message.hex()
        if len(self.complaints) < 10_000:
            self.complaints.append(entry)
        self.emit("complaint", **entry)

    def link(self, name=None):
        """The link of that name; without one the first that somebody receives on, else the first."""
        if name:
            if name not in self.links:
                raise SmscError(f"no link {name!r}; there are {', '.join(self.links)}")
            return self.links[name]
        for link in self.links.values():
            if link.receivers():
                return link
        return next(iter(self.links.values()))

    def session(self, name=None, receiving=True):
        link = self.link(name)
        for session in link.sessions:
            if session.can_receive() if receiving else session.bound and not session.closing:
                return session
        raise SmscError(f"nobody is bound to link {link.name}")

    def cut_due(self, counter):
        left = getattr(self.settings, counter)
        if left:
            setattr(self.settings, counter, left - 1)
        return left == 1

    # deliver_sm

    def queue(self, delivery, link, delay=0.0):
        if delivery.keep:
            self.note(delivery)
        delivery.link = link.name
        self.outstanding += 1
        self._later(delivery, link, delay)

    def note(self, delivery):
        self.ledger.append(delivery)
        while len(self.ledger) > self.settings.remember:
            self.ledger.popleft()

    def _later(self, delivery, link, delay):
        if delay > 0:
            delivery.state = "waiting"
            self.loop.call_later(delay, lambda: (link.put(delivery), link.pump()))
        else:
            link.put(delivery)

    def answered(self, delivery, session, status, later):
        delivery.status, delivery.acked = status, time.time()
        self.counters["delivers_answered"] += 1
        if later:
            self.counters["delivers_refused_for_now"] += 1
            delivery.refusals.append(status)
            if not self._spent(delivery):
                self._later(delivery, session.link, self.settings.retry_delay)
                self.emit("later", **delivery.as_dict())
                return
        self.finish(delivery, "acked" if status == 0 else "failed")

    def finish(self, delivery, state):
        delivery.state = state
        self.outstanding -= 1
        self.counters["delivers_" + state] += 1
        if self.listeners:
            self.emit(state, **delivery.as_dict())
        else:
            self.wake()

    def _spent(self, delivery):
        limit = self.settings.max_attempts
        return bool(limit) and delivery.attempts >= limit

    def unanswered(self, delivery, session):
        self.counters["delivers_unanswered"] += 1
        if self._spent(delivery):
            self.finish(delivery, "lost")
        else:
            session.link.put(delivery, front=True)
            session.link.pump()

    def session_lost(self, session, exc):
        if session in session.link.sessions:
            session.link.sessions.remove(session)
        left = list(session.inflight.values())
        session.inflight.clear()
        for delivery in reversed(left):
            if self.settings.resend and not self._spent(delivery):
                session.link.put(delivery, front=True)
            else:
                self.finish(delivery, "lost")
        self.emit("closed", link=session.link.name, peer=session.peer, mode=MODES.get(session.bound, ""),
                  why=str(exc) if exc else "", unanswered=len(left))
        session.link.pump()

    # submit_sm

    def submitted(self, session, sequence, body):
        settings, link = self.settings, session.link
        self.counters["submits"] += 1
        if settings.submit_window and len(session.unanswered) > settings.submit_window:
            self.complain(link, f"{len(session.unanswered)} submit_sm unanswered; the window is {settings.submit_window}")
        if self.cut_due("cut_after_submits"):
            self._take_unanswered(session, body)
            session.cut(reset=False)
            return
        status = self._refusal()
        if status == "silent":
            self._take_unanswered(session, body)
            return
        message = None
        if not status:
            message, status = self._read(link, body)
        if status:
            self.counters["submits_refused"] += 1
            self.emit("submit_refused", link=link.name, status=status)
            session.answer_submit(sequence, status, "")
            return
        self._accept(session, sequence, message)

    def _refusal(self):
        """A status that the settings ask for, whatever the message is."""
        settings = self.settings
        if settings.throttle:
            now = self.now()
            times = self.submit_times
            while times and times[0] <= now - 1.0:
                times.popleft()
            if len(times) >= settings.throttle:
                self.counters["throttled"] += 1
                return pdu.RTHROTTLED
            times.append(now)
        status = settings.resp_status
        if status and settings.resp_count:
            settings.resp_count -= 1
            if not settings.resp_count:
                settings.resp_status = 0
        return status

    def _read(self, link, body):
        try:
            message = pdu.read_message(body)
        except pdu.PduError as e:
            self.complain(link, f"submit_sm: {e}", body)
            return None, e.status
        status = 0
        for fault, text in validity.check(message, self.settings.default_coding):
            self.complain(link, f"submit_sm to {message.dest}: {text}", body)
            status = status or fault
        return message, status if self.settings.strict else 0

    def _take_unanswered(self, session, body):
        """The message reaches the phone, the ESME never hears of it."""
        message, status = self._read(session.link, body)
        if not status:
            self._arrive(session.link, self._new(session.link, message))

    def _new(self, link, message):
        number = next(self.message_ids)
        message_id, receipt_id = receipts.ids(number, self.settings.receipt)
        submitted = Submitted(number, message_id, receipt_id, link.name, message, time.time())
        self.by_id[message_id] = submitted
        while len(self.by_id) > self.settings.remember:
            del self.by_id[next(iter(self.by_id))]
        submitted.states.append(("ACCEPTED", submitted.at))
        return submitted

    def _accept(self, session, sequence, message):
        self.counters["submits_accepted"] += 1
        submitted = self._new(session.link, message)
        if "early" in self.settings.receipt and self._plan(submitted, session.link, early=True):
            self.loop.call_later(0.1, lambda: (session.answer_submit(sequence, 0, submitted.message_id), session.flush()))
        else:
            session.answer_submit(sequence, 0, submitted.message_id)
            if "early" not in self.settings.receipt:
                self._plan(submitted, session.link)
        self._arrive(session.link, submitted)

    def _plan(self, submitted, link, early=False):
        """Arrange for the states that this message goes through. True when a receipt will be sent."""
        settings = self.settings
        phone = phones.from_address(submitted.message.dest_ton, submitted.message.dest)
        own = self.phone_states.get(phone)
        states = [own[0]] if own else settings.receipt_states
        if own and own[0] == "NONE":
            return False
        pause = settings.receipt_delay if not own or own[1] is None else own[1]
        at, any_wanted = 0.0 if early else pause, False
        for i, state in enumerate(states):
            if i:
                at += pause
            any_wanted |= receipts.wanted(submitted.message.registered_delivery, state)
            if early and not i:
                self._reach(submitted, link, state)
            else:
                self.loop.call_later(at, self._reach, submitted, link, state)
        return any_wanted and "none" not in settings.receipt

    def _reach(self, submitted, link, state):
        submitted.states.append((state, time.time()))
        words = self.settings.receipt
        self.emit("state", link=link.name, phone=phones.from_address(submitted.message.dest_ton, submitted.message.dest),
                  message_id=submitted.message_id, state=state)
        if "none" in words or not receipts.wanted(submitted.message.registered_delivery, state):
            return
        for _ in range(2 if "twice" in words else 1):
            self.send_receipt(submitted, link, state)
        link.pump()

    def send_receipt(self, submitted, link, state, receipt_id=None):
        text = self._text([submitted])
        report = receipts.build(submitted.message, receipt_id or submitted.receipt_id, state, self.settings.receipt,
                                self.settings.receipt_err, submitted.at, text)
        phone = phones.from_address(submitted.message.dest_ton, submitted.message.dest)
        self.queue(Delivery(next(self.ids), "receipt", phone, report.dest, report.body(),
                            coding.from_septets(report.short_message) or f"id:{receipt_id or submitted.receipt_id} stat:{state}"), link)

    def state_of(self, message_id):
        submitted = self.by_id.get(message_id)
        if submitted is None:
            return None
        return receipts.STATES.get(submitted.states[-1][0], 6 if submitted.states[-1][0] == "ACCEPTED" else 7)

    # phones

    def _text(self, parts):
        body, header = b"", 0
        for submitted in parts:
            udh, octets, _ = longmsg.split_udh(submitted.message)
            header = len(udh)
            body += octets
        first = parts[0].message
        name = coding.name_for(first.data_coding, self.settings.default_coding)
        if name == "gsm7-packed":       # fill bits are each part's own: no joining of octets
            return "".join(coding.decode(longmsg.split_udh(s.message)[1], first.data_coding, name, len(longmsg.split_udh(s.message)[0]))
                           for s in parts)
        return coding.decode(body, first.data_coding, self.settings.default_coding, header)

    def _arrive(self, link, submitted):
        m = submitted.message
        where, _ = longmsg.place(m, longmsg.split_udh(m)[0])
        if where is None or where.total == 1:
            self._show(link, [submitted], "payload" if m.get_tlv(pdu.TLV_MESSAGE_PAYLOAD) is not None else "single")
            return
        key = (m.source, m.dest, where.kind, where.ref, where.total)
        have = self.pending_parts.setdefault(key, {})
        if len(self.pending_parts) > PARTIAL_LIMIT:
            del self.pending_parts[next(iter(self.pending_parts))]
        if where.number in have:
            if have[where.number].message.content != m.content:
                self.complain(link, f"part {where.number} of {where.total} for {m.dest} twice under reference {where.ref}, with other octets")
            return
        if have and next(iter(have.values())).message.data_coding != m.data_coding:
            self.complain(link, f"parts for {m.dest} with different data_coding under reference {where.ref}")
        have[where.number] = submitted
        self.emit("part", phone=phones.from_address(m.dest_ton, m.dest), number=where.number, total=where.total, ref=where.ref)
        if len(have) == where.total:
            del self.pending_parts[key]
            self._show(link, [have[n] for n in range(1, where.total + 1)], where.kind)

    def _show(self, link, parts, kind):
        m = parts[0].message
        phone = phones.from_address(m.dest_ton, m.dest)
        box = self.phones.setdefault(phone, Box())
        received = Received(box.next, phone, m.source, self._text(parts), time.time(), link.name, parts, kind)
        box.put(received)
        self.shown.append(received)
        self.history.append(received)
        while len(self.shown) > self.settings.remember:
            self._drop(self.shown.popleft().phone)
        self.counters["messages_received"] += 1
        if self.listeners:
            self.emit("received", message=received.as_dict())
        else:
            self.wake()

    def _drop(self, phone):
        """Forget the oldest message of a phone; a phone without any is forgotten too."""
        box = self.phones[phone]
        box.messages.popleft()
        if not box.messages:
            del self.phones[phone]
