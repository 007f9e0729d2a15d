/* SPDX-License-Identifier: BSD-2-Clause */
#include "channel/pieces.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/batcher.h"
#include "database/database.h"
#include "embedded.h"

enum { PIECE_BYTES = 1 << 20, CALL_TIMEOUT_MS = 20000 };

TAILQ_HEAD(submissions, channel_submission);

struct pieces {
	struct database *db;
	const char *channel;
	pieces_fn *done;
	void *arg;
	struct submissions waiting; /* the first is under way */
	struct database_call *call;
	size_t place, sent; /* of the first: 0 its raw, then its files; bytes of that */
	int32_t n;
	struct params params;
	char *window;
};

static void next(struct pieces *p);

static bool
is_at(const struct channel_submission *s, size_t place, int64_t *at, size_t *len)
{
	if (place == 0) {
		*at = s->raw_at;
		*len = s->raw.len;
		return true;
	}
	*at = s->files[place - 1].at;
	*len = s->files[place - 1].content.len;
	return s->files[place - 1].content.data == NULL;
}

static void
end(struct pieces *p, const char *why)
{
	struct channel_submission *s = TAILQ_FIRST(&p->waiting);

	TAILQ_REMOVE(&p->waiting, s, entry);
	p->place = p->sent = 0;
	p->n = 0;
	p->done(p->arg, s, why);
	if (!TAILQ_EMPTY(&p->waiting))
		next(p);
	else
		params_clear(&p->params);
}

static void
on_answer(void *arg, const struct call_outcome *o)
{
	struct pieces *p = arg;

	p->call = NULL;
	if (o->end == CALL_DONE) {
		next(p);
		return;
	}
	if (o->end == CALL_FAILED)
		log_error("channel: the database does not take a piece sqlstate=%s error=\"%s\"",
		    o->sqlstate, o->error);
	end(p, o->end == CALL_LOST ? "the database is away" : "the database does not take it");
}

static void
send_piece(struct pieces *p, const struct channel_submission *s, size_t len)
{
	params_reset(&p->params);
	params_text(&p->params, p->channel);
	params_time(&p->params, clock_now());
	params_bytea(&p->params, s->key, sizeof(s->key));
	params_int4(&p->params, (int32_t)p->place);
	params_int4(&p->params, p->n++);
	params_bytea(&p->params, p->window, len);
	p->sent += len;
	p->call =
	    database_call(p->db, &sql_inbox_piece_put, &p->params, CALL_TIMEOUT_MS, on_answer, p);
}

/* The next piece of the first that waits, or its end. */
static void
next(struct pieces *p)
{
	const struct channel_submission *s = TAILQ_FIRST(&p->waiting);
	int64_t at;
	size_t len;
	ssize_t n;

	while (p->place <= s->file_count && (!is_at(s, p->place, &at, &len) || p->sent == len)) {
		p->place++;
		p->sent = 0;
		p->n = 0;
	}
	if (p->place > s->file_count) {
		end(p, NULL);
		return;
	}
	len -= p->sent;
	n = pread(
	    s->spool, p->window, len < PIECE_BYTES ? len : PIECE_BYTES, at + (int64_t)p->sent);
	if (n > 0) {
		send_piece(p, s, (size_t)n);
		return;
	}
	log_error("channel: the spool of a report cannot be read");
	end(p, "its spool cannot be read");
}

struct pieces *
pieces_new(struct database *db, const char *channel, pieces_fn *done, void *arg)
{
	struct pieces *p = xcalloc(1, sizeof(*p));

	p->db = db;
	p->channel = channel;
	p->done = done;
	p->arg = arg;
	TAILQ_INIT(&p->waiting);
	return p;
}

void
pieces_free(struct pieces **pieces)
{
	struct pieces *p = *pieces;
	struct channel_submission *s;

	*pieces = NULL;
	if (p == NULL)
		return;
	if (p->call != NULL)
		database_call_cancel(p->call);
	while ((s = TAILQ_FIRST(&p->waiting)) != NULL) {
		TAILQ_REMOVE(&p->waiting, s, entry);
		pieces_drop(s);
	}
	params_clear(&p->params);
	free(p->window);
	free(p);
}

void
pieces_add(struct pieces *p, struct channel_submission *s)
{
	if (p->window == NULL)
		p->window = xmalloc(PIECE_BYTES);
	TAILQ_INSERT_TAIL(&p->waiting, s, entry);
	if (TAILQ_FIRST(&p->waiting) == s)
		next(p);
}

void
pieces_params(const struct channel_submission *s, struct params *out)
{
	int64_t at;
	size_t len;

	params_bytea(out, s->key, sizeof(s->key));
	params_array_begin(out, OID_INT8);
	for (size_t place = 0; place <= s->file_count; place++)
		if (is_at(s, place, &at, &len))
			params_array_int8(out, (int64_t)len);
		else
			params_array_null(out);
	params_array_end(out);
}

void
pieces_drop(struct channel_submission *s)
{
	if (s->spooled)
		close(s->spool);
	s->spooled = false;
}
