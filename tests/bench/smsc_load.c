/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An SMSC that only makes load: waits until the ESME has bound on each link, delivers messages
 * (load_messages.h), takes what the ESME submits, and tells how long it took. Two ways to deliver:
 *
 *   closed loop  at most WINDOW are unanswered on each link, and the next goes as soon as one is
 *                answered; a latency begins when the message is written.
 *   open loop    (--rate) each message has its time, whatever became of those before it; a latency
 *                begins at that time, so that what waits for room in a window is not hidden.
 *
 * What is answered with anything but 0, or not answered when its link ends, is delivered again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "load_messages.h"

#define MAX_LINKS 16
#define READ_BYTES 65536
#define OUT_BYTES (1 << 20) /* not more of what was not written yet */
#define RECEIPT UINT32_MAX  /* stands where a unit's number does */
#define TICK_US 200         /* an open loop sleeps so long at least */

enum {
	GENERIC_NACK = 0x80000000,
	SUBMIT_SM = 4,
	DELIVER_SM = 5,
	UNBIND = 6,
	BIND_TRANSCEIVER = 9,
	ENQUIRE_LINK = 0x15,
	RESPONSE = 0x80000000,
};

struct outstanding {
	int64_t since_us; /* 0: free */
	uint32_t unit;
};

/* Of a message that was submitted; waits for room in a window. */
struct receipt {
	STAILQ_ENTRY(receipt) entry;
	uint64_t id;
	char from[24], to[24];
};

struct link {
	int fd; /* -1: none */
	bool bound, over;
	struct buffer in, out;
	size_t written;
	struct outstanding *window; /* by sequence mod the window's size */
	unsigned unanswered;
	uint32_t sequence;
	uint64_t answered; /* since it was bound */
};

static struct {
	struct load_shape shape;
	const char *texts, *ledger;
	double rate; /* 0: closed loop */
	unsigned links, window, linger_ms, idle_ms;
	uint64_t cut_every; /* answers; 0: never */
	bool receipts, resend;
	int port;
} options = { .shape = { .count = 10000, .first = 13900000000, .parts = 3, .destination = "12345" },
	.links = 1,
	.window = 100,
	.idle_ms = 60000,
	.port = 2775 };

static struct link links[MAX_LINKS];
static unsigned bound_count;
static STAILQ_HEAD(, receipt) receipts = STAILQ_HEAD_INITIALIZER(receipts);
static uint64_t receipts_waiting;

static uint32_t units, next_unit;
static uint32_t *again; /* units to be delivered once more */
static uint64_t again_count;
static uint64_t acked, later, repeated, cuts, submits, receipts_answered;
static uint8_t *done; /* per unit: acknowledged with 0 */
static uint32_t *latency_us;
static int64_t first_us, last_us; /* first_us: when the schedule begins */
static volatile sig_atomic_t told_to_end;

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_header(struct buffer *b, size_t length, uint32_t id, uint32_t status, uint32_t sequence)
{
	buffer_add_be32(b, (uint32_t)length);
	buffer_add_be32(b, id);
	buffer_add_be32(b, status);
	buffer_add_be32(b, sequence);
}

/* ---- what is delivered ---------------------------------------------------------------------- */

static bool
has_room(const struct link *l)
{
	/* answered out of order: wait for the oldest */
	return l->bound && !l->over && l->unanswered < options.window &&
	       l->out.len - l->written < OUT_BYTES &&
	       l->window[(l->sequence + 1) % options.window].since_us == 0;
}

static void
put_deliver(struct link *l, uint32_t unit, int64_t since_us, const struct buffer *body)
{
	struct outstanding *o;

	l->sequence = l->sequence == 0x7fffffff ? 1 : l->sequence + 1;
	o = &l->window[l->sequence % options.window];
	if (o->since_us != 0)
		fatal(EX_PROTOCOL, "window: sequence %u is still unanswered", l->sequence);
	put_header(&l->out, 16 + body->len, DELIVER_SM, 0, l->sequence);
	buffer_add(&l->out, body->data, body->len);
	o->since_us = since_us;
	o->unit = unit;
	l->unanswered++;
}

/* When this unit's latency begins. */
static int64_t
due_us(uint32_t unit, int64_t now_us)
{
	return options.rate == 0 ? now_us : first_us + (int64_t)(unit / options.rate * 1e6);
}

