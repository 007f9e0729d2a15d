/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages out. A row that was claimed is "handed over" in the database; should this process end
 * before it has written down the end, the next of the same name finds the row and decides by its
 * priority (outbox_recover).
 */
#include "channel/outbox.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/announce.h"
#include "channel/clean.h"
#include "channel/fault.h"
#include "channel/host.h"
#include "channel/look.h"
#include "channel/receipts.h"
#include "database/database.h"
#include "embedded.h"
#include "metrics/metrics.h"
#include "supervisor/role.h"

enum {
	CALL_TIMEOUT_MS = 20000,
	POLL_MS = 5000,
	LATE_US = 60000000,
	RETRY_MS = 300,
	DONE_AT_ONCE = 500,
	SLOW_HOLD_US = 5000000,
	THROTTLE_GUARD_US = 1000000,
	MEND_MS = 2000,
	COMPLAIN_US = 60000000,
	HELD_RETRY_MS = 1000,
	HELD_US = 15000000,
	MEASURE_US = 250000,
	IN_HAND_LEAST = 16,
	MESSAGE_DETAIL_MAX = 1000,
};

struct channel_message {
	TAILQ_ENTRY(channel_message) entry;
	struct channel *channel;
	struct channel_link *link;
	int64_t id, not_after_us, number;
	enum channel_priority priority;
	char *destination, *source, *text, *answered;
	size_t text_len;
	/* How it ended. */
	enum channel_sent outcome;
	char *peer_ids, *detail;
	unsigned parts;
	int64_t retry_at_us; /* 0: at once */
	int64_t given_us;    /* to the plugin, of the monotonic clock */
};
TAILQ_HEAD(messages, channel_message);

struct outbox {
	struct channel *channel;
	struct database *db;
	char *worker, *notify_name;
	bool up, recovered, recovering, claiming, more, draining;
	bool claim_lost; /* a claim may have handed over rows that we never saw */
	/* That claim, or one of the process before us, may end later than we have looked. */
	bool look_again;
	int64_t look_until_us;
	size_t in_hand_max, in_hand, done_count;
	struct messages hand, done; /* with the plugin; ended, to be written down */
	struct channel_message **writing;
	size_t writing_count, write_at_once;
	struct event *poll, *wake, *pace;
	struct params params;
	int64_t held_us; /* since when somebody else has our name; 0: nobody */
	int64_t sent, failed, retried, unknown, complained_us;
};

static void
message_free(struct channel_message *m)
{
	free(m->destination);
	free(m->source);
	free(m->text);
	free(m->answered);
	free(m->peer_ids);
	free(m->detail);
	free(m);
}

static void
soon(struct event *ev, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(ev, &tv);
}

/* ---- pacing --------------------------------------------------------------------------------- */

/* Half a second's worth of what the peer takes may be in hand: what is urgent must not wait behind
 * more than that. */
static int
hand_room(const struct outbox *o, const struct channel_link *l)
{
	int most = l->pace / 2 > IN_HAND_LEAST ? (int)(l->pace / 2) : IN_HAND_LEAST;

	if (most > (int)o->in_hand_max)
		most = (int)o->in_hand_max;
	return most - (int)l->in_hand;
}

static void
measure_pace(struct channel_link *l)
{
	int64_t now = clock_mono_us(), passed = now - l->measured_us;

	l->ended++;
	if (passed < MEASURE_US)
		return;
	l->pace = (l->pace + (double)l->ended * 1e6 / (double)passed) / 2;
	l->ended = 0;
	l->measured_us = now;
}

