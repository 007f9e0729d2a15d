/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads comma-separated values. */
#include "ctl/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"

enum { FIELDS_MAX = 256, FIELD_BYTES_MAX = 65536 };

static char
guess_separator(const char *text, size_t len)
{
	for (size_t i = 0; i < len && text[i] != '\n' && text[i] != '\r'; i++)
		if (text[i] == ',' || text[i] == ';' || text[i] == '\t')
			return text[i];
	return ',';
}

void
csv_init(struct csv *csv, const char *text, size_t len)
{
	memset(csv, 0, sizeof(*csv));
	csv->text = text;
	csv->len = len;
	csv->line = 1;
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		csv->at = 3;
	csv->separator = guess_separator(text + csv->at, len - csv->at);
}

void
csv_clear(struct csv *csv)
{
	buffer_clear(&csv->bytes);
	free(csv->offsets);
	memset(csv, 0, sizeof(*csv));
}

static bool
at_line_end(const struct csv *csv)
{
	return csv->at == csv->len || csv->text[csv->at] == '\n' || csv->text[csv->at] == '\r';
}

static void
skip_line_end(struct csv *csv)
{
	if (csv->at == csv->len)
		return;
	if (csv->text[csv->at] == '\r' && csv->at + 1 < csv->len && csv->text[csv->at + 1] == '\n')
		csv->at++;
	csv->at++;
	csv->line++;
}

static void
begin_field(struct csv *csv)
{
	if (csv->count == csv->room) {
		csv->room = csv->room ? csv->room * 2 : 16;
		csv->offsets = xreallocarray(csv->offsets, csv->room, sizeof(csv->offsets[0]));
	}
	csv->offsets[csv->count++] = csv->bytes.len;
}

/* Ends the field that begins at its offset: takes blanks off and puts a NUL behind it. */
static void
end_field(struct csv *csv)
{
	size_t start = csv->offsets[csv->count - 1];
	char *p = csv->bytes.data + start;
	size_t skip, len = csv->bytes.len - start;

	if (len == 0) {
		buffer_add_byte(&csv->bytes, 0);
		return;
	}
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	for (skip = 0; skip < len && (p[skip] == ' ' || p[skip] == '\t'); skip++)
		;
	memmove(p, p + skip, len - skip);
	csv->bytes.len = start + len - skip;
	buffer_add_byte(&csv->bytes, 0);
}

static bool
read_quoted(struct csv *csv, struct err *err)
{
	csv->at++;
	while (csv->at < csv->len) {
		char c = csv->text[csv->at];

		if (c == '"' && csv->at + 1 < csv->len && csv->text[csv->at + 1] == '"') {
			csv->at++;
		} else if (c == '"') {
			csv->at++;
			return true;
		} else if (c == '\n' || (c == '\r' && (csv->at + 1 == csv->len ||
							  csv->text[csv->at + 1] != '\n'))) {
			csv->line++;
		}
		buffer_add_byte(&csv->bytes, (uint8_t)c);
		csv->at++;
	}
	return err_set(err, "a quote is opened and never closed");
}

static bool
read_field(struct csv *csv, struct err *err)
{
	size_t start = csv->bytes.len;
	bool quoted = false, ok = true;

	begin_field(csv);
	while (csv->at < csv->len && csv->text[csv->at] == ' ')
		csv->at++;
	if (csv->at < csv->len && csv->text[csv->at] == '"') {
		quoted = true;
		ok = read_quoted(csv, err);
	}
	for (; ok && !at_line_end(csv) && csv->text[csv->at] != csv->separator; csv->at++) {
		if (quoted && csv->text[csv->at] != ' ')
			ok = err_set(err, "there is text behind a closing quote");
		if (!quoted)
			buffer_add_byte(&csv->bytes, (uint8_t)csv->text[csv->at]);
	}
	if (ok && csv->bytes.len - start > FIELD_BYTES_MAX)
		ok = err_set(err, "a field has more than 64 KiB");
	if (ok && memchr(csv->bytes.data + start, 0, csv->bytes.len - start) != NULL)
		ok = err_set(err, "a field holds a NUL byte; is the file UTF-16? save it as UTF-8");
	end_field(csv);
	return ok;
}

static bool
read_record(struct csv *csv, struct err *err)
{
	for (;;) {
		if (csv->count == FIELDS_MAX)
			return err_set(err, "there are more than %d fields", FIELDS_MAX);
		if (!read_field(csv, err))
			return false;
		if (at_line_end(csv))
			return true;
		csv->at++; /* the separator */
	}
}

enum csv_end
csv_next(struct csv *csv, struct err *err)
{
	bool ok;

	while (csv->at < csv->len && at_line_end(csv))
		skip_line_end(csv);
	if (csv->at == csv->len)
		return CSV_END;
	buffer_reset(&csv->bytes);
	buffer_reserve(&csv->bytes, 1);
	csv->count = 0;
	csv->record_line = csv->line;
	ok = read_record(csv, err);
	while (!at_line_end(csv))
		csv->at++;
	skip_line_end(csv);
	return ok ? CSV_RECORD : CSV_WRONG;
}

const char *
csv_field(const struct csv *csv, size_t i)
{
	return i < csv->count ? csv->bytes.data + csv->offsets[i] : "";
}
