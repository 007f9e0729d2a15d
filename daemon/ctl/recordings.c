/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl recordings, hailanctl write: what was said on the phone and waits to be written down.
 */
#include <inttypes.h>
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
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "kind", "KIND", VIEW_TEXT },
	{ "at", "AT", VIEW_TIME },
	{ "phone", "PHONE", VIEW_TEXT },
	{ "unit_name", "UNIT", VIEW_TEXT },
	{ "sha256", "SHA256", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
list(struct ctl *ctl, int argc, char **argv)
{
	struct buffer filter = { 0 };
	struct sql *sql;
	long limit;
	int code;

	(void)argc;
	(void)argv;
	if (!ctl_number(ctl, "limit", 1, 100000, 100, &limit))
		return EX_USAGE;
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_printf(&filter, "{\"limit\":%ld}", limit);
	code = view_filtered(ctl, sql, &sql_ctl_recordings, filter.data, false, columns);
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 'n', "limit", "COUNT", "how many at most (default: 100)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_recordings = {
	.name = "recordings",
	.usage = "[--limit COUNT]",
	.summary = "Lists what was said on the phone and waits to be written down",
	.help = "The oldest first. The sound is an attachment: hailanctl attachment SHA256 gives\n"
		"it out. What is only a number was hung up on before anything was said, and is to\n"
		"be rung back.\n",
	.options = options,
	.maximum = 0,
	.run = list,
};

/* ---- write ---------------------------------------------------------------------------------- */

static const struct {
	const char *is, *words;
} refusals[] = {
	{ "no_recording",
	    "there is no recording for it; hailanctl recordings lists those that wait" },
	{ "written_already", "it was written down already; hailanctl case shows it" },
	{ "empty", "there is nothing in the text" },
};

static int
answer(struct ctl *ctl, const char *number, const char *code)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (strcmp(code, refusals[i].is) == 0)
			return ctl_fail(ctl, CTL_NO, "%s: %s", number, refusals[i].words);
	printf(ctl_json(ctl) ? "{\"ok\":true,\"number\":%s}\n" : "%s is written down\n", number);
	return CTL_OK;
}

static int
write_down(struct ctl *ctl, int argc, char **argv)
{
	struct buffer text = { 0 };
	char now[CLOCK_TEXT];
	struct sql_rows *rows;
	struct sql *sql;
	struct err err;
	int code;

	if (!ctl_is_id(argv[0]))
		return ctl_fail(ctl, EX_USAGE, "\"%s\" is no number of a case or wish", argv[0]);
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	for (int i = 1; i < argc; i++)
		buffer_printf(&text, "%s%s", i > 1 ? " " : "", argv[i]);
	clock_format(clock_now(), now);
	const char *const values[] = { argv[0], text.data, now };
	if (!sql_query(sql, sql_ctl_write.text, 3, values, &rows, &err)) {
		code = ctl_database_fail(ctl, &err);
	} else {
		code = answer(ctl, argv[0], sql_optional(rows, 0, "row"));
		sql_rows_free(&rows);
	}
	buffer_clear(&text);
	return code;
}

const struct ctl_command ctl_write = {
	.name = "write",
	.usage = "NUMBER TEXT",
	.summary = "Writes down what was said in a recording",
	.help = "Then it is understood as if the caller had written it: sort, address, who is\n"
		"responsible. Staff do the same by text: 录NUMBER TEXT. The exit code is 1 when\n"
		"nothing waits under this number.\n",
	.minimum = 2,
	.maximum = -1,
	.run = write_down,
};