/* Messages that this link may be given now. */
static int
link_room(struct outbox *o, struct channel_link *l, int64_t now)
{
	int most = hand_room(o, l);
	double room;

	if (l->state != CHANNEL_LINK_UP || most <= 0)
		return 0;
	if (l->throttled_us != 0 && now - l->throttled_us > SLOW_HOLD_US) {
		/* A quarter more every few seconds, up to what is configured. */
		l->rate_now *= 1.25;
		l->throttled_us = now;
		if ((l->rate > 0 && l->rate_now >= l->rate) || l->rate_now > 10000) {
			l->rate_now = l->rate;
			l->throttled_us = 0;
		}
	}
	if (l->rate_now <= 0)
		return most;
	l->tokens += l->rate_now * (double)(now - l->filled_us) / 1e6;
	l->filled_us = now;
	/* Never more than a tenth of a second's worth at once. */
	room = l->rate_now / 10 > 1 ? l->rate_now / 10 : 1;
	if (l->tokens > room)
		l->tokens = room;
	return (int)l->tokens < most ? (int)l->tokens : most;
}

void
outbox_throttle(struct outbox *o, struct channel_link *l)
{
	int64_t now = clock_mono_us();
	double before = l->rate_now > 0 ? l->rate_now : l->pace > 1 ? l->pace : 100;

	(void)o;
	l->throttles++;
	metrics_add_to(metrics_labelled(METRIC_THROTTLED, l->name), 1);
	/* What was in hand when the peer said it first says it once more. */
	if (l->throttled_us != 0 && now - l->throttled_us < THROTTLE_GUARD_US)
		return;
	l->rate_now = before / 2 > 0.2 ? before / 2 : 0.2;
	l->throttled_us = now;
	l->filled_us = l->throttled_us;
	l->tokens = 0;
	log_info("channel: link=%s throttled rate=%.1f", l->name, l->rate_now);
}

/* What a person must mend is told once a minute, not at every try. */
static void
complain(struct outbox *o, const char *what, const struct call_outcome *outcome)
{
	int64_t now = clock_mono_us();

	if (outcome->end != CALL_FAILED || fault_of(outcome->sqlstate) == FAULT_MOMENT)
		return;
	if (o->complained_us != 0 && now - o->complained_us < COMPLAIN_US)
		return;
	o->complained_us = now;
	log_error(
	    "channel: %s failed sqlstate=%s error=\"%s\"", what, outcome->sqlstate, outcome->error);
}

/* ---- claiming ------------------------------------------------------------------------------- */

static void write_down(struct outbox *o);

static struct channel_link *
link_named(struct channel *c, const char *name)
{
	for (size_t i = 0; i < c->link_count; i++)
		if (strcmp(c->links[i].name, name) == 0)
			return &c->links[i];
	return &c->links[0];
}

static void
take_row(struct outbox *o, const struct result *r, int row)
{
	struct channel_message *m = xcalloc(1, sizeof(*m));
	const char *text;

	m->channel = o->channel;
	m->id = result_int(r, row, 0);
	m->link = link_named(o->channel, result_bytes(r, row, 1, NULL));
	m->destination = xstrdup(result_bytes(r, row, 2, NULL));
	m->source = xstrdup(result_bytes(r, row, 3, NULL));
	text = result_bytes(r, row, 4, &m->text_len);
	m->text = xmemdup0(text, m->text_len);
	m->priority = (enum channel_priority)result_int(r, row, 5);
	m->not_after_us = result_null(r, row, 6) ? 0 : result_time(r, row, 6);
	m->number = result_null(r, row, 7) ? 0 : result_int(r, row, 7);
	m->answered = xstrdup(result_null(r, row, 8) ? "" : result_bytes(r, row, 8, NULL));
	m->link->in_hand++;
	m->link->tokens -= 1;
	o->in_hand++;
	TAILQ_INSERT_TAIL(&o->hand, m, entry);
	m->given_us = clock_mono_us();
	if (m->link->state == CHANNEL_LINK_UP)
		o->channel->plugin->send(o->channel->state, m);
	else
		channel_message_done(m, CHANNEL_SENT_RETRY, "", 0, 0, "the link went down");
}

