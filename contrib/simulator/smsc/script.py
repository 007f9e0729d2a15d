# SPDX-License-Identifier: BSD-2-Clause
"""Conversations by script: a line says what happens or what must have happened.

See SCRIPT LANGUAGE in README.md. The first expectation that fails ends the
script, with what was expected and what came.
"""
import asyncio
import re
import shlex

from . import phones
from .terminal import split_options

WITHIN = 10.0
NAME = re.compile(r"\$\{?(\w+)\}?")
EXPECT = re.compile(r"(?P<phone>\S+)\s+/(?P<rule>(?:\\.|[^/\\])*)/(?P<flags>i?)(?:\s+(?:within|for)\s+(?P<seconds>[\d.]+)\s*s?)?$")


class ScriptError(Exception):
    """The script cannot be read (its author's fault)."""


class Failure(Exception):
    """An expectation that did not come true."""


def parse(text, name="script"):
    """[(line number, verb, rest)]"""
    out = []
    for n, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            verb, _, rest = line.partition(" ")
            if verb.replace("-", "_") not in Script.VERBS:
                raise ScriptError(f"{name}:{n}: no statement {verb!r}; known: {', '.join(v.replace('_', '-') for v in sorted(Script.VERBS))}")
            out.append((n, verb.replace("-", "_"), rest.strip()))
    return out


