/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl outages: when nobody could act, and what limits were credited for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "from_at", "FROM", VIEW_TIME },
	{ "to_at", "TO", VIEW_TIME },
	{ "minutes", "MINUTES", VIEW_NUMBER },
	{ "what", "WHAT WAS AWAY", VIEW_TEXT },
	{ "credited", "LIMITS CREDITED", VIEW_NUMBER },
	{ "reason", "REASON", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
show(struct ctl *ctl, struct sql *sql)
{
	char filter[64];
	long limit;

	if (!ctl_number(ctl, "limit", 1, 100000, 50, &limit))
		return EX_USAGE;
	snprintf(filter, sizeof(filter), "{\"limit\":%ld}", limit);
	return view_list(ctl, sql, &sql_ctl_outages, filter, columns, "no outages are known");
}

static int
add(struct ctl *ctl, struct sql *sql, const char *from, const char *to)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { from, to, ctl_value(ctl, "reason"), now };
	struct sql_rows *rows;
	struct err err;
	bool known;

	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_outage_tell.text, 4, values, &rows, &err))
		return strncmp(sql_state(sql), "22", 2) == 0 ? ctl_fail(ctl, CTL_NO, "%s", err.text)
							     : ctl_database_fail(ctl, &err);
	known = strcmp(sql_text(rows, 0, "count"), "0") == 0;
	sql_rows_free(&rows);
	return known ? ctl_fail(ctl, CTL_NO, "all of that is known as an outage already") : CTL_OK;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct sql *sql;
	int code;

	if (argc > 0 && (argc != 3 || strcmp(argv[0], "add") != 0))
		return ctl_fail(ctl, EX_USAGE, "expected add FROM TO, or nothing");
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	return argc > 0 ? add(ctl, sql, argv[1], argv[2]) : show(ctl, sql);
}

static const struct ctl_option options[] = {
	{ 'r', "reason", "TEXT", "why, for those who read the list" },
	{ 'l', "limit", "N", "show at most so many, the newest first (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_outages = {
	.name = "outages",
	.usage = "[--limit N] | add FROM TO [--reason TEXT]",
	.summary = "Shows when nobody could act, or adds such a time",
	.help =
	    "When the timekeeper or all clerks were away for setting outage_from and longer, that\n"
	    "is an outage by itself. add tells of one that nothing here could notice, such as an\n"
	    "SMSC that was away; times are like 2026-11-24T08:00+08. Limits that ran into one\n"
	    "end later by as much of it as their own clock counts.\n",
	.options = options,
	.maximum = 3,
	.run = run,
};
