/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl board: the lights of a unit and of those below it, now or at any moment. */
#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "unit", "CODE", VIEW_TEXT },
	{ "unit_name", "UNIT", VIEW_TEXT },
	{ "red", "RED", VIEW_NUMBER },
	{ "yellow", "YELLOW", VIEW_NUMBER },
	{ "blue", "BLUE", VIEW_NUMBER },
	{ "green", "GREEN", VIEW_NUMBER },
	{ NULL, NULL, VIEW_TEXT },
};

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *at = ctl_value(ctl, "at");
	char now[CLOCK_TEXT];
	const char *values[] = { argc > 0 ? argv[0] : NULL, at != NULL ? at : now };
	struct sql_rows *rows;
	struct sql *sql;
	struct err err;
	int code = CTL_OK;

	clock_format(clock_now(), now);
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	if (!sql_query(sql, sql_ctl_board.text, 2, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	if (sql_count(rows) == 0)
		code = ctl_fail(ctl, CTL_NO, "there is no unit %s", argc > 0 ? argv[0] : "yet");
	else
		view_rows(ctl, rows, columns, "nothing");
	sql_rows_free(&rows);
	return code;
}

static const struct ctl_option options[] = {
	{ 't', "at", "TIME", "as it was then, like 2026-11-24 10:30 (default: now)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_board = {
	.name = "board",
	.usage = "[UNIT] [--at TIME]",
	.summary = "Shows the lights of a unit and of those right below it",
	.help = "UNIT is a code or a name; without it the city. A case counts for the unit that\n"
		"holds it and for all above. Told from the events, so any moment in the past can\n"
		"be shown. The exit code is 1 when there is no such unit.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
