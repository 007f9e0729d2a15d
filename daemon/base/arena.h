/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/* Strings that end together: added one by one, freed all at once. Embed it and set it to { 0 }. */
struct arena {
	struct arena_block *block;
};

/* Frees everything that was kept. */
void arena_clear(struct arena *a);
/* A copy with one NUL after it, until arena_clear(). NULL gives "". */
char *arena_keep(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
