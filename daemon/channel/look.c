/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions of plugins that talk with people. */
#include "channel/look.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/host.h"
#include "database/database.h"
#include "embedded.h"

/* Longer than anybody waits: a slow answer must not break the connection for the others. */
enum { CALL_TIMEOUT_MS = 60000 };

struct channel_look {
	LIST_ENTRY(channel_look) entry;
	struct database_call *call;
	struct event *late;
	channel_look_fn *done;
	void *arg;
};

struct looks {
	struct channel *channel;
	struct database *db;
	LIST_HEAD(, channel_look) list;
};

struct looks *
looks_new(struct channel *c, struct database *db)
{
	struct looks *looks = xcalloc(1, sizeof(*looks));

	looks->channel = c;
	looks->db = db;
	LIST_INIT(&looks->list);
	return looks;
}

void
channel_look_cancel(struct channel_look *l)
{
	LIST_REMOVE(l, entry);
	if (l->call != NULL)
		database_call_cancel(l->call);
	event_free(l->late);
	free(l);
}

void
looks_free(struct looks **looks)
{
	if (*looks == NULL)
		return;
	while (!LIST_EMPTY(&(*looks)->list))
		channel_look_cancel(LIST_FIRST(&(*looks)->list));
	free(*looks);
	*looks = NULL;
}

static void
finish(struct channel_look *l, const char *lines)
{
	channel_look_fn *done = l->done;
	void *arg = l->arg;

	channel_look_cancel(l);
	done(arg, lines);
}

static void
on_answer(void *arg, const struct call_outcome *o)
{
	struct channel_look *l = arg;

	l->call = NULL;
	if (o->end == CALL_FAILED)
		log_error("channel: a question was refused sqlstate=%s error=\"%s\"", o->sqlstate,
		    o->error);
	finish(l, o->end == CALL_DONE && result_rows(o->result) > 0
		      ? result_bytes(o->result, 0, 0, NULL)
		      : NULL);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, NULL);
}

struct channel_look *
channel_look(struct channel *c, const char *what, const char *key, const char *more,
    int64_t wait_ms, channel_look_fn *done, void *arg)
{
	struct channel_look *l = xcalloc(1, sizeof(*l));
	struct params p = { 0 };

	l->done = done;
	l->arg = arg;
	l->late = evtimer_new(c->base, on_late, l);
	if (l->late == NULL)
		abort();
	LIST_INSERT_HEAD(&c->looks->list, l, entry);
	params_text(&p, channel_name(c));
	params_time(&p, clock_now());
	params_text(&p, what);
	params_text(&p, key);
	params_text(&p, more);
	l->call = database_call(c->looks->db, &sql_channel_look, &p, CALL_TIMEOUT_MS, on_answer, l);
	params_clear(&p);
	event_add(l->late,
	    &(struct timeval){ .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 });
	return l;
}