static void
put_unit(struct link *l, uint32_t unit)
{
	static struct buffer body;
	int64_t now_us = clock_mono_us();

	buffer_reset(&body);
	load_messages_body(unit, &body);
	put_deliver(l, unit, due_us(unit, now_us), &body);
}

/* deliver_sm with a receipt (SMPP 3.4, appendix B). */
static void
put_receipt(struct link *l)
{
	static struct buffer body;
	struct receipt *r = STAILQ_FIRST(&receipts);
	char text[160];
	int n = snprintf(text, sizeof(text),
	    "id:%" PRIu64 " sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
	    "stat:DELIVRD err:000 text:",
	    r->id);

	STAILQ_REMOVE_HEAD(&receipts, entry);
	receipts_waiting--;
	buffer_reset(&body);
	buffer_add(&body, "\0\1\1", 3);
	buffer_add(&body, r->to, strlen(r->to) + 1);
	buffer_add(&body, "\0\1", 2);
	buffer_add(&body, r->from, strlen(r->from) + 1);
	buffer_add(&body, "\4\0\0\0\0\0\0\0\0", 9);
	buffer_add_byte(&body, (uint8_t)n);
	buffer_add(&body, text, (size_t)n);
	put_deliver(l, RECEIPT, clock_mono_us(), &body);
	free(r);
}

/* Puts the next thing that is due on this link; false: there is none. */
static bool
put_next(struct link *l)
{
	int64_t now_us = clock_mono_us();

	if (first_us == 0) {
		if (bound_count < options.links)
			return false;
		first_us = now_us;
	}
	if (!STAILQ_EMPTY(&receipts)) {
		put_receipt(l);
	} else if (again_count > 0) {
		repeated++;
		put_unit(l, again[--again_count]);
	} else if (next_unit < units && due_us(next_unit, now_us) <= now_us) {
		put_unit(l, next_unit++);
	} else {
		return false;
	}
	return true;
}

/* One thing for each link in turn, until nothing is due or no link has room. */
static void
fill(void)
{
	bool some = true;

	while (some) {
		some = false;
		for (unsigned i = 0; i < options.links; i++)
			if (has_room(&links[i]) && put_next(&links[i]))
				some = true;
	}
}

/* ---- what comes ----------------------------------------------------------------------------- */

static void
deliver_again(uint32_t unit)
{
	if (unit != RECEIPT && !done[unit])
		again[again_count++] = unit;
}

static void
take_answer(struct link *l, uint32_t status, uint32_t sequence)
{
	struct outstanding *o = &l->window[sequence % options.window];

	if (o->since_us == 0)
		fatal(EX_PROTOCOL, "answer: sequence %u was not asked", sequence);
	if (o->unit == RECEIPT) {
		receipts_answered += status == 0;
	} else if (status == 0) {
		last_us = clock_mono_us();
		latency_us[acked++] = (uint32_t)(last_us - o->since_us);
		done[o->unit] = 1;
	} else {
		later++;
		deliver_again(o->unit);
	}
	o->since_us = 0;
	l->unanswered--;
	l->answered++;
}

/* The C-octet string at *at, which is moved behind it; NULL when there is none of up to 23 octets.
 */
static const char *
octets_at(const uint8_t *pdu, uint32_t length, uint32_t *at)
{
	const char *s = (const char *)pdu + *at;
	const uint8_t *end = *at < length ? memchr(s, 0, length - *at) : NULL;

	if (end == NULL || end - (const uint8_t *)s > 23)
		return NULL;
	*at = (uint32_t)(end - pdu) + 1;
	return s;
}

static void
keep_receipt(const uint8_t *pdu, uint32_t length, uint64_t id)
{
	uint32_t at = 16;
	const char *from, *to;
	struct receipt *r;

	if (octets_at(pdu, length, &at) == NULL)
		return;
	at += 2;
	if ((from = octets_at(pdu, length, &at)) == NULL)
		return;
	at += 2;
	if ((to = octets_at(pdu, length, &at)) == NULL)
		return;
	r = xcalloc(1, sizeof(*r));
	r->id = id;
	memcpy(r->from, from, strlen(from) + 1);
	memcpy(r->to, to, strlen(to) + 1);
	STAILQ_INSERT_TAIL(&receipts, r, entry);
	receipts_waiting++;
}

