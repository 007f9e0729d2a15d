# SPDX-License-Identifier: BSD-2-Clause
"""What can be said about a text that the town has sent, whatever its templates say."""

import re


def hangul(text):
    return sum("가" <= c <= "힣" for c in text)


def han(text):
    return sum("一" <= c <= "鿿" for c in text)


def in_chinese(text):
    return han(text) > 5 and hangul(text) == 0


def in_korean(text):
    return hangul(text) > 5 and hangul(text) > han(text)


def number_in(text):
    """The case number in it: the first run of five or more digits that is no telephone number."""
    found = [int(n) for n in re.findall(r"(?<![\d-])\d{5,10}(?![\d-])", text)]
    assert found, f"no case number in {text!r}"
    return found[0]


def units(text):
    """Its length in UCS2 units, as a network counts."""
    return len(text.encode("utf-16-be")) // 2


def check_reply(message, korean=False):
    """A reply to a resident as the issue asks for it; gives the case number in it."""
    text = message["text"]
    assert len(message["parts"]) == 1 and message["kind"] == "single", f"not one part: {text!r}"
    assert units(text) <= 70, f"{units(text)} UCS2 units: {text!r}"
    assert message["data_coding"] == 8, message
    assert message["from"] == "12345", f"must come from the number that was written to, not {message['from']}"
    assert message["registered_delivery"] & 3, "no receipt was asked for"
    assert (in_korean if korean else in_chinese)(text), f"not in the sender's language: {text!r}"
    number = number_in(text)
    assert number % 13 == 0, f"{number} carries no check digit"
    return number
