/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl bounces: addresses from which mail comes back. */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "address", "ADDRESS", VIEW_TEXT },
	{ "whose", "WHOSE", VIEW_TEXT },
	{ "times", "TIMES", VIEW_NUMBER },
	{ "last_at", "LAST", VIEW_TIME },
	{ "stopped", "STOPPED", VIEW_MARK },
	{ "instead", "INSTEAD", VIEW_TEXT },
	{ "message", "MESSAGE", VIEW_NUMBER },
	{ "detail", "DETAIL", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
forget(struct ctl *ctl, const char *address)
{
	const char *const values[] = { address };
	int code;

	code = ctl_change(ctl, &sql_ctl_bounce_forget, 1, values);
	if (code == CTL_NO)
		return ctl_fail(ctl, CTL_NO, "no mail came back from %s", address);
	if (code != CTL_OK)
		return code;
	if (ctl_json(ctl))
		printf("{\"ok\":true}\n");
	else
		printf("%s gets mail again\n", address);
	return CTL_OK;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *address = ctl_value(ctl, "forget");
	struct buffer filter = { 0 };
	struct sql *sql;
	long limit;
	int code;

	(void)argc;
	(void)argv;
	if (!ctl_number(ctl, "recent", 1, 100000, 50, &limit))
		return EX_USAGE;
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	if (address != NULL)
		return forget(ctl, address);
	buffer_printf(&filter, "{\"limit\":%ld}", limit);
	code = view_list(ctl, sql, &sql_ctl_bounces, filter.data, columns, "no mail came back");
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 0, "forget", "ADDRESS", "it is in order again: it gets notices as before" },
	{ 'n', "recent", "N", "at most so many (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_bounces = {
	.name = "bounces",
	.usage = "[--recent N] | --forget ADDRESS",
	.summary = "Shows addresses from which mail comes back, and whose they are",
	.help =
	    "STOPPED: so many came back for good (setting bounce_limit) that the address gets no\n"
	    "more notices; INSTEAD is where its owner is told now. What the last MTA said\n"
	    "stands in DETAIL; hailanctl outbox MESSAGE shows the mail.\n",
	.options = options,
	.run = run,
};
