# SPDX-License-Identifier: BSD-2-Clause
"""Drawing for a terminal: speech bubbles with wide characters counted right, pictures of parts and receipts."""
import time
import unicodedata

DIM, BOLD, GREEN, BLUE, RED, YELLOW = "2", "1", "32", "36", "31", "33"


def char_width(c):
    """Columns of one character: 0, 1 or 2."""
    o = ord(c)
    if o == 0x200D or 0xFE00 <= o <= 0xFE0F or 0x1160 <= o <= 0x11FF or 0x1F3FB <= o <= 0x1F3FF or unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def units(text):
    """[(string, columns)]: a character with all that joins it, so that no line is broken inside."""
    out = []
    for c in text:
        w = char_width(c)
        joined = bool(out) and out[-1][0][-1] == "\u200d"
        if out and (w == 0 or joined):
            before, width = out[-1]
            out[-1] = (before + c, 2 if c == "\ufe0f" else width)
        else:
            out.append((c, w))
    return out


def width(text):
    return sum(w for _, w in units(text))


def rows_above(text, columns):
    """How many rows of a terminal lie above the cursor behind text that began at its left edge."""
    row = used = 0
    for _, w in units(text):
        if used + w > columns:
            row, used = row + 1, 0
        used += w
        if used == columns:
            row, used = row + 1, 0
    return row


def clean(text):
    """Nothing that a peer sends may steer the terminal."""
    return "".join(c if c >= " " and c != "\x7f" and not 0x80 <= ord(c) < 0xA0 and not 0x202A <= ord(c) <= 0x202E and not 0x2066 <= ord(c) <= 0x2069
                   or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def is_word(unit):
    """Part of a word that is written together: a letter or digit, but no Chinese character."""
    return unit[0].isalnum() and unicodedata.name(unit[0], "").split(" ")[0] != "CJK"


CLOSING = "，。、；：！？）》】”’,.;:!?)"


def wrap(text, columns):
    """Lines of at most so many columns; broken at spaces where a Latin or Korean word would be cut, and not before a comma."""
    lines = []
    for paragraph in clean(text).split("\n"):
        line, used, space = [], 0, -1
        for unit, w in units(paragraph):
            if used + w > columns and line:
                if 0 < space < len(line) and is_word(unit) and is_word(line[-1][0]):
                    rest = line[space + 1:]
                    lines.append("".join(u for u, _ in line[:space]))
                    line = rest
                else:
                    rest = [line.pop()] if unit[0] in CLOSING and len(line) > 1 else []
                    lines.append("".join(u for u, _ in line))
                    line = rest
                used, space = sum(x for _, x in line), -1
                if unit == " " and not line:
                    continue
            if unit == " ":
                space = len(line)
            line.append((unit, w))
            used += w
        lines.append("".join(u for u, _ in line))
    return lines


def pad(text, columns):
    return text + " " * max(0, columns - width(text))


def shorten(text, columns):
    text = clean(text).replace("\n", " ")
    if width(text) <= columns:
        return text
    out, used = "", 0
    for unit, w in units(text):
        if used + w > columns - 1:
            break
        out, used = out + unit, used + w
    return out + "…"


def paint(text, code, colour):
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


def bubble(head, text, foot, columns, right=False, colour=False):
    """Lines of a speech bubble; right = said by the phone's owner, as messengers show it."""
    limit = max(20, columns * 2 // 3 - 4)
    lines = wrap(text, limit)
    inner = max([width(x) for x in lines] + [width(head) + 3, width(foot) + 3])
    box = ["╭─ " + head + " " + "─" * (inner - width(head) - 1) + "╮"]
    box += ["│ " + pad(x, inner) + " │" for x in lines]
    box += ["╰" + "─" * (inner - width(foot) - 1) + " " + foot + " ─╯" if foot else "╰" + "─" * (inner + 2) + "╯"]
    left = " " * max(0, columns - inner - 5) if right else " "
    return [left + paint(x, GREEN if right else BLUE, colour) for x in box]


def clock(at, exact=False):
    text = time.strftime("%H:%M:%S", time.localtime(at))
    return text + ".%03d" % (at * 1000 % 1000) if exact else text


def spaced(hexed):
    return " ".join(hexed[i:i + 2] for i in range(0, len(hexed), 2))


def coding_name(data_coding):
    return {0: "default alphabet", 1: "ASCII", 3: "Latin-1", 8: "UCS2", 14: "KS C 5601", 15: "GB18030"}.get(data_coding, f"data_coding 0x{data_coding:02x}")


def how_cut(part):
    """In what the part number travels, and its octets."""
    sar = [f"{tag}={spaced(value)}" for tag, value in part.get("tlvs", []) if tag in ("020c", "020e", "020f")]
    if part.get("udh"):
        return "UDH " + spaced(part["udh"])
    if sar:
        return "SAR " + " ".join(sar)
    return "message_payload" if any(t == "0424" for t, _ in part.get("tlvs", [])) else "no header"


def parts_picture(parts, columns=80, colour=False):
    """How a text travels: for each part its number, header, filling and text."""
    if not parts:
        return ["no parts"]
    total = parts[0]["total"]
    head = f"{len(parts)} of {total} parts" if len(parts) != total else f"{total} part" + ("s" if total > 1 else "")
    unit = "characters" if parts[0]["data_coding"] in (0, 8) else "octets"
    lines = [paint(f"  {head}, {coding_name(parts[0]['data_coding'])}, {sum(p['used'] for p in parts)} {unit}", BOLD, colour)]
    for p in parts:
        full = min(20, round(20 * p["used"] / p["room"])) if p["room"] else 0
        over = p["used"] > p["room"]
        bar = paint("█" * full + "░" * (20 - full), RED if over else "", colour)
        lines.append(f"  ├ part {p['part']}/{p['total']}  {how_cut(p)}")
        lines.append(f"  │   {bar} {p['used']}/{p['room']}, {p['octets']} octets" + (" TOO LONG" if over else ""))
        lines.append("  │   " + shorten(p["text"], columns - 8))
    lines[-1] = lines[-1].replace("│", "╰", 1)
    return lines


def receipt_picture(message, colour=False):
    """What became of a message: accepted → … → its last state, for each part."""
    lines = [paint(f"  {message['phone']} ← {message['from']}  {shorten(message['text'], 40)}", BOLD, colour)]
    wanted = {0: "no receipt asked for", 1: "receipt asked for", 2: "receipt asked for on failure"}.get(message["registered_delivery"] & 3, "?")
    for p in message["parts"]:
        steps, start = [], p["states"][0][1]
        for state, at in p["states"]:
            shade = GREEN if state == "DELIVRD" else YELLOW if state in ("ACCEPTED", "ENROUTE", "ACCEPTD") else RED
            steps.append(paint(state.lower(), shade, colour) + (f" +{at - start:.2f}s" if at != start else " " + clock(at, True)))
        number = f"part {p['part']}/{p['total']}  " if p["total"] > 1 else ""
        lines.append(f"  ╰ {number}id {p['message_id']}: " + " → ".join(steps) + f"  ({wanted})")
    return lines
