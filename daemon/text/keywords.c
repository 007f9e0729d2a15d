/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aho–Corasick over code points. Most characters of a text are in no pattern; they have class 0 and
 * lead back to the root in one step. The root's transitions are an array by class, those of the
 * other states short sorted runs in one array, so that the whole automaton stays within the cache
 * of a small machine.
 */
#include "text/keywords.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "text/normalise.h"

#define PAGES (0x110000 >> 8)
#define NONE 0u

/* A pattern at its last state. */
struct entry {
	uint32_t number;
	uint32_t next; /* another entry of the same state; 0 ends */
	uint16_t len;
	bool spaced;
};

struct edge {
	uint32_t class;
	uint32_t to;
};

/* A state. While it is built, first and sibling link the trie; afterwards edges [first, first +
 * count) of the array are its transitions. */
struct state {
	uint32_t class;
	uint32_t first;
	uint32_t sibling;
	uint32_t count;
	uint32_t fail;
	uint32_t entry;  /* patterns that end here */
	uint32_t suffix; /* nearest state on the way of failures where patterns end */
};

struct keywords {
	uint16_t page_of[PAGES]; /* 0: no character of it is in a pattern */
	uint16_t (*pages)[256];
	uint32_t page_count;
	uint32_t class_count;
	struct state *states;
	uint32_t state_count, state_room;
	struct entry *entries;
	uint32_t entry_count, entry_room;
	struct edge *edges;
	uint32_t *root; /* by class */
	bool compiled;
};

static uint32_t
new_state(struct keywords *k, uint32_t class)
{
	if (k->state_count == k->state_room) {
		k->state_room = k->state_room * 2 + 256;
		k->states = xreallocarray(k->states, k->state_room, sizeof(*k->states));
	}
	k->states[k->state_count] = (struct state){ .class = class };
	return k->state_count++;
}

struct keywords *
keywords_new(void)
{
	struct keywords *k = xcalloc(1, sizeof(*k));

	k->pages = xcalloc(1, sizeof(*k->pages));
	k->page_count = 1;
	k->class_count = 1;
	k->entry_count = 1;
	k->entry_room = 64;
	k->entries = xcalloc(k->entry_room, sizeof(*k->entries));
	new_state(k, 0);
	return k;
}

void
keywords_free(struct keywords **k)
{
	if (*k == NULL)
		return;
	free((*k)->pages);
	free((*k)->states);
	free((*k)->entries);
	free((*k)->edges);
	free((*k)->root);
	free(*k);
	*k = NULL;
}

static inline uint32_t
class_of(const struct keywords *k, uint32_t cp)
{
	return k->pages[k->page_of[cp >> 8]][cp & 0xff];
}

static uint32_t
make_class(struct keywords *k, uint32_t cp)
{
	uint16_t *class;

	if (k->page_of[cp >> 8] == 0) {
		k->pages = xreallocarray(k->pages, k->page_count + 1, sizeof(*k->pages));
		memset(k->pages[k->page_count], 0, sizeof(*k->pages));
		k->page_of[cp >> 8] = (uint16_t)k->page_count++;
	}
	class = &k->pages[k->page_of[cp >> 8]][cp & 0xff];
	if (*class == 0)
		*class = (uint16_t)k->class_count++;
	return *class;
}

static uint32_t
make_child(struct keywords *k, uint32_t state, uint32_t class)
{
	uint32_t child = k->states[state].first;

	while (child != NONE && k->states[child].class != class)
		child = k->states[child].sibling;
	if (child != NONE)
		return child;
	child = new_state(k, class);
	k->states[child].sibling = k->states[state].first;
	k->states[state].first = child;
	return child;
}

static void
add_entry(struct keywords *k, uint32_t state, struct entry entry)
{
	if (k->entry_count == k->entry_room) {
		k->entry_room *= 2;
		k->entries = xreallocarray(k->entries, k->entry_room, sizeof(*k->entries));
	}
	entry.next = k->states[state].entry;
	k->entries[k->entry_count] = entry;
	k->states[state].entry = k->entry_count++;
}

