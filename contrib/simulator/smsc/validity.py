# SPDX-License-Identifier: BSD-2-Clause
"""What is wrong with a submit_sm: what an SMSC would refuse, and what a careful one would write home about."""
import re

from . import coding, longmsg, pdu

TIME = re.compile(r"\d{12}\d\d\d[-+R]$")
TLV_SIZES = {0x0204: (2, 2), 0x020C: (2, 2), 0x020E: (1, 1), 0x020F: (1, 1), 0x0005: (1, 1), 0x0006: (1, 1),
             0x0007: (1, 1), 0x0424: (0, 65535), 0x0427: (1, 1), 0x001E: (1, 65), 0x0423: (3, 3),
             0x0019: (1, 1), 0x0201: (1, 1), 0x020A: (2, 2), 0x020B: (2, 2), 0x0304: (1, 1), 0x0017: (4, 4)}
DATA_CODINGS = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14} | set(range(0xC0, 0xE0)) | set(range(0xF0, 0x100))


def address(who, ton, npi, text, status):
    """Faults of an address (5.2.5 to 5.2.9); status = (bad TON, bad NPI, bad address)."""
    if ton > 6:
        yield status[0], f"{who} TON {ton} is reserved"
    if npi not in (0, 1, 3, 4, 6, 8, 9, 10, 14, 18):
        yield status[1], f"{who} NPI {npi} is reserved"
    if not text:
        yield status[2], f"{who} address is empty"
    elif ton == 5:
        if npi != 0:
            yield status[1], f"{who} is alphanumeric with NPI {npi}; 0 belongs there"
        if len(text) > 11 or not coding.fits_gsm7(text):
            yield status[2], f"{who} {text!r}: an alphanumeric address has at most 11 characters of the GSM alphabet"
    elif not text.isdigit():
        yield status[2], f"{who} {text!r} is not digits only"
    elif ton == 1 and (text.startswith("0") or len(text) > 15 or len(text) < 7):
        yield status[2], f"{who} {text!r} is not an international number (E.164: country code first, 7 to 15 digits)"
    elif ton == 1 and npi != 1:
        yield status[1], f"{who} is international with NPI {npi}; 1 (E.164) belongs there"


def tlvs(message):
    seen = set()
    for tag, value in message.tlvs:
        low, high = TLV_SIZES.get(tag, (0, 65535))
        if not low <= len(value) <= high:
            yield pdu.RINVPARLEN, f"TLV 0x{tag:04x} of {len(value)} octets"
        if tag in seen:
            yield pdu.RINVOPTPARSTREAM, f"TLV 0x{tag:04x} twice"
        seen.add(tag)


def flags(m):
    if m.esm_class & 0x3C:
        yield pdu.RINVESMCLASS, f"esm_class 0x{m.esm_class:02x}: message type {m.esm_class & 0x3C:#04x} in a plain submit_sm"
    if m.registered_delivery & ~0x1F or m.registered_delivery & 3 == 3:
        yield pdu.RSUBMITFAIL, f"registered_delivery 0x{m.registered_delivery:02x} has reserved bits"
    if m.priority > 3:
        yield 0x06, f"priority_flag {m.priority}; 0 to 3 are defined"
    if m.replace_if_present > 1:
        yield 0x54, f"replace_if_present_flag {m.replace_if_present}"
    for name, value, status in (("schedule_delivery_time", m.schedule, pdu.RINVSCHED), ("validity_period", m.validity, pdu.RINVEXPIRY)):
        if value and not TIME.match(value):
            yield status, f"{name} {value!r} is not YYMMDDhhmmsstnnp"
    if m.data_coding not in DATA_CODINGS:
        yield pdu.RSUBMITFAIL, f"data_coding 0x{m.data_coding:02x} is reserved in SMPP 3.4"


def text(m, default_coding):
    """Faults of length, UDH and characters."""
    udh, body, fault = longmsg.split_udh(m)
    where, fault2 = longmsg.place(m, udh)
    for f in (fault, fault2):
        if f:
            yield pdu.RINVESMCLASS, f
    if where and where.total == 1:
        yield 0, "one part of one: a single message needs no part numbers"
    payload = m.get_tlv(pdu.TLV_MESSAGE_PAYLOAD)
    if payload is not None and m.short_message:
        yield pdu.RINVMSGLEN, "short_message and message_payload both filled"
    if len(m.short_message) > 254:
        yield pdu.RINVMSGLEN, f"sm_length {len(m.short_message)}; 254 is the most"
    name = coding.name_for(m.data_coding, default_coding)
    if payload is None:
        yield from sizes(udh, body, name)
    yield from characters(body, name, part=where is not None)


def sizes(udh, body, name):
    if name == "gsm7":
        used = -(-len(udh) * 8 // 7) + len(body)
        if used > 160:
            yield pdu.RINVMSGLEN, f"{used} septets with the UDH; 160 fit into one part"
    elif len(udh) + len(body) > longmsg.AIR_OCTETS:
        yield pdu.RINVMSGLEN, f"{len(udh) + len(body)} octets with the UDH; {longmsg.AIR_OCTETS} fit into one part"


def characters(body, name, part):
    if name == "gsm7":
        fault = coding.gsm7_fault(body)
        if fault:
            yield pdu.RSUBMITFAIL, f"not GSM 7-bit: {fault}"
    elif name == "ucs2":
        if len(body) % 2:
            yield pdu.RINVMSGLEN, f"UCS2 of {len(body)} octets: an odd number"
        units = [int.from_bytes(body[i:i + 2], "big") for i in range(0, len(body) - 1, 2)]
        if units and (0xDC00 <= units[0] <= 0xDFFF or 0xD800 <= units[-1] <= 0xDBFF):
            yield 0 if part else pdu.RSUBMITFAIL, "a surrogate pair cut in two"
        elif "\ufffd" in body[:len(units) * 2].decode("utf-16-be", "replace") and 0xFFFD not in units:
            yield pdu.RSUBMITFAIL, "a lone surrogate in UCS2"
    elif name in ("ascii", "utf8", "cp949", "gb18030"):
        try:
            body.decode(coding.CODINGS[name].codec)
        except UnicodeDecodeError as e:
            if not part:
                yield pdu.RSUBMITFAIL, f"not {name}: {e.reason} at {e.start}"


def check(m, default_coding):
    """[(status, text)] of all faults; status 0 is a remark that no SMSC would refuse for."""
    out = list(address("source", m.source_ton, m.source_npi, m.source, (pdu.RINVSRCTON, pdu.RINVSRCNPI, pdu.RINVSRCADR)))
    out += address("destination", m.dest_ton, m.dest_npi, m.dest, (pdu.RINVDSTTON, pdu.RINVDSTNPI, pdu.RINVDSTADR))
    out += flags(m)
    out += tlvs(m)
    out += text(m, default_coding)
    return out
