/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills a lexicon from rows, wherever they come from, and keeps their names to be shown. */
#include "ctl/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "ctl/sql.h"
#include "embedded.h"
#include "text/lexicon.h"

enum { FIELDS_MAX = 16 };

struct name {
	int64_t id; /* of a category: its department */
	char *code, *text, *more;
};

struct names {
	struct name *list;
	size_t count;
};

struct words {
	struct lexicon *lexicon;
	struct names units, categories, keywords;
};

/* A row of one of the tables, by column names. */
struct row {
	const struct sql_rows *rows; /* of the database, or NULL */
	int number;
	unsigned fields;
	const char *names[FIELDS_MAX];
	const char *values[FIELDS_MAX];
};

static const char *
field(const struct row *row, const char *name)
{
	if (row->rows != NULL)
		return sql_optional(row->rows, row->number, name);
	for (unsigned i = 0; i < row->fields; i++)
		if (strcmp(row->names[i], name) == 0)
			return row->values[i];
	return "";
}

static int64_t
integer(const char *text)
{
	return strtoll(text, NULL, 10);
}

static bool
yes(const char *text)
{
	return strcmp(text, "t") == 0 || strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
}

static void
names_add(struct names *n, int64_t id, const char *code, const char *text, const char *more)
{
	if ((n->count & (n->count + 1)) == 0)
		n->list = xreallocarray(n->list, 2 * n->count + 2, sizeof(n->list[0]));
	n->list[n->count++] = (struct name){ id, xstrdup(code), xstrdup(text), xstrdup(more) };
}

static void
names_free(struct names *n)
{
	for (size_t i = 0; i < n->count; i++) {
		free(n->list[i].code);
		free(n->list[i].text);
		free(n->list[i].more);
	}
	free(n->list);
}

static const struct name *
names_by_id(const struct names *n, int64_t id)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].id == id)
			return &n->list[i];
	return NULL;
}

static const struct name *
names_by_code(const struct names *n, const char *code)
{
	for (size_t i = 0; code != NULL && i < n->count; i++)
		if (strcmp(n->list[i].code, code) == 0)
			return &n->list[i];
	return NULL;
}

/* ---- rows into the lexicon ------------------------------------------------------------------ */

typedef bool row_fn(struct words *w, const struct row *row, struct err *err);

static bool
add_category(struct words *w, const struct row *row, struct err *err)
{
	const char *code = field(row, "code");

	names_add(&w->categories, integer(field(row, "department_id")), code, field(row, "name_zh"),
	    field(row, "department"));
	return lexicon_add_category(
	    w->lexicon, code, field(row, "kind"), yes(field(row, "urgent")), err);
}

static bool
add_keyword(struct words *w, const struct row *row, struct err *err)
{
	const char *given = field(row, "id");
	int64_t id = *given != '\0' ? integer(given) : (int64_t)w->keywords.count + 1;

	names_add(&w->keywords, id, field(row, "category"), field(row, "pattern"), "");
	return lexicon_add_keyword(w->lexicon, id, field(row, "pattern"), field(row, "category"),
	    (int)integer(field(row, "weight")), err);
}

/* One name of a unit a row. */
static bool
add_place(struct words *w, const struct row *row, struct err *err)
{
	int64_t unit = integer(field(row, "unit_id"));

	return lexicon_add_place(w->lexicon, unit, field(row, "level"), field(row, "name"),
	    integer(field(row, "parent_id")), yes(field(row, "needs_suffix")), err);
}

static bool
add_unit_name(struct words *w, const struct row *row, struct err *err)
{
	(void)err;
	names_add(&w->units, integer(field(row, "id")), field(row, "code"), field(row, "name_zh"),
	    field(row, "level"));
	return true;
}

/* places.tsv: all names of a unit in one row. */
static bool
add_place_row(struct words *w, const struct row *row, struct err *err)
{
	int64_t unit = integer(field(row, "code")), parent = integer(field(row, "parent"));
	const char *level = field(row, "level");
	bool suffix = yes(field(row, "needs_suffix")), ok = true;
	char *aliases = xstrdup(field(row, "aliases")), *rest = aliases, *alias;
	const char *const names[] = { field(row, "name_zh"), field(row, "name_ko") };

	names_add(&w->units, unit, field(row, "code"), names[0], level);
	for (size_t i = 0; ok && i < 2; i++)
		if (names[i][0] != '\0')
			ok = lexicon_add_place(
			    w->lexicon, unit, level, names[i], parent, suffix, err);
	while (ok && (alias = strsep(&rest, "|")) != NULL)
		if (*alias != '\0')
			ok = lexicon_add_place(w->lexicon, unit, level, alias, parent, suffix, err);
	free(aliases);
	return ok;
}

