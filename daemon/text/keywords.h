/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct normal;

/*
 * All patterns in one pass: an Aho–Corasick automaton over classes of code points. Built once,
 * read-only and shared afterwards.
 */
struct keywords;

/* One place where a pattern stands: code points [at, at + len) of the normalised text. */
struct keywords_hit {
	uint32_t pattern; /* the number that keywords_add() was given */
	uint16_t at;
	uint16_t len;
};

#define KEYWORDS_PATTERN_MAX 64u /* code points */

struct keywords *keywords_new(void);
void keywords_free(struct keywords **k);

/* Adds a pattern in UTF-8, which is normalised here. Several numbers may be given to one pattern. A
 * pattern without a space in it does not match across white space of the text; one with a space
 * matches with and without it. Fails when nothing is left of it or it is too long. */
bool keywords_add(struct keywords *k, const char *pattern, uint32_t number, struct err *err);

/* After the last add and before the first scan. */
void keywords_compile(struct keywords *k);

/* Fills hits, at most room, in the order of their ends, and returns how many there were. Allocates
 * nothing. */
size_t keywords_scan(
    const struct keywords *k, const struct normal *text, struct keywords_hit *hits, size_t room);

/* For reports: states and bytes of the automaton. */
void keywords_size(const struct keywords *k, size_t *states, size_t *bytes);
