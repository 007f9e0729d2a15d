/* SPDX-License-Identifier: BSD-2-Clause */
/* One round after the other: ring, tell, make timers anew where rules changed, and, where time
 * stands still, move it; then sleep. One call at a time. */
#include "timekeeper/ringer.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "database/database.h"
#include "embedded.h"
#include "metrics/metrics.h"

enum {
	CALL_TIMEOUT_MS = 300000,
	AT_ONCE = 500,           /* timers or people in one transaction */
	RECOMPUTE_AT_ONCE = 200, /* cases */
	POLL_MS = 5000,          /* a notification may be missed */
	STEP_POLL_MS = 500,
	WHOLE_LOOK_MS = 10000,
	AGAIN_MS = 20, /* somebody else has what is due, or the others are not done */
	RETRY_MS = 1000,
};

enum phase { PHASE_RING, PHASE_TELL, PHASE_RECOMPUTE, PHASE_STEP, PHASE_SET_ASIDE };

static const struct phase_call {
	const char *name;
	const struct sql_statement *statement;
	int32_t limit; /* the second parameter; 0: there is none */
} calls[] = {
	[PHASE_RING] = { "ring", &sql_timers_ring, AT_ONCE },
	[PHASE_TELL] = { "tell", &sql_reminders_flush, AT_ONCE },
	[PHASE_RECOMPUTE] = { "recompute", &sql_timers_recompute, RECOMPUTE_AT_ONCE },
	[PHASE_STEP] = { "step", &sql_simulation_step, 0 },
	[PHASE_SET_ASIDE] = { "set_aside", &sql_timers_set_aside, 0 },
};

struct ringer {
	struct database *db;
	struct event *timer;
	struct params params;
	void (*idle)(void *arg);
	void *idle_arg;
	enum phase phase;
	bool busy, again, whole, draining;
	int32_t ring_limit; /* smaller after a fault: down to the timer that cannot be rung */
	int64_t at_us;      /* of this round */
	int64_t next_us;    /* INT64_MAX: nothing is to come */
	int64_t from_us;    /* nothing that is due was left before this */
	int64_t whole_ms;   /* when everything was looked at last */
	int64_t first_us;   /* when this process began: what was due before was missed */
	int64_t rung, told, recomputed, lag_ms;
	char error[256];
};

static void call(struct ringer *r, enum phase phase);

static void
sleep_ms(struct ringer *r, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(r->timer, &tv);
}

static bool
steps(void)
{
	return clock_simulated() && clock_speed() <= 0;
}

/* Simulated time may run so fast that several steps of one rule are due when we look: each is rung
 * at its own moment. But what was due before we began was missed, as in real life. */
static int64_t
round_time(const struct ringer *r)
{
	int64_t now = clock_now();

	if (clock_simulated() && r->next_us < now && r->next_us >= r->first_us)
		return r->next_us;
	return now;
}

static void
sleep_until_next(struct ringer *r)
{
	int64_t ms = POLL_MS;

	if (steps()) {
		sleep_ms(r, STEP_POLL_MS);
		return;
	}
	if (r->next_us != INT64_MAX) {
		double left_us = (double)(r->next_us - clock_now()) / clock_speed();

		if (left_us < POLL_MS * 1000.0)
			ms = left_us < AGAIN_MS * 1000.0 ? AGAIN_MS : (int64_t)(left_us / 1000) + 1;
	}
	if (clock_simulated() && r->next_us <= clock_now() && r->next_us > r->at_us)
		ms = 0;
	sleep_ms(r, ms);
}

static void
end_round(struct ringer *r)
{
	if (r->again) {
		r->again = false;
		sleep_ms(r, 0);
		return;
	}
	sleep_until_next(r);
}

/* ---- what the calls told ----------------------------------------------------------------------
 */

static void
rang(struct ringer *r, const struct result *res)
{
	int64_t count = result_int(res, 0, 0);

	if (count > 0 && r->next_us <= r->at_us) {
		int64_t lag_us = clock_now() - r->next_us;

		r->lag_ms = lag_us / 1000;
		metrics_set(METRIC_TIMER_LAG, lag_us);
		metrics_observe(HISTOGRAM_RING, lag_us, 1);
	}
	metrics_add(METRIC_RUNG, count);
	r->rung += count;
	r->from_us = result_time(res, 0, 2);
	r->next_us = result_null(res, 0, 1) ? INT64_MAX : result_time(res, 0, 1);
	if (count > 0)
		log_debug("timekeeper: rang count=%" PRId64, count);
	if (count >= r->ring_limit) {
		if (r->ring_limit < AT_ONCE)
			r->ring_limit *= 2;
		if (!clock_simulated())
			r->at_us = clock_now();
		call(r, PHASE_RING);
		return;
	}
	r->ring_limit = AT_ONCE;
	call(r, PHASE_TELL);
}

static void
told(struct ringer *r, const struct result *res)
{
	int64_t count = result_int(res, 0, 0);

	r->told += count;
	metrics_add(METRIC_TOLD, count);
	r->again = r->again || count > 0;
	call(r, count >= AT_ONCE ? PHASE_TELL : PHASE_RECOMPUTE);
}

static void
recomputed(struct ringer *r, const struct result *res)
{
	int64_t count = result_int(res, 0, 0);

	r->recomputed += count;
	r->again = r->again || count > 0;
	if (steps() && !r->again)
		call(r, PHASE_STEP);
	else
		end_round(r);
}

