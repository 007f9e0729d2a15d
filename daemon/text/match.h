/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "text/normalise.h"

/*
 * Words in a normalised text. Words are written without spaces, Simplified, in lower case; the text
 * may have spaces where it likes.
 */

/* Code points of the text that a word takes at a place; 0: it does not stand there. */
uint32_t match_word(const struct normal *t, uint32_t at, const char *word);

/* The same for the longest of a list that ends with NULL. */
uint32_t match_any(const struct normal *t, uint32_t at, const char *const *list);

/* Behind marks that are neither letters nor digits. */
uint32_t match_marks(const struct normal *t, uint32_t at);

/* Behind words of a list, and the marks between and behind them. */
uint32_t match_skip(const struct normal *t, uint32_t at, const char *const *list);
