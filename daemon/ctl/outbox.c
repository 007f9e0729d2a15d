/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl outbox: what is to be sent, was sent, or could not be. */
#include <string.h>

#include "base/buffer.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column columns[] = {
	{ "id", "ID", VIEW_NUMBER },
	{ "created_at", "CREATED", VIEW_TIME },
	{ "channel", "CHANNEL", VIEW_TEXT },
	{ "destination", "TO", VIEW_TEXT },
	{ "priority", "PRIO", VIEW_NUMBER },
	{ "state", "STATE", VIEW_TEXT },
	{ "attempts", "TRIES", VIEW_NUMBER },
	{ "not_before", "NOT BEFORE", VIEW_TIME },
	{ "case_number", "CASE", VIEW_NUMBER },
	{ "detail", "DETAIL", VIEW_TEXT },
	{ "text", "TEXT", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

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
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_printf(&filter, "{\"limit\":%ld", recent);
	if (argc > 0)
		buffer_printf(&filter, ",\"id\":%s", argv[0]);
	if (ctl_value(ctl, "waiting") != NULL)
		buffer_add_string(&filter, ",\"waiting\":true");
	if (ctl_value(ctl, "failed") != NULL)
		buffer_add_string(&filter, ",\"failed\":true");
	buffer_add_byte(&filter, '}');
	code = view_filtered(ctl, sql, &sql_ctl_outbox, filter.data, argc > 0, columns);
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 'w', "waiting", NULL, "only what is not sent yet" },
	{ 'x', "failed", NULL, "only what could not be sent or was not delivered" },
	{ 'n', "recent", "N", "at most so many, the newest (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_outbox = {
	.name = "outbox",
	.usage = "[ID] [--waiting | --failed] [--recent N]",
	.summary = "Shows what is to be sent, was sent, or could not be",
	.help = "With an ID also each attempt and receipt of that message.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
