/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl timers: what rings next, and what should have rung. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "due_at", "RINGS", VIEW_TIME },
	{ "late_seconds", "LATE S", VIEW_NUMBER },
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "light", "LIGHT", VIEW_LIGHT },
	{ "rule", "RULE", VIEW_TEXT },
	{ "step", "STEP", VIEW_NUMBER },
	{ "who", "TELLS", VIEW_TEXT },
	{ "unit_name", "HELD BY", VIEW_TEXT },
	{ "started_at", "SINCE", VIEW_TIME },
	{ NULL, NULL, VIEW_TEXT },
};

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *rule = ctl_value(ctl, "rule");
	struct buffer filter = { 0 };
	struct sql *sql;
	long limit;
	int code;

	if (!ctl_number(ctl, "limit", 1, 100000, 50, &limit))
		return EX_USAGE;
	if (argc > 0 && !ctl_is_id(argv[0]))
		return ctl_fail(ctl, EX_USAGE, "\"%s\" is no number of a case or wish", argv[0]);
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_printf(&filter, "{\"limit\":%ld", limit);
	if (argc > 0)
		buffer_printf(&filter, ",\"number\":%s", argv[0]);
	if (ctl_value(ctl, "overdue") != NULL)
		buffer_add_string(&filter, ",\"overdue\":true");
	if (rule != NULL) {
		buffer_add_string(&filter, ",\"rule\":");
		buffer_add_json(&filter, rule, strlen(rule));
	}
	buffer_add_byte(&filter, '}');
	code = view_filtered(ctl, sql, &sql_ctl_timers, filter.data, false, columns);
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 'o', "overdue", NULL, "only those that should have rung" },
	{ 'r', "rule", "NAME", "only those of this rule" },
	{ 'l', "limit", "N", "at most so many, the next first (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_timers = {
	.name = "timers",
	.usage = "[NUMBER] [--overdue] [--rule NAME] [--limit N]",
	.summary = "Shows which reminders come next",
	.help = "With a NUMBER those of one case or wish. Each line is the next step of a rule\n"
		"(hailan-rules(5)); hailanctl rules counts them by rule.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