/* ---- where rows come from ------------------------------------------------------------------- */

static bool
each_database_row(struct words *w, struct sql *sql, const struct sql_statement *statement,
    row_fn *fn, struct err *err)
{
	struct row row = { 0 };
	struct sql_rows *rows;
	bool ok = true;

	if (!sql_query(sql, statement->text, 0, NULL, &rows, err))
		return false;
	row.rows = rows;
	for (row.number = 0; ok && row.number < sql_count(rows); row.number++)
		ok = fn(w, &row, err);
	sql_rows_free(&rows);
	return ok;
}

/* Cuts a line at its tabs. */
static unsigned
split(char *line, const char **fields)
{
	unsigned n = 0;
	char *one;

	line[strcspn(line, "\r\n")] = '\0';
	while (n < FIELDS_MAX && (one = strsep(&line, "\t")) != NULL)
		fields[n++] = one;
	return n;
}

static bool
each_line(struct words *w, FILE *f, row_fn *fn, struct err *err)
{
	struct row row = { 0 };
	char *line = NULL, *header = NULL;
	size_t room = 0, header_room = 0;
	unsigned names = 0;
	bool ok = true;

	if (getline(&header, &header_room, f) > 0)
		names = split(header, row.names);
	for (row.number = 2; ok && getline(&line, &room, f) > 0; row.number++) {
		row.fields = split(line, row.values);
		if (row.fields > names)
			row.fields = names;
		ok = fn(w, &row, err) || err_prefix(err, "line %d", row.number);
	}
	free(line);
	free(header);
	return ok;
}

static bool
each_file_row(struct words *w, const char *folder, const char *name, row_fn *fn, struct err *err)
{
	char *path = xasprintf("%s/%s.tsv", folder, name);
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL)
		err_set(err, "cannot read %s: %s", path, strerror(errno));
	ok = f != NULL && (each_line(w, f, fn, err) || err_prefix(err, "%s", path));
	if (f != NULL)
		fclose(f);
	free(path);
	return ok;
}

static struct words *
words_new(void)
{
	struct words *w = xcalloc(1, sizeof(*w));

	w->lexicon = lexicon_new();
	return w;
}

static struct words *
finish(struct words *w, bool ok, struct err *err)
{
	if (!ok || !lexicon_compile(w->lexicon, err))
		words_free(&w);
	return w;
}

struct words *
words_from_database(struct sql *sql, struct err *err)
{
	struct words *w = words_new();
	bool ok = each_database_row(w, sql, &sql_policy_categories, add_category, err) &&
		  each_database_row(w, sql, &sql_policy_keywords, add_keyword, err) &&
		  each_database_row(w, sql, &sql_policy_places, add_place, err) &&
		  each_database_row(w, sql, &sql_policy_units, add_unit_name, err);

	return finish(w, ok, err);
}

struct words *
words_from_folder(const char *folder, struct err *err)
{
	struct words *w = words_new();
	bool ok = each_file_row(w, folder, "categories", add_category, err) &&
		  each_file_row(w, folder, "keywords", add_keyword, err) &&
		  each_file_row(w, folder, "places", add_place_row, err);

	return finish(w, ok, err);
}

void
words_free(struct words **w)
{
	if (*w == NULL)
		return;
	lexicon_free(&(*w)->lexicon);
	names_free(&(*w)->units);
	names_free(&(*w)->categories);
	names_free(&(*w)->keywords);
	free(*w);
	*w = NULL;
}

const struct lexicon *
words_lexicon(const struct words *w)
{
	return w->lexicon;
}

const char *
words_unit(const struct words *w, int64_t unit)
{
	const struct name *n = names_by_id(&w->units, unit);

	return n != NULL ? n->text : "";
}

const char *
words_category(const struct words *w, const char *code)
{
	const struct name *n = names_by_code(&w->categories, code);

	return n != NULL ? n->text : "";
}

const char *
words_department(const struct words *w, const char *code)
{
	const struct name *n = names_by_code(&w->categories, code);

	if (n == NULL)
		return "";
	return n->id != 0 ? words_unit(w, n->id) : n->more;
}

const char *
words_pattern(const struct words *w, int64_t keyword)
{
	const struct name *n = names_by_id(&w->keywords, keyword);

	return n != NULL ? n->text : "";
}
