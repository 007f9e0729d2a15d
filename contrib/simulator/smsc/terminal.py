# SPDX-License-Identifier: BSD-2-Clause
"""The SMSC by hand: type as any resident, see what every phone receives."""
import asyncio
import contextlib
import shlex
import shutil
import sys
import threading

from . import bubbles, pdu, phones

HELP = """\
+8613812345678 TEXT   a text from that phone (any number; 13812345678 will do)
as PHONE              stay that person: every line that is no command is a text of his
                      ("\\" before a line makes it a text although it begins like a command)
to NUMBER             write to that short code
phones                all phones, what they sent and received
show PHONE            the conversation of one phone (show all: of everyone)
only PHONE            see only that phone as it happens (only all: everyone)
long [TEXT]           picture of the last long message, or how TEXT would be cut
long on|off           draw that picture with every long message
send [KEY=VALUE …] PHONE TEXT   with mode=udh8|udh16|sar|payload|single, order=2,1,3, drop=2,
                      coding=ucs2|gsm7|…, link=NAME, ref=N, delay=S
receipts              picture of the states of the last messages
receipts on|off       send receipts or not;  receipts WORDS: hex,early,tlv,text,twice,decimal
phone PHONE STATE     what becomes of texts to that phone: UNDELIV, EXPIRED, NONE … or OK
throttle N            refuse more than N submit_sm a second with 0x58 (0 = off)
refuse-bind [HOW]     refuse binds (no-transceiver, a status); refuse-bind off
cut [LINK]            cut the connections;  down, up [LINK]: stop and start listening
set KEY VALUE, set    change a setting, or show them all
links, stats, acked   who is bound; counters; the last deliver_sm and their answers
complaints            what was wrong with what the ESME sent
help, quit"""

COMMANDS = {"as", "to", "phones", "show", "only", "long", "send", "receipts", "phone", "throttle", "refuse-bind", "cut", "down", "up",
            "set", "links", "stats", "acked", "complaints", "help", "quit", "exit"}
INTEGERS = {"ref", "size", "data_coding", "esm_class", "ton", "npi"}


def options(words):
    """key=value words to a send request."""
    out = {}
    for word in words:
        key, _, value = word.partition("=")
        if key in ("order", "drop"):
            out[key] = [int(n) for n in value.split(",") if n]
        elif key == "link" and "," in value:
            out[key] = value.split(",")
        elif key in INTEGERS:
            out[key] = int(value, 0)
        elif key == "anywhere":
            out[key] = value not in ("0", "no", "off")
        else:
            out[key] = value
    return out


def split_options(text):
    """(options, rest): leading words of the form key=value."""
    words = []
    while True:
        word, _, rest = text.partition(" ")
        if "=" not in word or not word.split("=")[0].replace("_", "").isalpha():
            return options(words), text
        words.append(word)
        text = rest.lstrip()


def looks_like_phone(word):
    digits = word[1:] if word.startswith("+") else word
    return digits.isdigit() and (len(digits) >= 5 or word.startswith("+"))


class Conversation:
    """Draws events as they come."""

    def __init__(self, out, columns=None, colour=False):
        self.out, self.fixed, self.colour = out, columns, colour
        self.only = None
        self.pictures = False
        self.last_long = []

    @property
    def columns(self):
        return self.fixed or max(40, shutil.get_terminal_size((80, 24)).columns)

    def note(self, text, code=bubbles.DIM):
        self.out(bubbles.paint(bubbles.clean(text), code, self.colour))

    def lines(self, lines):
        self.out("\n".join(lines))

    def event(self, e):
        handler = getattr(self, "on_" + e["event"], None)
        if handler:
            handler(e)

    def on_sent(self, e):
        if len(e["parts"]) > 1:
            self.last_long = e["parts"]
        if self.only in (None, e["phone"]):
            self.draw_sent(e)

    def draw_sent(self, e):
        count = len(e["parts"])
        self.lines(bubbles.bubble(f"{e['phone']} → {e['to']}", e["text"], bubbles.clock(e["time"]) + (f", {count} parts" if count > 1 else ""),
                                  self.columns, right=True, colour=self.colour))
        if self.pictures and count > 1:
            self.lines(bubbles.parts_picture(e["parts"], self.columns, self.colour))

    def on_received(self, e):
        message = e["message"]
        if len(message["parts"]) > 1:
            self.last_long = message["parts"]
        if self.only in (None, message["phone"]):
            self.draw_received(message)

    def draw_received(self, m):
        count = len(m["parts"])
        foot = bubbles.clock(m["time"]) + (f", {count} parts" if count > 1 else f", {m['parts'][0]['used']}/{m['parts'][0]['room']}")
        self.lines(bubbles.bubble(f"{m['from']} → {m['phone']}", m["text"], foot, self.columns, colour=self.colour))
        if self.pictures and count > 1:
            self.lines(bubbles.parts_picture(m["parts"], self.columns, self.colour))

    def show(self, history):
        """A conversation from its beginning, as {"do": "history"} gives it."""
        for e in history:
            if e["event"] == "sent":
                self.draw_sent(e)
            else:
                self.draw_received(e["message"])
        if not history:
            self.note("nothing yet")

    def on_bound(self, e):
        self.note(f"-- {e['system_id'] or '(no system_id)'} bound to {e['link']} as {e['mode']} from {e['peer']}")

    def on_refused(self, e):
        self.note(f"-- bind as {e['mode']} to {e['link']} refused: {pdu.status_name(e['status'])}")

    def on_closed(self, e):
        if e.get("mode") or e.get("why"):
            left = f", {e['unanswered']} deliver_sm unanswered" if e.get("unanswered") else ""
            self.note(f"-- {e['link']} {e.get('mode', '')} connection closed{left}{' (' + e['why'] + ')' if e.get('why') else ''}")

    def on_complaint(self, e):
        self.note(f"!! complaint, link {e['link']}: {e['text']}" + (f"\n!! body {e['pdu']}" if e.get("pdu") else ""), bubbles.RED)

    def on_failed(self, e):
        self.note(f"-- #{e['id']} from {e['from']} refused for good: {pdu.status_name(e['status'] or 0)}", bubbles.RED)

    def on_lost(self, e):
        self.note(f"-- #{e['id']} from {e['from']} given up after {e['attempts']} attempts", bubbles.RED)

    def on_later(self, e):
        self.note(f"-- #{e['id']} from {e['from']}: the ESME says later ({pdu.status_name(e['status'])}), attempt {e['attempts']}")

    def on_acked(self, e):
        if e["kind"] == "message" and e["part"] == e["total"] and self.only in (None, e["from"]):
            text = f"✓ {(e['acked'] - e['sent']) * 1000:.0f} ms"
            self.note(" " * (self.columns - len(text) - 2) + text)


