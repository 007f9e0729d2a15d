/* SPDX-License-Identifier: BSD-2-Clause */
/* The ringer rings; beside it a table of chores, each with its interval, one at a time. */
#include "timekeeper/timekeeper.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "database/database.h"
#include "embedded.h"
#include "metrics/metrics.h"
#include "settings/settings.h"
#include "supervisor/role.h"
#include "timekeeper/ringer.h"

enum { CALL_TIMEOUT_MS = 300000, SEEN_AT_ONCE = 5000, TICK_MS = 250 };

static const struct chore {
	const char *name;
	const struct sql_statement *statement;
	int32_t limit;    /* the second parameter; 0: there is none */
	int64_t every_ms; /* again at once when the limit was reached */
} chores[] = {
	{ "partitions", &sql_keep_partitions, 0, 3600000 },
	{ "parts", &sql_keep_parts, 0, 2000 },
	{ "seen", &sql_keep_seen, SEEN_AT_ONCE, 5000 },
	{ "pieces", &sql_keep_pieces, 100, 60000 },
	{ "outbox", &sql_keep_outbox, 0, 10000 },
	{ "asks", &sql_keep_asks, 500, 5000 },
	{ "claims", &sql_keep_claims, 0, 2000 },
	{ "visits", &sql_keep_visits, 0, 1000 },
	{ "receipts", &sql_keep_receipts, 0, 600000 },
	{ "timers", &sql_keep_timers, SEEN_AT_ONCE, 600000 },
	{ "manners", &sql_keep_manners, SEEN_AT_ONCE, 60000 },
	{ "retention", &sql_keep_retention, 1000, 600000 },
	{ "queues", &sql_metrics_queues, 0, 10000 }, /* only where somebody asks for metrics */
};
enum { CHORES = sizeof(chores) / sizeof(chores[0]) };

struct timekeeper {
	struct role *role;
	struct database *db;
	struct ringer *ringer;
	struct event *tick;
	struct params params;
	int64_t due_ms[CHORES];
	int64_t done[CHORES]; /* what each has done, in all */
	int64_t *metrics[CHORES];
	int running; /* -1: none */
	bool draining;
	bool away; /* the database is, and that was told */
	char error[256];
};

static void
stop_when_idle(void *arg)
{
	struct timekeeper *t = arg;

	if (t->draining && t->running < 0 && !ringer_busy(t->ringer))
		role_stopped(t->role);
}

/* Rows of name, label, value. */
static int64_t
count_queues(const struct result *r)
{
	static const struct {
		const char *name;
		enum metric metric;
	} queues[] = {
		{ "inbox_waiting", METRIC_INBOX_WAITING },
		{ "inbox_oldest", METRIC_INBOX_OLDEST },
		{ "inbox_stuck", METRIC_INBOX_STUCK },
		{ "outbox_waiting", METRIC_OUTBOX_WAITING },
		{ "outbox_oldest", METRIC_OUTBOX_OLDEST },
		{ "outbox_in_hand", METRIC_OUTBOX_IN_HAND },
		{ "timers_overdue", METRIC_TIMERS_OVERDUE },
		{ "cases_red", METRIC_CASES_RED },
		{ "cases_yellow", METRIC_CASES_YELLOW },
		{ "cases_blue", METRIC_CASES_BLUE },
	};

	for (int row = 0; row < result_rows(r); row++) {
		const char *name = result_bytes(r, row, 0, NULL);
		const int64_t value = result_int(r, row, 2);

		for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
			if (strcmp(queues[i].name, name) != 0)
				continue;
			if (metric_table[queues[i].metric].key == NULL)
				metrics_set(queues[i].metric, value);
			else
				__atomic_store_n(metrics_labelled(queues[i].metric,
						     result_bytes(r, row, 1, NULL)),
				    value, __ATOMIC_RELAXED);
		}
	}
	return 0;
}

