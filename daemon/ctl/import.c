/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl import: a file of comma-separated values into the tables of people and words, all or
 * nothing. What a cell alone can tell is checked here, the rest by the database. */
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "ctl/csv.h"
#include "ctl/ctl.h"
#include "ctl/import.h"
#include "ctl/kinds.h"
#include "ctl/sql.h"
#include "ctl/table.h"
#include "text/utf8.h"

enum { FILE_BYTES_MAX = 256 * 1024 * 1024, COLUMNS_MAX = 32, PROGRESS_LINES = 5000 };

struct refusal {
	unsigned line;
	char *reason;
};

struct import {
	struct ctl *ctl;
	const struct kind *kind;
	const char *file;
	const struct column *header[COLUMNS_MAX];
	size_t columns;
	struct buffer rows; /* a JSON array */
	unsigned count;
	struct refusal *refusals;
	size_t refused, room;
};

static void
refuse(struct import *im, unsigned line, const char *reason)
{
	if (im->refused == im->room) {
		im->room = im->room ? im->room * 2 : 16;
		im->refusals = xreallocarray(im->refusals, im->room, sizeof(im->refusals[0]));
	}
	im->refusals[im->refused++] = (struct refusal){ line, xstrdup(reason) };
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool
read_file(const char *path, struct buffer *out, struct err *err)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char piece[65536];
	size_t n;
	bool ok;

	if (f == NULL)
		return err_set(err, "cannot read %s: %s", path, strerror(errno));
	buffer_reserve(out, 1);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && out->len <= FILE_BYTES_MAX)
		buffer_add(out, piece, n);
	ok = !ferror(f);
	if (!ok)
		err_set(err, "cannot read %s: %s", path, strerror(errno));
	else if (out->len > FILE_BYTES_MAX)
		ok = err_set(err, "%s has more than 256 MiB; cut it in pieces", path);
	if (f != stdin)
		fclose(f);
	return ok;
}

static unsigned
line_of(const struct buffer *text, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at && i < text->len; i++)
		line += text->data[i] == '\n';
	return line;
}

static bool
convert(struct buffer *text, const char *encoding, struct err *err)
{
	iconv_t cd = iconv_open("UTF-8", encoding);
	char *in = text->data, *out, *converted;
	size_t in_left = text->len, room = text->len * 3 + 16, out_left = room;
	size_t n;

	if (cd == (iconv_t)-1)
		return err_set(err, "--encoding %s is not known", encoding);
	out = converted = xmalloc(room);
	n = iconv(cd, &in, &in_left, &out, &out_left);
	iconv_close(cd);
	if (n == (size_t)-1) {
		free(converted);
		return err_set(err, "line %u: this is not %s",
		    line_of(text, (size_t)(in - text->data)), encoding);
	}
	buffer_reset(text);
	buffer_add(text, converted, room - out_left);
	free(converted);
	return true;
}

/* UTF-8, or what --encoding says. */
static bool
decode(struct ctl *ctl, struct buffer *text, struct err *err)
{
	const char *encoding = ctl_value(ctl, "encoding");
	size_t at = 0;

	if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0) {
		/* All of GB2312 and GBK is in it. */
		if (strncasecmp(encoding, "gb", 2) == 0)
			encoding = "GB18030";
		return convert(text, encoding, err);
	}
	while (at < text->len) {
		uint32_t c;
		size_t n = utf8_read(text->data + at, text->len - at, &c);

		if (c == UTF8_BAD)
			return err_set(err,
			    "line %u: this is not UTF-8; a file saved by Excel may want --encoding "
			    "GB18030",
			    line_of(text, at));
		at += n;
	}
	return true;
}

/* ---- records -------------------------------------------------------------------------------- */

static void
name_columns(const struct kind *kind, struct buffer *out)
{
	for (const struct column *c = kind->columns; c->name != NULL; c++)
		buffer_printf(
		    out, "%s%s%s", c == kind->columns ? "" : ", ", c->name, c->required ? "*" : "");
}

static void
refuse_header(struct import *im, const char *what, const char *name)
{
	struct buffer reason = { 0 };

	buffer_printf(&reason, "%s \"%.60s\"; the columns of %s are ", what, name, im->kind->name);
	name_columns(im->kind, &reason);
	buffer_add_string(&reason, " (* must be there)");
	refuse(im, 1, reason.data);
	buffer_clear(&reason);
}

