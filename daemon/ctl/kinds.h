/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What hailanctl import takes: for each kind the columns of its file. */
#include <stdbool.h>

struct buffer;
struct err;

enum column_type {
	COLUMN_TEXT,    /* at most maximum letters, when that is not 0 */
	COLUMN_CODE,    /* lower-case letters, digits and _, at most 32; begins with a letter */
	COLUMN_INTEGER, /* minimum ≤ value ≤ maximum */
	COLUMN_CHOICE,  /* one of choices, "a|b|c" */
	COLUMN_YESNO,
	COLUMN_DATE,   /* a year, or a day as 1948-03-02, 1948/3/2 or 1948年3月2日 */
	COLUMN_LIST,   /* separated by | */
	COLUMN_PHONE,  /* any number */
	COLUMN_MOBILE, /* one that gets text messages */
	COLUMN_PHONES, /* any, several separated by | */
};

enum { COLUMN_TEXT_MAX = 1000 }; /* bytes of a text */

struct column {
	const char *name; /* NULL ends the list */
	enum column_type type;
	bool required;
	const char *help;
	long minimum, maximum;
	const char *choices;
};

struct kind {
	const char *name;     /* NULL ends the list */
	const char *function; /* of the database, import_NAME */
	const struct column *columns;
};

extern const struct kind kinds[];

const struct kind *kind_find(const char *name);
const struct column *column_find(const struct kind *kind, const char *name);

/* Adds the cell as a member of a JSON object ("name":value), or nothing when it is empty. False,
 * with the reason ("phone \"123\" is a service number"), when it is not what the column takes. */
bool
column_add(const struct column *column, const char *cell, struct buffer *json, struct err *err);
