/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl stats: the figures of a period, as a table, CSV, JSON or a page of HTML. What the
 * figures are, and how they are counted, the database tells (table figure). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "ctl/chart.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/report.h"
#include "ctl/sql.h"
#include "ctl/table.h"
#include "embedded.h"

enum { BAR_WIDTH = 20 };

/* ---- loading -------------------------------------------------------------------------------- */

/* What the rows of a statement tell as one array, and the same as a tree. */
static bool
load(struct sql *sql, const struct sql_statement *statement, unsigned count,
    const char *const *values, struct buffer *text, struct json **out, struct err *err)
{
	struct sql_rows *rows;

	if (!sql_query(sql, statement->text, count, values, &rows, err))
		return false;
	buffer_add_byte(text, '[');
	for (int i = 0; i < sql_count(rows); i++)
		buffer_printf(text, "%s%s", i > 0 ? ",\n " : "", sql_text(rows, i, "row"));
	buffer_add_string(text, "]\n");
	sql_rows_free(&rows);
	return json_parse(text->data, text->len, out, err);
}

static void
add_member(struct ctl *ctl, const char *option, struct buffer *filter)
{
	const char *value = ctl_value(ctl, option);

	if (value == NULL)
		return;
	buffer_printf(filter, "%s\"%s\":", filter->len > 1 ? "," : "", option);
	buffer_add_json(filter, value, strlen(value));
}

/* by: instead of what the command line says; NULL: that. */
static bool
load_stats(struct ctl *ctl, struct sql *sql, const char *by, struct buffer *text, struct json **out,
    struct err *err)
{
	static const char *const members[] = { "unit", "from", "to", "month" };
	struct buffer filter = { 0 };
	char now[CLOCK_TEXT];
	bool ok;

	clock_format(clock_now(), now);
	buffer_add_byte(&filter, '{');
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		add_member(ctl, members[i], &filter);
	if (by == NULL)
		add_member(ctl, "by", &filter);
	else
		buffer_printf(&filter, "%s\"by\":\"%s\"", filter.len > 1 ? "," : "", by);
	if (ctl_value(ctl, "area") != NULL)
		buffer_printf(&filter, "%s\"area\":true", filter.len > 1 ? "," : "");
	buffer_add_byte(&filter, '}');
	ok =
	    load(sql, &sql_ctl_stats, 2, (const char *const[]){ filter.data, now }, text, out, err);
	buffer_clear(&filter);
	return ok;
}

/* ---- tables --------------------------------------------------------------------------------- */

static bool
is_main(const struct json *figure)
{
	return strcmp(json_member_text(figure, "main"), "true") == 0;
}

static void
add_of(const struct json *row, const struct json *figure, struct buffer *out)
{
	double part, whole;

	if (report_share(row, figure, &part, &whole))
		buffer_printf(out, "%.0f of %.0f", part, whole);
}

/* One row: each figure is a line. */
static void
show_figures(
    const struct json *figures, const struct json *row, const char *language, struct buffer *out)
{
	struct table *table = table_new();
	struct buffer cell = { 0 };
	bool pictures = table_terminal_width() > 0;
	double part, whole;

	table_title(table, "FIGURE", false);
	table_title(table, "VALUE", true);
	table_title(table, "OF", true);
	if (pictures)
		table_title(table, "", false);
	for (const struct json *f = figures->first; f != NULL; f = f->next) {
		table_cell(table, report_title(f, language));
		table_cell(table, report_value(row, f));
		buffer_reset(&cell);
		add_of(row, f, &cell);
		table_cell(table, cell.len > 0 ? cell.data : "");
		if (!pictures)
			continue;
		buffer_reset(&cell);
		if (report_share(row, f, &part, &whole) && whole > 0)
			chart_bar(part / whole, BAR_WIDTH, &cell);
		table_cell(table, cell.len > 0 ? cell.data : "");
	}
	table_print(table, table_terminal_width(), out);
	table_free(&table);
	buffer_clear(&cell);
}

/* A value in a table by unit and so on: a share with what it is a share of. */
static void
add_cell(const struct json *row, const struct json *figure, bool pictures, struct buffer *out)
{
	double part, whole;
	bool share = report_share(row, figure, &part, &whole);

	if (share && whole > 0 && pictures) {
		chart_level(part / whole, out);
		buffer_add_byte(out, ' ');
	}
	buffer_add_string(out, report_value(row, figure));
	if (share && whole > 0)
		buffer_printf(out, " of %.0f", whole);
}

