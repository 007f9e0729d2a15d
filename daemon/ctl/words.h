/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The tables of words and places, for understanding a text outside of the clerk. */
#include <stdbool.h>
#include <stdint.h>

struct err;
struct lexicon;
struct policy;
struct sql;
struct words;

/* From the database: the clerk's own policy, by the clerk's own loader, within 30 s. sql is used
 * for what the clerk does not keep. NULL with *err. */
struct words *words_from_database(const char *conninfo, struct sql *sql, struct err *err);
/* From categories.tsv, keywords.tsv and places.tsv in folder. NULL with *err. */
struct words *words_from_folder(const char *folder, struct err *err);
/* Accepts NULL, sets NULL. */
void words_free(struct words **w);

const struct lexicon *words_lexicon(const struct words *w);
/* NULL when the words come from files. */
const struct policy *words_policy(const struct words *w);
/* Lent; "" when it is not known. */
const char *words_unit(const struct words *w, int64_t unit);
const char *words_category(const struct words *w, const char *code);
const char *words_department(const struct words *w, const char *code);
const char *words_pattern(const struct words *w, int64_t keyword);
