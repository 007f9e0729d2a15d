/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl case: one case with all that happened to it, or a list. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/phone.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column list_columns[] = {
	{ "number", "NUMBER", VIEW_NUMBER },
	{ "light", "LIGHT", VIEW_LIGHT },
	{ "kind", "KIND", VIEW_TEXT },
	{ "state", "STATE", VIEW_TEXT },
	{ "urgent", "!", VIEW_MARK },
	{ "filed_at", "FILED", VIEW_TIME },
	{ "category_name", "CATEGORY", VIEW_TEXT },
	{ "unit_name", "UNIT", VIEW_TEXT },
	{ "phone", "PHONE", VIEW_TEXT },
	{ "text", "TEXT", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static const struct view_column one_columns[] = {
	{ "number", "number", VIEW_TEXT },
	{ "light", "light", VIEW_LIGHT },
	{ "state", "state", VIEW_TEXT },
	{ "urgent", "urgent", VIEW_TEXT },
	{ "filed_at", "filed", VIEW_TIME },
	{ "category_name", "category", VIEW_TEXT },
	{ "unit_name", "unit", VIEW_TEXT },
	{ "phone", "phone", VIEW_TEXT },
	{ "text", "text", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

/* Digits as they were told, perhaps with blanks; a number that the check digit forbids is told from
 * one that does not exist. */
static bool
valid_number(const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return err_set(err, "\"%s\" is no case number", text);
	if (strtoll(text, NULL, 10) % 13 != 0)
		return err_set(err, "%s cannot be a case number: a digit is mistyped", text);
	return true;
}

static int
show_one(struct ctl *ctl, struct sql *sql, const char *number)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { number, now };
	struct buffer out = { 0 };
	struct json *tree = NULL;
	struct sql_rows *rows;
	const char *text;
	struct err err;
	int code = CTL_OK;

	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_ctl_case.text, 2, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	text = sql_count(rows) > 0 ? sql_text(rows, 0, "row") : NULL;
	if (text == NULL)
		code = ctl_fail(ctl, CTL_NO, "there is no case %s", number);
	else if (ctl_json(ctl))
		buffer_printf(&out, "%s\n", text);
	else if (json_parse(text, strlen(text), &tree, &err))
		view_object(tree, one_columns, &out);
	else
		code = ctl_fail(ctl, EX_SOFTWARE, "%s", err.text);
	json_free(&tree);
	ctl_print(&out);
	buffer_clear(&out);
	sql_rows_free(&rows);
	return code;
}

static bool
add_filter(struct ctl *ctl, struct buffer *filter, int *code)
{
	const char *phone = ctl_value(ctl, "phone"), *unit = ctl_value(ctl, "unit");
	char number[PHONE_TEXT];
	enum phone_kind kind;
	struct err err;
	long limit;

	*code = EX_USAGE;
	if (!ctl_number(ctl, "limit", 1, 100000, 100, &limit))
		return false;
	buffer_printf(filter, "{\"limit\":%ld", limit);
	if (ctl_value(ctl, "open") != NULL)
		buffer_add_string(filter, ",\"open\":true");
	if (phone != NULL) {
		if (!phone_normalise(phone, number, &kind, &err)) {
			*code = ctl_fail(ctl, EX_USAGE, "--phone: \"%s\" %s", phone, err.text);
			return false;
		}
		buffer_printf(filter, ",\"phone\":\"%s\"", number);
	}
	if (unit != NULL) {
		buffer_add_string(filter, ",\"unit\":");
		buffer_add_json(filter, unit, strlen(unit));
	}
	buffer_add_byte(filter, '}');
	return true;
}

static int
list(struct ctl *ctl, struct sql *sql, const char *filter)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { filter, now };
	struct sql_rows *rows;
	struct err err;

	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_ctl_cases.text, 2, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	view_rows(ctl, rows, list_columns, "no cases");
	sql_rows_free(&rows);
	return CTL_OK;
}

static bool
has_filter(const struct ctl *ctl)
{
	return ctl_value(ctl, "open") != NULL || ctl_value(ctl, "phone") != NULL ||
	       ctl_value(ctl, "unit") != NULL || ctl_value(ctl, "limit") != NULL;
}

/* What is wrong with the command line is told before the database is asked for. */
static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct buffer filter = { 0 };
	struct sql *sql = NULL;
	struct err err;
	int code;

	if (argc > 0 && has_filter(ctl))
		code = ctl_fail(ctl, EX_USAGE, "expected a case number or options, not both");
	else if (argc > 0 && !valid_number(argv[0], &err))
		code = ctl_fail(ctl, CTL_NO, "%s", err.text);
	else if (argc > 0 || add_filter(ctl, &filter, &code))
		sql = ctl_database(ctl, &code);
	if (sql != NULL)
		code = argc > 0 ? show_one(ctl, sql, argv[0]) : list(ctl, sql, filter.data);
	buffer_clear(&filter);
	return code;
}

static const struct ctl_option options[] = {
	{ 'o', "open", NULL, "only those that are not closed" },
	{ 'p', "phone", "NUMBER", "only those of this phone" },
	{ 'u', "unit", "CODE", "only those that this unit, or one below it, holds" },
	{ 'l', "limit", "N", "at most so many, the newest (default 100)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_case = {
	.name = "case",
	.usage = "[NUMBER | --open | --phone NUMBER | --unit CODE]",
	.summary = "Shows a case with its events and light, or lists cases",
	.help = "Wishes have numbers of the same row and are shown too. The exit code is 1 when\n"
		"there is no case of that number.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
