/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The copy of a text that is compared: NFKC, case folded, invisible characters dropped, Traditional
 * characters simplified where they matter, and white space taken out, with a mark where it was. So
 * one copy serves Chinese and Korean: a pattern that was written with a space matches with and
 * without it. Patterns go through the same function.
 *
 * It is an array of code points, not bytes, because every reader of it (automaton, numerals,
 * addresses) works character by character. This is the only file that includes utf8proc.
 */
#define NORMALISE_MAX 8192u /* bytes of a text that are looked at; the rest is not understood */

struct normal {
	uint32_t cp[NORMALISE_MAX + 1];  /* code points; cp[count] is 0 */
	uint16_t src[NORMALISE_MAX + 1]; /* byte of the original where each begins */
	uint16_t end[NORMALISE_MAX + 1]; /* and ends */
	uint8_t gap[NORMALISE_MAX + 1];  /* white space stood before this one */
	uint32_t count;
	uint32_t hangul; /* letters, by script */
	uint32_t han;
	uint32_t latin;
	uint32_t digits;
	uint32_t emoji;
};

/* Fills *out from at most NORMALISE_MAX bytes of UTF-8. Bytes that are not well-formed become
 * U+FFFD. Allocates nothing. */
void normalise(const char *text, size_t len, struct normal *out);

/* Marks of a code point of a normalised text. */
bool normalise_is_letter(uint32_t cp); /* a letter or a digit of any script */
bool normalise_is_emoji(uint32_t cp);

static inline bool
normalise_is_hangul(uint32_t cp)
{
	return (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0x1100 && cp <= 0x11ff) ||
	       (cp >= 0x3130 && cp <= 0x318f);
}

static inline bool
normalise_is_han(uint32_t cp)
{
	return (cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0x3400 && cp <= 0x4dbf) || cp == 0x3007 ||
	       (cp >= 0xf900 && cp <= 0xfaff) || (cp >= 0x20000 && cp <= 0x3ffff);
}

/* True when a text may be cut between these two code points (UAX #29, extended grapheme clusters).
 * *state is 0 at the beginning and carried from pair to pair. */
bool normalise_grapheme_break(uint32_t before, uint32_t after, int32_t *state);

/* True for private use, noncharacters and what Unicode has not assigned. */
bool normalise_is_unassigned(uint32_t cp);
