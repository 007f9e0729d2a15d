/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/address.h"
#include "text/kind.h"
#include "text/language.h"
#include "text/lexicon.h"

/*
 * What a text means: language, kind, category, urgency, address, the case number in it. Nothing
 *here knows the database: the words and the places are rows that the caller adds to a lexicon.
 *
 *	struct lexicon *lx = lexicon_new();
 *	lexicon_add_category(lx, "manhole", "case", false, &err);
 *	lexicon_add_keyword(lx, 17, "井盖", "manhole", 3, &err);
 *	lexicon_add_place(lx, 222405001005, "community", "天图", 222405001, false, &err);
 *	lexicon_compile(lx, &err);
 *	…
 *	struct understand_scratch *scratch = understand_scratch_new();
 *	struct understanding u;
 *	understand(lx, scratch, text, len, NULL, &u);
 *
 * A lexicon does not change after lexicon_compile() and may then be used by several scratches. To
 * reload, build a second one and free the first when no struct understanding points into it.
 */
/* Work space of one thread, reused from text to text: understand() allocates only when it meets a
 * lexicon that is larger than those it saw before. */
struct understand_scratch;
struct understand_scratch *understand_scratch_new(void);
void understand_scratch_free(struct understand_scratch **s);

/* What is known of the sender; all of it optional. */
struct understand_sender {
	int64_t home_unit;      /* community or village of the phone's household; 0 unknown */
	enum language language; /* LANGUAGE_UND unknown */
};

struct understanding_category {
	const char *code; /* the lexicon's; NULL: none */
	int score;
};

enum understanding_number {
	UNDERSTANDING_NO_NUMBER,
	UNDERSTANDING_NUMBER,   /* a number that the check digit allows */
	UNDERSTANDING_MISTYPED, /* was meant as a case number and cannot be one */
};

enum understanding_answer {
	UNDERSTANDING_NO_ANSWER,
	UNDERSTANDING_YES,
	UNDERSTANDING_NO,
	UNDERSTANDING_DIGITS
};

/* Bytes [at, at + len) of the original text. */
struct understanding_span {
	uint32_t at;
	uint32_t len;
};

/* A pattern that was found, for hailanctl try and for the counts of the keyword table. */
struct understanding_hit {
	struct understanding_span span;
	int64_t id;           /* keyword's id, or the unit's for a place */
	const char *category; /* its code; "place" for a name of a unit */
	int weight;           /* 0 for a place */
	bool counted;         /* false: inside a longer hit, repeated, or across a space */
};

#define UNDERSTANDING_HITS 48u
#define UNDERSTANDING_SPANS 8u

struct understanding {
	enum language language; /* of the text */
	enum language reply;    /* zh or ko: of the answer */
	enum kind kind;

	/* For case, wish, progress: the best category and the runner-up. For KIND_OTHER: its code.
	 * No code: nobody could classify it. unsure: both are set and less than 2 apart: propose
	 * both, a person picks. weak: the best stands on one vague word (score below 2): a person
	 * confirms. */
	struct understanding_category first;
	struct understanding_category second;
	bool unsure;
	bool weak;

	bool urgent;
	bool progress; /* asks after something, whatever the kind */

	struct address address;

	/* A case number in the text, in whatever digits. number is 0 unless UNDERSTANDING_NUMBER. A
	 * number counts that is the whole text, or stands beside a word such as 编号, 案件, 번호
	 * (number_marked), or is asked after (修好没) and nothing else that has numbers.
	 * UNDERSTANDING_MISTYPED only where nothing but a case number can be meant.
	 */
	enum understanding_number number_state;
	uint64_t number;
	bool number_marked;
	struct understanding_span number_span; /* its digits */

	/* KIND_ANSWER: yes, no, or the digits. */
	enum understanding_answer answer;
	unsigned answer_digits;

	/* To be masked before somebody else reads the text. */
	struct understanding_span phones[UNDERSTANDING_SPANS];
	unsigned phone_count;
	struct understanding_span codes[UNDERSTANDING_SPANS]; /* one-time codes */
	unsigned code_count;

	struct understanding_hit hits[UNDERSTANDING_HITS];
	unsigned hit_count;
};

/* Fills *out from a text in UTF-8. sender may be NULL. Never fails: what it cannot understand is a
 * case without a category. Only the first NORMALISE_MAX bytes are looked
 * at. */
void understand(const struct lexicon *lx, struct understand_scratch *scratch, const char *text,
    size_t len, const struct understand_sender *sender, struct understanding *out);