static void
on_claimed(void *arg, const struct call_outcome *outcome)
{
	struct outbox *o = arg;
	int rows;

	o->claiming = false;
	if (outcome->end != CALL_DONE) {
		o->more = true;
		complain(o, "outbox_claim", outcome);
		o->claim_lost |= outcome->end == CALL_LOST;
		soon(o->wake, RETRY_MS);
		return;
	}
	rows = result_rows(outcome->result);
	o->more |= rows > 0;
	for (int row = 0; row < rows; row++)
		take_row(o, outcome->result, row);
	if (o->more)
		soon(o->wake, 0);
	host_drained_maybe(o->channel);
}

static void
claim(struct outbox *o)
{
	struct channel *c = o->channel;
	int64_t now = clock_mono_us();
	int total = 0, left = (int)o->in_hand_max - (int)o->in_hand, up = 0;
	bool paced = false;

	params_reset(&o->params);
	params_text(&o->params, channel_name(c));
	params_time(&o->params, clock_now());
	params_text(&o->params, o->worker);
	params_array_begin(&o->params, OID_TEXT);
	for (size_t i = 0; i < c->link_count; i++)
		if (c->links[i].state == CHANNEL_LINK_UP) {
			params_array_bytes(&o->params, c->links[i].name, strlen(c->links[i].name));
			up++;
		}
	params_array_end(&o->params);
	params_array_begin(&o->params, OID_INT4);
	for (size_t i = 0; i < c->link_count; i++) {
		int room;

		if (c->links[i].state != CHANNEL_LINK_UP)
			continue;
		room = link_room(o, &c->links[i], now);
		paced |= room == 0;
		/* each link has its share, or the first would get all */
		if (room > (left + up - 1) / up)
			room = (left + up - 1) / up;
		up--;
		params_array_int4(&o->params, room);
		left -= room;
		total += room;
	}
	params_array_end(&o->params);
	if (total == 0) {
		if (paced) /* look again when there are tokens */
			soon(o->pace, 50);
		return;
	}
	params_bool(&o->params, c->plugin->answered);
	o->claiming = true;
	o->more = false; /* what we are told of from now on may be too late for this claim */
	database_call(o->db, &sql_outbox_claim, &o->params, CALL_TIMEOUT_MS, on_claimed, o);
}

/* A predecessor that has just died may have left a session that ends soon; one that stays is the
 * session of another process of our name. */
static void
held_by_another(struct outbox *o, const char *who)
{
	int64_t now = clock_mono_us();

	if (o->held_us == 0) {
		o->held_us = now;
		log_info("channel: nothing is sent yet: %s", who);
	} else if (now - o->held_us > HELD_US) {
		channel_alarm(o->channel, NULL, "outbox", true, who);
	}
	soon(o->wake, HELD_RETRY_MS);
}

static void
held_by_us(struct outbox *o)
{
	o->held_us = 0;
	channel_alarm(o->channel, NULL, "outbox", false, NULL);
}

static void
on_recovered(void *arg, const struct call_outcome *outcome)
{
	struct outbox *o = arg;

	o->recovering = false;
	if (outcome->end == CALL_DONE) {
		int64_t count = result_int(outcome->result, 0, 0);
		if (count > 0)
			log_warning(
			    "channel: %" PRId64
			    " messages were in hand when the process or the connection ended",
			    count);
		if (!o->recovered || o->claim_lost)
			o->look_until_us = clock_mono_us() + LATE_US;
		o->recovered = true;
		o->claim_lost = false;
		o->look_again = false;
		o->more = true;
		held_by_us(o);
		soon(o->wake, 0);
	} else if (outcome->end == CALL_FAILED && strcmp(outcome->sqlstate, "HA005") == 0) {
		held_by_another(o, outcome->error);
	} else {
		complain(o, "outbox_recover", outcome);
		soon(o->wake, RETRY_MS);
	}
}