class Script:
    VERBS = {"send", "expect", "expect_none", "expect_ack", "expect_bound", "parts", "sleep", "cut", "down", "up", "throttle", "set", "phone",
             "shortcode", "let", "echo", "complaints", "idle"}

    def __init__(self, api, text, name="script", out=print):
        self.api, self.name, self.out = api, name, out
        self.statements = parse(text, name)
        self.names = {}
        self.seen = {}                  # phone: index of the next message to look at
        self.last_sent = []
        self.last_message = {}          # phone: the message last matched
        self.shortcode = None
        self.complaints_allowed = 0
        self.met = 0

    async def run(self):
        """Raises Failure; returns how many expectations were met."""
        for n, verb, rest in self.statements:
            try:
                await getattr(self, "do_" + verb)(self.fill(rest) if verb not in ("expect", "expect_none") else self.fill(rest, re.escape))
            except Failure as e:
                raise Failure(f"{self.name}:{n}: {e}") from None
            except (ValueError, ScriptError) as e:
                raise ScriptError(f"{self.name}:{n}: {e}") from None
        await self._no_complaints()
        return self.met

    async def _no_complaints(self):
        answer = await self.call("complaints")
        if self.complaints_allowed is not None and len(answer["complaints"]) > self.complaints_allowed:
            raise Failure(f"{self.name}: the ESME sent what an SMSC complains about: " + "; ".join(c["text"] for c in answer["complaints"][:5]))

    def fill(self, text, quote=str):
        return NAME.sub(lambda m: quote(self.names[m.group(1)]) if m.group(1) in self.names else m.group(0), text)

    async def call(self, do, **request):
        answer = await self.api.call(do, **request)
        if not answer.get("ok"):
            raise Failure(answer.get("error", "failed"))
        return answer

    def good(self, text):
        self.met += 1
        self.out(f"ok {self.met}: {text}")

    async def do_send(self, rest):
        how, rest = split_options(rest)
        sender, _, text = rest.partition(" ")
        if self.shortcode:
            how = {"to": self.shortcode, **how}
        if text.startswith("to "):
            how["to"], _, text = text[3:].lstrip().partition(" ")
        if not text and how.get("coding") != "raw":
            raise ScriptError("send [KEY=VALUE …] FROM [to SHORTCODE] TEXT")
        text = text.replace("\\n", "\n")
        self.last_sent = (await self.call("send", **{"from": sender, "text": "" if text == '""' else text, **how}))["ids"]

    def _expectation(self, rest):
        m = EXPECT.match(rest)
        if not m:
            raise ScriptError("expected PHONE /regex/ [within SECONDS]")
        try:
            rule = re.compile(m["rule"].replace("\\/", "/"), re.S | (re.I if m["flags"] else 0))
        except re.error as e:
            raise ScriptError(f"/{m['rule']}/: {e}") from None
        return phones.key(m["phone"]), rule, float(m["seconds"] or WITHIN)

    async def _look(self, phone, rule, limit):
        """The first message after those already matched that fits, or None; and all that came."""
        since, loop = self.seen.get(phone, 0), asyncio.get_running_loop()
        end, count = loop.time() + limit, 0
        while True:
            came = (await self.call("received", phone=phone, since=since))["messages"]
            for m in came:
                if rule.search(m["text"]):
                    return m, came
            count, left = len(came), end - loop.time()
            if left <= 0:
                return None, came
            await self.api.call("wait", phone=phone, since=since, count=count + 1, timeout=left)

    async def do_expect(self, rest):
        phone, rule, limit = self._expectation(rest)
        found, came = await self._look(phone, rule, limit)
        if not found:
            raise Failure(f"expected {phone} /{rule.pattern}/ within {limit:g} s; came: {quoted(came)}")
        self.seen[phone] = found["n"] + 1
        self.last_message[phone] = found
        match = rule.search(found["text"])
        self.names.update({k: v for k, v in match.groupdict().items() if v is not None})
        self.good(f"{phone} got \"{found['text']}\"")

    async def do_expect_none(self, rest):
        phone, rule, limit = self._expectation(rest if "/" in rest else re.sub(r"^(\S+)", r"\1 //", rest))
        found, _ = await self._look(phone, rule, limit)
        if found:
            raise Failure(f"expected nothing for {phone} that fits /{rule.pattern}/ for {limit:g} s; came: {quoted([found])}")
        self.good(f"{phone} got nothing that fits /{rule.pattern}/ for {limit:g} s")

    async def do_expect_ack(self, rest):
        """expect-ack [STATUS] [within S]: all parts of the last send were answered."""
        words = rest.split()
        limit = float(words[words.index("within") + 1]) if "within" in words else WITHIN
        want = int(words[0], 0) if words and words[0] != "within" else 0
        end = asyncio.get_running_loop().time() + limit
        while True:
            ledger = [d for d in (await self.call("acked", since=min(self.last_sent) - 1 if self.last_sent else 0))["ledger"] if d["id"] in self.last_sent]
            if ledger and all(d["status"] == want or want in d["refusals"] for d in ledger):
                break
            if asyncio.get_running_loop().time() > end:
                raise Failure(f"expected answer 0x{want:02x} within {limit:g} s; came: "
                              + (", ".join(f"part {d['part']} {d['state']} {d['status']}" for d in ledger) or "nothing"))
            await asyncio.sleep(0.02)
        self.good(f"{len(ledger)} deliver_sm answered 0x{want:02x}")

    async def do_expect_bound(self, rest):
        """expect-bound [N] [LINK] [within S]"""
        words = rest.split()
        limit = WITHIN
        if "within" in words:
            limit, words = float(words[words.index("within") + 1]), words[:words.index("within")]
        count = next((int(w) for w in words if w.isdigit()), 1)
        link = next((w for w in words if not w.isdigit()), None)
        await self.call("wait", bound=count, timeout=limit, **({"link": link} if link else {}))
        self.good(f"{count} bound" + (f" to {link}" if link else ""))

    async def do_parts(self, rest):
        """parts PHONE [<=|>=] N: of the message matched last on that phone."""
        words = rest.split()
        if len(words) not in (2, 3) or not words[-1].isdigit():
            raise ScriptError("parts PHONE [<=|>=] N")
        phone, relation, want = phones.key(words[0]), words[1] if len(words) == 3 else "==", int(words[-1])
        if relation not in ("==", "<=", ">="):
            raise ScriptError(f"{relation!r}: expected <=, >= or ==")
        if phone not in self.last_message:
            raise ScriptError(f"no message to {phone} was expected before")
        have = len(self.last_message[phone]["parts"])
        if not {"==": have == want, "<=": have <= want, ">=": have >= want}[relation]:
            raise Failure(f"expected {relation} {want} parts for {phone}; came: {have} parts, \"{self.last_message[phone]['text']}\"")
        self.good(f"{phone} got it in {have} part{'s' if have > 1 else ''}")

    async def do_sleep(self, rest):
        await asyncio.sleep(float(rest))

    async def _link(self, do, rest):
        await self.call(do, **({"link": rest} if rest else {}))

    async def do_cut(self, rest):
        await self._link("cut", rest)

    async def do_down(self, rest):
        await self._link("down", rest)

    async def do_up(self, rest):
        await self._link("up", rest)

    async def do_idle(self, rest):
        await self.call("wait", idle=True, timeout=float(rest or WITHIN))

    async def do_throttle(self, rest):
        await self.call("set", throttle=rest or 0)

    async def do_set(self, rest):
        key, *value = shlex.split(rest)
        await self.call("set", **{key: " ".join(value)})

    async def do_phone(self, rest):
        words = rest.split()
        if len(words) not in (2, 3):
            raise ScriptError("phone PHONE STATE [SECONDS]")
        await self.call("phone", phone=words[0], state=words[1], delay=words[2] if len(words) > 2 else None)

    async def do_shortcode(self, rest):
        self.shortcode = rest or None

    async def do_let(self, rest):
        name, _, value = rest.partition("=")
        if not name.strip().isidentifier():
            raise ScriptError("let NAME = VALUE")
        self.names[name.strip()] = value.strip()

    async def do_echo(self, rest):
        self.out(rest)

    async def do_complaints(self, rest):
        """complaints N|any: how many are allowed at the end."""
        self.complaints_allowed = None if rest == "any" else int(rest)


def quoted(messages):
    return ", ".join('"' + m["text"] + '"' for m in messages) or "nothing"
