/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

/*
 * What sort of message it is. KIND_CASE is what is left: whatever nobody can classify goes to a
 * person as a case and is never dropped.
 */
enum kind {
	KIND_EMPTY,
	KIND_PUNCT,
	KIND_EMOJI,
	KIND_LAUGH,
	KIND_OPTOUT,
	KIND_OPTIN,
	KIND_ANSWER,      /* "1", 好, 네, 不满意: means something only when we asked */
	KIND_CASE_NUMBER, /* a case number and nothing else */
	KIND_AD,          /* automatic texts: never answered */
	KIND_OTP,
	KIND_AUTOREPLY,
	KIND_GREETING,
	KIND_THANKS,
	KIND_WRONG_NUMBER,
	KIND_ABUSE, /* no facts in it: to a person, never closed by rule */
	KIND_RUMOR,
	KIND_TOO_SHORT,   /* one or two letters that say nothing */
	KIND_UNDECODABLE, /* mostly replacement characters */
	KIND_OTHER,       /* a category of kind "other" that is not one of these */
	KIND_WISH,
	KIND_PROGRESS, /* asks after something reported earlier (催办) */
	KIND_CASE,
	KIND_COUNT
};

/* "case", "optout" … : as in the column kind or code of the table of categories. */
const char *kind_name(enum kind k);
bool kind_parse(const char *name, enum kind *k);

/* No answer may be sent to it: it came from a machine. */
bool kind_is_automatic(enum kind k);

/* What was counted in a text, for kind_decide(). Scores are sums of weights. */
struct kind_facts {
	unsigned characters, letters, emoji, replacements;
	int score[KIND_COUNT]; /* of the marks of each other kind */
	int best_case;         /* best category of kind case */
	int best_wish;         /* best category of kind wish, without the general mark */
	int wish_mark;         /* the general mark */
	int wish;              /* both together */
	int progress, trouble; /* flags */
	bool danger;           /* an urgent category beyond doubt: never anything but a case */
	bool answer;           /* yes, no or one or two digits, and nothing else */
	bool only_number;      /* a case number, well typed or not, and nothing else */
	bool number;           /* a case number among other words */
	bool asks_number;      /* and it is asked after */
	bool service_number;   /* 12345, 10086 and nothing else */
	bool covered;          /* marks of other kinds cover every letter */
	bool has_address;
	bool has_code;          /* digits that look like a one-time code */
	bool foreign_signature; /* begins with a 【】 that is not ours */
};

enum kind kind_decide(const struct kind_facts *f);