static void
show_rows(
    const struct json *figures, const struct json *rows, const char *title, struct buffer *out)
{
	struct table *table = table_new();
	struct buffer cell = { 0 };
	bool pictures = table_terminal_width() > 0;

	table_title(table, title, false);
	for (const struct json *f = figures->first; f != NULL; f = f->next)
		if (is_main(f))
			table_title(table, json_member_text(f, "short"), true);
	for (const struct json *row = rows->first; row != NULL; row = row->next) {
		table_cell(table, json_member_text(row, "name"));
		for (const struct json *f = figures->first; f != NULL; f = f->next) {
			if (!is_main(f))
				continue;
			buffer_reset(&cell);
			add_cell(row, f, pictures, &cell);
			table_cell(table, cell.data);
		}
	}
	table_print(table, 0, out);
	table_free(&table);
	buffer_clear(&cell);
}

/* Under a table by month: how each share went, a column for each month, "·" where there was none.
 */
static void
show_course(const struct json *figures, const struct json *rows, struct buffer *out)
{
	double part, whole;

	for (const struct json *f = figures->first; f != NULL; f = f->next) {
		if (!is_main(f) || json_member(f, "whole") == NULL)
			continue;
		buffer_printf(out, "\n%-10s ", json_member_text(f, "short"));
		for (const struct json *row = rows->first; row != NULL; row = row->next) {
			report_share(row, f, &part, &whole);
			if (whole > 0)
				chart_level(part / whole, out);
			else
				buffer_add_string(out, "·");
		}
	}
	buffer_add_byte(out, '\n');
}

static void
show_formulas(const struct json *figures, const char *language, struct buffer *out)
{
	const char *formula = strcmp(language, "en") == 0 ? "formula" : "formula_zh";
	struct table *table = table_new();

	table_title(table, "NAME", false);
	table_title(table, "FIGURE", false);
	table_title(table, "HOW IT IS COUNTED", false);
	for (const struct json *f = figures->first; f != NULL; f = f->next) {
		table_cell(table, json_member_text(f, "name"));
		table_cell(table, report_title(f, language));
		table_cell(table, json_member_text(f, formula));
	}
	table_print(table, 0, out);
	table_free(&table);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void
add_field(struct buffer *out, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		buffer_add_string(out, text);
		return;
	}
	buffer_add_byte(out, '"');
	for (; *text != '\0'; text++)
		buffer_printf(out, *text == '"' ? "\"\"" : "%c", *text);
	buffer_add_byte(out, '"');
}

/* With a byte-order mark: spreadsheets take the file for something else without it. Of a share the
 * column NAME_of tells what it is a share of. */
static void
show_csv(const struct json *figures, const struct json *rows, struct buffer *out)
{
	double part, whole;

	buffer_add_string(out, "\xEF\xBB\xBFkey,name,from,to");
	for (const struct json *f = figures->first; f != NULL; f = f->next) {
		buffer_printf(out, ",%s", json_member_text(f, "name"));
		if (json_member(f, "whole") != NULL)
			buffer_printf(out, ",%s_of", json_member_text(f, "name"));
	}
	buffer_add_string(out, "\r\n");
	for (const struct json *row = rows->first; row != NULL; row = row->next) {
		static const char *const keys[] = { "key", "name", "from", "to" };

		for (size_t i = 0; i < 4; i++) {
			buffer_add_string(out, i > 0 ? "," : "");
			add_field(out, json_member_text(row, keys[i]));
		}
		for (const struct json *f = figures->first; f != NULL; f = f->next) {
			buffer_add_byte(out, ',');
			add_field(out, report_value(row, f));
			if (report_share(row, f, &part, &whole))
				buffer_printf(out, ",%.0f", whole);
		}
		buffer_add_string(out, "\r\n");
	}
}

/* ---- HTML ----------------------------------------------------------------------------------- */

