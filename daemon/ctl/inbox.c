/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl inbox: what came in, what waits, and what could not be handled. */
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
	{ "received_at", "RECEIVED", VIEW_TIME },
	{ "channel", "CHANNEL", VIEW_TEXT },
	{ "source", "FROM", VIEW_TEXT },
	{ "state", "STATE", VIEW_TEXT },
	{ "kind", "KIND", VIEW_TEXT },
	{ "case_number", "CASE", VIEW_NUMBER },
	{ "sqlstate", "SQLSTATE", VIEW_TEXT },
	{ "reason", "REASON", VIEW_TEXT },
	{ "text", "TEXT", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
retry(struct ctl *ctl, const char *id)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { id, now };
	int code;

	clock_format(clock_now(), now);
	code = ctl_change(ctl, &sql_ctl_inbox_retry, 2, values);
	if (code == CTL_NO)
		return ctl_fail(ctl, CTL_NO, "message %s is not among the stuck ones", id);
	if (code != CTL_OK)
		return code;
	printf(ctl_json(ctl) ? "{\"ok\":true,\"id\":%s}\n" : "message %s waits again\n", id);
	return CTL_OK;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct buffer filter = { 0 };
	struct sql *sql;
	long recent;
	int code;

	if (!ctl_number(ctl, "recent", 1, 100000, 50, &recent))
		return EX_USAGE;
	if (argc > 0 && !ctl_is_id(argv[0]))
		return ctl_fail(ctl, EX_USAGE, "\"%s\" is no id", argv[0]);
	if (ctl_value(ctl, "retry") != NULL && !ctl_is_id(ctl_value(ctl, "retry")))
		return ctl_fail(ctl, EX_USAGE, "--retry: \"%s\" is no id", ctl_value(ctl, "retry"));
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	if (ctl_value(ctl, "retry") != NULL)
		return retry(ctl, ctl_value(ctl, "retry"));
	buffer_printf(&filter, "{\"limit\":%ld", recent);
	if (argc > 0)
		buffer_printf(&filter, ",\"id\":%s", argv[0]);
	if (ctl_value(ctl, "stuck") != NULL)
		buffer_add_string(&filter, ",\"stuck\":true");
	buffer_add_byte(&filter, '}');
	code = view_filtered(ctl, sql, &sql_ctl_inbox, filter.data, argc > 0, columns);
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 's', "stuck", NULL, "only what could not be handled, with the reason" },
	{ 'r', "retry", "ID", "let a stuck message be handled again, after mending the cause" },
	{ 'n', "recent", "N", "at most so many, the newest (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_inbox = {
	.name = "inbox",
	.usage = "[ID] [--stuck] [--recent N] | --retry ID",
	.summary = "Shows what came in, or what could not be handled and why",
	.help = "",
	.options = options,
	.maximum = 1,
	.run = run,
};