bool
keywords_add(struct keywords *k, const char *pattern, uint32_t number, struct err *err)
{
	struct normal *text = xcalloc(1, sizeof(*text));
	struct entry entry = { .number = number };
	uint32_t state = 0;
	bool ok;

	assert(!k->compiled);
	normalise(pattern, strlen(pattern), text);
	ok = text->count > 0 && text->count <= KEYWORDS_PATTERN_MAX && k->class_count < 0xff00;
	for (uint32_t i = 0; ok && i < text->count; i++) {
		state = make_child(k, state, make_class(k, text->cp[i]));
		entry.spaced |= i > 0 && text->gap[i] != 0;
	}
	if (ok) {
		entry.len = (uint16_t)text->count;
		add_entry(k, state, entry);
	} else if (text->count == 0) {
		err_set(err, "pattern \"%.60s\" is empty once it is normalised", pattern);
	} else {
		err_set(err, "pattern \"%.60s\" is too long; at most %u characters", pattern,
		    KEYWORDS_PATTERN_MAX);
	}
	free(text);
	return ok;
}

static int
by_class(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->class < y->class ? -1 : x->class > y->class;
}

/* Links become sorted runs; the root gets its array. */
static void
flatten(struct keywords *k)
{
	uint32_t used = 0;

	k->edges = xcalloc(k->state_count, sizeof(*k->edges));
	k->root = xcalloc(k->class_count, sizeof(*k->root));
	for (uint32_t s = 0; s < k->state_count; s++) {
		uint32_t start = used;

		for (uint32_t c = k->states[s].first; c != NONE; c = k->states[c].sibling)
			k->edges[used++] = (struct edge){ k->states[c].class, c };
		k->states[s].first = start;
		k->states[s].count = used - start;
		qsort(k->edges + start, used - start, sizeof(*k->edges), by_class);
	}
	for (uint32_t i = 0; i < k->states[0].count; i++)
		k->root[k->edges[i].class] = k->edges[i].to;
}

/* The state after state on class, by failures; the root is the last resort. */
static inline uint32_t
step(const struct keywords *k, uint32_t state, uint32_t class)
{
	while (state != 0) {
		const struct state *s = &k->states[state];
		const struct edge *e = k->edges + s->first;

		for (uint32_t i = 0; i < s->count && e[i].class <= class; i++)
			if (e[i].class == class)
				return e[i].to;
		state = s->fail;
	}
	return k->root[class];
}

void
keywords_compile(struct keywords *k)
{
	uint32_t *queue = xcalloc(k->state_count, sizeof(*queue));
	uint32_t head = 0, tail = 0;

	assert(!k->compiled);
	flatten(k);
	queue[tail++] = 0;
	while (head < tail) {
		uint32_t parent = queue[head++];

		for (uint32_t i = 0; i < k->states[parent].count; i++) {
			struct edge e = k->edges[k->states[parent].first + i];
			struct state *child = &k->states[e.to];

			child->fail = parent == 0 ? 0 : step(k, k->states[parent].fail, e.class);
			child->suffix = k->states[child->fail].entry != 0
					    ? child->fail
					    : k->states[child->fail].suffix;
			queue[tail++] = e.to;
		}
	}
	free(queue);
	k->compiled = true;
}

/* Reports the patterns that end with code point i. last_gap is the last code point up to i that had
 * white space before it. */
static size_t
report(const struct keywords *k, uint32_t state, uint32_t i, uint32_t last_gap,
    struct keywords_hit *hits, size_t count, size_t room)
{
	for (uint32_t s = state; s != 0; s = k->states[s].suffix)
		for (uint32_t e = k->states[s].entry; e != 0; e = k->entries[e].next) {
			uint32_t at = i + 1 - k->entries[e].len;

			if ((last_gap > at && !k->entries[e].spaced) || count == room)
				continue;
			hits[count++] = (struct keywords_hit){ k->entries[e].number, (uint16_t)at,
				k->entries[e].len };
		}
	return count;
}

size_t
keywords_scan(
    const struct keywords *k, const struct normal *text, struct keywords_hit *hits, size_t room)
{
	uint32_t state = 0, last_gap = 0;
	size_t count = 0;

	assert(k->compiled);
	for (uint32_t i = 0; i < text->count && count < room; i++) {
		uint32_t class = class_of(k, text->cp[i]);

		if (text->gap[i])
			last_gap = i;
		state = class == 0 ? 0 : step(k, state, class);
		if (k->states[state].entry != 0 || k->states[state].suffix != 0)
			count = report(k, state, i, last_gap, hits, count, room);
	}
	return count;
}

void
keywords_size(const struct keywords *k, size_t *states, size_t *bytes)
{
	*states = k->state_count;
	*bytes = sizeof(*k) + k->page_count * sizeof(*k->pages) +
		 k->state_count * (sizeof(*k->states) + sizeof(*k->edges)) +
		 k->entry_count * sizeof(*k->entries) + k->class_count * sizeof(*k->root);
}
