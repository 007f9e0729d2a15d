# SPDX-License-Identifier: BSD-2-Clause
"""SMPP 3.4 PDUs as an SMSC sees them (chapters 4 and 5 of the specification).

Bodies are built and taken apart here and nowhere else. Decoding is strict about
structure (a field that runs past the end is an error with the SMPP status that
an SMSC would answer) and says nothing about sense; validity.py does that.
"""
import struct
from dataclasses import dataclass, field

HEADER = struct.Struct(">IIII")
MAX_LENGTH = 70_000
RESPONSE = 0x80000000

GENERIC_NACK = 0x80000000
BIND_RECEIVER = 0x00000001
BIND_TRANSMITTER = 0x00000002
QUERY_SM = 0x00000003
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
UNBIND = 0x00000006
BIND_TRANSCEIVER = 0x00000009
OUTBIND = 0x0000000B
ENQUIRE_LINK = 0x00000015
DELIVER_SM_RESP = RESPONSE | DELIVER_SM
SUBMIT_SM_RESP = RESPONSE | SUBMIT_SM

COMMANDS = {
    0x00000001: "bind_receiver", 0x00000002: "bind_transmitter", 0x00000003: "query_sm",
    0x00000004: "submit_sm", 0x00000005: "deliver_sm", 0x00000006: "unbind",
    0x00000007: "replace_sm", 0x00000008: "cancel_sm", 0x00000009: "bind_transceiver",
    0x0000000B: "outbind", 0x00000015: "enquire_link", 0x00000021: "submit_multi",
    0x00000102: "alert_notification", 0x00000103: "data_sm",
}

OK = 0x00
RINVMSGLEN = 0x01
RINVCMDLEN = 0x02
RINVCMDID = 0x03
RINVBNDSTS = 0x04
RALYBND = 0x05
RSYSERR = 0x08
RINVSRCADR = 0x0A
RINVDSTADR = 0x0B
RINVMSGID = 0x0C
RBINDFAIL = 0x0D
RINVPASWD = 0x0E
RINVSYSID = 0x0F
RMSGQFUL = 0x14
RINVESMCLASS = 0x43
RSUBMITFAIL = 0x45
RINVSRCTON = 0x48
RINVSRCNPI = 0x49
RINVDSTTON = 0x50
RINVDSTNPI = 0x51
RTHROTTLED = 0x58
RINVSCHED = 0x61
RINVEXPIRY = 0x62
RX_T_APPN = 0x64
RINVOPTPARSTREAM = 0xC0
RINVPARLEN = 0xC2

STATUS_NAMES = {
    0x00: "ESME_ROK", 0x01: "ESME_RINVMSGLEN", 0x02: "ESME_RINVCMDLEN", 0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS", 0x05: "ESME_RALYBND", 0x08: "ESME_RSYSERR", 0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR", 0x0C: "ESME_RINVMSGID", 0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD", 0x0F: "ESME_RINVSYSID", 0x14: "ESME_RMSGQFUL",
    0x43: "ESME_RINVESMCLASS", 0x45: "ESME_RSUBMITFAIL", 0x48: "ESME_RINVSRCTON",
    0x49: "ESME_RINVSRCNPI", 0x50: "ESME_RINVDSTTON", 0x51: "ESME_RINVDSTNPI",
    0x58: "ESME_RTHROTTLED", 0x61: "ESME_RINVSCHED", 0x62: "ESME_RINVEXPIRY",
    0x64: "ESME_RX_T_APPN", 0x65: "ESME_RX_P_APPN", 0x66: "ESME_RX_R_APPN",
    0xC0: "ESME_RINVOPTPARSTREAM", 0xC2: "ESME_RINVPARLEN", 0xFF: "ESME_RUNKNOWNERR",
}

TLV_SC_INTERFACE_VERSION = 0x0210
TLV_RECEIPTED_MESSAGE_ID = 0x001E
TLV_MESSAGE_STATE = 0x0427
TLV_NETWORK_ERROR_CODE = 0x0423
TLV_MESSAGE_PAYLOAD = 0x0424
TLV_SAR_MSG_REF_NUM = 0x020C
TLV_SAR_TOTAL_SEGMENTS = 0x020E
TLV_SAR_SEGMENT_SEQNUM = 0x020F

ESM_UDHI = 0x40
ESM_TYPE_MASK = 0x3C
ESM_RECEIPT = 0x04


