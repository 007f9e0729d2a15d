/* SPDX-License-Identifier: BSD-2-Clause */
/* The listening socket. */
#include "listen.h"

#include "../common/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAUSE_MS = 200, PEER_MAX = 64 };

struct listen {
	struct evconnlistener *listener;
	struct event *again;
	listen_fn *on_accept;
	listen_stranger_fn *on_stranger;
	void *arg;
	const char *peers;
	bool stopped;
};

static bool
parse(const char *where, struct sockaddr_storage *a, int *len, struct channel_error *error)
{
	memset(a, 0, sizeof(*a));
	*len = (int)sizeof(*a);
	if (strncmp(where, "inet:", 5) == 0 &&
	    evutil_parse_sockaddr_port(where + 5, (struct sockaddr *)a, len) == 0 &&
	    ((struct sockaddr_in *)a)->sin_port != 0)
		return true;
	return channel_fail(
	    error, "listen is \"%.150s\"; expected inet:127.0.0.1:4573 or inet:[::1]:4573", where);
}

/* The next of peers into word; false: there is none. */
static bool
next_peer(const char **at, char word[PEER_MAX])
{
	size_t len;

	*at += strspn(*at, ", ");
	len = strcspn(*at, ", ");
	if (len == 0)
		return false;
	memcpy(word, *at, len < PEER_MAX ? len : PEER_MAX - 1);
	word[len < PEER_MAX ? len : PEER_MAX - 1] = '\0';
	*at += len;
	return true;
}

bool
listen_check(const char *where, const char *peers, struct channel_error *error)
{
	struct sockaddr_storage a;
	unsigned char address[16];
	char word[PEER_MAX];
	const char *at = peers;
	int len;

	if (!parse(where, &a, &len, error))
		return false;
	while (next_peer(&at, word))
		if (inet_pton(AF_INET, word, address) != 1 &&
		    inet_pton(AF_INET6, word, address) != 1)
			return channel_fail(
			    error, "peers: \"%s\" is no address; expected one as 192.0.2.1", word);
	return peers[strspn(peers, ", ")] != '\0' ||
	       channel_fail(error, "peers is empty, so no PBX could connect; name its address");
}

static bool
is_peer(const struct listen *l, const struct sockaddr *a, char text[PEER_MAX])
{
	unsigned char address[16];
	char word[PEER_MAX];
	const char *at = l->peers;
	const void *theirs = a->sa_family == AF_INET
				 ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
				 : &((const struct sockaddr_in6 *)a)->sin6_addr;
	size_t len = a->sa_family == AF_INET ? 4 : 16;

	if (evutil_inet_ntop(a->sa_family, theirs, text, PEER_MAX) == NULL)
		strcpy(text, "?");
	while (next_peer(&at, word))
		if (inet_pton(a->sa_family, word, address) == 1 &&
		    memcmp(address, theirs, len) == 0)
			return true;
	return false;
}

static void
on_connection(
    struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *a, int len, void *arg)
{
	struct listen *l = arg;
	char text[PEER_MAX];

	(void)listener;
	(void)len;
	if (is_peer(l, a, text)) {
		l->on_accept(l->arg, fd);
		return;
	}
	close(fd);
	l->on_stranger(l->arg, text);
}

/* No file left for a connection: a moment later there may be. */
static void
on_error(struct evconnlistener *listener, void *arg)
{
	struct listen *l = arg;

	evconnlistener_disable(listener);
	event_add(l->again, &(struct timeval){ .tv_usec = PAUSE_MS * 1000 });
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct listen *l = arg;

	(void)fd;
	(void)what;
	if (!l->stopped)
		evconnlistener_enable(l->listener);
}

struct listen *
listen_new(struct event_base *base, const char *where, const char *peers, listen_fn *on_accept,
    listen_stranger_fn *on_stranger, void *arg, struct channel_error *error)
{
	struct listen *l = bytes_alloc(1, sizeof(*l));
	struct sockaddr_storage a;
	int len;

	*l = (struct listen){
		.on_accept = on_accept, .on_stranger = on_stranger, .arg = arg, .peers = peers
	};
	if (parse(where, &a, &len, error)) {
		l->listener = evconnlistener_new_bind(base, on_connection, l,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE |
			LEV_OPT_DISABLED,
		    128, (struct sockaddr *)&a, len);
		if (l->listener == NULL)
			channel_fail(error, "cannot listen on %s: %s", where, strerror(errno));
	}
	if (l->listener == NULL) {
		listen_free(&l);
		return NULL;
	}
	l->again = evtimer_new(base, on_again, l);
	evconnlistener_set_error_cb(l->listener, on_error);
	return l;
}

void
listen_start(struct listen *l)
{
	evconnlistener_enable(l->listener);
}

void
listen_stop(struct listen *l)
{
	l->stopped = true;
	evconnlistener_disable(l->listener);
}

void
listen_free(struct listen **listen)
{
	struct listen *l = *listen;

	*listen = NULL;
	if (l == NULL)
		return;
	if (l->listener != NULL)
		evconnlistener_free(l->listener);
	if (l->again != NULL)
		event_free(l->again);
	free(l);
}
