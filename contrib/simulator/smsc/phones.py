# SPDX-License-Identifier: BSD-2-Clause
"""Telephone numbers: what people type, how SMPP carries them, under which name a phone is remembered."""


def key(text):
    """One name for one phone: +86… for mainland mobiles and whatever has a country code, else as it is."""
    text = text.strip().replace(" ", "").replace("-", "")
    if text.startswith("00"):
        text = "+" + text[2:]
    if len(text) == 11 and text.isdigit() and text[0] == "1" and text[1] in "3456789":
        return "+86" + text
    if len(text) == 13 and text.isdigit() and text.startswith("861"):
        return "+" + text
    return text


def from_address(ton, text):
    return key("+" + text) if ton == 1 and text.isdigit() else key(text)


def to_address(text):
    """(TON, NPI, digits)"""
    name = key(text)
    if name.startswith("+"):
        return 1, 1, name[1:]
    if name.isdigit():
        return (3, 0, name) if len(name) < 7 else (0, 1, name)
    return 5, 0, name