/* What an earlier process had in hand may have been sent; what a lost claim took was not. */
static void
recover(struct outbox *o)
{
	const struct channel_message *m;

	o->recovering = true;
	params_reset(&o->params);
	params_text(&o->params, channel_name(o->channel));
	params_time(&o->params, clock_now());
	params_text(&o->params, o->worker);
	params_bool(&o->params, !o->recovered);
	params_array_begin(&o->params, OID_INT8);
	TAILQ_FOREACH(m, &o->hand, entry)
	params_array_int8(&o->params, m->id);
	TAILQ_FOREACH(m, &o->done, entry)
	params_array_int8(&o->params, m->id);
	for (size_t i = 0; i < o->writing_count; i++)
		params_array_int8(&o->params, o->writing[i]->id);
	params_array_end(&o->params);
	database_call(o->db, &sql_outbox_recover, &o->params, CALL_TIMEOUT_MS, on_recovered, o);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct outbox *o = arg;

	(void)fd;
	(void)what;
	write_down(o);
	if (!o->up || o->recovering || o->claiming || o->draining ||
	    o->channel->plugin->send == NULL)
		return;
	if (!o->recovered || o->claim_lost || o->look_again)
		recover(o);
	else if (o->more && o->channel->started && o->in_hand < o->in_hand_max &&
		 o->done_count < DONE_AT_ONCE * 4)
		claim(o);
}

void
outbox_wake(struct outbox *o)
{
	o->more = true;
	soon(o->wake, 0);
}

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct outbox *o = arg;

	(void)fd;
	(void)what;
	soon(o->poll, POLL_MS);
	o->look_again |= clock_mono_us() < o->look_until_us;
	outbox_wake(o);
}

static void
on_notify(void *arg, const char *payload)
{
	(void)payload;
	outbox_wake(arg);
}

/* ---- writing down --------------------------------------------------------------------------- */

static void
forget_written(struct outbox *o)
{
	for (size_t i = 0; i < o->writing_count; i++)
		message_free(o->writing[i]);
	o->writing_count = 0;
}

/* Back to where they stood. */
static void
unwrite(struct outbox *o)
{
	while (o->writing_count > 0) {
		struct channel_message *m = o->writing[--o->writing_count];
		TAILQ_INSERT_HEAD(&o->done, m, entry);
		o->done_count++;
	}
}

/* Returns how long to wait. A fault of a row is looked for by halves, and the one that stands alone
 * is given up, or it would stop all others. */
static int64_t
not_written(struct outbox *o, const struct call_outcome *outcome)
{
	enum fault fault = outcome->end == CALL_LOST ? FAULT_MOMENT : fault_of(outcome->sqlstate);

	if (fault == FAULT_MOMENT) {
		unwrite(o);
		return RETRY_MS;
	}
	if (fault == FAULT_INSTALLATION) {
		complain(o, "outbox_done", outcome);
		unwrite(o);
		return MEND_MS;
	}
	if (o->writing_count == 1) {
		log_error("channel: the end of a message is not taken id=%" PRId64
			  " sqlstate=%s error=\"%s\"",
		    o->writing[0]->id, outcome->sqlstate, outcome->error);
		forget_written(o);
	} else {
		o->write_at_once = o->writing_count / 2;
		unwrite(o);
	}
	return 0;
}

static void
on_written(void *arg, const struct call_outcome *outcome)
{
	struct outbox *o = arg;
	int64_t wait_ms = 0;

	if (outcome->end == CALL_DONE) {
		forget_written(o);
		o->write_at_once *= 2;
		if (o->write_at_once > DONE_AT_ONCE)
			o->write_at_once = DONE_AT_ONCE;
	} else {
		wait_ms = not_written(o, outcome);
	}
	soon(o->wake, wait_ms);
	host_drained_maybe(o->channel);
}

#define EACH(type, statement)                                            \
	do {                                                             \
		params_array_begin(p, type);                             \
		for (size_t i = 0; i < o->writing_count; i++) {          \
			const struct channel_message *m = o->writing[i]; \
			statement;                                       \
		}                                                        \
		params_array_end(p);                                     \
	} while (0)

static void
add_retry_time(struct params *p, const struct channel_message *m)
{
	if (m->retry_at_us == 0)
		params_array_null(p);
	else
		params_array_time(p, m->retry_at_us);
}

