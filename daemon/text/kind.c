/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sort of message the facts about it make: the order in which they are asked is the rule. */
#include "text/kind.h"

#include <string.h>

static const char *const names[KIND_COUNT] = {
	[KIND_EMPTY] = "empty",
	[KIND_PUNCT] = "punct",
	[KIND_EMOJI] = "emoji",
	[KIND_LAUGH] = "laugh",
	[KIND_OPTOUT] = "optout",
	[KIND_OPTIN] = "optin",
	[KIND_ANSWER] = "digit_reply",
	[KIND_CASE_NUMBER] = "case_number",
	[KIND_AD] = "ad",
	[KIND_OTP] = "otp",
	[KIND_AUTOREPLY] = "autoreply",
	[KIND_GREETING] = "greeting",
	[KIND_THANKS] = "thanks",
	[KIND_WRONG_NUMBER] = "wrong_number",
	[KIND_ABUSE] = "abuse",
	[KIND_RUMOR] = "rumor",
	[KIND_TOO_SHORT] = "too_short",
	[KIND_UNDECODABLE] = "undecodable",
	[KIND_OTHER] = "other",
	[KIND_WISH] = "wish",
	[KIND_PROGRESS] = "progress",
	[KIND_CASE] = "case",
};

/* Scores from which a mark alone decides. */
#define SURE 3
#define STRONG 5
/* Letters up to which a text without a known word says nothing. */
#define SHORT_LETTERS 2

const char *
kind_name(enum kind k)
{
	return names[k];
}

bool
kind_parse(const char *name, enum kind *k)
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		if (strcmp(name, names[i]) == 0) {
			*k = (enum kind)i;
			return true;
		}
	return false;
}

bool
kind_is_automatic(enum kind k)
{
	return k == KIND_AD || k == KIND_OTP || k == KIND_AUTOREPLY;
}

/* Texts without words. */
static bool
wordless(const struct kind_facts *f, enum kind *out)
{
	if (f->characters == 0)
		*out = KIND_EMPTY;
	else if (f->replacements * 2 > f->characters)
		*out = KIND_UNDECODABLE;
	else if (f->letters == 0 && f->emoji > 0)
		*out = KIND_EMOJI;
	else if (f->letters == 0)
		*out = KIND_PUNCT;
	else
		return false;
	return true;
}

/* Texts that a machine wrote. */
static bool
automatic(const struct kind_facts *f, enum kind *out)
{
	bool facts = f->best_case >= SURE && f->has_address;

	if (f->score[KIND_OTP] >= SURE && f->has_code)
		*out = KIND_OTP;
	else if (f->foreign_signature)
		*out = KIND_AD;
	else if (f->score[KIND_AUTOREPLY] >= SURE && f->score[KIND_AUTOREPLY] > f->best_case)
		*out = KIND_AUTOREPLY;
	else if (f->score[KIND_AD] >= SURE && f->score[KIND_AD] > f->best_case && !facts)
		*out = KIND_AD;
	else
		return false;
	return true;
}

/* Texts that consist of nothing but polite words and marks of one sort. */
static bool
covered(const struct kind_facts *f, enum kind *out)
{
	static const enum kind order[] = { KIND_OPTOUT, KIND_OPTIN, KIND_LAUGH, KIND_THANKS,
		KIND_ABUSE, KIND_GREETING };

	if (!f->covered || f->best_case > 0 || f->wish > 0)
		return false;
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (f->score[order[i]] > 0) {
			*out = order[i];
			return true;
		}
	return false;
}

/* Texts that a mark decides though other words stand beside it. */
static bool
marked(const struct kind_facts *f, enum kind *out)
{
	static const enum kind order[] = { KIND_THANKS, KIND_RUMOR, KIND_WRONG_NUMBER, KIND_ABUSE,
		KIND_LAUGH, KIND_GREETING, KIND_OTHER };
	int rival = f->best_case > f->wish ? f->best_case : f->wish;

	if (f->score[KIND_OPTOUT] >= STRONG && f->best_case < SURE) {
		*out = KIND_OPTOUT;
		return true;
	}
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int score = f->score[order[i]];
		bool thanks = order[i] == KIND_THANKS;

		if (score < (thanks ? 2 : SURE) || f->trouble > 0 || f->progress >= SURE)
			continue;
		if (score > rival || (order[i] == KIND_RUMOR && score >= rival)) {
			*out = order[i];
			return true;
		}
	}
	return false;
}

/* With a mark (就好了) a wish wins a tie; without one it must be the stronger. */
static bool
is_wish(const struct kind_facts *f)
{
	int rival = f->best_case + f->trouble;

	if (f->wish < SURE)
		return false;
	return f->wish_mark >= SURE ? f->wish >= rival : f->wish > rival;
}

enum kind
kind_decide(const struct kind_facts *f)
{
	enum kind k;

	if (wordless(f, &k))
		return k;
	if (f->danger)
		return KIND_CASE;
	if (f->answer)
		return KIND_ANSWER;
	if (f->only_number)
		return KIND_CASE_NUMBER;
	if (f->service_number)
		return KIND_TOO_SHORT;
	if (automatic(f, &k))
		return k;
	if (f->asks_number)
		return KIND_PROGRESS;
	if (covered(f, &k) || marked(f, &k))
		return k;
	if (f->wish > 0 && is_wish(f))
		return KIND_WISH;
	if (f->progress >= SURE || (f->progress > 0 && f->number))
		return KIND_PROGRESS;
	if (f->letters <= SHORT_LETTERS && f->best_case == 0 && f->trouble == 0 && !f->has_address)
		return KIND_TOO_SHORT;
	return KIND_CASE;
}