static void
take_submit(struct link *l, const uint8_t *pdu, uint32_t length, uint32_t sequence)
{
	char id[32];
	int n = snprintf(id, sizeof(id), "%" PRIu64, ++submits);

	put_header(&l->out, 16 + (size_t)n + 1, SUBMIT_SM | RESPONSE, 0, sequence);
	buffer_add(&l->out, id, (size_t)n + 1);
	if (options.receipts)
		keep_receipt(pdu, length, submits);
}

static void
take_bind(struct link *l, uint32_t id, uint32_t sequence)
{
	put_header(&l->out, 16 + 5, id | RESPONSE, 0, sequence);
	buffer_add(&l->out, "load", 5);
	bound_count += !l->bound;
	l->bound = true;
	l->answered = 0;
}

static void
take_pdu(struct link *l, const uint8_t *pdu, uint32_t length)
{
	uint32_t id = be32(pdu + 4), status = be32(pdu + 8), sequence = be32(pdu + 12);

	switch (id) {
	case BIND_TRANSCEIVER:
		take_bind(l, id, sequence);
		break;
	case SUBMIT_SM:
		take_submit(l, pdu, length, sequence);
		break;
	case UNBIND:
		l->over = options.resend;
		/* fall through */
	case ENQUIRE_LINK:
		put_header(&l->out, 16, id | RESPONSE, 0, sequence);
		break;
	case DELIVER_SM | RESPONSE:
		take_answer(l, status, sequence);
		break;
	case GENERIC_NACK:
		fatal(EX_PROTOCOL, "answer: generic_nack 0x%x for sequence %u", status, sequence);
	default:
		put_header(&l->out, 16, GENERIC_NACK, 3, sequence);
	}
}

/* ---- links ---------------------------------------------------------------------------------- */

/* What was not answered on this link is delivered again. */
static void
end_link(struct link *l, bool reset)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(l->fd);
	for (unsigned i = 0; i < options.window; i++) {
		if (l->window[i].since_us != 0)
			deliver_again(l->window[i].unit);
		l->window[i].since_us = 0;
	}
	bound_count -= l->bound;
	l->fd = -1;
	l->bound = l->over = false;
	l->unanswered = 0;
	l->written = 0;
	buffer_reset(&l->in);
	buffer_reset(&l->out);
}

static void
hung_up(struct link *l)
{
	if (!options.resend)
		fatal(EX_PROTOCOL, "link: the ESME hung up after %" PRIu64 " acknowledgements",
		    acked);
	end_link(l, false);
}

static void
take_input(struct link *l)
{
	ssize_t n;
	size_t at = 0;

	buffer_reserve(&l->in, READ_BYTES);
	n = read(l->fd, l->in.data + l->in.len, READ_BYTES);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hung_up(l);
		return;
	}
	l->in.len += (size_t)n;
	while (l->in.len - at >= 16) {
		const uint8_t *pdu = (const uint8_t *)l->in.data + at;
		uint32_t length = be32(pdu);
		if (length < 16 || length > 70000)
			fatal(EX_PROTOCOL, "link: command_length %u", length);
		if (l->in.len - at < length)
			break;
		take_pdu(l, pdu, length);
		at += length;
	}
	memmove(l->in.data, l->in.data + at, l->in.len - at);
	l->in.len -= at;
}

static void
put_output(struct link *l)
{
	ssize_t n;

	if (l->written == l->out.len)
		return;
	n = write(l->fd, l->out.data + l->written, l->out.len - l->written);
	if (n > 0)
		l->written += (size_t)n;
	if (l->written == l->out.len) {
		buffer_reset(&l->out);
		l->written = 0;
	}
}

static int
listen_on(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 16) != 0)
		fatal(EX_UNAVAILABLE, "listen: port %d: %s", port, strerror(errno));
	return fd;
}

static void
take_link(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	struct link *l = links;

	if (fd < 0)
		return;
	while (l < links + options.links && l->fd >= 0)
		l++;
	if (l == links + options.links) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	l->fd = fd;
}

/* Every other cut is a reset, so that what the ESME had not read is gone. */
static void
cut_some(void)
{
	for (unsigned i = 0; i < options.links; i++)
		if (options.cut_every != 0 && links[i].bound && acked < units &&
		    links[i].answered >= options.cut_every)
			end_link(&links[i], cuts++ % 2 == 0);
}

