/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl rules: the rules of reminding, and what a change of them would ring. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/import.h"
#include "ctl/kinds.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "rule", "RULE", VIEW_TEXT },
	{ "enabled", "ON", VIEW_TEXT },
	{ "states", "WHILE", VIEW_TEXT },
	{ "limit", "LIMIT", VIEW_TEXT },
	{ "steps", "STEPS", VIEW_NUMBER },
	{ "running", "RUNNING", VIEW_NUMBER },
	{ "overdue", "OVERDUE", VIEW_NUMBER },
	{ "rang_in_a_day", "RANG IN A DAY", VIEW_NUMBER },
	{ "next_at", "NEXT", VIEW_TIME },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column try_columns[] = {
	{ "line", "LINE", VIEW_NUMBER },
	{ "reason", "REFUSED BECAUSE", VIEW_TEXT },
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "rule", "RULE", VIEW_TEXT },
	{ "step", "STEP", VIEW_NUMBER },
	{ "rings", "RINGS", VIEW_TEXT },
	{ "due_at", "AT", VIEW_TIME },
	{ "was_due_at", "BEFORE AT", VIEW_TIME },
	{ NULL, NULL, VIEW_TEXT },
};

static int
show(struct ctl *ctl, struct sql *sql, const char *name)
{
	struct buffer filter = { 0 };
	int code;

	buffer_add_byte(&filter, '{');
	if (name != NULL) {
		buffer_add_string(&filter, "\"rule\":");
		buffer_add_json(&filter, name, strlen(name));
	}
	buffer_add_byte(&filter, '}');
	code = view_filtered(ctl, sql, &sql_ctl_rules, filter.data, false, columns);
	buffer_clear(&filter);
	return code;
}

static int
try_rows(struct ctl *ctl, struct sql *sql, const char *rows)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { rows, now };
	struct sql_rows *found;
	struct err err;
	bool refused;

	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_rules_try.text, 2, values, &found, &err))
		return ctl_database_fail(ctl, &err);
	refused = sql_count(found) > 0 && strstr(sql_text(found, 0, "row"), "\"reason\"") != NULL;
	view_rows(ctl, found, try_columns, "no timer would change");
	sql_rows_free(&found);
	return refused ? CTL_NO : CTL_OK;
}

static int
try_file(struct ctl *ctl, struct sql *sql, const char *file)
{
	struct buffer rows = { 0 };
	int code;

	if (import_read(ctl, kind_find("rules"), file, &rows, &code))
		code = try_rows(ctl, sql, rows.data);
	buffer_clear(&rows);
	return code;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	int code;
	struct sql *sql;

	if (argc > 0 && strcmp(argv[0], "try") == 0 && argc != 2)
		return ctl_fail(ctl, EX_USAGE, "expected the FILE to try");
	if (argc == 2 && strcmp(argv[0], "try") != 0)
		return ctl_fail(ctl, EX_USAGE, "expected one NAME, or try FILE");
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	return argc == 2 ? try_file(ctl, sql, argv[1]) : show(ctl, sql, argc > 0 ? argv[0] : NULL);
}

const struct ctl_command ctl_rules = {
	.name = "rules",
	.usage = "[NAME] | try FILE",
	.summary = "Shows the rules of reminding, or what a change of them would ring",
	.help =
	    "try reads a file as hailanctl import rules does, and tells which timers would ring\n"
	    "at once, later or no more. Nothing of it stays. hailan-rules(5) tells how to\n"
	    "write a rule.\n",
	.maximum = 2,
	.run = run,
};
