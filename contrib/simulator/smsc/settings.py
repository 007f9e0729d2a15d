# SPDX-License-Identifier: BSD-2-Clause
"""How the simulated SMSC behaves: one table, changed while it runs by "set"."""
from . import pdu

RECEIPT_WORDS = ("dlr", "early", "none", "hex", "decimal", "tlv", "text", "twice")
BIND_WORDS = {"ok": None, "refuse": pdu.RBINDFAIL, "no-transceiver": pdu.RINVCMDID}
RESP_BODIES = ("normal", "none", "nul", "tlv")


class SettingError(ValueError):
    pass


def flag(value):
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word in ("1", "on", "yes", "true"):
        return True
    if word in ("0", "off", "no", "false"):
        return False
    raise SettingError(f"{value!r}: expected on or off")


def number(value):
    if isinstance(value, bool) or value is None:
        raise SettingError(f"{value!r}: expected a number")
    try:
        return int(value, 0) if isinstance(value, str) else int(value)
    except ValueError:
        raise SettingError(f"{value!r}: expected a whole number") from None


def seconds(value):
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise SettingError(f"{value!r}: expected seconds") from None
    if not 0 <= value < 1e9:
        raise SettingError(f"{value!r}: expected seconds, 0 or more")
    return value


def octet_or_none(value):
    return None if value in (None, "none") else number(value) & 0xFF


def receipt(value):
    words = value if isinstance(value, (list, tuple)) else str(value).replace("+", ",").split(",")
    words = [{"on": "dlr", "off": "none"}.get(w.strip().lower(), w.strip().lower()) for w in words]
    for w in words:
        if w not in RECEIPT_WORDS:
            raise SettingError(f"{w!r}: expected one or more of {', '.join(RECEIPT_WORDS)}")
    return tuple(words)


def bind(value):
    if value in BIND_WORDS:
        return value
    try:
        return number(value)
    except SettingError:
        raise SettingError(f"{value!r}: expected {', '.join(BIND_WORDS)} or a status such as 0x0d") from None


def resp_status(value):
    return value if value == "silent" else number(value)


def one_of(*words):
    def check(value):
        if value not in words:
            raise SettingError(f"{value!r}: expected one of {', '.join(words)}")
        return value
    return check


# name: (parser, default, help)
TABLE = {
    "shortcode": (str, "12345", "the number that residents write to, when none is given"),
    "default_coding": (one_of("gsm7", "gsm7-packed", "latin1", "ascii", "utf8"), "gsm7", "what data_coding 0 means here, both ways"),
    "window": (number, 10, "deliver_sm sent and not yet answered, for each connection; 1 works"),
    "resend": (flag, True, "after a lost connection send again what was not answered, under a new sequence number"),
    "resend_after": (seconds, 60.0, "send a deliver_sm again when it was not answered for so many seconds; 0 = never"),
    "retry_delay": (seconds, 1.0, "pause before a deliver_sm answered 0x64, 0x14, 0x58 or 0x08 is sent again"),
    "max_attempts": (number, 0, "give up after so many attempts; 0 = never"),
    "deliver_rate": (number, 0, "at most so many deliver_sm a second on each link; 0 = no limit"),
    "receipt": (receipt, ("dlr",), "receipts: dlr (text and TLVs, after the response), or words joined by commas: early, none, twice, tlv, text, "
                "hex (id hex in the response, decimal in the receipt), decimal (the other way round)"),
    "receipt_delay": (seconds, 0.2, "seconds from submit_sm to the first state, and between states"),
    "receipt_states": (lambda v: v if isinstance(v, list) else [w.strip().upper() for w in str(v).split(",")], ["DELIVRD"],
                       "states reported one after another, each receipt_delay after the one before, e.g. ENROUTE,DELIVRD"),
    "receipt_err": (str, "000", "err: of the receipt text"),
    "throttle": (number, 0, "answer 0x58 above so many submit_sm a second; 0 = no limit"),
    "resp_delay": (seconds, 0.0, "seconds before submit_sm is answered"),
    "resp_order": (one_of("order", "reverse"), "order", "reverse = answers gathered for 50 ms and sent last first"),
    "resp_status": (resp_status, 0, "answer submit_sm with this status; silent = never answer"),
    "resp_count": (number, 0, "resp_status holds for so many submit_sm; 0 = until changed"),
    "resp_body": (one_of(*RESP_BODIES), "normal", "body of a submit_sm_resp with an error: none (normal), nul (one NUL); tlv = a vendor TLV after message_id of every response"),
    "bind": (bind, "ok", "ok, refuse (0x0d), no-transceiver (0x03 to bind_transceiver) or a status"),
    "bind_count": (number, 0, "bind holds for so many binds, then ok; 0 = until changed"),
    "interface_version": (octet_or_none, 0x34, "sc_interface_version in the bind response, or none"),
    "enquire": (seconds, 30.0, "seconds between our enquire_link; 0 = never"),
    "enquire_timeout": (seconds, 10.0, "close when an enquire_link was not answered for so long"),
    "answer_enquire": (flag, True, "answer the peer's enquire_link"),
    "session_init": (seconds, 30.0, "close when no bind came for so long"),
    "submit_window": (number, 0, "complain when more submit_sm than this are unanswered; 0 = do not watch"),
    "strict": (flag, True, "refuse a bad submit_sm with the fitting status; off = complain only"),
    "dribble": (number, 0, "send in pieces of so many octets, 1 ms apart; 0 = whole"),
    "cut_after_delivers": (number, 0, "cut the link right after so many more deliver_sm, before they are answered; 0 = off"),
    "cut_after_submits": (number, 0, "cut the link at the so many-th submit_sm from now, taken but not answered; 0 = off"),
    "remember": (number, 50_000, "so many submits, ledger entries and messages on phones are kept; older ones are forgotten"),
    "wire": (flag, False, "emit an event for each PDU in and out"),
}


class Settings:
    """Attributes named as in TABLE."""

    def __init__(self, **values):
        for name, (_, default, _) in TABLE.items():
            setattr(self, name, default)
        self.change(values)

    def change(self, values):
        """All or nothing; raises SettingError."""
        parsed = {}
        for name, value in values.items():
            if name not in TABLE:
                raise SettingError(f"no setting {name!r}; known: {', '.join(TABLE)}")
            try:
                parsed[name] = TABLE[name][0](value)
            except SettingError as e:
                raise SettingError(f"{name}: {e}") from None
        for name in ("window", "remember"):
            if parsed.get(name, 1) < 1:
                raise SettingError(f"{name}: at least 1")
        for name, value in parsed.items():
            setattr(self, name, value)

    def as_dict(self):
        return {name: getattr(self, name) for name in TABLE}
