/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum language { LANGUAGE_UND, LANGUAGE_ZH, LANGUAGE_KO, LANGUAGE_MIXED };

/* From the number of Hangul and Han letters: und when there are none, mixed when there are at least
 * three of each, else the larger. */
enum language language_of(uint32_t hangul, uint32_t han);

/* "und", "zh", "ko", "mixed". */
const char *language_name(enum language l);
bool language_parse(const char *name, enum language *l);

/* The language to answer in: zh or ko. A mixed or undetermined text takes the stored language of
 * the phone; if that is not known either, the script with more letters, and Chinese last. */
enum language
language_for_reply(enum language text, enum language stored, uint32_t hangul, uint32_t han);