static bool
header_has(const struct import *im, const struct column *c)
{
	for (size_t i = 0; i < im->columns; i++)
		if (im->header[i] == c)
			return true;
	return false;
}

static bool
read_header(struct import *im, struct csv *csv)
{
	size_t before = im->refused;

	for (size_t i = 0; i < csv->count; i++) {
		const struct column *c = column_find(im->kind, csv_field(csv, i));

		if (c == NULL || im->columns == COLUMNS_MAX)
			refuse_header(im, "there is no column", csv_field(csv, i));
		else if (header_has(im, c))
			refuse_header(im, "there are two columns", c->name);
		else
			im->header[im->columns++] = c;
	}
	for (const struct column *c = im->kind->columns; c->name != NULL; c++)
		if (c->required && !header_has(im, c) && im->refused == before)
			refuse_header(im, "the first line lacks the column", c->name);
	return im->refused == before;
}

static bool
empty_record(const struct csv *csv)
{
	for (size_t i = 0; i < csv->count; i++)
		if (csv_field(csv, i)[0] != '\0')
			return false;
	return true;
}

static void
read_row(struct import *im, struct csv *csv)
{
	size_t start = im->rows.len;
	struct err err;
	bool ok = true;

	if (empty_record(csv)) /* ",,," as spreadsheets leave behind */
		return;
	if (csv->count != im->columns) {
		err_set(&err, "has %zu fields and the first line has %zu", csv->count, im->columns);
		refuse(im, csv->record_line, err.text);
		return;
	}
	buffer_printf(&im->rows, "%s{\"line\":%u", im->count > 0 ? ",\n" : "", csv->record_line);
	for (size_t i = 0; i < im->columns; i++) {
		if (column_add(im->header[i], csv_field(csv, i), &im->rows, &err))
			continue;
		refuse(im, csv->record_line, err.text);
		ok = false;
	}
	buffer_add_byte(&im->rows, '}');
	if (ok)
		im->count++;
	else
		im->rows.len = start;
}

static void
progress(const struct import *im, const struct csv *csv)
{
	if (isatty(STDERR_FILENO) && csv->record_line % PROGRESS_LINES == 0)
		fprintf(stderr, "\r%s: line %u, %zu %%", im->file, csv->record_line,
		    csv->at * 100 / (csv->len + 1));
}

static void
read_records(struct import *im, struct csv *csv)
{
	enum csv_end end;
	struct err err;

	end = csv_next(csv, &err);
	if (end == CSV_END)
		refuse(im, 1, "the file is empty; its first line must name the columns");
	if (end == CSV_WRONG)
		refuse(im, csv->record_line, err.text);
	if (end != CSV_RECORD || !read_header(im, csv))
		return;
	buffer_add_byte(&im->rows, '[');
	while ((end = csv_next(csv, &err)) != CSV_END) {
		if (end == CSV_RECORD)
			read_row(im, csv);
		else
			refuse(im, csv->record_line, err.text);
		progress(im, csv);
	}
	buffer_add_byte(&im->rows, ']');
	if (isatty(STDERR_FILENO) && csv->line > PROGRESS_LINES)
		fprintf(stderr, "\r%s: %u rows read        \n", im->file, im->count);
}

/* ---- the database --------------------------------------------------------------------------- */

static bool
call_database(struct import *im, struct sql *sql, struct err *err)
{
	char *text = xasprintf("select line, reason from hailan.%s($1::jsonb, $2::timestamptz)"
			       " order by line, reason",
	    im->kind->function);
	char now[CLOCK_TEXT];
	const char *values[] = { im->rows.data, now };
	struct sql_rows *rows;
	bool ok;

	clock_format(clock_now(), now);
	ok = sql_query(sql, text, 2, values, &rows, err);
	free(text);
	if (!ok &&
	    (strncmp(sql_state(sql), "22", 2) == 0 || strncmp(sql_state(sql), "23", 2) == 0)) {
		refuse(im, 0, err->text); /* the database does not tell which */
		return true;
	}
	if (!ok)
		return false;
	for (int i = 0; i < sql_count(rows); i++)
		refuse(im, (unsigned)atoi(sql_optional(rows, i, "line")),
		    sql_optional(rows, i, "reason"));
	sql_rows_free(&rows);
	return true;
}

static bool
store(struct import *im, struct sql *sql, bool dry, struct err *err)
{
	struct err ignored;
	bool ok = sql_script(sql, "begin", err) && call_database(im, sql, err);

	if (ok && im->refused == 0 && !dry)
		return sql_script(sql, "commit", err);
	sql_script(sql, "rollback", &ignored);
	return ok;
}