static void
write_down(struct outbox *o)
{
	struct params *p = &o->params;
	struct channel_message *next;

	if (!o->up || o->writing_count > 0 || o->done_count == 0)
		return;
	while (o->writing_count < o->write_at_once && (next = TAILQ_FIRST(&o->done)) != NULL) {
		TAILQ_REMOVE(&o->done, next, entry);
		o->done_count--;
		o->writing[o->writing_count++] = next;
	}
	params_reset(p);
	params_text(p, channel_name(o->channel));
	params_time(p, clock_now());
	params_text(p, o->worker);
	EACH(OID_INT8, params_array_int8(p, m->id));
	EACH(OID_INT2, params_array_int2(p, (int16_t)m->outcome));
	EACH(OID_TEXT, params_array_bytes(p, m->peer_ids, strlen(m->peer_ids)));
	EACH(OID_INT2, params_array_int2(p, (int16_t)m->parts));
	EACH(OID_TIMESTAMPTZ, add_retry_time(p, m));
	EACH(OID_TEXT, params_array_bytes(p, m->link->name, strlen(m->link->name)));
	EACH(OID_TEXT, params_array_bytes(p, m->detail, strlen(m->detail)));
	database_call(o->db, &sql_outbox_done, p, CALL_TIMEOUT_MS, on_written, o);
}

static void
count(const struct channel_message *m)
{
	static const enum metric metrics[] = {
		[CHANNEL_SENT_OK] = METRIC_SENT_OK,
		[CHANNEL_SENT_FAILED] = METRIC_SENT_FAILED,
		[CHANNEL_SENT_RETRY] = METRIC_SENT_RETRY,
		[CHANNEL_SENT_UNKNOWN] = METRIC_SENT_UNKNOWN,
	};

	metrics_add(metrics[m->outcome], 1);
	if (m->outcome == CHANNEL_SENT_OK)
		metrics_observe(HISTOGRAM_RESPONSE, clock_mono_us() - m->given_us, 1);
}

void
outbox_count(const struct outbox *o)
{
	metrics_set(METRIC_SENDING, (int64_t)o->in_hand);
}

void
channel_message_done(struct channel_message *m, enum channel_sent outcome, const char *peer_ids,
    unsigned parts, int64_t retry_ms, const char *detail)
{
	struct outbox *o = m->channel->outbox;

	TAILQ_REMOVE(&o->hand, m, entry);
	m->link->in_hand--;
	o->in_hand--;
	measure_pace(m->link);
	m->outcome = outcome;
	m->peer_ids = xstrdup(peer_ids != NULL ? peer_ids : "");
	clean_make(m->peer_ids, strlen(m->peer_ids));
	m->detail = xstrndup(detail != NULL ? detail : "", MESSAGE_DETAIL_MAX);
	clean_make(m->detail, strlen(m->detail));
	m->parts = parts;
	m->retry_at_us = retry_ms > 0 ? clock_now() + retry_ms * 1000 : 0;
	TAILQ_INSERT_TAIL(&o->done, m, entry);
	o->done_count++;
	o->sent += outcome == CHANNEL_SENT_OK;
	o->failed += outcome == CHANNEL_SENT_FAILED;
	o->retried += outcome == CHANNEL_SENT_RETRY;
	o->unknown += outcome == CHANNEL_SENT_UNKNOWN;
	count(m);
	if (outcome == CHANNEL_SENT_FAILED)
		log_warning(
		    "channel: message not sent id=%" PRId64 " reason=\"%s\"", m->id, m->detail);
	soon(o->wake, 0);
}

/* ---- life ----------------------------------------------------------------------------------- */

static void
on_database(void *arg, enum database_state state, const char *detail)
{
	struct outbox *o = arg;
	bool up = state == DATABASE_UP;

	if (state == DATABASE_CONNECTING || up == o->up)
		return;
	o->up = up;
	o->look_again = true; /* each session looks first, and holds our name by that */
	if (up)
		log_info("channel: database up connection=outbox");
	else
		log_warning("channel: database down connection=outbox reason=\"%s\"",
		    detail != NULL ? detail : "");
	if (o->channel->receipts != NULL)
		receipts_database(o->channel->receipts, up);
	if (up)
		outbox_wake(o);
}

