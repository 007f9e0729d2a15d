# SPDX-License-Identifier: BSD-2-Clause
"""Characters to octets and back: GSM 7-bit (23.038), UCS2 and what gateways send besides."""
from dataclasses import dataclass

ESC = 0x1B
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà")
GSM_EXTENDED = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
                0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
assert len(GSM_BASIC) == 128

_SEPTETS = {c: bytes((i,)) for i, c in enumerate(GSM_BASIC) if i != ESC}
_SEPTETS.update({c: bytes((ESC, i)) for i, c in GSM_EXTENDED.items()})


class CodingError(ValueError):
    pass


@dataclass(frozen=True)
class Coding:
    name: str
    data_coding: int
    codec: str          # Python's codec; "" = done here
    unit: int = 1       # octets that must stay together when a text is cut
    septets: bool = False


CODINGS = {c.name: c for c in (
    Coding("ucs2", 8, "utf-16-be", unit=2),
    Coding("gsm7", 0, "", septets=True),
    Coding("gsm7-packed", 0, "", septets=True),
    Coding("ascii", 1, "ascii"),
    Coding("latin1", 3, "latin-1"),
    Coding("utf8", 0, "utf-8"),
    Coding("cp949", 14, "cp949"),
    Coding("gb18030", 15, "gb18030"),
    Coding("utf16le", 8, "utf-16-le", unit=2),
    Coding("raw", 4, ""),
)}


def fits_gsm7(text):
    return all(c in _SEPTETS for c in text)


def to_septets(text):
    try:
        return b"".join(_SEPTETS[c] for c in text)
    except KeyError as e:
        raise CodingError(f"{e.args[0]!r} is not in the GSM 7-bit alphabet") from None


def from_septets(septets):
    """Decode; an unknown escape shows the main character, a lone one a space (23.038, 6.2.1.1)."""
    out, i = [], 0
    while i < len(septets):
        s = septets[i]
        if s == ESC:
            i += 1
            if i == len(septets) or septets[i] == ESC:
                out.append(" ")
            else:
                out.append(GSM_EXTENDED.get(septets[i]) or GSM_BASIC[septets[i] & 0x7F])
        else:
            out.append(GSM_BASIC[s] if s < 0x80 else "\ufffd")
        i += 1
    return "".join(out)


def gsm7_fault(septets):
    """Why these octets are not unpacked GSM 7-bit, or None."""
    i = 0
    while i < len(septets):
        if septets[i] > 0x7F:
            return f"octet 0x{septets[i]:02x} at {i} is above 0x7f"
        if septets[i] == ESC:
            i += 1
            if i == len(septets):
                return "an escape at the end: its character is in no part or in the next"
            if septets[i] not in GSM_EXTENDED:
                return f"escape followed by 0x{septets[i]:02x}, which the extension table lacks"
        i += 1
    return None


def pack_septets(septets, fill=0):
    """Eight septets to seven octets, after fill bits (those that follow a UDH)."""
    value, bits = 0, fill
    for s in septets:
        value |= s << bits
        bits += 7
    return value.to_bytes((bits + 7) // 8, "little")


def unpack_septets(octets, fill=0, count=None):
    value = int.from_bytes(octets, "little") >> fill
    if count is None:
        count = (len(octets) * 8 - fill) // 7
    return bytes((value >> (7 * i)) & 0x7F for i in range(count))


def fill_bits(header):
    """Fill bits between a UDH of so many octets (UDHL included) and the first septet."""
    return -(header * 8) % 7


def encode(text, name):
    """The octets of a text; gsm7-packed gives septets here, packing comes after cutting."""
    coding = CODINGS.get(name)
    if coding is None:
        raise CodingError(f"coding {name!r} is unknown; known: {', '.join(CODINGS)}")
    if name == "raw":
        try:
            return bytes.fromhex(text)
        except ValueError:
            raise CodingError("coding raw wants the octets in hex") from None
    if coding.septets:
        return to_septets(text)
    try:
        return text.encode(coding.codec, "surrogatepass" if coding.unit == 2 else "strict")
    except UnicodeEncodeError as e:
        raise CodingError(f"{text[e.start]!r} cannot be written in {name}") from None


def name_for(data_coding, default="gsm7"):
    """Which coding a data_coding means; default is what the SMSC takes 0 for. None = binary."""
    if data_coding == 0 or data_coding & 0xF4 == 0xF0:
        return default
    return {1: "ascii", 3: "latin1", 8: "ucs2", 14: "cp949", 0x84: "cp949", 15: "gb18030"}.get(data_coding)


def decode(octets, data_coding, default="gsm7", header=0):
    """Text of a message body without its UDH; header is the UDH's size, for fill bits."""
    name = name_for(data_coding, default)
    if name is None:
        return octets.hex()
    if name == "gsm7":
        return from_septets(octets)
    if name == "gsm7-packed":
        return from_septets(unpack_septets(octets, fill_bits(header)))
    return octets.decode(CODINGS[name].codec, "replace")


def pick(text):
    """What a phone would choose: 7 bits when they suffice, else UCS2."""
    return "gsm7" if fits_gsm7(text) else "ucs2"
