/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of speech. */
#include "say.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const say_needed[] = { "pause", "choose", "welcome", "wrong", "silence", "busy",
	"time_over", "goodbye",
	/* digits */
	"digit_0", "digit_1", "digit_2", "digit_3", "digit_4", "digit_5", "digit_6", "digit_7",
	"digit_8", "digit_9",
	/* recording */
	"recorded", "not_heard", "number_is", "number_repeat", "kept",
	/* cases */
	"cases_none", "cases_later", "case_about", "case_number", "category_other", "light_red",
	"light_yellow", "light_blue", "light_green", "wish_told", "wish_open", "wish_claimed",
	"wish_done", "wish_over", "to_write", "number_wrong", "number_unknown",
	/* answers */
	"ask_solved", "ask_keys", "thanks_yes", "thanks_no", "language_changed", NULL };

void
say_clear(struct say *s)
{
	s->count = s->at = 0;
}

void
say_add(struct say *s, const char *name)
{
	if (s->count < SAY_PIECES && name[0] != '\0')
		snprintf(s->names[s->count++], SAY_NAME, "%s", name);
}

void
say_add_all(struct say *s, const char *names)
{
	char name[SAY_NAME];

	for (names += strspn(names, " "); *names != '\0'; names += strspn(names, " ")) {
		size_t len = strcspn(names, " ");
		if (len < sizeof(name)) {
			memcpy(name, names, len);
			name[len] = '\0';
			say_add(s, name);
		}
		names += len;
	}
}

void
say_number(struct say *s, int64_t number)
{
	char digits[24], name[] = "digit_0";
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, number);

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			say_add(s, "pause");
		name[6] = digits[i];
		say_add(s, name);
	}
}
