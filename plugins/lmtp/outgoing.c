/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in hand, and the connections that take them. */
#include "outgoing.h"

#include "address.h"
#include "../common/bytes.h"
#include "channel/channel.h"
#include "compose.h"
#include "settings.h"
#include "smtp.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum { AGAIN_MIN_MS = 500, AGAIN_MAX_MS = 60000 };

struct item {
	TAILQ_ENTRY(item) entry;
	struct channel_message *message;
};

struct place {
	struct smtp *smtp; /* NULL: no connection */
	struct channel_message *message;
};

struct outgoing {
	struct channel *channel;
	const struct settings *settings;
	TAILQ_HEAD(, item) waiting;
	struct place *places;
	struct event *again, *turn; /* when to connect anew; what must not happen inside send() */
	int64_t again_ms;
	bool up, stopping, stopped;
	void (*on_stopped)(void *arg);
	void *arg;
};

static void pump(struct outgoing *o);

static void
soon(struct event *ev, int64_t ms)
{
	event_add(ev, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
}

static struct place *
place_of(struct outgoing *o, const struct smtp *c)
{
	for (size_t i = 0; i < o->settings->smtp_connections; i++)
		if (o->places[i].smtp == c)
			return &o->places[i];
	abort();
}

static void
set_up(struct outgoing *o, bool up, const char *detail)
{
	o->up = up;
	channel_link_state(o->channel, NULL, up ? CHANNEL_LINK_UP : CHANNEL_LINK_DOWN, detail);
}

/* ---- connections ---------------------------------------------------------------------------- */

/* Answers have no sender, so that nothing can answer them (RFC 3834, 3.3). Of others what comes
 * back tells by its address what it is about. */
static void
make_sender(const struct settings *s, const struct letter *l, char *out, size_t room)
{
	char token[ADDRESS_TOKEN + 1];
	int n;

	if (l->answered[0] != '\0') {
		out[0] = '\0';
		return;
	}
	address_token(s->secret, -l->id, token);
	n = snprintf(
	    out, room, "bounce+%" PRId64 "-%s@%s", l->id, token, address_domain(s->address));
	if (s->secret[0] == '\0' || n < 0 || (size_t)n >= room)
		snprintf(out, room, "%s", s->address);
}

static void
give(struct outgoing *o, struct place *p, struct channel_message *m)
{
	struct letter letter = {
		.id = channel_message_id(m),
		.number = channel_message_number(m),
		.at_us = channel_now(),
		.to = channel_message_destination(m),
		.text = channel_message_text(m, NULL),
		.answered = channel_message_answered(m),
	};
	char sender[ADDRESS_LONGEST + 1];
	struct bytes mail = { 0 };

	compose(o->settings, &letter, &mail);
	p->message = m;
	make_sender(o->settings, &letter, sender, sizeof(sender));
	smtp_send(p->smtp, sender, letter.to, mail.data, mail.len);
	bytes_clear(&mail);
}

static void
on_ready(void *arg, struct smtp *c)
{
	struct outgoing *o = arg;

	(void)c;
	o->again_ms = AGAIN_MIN_MS;
	if (!o->up)
		set_up(o, true, o->settings->smtp_host);
	pump(o);
}

static void
on_mail_ended(void *arg, struct smtp *c, enum smtp_end end, const char *detail)
{
	static const enum channel_sent outcomes[] = {
		[SMTP_SENT] = CHANNEL_SENT_OK,
		[SMTP_REFUSED] = CHANNEL_SENT_FAILED,
		[SMTP_LATER] = CHANNEL_SENT_RETRY,
		[SMTP_UNKNOWN] = CHANNEL_SENT_UNKNOWN,
	};
	struct outgoing *o = arg;
	struct place *p = place_of(o, c);
	struct channel_message *m = p->message;
	char id[32];

	p->message = NULL;
	snprintf(id, sizeof(id), "mail.%" PRId64, channel_message_id(m));
	channel_message_done(m, outcomes[end], end == SMTP_SENT ? id : "", end == SMTP_SENT,
	    end == SMTP_LATER ? o->settings->retry_ms : 0, detail);
}

static void
on_gone(void *arg, struct smtp *c, bool idle, const char *reason)
{
	struct outgoing *o = arg;
	struct place *p = place_of(o, c);

	if (!idle && !o->stopping) {
		set_up(o, false, reason);
		soon(o->again, o->again_ms);
		o->again_ms = o->again_ms * 2 < AGAIN_MAX_MS ? o->again_ms * 2 : AGAIN_MAX_MS;
	}
	smtp_free(&p->smtp);
	pump(o);
}

static const struct smtp_hooks hooks = { on_ready, on_mail_ended, on_gone };

static void
open_one(struct outgoing *o)
{
	for (size_t i = 0; i < o->settings->smtp_connections; i++)
		if (o->places[i].smtp == NULL) {
			o->places[i].smtp =
			    smtp_new(channel_loop(o->channel), o->settings, &hooks, o);
			return;
		}
}

/* Connections that are being made or are busy will take some; one more is opened for the rest. */
static bool
is_connecting(const struct outgoing *o)
{
	for (size_t i = 0; i < o->settings->smtp_connections; i++)
		if (o->places[i].smtp != NULL && !smtp_is_ready(o->places[i].smtp) &&
		    o->places[i].message == NULL)
			return true;
	return false;
}

static bool
is_idle(const struct outgoing *o)
{
	for (size_t i = 0; i < o->settings->smtp_connections; i++)
		if (o->places[i].message != NULL)
			return false;
	return TAILQ_EMPTY(&o->waiting);
}

/* Gives each waiting message to a connection, or back where that is not to be had. */
static void
pump(struct outgoing *o)
{
	struct item *item;

	for (size_t i = 0; i < o->settings->smtp_connections; i++) {
		struct place *p = &o->places[i];
		if (p->smtp == NULL || !smtp_is_ready(p->smtp) ||
		    (item = TAILQ_FIRST(&o->waiting)) == NULL)
			continue;
		TAILQ_REMOVE(&o->waiting, item, entry);
		give(o, p, item->message);
		free(item);
	}
	while (!o->up && (item = TAILQ_FIRST(&o->waiting)) != NULL) {
		TAILQ_REMOVE(&o->waiting, item, entry);
		channel_message_done(
		    item->message, CHANNEL_SENT_RETRY, "", 0, 1000, "the MTA cannot be reached");
		free(item);
	}
	if (!TAILQ_EMPTY(&o->waiting) && !is_connecting(o))
		open_one(o);
	if (o->stopping && !o->stopped && is_idle(o)) {
		o->stopped = true;
		o->on_stopped(o->arg);
	}
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct outgoing *o = arg;

	(void)fd;
	(void)what;
	if (!o->up && !o->stopping && !is_connecting(o))
		open_one(o);
}

/* ---- life ----------------------------------------------------------------------------------- */

struct outgoing *
outgoing_new(struct channel *c, const struct settings *s, void (*on_stopped)(void *arg), void *arg)
{
	struct outgoing *o = bytes_alloc(1, sizeof(*o));

	o->channel = c;
	o->settings = s;
	o->on_stopped = on_stopped;
	o->arg = arg;
	o->again_ms = AGAIN_MIN_MS;
	TAILQ_INIT(&o->waiting);
	o->places = bytes_alloc(s->smtp_connections, sizeof(*o->places));
	o->again = evtimer_new(channel_loop(c), on_again, o);
	o->turn = evtimer_new(channel_loop(c), on_turn, o);
	if (o->again == NULL || o->turn == NULL)
		abort();
	return o;
}

void
outgoing_start(struct outgoing *o)
{
	if (o->settings->smtp_host[0] == '\0')
		channel_log(o->channel, CHANNEL_LOG_INFO, "smtp_host is empty: nothing is sent");
	else
		open_one(o);
}

void
outgoing_send(struct outgoing *o, struct channel_message *m)
{
	struct item *item = bytes_alloc(1, sizeof(*item));

	item->message = m;
	TAILQ_INSERT_TAIL(&o->waiting, item, entry);
	soon(o->turn, 0);
}

void
outgoing_stop(struct outgoing *o)
{
	o->stopping = true;
	event_del(o->again);
	pump(o);
}

void
outgoing_free(struct outgoing **outgoing)
{
	struct outgoing *o = *outgoing;
	struct item *item;

	*outgoing = NULL;
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->settings->smtp_connections; i++)
		smtp_free(&o->places[i].smtp);
	while ((item = TAILQ_FIRST(&o->waiting)) != NULL) {
		TAILQ_REMOVE(&o->waiting, item, entry);
		free(item);
	}
	event_free(o->again);
	event_free(o->turn);
	free(o->places);
	free(o);
}
