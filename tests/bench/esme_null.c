/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ESME that answers every deliver_sm at once and keeps nothing: what the load generator and
 * SMPP over loopback can do at most. Binds each link, and ends when the SMSC hangs up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"

#define MAX_LINKS 16
#define READ_BYTES 65536

enum {
	DELIVER_SM = 5,
	BIND_TRANSCEIVER = 9,
	ENQUIRE_LINK = 0x15,
	RESPONSE = 0x80000000,
};

static struct {
	int fd;
	struct buffer in, out;
} links[MAX_LINKS];

static uint32_t
be32(const char *s)
{
	const uint8_t *p = (const uint8_t *)s;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void
put(struct buffer *b, uint32_t id, uint32_t sequence, const void *body, size_t len)
{
	buffer_add_be32(b, (uint32_t)(16 + len));
	buffer_add_be32(b, id);
	buffer_add_be32(b, 0);
	buffer_add_be32(b, sequence);
	buffer_add(b, body, len);
}

static void
write_all(unsigned i)
{
	size_t at = 0;

	while (at < links[i].out.len) { /* the other end always reads */
		ssize_t n = write(links[i].fd, links[i].out.data + at, links[i].out.len - at);
		if (n < 0 && errno != EINTR)
			exit(0);
		at += n > 0 ? (size_t)n : 0;
	}
	buffer_reset(&links[i].out);
}

static void
open_link(unsigned i, int port)
{
	static const char body[] = "town\0secret\0\0\64\0\0"; /* and the string's own NUL */
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1;

	links[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int tries = 0; connect(links[i].fd, (struct sockaddr *)&address, sizeof(address)) != 0;
	     tries++) {
		if (tries == 100)
			fatal(EX_UNAVAILABLE, "connect: port %d: %s", port, strerror(errno));
		usleep(50000);
	}
	setsockopt(links[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	put(&links[i].out, BIND_TRANSCEIVER, 1, body, sizeof(body));
	write_all(i);
}

static bool
take_input(unsigned i)
{
	struct buffer *in = &links[i].in;
	size_t at = 0;
	ssize_t n;

	buffer_reserve(in, READ_BYTES);
	n = read(links[i].fd, in->data + in->len, READ_BYTES);
	if (n <= 0)
		return false;
	in->len += (size_t)n;
	while (in->len - at >= 16 && in->len - at >= be32(in->data + at)) {
		const char *pdu = in->data + at;
		uint32_t id = be32(pdu + 4), sequence = be32(pdu + 12);
		if (be32(pdu) < 16)
			fatal(EX_PROTOCOL, "link: command_length %u", be32(pdu));
		if (id == DELIVER_SM)
			put(&links[i].out, id | RESPONSE, sequence, "", 1);
		else if (id == ENQUIRE_LINK)
			put(&links[i].out, id | RESPONSE, sequence, "", 0);
		at += be32(pdu);
	}
	memmove(in->data, in->data + at, in->len - at);
	in->len -= at;
	write_all(i);
	return true;
}

int
main(int argc, char **argv)
{
	struct pollfd p[MAX_LINKS];
	unsigned count = argc == 3 ? (unsigned)atoi(argv[2]) : 0;

	log_init("esme_null", LOG_LEVEL_INFO);
	if (count < 1 || count > MAX_LINKS)
		fatal(EX_USAGE, "usage: esme_null PORT LINKS");
	for (unsigned i = 0; i < count; i++) {
		open_link(i, atoi(argv[1]));
		p[i] = (struct pollfd){ .fd = links[i].fd, .events = POLLIN };
	}
	for (;;) {
		poll(p, count, -1);
		for (unsigned i = 0; i < count; i++)
			if (p[i].revents != 0 && !take_input(i))
				return 0;
	}
}