struct outbox *
outbox_new(struct channel *c)
{
	struct outbox *o = xcalloc(1, sizeof(*o));
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	o->channel = c;
	o->worker = xasprintf("%s:%s", host, channel_name(c));
	o->notify_name = xasprintf("outbox_%s", channel_name(c));
	o->in_hand_max = (size_t)options_find(&c->options, "outbox")->number;
	o->write_at_once = DONE_AT_ONCE;
	o->writing = xcalloc(DONE_AT_ONCE, sizeof(struct channel_message *));
	TAILQ_INIT(&o->hand);
	TAILQ_INIT(&o->done);
	o->poll = evtimer_new(c->base, on_poll, o);
	o->wake = evtimer_new(c->base, on_wake, o);
	o->pace = evtimer_new(c->base, on_wake, o);
	o->db = database_new(c->base, role_conninfo(c->role), role_database_user(c->role),
	    role_name(c->role), on_database, o);
	database_listen(o->db, o->notify_name, on_notify, o);
	c->receipts = receipts_new(c, o->db);
	c->announce = announce_new(o->db);
	c->looks = looks_new(c, o->db);
	soon(o->poll, POLL_MS);
	return o;
}

void
outbox_free(struct outbox **outbox)
{
	struct outbox *o = *outbox;
	struct channel_message *m;

	*outbox = NULL;
	if (o == NULL)
		return;
	receipts_free(&o->channel->receipts);
	announce_free(&o->channel->announce);
	looks_free(&o->channel->looks);
	database_free(&o->db);
	while ((m = TAILQ_FIRST(&o->hand)) != NULL) {
		TAILQ_REMOVE(&o->hand, m, entry);
		message_free(m);
	}
	while ((m = TAILQ_FIRST(&o->done)) != NULL) {
		TAILQ_REMOVE(&o->done, m, entry);
		message_free(m);
	}
	forget_written(o);
	event_free(o->poll);
	event_free(o->wake);
	event_free(o->pace);
	params_clear(&o->params);
	free(o->writing);
	free(o->worker);
	free(o->notify_name);
	free(o);
}

void
outbox_drain(struct outbox *o)
{
	o->draining = true;
	soon(o->wake, 0);
}

size_t
outbox_pending(const struct outbox *o)
{
	return o->in_hand + o->done_count + o->writing_count + (o->claiming ? 1 : 0);
}

void
outbox_status(const struct outbox *o, struct buffer *json)
{
	buffer_printf(json,
	    "\"connected\":%s,\"in_hand\":%zu,\"to_write\":%zu,\"sent\":%" PRId64
	    ",\"failed\":%" PRId64 ",\"retried\":%" PRId64 ",\"unknown\":%" PRId64,
	    o->up ? "true" : "false", o->in_hand, o->done_count + o->writing_count, o->sent,
	    o->failed, o->retried, o->unknown);
}

/* ---- channel.h ------------------------------------------------------------------------------ */

int64_t
channel_message_id(const struct channel_message *m)
{
	return m->id;
}

struct channel_link *
channel_message_link(const struct channel_message *m)
{
	return m->link->name[0] != '\0' ? m->link : NULL;
}

const char *
channel_message_destination(const struct channel_message *m)
{
	return m->destination;
}

const char *
channel_message_source(const struct channel_message *m)
{
	return m->source;
}

const char *
channel_message_text(const struct channel_message *m, size_t *len)
{
	if (len != NULL)
		*len = m->text_len;
	return m->text;
}

enum channel_priority
channel_message_priority(const struct channel_message *m)
{
	return m->priority;
}

int64_t
channel_message_not_after(const struct channel_message *m)
{
	return m->not_after_us;
}

int64_t
channel_message_number(const struct channel_message *m)
{
	return m->number;
}

const char *
channel_message_answered(const struct channel_message *m)
{
	return m->answered;
}
