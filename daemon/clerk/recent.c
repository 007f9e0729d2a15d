/* SPDX-License-Identifier: BSD-2-Clause */
/* A cache with one place for each hash of a sender: the later takes the place of the earlier. */
#include "clerk/recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "database/database.h"

#define PLACES 16384
#define GREET_AGAIN_US (INT64_C(600) * 1000000)

struct place {
	uint64_t sender;
	int64_t greeted_us;
	struct recent_case last, wish;
};

struct recent {
	struct place places[PLACES];
};

struct recent *
recent_new(void)
{
	return xcalloc(1, sizeof(struct recent));
}

void
recent_free(struct recent **r)
{
	free(*r);
	*r = NULL;
}

void
recent_forget(struct recent *r)
{
	memset(r, 0, sizeof(*r));
}

/* FNV-1a, 64 bits, without white space. */
uint64_t
recent_hash(const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++) {
		if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t')
			continue;
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	}
	return h;
}

static struct place *
place_of(struct recent *r, const char *source)
{
	uint64_t sender = recent_hash(source, strlen(source));
	struct place *p = &r->places[(sender ^ sender >> 32) % PLACES];

	if (p->sender != sender) {
		memset(p, 0, sizeof(*p));
		p->sender = sender;
	}
	return p;
}

void
recent_note_case(struct recent *r, const char *source, const struct recent_case *c)
{
	struct place *p = place_of(r, source);

	*(c->wish ? &p->wish : &p->last) = *c;
}

static const struct place *
find_place(const struct recent *r, const char *source)
{
	uint64_t sender = recent_hash(source, strlen(source));
	const struct place *p = &r->places[(sender ^ sender >> 32) % PLACES];

	return p->sender == sender ? p : NULL;
}

const struct recent_case *
recent_same(const struct recent *r, const char *source, int64_t since_us, uint64_t text_hash)
{
	const struct place *p = find_place(r, source);
	const struct recent_case *const both[] = { p != NULL ? &p->last : NULL,
		p != NULL ? &p->wish : NULL };

	for (size_t i = 0; i < 2; i++)
		if (both[i] != NULL && both[i]->number != 0 && both[i]->at_us >= since_us &&
		    both[i]->text_hash == text_hash)
			return both[i];
	return NULL;
}

const struct recent_case *
recent_find(const struct recent *r, const char *source, int64_t since_us)
{
	const struct place *p = find_place(r, source);

	if (p == NULL || p->last.number == 0 || p->last.at_us < since_us)
		return NULL;
	return &p->last;
}

bool
recent_may_greet(struct recent *r, const char *source, int64_t now_us)
{
	struct place *p = place_of(r, source);

	if (p->greeted_us != 0 && now_us - p->greeted_us < GREET_AGAIN_US)
		return false;
	p->greeted_us = now_us;
	return true;
}

void
recent_read(struct recent *r, const struct result *rows)
{
	enum { PHONE, GREETED_AT, NUMBER, FILED_AT, CATEGORY, UNIT, TEXT, PLACE, BUILDING, WISH };

	for (int row = 0; row < result_rows(rows); row++) {
		const char *phone = result_bytes(rows, row, PHONE, NULL), *text;
		struct recent_case c = { 0 };
		size_t len;

		if (!result_null(rows, row, GREETED_AT)) {
			recent_may_greet(r, phone, result_time(rows, row, GREETED_AT));
			continue;
		}
		text = result_bytes(rows, row, TEXT, &len);
		c.number = result_int(rows, row, NUMBER);
		c.at_us = result_time(rows, row, FILED_AT);
		c.text_hash = recent_hash(text, len);
		c.unit = result_null(rows, row, UNIT) ? 0 : (int32_t)result_int(rows, row, UNIT);
		snprintf(
		    c.category, sizeof(c.category), "%s", result_bytes(rows, row, CATEGORY, NULL));
		c.place = result_null(rows, row, PLACE) ? 0 : (int32_t)result_int(rows, row, PLACE);
		snprintf(
		    c.building, sizeof(c.building), "%s", result_bytes(rows, row, BUILDING, NULL));
		c.wish = result_bool(rows, row, WISH);
		recent_note_case(r, phone, &c);
	}
}
