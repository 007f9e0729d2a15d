/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clerk's loop.
 *
 * One batch is being filed, the next is claimed, understood and decided meanwhile, and filed when
 * the first is committed: so the order of a sender's messages holds, and the server never waits for
 * us. When filing fails everything in hand is thrown away and claimed again, but for a message that
 * fails alone: that one is set aside.
 */
#include "clerk/clerk.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "clerk/batch.h"
#include "clerk/decide.h"
#include "clerk/message.h"
#include "clerk/policy.h"
#include "clerk/recent.h"
#include "database/database.h"
#include "embedded.h"
#include "metrics/metrics.h"
#include "settings/settings.h"
#include "supervisor/role.h"
#include "text/understand.h"

enum {
	LANES = 64,
	CALL_TIMEOUT_MS = 60000,
	HEARTBEAT_MS = 2000,
	POLL_MS = 1000,
	RETRY_MS = 500,
	NUMBERS_FIRST = 32,
	NUMBERS_MAX = 10000, /* as many as case_numbers gives at once */
	COUNTERS = 32,
};
/*
 * Ids hold milliseconds from bit 21 (make_id in sql/migrations), and an id may be committed later
 * than greater ones, by another connection or channel. So a claim begins where the last one ended
 * only as far as what came before can be taken as committed when that was looked at; else so far
 * back, without what is in hand. With empty hands it looks further back every second, now and then
 * at the very beginning. A sender's messages come over one connection: none is seen before an
 * earlier one, unless its commit took longer than OVERLAP_MS.
 */
#define ID_MS_SHIFT 21
#define OVERLAP_MS 3000
#define LOOK_BACK_MS 300000
#define WHOLE_SCAN_MS 30000

struct counter {
	const char *verdict;
	int64_t count;
	int64_t *metric;
};

struct clerk {
	struct role *role;
	struct event_base *base;
	struct database *db;
	struct event *heartbeat, *poll, *retry;
	char *worker;
	int batch_size;

	struct policy *policy;
	struct policy_load *loading;
	int64_t wanted_version; /* a batch was claimed under it */
	struct recent *recent;
	struct understand_scratch *scratch;
	struct params params;
	struct buffer text;

	int16_t lanes[LANES];
	unsigned lane_count;
	/* Case numbers to give out, from next_number on; wanted_numbers grows with the bursts, so
	 * that a quiet clerk wastes few at its end. */
	int64_t *numbers;
	unsigned number_at, number_count, wanted_numbers;
	bool asking_numbers, asking_lanes, asking_recent;
	unsigned recent_generation; /* that it was asked in */
	bool recent_known;          /* recent holds what the database knows of the last minutes */

	bool claiming, waiting_work, draining;
	int claimed_size;      /* the claim under way asks for so many */
	int64_t claimed_us;    /* the claim was sent, of the monotonic clock */
	int64_t cursor;        /* the greatest id that was claimed; 0: look back */
	int64_t settled;       /* what is below had been committed at the last claim */
	int64_t whole_scan_ms; /* when the whole queue was last looked at */
	struct batch *ready;   /* decided, waits for the one that is being filed */
	size_t looks;          /* questions about it that are not answered */
	LIST_HEAD(, look) asked;
	struct batch *filing;
	size_t file_from, file_to; /* the part of it that is being filed */
	unsigned generation;       /* answers to calls of an earlier one are ignored */
	unsigned stale_claims;     /* claims of earlier ones that are not answered yet */

	int64_t handled, set_aside, understood_us, understood;
	struct counter counters[COUNTERS];
	bool away; /* the database is, and that was told */
	char error[256];
};

/* A question about one message; its answer belongs to the batch of its generation. Owned by the
 * clerk's list until it is answered. */
struct look {
	LIST_ENTRY(look) entry;
	struct clerk *clerk;
	size_t index;
	unsigned generation;
};

static void pump(struct clerk *c);
static void file_range(struct clerk *c, size_t from, size_t to);

static void
after(struct event *ev, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(ev, &tv);
}

static void
note_error(struct clerk *c, const char *what, const char *why)
{
	snprintf(c->error, sizeof(c->error), "%s: %s", what, why);
}

