/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings that end together. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define BLOCK_BYTES 65536

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	char bytes[];
};

void
arena_clear(struct arena *a)
{
	struct arena_block *next;

	for (; a->block != NULL; a->block = next) {
		next = a->block->next;
		free(a->block);
	}
}

static char *
take(struct arena *a, size_t size)
{
	struct arena_block *b = a->block;

	if (b == NULL || b->room - b->used < size) {
		size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
		b = xmalloc(sizeof(*b) + room);
		b->next = a->block;
		b->used = 0;
		b->room = room;
		a->block = b;
	}
	b->used += size;
	return b->bytes + b->used - size;
}

char *
arena_keep(struct arena *a, const char *s, size_t len)
{
	char *copy = take(a, len + 1);

	if (len > 0)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *out;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	out = take(a, (size_t)(n > 0 ? n : 0) + 1);
	vsnprintf(out, (size_t)(n > 0 ? n : 0) + 1, fmt, again);
	va_end(again);
	return out;
}