static void
on_done(void *arg, const struct call_outcome *o)
{
	struct timekeeper *t = arg;
	int i = t->running;
	int64_t count = 0;

	t->running = -1;
	if (o->end == CALL_DONE) {
		count = chores[i].statement == &sql_metrics_queues ? count_queues(o->result)
								   : result_int(o->result, 0, 0);
		t->done[i] += count;
		metrics_add_to(t->metrics[i], count);
		if (count > 0)
			log_debug("timekeeper: %s count=%" PRId64, chores[i].name, count);
	} else {
		snprintf(t->error, sizeof(t->error), "%s: %s", chores[i].name, o->error);
		if (o->end == CALL_FAILED && !sqlstate_is_transient(o->sqlstate))
			log_error("timekeeper: %s failed sqlstate=%s error=\"%s\"", chores[i].name,
			    o->sqlstate, o->error);
	}
	t->due_ms[i] = clock_mono_ms() +
		       (chores[i].limit != 0 && count >= chores[i].limit ? 0 : chores[i].every_ms);
	stop_when_idle(t);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct timekeeper *t = arg;
	struct timeval tv = { .tv_usec = TICK_MS * 1000 };
	int64_t now = clock_mono_ms();

	(void)fd;
	(void)what;
	event_add(t->tick, &tv);
	if (t->running >= 0 || t->draining || database_state(t->db) != DATABASE_UP)
		return;
	for (int i = 0; i < CHORES; i++) {
		if (t->due_ms[i] > now)
			continue;
		t->running = i;
		params_reset(&t->params);
		params_time(&t->params, clock_now());
		if (chores[i].limit != 0)
			params_int4(&t->params, chores[i].limit);
		database_call(t->db, chores[i].statement, &t->params, CALL_TIMEOUT_MS, on_done, t);
		return;
	}
}

static void
on_database(void *arg, enum database_state state, const char *detail)
{
	struct timekeeper *t = arg;

	if (state == DATABASE_UP) {
		log_info("timekeeper: database up");
		t->away = false;
		t->error[0] = '\0';
		ringer_wake(t->ringer);
	} else if (state == DATABASE_DOWN) {
		if (!t->away)
			log_warning("timekeeper: database down reason=\"%s\"", detail);
		t->away = true;
		snprintf(t->error, sizeof(t->error), "database: %s", detail);
	}
}

static void
on_drain(void *arg)
{
	struct timekeeper *t = arg;

	t->draining = true;
	ringer_drain(t->ringer);
	stop_when_idle(t);
}

static void
on_status(void *arg, struct buffer *json)
{
	struct timekeeper *t = arg;

	metrics_set(METRIC_DATABASE_UP, database_state(t->db) == DATABASE_UP);
	buffer_printf(json, "\"database\":\"%s\",\"done\":{",
	    database_state(t->db) == DATABASE_UP ? "up" : "down");
	for (int i = 0; i < CHORES; i++)
		buffer_printf(
		    json, "%s\"%s\":%" PRId64, i > 0 ? "," : "", chores[i].name, t->done[i]);
	buffer_add_string(json, "},");
	ringer_status(t->ringer, json);
	buffer_add_string(json, ",\"last_error\":");
	buffer_add_json(json, t->error, strlen(t->error));
}

int
timekeeper_role(struct role *role)
{
	struct timekeeper *t = xcalloc(1, sizeof(*t));
	const char *listen = settings_string(role_settings(role), "metrics", "listen");
	struct timeval now = { 0 };

	t->role = role;
	t->running = -1;
	for (int i = 0; i < CHORES; i++) {
		t->metrics[i] = metrics_labelled(METRIC_CHORES, chores[i].name);
		if (chores[i].statement == &sql_metrics_queues && *listen == '\0')
			t->due_ms[i] = INT64_MAX;
	}
	t->tick = evtimer_new(role_base(role), on_tick, t);
	t->db = database_new(role_base(role), role_conninfo(role), role_database_user(role),
	    role_name(role), on_database, t);
	t->ringer = ringer_new(role_base(role), t->db, stop_when_idle, t);
	event_add(t->tick, &now);
	role_on_status(role, on_status, t);
	role_on_drain(role, on_drain, t);
	role_ready(role);
	role_loop(role);

	database_free(&t->db);
	ringer_free(&t->ringer);
	event_free(t->tick);
	params_clear(&t->params);
	free(t);
	return EX_OK;
}
