# SPDX-License-Identifier: BSD-2-Clause
"""Long messages: cut into parts (UDH with 8 or 16 bit reference, SAR TLVs, message_payload), joined again."""
import struct
from dataclasses import dataclass, field

from . import coding, pdu

MODES = ("auto", "single", "udh8", "udh16", "sar", "payload")
HEADER_OCTETS = {"single": 0, "payload": 0, "udh8": 6, "udh16": 7, "sar": 6}
AIR_OCTETS = 140


@dataclass
class Part:
    """One deliver_sm or submit_sm worth of a message."""
    number: int
    total: int
    content: bytes                      # UDH and text
    header: bytes = b""                 # the UDH alone
    tlvs: list = field(default_factory=list)
    text: str = ""
    used: int = 0                       # characters (septets, UTF-16 units or octets) used …
    room: int = 0                       # … of so many
    esm_class: int = 0


def room(name, mode):
    """Characters that fit into one part: 160/153/152, 70/67/66 or 140/134/133."""
    left = AIR_OCTETS - HEADER_OCTETS[mode]
    c = coding.CODINGS[name]
    if c.septets:
        return left * 8 // 7
    return left // c.unit


def header(mode, ref, total, number):
    if mode == "udh8":
        return bytes((5, 0, 3, ref & 0xFF, total & 0xFF, number & 0xFF))
    if mode == "udh16":
        return bytes((6, 8, 4)) + struct.pack(">HBB", ref & 0xFFFF, total & 0xFF, number & 0xFF)
    return b""


def sar(ref, total, number):
    return [(pdu.TLV_SAR_MSG_REF_NUM, struct.pack(">H", ref & 0xFFFF)),
            (pdu.TLV_SAR_TOTAL_SEGMENTS, bytes((total & 0xFF,))),
            (pdu.TLV_SAR_SEGMENT_SEQNUM, bytes((number & 0xFF,)))]


def pieces(text, name, size):
    """Cut between characters: no part begins with half a surrogate or escape pair."""
    out, now = [], b""
    for c in text:
        octets = coding.encode(c, name)
        if now and len(now) + len(octets) > size:
            out.append(now)
            now = b""
        now += octets
    return out + [now] if now or not out else out


def cut(text, name, mode="auto", ref=0, size=None, anywhere=False):
    """
    Cut a text into Parts. size = octets (septets) of text a part, anywhere = cut by
    octets and not by characters, as some networks do. Raises CodingError when a mode
    cannot hold the text.
    """
    if mode not in MODES:
        raise coding.CodingError(f"mode {mode!r} is unknown; known: {', '.join(MODES)}")
    whole = coding.encode(text, name)
    unit = coding.CODINGS[name].unit
    if mode == "auto":
        mode = "single" if len(whole) <= room(name, "single") * unit else "udh8"
    if mode in ("single", "payload"):
        bodies = [whole]
    else:
        size = size or room(name, mode) * unit
        if anywhere or name == "raw":
            bodies = [whole[i:i + size] for i in range(0, len(whole), size)] or [b""]
        else:
            bodies = pieces(text, name, size)
    if len(bodies) > 255:
        raise coding.CodingError(f"{len(bodies)} parts; 255 is the most")
    return [_part(body, i + 1, len(bodies), name, mode, ref) for i, body in enumerate(bodies)]


def _part(body, number, total, name, mode, ref):
    udh = header(mode, ref, total, number)
    content = body
    if name == "gsm7-packed":
        content = coding.pack_septets(body, coding.fill_bits(len(udh)))
    part = Part(number, total, udh + content, udh, used=len(body) // coding.CODINGS[name].unit,
                room=room(name, mode), esm_class=pdu.ESM_UDHI if udh else 0)
    part.text = coding.from_septets(body) if coding.CODINGS[name].septets else \
        body.hex() if name == "raw" else body.decode(coding.CODINGS[name].codec, "replace")
    if mode == "sar":
        part.tlvs = sar(ref, total, number)
    if mode == "payload":
        part.tlvs = [(pdu.TLV_MESSAGE_PAYLOAD, part.content)]
    elif len(part.content) > 255:
        raise coding.CodingError(f"{len(part.content)} octets in one short_message: 255 is the most, use mode payload or udh8")
    return part


@dataclass
class Place:
    """Where a part belongs: kind is "udh8", "udh16" or "sar"."""
    kind: str
    ref: int
    total: int
    number: int


def split_udh(message):
    """(UDH octets, text octets, fault or None) of a message whose esm_class promises a UDH."""
    content = message.content
    if not message.esm_class & pdu.ESM_UDHI:
        return b"", content, None
    if not content or content[0] + 1 > len(content):
        return b"", content, "esm_class promises a UDH, but UDHL runs past the end"
    return content[:content[0] + 1], content[content[0] + 1:], None


def place(message, udh):
    """(Place or None, fault or None)"""
    found, at = None, 1
    while at < len(udh):
        if at + 2 > len(udh) or at + 2 + udh[at + 1] > len(udh):
            return None, f"UDH {udh.hex()}: element at {at} runs past the header"
        iei, data = udh[at], udh[at + 2:at + 2 + udh[at + 1]]
        if iei == 0 and len(data) == 3:
            found = Place("udh8", *data)
        elif iei == 8 and len(data) == 4:
            found = Place("udh16", *struct.unpack(">HBB", data))
        elif iei in (0, 8):
            return None, f"UDH {udh.hex()}: element 0x{iei:02x} of {len(data)} octets"
        at += 2 + len(data)
    tags = [message.get_tlv(t) for t in (pdu.TLV_SAR_MSG_REF_NUM, pdu.TLV_SAR_TOTAL_SEGMENTS, pdu.TLV_SAR_SEGMENT_SEQNUM)]
    if any(t is not None for t in tags):
        if found:
            return found, "a UDH and SAR TLVs in one message"
        if [t and len(t) for t in tags] != [2, 1, 1]:
            return None, "SAR wants three TLVs of 2, 1 and 1 octets"
        found = Place("sar", int.from_bytes(tags[0], "big"), tags[1][0], tags[2][0])
    if found and not 1 <= found.number <= found.total:
        return None, f"part {found.number} of {found.total}"
    return found, None