/* ---- the answer ----------------------------------------------------------------------------- */

static void
print_json(const struct import *im, bool dry)
{
	struct buffer out = { 0 };

	buffer_printf(&out, "{\"ok\":%s,\"kind\":\"%s\",\"rows\":%u,\"imported\":%u,\"refused\":[",
	    im->refused == 0 ? "true" : "false", im->kind->name, im->count,
	    im->refused == 0 && !dry ? im->count : 0);
	for (size_t i = 0; i < im->refused; i++) {
		buffer_printf(
		    &out, "%s{\"line\":%u,\"reason\":", i > 0 ? "," : "", im->refusals[i].line);
		buffer_add_json(&out, im->refusals[i].reason, strlen(im->refusals[i].reason));
		buffer_add_byte(&out, '}');
	}
	buffer_add_string(&out, "]}\n");
	ctl_print(&out);
	buffer_clear(&out);
}

static void
print_refusals(const struct import *im)
{
	for (size_t i = 0; i < im->refused; i++) {
		const struct refusal *r = &im->refusals[i];

		if (r->line > 0)
			fprintf(stderr, "%s:%u: %s\n", im->file, r->line, r->reason);
		else
			fprintf(stderr, "%s: %s\n", im->file, r->reason);
	}
}

static int
tell(const struct import *im, bool dry)
{
	if (ctl_json(im->ctl)) {
		print_json(im, dry);
	} else if (im->refused == 0) {
		printf("%u %s %s\n", im->count, im->kind->name,
		    dry ? "would be imported" : "imported");
	} else {
		print_refusals(im);
		fprintf(stderr, "hailanctl: %zu refused; nothing was imported\n", im->refused);
	}
	return im->refused == 0 ? CTL_OK : CTL_NO;
}

static void
read_text(struct import *im, const struct buffer *text)
{
	struct csv csv;

	csv_init(&csv, text->data, text->len);
	read_records(im, &csv);
	csv_clear(&csv);
	if (im->refused == 0 && im->count == 0)
		refuse(im, 1, "there is no row under the first line");
}

static int
import_text(struct import *im, const struct buffer *text)
{
	bool dry = ctl_value(im->ctl, "dry-run") != NULL;
	struct sql *sql;
	struct err err;
	int code;

	read_text(im, text);
	if (im->refused == 0) {
		sql = ctl_database(im->ctl, &code);
		if (sql == NULL)
			return code;
		if (!store(im, sql, dry, &err))
			return ctl_database_fail(im->ctl, &err);
	}
	return tell(im, dry);
}

static void
clear(struct import *im)
{
	for (size_t i = 0; i < im->refused; i++)
		free(im->refusals[i].reason);
	free(im->refusals);
	buffer_clear(&im->rows);
}

/* The file's text in UTF-8. */
static bool
open_file(struct ctl *ctl, const char *file, struct buffer *text, int *code)
{
	struct err err;

	if (!read_file(file, text, &err))
		*code = ctl_fail(ctl, EX_NOINPUT, "%s", err.text);
	else if (!decode(ctl, text, &err))
		*code = ctl_fail(ctl, EX_DATAERR, "%s: %s", file, err.text);
	else
		return true;
	return false;
}

static int
import_file(struct ctl *ctl, const struct kind *kind, const char *file)
{
	struct import im = { .ctl = ctl, .kind = kind, .file = file };
	struct buffer text = { 0 };
	int code;

	if (open_file(ctl, file, &text, &code))
		code = import_text(&im, &text);
	clear(&im);
	buffer_clear(&text);
	return code;
}

bool
import_read(
    struct ctl *ctl, const struct kind *kind, const char *file, struct buffer *rows, int *code)
{
	struct import im = { .ctl = ctl, .kind = kind, .file = file };
	struct buffer text = { 0 };
	bool ok = open_file(ctl, file, &text, code);

	if (ok) {
		read_text(&im, &text);
		ok = im.refused == 0;
		if (ok)
			buffer_add(rows, im.rows.data, im.rows.len);
		else
			*code = tell(&im, true);
	}
	clear(&im);
	buffer_clear(&text);
	return ok;
}

