/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON objects as tables and as lists. */
#include "ctl/view.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/sql.h"
#include "ctl/table.h"
#include "database/database.h"

enum { TITLE_MAX = 64 };

static bool
dots(void)
{
	const char *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0');
}

static void
show_light(const char *light, struct buffer *out)
{
	static const char *const lights[][2] = {
		{ "red", "🔴 " },
		{ "yellow", "🟡 " },
		{ "blue", "🔵 " },
		{ "green", "🟢 " },
	};

	for (size_t i = 0; dots() && i < sizeof(lights) / sizeof(lights[0]); i++)
		if (strcmp(lights[i][0], light) == 0)
			buffer_add_string(out, lights[i][1]);
	buffer_add_string(out, light);
}

static void
show_time(const char *time, struct buffer *out)
{
	size_t len = strlen(time);
	size_t start = out->len;

	buffer_add(out, time, len > 19 ? 19 : len);
	if (len > 10 && out->data[start + 10] == 'T')
		out->data[start + 10] = ' ';
}

/* A text of any kind that looks like "2026-11-24T16:46:37" is a time. */
static bool
looks_like_time(const struct json *value)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";

	if (value->type != JSON_STRING || strlen(value->text) < sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++) {
		char c = value->text[i];

		if (form[i] == 'd' ? c < '0' || c > '9' : c != form[i])
			return false;
	}
	return true;
}

static void
show(const struct json *value, enum view_kind kind, struct buffer *out)
{
	if (value == NULL)
		return;
	if (kind == VIEW_LIGHT && value->type == JSON_STRING)
		show_light(value->text, out);
	else if (kind == VIEW_MARK && value->type == JSON_BOOL)
		buffer_add_string(out, strcmp(value->text, "true") == 0 ? "!" : "");
	else if (looks_like_time(value))
		show_time(value->text, out);
	else
		json_show(value, out);
}

static bool
is_table(const struct json *value)
{
	return value->type == JSON_ARRAY && value->first != NULL &&
	       value->first->type == JSON_OBJECT;
}

/* ---- tables --------------------------------------------------------------------------------- */

static bool
in_some_row(const struct json *array, const char *key)
{
	for (const struct json *row = array->first; row != NULL; row = row->next)
		if (json_member(row, key) != NULL)
			return true;
	return false;
}

/* Objects come with their members in the order of a jsonb, which says nothing: what comes first in
 * a table, and what last. */
static int
rank(const char *key)
{
	static const char *const first[] = { "at", "id", "number", "name", "light", "state",
		"channel", "link", "direction", "action", "actor", "phone" };
	static const char *const last[] = { "waiting", "reason", "detail", "text", "body" };
	const int count = sizeof(first) / sizeof(first[0]);

	for (int i = 0; i < count; i++)
		if (strcmp(first[i], key) == 0)
			return i;
	for (int i = 0; i < (int)(sizeof(last) / sizeof(last[0])); i++)
		if (strcmp(last[i], key) == 0)
			return count + 1 + i;
	return count;
}

static int
compare_columns(const void *a, const void *b)
{
	const struct view_column *x = a, *y = b;
	int difference = rank(x->key) - rank(y->key);

	return difference != 0 ? difference : strcmp(x->key, y->key);
}

static struct view_column *
columns_of(const struct json *object, size_t limit)
{
	struct view_column *columns = NULL;
	size_t n = 0;

	for (const struct json *m = object->first; m != NULL && n < limit; m = m->next) {
		columns = xreallocarray(columns, n + 2, sizeof(columns[0]));
		columns[n++] = (struct view_column){ m->key, m->key,
			m->type == JSON_NUMBER         ? VIEW_NUMBER
			: strcmp(m->key, "light") == 0 ? VIEW_LIGHT
						       : VIEW_TEXT };
	}
	if (columns == NULL)
		columns = xcalloc(1, sizeof(columns[0]));
	qsort(columns, n, sizeof(columns[0]), compare_columns);
	columns[n] = (struct view_column){ NULL, NULL, VIEW_TEXT };
	return columns;
}

void
view_table(const struct json *array, const struct view_column *columns, struct buffer *out)
{
	struct view_column *own = NULL;
	struct table *table;
	struct buffer cell = { 0 };

	if (array->first == NULL)
		return;
	if (columns == NULL)
		columns = own = columns_of(array->first, 20);
	table = table_new();
	for (const struct view_column *c = columns; c->key != NULL; c++)
		if (in_some_row(array, c->key))
			table_title(table, c->title, c->kind == VIEW_NUMBER);
	for (const struct json *row = array->first; row != NULL; row = row->next) {
		for (const struct view_column *c = columns; c->key != NULL; c++) {
			if (!in_some_row(array, c->key))
				continue;
			buffer_reset(&cell);
			show(json_member(row, c->key), c->kind, &cell);
			table_cell(table, cell.len > 0 ? cell.data : "");
		}
	}
	table_print(table, table_terminal_width(), out);
	table_free(&table);
	buffer_clear(&cell);
	free(own);
}

