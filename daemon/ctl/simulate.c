/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl simulate: the clock of a daemon that was started with --simulate TIME --speed 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "embedded.h"

enum { LOOK_MS = 20 };

static const char state_query[] =
    "select at, target, hailan.simulation_busy(at) as busy, at >= target as arrived "
    "from hailan.simulation";

static void
print_state(struct ctl *ctl, const struct sql_rows *rows)
{
	static const char *const names[] = { "at", "target", "busy" };
	struct buffer out = { 0 };

	if (ctl_json(ctl))
		buffer_add_byte(&out, '{');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = sql_optional(rows, 0, names[i]);

		if (!ctl_json(ctl)) {
			buffer_printf(&out, "%-7s %s\n", names[i], *text != '\0' ? text : "-");
			continue;
		}
		buffer_printf(&out, "%s\"%s\":", i > 0 ? "," : "", names[i]);
		if (*text != '\0')
			buffer_add_json(&out, text, strlen(text));
		else
			buffer_add_string(&out, "null");
	}
	if (ctl_json(ctl))
		buffer_add_string(&out, "}\n");
	ctl_print(&out);
	buffer_clear(&out);
}

/* Shows the clock; waits first, until it has come as far as it was told. */
static int
show(struct ctl *ctl, struct sql *sql, int64_t wait_ms)
{
	const int64_t end_ms = clock_mono_ms() + wait_ms;
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	struct sql_rows *rows;
	struct err err;
	bool arrived, there;

	for (;;) {
		if (!sql_query(sql, state_query, 0, NULL, &rows, &err))
			return ctl_database_fail(ctl, &err);
		there = sql_count(rows) == 1;
		arrived = there && strcmp(sql_optional(rows, 0, "arrived"), "t") == 0;
		if (!there || arrived || clock_mono_ms() >= end_ms)
			break;
		sql_rows_free(&rows);
		nanosleep(&pause, NULL);
	}
	if (there)
		print_state(ctl, rows);
	sql_rows_free(&rows);
	if (!there)
		return ctl_fail(ctl, CTL_NO,
		    "this database is not marked as one for tests; hailanctl simulate mark does "
		    "that with an empty one");
	if (wait_ms > 0 && !arrived)
		return ctl_fail(
		    ctl, CTL_NO, "the time has not come there in %ld s", (long)(wait_ms / 1000));
	return CTL_OK;
}

static int
go(struct ctl *ctl, struct sql *sql, const char *time)
{
	const char *const values[] = { time };
	struct err err;
	long timeout;

	if (!ctl_number(ctl, "timeout", 1, 86400, 60, &timeout))
		return EX_USAGE;
	if (!sql_query(
		sql, "select hailan.simulation_go($1::timestamptz)", 1, values, NULL, &err)) {
		if (strncmp(sql_state(sql), "22", 2) == 0 || strcmp(sql_state(sql), "55000") == 0)
			return ctl_fail(ctl, CTL_NO, "%s", err.text);
		return ctl_database_fail(ctl, &err);
	}
	return show(ctl, sql, timeout * 1000);
}

static int
mark(struct ctl *ctl, struct sql *sql)
{
	struct err err;

	if (sql_query(sql, "select hailan.simulation_mark()", 0, NULL, NULL, &err))
		return CTL_OK;
	if (strcmp(sql_state(sql), "55000") == 0)
		return ctl_fail(ctl, CTL_NO, "%s", err.text);
	return ctl_database_fail(ctl, &err);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	bool to = argc == 2 && strcmp(argv[0], "to") == 0;
	bool marks = argc == 1 && strcmp(argv[0], "mark") == 0;
	struct sql *sql;
	int code;

	if (argc > 0 && !to && !marks)
		return ctl_fail(ctl, EX_USAGE, "expected mark, to TIME, or nothing");
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	if (marks)
		return mark(ctl, sql);
	return to ? go(ctl, sql, argv[1]) : show(ctl, sql, 0);
}

static const struct ctl_option options[] = {
	{ 't', "timeout", "SECONDS",
	    "how long to wait until the time has come there (default 60)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_simulate = {
	.name = "simulate",
	.usage = "[mark | to TIME [--timeout SECONDS]]",
	.summary = "Moves the clock of a daemon whose time stands still (hailand --speed 0)",
	.help =
	    "mark makes an empty database one for tests: with any other the daemon refuses a\n"
	    "simulated clock. to TIME lets time pass, from deadline to deadline, and waits until\n"
	    "it has come there; TIME is like 2026-11-24T08:00+08. Without arguments the clock and\n"
	    "what it waits for are shown.\n",
	.options = options,
	.maximum = 2,
	.run = run,
};
