/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Rows that the database tells as JSON objects, for people and for programs. */
#include <stdbool.h>

struct buffer;
struct ctl;
struct json;
struct sql;
struct sql_rows;
struct sql_statement;

enum view_kind {
	VIEW_TEXT,
	VIEW_NUMBER, /* aligned to the right */
	VIEW_TIME,   /* "2026-11-24 16:46:37" of a time in ISO form */
	VIEW_LIGHT,  /* red, yellow, blue, green: with a dot on a terminal */
	VIEW_MARK,   /* true is shown as "!", false as nothing */
};

struct view_column {
	const char *key; /* NULL ends the list */
	const char *title;
	enum view_kind kind;
};

/* One object per row of rows, in its column "row": with --json as an array; else as a table of
 * those columns that at least one row has, or the line empty when there is none. Returns false when
 * there was no row. */
bool view_rows(struct ctl *ctl, const struct sql_rows *rows, const struct view_column *columns,
    const char *empty);

/* Runs a statement of $1 filter jsonb, $2 at, which gives objects in the column "row". one: shows
 * the first as a whole, or says that there is none. Returns the exit code. */
int view_filtered(struct ctl *ctl, struct sql *sql, const struct sql_statement *statement,
    const char *filter, bool one, const struct view_column *columns);

/* The same for a list: empty is said when there is nothing; what the database calls wrong in the
 * filter is the answer no. */
int view_list(struct ctl *ctl, struct sql *sql, const struct sql_statement *statement,
    const char *filter, const struct view_column *columns, const char *empty);

/* An array of objects as a table; columns NULL: those of the first object. */
void view_table(const struct json *array, const struct view_column *columns, struct buffer *out);

/* An object as lines "title: value", in the order of columns and then the rest; members that are
 * arrays of objects follow as tables under their name. */
void view_object(const struct json *object, const struct view_column *columns, struct buffer *out);
