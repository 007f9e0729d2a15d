/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * evhttp, and bounds on everything a client can do: the length of a request, how many connections
 * there are, and how long one may live, whatever it does meanwhile. evhttp knows no bound for the
 * last two: the number of open files of this process bounds the one, and a look at them each second
 * ends what is too old.
 */
#include "metrics/exporter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "metrics/metrics.h"
#include "settings/settings.h"
#include "supervisor/role.h"

enum {
	CONNECTIONS = 32,
	BACKLOG = 64,
	REQUEST_BYTES = 8192,
	BODY_BYTES = 1024,
	SILENT_S = 3,
	AGE_MS = 5000,
	LOOK_MS = 1000,
	FILES_MAX = 256,
};

struct connection {
	struct sockaddr_storage peer;
	int64_t since_ms; /* 0: no connection has this file */
};

struct exporter {
	struct role *role;
	const struct metrics_slot *page;
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *look;
	struct connection connections[FILES_MAX];
	int64_t scrapes;
};

/* A port alone is one of the loopback. The settings were checked (SETTING_LISTEN). */
static bool
parse_listen(const char *text, struct sockaddr_storage *address, int *len)
{
	bool port = text[strspn(text, "0123456789")] == '\0';
	char *whole = xasprintf("%s%s", port ? "127.0.0.1:" : "", text);
	bool ok;

	*len = sizeof(*address);
	memset(address, 0, sizeof(*address));
	ok = evutil_parse_sockaddr_port(whole, (struct sockaddr *)address, len) == 0;
	free(whole);
	return ok;
}

/* ---- requests ------------------------------------------------------------------------------- */

static void
answer(struct evhttp_request *request, int code, const char *reason, const struct buffer *text)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(headers, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
	evhttp_add_header(headers, "Connection", "close");
	evbuffer_add(body, text->data, text->len);
	evhttp_send_reply(request, code, reason, body);
	evbuffer_free(body);
}

static void
on_metrics(struct evhttp_request *request, void *arg)
{
	struct exporter *e = arg;
	struct buffer text = { 0 };

	e->scrapes++;
	exporter_page(e->page, e->scrapes, &text);
	answer(request, HTTP_OK, "OK", &text);
	buffer_clear(&text);
}

static void
on_other(struct evhttp_request *request, void *arg)
{
	struct buffer text = { 0 };

	(void)arg;
	buffer_add_string(&text, "there is /metrics\n");
	answer(request, HTTP_NOTFOUND, "Not Found", &text);
	buffer_clear(&text);
}

/* ---- bounds --------------------------------------------------------------------------------- */

static bool
same_peer(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A file is told apart from a later one of the same number by its peer. */
static void
look_at(struct exporter *e, int fd, int64_t now_ms)
{
	struct connection *c = &e->connections[fd];
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	memset(&peer, 0, sizeof(peer));
	if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
	    (peer.ss_family != AF_INET && peer.ss_family != AF_INET6)) {
		c->since_ms = 0;
	} else if (c->since_ms == 0 || !same_peer(&c->peer, &peer)) {
		c->peer = peer;
		c->since_ms = now_ms;
	} else if (now_ms - c->since_ms > AGE_MS) {
		log_debug("metrics: a connection took too long");
		shutdown(fd, SHUT_RDWR); /* evhttp sees its end */
	}
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct exporter *e = arg;
	const int64_t now_ms = clock_mono_ms();

	(void)fd;
	(void)what;
	for (int i = STDERR_FILENO + 1; i < FILES_MAX; i++)
		look_at(e, i, now_ms);
	evconnlistener_enable(e->listener);
}

/* All connections are taken; the others wait in the kernel until on_look(). The argument is
 * evhttp's. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	evconnlistener_disable(listener);
}

static int
open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < FILES_MAX; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool
bound_files(struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_set(err, "cannot read the limit of open files: %s", strerror(errno));
	limit.rlim_cur = (rlim_t)open_files() + CONNECTIONS;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	if (limit.rlim_cur > FILES_MAX)
		limit.rlim_cur = FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_set(err, "cannot set the limit of open files: %s", strerror(errno));
	return true;
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool
serve(struct exporter *e, const char *text, struct err *err)
{
	struct sockaddr_storage address;
	int len;

	if (!parse_listen(text, &address, &len))
		return err_set(err, "%s is no address to listen on", text);
	e->http = evhttp_new(role_base(e->role));
	e->listener = evconnlistener_new_bind(role_base(e->role), NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, BACKLOG,
	    (struct sockaddr *)&address, len);
	if (e->listener == NULL)
		return err_set(err, "cannot listen on %s: %s", text, strerror(errno));
	evconnlistener_set_error_cb(e->listener, on_accept_error);
	if (evhttp_bind_listener(e->http, e->listener) == NULL)
		return err_set(err, "cannot listen on %s", text);
	evhttp_set_max_headers_size(e->http, REQUEST_BYTES);
	evhttp_set_max_body_size(e->http, BODY_BYTES);
	evhttp_set_timeout(e->http, SILENT_S);
	evhttp_set_allowed_methods(e->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_cb(e->http, "/metrics", on_metrics, e);
	evhttp_set_gencb(e->http, on_other, e);
	return bound_files(err);
}

int
exporter_role(struct role *role)
{
	struct exporter *e = xcalloc(1, sizeof(*e));
	const char *listen = settings_string(role_settings(role), "metrics", "listen");
	const struct timeval tv = { .tv_sec = LOOK_MS / 1000 };
	struct err err;
	bool ok;

	e->role = role;
	e->page = role_metrics(role);
	e->look = event_new(role_base(role), -1, EV_PERSIST, on_look, e);
	if (e->page == NULL)
		ok = err_set(&err, "there are no metrics without a supervisor");
	else
		ok = serve(e, listen, &err);
	if (ok) {
		log_info("metrics: listening on %s", listen);
		event_add(e->look, &tv);
		role_ready(role);
		role_loop(role);
	} else {
		log_error("metrics: %s", err.text);
	}
	event_free(e->look);
	if (e->http != NULL)
		evhttp_free(e->http);
	free(e);
	return ok ? EX_OK : EX_UNAVAILABLE;
}
