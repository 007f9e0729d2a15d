/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An SMSC that only makes load: waits until the ESME has bound, delivers COUNT short messages with
 * at most WINDOW unanswered on each link, takes what the ESME submits, and tells how long it took.
 * A message that is answered with anything but 0 is delivered again later. Message i comes from
 * phone FIRST + i mod SENDERS and carries text i mod (number of texts), rotated each time round the
 * senders, so that no sender sends the same text twice within the number of texts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <iconv.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#define MAX_LINKS 16
#define MAX_TEXTS 1024
#define READ_BYTES 65536

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
	int64_t sent_us; /* 0: free */
	uint32_t message;
};

struct link {
	int fd;
	bool bound;
	struct buffer in, out;
	size_t written;
	struct outstanding *window; /* by sequence mod the window's size */
	unsigned unanswered;
	uint32_t sequence;
};

static struct {
	uint64_t count, senders, first;
	unsigned links, window, linger_ms;
	const char *destination, *ledger;
	int port;
} options = { .count = 10000,
	.links = 1,
	.window = 100,
	.first = 13900000000,
	.destination = "12345",
	.port = 2775,
	.linger_ms = 0 };

static struct buffer texts[MAX_TEXTS];
static unsigned text_count;
static struct link links[MAX_LINKS];
static unsigned link_count, bound_count;

static uint32_t *again; /* messages to be delivered once more */
static uint64_t again_count;
static uint64_t next_message, acked, later, submits;
static uint8_t *done; /* per message: acknowledged with 0 */
static uint32_t *latency_us;
static int64_t first_us, last_us;

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put_header(struct buffer *b, uint32_t length, uint32_t id, uint32_t status, uint32_t sequence)
{
	buffer_add_be32(b, length);
	buffer_add_be32(b, id);
	buffer_add_be32(b, status);
	buffer_add_be32(b, sequence);
}

static void
load_texts(const char *path)
{
	FILE *f = fopen(path, "r");
	iconv_t cd = iconv_open("UTF-16BE", "UTF-8");
	char line[4096];

	if (f == NULL || cd == (iconv_t)-1)
		fatal(EX_NOINPUT, "texts: cannot read %s: %s", path, strerror(errno));
	while (text_count < MAX_TEXTS && fgets(line, sizeof(line), f) != NULL) {
		char out[1024], *from = line, *to = out;
		size_t left = strcspn(line, "\n"), room = 140;
		if (left == 0)
			continue;
		iconv(cd, &from, &left, &to, &room);
		buffer_add(&texts[text_count++], out, (size_t)(to - out));
	}
	iconv_close(cd);
	fclose(f);
	if (text_count == 0)
		fatal(EX_DATAERR, "texts: %s holds no text", path);
}

/* deliver_sm (SMPP 3.4, 4.6.1) of message number i. */
static void
put_deliver(struct link *l, uint32_t i)
{
	char source[24];
	const struct buffer *text;
	size_t source_len, destination_len = strlen(options.destination);
	struct outstanding *o;

	l->sequence = l->sequence == 0x7fffffff ? 1 : l->sequence + 1;
	o = &l->window[l->sequence % options.window];
	if (o->sent_us != 0)
		fatal(EX_PROTOCOL, "window: sequence %u is still unanswered", l->sequence);
	source_len = (size_t)snprintf(
	    source, sizeof(source), "86%" PRIu64, options.first + i % options.senders);
	text = &texts[(i + i / options.senders) % text_count];
	put_header(&l->out,
	    (uint32_t)(16 + 1 + 2 + source_len + 1 + 2 + destination_len + 1 + 3 + 2 + 4 + 1 +
		       text->len),
	    DELIVER_SM, 0, l->sequence);
	buffer_add(&l->out, "\0\1\1", 3);
	buffer_add(&l->out, source, source_len + 1);
	buffer_add(&l->out, "\0\1", 2);
	buffer_add(&l->out, options.destination, destination_len + 1);
	buffer_add(&l->out, "\0\0\0\0\0\0\0\10\0", 9);
	buffer_add_byte(&l->out, (uint8_t)text->len);
	buffer_add(&l->out, text->data, text->len);
	o->sent_us = clock_mono_us();
	o->message = i;
	l->unanswered++;
	if (first_us == 0)
		first_us = o->sent_us;
}