/* Throws away what is in hand: it is still waiting in the database. */
static void
begin_anew(struct clerk *c, int64_t wait_ms)
{
	c->generation++;
	batch_free(&c->ready);
	batch_free(&c->filing);
	c->looks = 0;
	c->stale_claims += c->claiming;
	c->claiming = false;
	c->cursor = 0;
	c->whole_scan_ms = 0;
	c->waiting_work = true;
	recent_forget(c->recent);
	c->recent_known = false;
	after(c->retry, wait_ms);
}

static void
fail(struct clerk *c, const char *what, const struct call_outcome *o)
{
	note_error(c, what, o->error);
	if (o->end == CALL_FAILED && !sqlstate_is_transient(o->sqlstate))
		log_error("clerk: %s failed sqlstate=%s error=\"%s\"", what, o->sqlstate, o->error);
	else
		log_info("clerk: %s lost error=\"%s\"", what, o->error);
	begin_anew(c, RETRY_MS);
}

/* ---- policy --------------------------------------------------------------------------------- */

static void
on_policy(void *arg, struct policy *policy, bool transient, const char *reason)
{
	struct clerk *c = arg;
	char said[sizeof(c->error)];

	c->loading = NULL;
	if (policy == NULL) {
		memcpy(said, c->error, sizeof(said));
		note_error(c, "policy", reason);
		if (!transient && strcmp(said, c->error) != 0) /* once, not at each try */
			log_error("clerk: policy not loaded, %s: %s",
			    c->policy != NULL ? "the earlier one stays" : "cannot work without",
			    reason);
		if (c->policy != NULL) /* do not ask again before it changes */
			c->policy->version = c->wanted_version;
		after(c->retry, transient ? RETRY_MS : 5000);
		return;
	}
	policy_free(&c->policy);
	c->policy = policy;
	log_info("clerk: policy loaded version=%" PRId64 " units=%zu", policy->version,
	    policy->unit_count);
	role_ready(c->role);
	pump(c);
}

static void
load_policy(struct clerk *c)
{
	if (c->loading == NULL)
		c->loading = policy_load_start(c->db, on_policy, c);
}

/* ---- numbers -------------------------------------------------------------------------------- */

static void
on_numbers(void *arg, const struct call_outcome *o)
{
	struct clerk *c = arg;
	unsigned left = c->number_count - c->number_at;

	c->asking_numbers = false;
	if (o->end != CALL_DONE) {
		fail(c, "case_numbers", o);
		return;
	}
	memmove(c->numbers, c->numbers + c->number_at, left * sizeof(*c->numbers));
	c->number_at = 0;
	c->number_count = left;
	for (int row = 0; row < result_rows(o->result) && c->number_count < 2 * NUMBERS_MAX; row++)
		c->numbers[c->number_count++] = result_int(o->result, row, 0);
	pump(c);
}

static unsigned
numbers_left(const struct clerk *c)
{
	return c->number_count - c->number_at;
}

/* Each message takes one number at most, so a claim is never larger than what is left. */
static bool
enough_numbers(struct clerk *c)
{
	if (numbers_left(c) < c->wanted_numbers && !c->asking_numbers) {
		c->asking_numbers = true;
		params_reset(&c->params);
		params_int4(&c->params, (int32_t)c->wanted_numbers);
		database_call(c->db, &sql_case_numbers, &c->params, CALL_TIMEOUT_MS, on_numbers, c);
	}
	return numbers_left(c) >= NUMBERS_FIRST / 2;
}

static int
claim_size(const struct clerk *c)
{
	unsigned left = numbers_left(c);

	return left < (unsigned)c->batch_size ? (int)left : c->batch_size;
}

/* A claim came back full: the next may be larger. */
static void
want_more_numbers(struct clerk *c)
{
	unsigned most = (unsigned)c->batch_size * 2;

	c->wanted_numbers *= 2;
	if (c->wanted_numbers > most)
		c->wanted_numbers = most;
	if (c->wanted_numbers > NUMBERS_MAX)
		c->wanted_numbers = NUMBERS_MAX;
	if (c->wanted_numbers < NUMBERS_FIRST)
		c->wanted_numbers = NUMBERS_FIRST;
}

static int64_t
next_number(void *arg)
{
	struct clerk *c = arg;

	return c->numbers[c->number_at++];
}

/* ---- filing --------------------------------------------------------------------------------- */

static void
count_verdict(struct clerk *c, const char *verdict)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		if (c->counters[i].verdict == NULL)
			c->counters[i] = (struct counter){ .verdict = verdict,
				.metric = metrics_labelled(METRIC_VERDICTS, verdict) };
		if (strcmp(c->counters[i].verdict, verdict) == 0) {
			c->counters[i].count++;
			metrics_add_to(c->counters[i].metric, 1);
			return;
		}
	}
}