static bool
parse_rows(const struct sql_rows *rows, struct json *array)
{
	struct json **tail = &array->first;
	struct err err;

	for (int i = 0; i < sql_count(rows); i++) {
		const char *text = sql_text(rows, i, "row");

		if (!json_parse(text, strlen(text), tail, &err)) {
			log_error("row %d: %s", i, err.text);
			return false;
		}
		tail = &(*tail)->next;
	}
	return true;
}

bool
view_rows(struct ctl *ctl, const struct sql_rows *rows, const struct view_column *columns,
    const char *empty)
{
	struct json array = { .type = JSON_ARRAY };
	struct buffer out = { 0 };

	if (ctl_json(ctl)) {
		buffer_add_byte(&out, '[');
		for (int i = 0; i < sql_count(rows); i++)
			buffer_printf(&out, "%s%s", i > 0 ? ",\n " : "", sql_text(rows, i, "row"));
		buffer_add_string(&out, "]\n");
	} else if (sql_count(rows) == 0) {
		buffer_printf(&out, "%s\n", empty);
	} else if (parse_rows(rows, &array)) {
		view_table(&array, columns, &out);
	}
	json_free(&array.first);
	ctl_print(&out);
	buffer_clear(&out);
	return sql_count(rows) > 0;
}

/* ---- one object ----------------------------------------------------------------------------- */

static void
add_line(const char *title, const struct json *value, enum view_kind kind, size_t width,
    struct buffer *out)
{
	struct buffer text = { 0 };
	size_t used = table_width(title);

	show(value, kind, &text);
	if (text.len > 0) {
		/* Lines inside a text are put under each other. */
		buffer_printf(out, "%s: %*s", title, used < width ? (int)(width - used) : 0, "");
		for (size_t i = 0; i < text.len; i++) {
			unsigned char c = (unsigned char)text.data[i];

			if (c == '\n')
				buffer_printf(out, "\n%*s", (int)width + 2, "");
			else if (c >= 0x20 && c != 0x7F)
				buffer_add_byte(out, c);
		}
		buffer_add_byte(out, '\n');
	}
	buffer_clear(&text);
}

static bool
listed(const struct view_column *columns, const char *key)
{
	for (; columns != NULL && columns->key != NULL; columns++)
		if (strcmp(columns->key, key) == 0)
			return true;
	return false;
}

void
view_object(const struct json *object, const struct view_column *columns, struct buffer *out)
{
	struct view_column *rest = columns_of(object, SIZE_MAX);
	size_t width = 0;

	for (const struct json *m = object->first; m != NULL; m = m->next)
		if (!is_table(m) && strlen(m->key) > width && strlen(m->key) < TITLE_MAX)
			width = strlen(m->key);
	for (const struct view_column *c = columns; c != NULL && c->key != NULL; c++) {
		const struct json *m = json_member(object, c->key);

		if (m != NULL && !is_table(m))
			add_line(c->title, m, c->kind, width, out);
	}
	for (const struct view_column *c = rest; c->key != NULL; c++) {
		const struct json *m = json_member(object, c->key);

		if (m != NULL && !is_table(m) && !listed(columns, c->key))
			add_line(c->title, m, c->kind, width, out);
	}
	free(rest);
	for (const struct json *m = object->first; m != NULL; m = m->next) {
		if (!is_table(m))
			continue;
		buffer_printf(out, "\n%s\n", m->key);
		view_table(m, NULL, out);
	}
}

static int
show_first(struct ctl *ctl, const struct sql_rows *rows)
{
	const char *text = sql_count(rows) > 0 ? sql_text(rows, 0, "row") : NULL;
	struct buffer out = { 0 };
	struct json *tree = NULL;
	struct err err;
	int code = CTL_OK;

	if (text == NULL)
		code = ctl_fail(ctl, CTL_NO, "there is no such message");
	else if (ctl_json(ctl))
		buffer_printf(&out, "%s\n", text);
	else if (json_parse(text, strlen(text), &tree, &err))
		view_object(tree, NULL, &out);
	else
		code = ctl_fail(ctl, EX_SOFTWARE, "%s", err.text);
	json_free(&tree);
	ctl_print(&out);
	buffer_clear(&out);
	return code;
}

int
view_list(struct ctl *ctl, struct sql *sql, const struct sql_statement *statement,
    const char *filter, const struct view_column *columns, const char *empty)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { filter, now };
	struct sql_rows *rows;
	struct err err;

	clock_format(clock_now(), now);
	if (!sql_query(sql, statement->text, 2, values, &rows, &err))
		return strncmp(sql_state(sql), "22", 2) == 0 ? ctl_fail(ctl, CTL_NO, "%s", err.text)
							     : ctl_database_fail(ctl, &err);
	view_rows(ctl, rows, columns, empty);
	sql_rows_free(&rows);
	return CTL_OK;
}

int
view_filtered(struct ctl *ctl, struct sql *sql, const struct sql_statement *statement,
    const char *filter, bool one, const struct view_column *columns)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { filter, now };
	struct sql_rows *rows;
	struct err err;
	int code;

	if (!one)
		return view_list(ctl, sql, statement, filter, columns, "no messages");
	clock_format(clock_now(), now);
	if (!sql_query(sql, statement->text, 2, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	code = show_first(ctl, rows);
	sql_rows_free(&rows);
	return code;
}