class PduError(Exception):
    """A body that cannot be read; status is what the peer shall be told."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def status_name(status):
    return f"0x{status:02x} {STATUS_NAMES.get(status, 'vendor or reserved')}"


def command_name(command):
    if command == GENERIC_NACK:
        return "generic_nack"
    name = COMMANDS.get(command & ~RESPONSE, f"0x{command:08x}")
    return name + "_resp" if command & RESPONSE else name


def pack(command, status, sequence, body=b""):
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def cstring(text):
    raw = text if isinstance(text, bytes) else text.encode("latin-1")
    return raw + b"\0"


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


@dataclass
class Message:
    """The fields shared by submit_sm and deliver_sm, in the order of 4.4.1."""
    service_type: str = ""
    source_ton: int = 0
    source_npi: int = 0
    source: str = ""
    dest_ton: int = 0
    dest_npi: int = 0
    dest: str = ""
    esm_class: int = 0
    protocol_id: int = 0
    priority: int = 0
    schedule: str = ""
    validity: str = ""
    registered_delivery: int = 0
    replace_if_present: int = 0
    data_coding: int = 0
    default_msg_id: int = 0
    short_message: bytes = b""
    tlvs: list = field(default_factory=list)

    def body(self):
        if len(self.short_message) > 255:
            raise ValueError(f"short_message of {len(self.short_message)} octets: one octet holds the length")
        out = b"".join((
            cstring(self.service_type), bytes((self.source_ton, self.source_npi)), cstring(self.source),
            bytes((self.dest_ton, self.dest_npi)), cstring(self.dest),
            bytes((self.esm_class, self.protocol_id, self.priority)),
            cstring(self.schedule), cstring(self.validity),
            bytes((self.registered_delivery, self.replace_if_present, self.data_coding,
                   self.default_msg_id, len(self.short_message))),
            self.short_message))
        for tag, value in self.tlvs:
            out += tlv(tag, value)
        return out

    def get_tlv(self, tag):
        for have, value in self.tlvs:
            if have == tag:
                return value
        return None

    @property
    def content(self):
        """The octets of the message, UDH included: message_payload when there is one."""
        payload = self.get_tlv(TLV_MESSAGE_PAYLOAD)
        return self.short_message if payload is None else payload


class Reader:
    """Walks a body; whatever does not fit raises PduError with a status for the peer."""

    def __init__(self, body):
        self.body = body
        self.at = 0

    def octet(self, name):
        if self.at >= len(self.body):
            raise PduError(RINVCMDLEN, f"the body ends before {name}")
        self.at += 1
        return self.body[self.at - 1]

    def cstring(self, name, size, status=RINVCMDLEN):
        """A C-octet string of at most size octets, the NUL included."""
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise PduError(RINVCMDLEN, f"{name} has no NUL before the end of the body")
        if end - self.at + 1 > size:
            raise PduError(status, f"{name} has {end - self.at} octets; at most {size - 1} are allowed")
        raw = self.body[self.at:end]
        self.at = end + 1
        return raw.decode("latin-1")

    def octets(self, name, count):
        if self.at + count > len(self.body):
            raise PduError(RINVMSGLEN, f"{name} should have {count} octets, {len(self.body) - self.at} are left")
        self.at += count
        return self.body[self.at - count:self.at]

    def tlvs(self):
        out = []
        while self.at < len(self.body):
            if len(self.body) - self.at < 4:
                raise PduError(RINVOPTPARSTREAM, f"{len(self.body) - self.at} stray octets after the last TLV")
            tag, length = struct.unpack_from(">HH", self.body, self.at)
            self.at += 4
            if self.at + length > len(self.body):
                raise PduError(RINVOPTPARSTREAM, f"TLV 0x{tag:04x} says {length} octets, {len(self.body) - self.at} are left")
            out.append((tag, self.body[self.at:self.at + length]))
            self.at += length
        return out

    def end(self):
        if self.at != len(self.body):
            raise PduError(RINVCMDLEN, f"{len(self.body) - self.at} octets too many")


def read_message(body):
    """Take a submit_sm or deliver_sm body apart (4.4.1, 4.6.1)."""
    r = Reader(body)
    m = Message()
    m.service_type = r.cstring("service_type", 6)
    m.source_ton, m.source_npi = r.octet("source_addr_ton"), r.octet("source_addr_npi")
    m.source = r.cstring("source_addr", 21, RINVSRCADR)
    m.dest_ton, m.dest_npi = r.octet("dest_addr_ton"), r.octet("dest_addr_npi")
    m.dest = r.cstring("destination_addr", 21, RINVDSTADR)
    m.esm_class, m.protocol_id, m.priority = r.octet("esm_class"), r.octet("protocol_id"), r.octet("priority_flag")
    m.schedule = r.cstring("schedule_delivery_time", 17, RINVSCHED)
    m.validity = r.cstring("validity_period", 17, RINVEXPIRY)
    m.registered_delivery = r.octet("registered_delivery")
    m.replace_if_present = r.octet("replace_if_present_flag")
    m.data_coding, m.default_msg_id = r.octet("data_coding"), r.octet("sm_default_msg_id")
    m.short_message = r.octets("short_message", r.octet("sm_length"))
    m.tlvs = r.tlvs()
    return m


@dataclass
class Bind:
    system_id: str
    password: str
    system_type: str
    interface_version: int
    addr_ton: int
    addr_npi: int
    address_range: str


def read_bind(body):
    """bind_transmitter, bind_receiver and bind_transceiver are alike (4.1)."""
    r = Reader(body)
    bind = Bind(r.cstring("system_id", 16, RINVSYSID), r.cstring("password", 9, RINVPASWD),
                r.cstring("system_type", 13), r.octet("interface_version"),
                r.octet("addr_ton"), r.octet("addr_npi"), r.cstring("address_range", 41))
    r.end()
    return bind


def read_query(body):
    r = Reader(body)
    out = (r.cstring("message_id", 65, RINVMSGID), r.octet("source_addr_ton"), r.octet("source_addr_npi"),
           r.cstring("source_addr", 21, RINVSRCADR))
    r.end()
    return out


def bind_resp(system_id, interface_version):
    body = cstring(system_id)
    if interface_version is not None:
        body += tlv(TLV_SC_INTERFACE_VERSION, bytes((interface_version,)))
    return body
