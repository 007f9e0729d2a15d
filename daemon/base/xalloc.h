/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/* Allocation that does not fail: out of memory is logged and aborts the process, which the
 * supervisor starts anew. Sizes that overflow abort too. The caller owns what is returned and frees
 * it with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
void *xreallocarray(void *old, size_t count, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t max);
/* A copy of len bytes with one NUL after them; NULL gives an empty copy. */
void *xmemdup0(const void *data, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
