/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A batch that is refused is halved until the one that is wrong stands alone. One that was lost is
 * sent again as a whole: the database knows what it has seen.
 */
#include "channel/batcher.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/slab.h"
#include "base/xalloc.h"
#include "channel/fault.h"
#include "channel/pieces.h"
#include "database/database.h"

enum { PREFETCH = 8 }; /* submissions ahead */
enum { CALL_TIMEOUT_MS = 20000, RETRY_MS = 200, MEND_MS = 1000 };
/* A batch is full with so many bytes too: a call has its time. */
enum { BATCH_BYTES = 8 << 20, PARAMS_KEPT = 4 << 20 };
/* A fault of the installation is told so often. */
#define COMPLAIN_US (INT64_C(60) * 1000000)
/* So long a submission is tried again before the peer is told to come later. */
#define PATIENCE_US (INT64_C(30) * 1000000)

TAILQ_HEAD(submissions, channel_submission);

/* A ring of pointers: what waits is moved into a batch without being touched, since by then it has
 * left the processor's caches. */
struct queue {
	struct channel_submission **ring;
	size_t room; /* a power of two, or 0 */
	size_t first, count;
};

struct batcher {
	struct database *db;
	const struct batcher_kind *kind;
	void *arg;
	size_t batch_max, pending;
	bool up;
	struct queue waiting;
	struct channel_submission **flight; /* the batch under way: [from, to) is being sent */
	size_t flight_count, from, to;
	int64_t tried_us; /* when the flight was first sent */
	struct database_call *call;
	struct event *flush, *retry, *deliver;
	struct submissions ended; /* to be told in the next turn */
	struct params params;
	int64_t sent_us, complained_us;
	struct batcher_figures figures;
};

static void flush(struct batcher *b);

static void
queue_grow(struct queue *q)
{
	size_t room = q->room != 0 ? q->room * 2 : 64;
	struct channel_submission **ring = xcalloc(room, sizeof(struct channel_submission *));

	for (size_t i = 0; i < q->count; i++)
		ring[i] = q->ring[(q->first + i) & (q->room - 1)];
	free(q->ring);
	*q = (struct queue){ .ring = ring, .room = room, .count = q->count };
}

static void
queue_put(struct queue *q, struct channel_submission *s)
{
	if (q->count == q->room)
		queue_grow(q);
	q->ring[(q->first + q->count++) & (q->room - 1)] = s;
}

/* NULL: there is none. */
static struct channel_submission *
queue_take(struct queue *q)
{
	struct channel_submission *s = q->count > 0 ? q->ring[q->first] : NULL;

	if (s != NULL) {
		q->first = (q->first + 1) & (q->room - 1);
		q->count--;
	}
	return s;
}

/* why is a literal. */
static void
end_later(struct batcher *b, struct channel_submission *s, const char *why)
{
	s->outcome = CHANNEL_LATER;
	s->reason = why;
	TAILQ_INSERT_TAIL(&b->ended, s, entry);
	event_active(b->deliver, EV_TIMEOUT, 0);
}

static void
ask(struct batcher *b, struct channel_submission *s)
{
	if (!b->up) {
		end_later(b, s, "the database is away");
		return;
	}
	queue_put(&b->waiting, s);
	/* In the next turn: what one read brings goes together. */
	if (b->call == NULL)
		event_active(b->flush, EV_TIMEOUT, 0);
}

static void
tell(struct batcher *b, struct channel_submission *s)
{
	struct channel_submission *twin = s->twins, *next;
	bool there = s->outcome == CHANNEL_STORED || s->outcome == CHANNEL_DUPLICATE;

	s->twins = NULL;
	if (b->kind->ended != NULL)
		b->kind->ended(b->arg, s);
	b->pending--;
	for (; twin != NULL; twin = next) {
		next = twin->twins;
		twin->twins = NULL;
		if (there) {
			ask(b, twin);
			continue;
		}
		twin->outcome = s->outcome;
		twin->reason = s->reason;
		tell(b, twin);
	}
	if (s->done != NULL)
		s->done(s->arg, s->outcome, s->reason);
	pieces_drop(s);
	slab_give(s);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct batcher *b = arg;
	struct submissions now = TAILQ_HEAD_INITIALIZER(now);
	struct channel_submission *s;

	(void)fd;
	(void)what;
	TAILQ_CONCAT(&now, &b->ended, entry);
	while ((s = TAILQ_FIRST(&now)) != NULL) {
		TAILQ_REMOVE(&now, s, entry);
		tell(b, s);
	}
}

