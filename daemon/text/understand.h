/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/address.h"
#include "text/kind.h"
#include "text/language.h"

struct err;

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
struct lexicon;

struct lexicon *lexicon_new(void);
void lexicon_free(struct lexicon **lx);

/*
 * A category. kind is one of
 *   case   something to be mended
 *   wish   something wished for; the code "wish" is the general mark (就好了) without a sort
 *   other  a mark of another kind: the code is a name of kind_name() (thanks, ad, otp, optout,
 * optin, autoreply, greeting, abuse, wrong_number, rumor, laugh), or answer_yes, answer_no (a bare
 *          answer), or filler (polite words that say nothing), or any other code, which gives
 *          KIND_OTHER
 *   flag   counted beside the others and never instead of them: the code is urgent, progress or
 *          trouble (坏了, 没人管: something is wrong, whatever it is)
 * urgent: every text of this category is. Codes are unique.
 */
bool lexicon_add_category(
    struct lexicon *lx, const char *code, const char *kind, bool urgent, struct err *err);

/* A pattern with its weight (1 to 9) for a category added before. id is the caller's and comes back
 * in the hits. Case, width, Traditional characters do not matter; a space in the pattern may be
 * missing in the text. Where one pattern lies inside a longer hit the longer alone counts. */
bool lexicon_add_keyword(struct lexicon *lx, int64_t id, const char *pattern, const char *category,
    int weight, struct err *err);

/* One name of a unit; call it again for each other name or spelling, in any language, without the
 * suffix of its level (天图, not 天图社区; with it is taken too). level is a name of
 * address_level_name(). parent is the unit above, 0 for none, and may be added later. needs_suffix:
 * the name is an ordinary word (文化). Ids are positive. */
bool lexicon_add_place(struct lexicon *lx, int64_t unit, const char *level, const char *name,
    int64_t parent, bool needs_suffix, struct err *err);

/* A 【signature】 that is our own (without the brackets): a text that begins with another one is an
 * advertisement. */
void lexicon_add_signature(struct lexicon *lx, const char *signature);

/* Builds the automaton. After it nothing can be added. Fails when there is no category of kind case
 * or no keyword. */
bool lexicon_compile(struct lexicon *lx, struct err *err);

/* Counts, for a log line. */
struct lexicon_size {
	size_t categories, keywords, places, states, bytes;
};
void lexicon_size(const struct lexicon *lx, struct lexicon_size *out);

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
	 * unsure: the margin is below 2 and second.code is set: propose both, a person picks. No
	 * code: nobody could classify it. */
	struct understanding_category first;
	struct understanding_category second;
	bool unsure;

	bool urgent;
	bool progress; /* asks after something, whatever the kind */

	struct address address;

	/* A case number in the text, in whatever digits. number is 0 unless UNDERSTANDING_NUMBER. A
	 * bare number that is the whole text counts, others only beside a word such as 编号, 案件,
	 * 번호.
	 */
	enum understanding_number number_state;
	uint64_t number;

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