static int
no_kind(struct ctl *ctl, const char *name)
{
	struct buffer list = { 0 };
	int code;

	for (const struct kind *k = kinds; k->name != NULL; k++)
		buffer_printf(&list, "%s%s", k == kinds ? "" : ", ", k->name);
	code = ctl_fail(ctl, EX_USAGE, "cannot import \"%s\"; there are %s", name, list.data);
	buffer_clear(&list);
	return code;
}

/* ---- what there is -------------------------------------------------------------------------- */

static const char *
type_in_words(const struct column *c)
{
	switch (c->type) {
	case COLUMN_CODE:
		return "code";
	case COLUMN_INTEGER:
		return "number";
	case COLUMN_CHOICE:
		return c->choices;
	case COLUMN_YESNO:
		return "yes or no";
	case COLUMN_DATE:
		return "day or year";
	case COLUMN_LIST:
		return "list";
	case COLUMN_PHONE:
		return "phone";
	case COLUMN_MOBILE:
		return "mobile phone";
	case COLUMN_PHONES:
		return "list of phones";
	default:
		return "text";
	}
}

static void
add_columns(const struct kind *kind, struct buffer *out)
{
	struct table *t = table_new();

	table_title(t, "COLUMN", false);
	table_title(t, "TYPE", false);
	table_title(t, "", false);
	for (const struct column *c = kind->columns; c->name != NULL; c++) {
		char *name = xasprintf("%s%s", c->name, c->required ? "*" : "");

		table_cell(t, name);
		table_cell(t, type_in_words(c));
		table_cell(t, c->help);
		free(name);
	}
	buffer_printf(out, "%s\n", kind->name);
	table_print(t, 0, out);
	buffer_add_byte(out, '\n');
	table_free(&t);
}

static void
add_columns_json(const struct kind *kind, struct buffer *out)
{
	buffer_printf(out, "\"%s\":[", kind->name);
	for (const struct column *c = kind->columns; c->name != NULL; c++) {
		buffer_printf(out, "%s{\"column\":\"%s\",\"required\":%s,\"type\":\"%s\",\"help\":",
		    c == kind->columns ? "" : ",", c->name, c->required ? "true" : "false",
		    type_in_words(c));
		buffer_add_json(out, c->help, strlen(c->help));
		buffer_add_byte(out, '}');
	}
	buffer_add_byte(out, ']');
}

static int
list_columns(struct ctl *ctl, const char *name)
{
	struct buffer out = { 0 };
	unsigned found = 0;

	for (const struct kind *k = kinds; k->name != NULL; k++) {
		if (name != NULL && strcmp(name, k->name) != 0)
			continue;
		if (ctl_json(ctl)) {
			buffer_add_string(&out, found > 0 ? ",\n" : "{");
			add_columns_json(k, &out);
		} else {
			add_columns(k, &out);
		}
		found++;
	}
	if (ctl_json(ctl))
		buffer_add_string(&out, "}\n");
	if (found > 0)
		ctl_print(&out);
	buffer_clear(&out);
	return found > 0 ? CTL_OK : no_kind(ctl, name);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	if (ctl_value(ctl, "columns") != NULL)
		return list_columns(ctl, argc > 0 ? argv[0] : NULL);
	if (argc != 2)
		return ctl_fail(ctl, EX_USAGE, "expected KIND and FILE, or --columns");
	if (kind_find(argv[0]) == NULL)
		return no_kind(ctl, argv[0]);
	return import_file(ctl, kind_find(argv[0]), argv[1]);
}

static const struct ctl_option options[] = {
	{ 'n', "dry-run", NULL, "check everything and import nothing" },
	{ 'e', "encoding", "NAME", "character set of the file (default UTF-8), as GB18030" },
	{ 'c', "columns", NULL, "print the columns of KIND, or of all kinds" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_import = {
	.name = "import",
	.usage = "KIND FILE [--dry-run] [--encoding NAME] | --columns [KIND]",
	.summary = "Reads units, people, households or words from a CSV file, all or nothing",
	.help =
	    "KIND is units, staff, volunteers, allies, households, residents, keywords,\n"
	    "categories, routing, templates, calendar, hours or rules; FILE may be \"-\". The "
	    "first "
	    "line names the columns, which hailanctl(8)\n"
	    "lists for each kind; their order is free. Phones may be written as people write\n"
	    "them (138 1234 5678, +86…, 0433-3222222). Every refused row is told with its line\n"
	    "and the reason; then nothing is imported and the exit code is 1. A row that is\n"
	    "there already is changed.\n",
	.options = options,
	.maximum = 2,
	.run = run,
};
