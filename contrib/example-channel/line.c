/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line: the smallest useful channel. Each datagram on a UNIX socket is a report, "SOURCE TEXT"; the
 * answer goes back to the sender's own socket: "ok", "later REASON" or "refused REASON". A text
 * that goes out is sent to the socket named by the option "peer" as "to DESTINATION: TEXT".
 */
#include <errno.h>
#include <event2/event.h>
#include <hailan/channel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct line {
	struct channel *channel;
	int fd;
	struct event *readable;
};

/* A report under way, and who waits for its answer. */
struct asker {
	struct line *line;
	struct sockaddr_un address;
	socklen_t address_len;
};

static const struct channel_option options[] = {
	{ "socket", CHANNEL_PATH, NULL, 0, 0, NULL,
	    "The UNIX datagram socket to read reports from." },
	{ "peer", CHANNEL_PATH, "", 0, 0, NULL,
	    "The UNIX datagram socket that texts are sent to." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

static void
on_done(void *arg, enum channel_outcome outcome, const char *reason)
{
	static const char *const words[] = { "ok", "ok", "refused", "later" };
	struct asker *a = arg;
	char answer[200];
	int n;

	/* The only place where this channel acknowledges. */
	n = snprintf(answer, sizeof(answer), "%s %s", words[outcome],
	    outcome >= CHANNEL_REFUSED ? reason : "");
	if (sendto(a->line->fd, answer, (size_t)n, MSG_DONTWAIT, (struct sockaddr *)&a->address,
		a->address_len) < 0)
		channel_log(
		    a->line->channel, CHANNEL_LOG_DEBUG, "answer not taken: %s", strerror(errno));
	free(a);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct line *l = arg;
	struct asker *a = calloc(1, sizeof(*a));
	char text[4096], *space;
	ssize_t n, whole;

	(void)what;
	if (a == NULL)
		abort();
	a->line = l;
	a->address_len = sizeof(a->address);
	/* MSG_TRUNC: whole is the datagram's length, also when it is longer than text. */
	whole = recvfrom(
	    fd, text, sizeof(text), MSG_TRUNC, (struct sockaddr *)&a->address, &a->address_len);
	n = whole < (ssize_t)sizeof(text) ? whole : (ssize_t)sizeof(text);
	space = n > 0 ? memchr(text, ' ', (size_t)n) : NULL;
	if (space == NULL) {
		free(a);
		return;
	}
	*space++ = '\0';
	channel_submit(l->channel,
	    &(struct channel_report){
		.source = text,
		.destination = "line",
		.raw = space,
		.raw_len = (size_t)(text + n - space),
		.text = space,
		.text_len = (size_t)(text + n - space),
		.flags = whole > n ? CHANNEL_TRUNCATED : 0,
	    },
	    on_done, a);
}

static bool
line_start(struct channel *c, void **state, struct channel_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = channel_get_string(c, NULL, "socket");
	struct line *l = calloc(1, sizeof(*l));

	if (l == NULL || strlen(path) >= sizeof(address.sun_path))
		return channel_fail(error, "socket %s: the path is too long", path);
	strcpy(address.sun_path, path);
	unlink(path);
	l->channel = c;
	l->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return channel_fail(error, "socket %s: %s", path, strerror(errno));
	l->readable = event_new(channel_loop(c), l->fd, EV_READ | EV_PERSIST, on_readable, l);
	event_add(l->readable, NULL);
	channel_link_state(c, NULL, CHANNEL_LINK_UP, path);
	*state = l;
	return true;
}

/* A message may not end inside of line_send(): its end waits for the next turn of the loop. */
struct sent {
	struct channel_message *message;
	int error;
};

static void
on_sent(evutil_socket_t fd, short what, void *arg)
{
	struct sent *sent = arg;

	(void)fd;
	(void)what;
	if (sent->error == 0)
		channel_message_done(sent->message, CHANNEL_SENT_OK, "", 1, 0, "");
	else
		channel_message_done(sent->message,
		    sent->error == EMSGSIZE ? CHANNEL_SENT_FAILED : CHANNEL_SENT_RETRY, "", 0, 5000,
		    strerror(sent->error));
	free(sent);
}

static void
line_send(void *state, struct channel_message *m)
{
	struct line *l = state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct sent *sent = calloc(1, sizeof(*sent));
	char text[70000];
	int n;

	if (sent == NULL)
		abort();
	sent->message = m;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    channel_get_string(l->channel, NULL, "peer"));
	n = snprintf(text, sizeof(text), "to %s: %s", channel_message_destination(m),
	    channel_message_text(m, NULL));
	if (n >= (int)sizeof(text))
		sent->error = EMSGSIZE;
	else if (sendto(l->fd, text, (size_t)n, MSG_DONTWAIT, (struct sockaddr *)&address,
		     sizeof(address)) < 0)
		sent->error = errno;
	event_base_once(channel_loop(l->channel), -1, EV_TIMEOUT, on_sent, sent, NULL);
}

static void
line_stop(void *state)
{
	struct line *l = state;

	event_del(l->readable);
	channel_stopped(l->channel);
}

static void
line_free(void *state)
{
	struct line *l = state;

	event_free(l->readable);
	close(l->fd);
	free(l);
}

const struct channel_plugin channel_plugin = {
	.abi = CHANNEL_ABI,
	.name = "line",
	.version = "1",
	.summary = "a report a datagram on a UNIX socket",
	.options = options,
	.start = line_start,
	.stop = line_stop,
	.free = line_free,
	.send = line_send,
};
