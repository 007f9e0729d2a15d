/* SPDX-License-Identifier: BSD-2-Clause */
/* Chinese or Korean: two Unicode ranges decide, on five characters as on five hundred. */
#include "text/language.h"

#include <string.h>

#define MIXED_LETTERS 3u

static const char *const names[] = {
	[LANGUAGE_UND] = "und",
	[LANGUAGE_ZH] = "zh",
	[LANGUAGE_KO] = "ko",
	[LANGUAGE_MIXED] = "mixed",
};

enum language
language_of(uint32_t hangul, uint32_t han)
{
	if (hangul == 0 && han == 0)
		return LANGUAGE_UND;
	if (hangul >= MIXED_LETTERS && han >= MIXED_LETTERS)
		return LANGUAGE_MIXED;
	return hangul > han ? LANGUAGE_KO : LANGUAGE_ZH;
}

const char *
language_name(enum language l)
{
	return names[l];
}

bool
language_parse(const char *name, enum language *l)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0) {
			*l = (enum language)i;
			return true;
		}
	return false;
}

enum language
language_for_reply(enum language text, enum language stored, uint32_t hangul, uint32_t han)
{
	if (text == LANGUAGE_ZH || text == LANGUAGE_KO)
		return text;
	if (stored == LANGUAGE_ZH || stored == LANGUAGE_KO)
		return stored;
	return hangul > han ? LANGUAGE_KO : LANGUAGE_ZH;
}