/* The file is there as a whole or not at all; "-" is stdout. */
static int
write_file(struct ctl *ctl, const char *path, const struct buffer *page)
{
	char *fresh;
	FILE *f;
	bool ok;

	if (strcmp(path, "-") == 0) {
		ctl_print(page);
		return CTL_OK;
	}
	fresh = xasprintf("%s.new", path);
	f = fopen(fresh, "we");
	ok = f != NULL && fwrite(page->data, 1, page->len, f) == page->len;
	if (f != NULL)
		ok = fclose(f) == 0 && ok;
	ok = ok && rename(fresh, path) == 0;
	if (!ok) {
		ctl_fail(ctl, EX_CANTCREAT, "cannot write %s: %s", path, strerror(errno));
		unlink(fresh);
	}
	free(fresh);
	return ok ? CTL_OK : EX_CANTCREAT;
}

/* The twelve months up to the end of the period, whatever it is itself. */
static bool
load_months(
    struct ctl *ctl, struct sql *sql, const struct json *total, struct json **out, struct err *err)
{
	struct buffer filter = { 0 }, text = { 0 };
	const char *unit = ctl_value(ctl, "unit"), *to = json_member_text(total->first, "to");
	char now[CLOCK_TEXT];
	bool ok;

	clock_format(clock_now(), now);
	buffer_printf(&filter, "{\"by\":\"month\",\"to\":\"%s\"", to);
	if (unit != NULL) {
		buffer_add_string(&filter, ",\"unit\":");
		buffer_add_json(&filter, unit, strlen(unit));
	}
	if (ctl_value(ctl, "area") != NULL)
		buffer_add_string(&filter, ",\"area\":true");
	buffer_add_byte(&filter, '}');
	ok = load(
	    sql, &sql_ctl_stats, 2, (const char *const[]){ filter.data, now }, &text, out, err);
	buffer_clear(&filter);
	buffer_clear(&text);
	return ok;
}

static int
write_html(struct ctl *ctl, struct sql *sql, const char *language, const struct json *figures,
    const struct json *total)
{
	static const char *const parts[] = { "unit", "category" };
	struct json *rows[3] = { NULL };
	struct buffer page = { 0 }, text = { 0 };
	struct err err;
	bool ok = true;
	int code;

	for (size_t i = 0; ok && i < 2; i++) {
		buffer_reset(&text);
		ok = load_stats(ctl, sql, parts[i], &text, &rows[i], &err);
	}
	ok = ok && load_months(ctl, sql, total, &rows[2], &err);
	if (ok) {
		report_html(&(struct report){ .language = language,
				.figures = figures,
				.total = total,
				.units = rows[0],
				.categories = rows[1],
				.months = rows[2] },
		    &page);
		code = write_file(ctl, ctl_value(ctl, "html"), &page);
	} else {
		code = ctl_database_fail(ctl, &err);
	}
	for (size_t i = 0; i < 3; i++)
		json_free(&rows[i]);
	buffer_clear(&text);
	buffer_clear(&page);
	return code;
}

/* ---- the command ---------------------------------------------------------------------------- */

static void
show(struct ctl *ctl, const char *language, const char *by, const struct json *figures,
    const struct json *rows, struct buffer *out)
{
	if (ctl_value(ctl, "csv") != NULL) {
		show_csv(figures, rows, out);
	} else if (by == NULL) {
		buffer_printf(out, "%s, %.16s to %.16s\n\n", json_member_text(rows->first, "name"),
		    json_member_text(rows->first, "from"), json_member_text(rows->first, "to"));
		show_figures(figures, rows->first, language, out);
	} else {
		show_rows(figures, rows,
		    strcmp(by, "unit") == 0       ? "UNIT"
		    : strcmp(by, "category") == 0 ? "CATEGORY"
		    : strcmp(by, "month") == 0    ? "MONTH"
						  : "CHANNEL",
		    out);
		if (strcmp(by, "month") == 0 && table_terminal_width() > 0)
			show_course(figures, rows, out);
	}
}

/* The option's value, which must be one of choices ("a|b|c"). */
static bool
choice(struct ctl *ctl, const char *option, const char *choices, const char **out)
{
	const char *value = ctl_value(ctl, option);
	size_t len = value != NULL ? strlen(value) : 0;

	for (const char *c = choices; value != NULL; c++) {
		if (strncmp(c, value, len) == 0 && len > 0 && (c[len] == '|' || c[len] == '\0'))
			break;
		c = strchr(c, '|');
		if (c != NULL)
			continue;
		ctl_fail(ctl, EX_USAGE, "--%s \"%s\": must be one of %s", option, value, choices);
		return false;
	}
	if (value != NULL)
		*out = value;
	return true;
}

