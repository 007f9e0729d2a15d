/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk's policy, or a lexicon filled from files; and the names of what is in them. */
#include "ctl/words.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "clerk/policy.h"
#include "ctl/sql.h"
#include "database/database.h"
#include "embedded.h"
#include "text/lexicon.h"

enum { FIELDS_MAX = 16, LOAD_S = 30 };

struct name {
	int64_t id;
	char *code, *text, *more;
};

struct names {
	struct name *list;
	size_t count;
};

struct words {
	struct policy *policy;   /* of the database, or NULL */
	struct lexicon *lexicon; /* of files, or NULL */
	struct names units, categories, keywords;
};

/* A line of a file, by the names in its first. */
struct row {
	int number;
	unsigned fields;
	const char *names[FIELDS_MAX];
	const char *values[FIELDS_MAX];
};

static const char *
field(const struct row *row, const char *name)
{
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
	return strcmp(text, "yes") == 0;
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

/* ---- files ---------------------------------------------------------------------------------- */

typedef bool row_fn(struct words *w, const struct row *row, struct err *err);

static bool
add_category(struct words *w, const struct row *row, struct err *err)
{
	const char *code = field(row, "code");

	names_add(&w->categories, 0, code, field(row, "name_zh"), field(row, "department"));
	return lexicon_add_category(
	    w->lexicon, code, field(row, "kind"), yes(field(row, "urgent")), err);
}

static bool
add_keyword(struct words *w, const struct row *row, struct err *err)
{
	int64_t id = (int64_t)w->keywords.count + 1;

	names_add(&w->keywords, id, field(row, "category"), field(row, "pattern"), "");
	return lexicon_add_keyword(w->lexicon, id, field(row, "pattern"), field(row, "category"),
	    (int)integer(field(row, "weight")), err);
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

struct words *
words_from_folder(const char *folder, struct err *err)
{
	struct words *w = xcalloc(1, sizeof(*w));

	w->lexicon = lexicon_new();
	if (!each_file_row(w, folder, "categories", add_category, err) ||
	    !each_file_row(w, folder, "keywords", add_keyword, err) ||
	    !each_file_row(w, folder, "places", add_place_row, err) ||
	    !lexicon_compile(w->lexicon, err))
		words_free(&w);
	return w;
}

/* ---- database ------------------------------------------------------------------------------- */

struct loading {
	struct event_base *base;
	struct database *db;
	struct policy_load *load;
	struct policy *policy;
	struct err err;
};

static void
on_policy(void *arg, struct policy *policy, bool transient, const char *reason)
{
	struct loading *l = arg;

	(void)transient;
	l->load = NULL;
	l->policy = policy;
	if (policy == NULL)
		err_set(&l->err, "%s", reason);
	event_base_loopbreak(l->base);
}

static void
on_state(void *arg, enum database_state state, const char *detail)
{
	struct loading *l = arg;

	if (state == DATABASE_UP && l->load == NULL) {
		l->load = policy_load_start(l->db, on_policy, l);
	} else if (state == DATABASE_DOWN) {
		err_set(&l->err, "%s", detail);
		event_base_loopbreak(l->base);
	}
}

static struct policy *
load_policy(const char *conninfo, struct err *err)
{
	struct loading l = { .base = event_base_new() };
	struct timeval limit = { .tv_sec = LOAD_S };

	err_set(&l.err, "the database does not answer within %d s", LOAD_S);
	l.db = database_new(l.base, conninfo, NULL, "hailanctl", on_state, &l);
	event_base_loopexit(l.base, &limit);
	event_base_dispatch(l.base);
	policy_load_cancel(&l.load);
	database_free(&l.db);
	event_base_free(l.base);
	*err = l.err;
	return l.policy;
}

/* The clerk has no use for the patterns once they are compiled. */
static bool
read_patterns(struct words *w, struct sql *sql, struct err *err)
{
	struct sql_rows *rows;

	if (!sql_query(sql, sql_policy_keywords.text, 0, NULL, &rows, err))
		return false;
	for (int i = 0; i < sql_count(rows); i++)
		names_add(&w->keywords, integer(sql_text(rows, i, "id")), "",
		    sql_text(rows, i, "pattern"), "");
	sql_rows_free(&rows);
	return true;
}

struct words *
words_from_database(const char *conninfo, struct sql *sql, struct err *err)
{
	struct words *w = xcalloc(1, sizeof(*w));

	w->policy = load_policy(conninfo, err);
	if (w->policy == NULL || !read_patterns(w, sql, err))
		words_free(&w);
	return w;
}

/* ---- names ---------------------------------------------------------------------------------- */

void
words_free(struct words **w)
{
	if (*w == NULL)
		return;
	policy_free(&(*w)->policy);
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
	return w->policy != NULL ? w->policy->lexicon : w->lexicon;
}

const struct policy *
words_policy(const struct words *w)
{
	return w->policy;
}

const char *
words_unit(const struct words *w, int64_t unit)
{
	const struct policy_unit *u = w->policy != NULL ? policy_unit(w->policy, unit) : NULL;
	const struct name *n = names_by_id(&w->units, unit);

	if (u != NULL)
		return u->name[TONGUE_ZH];
	return n != NULL ? n->text : "";
}

const char *
words_category(const struct words *w, const char *code)
{
	const struct policy_category *c =
	    w->policy != NULL ? policy_category(w->policy, code) : NULL;
	const struct name *n = names_by_code(&w->categories, code);

	if (c != NULL)
		return c->name[TONGUE_ZH];
	return n != NULL ? n->text : "";
}

const char *
words_department(const struct words *w, const char *code)
{
	const struct policy_category *c =
	    w->policy != NULL ? policy_category(w->policy, code) : NULL;
	const struct name *n = names_by_code(&w->categories, code);

	if (c != NULL)
		return words_unit(w, c->department);
	return n != NULL ? n->more : "";
}

const char *
words_pattern(const struct words *w, int64_t keyword)
{
	const struct name *n = names_by_id(&w->keywords, keyword);

	return n != NULL ? n->text : "";
}
