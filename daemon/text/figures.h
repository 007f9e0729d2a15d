/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct kind_facts;
struct normal;
struct understanding;
struct understanding_span;

/* Numbers that are no addresses: telephones, one-time codes, case numbers, bare answers. */

/* Bytes of the original that code points [from, to) of t came from. */
struct understanding_span figures_span(const struct normal *t, uint32_t from, uint32_t to);

/* Fills phones (telephone and identity numbers) and, if codes, codes of *out. */
void figures_mask(const struct normal *t, bool codes, struct understanding *out);

/* Fills number and number_state, and f->only_number and f->number. A case number is a multiple of
 * 13 from 20007 on: one mistyped digit or two exchanged ones never give another. */
void figures_case_number(const struct normal *t, struct kind_facts *f, struct understanding *out);

/* Fills answer and answer_digits, and f->answer, when the text is one or two digits, in figures or
 * words, and nothing else. */
void figures_answer(const struct normal *t, struct kind_facts *f, struct understanding *out);
