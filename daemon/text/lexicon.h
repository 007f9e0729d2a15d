/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* The words and places that a text is understood by: rows that the caller adds, then compiled. It
 * does not change after lexicon_compile() and may then be used by several scratches. */
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
