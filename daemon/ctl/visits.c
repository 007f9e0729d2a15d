/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl visits: the homes that have to be visited, that were not, and whose files are stale. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "month", "MONTH", VIEW_TEXT },
	{ "unit_name", "GRID", VIEW_TEXT },
	{ "home", "HOME", VIEW_TEXT },
	{ "flag", "FLAG", VIEW_TEXT },
	{ "made", "VISITED", VIEW_NUMBER },
	{ "wanted", "OF", VIEW_NUMBER },
	{ "last_at", "LAST VISIT", VIEW_TIME },
	{ "checked_at", "FILE CHECKED", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static void
add(struct ctl *ctl, struct buffer *filter, const char *option)
{
	const char *value = ctl_value(ctl, option);

	if (value == NULL)
		return;
	buffer_printf(filter, ",\"%s\":", option);
	buffer_add_json(filter, value, strlen(value));
}

static bool
is_month(const char *s)
{
	return s == NULL ||
	       (strlen(s) == 7 && s[4] == '-' && strspn(s, "0123456789") == 4 &&
		   strspn(s + 5, "0123456789") == 2 && atoi(s + 5) >= 1 && atoi(s + 5) <= 12);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	bool stale = ctl_value(ctl, "stale") != NULL, missed = ctl_value(ctl, "missed") != NULL;
	struct buffer filter = { 0 };
	struct sql *sql;
	long limit;
	int code;

	(void)argc;
	(void)argv;
	if (!ctl_number(ctl, "limit", 1, 1000000, 1000, &limit))
		return EX_USAGE;
	if (stale && missed)
		return ctl_fail(ctl, EX_USAGE, "either --stale or --missed");
	if (!is_month(ctl_value(ctl, "month")))
		return ctl_fail(ctl, EX_USAGE, "--month: \"%s\" is not a month like 2026-11",
		    ctl_value(ctl, "month"));
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_printf(&filter, "{\"limit\":%ld,\"what\":\"%s\"", limit,
	    stale    ? "stale"
	    : missed ? "missed"
		     : "short");
	add(ctl, &filter, "unit");
	add(ctl, &filter, "month");
	buffer_add_byte(&filter, '}');
	code = view_list(ctl, sql, &sql_ctl_visits, filter.data, columns,
	    stale    ? "no stale files"
	    : missed ? "nothing was missed"
		     : "no home lacks a visit");
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 'u', "unit", "UNIT", "only homes in this unit (code or name)" },
	{ 'm', "month", "YYYY-MM", "of this month (default: the running one; missed: the last)" },
	{ 0, "stale", NULL, "homes whose files nobody has checked for long (setting file_stale)" },
	{ 0, "missed", NULL, "what was still short when the month ended" },
	{ 'l', "limit", "N", "at most so many (default 1000)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_visits = {
	.name = "visits",
	.usage = "[--unit UNIT] [--month YYYY-MM] [--stale | --missed] [--limit N]",
	.summary = "Shows which homes have yet to be visited this month",
	.help =
	    "Which flags of homes and residents ask for how many visits is told by hailanctl\n"
	    "import visits; two a month to the elderly when nothing was imported. A visit is what\n"
	    "a grid worker texts: 巡访 3号楼2单元501. Several on one day count once.\n",
	.options = options,
	.run = run,
};
