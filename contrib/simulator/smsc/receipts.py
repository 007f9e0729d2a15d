# SPDX-License-Identifier: BSD-2-Clause
"""Delivery receipts: Appendix B text and the TLVs of 5.3.2.12 and 5.3.2.35."""
import time

from . import coding, pdu

STATES = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8}
FINAL = {"DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "REJECTD", "UNKNOWN"}


def ids(number, words):
    """(id in the response, id in the receipt)"""
    hexed, decimal = f"{number:x}", str(number)
    if "hex" in words:
        return hexed, decimal
    if "decimal" in words:
        return decimal, hexed
    return decimal, decimal


def wanted(registered_delivery, state):
    """Does the sender's registered_delivery (5.2.17) ask for this state? ENROUTE stands for bit 4."""
    if state not in FINAL and state != "ACCEPTD":
        return bool(registered_delivery & 0x10)
    kind = registered_delivery & 3
    return kind == 1 or kind == 2 and state != "DELIVRD"


def text(receipt_id, state, err, submitted, done, sample):
    """The text of Appendix B."""
    def stamp(at):
        return time.strftime("%y%m%d%H%M", time.localtime(at))
    return (f"id:{receipt_id} sub:001 dlvrd:{'001' if state == 'DELIVRD' else '000'} submit date:{stamp(submitted)} "
            f"done date:{stamp(done)} stat:{state} err:{err} text:{sample}")


def build(message, receipt_id, state, words, err, submitted, sample):
    """The deliver_sm that reports on message (a submit_sm): from its destination to its source."""
    out = pdu.Message(source_ton=message.dest_ton, source_npi=message.dest_npi, source=message.dest,
                      dest_ton=message.source_ton, dest_npi=message.source_npi, dest=message.source,
                      esm_class=pdu.ESM_RECEIPT if state in FINAL or state == "ACCEPTD" else 0x20)
    if "text" in words or "tlv" not in words:
        shown = "".join(c if c in coding.GSM_BASIC and c != "\x1b" else "?" for c in sample[:20])
        out.short_message = coding.to_septets(text(receipt_id, state, err, submitted, time.time(), shown))
    if "tlv" in words or "text" not in words:
        out.tlvs = [(pdu.TLV_RECEIPTED_MESSAGE_ID, pdu.cstring(receipt_id)),
                    (pdu.TLV_MESSAGE_STATE, bytes((STATES.get(state, 7),)))]
    return out
