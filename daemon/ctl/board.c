/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl board: the lights of a unit and of those below it, now or at any moment. */
#include <string.h>

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

static const struct view_column bank_columns[] = {
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "matter", "MATTER", VIEW_TEXT },
	{ "category_name", "CATEGORY", VIEW_TEXT },
	{ "state", "STATE", VIEW_TEXT },
	{ "light", "LIGHT", VIEW_LIGHT },
	{ "filed_at", "FILED", VIEW_TIME },
	{ "unit_name", "COMMUNITY", VIEW_TEXT },
	{ "held_by", "HELD BY", VIEW_TEXT },
	{ "text", "TEXT", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

/* 爱心银行: small matters that the communities take themselves. */
static int
bank(struct ctl *ctl, const char *unit)
{
	struct buffer filter = { 0 };
	char now[CLOCK_TEXT];
	const char *values[] = { NULL, now };
	struct sql_rows *rows;
	struct sql *sql;
	struct err err;
	int code = CTL_OK;

	if (ctl_value(ctl, "at") != NULL)
		return ctl_fail(ctl, EX_USAGE, "--bank shows the present; --at is for the lights");
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_add_string(&filter, "{\"limit\":1000");
	if (unit != NULL) {
		buffer_add_string(&filter, ",\"unit\":");
		buffer_add_json(&filter, unit, strlen(unit));
	}
	buffer_add_string(&filter, ctl_value(ctl, "all") != NULL ? ",\"all\":true}" : "}");
	values[0] = filter.data;
	clock_format(clock_now(), now);
	if (sql_query(sql, sql_ctl_bank_board.text, 2, values, &rows, &err)) {
		view_rows(ctl, rows, bank_columns, "nothing on the board");
		sql_rows_free(&rows);
	} else if (strcmp(sql_state(sql), "HA008") == 0) {
		code = ctl_fail(ctl, CTL_NO, "%s", err.text);
	} else {
		code = ctl_database_fail(ctl, &err);
	}
	buffer_clear(&filter);
	return code;
}

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

	if (ctl_value(ctl, "bank") != NULL)
		return bank(ctl, argc > 0 ? argv[0] : NULL);
	if (ctl_value(ctl, "all") != NULL)
		return ctl_fail(ctl, EX_USAGE, "--all belongs to --bank");
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
	{ 'b', "bank", NULL, "the small matters that communities take themselves (爱心银行)" },
	{ 'a', "all", NULL, "with --bank also those that are closed" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_board = {
	.name = "board",
	.usage = "[UNIT] [--at TIME | --bank [--all]]",
	.summary = "Shows the lights of a unit and of those right below it",
	.help = "UNIT is a code or a name; without it the city. A case counts for the unit that\n"
		"holds it and for all above. Told from the events, so any moment in the past can\n"
		"be shown. The exit code is 1 when there is no such unit.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
