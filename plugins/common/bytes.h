/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory and growing runs of bytes for plugins, which see nothing of the daemon but channel.h.
 * Allocation does not fail: without memory the process ends and is started anew.
 */

/* Zeroed; free() it. */
void *bytes_alloc(size_t count, size_t size);
/* A copy of len bytes with a NUL after them. */
char *bytes_dup(const void *data, size_t len);

/* Embed it and set it to { 0 }. data has a NUL after len bytes, or is NULL. */
struct bytes {
	char *data;
	size_t len;
	size_t room;
};

void bytes_clear(struct bytes *b);
/* Room for so many bytes more. */
void bytes_reserve(struct bytes *b, size_t more);
void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_add_byte(struct bytes *b, char c);
void bytes_add_string(struct bytes *b, const char *s);
void bytes_printf(struct bytes *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As a JSON string with its quotes; s is UTF-8, at most longest bytes of it, ended between
 * characters. Control bytes are escaped. */
void bytes_add_json(struct bytes *b, const char *s, size_t longest);
/* The string of a member of an object that bytes_add_json() has made; free() it, "" when there is
 * none. */
char *bytes_json_string(const char *json, const char *key);
/* Lent for the moment; "" when empty. */
const char *bytes_string(const struct bytes *b);

/* Of a map of a file: takes these bytes out of memory until they are looked at again. */
void bytes_forget(const void *at, size_t len);

/* ASCII letters alone. */
bool bytes_equal_nocase(const char *a, size_t a_len, const char *b);
/* Where needle begins, without case; NULL when it is not there. */
const char *bytes_find_nocase(const char *text, size_t len, const char *needle);
