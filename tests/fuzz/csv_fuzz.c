/* SPDX-License-Identifier: BSD-2-Clause */
/* CSV files and their cells, with the columns of the kind that the first byte picks. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "ctl/csv.h"
#include "ctl/json.h"
#include "ctl/kinds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count_lines(const char *text, size_t len)
{
	size_t lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n' || text[i] == '\r';
	return lines;
}

/* A cell that is taken must give a JSON member. */
static void
check_cell(const struct column *column, const char *cell)
{
	struct buffer json = { 0 };
	struct json *tree;
	struct err err;

	buffer_add_string(&json, "{\"line\":1");
	if (column_add(column, cell, &json, &err)) {
		buffer_add_byte(&json, '}');
		if (!json_parse(json.data, json.len, &tree, &err))
			abort();
		json_free(&tree);
	} else if (memchr(err.text, 0, sizeof(err.text)) == NULL) {
		abort();
	}
	buffer_clear(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct column *column;
	struct csv csv;
	enum csv_end end;
	unsigned last = 0;
	struct err err;

	if (size == 0)
		return 0;
	column = kinds[data[0] % 8].columns;
	csv_init(&csv, (const char *)data + 1, size - 1);
	while ((end = csv_next(&csv, &err)) != CSV_END) {
		if (csv.record_line <= last ||
		    csv.record_line > count_lines((const char *)data + 1, size - 1))
			abort();
		last = csv.record_line;
		for (size_t i = 0; end == CSV_RECORD && i < csv.count; i++, column++) {
			if (column->name == NULL)
				column = kinds[data[0] % 8].columns;
			check_cell(column, csv_field(&csv, i));
		}
	}
	csv_clear(&csv);
	return 0;
}
