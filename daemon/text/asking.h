/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct normal;

/* The words around a number, by which it is told whether somebody asks after a case by its number.
 * Code points [from, to) are the number's digits. */

/* The end of what belongs to a number that ends at `to`: 号, 번, 건 and a particle. */
uint32_t asking_tail(const struct normal *t, uint32_t to);

/* The number counts, measures or names something else: money, a telephone, a door, a date, a part
 * of a longer figure. */
bool asking_foreign(const struct normal *t, uint32_t from, uint32_t to, uint64_t value);

/* Before the word for "number" at `at` stands of what: 快递, 전화. */
bool asking_other_kind(const struct normal *t, uint32_t at);

/* Outside the number there is a word by which people ask how a matter stands or want it hurried. */
bool asking_word(const struct normal *t, uint32_t from, uint32_t to);