static void
filed(struct clerk *c)
{
	for (size_t i = c->file_from; i < c->file_to; i++)
		count_verdict(c, c->filing->decisions[i].verdict);
	c->handled += (int64_t)(c->file_to - c->file_from);
	metrics_observe(HISTOGRAM_FILE, clock_mono_us() - c->filing->claimed_us,
	    (int64_t)(c->file_to - c->file_from));
	if (c->file_to < c->filing->count) { /* the rest of a batch that was split */
		file_range(c, c->file_to, c->filing->count);
		return;
	}
	batch_free(&c->filing);
	pump(c);
}

static void
on_set_aside(void *arg, const struct call_outcome *o)
{
	struct clerk *c = arg;

	if (o->end != CALL_DONE) {
		fail(c, "clerk_set_aside", o);
		return;
	}
	c->set_aside++;
	metrics_add(METRIC_SET_ASIDE, 1);
	/* What was decided after it may lean on the case that it did not become: decide anew. */
	begin_anew(c, 0);
}

static void
set_aside(struct clerk *c, const struct decision *d, const struct call_outcome *o)
{
	log_error("clerk: message set aside id=%" PRId64 " sqlstate=%s error=\"%s\"", d->id,
	    o->sqlstate, o->error);
	params_reset(&c->params);
	params_time(&c->params, clock_now());
	params_int8(&c->params, d->id);
	params_text(&c->params, o->sqlstate);
	params_text(&c->params, o->error);
	database_call(c->db, &sql_clerk_set_aside, &c->params, CALL_TIMEOUT_MS, on_set_aside, c);
}

static void
on_filed(void *arg, const struct call_outcome *o)
{
	struct clerk *c = arg;

	if (c->filing == NULL) /* thrown away meanwhile */
		return;
	if (o->end == CALL_DONE) {
		filed(c);
	} else if (o->end == CALL_LOST || sqlstate_is_transient(o->sqlstate)) {
		fail(c, "clerk_file", o);
	} else if (strcmp(o->sqlstate, "HA001") == 0) {
		log_info("clerk: another clerk has some of these messages; claiming again");
		begin_anew(c, 0);
	} else if (c->file_to - c->file_from > 1) {
		log_info("clerk: batch of %zu failed, halving it sqlstate=%s",
		    c->file_to - c->file_from, o->sqlstate);
		file_range(c, c->file_from, c->file_from + (c->file_to - c->file_from) / 2);
	} else {
		set_aside(c, &c->filing->decisions[c->file_from], o);
	}
}

static void
file_range(struct clerk *c, size_t from, size_t to)
{
	c->file_from = from;
	c->file_to = to;
	batch_params(c->filing, from, to, clock_now(), &c->params);
	database_call(c->db,
	    batch_has_steps(c->filing, from, to) ? &sql_clerk_file_steps : &sql_clerk_file,
	    &c->params, CALL_TIMEOUT_MS, on_filed, c);
}

/* ---- questions about single messages -------------------------------------------------------- */

static struct decide_context
context(struct clerk *c, struct batch *b)
{
	return (struct decide_context){
		.policy = c->policy,
		.recent = c->recent,
		.scratch = c->scratch,
		.arena = &b->arena,
		.now_us = clock_now(),
		.next_number = next_number,
		.arg = c,
	};
}

static void
on_look(void *arg, const struct call_outcome *o)
{
	struct look *look = arg;
	struct clerk *c = look->clerk;
	struct decide_context context_now;
	struct decision *d;

	bool mine = look->generation == c->generation;
	size_t index = look->index;

	LIST_REMOVE(look, entry);
	free(look);
	if (!mine)
		return;
	if (o->end != CALL_DONE) {
		fail(c, "look", o);
		return;
	}
	d = &c->ready->decisions[index];
	context_now = context(c, c->ready);
	if (d->look != LOOK_MESSAGE) {
		const struct result *r = o->result;
		struct decide_known known = { .found = result_rows(r) > 0 };
		if (known.found) {
			known.wish = result_bool(r, 0, 1);
			known.category = result_bytes(r, 0, 2, NULL);
			known.state = result_bytes(r, 0, 3, NULL);
			known.unit = result_null(r, 0, 5) ? 0 : (int32_t)result_int(r, 0, 5);
		}
		if (d->look == LOOK_NUMBER)
			decide_number(&context_now, &known, d);
		else
			decide_about(&context_now, &known, d);
	} else {
		bool found = result_rows(o->result) > 0 && !result_null(o->result, 0, 0);
		decide_late_part(&context_now, found ? result_int(o->result, 0, 0) : 0, d);
	}
	c->looks--;
	pump(c);
}

