/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in a normalised text. */
#include "text/match.h"

#include <string.h>

#include "text/utf8.h"

uint32_t
match_word(const struct normal *t, uint32_t at, const char *word)
{
	size_t len = strlen(word);
	uint32_t n = 0;

	for (size_t i = 0; i < len; n++) {
		uint32_t cp;

		i += utf8_read(word + i, len - i, &cp);
		if (at + n >= t->count || t->cp[at + n] != cp)
			return 0;
	}
	return n;
}

uint32_t
match_any(const struct normal *t, uint32_t at, const char *const *list)
{
	uint32_t best = 0;

	for (; *list != NULL; list++) {
		uint32_t n = match_word(t, at, *list);
		if (n > best)
			best = n;
	}
	return best;
}

uint32_t
match_marks(const struct normal *t, uint32_t at)
{
	while (at < t->count && !normalise_is_letter(t->cp[at]))
		at++;
	return at;
}

uint32_t
match_skip(const struct normal *t, uint32_t at, const char *const *list)
{
	for (;;) {
		uint32_t n = match_any(t, at, list);
		if (n == 0)
			return at;
		at = match_marks(t, at + n);
	}
}
