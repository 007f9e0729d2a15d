/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Comma-separated values after RFC 4180: fields may be quoted, a quoted field may hold commas, line
 * ends and doubled quotes; lines end with LF, CRLF or CR; a byte-order mark and empty lines are
 * skipped. Semicolons or tabs do as well as commas: what separates the first line's fields is
 * taken.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct err;

struct csv {
	const char *text;
	size_t len, at;
	char separator;
	unsigned line; /* of the next record, from 1 */
	/* the record that csv_next() read last */
	unsigned record_line; /* where it begins */
	struct buffer bytes;
	size_t *offsets;
	size_t count, room;
};

/* text is lent until csv_clear(). */
void csv_init(struct csv *csv, const char *text, size_t len);
void csv_clear(struct csv *csv);

enum csv_end { CSV_RECORD, CSV_END, CSV_WRONG };

/* Reads a record. CSV_WRONG: err tells what is wrong with it (record_line says where); a quote that
 * is never closed takes the rest of the file, else reading goes on with the next line. */
enum csv_end csv_next(struct csv *csv, struct err *err);
/* Field i of the record, without blanks around it; "" when there is none. Lent until the next. */
const char *csv_field(const struct csv *csv, size_t i);