/* ---- a batch under way ---------------------------------------------------------------------- */

static void on_answer(void *arg, const struct call_outcome *o);

static void
send_range(struct batcher *b, size_t from, size_t to)
{
	b->from = from;
	b->to = to;
	params_reset(&b->params);
	b->kind->params(b->arg, b->flight + from, to - from, &b->params);
	b->sent_us = clock_mono_us();
	/* A second more for each mebibyte. */
	b->call = database_call(b->db, b->kind->statement, &b->params,
	    CALL_TIMEOUT_MS + (int)(b->params.bytes.len >> 20) * 1000, on_answer, b);
	/* The library has a copy; what a large mail needed is not kept for small ones. */
	if (b->params.bytes.room > PARAMS_KEPT)
		params_clear(&b->params);
}

static void
next_range(struct batcher *b)
{
	if (b->to < b->flight_count) {
		send_range(b, b->to, b->flight_count);
		return;
	}
	b->flight_count = 0;
	flush(b);
}

static void
stored(struct batcher *b, const struct result *r)
{
	size_t count = b->to - b->from;

	b->complained_us = 0;
	b->figures.batches++;
	b->figures.stored += (int64_t)count;
	b->figures.last_batch = (int64_t)count;
	b->figures.last_commit_us = clock_mono_us() - b->sent_us;
	for (size_t i = b->from; i < b->to; i++)
		b->flight[i]->outcome = CHANNEL_STORED;
	if (b->kind->committed != NULL)
		b->kind->committed(b->arg, b->figures.last_commit_us);
	if (b->kind->answer != NULL)
		b->kind->answer(b->arg, r, b->flight + b->from, count);
	/* The next batch is under way before anybody is told. */
	struct channel_submission **told = xcalloc(count, sizeof(struct channel_submission *));
	memcpy(told, b->flight + b->from, count * sizeof(*told));
	next_range(b);
	for (size_t i = 0; i < count; i++) {
		/* They were last touched a commit ago. */
		if (i + PREFETCH < count)
			__builtin_prefetch(told[i + PREFETCH]);
		tell(b, told[i]);
	}
	free(told);
}

static void
lost(struct batcher *b, const char *why, int again_ms)
{
	int64_t now = clock_mono_us();
	size_t kept = 0;

	log_debug("channel: batch of %zu lost error=\"%s\"", b->to - b->from, why);
	for (size_t i = b->from; i < b->flight_count; i++) {
		struct channel_submission *s = b->flight[i];
		if (now - b->tried_us > PATIENCE_US)
			end_later(b, s, "the database is away");
		else
			b->flight[kept++] = s;
	}
	b->flight_count = kept;
	b->from = b->to = 0;
	event_add(b->retry,
	    &(struct timeval){ .tv_sec = again_ms / 1000, .tv_usec = again_ms % 1000 * 1000 });
}

/* Not the fault of any report: they wait, and peers are told to come later, until it is mended. */
static void
not_taken(struct batcher *b, const struct call_outcome *o)
{
	int64_t now = clock_mono_us();

	if (b->complained_us == 0 || now - b->complained_us > COMPLAIN_US) {
		log_error("channel: the database does not take %s sqlstate=%s error=\"%s\"",
		    b->kind->statement->name, o->sqlstate, o->error);
		b->complained_us = now;
	}
	lost(b, o->error, MEND_MS);
}

static void
refused(struct batcher *b, const struct call_outcome *o, enum fault fault)
{
	struct channel_submission *s = b->flight[b->from];

	if (b->to - b->from > 1) {
		send_range(b, b->from, b->from + (b->to - b->from) / 2);
		return;
	}
	/* Once more alone: the fault may have been of the moment (a partition being made). */
	if (s->refusals++ == 0) {
		send_range(b, b->from, b->to);
		return;
	}
	log_warning("channel: report %s sqlstate=%s error=\"%s\"",
	    fault == FAULT_ROW ? "refused" : "put off", o->sqlstate, o->error);
	s->outcome = fault == FAULT_ROW ? CHANNEL_REFUSED : CHANNEL_LATER;
	s->reason = o->error;
	b->from = b->to; /* it is out of the batch before anybody is told */
	tell(b, s);
	next_range(b);
}