static void
fill(struct link *l)
{
	if (bound_count < options.links)
		return;
	while (l->bound && l->unanswered < options.window && l->out.len < (1 << 20)) {
		if (l->window[(l->sequence + 1) % options.window].sent_us != 0)
			return; /* answered out of order: wait for the oldest */
		if (again_count > 0)
			put_deliver(l, again[--again_count]);
		else if (next_message < options.count)
			put_deliver(l, (uint32_t)next_message++);
		else
			return;
	}
}

static void
take_answer(struct link *l, uint32_t status, uint32_t sequence)
{
	struct outstanding *o = &l->window[sequence % options.window];

	if (o->sent_us == 0)
		fatal(EX_PROTOCOL, "answer: sequence %u was not asked", sequence);
	last_us = clock_mono_us();
	if (status == 0) {
		latency_us[acked++] = (uint32_t)(last_us - o->sent_us);
		done[o->message] = 1;
	} else {
		later++;
		again[again_count++] = o->message;
	}
	o->sent_us = 0;
	l->unanswered--;
}

static void
take_pdu(struct link *l, const uint8_t *pdu)
{
	uint32_t id = be32(pdu + 4), status = be32(pdu + 8), sequence = be32(pdu + 12);
	char name[32];
	int n;

	switch (id) {
	case BIND_TRANSCEIVER:
		put_header(&l->out, 16 + 5, id | RESPONSE, 0, sequence);
		buffer_add(&l->out, "load", 5);
		l->bound = true;
		bound_count++;
		break;
	case SUBMIT_SM:
		n = snprintf(name, sizeof(name), "%" PRIu64, ++submits);
		put_header(&l->out, (uint32_t)(16 + n + 1), id | RESPONSE, 0, sequence);
		buffer_add(&l->out, name, (size_t)n + 1);
		break;
	case ENQUIRE_LINK:
	case UNBIND:
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

static void
take_input(struct link *l)
{
	ssize_t n;
	size_t at = 0;

	buffer_reserve(&l->in, READ_BYTES);
	n = read(l->fd, l->in.data + l->in.len, READ_BYTES);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fatal(EX_PROTOCOL, "link: the ESME hung up after %" PRIu64 " acknowledgements",
		    acked);
	l->in.len += (size_t)n;
	while (l->in.len - at >= 16) {
		const uint8_t *pdu = (const uint8_t *)l->in.data + at;
		uint32_t length = be32(pdu);
		if (length < 16 || length > 70000)
			fatal(EX_PROTOCOL, "link: command_length %u", length);
		if (l->in.len - at < length)
			break;
		take_pdu(l, pdu);
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

	if (fd < 0)
		return;
	if (link_count == options.links) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	links[link_count].fd = fd;
	links[link_count].window = xcalloc(options.window, sizeof(struct outstanding));
	link_count++;
}

/* One turn: what can be read, then what can be sent. */
static void
turn(int listener, int timeout_ms)
{
	struct pollfd p[MAX_LINKS + 1];

	for (unsigned i = 0; i < link_count; i++)
		p[i] = (struct pollfd){ .fd = links[i].fd,
			.events =
			    (short)(POLLIN | (links[i].out.len > links[i].written ? POLLOUT : 0)) };
	p[link_count] = (struct pollfd){ .fd = listener, .events = POLLIN };
	unsigned n = link_count;
	poll(p, n + 1, timeout_ms);
	for (unsigned i = 0; i < n; i++) {
		if (p[i].revents & (POLLIN | POLLHUP | POLLERR))
			take_input(&links[i]);
		fill(&links[i]);
		put_output(&links[i]);
	}
	if (p[n].revents & POLLIN)
		take_link(listener);
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(void)
{
	double seconds = (double)(last_us - first_us) / 1e6;

	qsort(latency_us, acked, sizeof(*latency_us), compare);
	printf("{\"acked\": %" PRIu64 ", \"later\": %" PRIu64 ", \"submits\": %" PRIu64
	       ", \"seconds\": %.4f, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
	       "\"max_ms\": %.3f}\n",
	    acked, later, submits, seconds, (double)acked / seconds, latency_us[acked / 2] / 1e3,
	    latency_us[acked * 99 / 100] / 1e3, latency_us[acked - 1] / 1e3);
}

static void
write_ledger(void)
{
	FILE *f = options.ledger != NULL ? fopen(options.ledger, "w") : NULL;

	if (f == NULL)
		return;
	for (uint64_t i = 0; i < options.count; i++)
		if (done[i])
			fprintf(f, "+86%" PRIu64 "\n", options.first + i % options.senders);
	fclose(f);
}

static void
usage(void)
{
	fputs(
	    "usage: smsc_load --texts FILE [--port N] [--count N] [--senders N] [--links N]\n"
	    "                 [--window N] [--first PHONE] [--ledger FILE] [--linger MS]\n"
	    "--linger: how long to go on taking what is submitted after the last acknowledgement\n",
	    stderr);
	exit(EX_USAGE);
}

static void
parse(int argc, char **argv)
{
	static const struct option table[] = { { "port", 1, NULL, 'p' }, { "count", 1, NULL, 'c' },
		{ "senders", 1, NULL, 's' }, { "links", 1, NULL, 'l' }, { "window", 1, NULL, 'w' },
		{ "first", 1, NULL, 'f' }, { "texts", 1, NULL, 't' }, { "ledger", 1, NULL, 'o' },
		{ "linger", 1, NULL, 'g' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'p':
			options.port = atoi(optarg);
			break;
		case 'c':
			options.count = strtoull(optarg, NULL, 10);
			break;
		case 's':
			options.senders = strtoull(optarg, NULL, 10);
			break;
		case 'l':
			options.links = (unsigned)atoi(optarg);
			break;
		case 'w':
			options.window = (unsigned)atoi(optarg);
			break;
		case 'f':
			options.first = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			options.ledger = optarg;
			break;
		case 'g':
			options.linger_ms = (unsigned)atoi(optarg);
			break;
		case 't':
			load_texts(optarg);
			break;
		default:
			usage();
		}
	}
	if (text_count == 0 || options.links < 1 || options.links > MAX_LINKS ||
	    options.window < 1 || options.count < 1 || options.count > UINT32_MAX)
		usage();
	if (options.senders == 0)
		options.senders = options.count;
}

int
main(int argc, char **argv)
{
	int listener;
	int64_t idle_since;
	uint64_t seen = 0;

	log_init("smsc_load", LOG_LEVEL_INFO);
	parse(argc, argv);
	again = xcalloc(options.count, sizeof(*again));
	done = xcalloc(options.count, 1);
	latency_us = xcalloc(options.count, sizeof(*latency_us));
	listener = listen_on(options.port);
	idle_since = clock_mono_ms();
	while (acked < options.count) {
		turn(listener, 1000);
		if (seen != acked + later + bound_count) {
			seen = acked + later + bound_count;
			idle_since = clock_mono_ms();
		} else if (clock_mono_ms() - idle_since > 60000) {
			fatal(EX_TEMPFAIL, "load: nothing for a minute; %" PRIu64 " acknowledged",
			    acked);
		}
	}
	idle_since = clock_mono_ms();
	while (clock_mono_ms() - idle_since < options.linger_ms)
		turn(listener, 100);
	report();
	write_ledger();
	return 0;
}