static void
stepped(struct ringer *r, const struct result *res)
{
	int64_t at = result_null(res, 0, 0) ? r->at_us : result_time(res, 0, 0);
	bool waits = !result_null(res, 0, 1);

	if (at != r->at_us) {
		clock_step(at);
		sleep_ms(r, 0);
	} else {
		sleep_ms(r, waits ? AGAIN_MS : STEP_POLL_MS);
	}
}

static void
set_aside(struct ringer *r, const struct result *res)
{
	log_error("timekeeper: a timer cannot be rung and was set aside number=%" PRId64
		  " error=\"%s\"",
	    result_int(res, 0, 0), r->error);
	sleep_ms(r, 0);
}

static void
failed(struct ringer *r, const struct call_outcome *o)
{
	enum phase phase = r->phase;
	bool fault = o->end == CALL_FAILED && !sqlstate_is_transient(o->sqlstate);

	snprintf(r->error, sizeof(r->error), "%s: %s", calls[phase].name, o->error);
	if (!fault || phase != PHASE_RING) {
		if (fault)
			log_error("timekeeper: %s failed sqlstate=%s error=\"%s\"",
			    calls[phase].name, o->sqlstate, o->error);
		sleep_ms(r, fault ? POLL_MS : RETRY_MS);
	} else if (r->ring_limit > 1) {
		r->ring_limit /= 2;
		call(r, PHASE_RING);
	} else {
		call(r, PHASE_SET_ASIDE);
	}
}

static void
on_done(void *arg, const struct call_outcome *o)
{
	static void (*const done[])(struct ringer *, const struct result *) = {
		[PHASE_RING] = rang,
		[PHASE_TELL] = told,
		[PHASE_RECOMPUTE] = recomputed,
		[PHASE_STEP] = stepped,
		[PHASE_SET_ASIDE] = set_aside,
	};
	struct ringer *r = arg;

	r->busy = false;
	if (o->end == CALL_DONE)
		done[r->phase](r, o->result);
	else
		failed(r, o);
	if (r->draining && !r->busy)
		r->idle(r->idle_arg);
}

/* ---- rounds -----------------------------------------------------------------------------------
 */

/* Where to begin to look. Somebody who makes a timer that is due already wakes us, and then all is
 * looked at, and now and then. */
static int64_t
ring_from(struct ringer *r)
{
	const int64_t now_ms = clock_mono_ms();

	if (!r->whole && !clock_simulated() && now_ms - r->whole_ms < WHOLE_LOOK_MS)
		return r->from_us;
	r->whole = false;
	r->whole_ms = now_ms;
	return 0;
}

static void
call(struct ringer *r, enum phase phase)
{
	const struct phase_call *c = &calls[phase];

	if (r->draining || database_state(r->db) != DATABASE_UP)
		return;
	r->phase = phase;
	r->busy = true;
	params_reset(&r->params);
	params_time(&r->params, r->at_us);
	if (phase == PHASE_RING) {
		params_int4(&r->params, r->ring_limit);
		params_time(&r->params, ring_from(r));
	} else if (c->limit != 0) {
		params_int4(&r->params, c->limit);
	} else if (phase == PHASE_SET_ASIDE) {
		params_text(&r->params, r->error);
	}
	database_call(r->db, c->statement, &r->params, CALL_TIMEOUT_MS, on_done, r);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct ringer *r = arg;

	(void)fd;
	(void)what;
	if (r->busy)
		return;
	r->at_us = round_time(r);
	call(r, PHASE_RING);
}

void
ringer_wake(struct ringer *r)
{
	r->whole = true;
	if (r->busy)
		r->again = true;
	else if (!r->draining)
		sleep_ms(r, 0);
}

static void
on_notify(void *arg, const char *payload)
{
	(void)payload;
	ringer_wake(arg);
}

struct ringer *
ringer_new(struct event_base *base, struct database *db, void (*idle)(void *arg), void *arg)
{
	struct ringer *r = xcalloc(1, sizeof(*r));

	r->db = db;
	r->idle = idle;
	r->idle_arg = arg;
	r->timer = evtimer_new(base, on_timer, r);
	r->whole = true;
	r->ring_limit = AT_ONCE;
	r->first_us = clock_now();
	r->next_us = clock_simulated() && !steps() ? r->first_us : INT64_MAX;
	database_listen(db, "timer", on_notify, r);
	return r;
}

void
ringer_free(struct ringer **r)
{
	if (*r == NULL)
		return;
	event_free((*r)->timer);
	params_clear(&(*r)->params);
	free(*r);
	*r = NULL;
}

void
ringer_drain(struct ringer *r)
{
	r->draining = true;
	event_del(r->timer);
}

bool
ringer_busy(const struct ringer *r)
{
	return r->busy;
}

void
ringer_status(const struct ringer *r, struct buffer *json)
{
	char text[CLOCK_TEXT];

	buffer_printf(json,
	    "\"rung\":%" PRId64 ",\"told\":%" PRId64 ",\"recomputed\":%" PRId64
	    ",\"lag_ms\":%" PRId64,
	    r->rung, r->told, r->recomputed, r->lag_ms);
	if (r->next_us != INT64_MAX && r->next_us != INT64_MIN) {
		clock_format(r->next_us, text);
		buffer_printf(json, ",\"next_at\":\"%s\"", text);
	}
}
