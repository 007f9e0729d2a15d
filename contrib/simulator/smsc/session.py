# SPDX-License-Identifier: BSD-2-Clause
"""One connection of an ESME: framing, binding, windows. What messages mean is the Smsc's business."""
import asyncio
import socket
import struct

from . import pdu

RECEIVES = {pdu.BIND_RECEIVER, pdu.BIND_TRANSCEIVER}
TRANSMITS = {pdu.BIND_TRANSMITTER, pdu.BIND_TRANSCEIVER}
BINDS = RECEIVES | TRANSMITS
MODES = {pdu.BIND_RECEIVER: "receiver", pdu.BIND_TRANSMITTER: "transmitter", pdu.BIND_TRANSCEIVER: "transceiver"}
HEADER = pdu.HEADER
LATER = {pdu.RX_T_APPN, pdu.RMSGQFUL, pdu.RTHROTTLED, pdu.RSYSERR}


class Session(asyncio.Protocol):
    def __init__(self, smsc, link):
        self.smsc, self.link = smsc, link
        self.settings = smsc.settings
        self.transport = None
        self.bound = 0                  # the bind command, 0 before
        self.system_id = ""
        self.rest = b""
        self.out = []                   # PDUs of this turn, written together
        self.dribbling = bytearray()
        self.inflight = {}              # sequence: Delivery
        self.waiters = {}               # sequence: future of a raw PDU's answer
        self.unanswered = set()         # submit_sm sequences
        self.held = []                  # responses gathered for resp_order reverse
        self.sequence = 0
        self.paused = False
        self.frozen = False
        self.closing = False
        self.lost = False               # the connection is no more
        self.enquired = {}              # sequence: when
        self.since = self.last_enquire = 0.0
        self.peer = "?"

    # connection

    def connection_made(self, transport):
        self.transport = transport
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peer = "%s:%d" % transport.get_extra_info("peername")[:2]
        transport.set_write_buffer_limits(high=1 << 20)
        self.since = self.last_enquire = self.smsc.now()
        self.link.sessions.append(self)
        self.smsc.emit("connected", link=self.link.name, peer=self.peer)

    def connection_lost(self, exc):
        self.closing = self.lost = True
        for waiter in self.waiters.values():
            if not waiter.done():
                waiter.set_result(None)
        self.waiters.clear()
        self.smsc.session_lost(self, exc)

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        self.paused = False
        self.link.pump()

    def cut(self, reset=True):
        """Like a pulled cable: nothing more is sent, what is in flight is unknown to both."""
        if self.closing:
            return
        self.closing = True
        self.out.clear()
        sock = self.transport.get_extra_info("socket")
        if reset and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def close(self):
        """Send what is to be sent, then close."""
        if not self.closing:
            self.flush()
            self.closing = True
            self.transport.close()

    # out

    def next_sequence(self):
        """1 … 0x7FFFFFFF, without those that a raw PDU waits on."""
        self.sequence = self.sequence % 0x7FFFFFFF + 1
        while self.sequence in self.waiters:
            self.sequence += 1
        return self.sequence

    def send(self, command, status, sequence, body=b""):
        if self.closing:
            return
        self.out.append(HEADER.pack(16 + len(body), command, status, sequence) + body)
        if self.settings.wire:
            self._show("out", command, status, sequence, body)

    def enquire(self):
        """Send an enquire_link; its number stands in `enquired` until it is answered."""
        sequence = self.next_sequence()
        self.enquired[sequence] = self.smsc.now()
        self.send(pdu.ENQUIRE_LINK, 0, sequence)
        self.flush()
        return sequence

    def flush(self):
        if self.out and not self.closing:
            data = b"".join(self.out)
            self.out.clear()
            self.write(data)

    def write(self, data):
        step = self.settings.dribble
        if step <= 0 and not self.dribbling:
            self.transport.write(data)
            return
        start = not self.dribbling
        self.dribbling += data
        if start:
            self._dribble()

    def _dribble(self):
        if self.closing or not self.dribbling:
            return
        step = self.settings.dribble or len(self.dribbling)
        self.transport.write(bytes(self.dribbling[:step]))
        del self.dribbling[:step]
        if self.dribbling:
            self.smsc.loop.call_later(0.001, self._dribble)

    def can_receive(self):
        return self.bound in RECEIVES and not self.closing and not self.paused

    def deliver(self, delivery):
        sequence = self.next_sequence()
        delivery.sent_on(self, sequence)
        self.inflight[sequence] = delivery
        self.send(pdu.DELIVER_SM, 0, sequence, delivery.body)

    # in

    def data_received(self, data):
        if self.rest:
            data = self.rest + data
        at, end = 0, len(data)
        unpack, handle = HEADER.unpack_from, self.handle
        while end - at >= 16 and not self.closing:
            length, command, status, sequence = unpack(data, at)
            if length < 16 or length > pdu.MAX_LENGTH:
                self.rest = b""
                self.bad_length(length, sequence)
                return
            if end - at < length:
                break
            handle(command, status, sequence, data[at + 16:at + length])
            at += length
        self.rest = data[at:]
        if not self.closing:
            self.link.pump()
            self.flush()

    def bad_length(self, length, sequence):
        self.smsc.complain(self.link, f"command_length {length}")
        self.send(pdu.GENERIC_NACK, pdu.RINVCMDLEN, sequence)
        self.close()

    def handle(self, command, status, sequence, body):
        if self.settings.wire:
            self._show("in", command, status, sequence, body)
        if self.waiters and command & pdu.RESPONSE and sequence in self.waiters:
            self._answer_waiter(command, status, sequence, body)
        elif command == pdu.DELIVER_SM_RESP:
            self.delivered(status, sequence, body)
        elif command in TABLE:
            TABLE[command](self, status, sequence, body)
        elif command & pdu.RESPONSE:
            self.smsc.complain(self.link, f"{pdu.command_name(command)} {sequence}, which we did not ask for")
        else:
            self.smsc.complain(self.link, f"command {pdu.command_name(command)} is not served here")
            self.send(pdu.GENERIC_NACK, pdu.RINVCMDID, sequence)

    def _show(self, way, command, status, sequence, body):
        self.smsc.emit("pdu", link=self.link.name, way=way, command=pdu.command_name(command),
                       status=status, sequence=sequence, body=body.hex())

    def _answer_waiter(self, command, status, sequence, body):
        answer = {"command": pdu.command_name(command), "status": status, "sequence": sequence, "body": body.hex()}
        self.smsc.raw_answers.append(answer)
        self.waiters.pop(sequence).set_result(answer)

    def delivered(self, status, sequence, body):
        delivery = self.inflight.pop(sequence, None)
        if delivery is None:
            self.smsc.complain(self.link, f"deliver_sm_resp {sequence}, which nobody waits for")
            return
        if body != b"\0" and not (status and not body):
            self.smsc.complain(self.link, f"deliver_sm_resp body {body[:20].hex() or '(none)'}: message_id is unused and must be one NUL")
        self.smsc.answered(delivery, self, status, status in LATER)

    def on_nack(self, status, sequence, body):
        delivery = self.inflight.pop(sequence, None)
        if delivery is None:
            self.smsc.complain(self.link, f"generic_nack {pdu.status_name(status)} for {sequence}")
        else:
            self.smsc.answered(delivery, self, status, False)

    def on_enquire(self, status, sequence, body):
        if body:
            self.smsc.complain(self.link, "enquire_link with a body")
        if self.settings.answer_enquire:
            self.send(pdu.ENQUIRE_LINK | pdu.RESPONSE, 0, sequence)

    def on_enquire_resp(self, status, sequence, body):
        if body:
            self.smsc.complain(self.link, "enquire_link_resp with a body")
        if self.enquired.pop(sequence, None) is None:
            self.smsc.complain(self.link, f"enquire_link_resp {sequence}, which we did not ask for")
        self.smsc.wake()

    def on_unbind(self, status, sequence, body):
        self.send(pdu.UNBIND | pdu.RESPONSE, 0, sequence)
        self.smsc.emit("unbind", link=self.link.name, peer=self.peer, mode=MODES.get(self.bound, ""))
        self.close()

    def on_unbind_resp(self, status, sequence, body):
        self.close()

    def on_submit(self, status, sequence, body):
        if self.bound not in TRANSMITS:
            self.smsc.complain(self.link, "submit_sm on a connection that is not bound as transmitter")
            self.send(pdu.SUBMIT_SM_RESP, pdu.RINVBNDSTS, sequence)
            return
        if sequence in self.unanswered:
            self.smsc.complain(self.link, f"submit_sm {sequence}: this number is still unanswered")
        self.unanswered.add(sequence)
        self.smsc.submitted(self, sequence, body)

    def answer_submit(self, sequence, status, message_id):
        """The response, at the time and in the order that the settings ask for."""
        settings = self.settings
        body = pdu.cstring(message_id) if status == 0 else {"nul": b"\0"}.get(settings.resp_body, b"")
        if settings.resp_body == "tlv":
            body = pdu.cstring(message_id) + pdu.tlv(0x1400, b"x")

        def go():
            self.unanswered.discard(sequence)
            self.send(pdu.SUBMIT_SM_RESP, status, sequence, body)
        if settings.resp_order == "reverse":
            if not self.held:
                self.smsc.loop.call_later(max(settings.resp_delay, 0.05), self._release)
            self.held.append(go)
        elif settings.resp_delay > 0:
            self.smsc.loop.call_later(settings.resp_delay, lambda: (go(), self.flush()))
        else:
            go()

    def _release(self):
        held, self.held = self.held, []
        for go in reversed(held):
            go()
        self.flush()

    def on_query(self, status, sequence, body):
        try:
            message_id = pdu.read_query(body)[0]
        except pdu.PduError as e:
            self.smsc.complain(self.link, f"query_sm: {e}")
            self.send(pdu.QUERY_SM | pdu.RESPONSE, e.status, sequence)
            return
        state = self.smsc.state_of(message_id)
        if state is None:
            self.send(pdu.QUERY_SM | pdu.RESPONSE, pdu.RINVMSGID, sequence)
        else:
            self.send(pdu.QUERY_SM | pdu.RESPONSE, 0, sequence, pdu.cstring(message_id) + b"\0" + bytes((state, 0)))

    def on_bind(self, command, sequence, body):
        status, bind = pdu.RALYBND, None
        if not self.bound:
            try:
                bind = pdu.read_bind(body)
                status = self.link.admits(command, bind)
            except pdu.PduError as e:
                self.smsc.complain(self.link, f"{pdu.command_name(command)}: {e}")
                status = e.status
        if status:
            self.smsc.emit("refused", link=self.link.name, mode=MODES[command], status=status)
            self.send(command | pdu.RESPONSE, status, sequence)
            return
        self.bound, self.system_id = command, bind.system_id
        self.send(command | pdu.RESPONSE, 0, sequence, pdu.bind_resp(self.link.smsc_id, self.settings.interface_version))
        self.smsc.emit("bound", link=self.link.name, mode=MODES[command], system_id=bind.system_id, peer=self.peer)

    # time

    def tick(self, now):
        settings = self.settings
        if self.closing:
            return
        if not self.bound:
            if settings.session_init and now - self.since > settings.session_init:
                self.smsc.emit("closed", link=self.link.name, why="no bind in time")
                self.close()
            return
        if self.enquired and now - next(iter(self.enquired.values())) > settings.enquire_timeout:
            self.smsc.complain(self.link, f"enquire_link not answered for {settings.enquire_timeout:g} s; link cut")
            self.cut()
            return
        if settings.enquire and now - self.last_enquire >= settings.enquire:
            self.last_enquire = now
            self.enquire()
        self._overdue(now)
        self.flush()

    def _overdue(self, now):
        limit = self.settings.resend_after
        late = []
        for sequence, delivery in self.inflight.items():
            if not limit or now - delivery.sent_clock < limit:
                break
            late.append(sequence)
        for sequence in late:
            self.smsc.unanswered(self.inflight.pop(sequence), self)


def _binder(command):
    return lambda self, status, sequence, body: self.on_bind(command, sequence, body)


TABLE = {
    pdu.GENERIC_NACK: Session.on_nack,
    pdu.SUBMIT_SM: Session.on_submit,
    pdu.QUERY_SM: Session.on_query,
    pdu.ENQUIRE_LINK: Session.on_enquire,
    pdu.ENQUIRE_LINK | pdu.RESPONSE: Session.on_enquire_resp,
    pdu.UNBIND: Session.on_unbind,
    pdu.UNBIND | pdu.RESPONSE: Session.on_unbind_resp,
    **{command: _binder(command) for command in BINDS},
}