static void
ask(struct clerk *c, size_t index)
{
	const struct decision *d = &c->ready->decisions[index];
	struct look *look = xcalloc(1, sizeof(*look));

	*look = (struct look){ .clerk = c, .index = index, .generation = c->generation };
	LIST_INSERT_HEAD(&c->asked, look, entry);
	c->looks++;
	params_reset(&c->params);
	params_int8(&c->params, d->look_id);
	if (d->look == LOOK_NUMBER)
		params_text(&c->params, d->source);
	database_call(c->db,
	    d->look == LOOK_NUMBER  ? &sql_case_look
	    : d->look == LOOK_ABOUT ? &sql_case_about
				    : &sql_case_of_message,
	    &c->params, CALL_TIMEOUT_MS, on_look, look);
}

/* ---- claiming ------------------------------------------------------------------------------- */

static void
decide_rows(struct clerk *c, const struct result *r)
{
	struct decide_context context_now;
	int64_t begin = clock_mono_us();
	int rows = result_rows(r);

	c->ready = batch_new();
	c->ready->claimed_us = c->claimed_us;
	context_now = context(c, c->ready);
	for (int row = 0; row < rows; row++) {
		struct message m;

		message_read(&m, r, row);
		message_decode(&m, c->policy, &c->text);
		decide(&context_now, &m, batch_add(c->ready));
	}
	c->understood_us += clock_mono_us() - begin;
	c->understood += rows;
	if (c->cursor < c->ready->decisions[rows - 1].id)
		c->cursor = c->ready->decisions[rows - 1].id;
	for (size_t i = 0; i < c->ready->count; i++)
		if (c->ready->decisions[i].look != LOOK_NOTHING)
			ask(c, i);
}

static void
on_claimed(void *arg, const struct call_outcome *o)
{
	struct clerk *c = arg;
	int rows;

	if (c->stale_claims > 0) { /* answers come in the order of the calls */
		c->stale_claims--;
		return;
	}
	c->claiming = false;
	if (o->end != CALL_DONE) {
		fail(c, "clerk_claim", o);
		return;
	}
	rows = result_rows(o->result);
	if (rows == 0) {
		pump(c);
		return;
	}
	c->waiting_work = true;
	if (rows == c->claimed_size)
		want_more_numbers(c);
	c->wanted_version = result_int(o->result, 0, 0);
	if (c->wanted_version != c->policy->version) {
		begin_anew(c, RETRY_MS); /* understood anew under the new policy */
		load_policy(c);
		return;
	}
	decide_rows(c, o->result);
	pump(c);
}

static int64_t
id_at(int64_t ms)
{
	return ms * (INT64_C(1) << ID_MS_SHIFT);
}

/* Where a claim begins. */
static int64_t
claim_after(struct clerk *c)
{
	int64_t now = clock_mono_ms();

	if (c->whole_scan_ms == 0 || (c->cursor == 0 && now - c->whole_scan_ms > WHOLE_SCAN_MS)) {
		c->whole_scan_ms = now;
		return 0;
	}
	if (c->cursor == 0)
		return id_at(clock_now() / 1000 - LOOK_BACK_MS);
	return c->cursor < c->settled ? c->cursor : c->settled;
}

static bool
empty_handed(const struct clerk *c)
{
	return c->filing == NULL && c->ready == NULL && !c->claiming;
}

static void
add_lanes(struct clerk *c)
{
	params_array_begin(&c->params, OID_INT2);
	for (unsigned i = 0; i < c->lane_count; i++)
		params_array_int2(&c->params, c->lanes[i]);
	params_array_end(&c->params);
}

