/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl archive: what was done, found again; and how many services there were. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column found_columns[] = {
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "done_at", "DONE", VIEW_TIME },
	{ "unit_name", "UNIT", VIEW_TEXT },
	{ "category_name", "CATEGORY", VIEW_TEXT },
	{ "came", "CAME", VIEW_NUMBER },
	{ "minutes", "MINUTES", VIEW_NUMBER },
	{ "pictures", "PICTURES", VIEW_NUMBER },
	{ "what", "WHAT", VIEW_TEXT },
	{ "how", "HOW IT WENT", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column entry_columns[] = {
	{ "number", "number", VIEW_TEXT },
	{ "kind", "kind", VIEW_TEXT },
	{ "done_at", "done", VIEW_TIME },
	{ "unit_name", "unit", VIEW_TEXT },
	{ "category_name", "category", VIEW_TEXT },
	{ "what", "what", VIEW_TEXT },
	{ "how", "how it went", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column service_columns[] = {
	{ "unit", "CODE", VIEW_TEXT },
	{ "unit_name", "UNIT", VIEW_TEXT },
	{ "imported", "BEFORE", VIEW_NUMBER },
	{ "counted", "COUNTED", VIEW_NUMBER },
	{ "total", "SERVICES", VIEW_NUMBER },
	{ "last_at", "LAST", VIEW_TIME },
	{ NULL, NULL, VIEW_TEXT },
};

static int
list(struct ctl *ctl, struct sql *sql, const struct sql_statement *statement, const char *filter,
    const struct view_column *columns, const char *empty)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { filter, now };
	struct sql_rows *rows;
	struct err err;
	bool some;

	clock_format(clock_now(), now);
	if (!sql_query(sql, statement->text, 2, values, &rows, &err)) {
		if (strcmp(sql_state(sql), "HA008") == 0)
			return ctl_fail(ctl, CTL_NO, "%s", err.text);
		return ctl_database_fail(ctl, &err);
	}
	some = view_rows(ctl, rows, columns, empty);
	sql_rows_free(&rows);
	return some ? CTL_OK : CTL_NO;
}

static void
add(struct buffer *filter, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buffer_printf(filter, "%s\"%s\":", filter->len > 1 ? "," : "", key);
	buffer_add_json(filter, value, strlen(value));
}

static int
search(struct ctl *ctl, int argc, char **argv)
{
	struct buffer filter = { 0 }, text = { 0 };
	struct sql *sql;
	long limit;
	int code;

	if (argc < 2)
		return ctl_fail(ctl, EX_USAGE, "expected the words to search for");
	if (!ctl_number(ctl, "limit", 1, 100000, 50, &limit))
		return EX_USAGE;
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	for (int i = 1; i < argc; i++)
		buffer_printf(&text, "%s%s", i > 1 ? " " : "", argv[i]);
	buffer_add_byte(&filter, '{');
	add(&filter, "text", text.data);
	add(&filter, "unit", ctl_value(ctl, "unit"));
	buffer_printf(&filter, ",\"limit\":%ld}", limit);
	code = list(
	    ctl, sql, &sql_ctl_archive_search, filter.data, found_columns, "nothing was found");
	buffer_clear(&text);
	buffer_clear(&filter);
	return code;
}

static int
services(struct ctl *ctl, int argc, char **argv)
{
	struct buffer filter = { 0 };
	struct sql *sql;
	int code;

	if (argc > 2)
		return ctl_fail(ctl, EX_USAGE, "expected one UNIT");
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	buffer_add_byte(&filter, '{');
	add(&filter, "unit", argc > 1 ? argv[1] : NULL);
	buffer_add_byte(&filter, '}');
	code = list(
	    ctl, sql, &sql_ctl_services, filter.data, service_columns, "no services of this unit");
	buffer_clear(&filter);
	return code;
}

static int
entry(struct ctl *ctl, const char *number)
{
	const char *const values[] = { number };
	struct buffer out = { 0 };
	struct json *tree = NULL;
	struct sql_rows *rows;
	const char *text;
	struct sql *sql;
	struct err err;
	int code;

	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	if (!sql_query(sql, sql_ctl_archive_entry.text, 1, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	text = sql_count(rows) > 0 ? sql_text(rows, 0, "row") : NULL;
	code = CTL_OK;
	if (text == NULL)
		code = ctl_fail(ctl, CTL_NO, "nothing is archived under %s", number);
	else if (ctl_json(ctl))
		buffer_printf(&out, "%s\n", text);
	else if (json_parse(text, strlen(text), &tree, &err))
		view_object(tree, entry_columns, &out);
	else
		code = ctl_fail(ctl, EX_SOFTWARE, "%s", err.text);
	json_free(&tree);
	ctl_print(&out);
	buffer_clear(&out);
	sql_rows_free(&rows);
	return code;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	if (strcmp(argv[0], "search") == 0)
		return search(ctl, argc, argv);
	if (strcmp(argv[0], "services") == 0)
		return services(ctl, argc, argv);
	if (argc > 1 || !ctl_is_id(argv[0]))
		return ctl_fail(ctl, EX_USAGE,
		    "expected search TEXT, services [UNIT], or the NUMBER of a wish or case");
	return entry(ctl, argv[0]);
}

static const struct ctl_option options[] = {
	{ 'u', "unit", "UNIT", "search only within this unit and those below it" },
	{ 'l', "limit", "N", "at most so many, the newest (default 50)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_archive = {
	.name = "archive",
	.usage = "search TEXT... [--unit UNIT] [--limit N] | NUMBER | services [UNIT]",
	.summary = "Finds what was done for people, and counts it",
	.help = "Every word must stand in an entry, anywhere, in Chinese or Korean; spaces within\n"
		"an entry, width and case do not matter. A NUMBER shows one entry: what was done,\n"
		"how it went, who came, tools, minutes, pictures (hailanctl attachment fetches\n"
		"them). services is the running total by unit; hailanctl import services sets\n"
		"what was counted before. The exit code is 1 when nothing is found.\n",
	.options = options,
	.minimum = 1,
	.maximum = -1,
	.run = run,
};