static void
on_answer(void *arg, const struct call_outcome *o)
{
	struct batcher *b = arg;
	enum fault fault = o->end == CALL_FAILED ? fault_of(o->sqlstate) : FAULT_MOMENT;

	b->call = NULL;
	if (o->end == CALL_DONE)
		stored(b, o->result);
	else if (fault == FAULT_MOMENT)
		lost(b, o->error, RETRY_MS);
	else if (fault == FAULT_INSTALLATION)
		not_taken(b, o);
	else
		refused(b, o, fault);
}

/* ---- gathering ------------------------------------------------------------------------------ */

static void
flush(struct batcher *b)
{
	struct channel_submission *s;
	size_t bytes = 0;

	if (b->call != NULL || !b->up)
		return;
	if (b->flight_count == 0) {
		while (b->flight_count < b->batch_max && bytes < BATCH_BYTES &&
		       (s = queue_take(&b->waiting)) != NULL) {
			b->flight[b->flight_count++] = s;
			bytes += s->size;
		}
		b->tried_us = clock_mono_us();
	}
	if (b->flight_count > 0)
		send_range(b, 0, b->flight_count);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

/* The database is away: what was lost is tried again while there is patience. */
static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct batcher *b = arg;

	(void)fd;
	(void)what;
	if (b->up)
		flush(b);
	else if (b->flight_count > 0 && b->call == NULL)
		lost(b, "the database is away", RETRY_MS);
}

struct batcher *
batcher_new(struct event_base *base, struct database *db, const struct batcher_kind *kind,
    size_t batch_max, void *arg)
{
	struct batcher *b = xcalloc(1, sizeof(*b));

	b->db = db;
	b->kind = kind;
	b->arg = arg;
	b->batch_max = batch_max;
	b->flight = xcalloc(batch_max, sizeof(struct channel_submission *));
	b->flush = evtimer_new(base, on_flush, b);
	b->retry = evtimer_new(base, on_retry, b);
	b->deliver = evtimer_new(base, on_deliver, b);
	TAILQ_INIT(&b->ended);
	return b;
}

static void
give_back(struct channel_submission *s)
{
	for (struct channel_submission *twin; s != NULL; s = twin) {
		twin = s->twins;
		pieces_drop(s);
		slab_give(s);
	}
}

void
batcher_free(struct batcher **batcher)
{
	struct batcher *b = *batcher;
	struct channel_submission *s;

	*batcher = NULL;
	if (b == NULL)
		return;
	if (b->call != NULL)
		database_call_cancel(b->call);
	for (size_t i = b->from; i < b->flight_count; i++)
		give_back(b->flight[i]);
	while ((s = queue_take(&b->waiting)) != NULL)
		give_back(s);
	while ((s = TAILQ_FIRST(&b->ended)) != NULL) {
		TAILQ_REMOVE(&b->ended, s, entry);
		give_back(s);
	}
	event_free(b->flush);
	event_free(b->retry);
	event_free(b->deliver);
	params_clear(&b->params);
	free(b->waiting.ring);
	free(b->flight);
	free(b);
}

void
batcher_add(struct batcher *b, struct channel_submission *s)
{
	b->pending++;
	ask(b, s);
}

void
batcher_end(struct batcher *b, struct channel_submission *s)
{
	b->pending++;
	TAILQ_INSERT_TAIL(&b->ended, s, entry);
	event_active(b->deliver, EV_TIMEOUT, 0);
}

void
batcher_join(struct batcher *b, struct channel_submission *s, struct channel_submission *twin)
{
	b->pending++;
	twin->twins = s->twins;
	s->twins = twin;
}

void
batcher_database(struct batcher *b, bool up)
{
	struct channel_submission *s;

	b->up = up;
	if (up) {
		flush(b);
		return;
	}
	while ((s = queue_take(&b->waiting)) != NULL)
		end_later(b, s, "the database is away");
}

size_t
batcher_pending(const struct batcher *b)
{
	return b->pending;
}

void
batcher_figures(const struct batcher *b, struct batcher_figures *out)
{
	*out = b->figures;
}