/* How long a turn may sleep: until the next unit of an open loop is due, but not less than a tick.
 */
static struct timespec
pause_until_due(int64_t timeout_us)
{
	int64_t us = timeout_us;

	if (options.rate != 0 && first_us != 0 && next_unit < units) {
		us = due_us(next_unit, 0) - clock_mono_us();
		us = us < TICK_US ? TICK_US : us > timeout_us ? timeout_us : us;
	}
	return (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
}

/* One turn: what can be read, then what can be sent. */
static void
turn(int listener, int64_t timeout_us)
{
	struct pollfd p[MAX_LINKS + 1];
	struct timespec wait = pause_until_due(timeout_us);

	for (unsigned i = 0; i < options.links; i++)
		p[i] = (struct pollfd){ .fd = links[i].fd,
			.events =
			    (short)(POLLIN | (links[i].out.len > links[i].written ? POLLOUT : 0)) };
	p[options.links] = (struct pollfd){ .fd = listener, .events = POLLIN };
	ppoll(p, options.links + 1, &wait, NULL);
	for (unsigned i = 0; i < options.links; i++)
		if (links[i].fd >= 0 && p[i].revents & (POLLIN | POLLHUP | POLLERR))
			take_input(&links[i]);
	cut_some();
	fill();
	for (unsigned i = 0; i < options.links; i++)
		if (links[i].fd >= 0)
			put_output(&links[i]);
	if (p[options.links].revents & POLLIN)
		take_link(listener);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(int64_t messages)
{
	double seconds = (double)(last_us - first_us) / 1e6;

	qsort(latency_us, acked, sizeof(*latency_us), compare);
	printf("{\"acked\": %" PRIu64 ", \"messages\": %" PRId64 ", \"later\": %" PRIu64
	       ", \"repeated\": %" PRIu64 ", \"cuts\": %" PRIu64 ", \"submits\": %" PRIu64
	       ", \"seconds\": %.4f, \"per_second\": %.1f"
	       ", \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
	    acked, messages, later, repeated, cuts, submits, seconds, (double)acked / seconds,
	    latency_us[acked / 2] / 1e3, latency_us[acked * 99 / 100] / 1e3,
	    latency_us[acked - 1] / 1e3);
	fflush(stdout);
}

static _Noreturn void
usage(int code)
{
	fputs("usage: smsc_load --texts FILE [options]\n"
	      "  --port N        where to listen on loopback (2775)\n"
	      "  --links N       how many links must be bound before it begins (1)\n"
	      "  --window N      unanswered on each link (100)\n"
	      "  --count N       messages (10000)\n"
	      "  --senders N     of so many phones (a phone a message)\n"
	      "  --first PHONE   the first of them, without +86 (13900000000)\n"
	      "  --rate N        open loop: so many units a second, a long message is several\n"
	      "  --long-every N  every so many-th message is long (none)\n"
	      "  --parts N       parts of a long message (3)\n"
	      "  --cut-every N   end a link after so many answers; implies --resend\n"
	      "  --resend        a link may end: what it had not answered is delivered again\n"
	      "  --receipts      each message that is submitted gets a receipt\n"
	      "  --linger MS     go on so long after the last acknowledgement, and then until the "
	      "last receipt is answered\n"
	      "  --idle MS       give up when nothing happens for so long (60000)\n"
	      "  --ledger FILE   write there what was acknowledged: sender, bytes of the text in "
	      "hex\n",
	    code == 0 ? stdout : stderr);
	exit(code);
}

static bool
parse_shape(int c, const char *value)
{
	struct load_shape *s = &options.shape;

	switch (c) {
	case 'c':
		s->count = strtoull(value, NULL, 10);
		break;
	case 's':
		s->senders = strtoull(value, NULL, 10);
		break;
	case 'f':
		s->first = strtoull(value, NULL, 10);
		break;
	case 'e':
		s->long_every = (unsigned)atoi(value);
		break;
	case 'm':
		s->parts = (unsigned)atoi(value);
		break;
	case 't':
		options.texts = value;
		break;
	case 'o':
		options.ledger = value;
		break;
	default:
		return false;
	}
	return true;
}

static void
parse_option(int c, const char *value)
{
	switch (c) {
	case 'h':
		usage(0);
	case 'p':
		options.port = atoi(value);
		break;
	case 'l':
		options.links = (unsigned)atoi(value);
		break;
	case 'w':
		options.window = (unsigned)atoi(value);
		break;
	case 'r':
		options.rate = atof(value);
		break;
	case 'x':
		options.cut_every = strtoull(value, NULL, 10);
		options.resend = true;
		break;
	case 'n':
		options.resend = true;
		break;
	case 'd':
		options.receipts = true;
		break;
	case 'g':
		options.linger_ms = (unsigned)atoi(value);
		break;
	case 'i':
		options.idle_ms = (unsigned)atoi(value);
		break;
	default:
		usage(EX_USAGE);
	}
}

static void
parse(int argc, char **argv)
{
	static const struct option table[] = { { "port", 1, NULL, 'p' }, { "count", 1, NULL, 'c' },
		{ "senders", 1, NULL, 's' }, { "links", 1, NULL, 'l' }, { "window", 1, NULL, 'w' },
		{ "first", 1, NULL, 'f' }, { "texts", 1, NULL, 't' }, { "ledger", 1, NULL, 'o' },
		{ "linger", 1, NULL, 'g' }, { "rate", 1, NULL, 'r' }, { "parts", 1, NULL, 'm' },
		{ "long-every", 1, NULL, 'e' }, { "cut-every", 1, NULL, 'x' },
		{ "resend", 0, NULL, 'n' }, { "receipts", 0, NULL, 'd' }, { "idle", 1, NULL, 'i' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		if (!parse_shape(c, optarg))
			parse_option(c, optarg);
	if (options.texts == NULL || options.links < 1 || options.links > MAX_LINKS ||
	    options.window < 1 || options.rate < 0 || options.shape.parts < 2 ||
	    options.shape.parts > 255 || optind != argc)
		usage(EX_USAGE);
	load_messages_init(&options.shape, options.texts);
}

static void
deliver_all(int listener)
{
	int64_t idle_since = clock_mono_ms();
	uint64_t seen = 0;

	while (acked < units) {
		turn(listener, 1000000);
		if (seen != acked + later + bound_count + cuts) {
			seen = acked + later + bound_count + cuts;
			idle_since = clock_mono_ms();
		} else if (clock_mono_ms() - idle_since > options.idle_ms) {
			fatal(EX_TEMPFAIL,
			    "load: nothing for %u ms; %" PRIu64 " acknowledged of %" PRIu32,
			    options.idle_ms, acked, units);
		}
	}
}

static bool
receipts_left(void)
{
	unsigned unanswered = 0;

	for (unsigned i = 0; i < options.links; i++)
		unanswered += links[i].unanswered;
	return receipts_waiting + unanswered > 0;
}

static void
on_term(int signal)
{
	(void)signal;
	told_to_end = 1;
}

/* Goes on taking what is submitted until its time is over or somebody says so, and then until the
 * last receipt is answered. */
static void
linger(int listener)
{
	int64_t until_ms = clock_mono_ms() + options.linger_ms;

	signal(SIGTERM, on_term);
	while (clock_mono_ms() < until_ms && !told_to_end)
		turn(listener, 100000);
	until_ms = clock_mono_ms() + options.idle_ms;
	while (receipts_left() && bound_count > 0 && clock_mono_ms() < until_ms)
		turn(listener, 100000);
	printf(
	    "{\"submits\": %" PRIu64 ", \"receipts\": %" PRIu64 "}\n", submits, receipts_answered);
}

int
main(int argc, char **argv)
{
	int listener;
	int64_t messages;

	log_init("smsc_load", LOG_LEVEL_INFO);
	parse(argc, argv);
	units = load_messages_units();
	again = xcalloc(units, sizeof(*again));
	done = xcalloc(units, 1);
	latency_us = xcalloc(units, sizeof(*latency_us));
	for (unsigned i = 0; i < options.links; i++) {
		links[i].fd = -1;
		links[i].window = xcalloc(options.window, sizeof(struct outstanding));
	}
	listener = listen_on(options.port);
	deliver_all(listener);
	messages = options.ledger == NULL ? 0 : load_messages_ledger(done, options.ledger);
	if (messages < 0)
		fatal(EX_CANTCREAT, "ledger: %s: %s", options.ledger, strerror(errno));
	report(messages);
	if (options.linger_ms != 0)
		linger(listener);
	load_messages_clear();
	return 0;
}