static void
claim(struct clerk *c)
{
	int64_t from = claim_after(c);

	c->claiming = true;
	c->waiting_work =
	    false; /* what we are told of from now on may be too late for this claim */
	c->settled = id_at(clock_now() / 1000 - OVERLAP_MS);
	params_reset(&c->params);
	params_time(&c->params, clock_now());
	add_lanes(c);
	params_int8(&c->params, from);
	c->claimed_size = claim_size(c);
	params_int4(&c->params, c->claimed_size);
	params_array_begin(&c->params, OID_INT8);
	for (size_t i = 0; c->filing != NULL && i < c->filing->count; i++)
		if (c->filing->decisions[i].id > from)
			params_array_int8(&c->params, c->filing->decisions[i].id);
	params_array_end(&c->params);
	c->claimed_us = clock_mono_us();
	database_call(c->db, &sql_clerk_claim, &c->params, CALL_TIMEOUT_MS, on_claimed, c);
}

/* A successor, or a clerk that has thrown away what it had, learns what was filed a moment ago: the
 * same text in other bytes is no new case. */
static void
on_recent(void *arg, const struct call_outcome *o)
{
	struct clerk *c = arg;

	c->asking_recent = false;
	if (o->end != CALL_DONE) {
		fail(c, "clerk_recent", o);
		return;
	}
	if (c->recent_generation == c->generation) {
		recent_read(c->recent, o->result);
		c->recent_known = true;
	}
	pump(c);
}

static bool
knows_recent(struct clerk *c)
{
	if (c->recent_known || c->asking_recent)
		return c->recent_known;
	c->asking_recent = true;
	c->recent_generation = c->generation;
	params_reset(&c->params);
	params_time(&c->params, clock_now());
	add_lanes(c);
	database_call(c->db, &sql_clerk_recent, &c->params, CALL_TIMEOUT_MS, on_recent, c);
	return false;
}

static bool
may_claim(struct clerk *c)
{
	return !c->claiming && c->ready == NULL && c->waiting_work && !c->draining &&
	       c->lane_count > 0 && database_state(c->db) == DATABASE_UP && enough_numbers(c) &&
	       knows_recent(c);
}

/* Does whatever can be done next. */
static void
pump(struct clerk *c)
{
	if (c->draining && c->filing == NULL && c->ready == NULL) {
		role_stopped(c->role);
		return;
	}
	if (c->policy == NULL) {
		if (database_state(c->db) == DATABASE_UP)
			load_policy(c);
		return;
	}
	if (c->filing == NULL && c->ready != NULL && c->looks == 0) {
		c->filing = c->ready;
		c->ready = NULL;
		/* The next claim is sent first: it is executed before the filing. */
		if (may_claim(c))
			claim(c);
		file_range(c, 0, c->filing->count);
	} else if (may_claim(c)) {
		claim(c);
	}
}

/* ---- lanes ---------------------------------------------------------------------------------- */

static bool
same_lanes(const struct clerk *c, const struct result *r)
{
	if ((unsigned)result_rows(r) != c->lane_count)
		return false;
	for (unsigned i = 0; i < c->lane_count; i++)
		if (c->lanes[i] != (int16_t)result_int(r, (int)i, 0))
			return false;
	return true;
}

static void
on_lanes(void *arg, const struct call_outcome *o)
{
	struct clerk *c = arg;

	c->asking_lanes = false;
	if (o->end != CALL_DONE) {
		c->lane_count = 0;
		fail(c, "clerk_lanes", o);
		return;
	}
	if (same_lanes(c, o->result))
		return;
	c->lane_count = 0;
	for (int row = 0; row < result_rows(o->result) && row < LANES; row++)
		c->lanes[c->lane_count++] = (int16_t)result_int(o->result, row, 0);
	log_info("clerk: lanes held=%u", c->lane_count);
	begin_anew(c, 0);
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct clerk *c = arg;

	(void)fd;
	(void)what;
	after(c->heartbeat, HEARTBEAT_MS);
	if (c->asking_lanes || c->draining || database_state(c->db) != DATABASE_UP)
		return;
	c->asking_lanes = true;
	params_reset(&c->params);
	params_time(&c->params, clock_now());
	params_text(&c->params, c->worker);
	database_call(c->db, &sql_clerk_lanes, &c->params, CALL_TIMEOUT_MS, on_lanes, c);
}

/* ---- events --------------------------------------------------------------------------------- */

