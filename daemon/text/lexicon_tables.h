/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/address.h"
#include "text/kind.h"

/* What is inside a lexicon: for lexicon.c and understand.c only. */
struct keywords;
struct normal;

/* What a hit of a category counts for. */
enum role {
	ROLE_CASE,
	ROLE_WISH,
	ROLE_WISH_MARK,
	ROLE_OTHER, /* a mark of another kind */
	ROLE_YES,
	ROLE_NO,
	ROLE_FILLER,
	ROLE_URGENT,
	ROLE_PROGRESS,
	ROLE_TROUBLE,
};

struct category {
	char *code;
	enum role role;
	enum kind kind; /* of ROLE_OTHER */
	bool urgent;
};

struct keyword {
	int64_t id;
	uint32_t category;
	int weight;
};

struct lexicon {
	struct category *categories;
	size_t category_count;
	struct keyword *keywords;
	size_t keyword_count, keyword_room;
	struct address_place *places;
	size_t place_count, place_room;
	struct normal **signatures;
	size_t signature_count;
	struct keywords *automaton;
	bool compiled;
};

/* The automaton's numbers: keywords even, places odd. */
#define NUMBER_OF_KEYWORD(i) ((uint32_t)(i)*2)
#define NUMBER_OF_PLACE(i) ((uint32_t)(i)*2 + 1)
#define IS_PLACE(number) ((number) % 2 == 1)

/* Finds a category by its code. */
bool lexicon_find_category(const struct lexicon *lx, const char *code, uint32_t *index);
