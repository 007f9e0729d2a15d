/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for what ends in the order in which it was made. */
#include "base/slab.h"

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/xalloc.h"

/* Where faults are looked for, every object is a block of its own, so that one which is used after
 * its end, or beyond it, is found. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define BLOCK_BYTES 0
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define BLOCK_BYTES 0
#endif
#ifndef BLOCK_BYTES
#define BLOCK_BYTES 65536
#endif

struct slab_block {
	struct slab *slab;
	size_t used, room;
	size_t objects; /* not yet given back */
	alignas(max_align_t) char bytes[];
};

/* Stands before every object. */
struct header {
	alignas(max_align_t) struct slab_block *block;
};

static struct slab_block *
make_block(struct slab *s, size_t size)
{
	struct slab_block *b = s->spare;

	if (b != NULL && b->room >= size) {
		s->spare = NULL;
		return b;
	}
	size = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	b = xmalloc(sizeof(*b) + size);
	b->slab = s;
	b->used = b->objects = 0;
	b->room = size;
	return b;
}

/* One block is kept for the next; one that was made for a large object is not worth it. */
static void
end_block(struct slab_block *b)
{
	struct slab *s = b->slab;

	if (s->spare != NULL || b->room != BLOCK_BYTES) {
		free(b);
		return;
	}
	b->used = 0;
	s->spare = b;
}

void *
slab_take(struct slab *s, size_t size)
{
	struct slab_block *b = s->current;
	struct header *h;

	assert(size < SIZE_MAX / 2);
	size = sizeof(*h) +
	       (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (b == NULL || b->room - b->used < size)
		b = s->current = make_block(s, size);
	h = (struct header *)(b->bytes + b->used);
	h->block = b;
	b->used += size;
	b->objects++;
	return h + 1;
}

void
slab_give(void *object)
{
	struct slab_block *b;

	if (object == NULL)
		return;
	b = ((struct header *)object - 1)->block;
	assert(b->objects > 0);
	if (--b->objects > 0)
		return;
	if (b == b->slab->current)
		b->slab->current = NULL;
	end_block(b);
}

void
slab_clear(struct slab *s)
{
	assert(s->current == NULL || s->current->objects == 0);
	free(s->current);
	free(s->spare);
	*s = (struct slab){ 0 };
}