class Terminal:
    """Reads lines, calls commands, and lets Conversation draw. api has call() and listeners."""

    def __init__(self, api, conversation):
        self.api, self.talk = api, conversation
        self.me = None
        self.shortcode = None
        self.quit = asyncio.Event()

    async def line(self, text):
        text = text.strip()
        if not text or text.startswith("#"):
            return
        word, _, rest = text.partition(" ")
        try:
            if text.startswith("\\") and self.me:
                await self.send(self.me, text[1:], {})
            elif word in COMMANDS:
                await getattr(self, "do_" + word.replace("-", "_"))(rest.strip())
            elif looks_like_phone(word) and rest:
                await self.send(word, rest.strip(), {})
            elif self.me:
                await self.send(self.me, text, {})
            else:
                self.talk.note(f"{word!r} is neither a phone number nor a command; \"help\" lists them")
        except ValueError as e:
            self.talk.note(f"not understood: {e}", bubbles.RED)

    async def ask(self, do, **request):
        """The answer, or None after its error was shown."""
        answer = await self.api.call(do, **request)
        if not answer.get("ok"):
            self.talk.note(answer.get("error", "failed"), bubbles.RED)
            return None
        return answer

    async def send(self, phone, text, how):
        if self.shortcode:
            how = {"to": self.shortcode, **how}
        if await self.ask("send", **{"from": phone, "text": text, **how}):
            links = await self.ask("links")
            if links and not any(li["bound"] for li in links["links"]):
                self.talk.note("-- nobody is bound yet: it waits for the ESME")

    async def do_as(self, rest):
        if not rest or rest == "nobody":
            self.me = None
            return
        phone, _, text = rest.partition(" ")
        self.me = phones.key(phone)
        if text:
            await self.send(self.me, text, {})

    async def do_to(self, rest):
        self.shortcode = rest or None

    async def do_send(self, rest):
        how, rest = split_options(rest)
        phone, _, text = rest.partition(" ")
        if not text:
            raise ValueError("send [KEY=VALUE …] PHONE TEXT")
        await self.send(phone, text, how)

    async def do_phones(self, rest):
        answer = await self.ask("phones")
        for p in answer["phones"] if answer else ():
            self.talk.out(f"  {bubbles.pad(p['phone'], 18)} sent {p['sent']:4}  received {p['received']:4}  {p['state'].lower()}")

    async def do_show(self, rest):
        answer = await self.ask("history", **({} if rest in ("", "all") else {"phone": rest}))
        if answer:
            self.talk.show(answer["history"])

    async def do_only(self, rest):
        self.talk.only = None if rest in ("", "all") else phones.key(rest)

    async def do_long(self, rest):
        if rest in ("on", "off"):
            self.talk.pictures = rest == "on"
        elif rest:
            how, text = split_options(rest)
            answer = await self.ask("parts", text=text, **how)
            if answer:
                self.talk.lines(bubbles.parts_picture(answer["parts"], self.talk.columns, self.talk.colour))
        elif self.talk.last_long:
            self.talk.lines(bubbles.parts_picture(self.talk.last_long, self.talk.columns, self.talk.colour))
        else:
            self.talk.note("no long message yet")

    async def do_receipts(self, rest):
        if rest:
            await self.ask("set", receipt=rest)
            return
        answer = await self.ask("received")
        if answer and not answer["messages"]:
            self.talk.note("no message yet")
        for message in answer["messages"][-5:] if answer else ():
            self.talk.lines(bubbles.receipt_picture(message, self.talk.colour))

    async def do_phone(self, rest):
        words = rest.split()
        if len(words) not in (2, 3):
            raise ValueError("phone PHONE STATE [SECONDS]")
        await self.ask("phone", phone=words[0], state=words[1], delay=words[2] if len(words) > 2 else None)

    async def do_throttle(self, rest):
        await self.ask("set", throttle=rest or 0)

    async def do_refuse_bind(self, rest):
        await self.ask("set", bind={"": "refuse", "off": "ok"}.get(rest, rest))

    async def _link(self, do, rest):
        await self.ask(do, **({"link": rest} if rest else {}))

    async def do_cut(self, rest):
        await self._link("cut", rest)

    async def do_down(self, rest):
        await self._link("down", rest)

    async def do_up(self, rest):
        await self._link("up", rest)

    async def do_set(self, rest):
        if rest:
            key, *value = shlex.split(rest)
            await self.ask("set", **{key: " ".join(value)})
            return
        answer = await self.ask("settings")
        for key, value in answer["settings"].items() if answer else ():
            self.talk.out(f"  {key:20} {','.join(map(str, value)) if isinstance(value, (list, tuple)) else value}")

    async def do_links(self, rest):
        answer = await self.ask("links")
        for li in answer["links"] if answer else ():
            self.talk.out(f"  {li['name']:10} {li['host']}:{li['port']}{' TLS' if li['tls'] else ''}  {'' if li['listening'] else 'down '}"
                          f"{', '.join(li['bound']) or 'nobody bound'}; {li['waiting']} waiting")

    async def do_stats(self, rest):
        answer = await self.ask("stats")
        for key, value in sorted(answer["counters"].items()) if answer else ():
            self.talk.out(f"  {key:26} {value}")

    async def do_acked(self, rest):
        answer = await self.ask("acked")
        for d in answer["ledger"][-20:] if answer else ():
            status = "" if d["status"] is None else pdu.status_name(d["status"])
            self.talk.out(f"  #{d['id']} {d['kind']} {d['from']} {d['part']}/{d['total']} {d['state']} {status} "
                          f"sequence {d['sequence']} attempts {d['attempts']}  {bubbles.shorten(d['text'], 30)}")

    async def do_complaints(self, rest):
        answer = await self.ask("complaints")
        if answer and not answer["complaints"]:
            self.talk.note("none")
        for c in answer["complaints"][-20:] if answer else ():
            self.talk.note(f"  {bubbles.clock(c['time'])} {c['link']}: {c['text']}", bubbles.RED)

    async def do_help(self, rest):
        self.talk.out(HELP)

    async def do_quit(self, rest):
        self.quit.set()

    do_exit = do_quit