static void
on_database(void *arg, enum database_state state, const char *detail)
{
	struct clerk *c = arg;

	if (state == DATABASE_UP) {
		log_info("clerk: database up");
		c->away = false;
		c->error[0] = '\0';
		c->asking_lanes = c->asking_numbers = c->asking_recent = false;
		after(c->heartbeat, 0);
		pump(c);
	} else if (state == DATABASE_DOWN) {
		if (!c->away)
			log_warning("clerk: database down reason=\"%s\"", detail);
		c->away = true;
		note_error(c, "database", detail);
		c->lane_count = 0; /* the locks went with the session */
		c->asking_lanes = c->asking_numbers = c->asking_recent = false;
	}
}

static void
on_notify(void *arg, const char *payload)
{
	struct clerk *c = arg;

	(void)payload;
	c->waiting_work = true;
	pump(c);
}

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct clerk *c = arg;

	(void)fd;
	(void)what;
	after(c->poll, POLL_MS);
	c->waiting_work = true;
	if (empty_handed(c))
		c->cursor = 0;
	pump(c);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

static void
on_drain(void *arg)
{
	struct clerk *c = arg;

	c->draining = true;
	if (c->filing == NULL)
		batch_free(&c->ready);
	pump(c);
}

static void
on_status(void *arg, struct buffer *json)
{
	struct clerk *c = arg;
	size_t in_hand =
	    (c->filing != NULL ? c->filing->count : 0) + (c->ready != NULL ? c->ready->count : 0);

	metrics_set(METRIC_DATABASE_UP, database_state(c->db) == DATABASE_UP);
	metrics_set(METRIC_CLERK_LANES, c->lane_count);
	metrics_set(METRIC_CLERK_IN_HAND, (int64_t)in_hand);
	buffer_printf(json,
	    "\"database\":\"%s\",\"lanes\":%u,\"handled\":%" PRId64 ",\"set_aside\":%" PRId64
	    ",\"in_hand\":%zu,\"policy_version\":%" PRId64
	    ",\"understanding_us\":%.1f,\"verdicts\":{",
	    database_state(c->db) == DATABASE_UP ? "up" : "down", c->lane_count, c->handled,
	    c->set_aside, in_hand, c->policy != NULL ? c->policy->version : 0,
	    c->understood > 0 ? (double)c->understood_us / (double)c->understood : 0.0);
	for (unsigned i = 0; i < COUNTERS && c->counters[i].verdict != NULL; i++)
		buffer_printf(json, "%s\"%s\":%" PRId64, i > 0 ? "," : "", c->counters[i].verdict,
		    c->counters[i].count);
	buffer_add_string(json, "},\"last_error\":");
	buffer_add_json(json, c->error, strlen(c->error));
}

static char *
worker_name(const struct role *role)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	return xasprintf("%s:%s:%d", host, role_name(role), (int)getpid());
}

int
clerk_role(struct role *role)
{
	struct clerk *c = xcalloc(1, sizeof(*c));
	struct look *look;

	c->role = role;
	c->base = role_base(role);
	c->worker = worker_name(role);
	c->batch_size = (int)settings_integer(role_settings(role), "clerk", "batch");
	c->numbers = xcalloc(2 * NUMBERS_MAX, sizeof(*c->numbers));
	c->wanted_numbers = NUMBERS_FIRST;
	c->recent = recent_new();
	c->scratch = understand_scratch_new();
	c->heartbeat = evtimer_new(c->base, on_heartbeat, c);
	c->poll = evtimer_new(c->base, on_poll, c);
	c->retry = evtimer_new(c->base, on_retry, c);
	c->waiting_work = true;
	c->db = database_new(c->base, role_conninfo(role), role_database_user(role),
	    role_name(role), on_database, c);
	database_listen(c->db, "inbox", on_notify, c);
	after(c->heartbeat, 0);
	after(c->poll, POLL_MS);
	role_on_status(role, on_status, c);
	role_on_drain(role, on_drain, c);
	role_loop(role);

	policy_load_cancel(&c->loading);
	database_free(&c->db);
	while ((look = LIST_FIRST(&c->asked)) != NULL) {
		LIST_REMOVE(look, entry);
		free(look);
	}
	event_free(c->heartbeat);
	event_free(c->poll);
	event_free(c->retry);
	batch_free(&c->ready);
	batch_free(&c->filing);
	policy_free(&c->policy);
	recent_free(&c->recent);
	understand_scratch_free(&c->scratch);
	params_clear(&c->params);
	buffer_clear(&c->text);
	free(c->numbers);
	free(c->worker);
	free(c);
	return EX_OK;
}
