/* SPDX-License-Identifier: BSD-2-Clause */
#include "listen.h"

#include "../common/bytes.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PAUSE_MS = 200 };

struct listen {
	struct evconnlistener *listener;
	struct event *again;
	listen_fn *on_accept;
	void *arg;
	char *path; /* of a UNIX socket, else NULL */
	bool stopped;
};

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static bool
is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
	return a->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

static bool
parse(const char *where, union address *a, int *len, struct channel_error *error)
{
	memset(a, 0, sizeof(*a));
	if (strncmp(where, "unix:", 5) == 0) {
		if (where[5] != '/' || strlen(where + 5) >= sizeof(a->un.sun_path))
			return channel_fail(error,
			    "listen: the path in \"%.150s\" must be absolute and shorter than %zu "
			    "bytes",
			    where, sizeof(a->un.sun_path));
		a->un.sun_family = AF_UNIX;
		strcpy(a->un.sun_path, where + 5);
		*len = (int)sizeof(a->un);
		return true;
	}
	*len = (int)sizeof(*a);
	if (strncmp(where, "inet:", 5) != 0 ||
	    evutil_parse_sockaddr_port(where + 5, &a->any, len) != 0 || a->in.sin_port == 0)
		return channel_fail(error,
		    "listen is \"%.150s\"; expected inet:127.0.0.1:2424, inet:[::1]:2424 or "
		    "unix:/PATH",
		    where);
	if (!is_loopback(a))
		return channel_fail(error,
		    "listen: \"%.150s\" can be reached by others, and LMTP knows no passwords; use "
		    "a "
		    "loopback address or a UNIX socket",
		    where);
	return true;
}

bool
listen_check(const char *where, struct channel_error *error)
{
	union address a;
	int len;

	return parse(where, &a, &len, error);
}

static void
on_connection(
    struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *a, int len, void *arg)
{
	struct listen *l = arg;

	(void)listener;
	(void)a;
	(void)len;
	l->on_accept(l->arg, fd);
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

/* A socket that an earlier process has left; what is no socket is left alone. */
static void
remove_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
}

struct listen *
listen_new(struct event_base *base, const char *where, listen_fn *on_accept, void *arg,
    struct channel_error *error)
{
	struct listen *l = bytes_alloc(1, sizeof(*l));
	union address a;
	int len;

	if (!parse(where, &a, &len, error)) {
		free(l);
		return NULL;
	}
	l->on_accept = on_accept;
	l->arg = arg;
	if (a.any.sa_family == AF_UNIX) {
		l->path = bytes_dup(a.un.sun_path, strlen(a.un.sun_path));
		remove_socket(l->path);
	}
	l->listener = evconnlistener_new_bind(base, on_connection, l,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED,
	    128, &a.any, len);
	if (l->listener == NULL) {
		channel_fail(error, "cannot listen on %s: %s", where, strerror(errno));
		listen_free(&l);
		return NULL;
	}
	/* The MTA is of another user; who may come to the folder may come to the socket. */
	if (l->path != NULL)
		chmod(l->path, 0666);
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
	if (l->path != NULL)
		remove_socket(l->path);
	free(l->path);
	free(l);
}