class Screen:
    """Prints above the line that is being typed, and reads lines in a thread."""

    def __init__(self, stream=sys.stdout, interactive=False):
        self.stream, self.interactive = stream, interactive
        self.prompt = "> "
        self.asking = False             # the prompt stands on the screen
        self.done = threading.Event()   # the last line was worked on: the next may be asked for
        self.readline = None
        if interactive:
            with contextlib.suppress(ImportError):
                import readline
                self.readline = readline

    def out(self, text):
        if self.asking:
            typed = self.prompt + (self.readline.get_line_buffer() if self.readline else "")
            rows = bubbles.rows_above(typed, shutil.get_terminal_size((80, 24)).columns)
            up = f"\x1b[{rows}A" if rows else ""
            self.stream.write(f"\r{up}\x1b[J{text}\n{typed}")
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def lines(self, put):
        """Blocking loop for a thread; put(None) at the end."""
        while True:
            self.done.clear()
            try:
                self.asking = self.interactive
                line = input(self.prompt) if self.interactive else next(sys.stdin)
                self.asking = False
                put(line)
                self.done.wait()
            except (EOFError, StopIteration, KeyboardInterrupt):
                put(None)
                return


async def run(api, conversation, screen, first=None):
    """Talk until "quit", the end of the input, or until the simulator goes."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue()
    terminal = Terminal(api, conversation)
    api.listeners.append(conversation.event)
    threading.Thread(target=screen.lines, args=(lambda x: loop.call_soon_threadsafe(lines.put_nowait, x),), daemon=True).start()
    gone = asyncio.ensure_future(api.closed.wait())
    if first:
        screen.out(first)
    try:
        while not terminal.quit.is_set():
            get = asyncio.ensure_future(lines.get())
            await asyncio.wait({get, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                get.cancel()
                break
            line = get.result()
            if line is None:
                if not screen.interactive:
                    await api.call("wait", idle=True, timeout=5)
                break
            await terminal.line(line)
            screen.prompt = f"{terminal.me}> " if terminal.me else "> "
            screen.done.set()
    finally:
        gone.cancel()
