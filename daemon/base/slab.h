/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/*
 * Memory for many objects of different sizes that end about in the order in which they were made,
 * as what waits in a queue does. They are carved from blocks one after another, and a block is
 * reused when the last of its objects has gone; malloc() would search and join free pieces for
 * each. An object that stays on keeps its block, 64 KiB. Embed it and set it to { 0 }.
 */
struct slab {
	struct slab_block *current, *spare;
};

/* Not zeroed; aligned for anything. Give it back with slab_give(). */
void *slab_take(struct slab *s, size_t size);
/* Accepts NULL. */
void slab_give(void *object);
/* Frees the rest; every object must have been given back. */
void slab_clear(struct slab *s);