/* What was typed is no time, or no period. */
static int
fail(struct ctl *ctl, struct sql *sql, const struct err *err)
{
	if (strncmp(sql_state(sql), "22", 2) == 0)
		return ctl_fail(ctl, EX_USAGE, "%s", err->text);
	return ctl_database_fail(ctl, err);
}

static int
show_all(struct ctl *ctl, struct sql *sql, const char *language, const char *by)
{
	struct buffer figures_text = { 0 }, text = { 0 }, out = { 0 };
	struct json *figures = NULL, *rows = NULL;
	bool formulas = ctl_value(ctl, "formulas") != NULL;
	struct err err;
	int code = CTL_OK;

	if (!load(sql, &sql_ctl_figures, 0, NULL, &figures_text, &figures, &err) ||
	    (!formulas && !load_stats(ctl, sql, ctl_value(ctl, "html") != NULL ? "" : NULL, &text,
			      &rows, &err)))
		code = fail(ctl, sql, &err);
	else if (formulas && !ctl_json(ctl))
		show_formulas(figures, language, &out);
	else if (ctl_json(ctl))
		buffer_add_string(&out, formulas ? figures_text.data : text.data);
	else if (rows->first == NULL && by == NULL)
		code = ctl_fail(ctl, CTL_NO, "there is no unit %s", ctl_value(ctl, "unit"));
	else if (ctl_value(ctl, "html") != NULL)
		code = write_html(ctl, sql, language, figures, rows);
	else
		show(ctl, language, by, figures, rows, &out);
	ctl_print(&out);
	json_free(&figures);
	json_free(&rows);
	buffer_clear(&figures_text);
	buffer_clear(&text);
	buffer_clear(&out);
	return code;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *by = NULL, *language = ctl_value(ctl, "html") != NULL ? "zh" : "en";
	bool html = ctl_value(ctl, "html") != NULL, csv = ctl_value(ctl, "csv") != NULL;
	struct sql *sql;
	int code = CTL_OK;

	(void)argc;
	(void)argv;
	if (!choice(ctl, "by", "unit|category|month|channel", &by) ||
	    !choice(ctl, "language", "en|zh|ko", &language))
		return EX_USAGE;
	if (ctl_value(ctl, "month") != NULL &&
	    (ctl_value(ctl, "from") != NULL || ctl_value(ctl, "to") != NULL))
		return ctl_fail(
		    ctl, EX_USAGE, "--month is a period by itself, without --from and --to");
	if (html + csv + ctl_json(ctl) > 1 || (html && by != NULL))
		return ctl_fail(ctl, EX_USAGE,
		    "one of --json, --csv and --html; --html shows every --by at once");
	sql = ctl_database(ctl, &code);
	return sql != NULL ? show_all(ctl, sql, language, by) : code;
}

static const struct ctl_option options[] = {
	{ 'u', "unit", "UNIT", "of this unit, by code or name, and all below it" },
	{ 'm', "month", "MONTH", "of this month, like 2026-11" },
	{ 0, "from", "TIME", "from this day or time on, like 2026-11-24" },
	{ 0, "to", "TIME", "up to this day or time, which does not belong to it" },
	{ 'b', "by", "WHAT", "a row for each unit, category, month or channel" },
	{ 'a', "area", NULL, "cases count where they lie, not for the unit that holds them" },
	{ 'c', "csv", NULL, "as comma-separated values" },
	{ 'H', "html", "FILE", "writes a page with tables and pictures; - is stdout" },
	{ 'L', "language", "LANGUAGE", "of the titles: en, zh or ko (--html: zh)" },
	{ 'F', "formulas", NULL, "tells how each figure is counted" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_stats = {
	.name = "stats",
	.usage = "[--unit UNIT] [--month MONTH | --from TIME --to TIME] [--by WHAT]",
	.summary = "Shows the statistics of a month or any other period",
	.help = "Without a period this month up to now, by month the last twelve. Everything is\n"
		"told as it stood at the end of the period. A share of nothing is shown as \"—\",\n"
		"in JSON as null. The exit code is 1 when there is no such unit.\n",
	.options = options,
	.maximum = 0,
	.run = run,
};
