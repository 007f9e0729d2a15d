/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl alarms: what a person must look at. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "id", "ID", VIEW_NUMBER },
	{ "kind", "KIND", VIEW_TEXT },
	{ "subject", "OF", VIEW_TEXT },
	{ "times", "TIMES", VIEW_NUMBER },
	{ "at", "SINCE", VIEW_TIME },
	{ "last_at", "LAST", VIEW_TIME },
	{ "ended_at", "ENDED", VIEW_TIME },
	{ "detail", "DETAIL", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
end(struct ctl *ctl, const char *id)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { id, now };
	int code;

	clock_format(clock_now(), now);
	code = ctl_change(ctl, &sql_ctl_alarm_end, 2, values);
	if (code == CTL_NO)
		return ctl_fail(ctl, CTL_NO, "there is no open alarm %s", id);
	if (code != CTL_OK)
		return code;
	printf(ctl_json(ctl) ? "{\"ok\":true,\"id\":%s}\n" : "alarm %s has ended\n", id);
	return CTL_OK;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *id = ctl_value(ctl, "end");
	struct buffer filter = { 0 };
	struct sql *sql;
	long recent;
	int code;

	(void)argc;
	(void)argv;
	if (!ctl_number(ctl, "recent", 1, 100000, 50, &recent))
		return EX_USAGE;
	if (id != NULL && !ctl_is_id(id))
		return ctl_fail(ctl, EX_USAGE, "--end: \"%s\" is no id", id);
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	if (id != NULL)
		return end(ctl, id);
	buffer_printf(&filter, "{\"limit\":%ld%s}", recent,
	    ctl_value(ctl, "all") != NULL ? ",\"all\":true" : "");
	code = view_list(ctl, sql, &sql_ctl_alarms, filter.data, columns, "no alarms");
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 'a', "all", NULL, "those that have ended, too" },
	{ 'e', "end", "ID", "end it: somebody has looked" },
	{ 'n', "recent", "N", "at most so many (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_alarms = {
	.name = "alarms",
	.usage = "[--all] [--recent N] | --end ID",
	.summary = "Shows what a person must look at, as storms of messages",
	.help = "storm: so many messages to one address in a short time that it may be a machine\n"
		"which answers ours; its messages are answered no more for a while, or until the\n"
		"alarm is ended. ceiling: as many messages as may go in an hour have gone; danger\n"
		"goes all the same, the rest waits. hailanctl status shows open alarms, too.\n",
	.options = options,
	.run = run,
};
