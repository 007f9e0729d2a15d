/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a town would put behind Kannel: a small HTTP service that inserts each message, the same
 * rows as ours, a transaction a message, over a few connections. It answers when that is
 * committed. Kannel's get-url for it:
 *
 *   http://127.0.0.1:PORT/?from=%p&to=%P&raw=%b
 */
#include <event2/event.h>
#include <event2/http.h>
#include <iconv.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

#define MAX_CONNECTIONS 64

static const char INSERT[] =
    "with i as (select hailan.make_id($1::timestamptz, nextval('hailan.inbox_seq')) as id),"
    " m as (insert into hailan.inbox (id, city, received_at, flags, lane, channel, link, source,"
    " destination, charset, raw, text, protocol) select id, 222405, $1::timestamptz, 0,"
    " hashtext($2::text) & 63, 'sms', 'l0', $2::text, $3::text, 'UTF-16BE', $4::bytea, $5::text,"
    " '{\"esm_class\":0,\"data_coding\":8}' from i),"
    " w as (insert into hailan.inbox_waiting (id, lane)"
    " select id, hashtext($2::text) & 63 from i)"
    " insert into hailan.seen (fingerprint, inbox_id, until)"
    " select md5($4::bytea || $2::text::bytea)::uuid, id, $1::timestamptz + interval '10 minutes'"
    " from i";

struct message {
	STAILQ_ENTRY(message) entry;
	struct evhttp_request *request;
	char *from, *to;
	struct buffer raw, text;
};

struct connection {
	PGconn *pg;
	struct event *readable;
	struct message *message; /* that is being stored; NULL: free */
};

static struct connection connections[MAX_CONNECTIONS];
static unsigned connection_count;
static STAILQ_HEAD(, message) waiting = STAILQ_HEAD_INITIALIZER(waiting);

static void
message_free(struct message *m)
{
	free(m->from);
	free(m->to);
	buffer_clear(&m->raw);
	buffer_clear(&m->text);
	free(m);
}

static void
store(struct connection *c, struct message *m)
{
	char at[CLOCK_TEXT];
	const char *values[] = { at, m->from, m->to, m->raw.data, m->text.data };
	const int lengths[] = { 0, 0, 0, (int)m->raw.len, 0 };
	const int formats[] = { 0, 0, 0, 1, 0 };

	clock_format(clock_now(), at);
	c->message = m;
	if (PQsendQueryPrepared(c->pg, "put", 5, values, lengths, formats, 0) != 1)
		fatal(EX_UNAVAILABLE, "postgresql: %s", PQerrorMessage(c->pg));
}

static void
store_some(void)
{
	for (unsigned i = 0; i < connection_count && !STAILQ_EMPTY(&waiting); i++) {
		if (connections[i].message != NULL)
			continue;
		struct message *m = STAILQ_FIRST(&waiting);
		STAILQ_REMOVE_HEAD(&waiting, entry);
		store(&connections[i], m);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	PGresult *result;
	bool done;

	(void)fd;
	(void)what;
	if (PQconsumeInput(c->pg) != 1)
		fatal(EX_UNAVAILABLE, "postgresql: %s", PQerrorMessage(c->pg));
	while (!PQisBusy(c->pg) && (result = PQgetResult(c->pg)) != NULL) {
		done = PQresultStatus(result) == PGRES_COMMAND_OK;
		if (!done)
			log_warning("postgresql: %s", PQresultErrorMessage(result));
		PQclear(result);
		evhttp_send_reply(
		    c->message->request, done ? 200 : 503, done ? "OK" : "later", NULL);
		message_free(c->message);
		c->message = NULL;
		while ((result = PQgetResult(c->pg)) != NULL)
			PQclear(result);
		store_some();
	}
}

/* The value of an argument with its %XX opened; it may hold NULs. */
static void
take_argument(const char *query, const char *name, struct buffer *out)
{
	size_t len = strlen(name);

	for (const char *at = query; at != NULL; at = strchr(at, '&')) {
		at += *at == '&';
		if (strncmp(at, name, len) != 0 || at[len] != '=')
			continue;
		char *value = xstrndup(at + len + 1, strcspn(at + len + 1, "&"));
		size_t size = 0;
		char *opened = evhttp_uridecode(value, 1, &size);
		if (opened != NULL)
			buffer_add(out, opened, size);
		free(opened);
		free(value);
		return;
	}
}

static void
take_text(const struct buffer *raw, struct buffer *text)
{
	static iconv_t cd;
	char out[1024], *from = raw->data, *to = out;
	size_t left = raw->len, room = sizeof(out);

	if (cd == NULL && (cd = iconv_open("UTF-8", "UTF-16BE")) == (iconv_t)-1)
		fatal(EX_UNAVAILABLE, "iconv: no UTF-16BE");
	iconv(cd, &from, &left, &to, &room);
	buffer_add(text, out, (size_t)(to - out));
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	struct message *m = xcalloc(1, sizeof(*m));
	struct buffer from = { 0 }, to = { 0 };

	(void)arg;
	m->request = request;
	buffer_add(&m->raw, "", 0);
	if (query != NULL) {
		take_argument(query, "from", &from);
		take_argument(query, "to", &to);
		take_argument(query, "raw", &m->raw);
	}
	take_text(&m->raw, &m->text);
	m->from = xstrdup(from.len > 0 ? from.data : "?");
	m->to = xstrdup(to.len > 0 ? to.data : "");
	buffer_clear(&from);
	buffer_clear(&to);
	STAILQ_INSERT_TAIL(&waiting, m, entry);
	store_some();
}

static void
connect_one(struct event_base *base, struct connection *c, const char *conninfo)
{
	PGresult *result;

	c->pg = PQconnectdb(conninfo);
	result = PQprepare(c->pg, "put", INSERT, 5, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fatal(EX_UNAVAILABLE, "postgresql: %s", PQerrorMessage(c->pg));
	PQclear(result);
	c->readable = event_new(base, PQsocket(c->pg), EV_READ | EV_PERSIST, on_readable, c);
	event_add(c->readable, NULL);
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct evhttp *http = evhttp_new(base);

	log_init("http_insert", LOG_LEVEL_INFO);
	connection_count = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	if (connection_count < 1 || connection_count > MAX_CONNECTIONS)
		fatal(EX_USAGE, "usage: http_insert PORT CONNINFO CONNECTIONS");
	for (unsigned i = 0; i < connection_count; i++)
		connect_one(base, &connections[i], argv[2]);
	if (evhttp_bind_socket(http, "127.0.0.1", (uint16_t)atoi(argv[1])) != 0)
		fatal(EX_UNAVAILABLE, "listen: port %s", argv[1]);
	evhttp_set_gencb(http, on_request, NULL);
	event_base_dispatch(base);
	return 0;
}
