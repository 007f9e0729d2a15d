/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in a normalised text. */
#include "text/match.h"

#include <string.h>

#include "text/utf8.h"

/* False when a word cannot begin with this code point; for those of three bytes, which nearly all
 * are, that is all that is looked at of most words. */
static bool
may_begin(const char *word, uint32_t cp)
{
	const unsigned char *w = (const unsigned char *)word;

	if (cp < 0x800 || cp > 0xffff)
		return true;
	return w[0] == (0xe0 | cp >> 12) && w[1] == (0x80 | (cp >> 6 & 0x3f)) &&
	       w[2] == (0x80 | (cp & 0x3f));
}

uint32_t
match_word(const struct normal *t, uint32_t at, const char *word)
{
	size_t len;
	uint32_t n = 0;

	if (at >= t->count || !may_begin(word, t->cp[at]))
		return 0;
	len = strlen(word);
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
