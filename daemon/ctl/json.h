/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A JSON text as a tree, to be read. It comes from our own daemon or database: at most 64 levels
 * deep, and as large as memory allows. */
#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct err;

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	char *key;  /* in an object; else NULL */
	char *text; /* strings decoded to UTF-8, NUL-terminated; numbers as written; true, false */
	struct json *first, *next; /* elements or members, in their order */
};

/* *out is the caller's. */
bool json_parse(const char *text, size_t len, struct json **out, struct err *err);
/* Accepts NULL, sets NULL. */
void json_free(struct json **json);

/* The member of an object; NULL when there is none or it is null. object may be NULL. */
const struct json *json_member(const struct json *object, const char *key);
/* Its text; "" when there is none, or it is an array or object. */
const char *json_member_text(const struct json *object, const char *key);

/* For people: strings as they are, arrays as "a, b", objects as "key=value key=value". */
void json_show(const struct json *json, struct buffer *out);
