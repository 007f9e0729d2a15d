/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Numerals as residents write them, in normalised code points: 12, 十二, 一百零二, 五零一, 〇, 两;
 * 십이, 백이, 오백일, 오공일. Full-width digits are ASCII after normalise(). */
enum number_form { NUMBER_ARABIC, NUMBER_HAN, NUMBER_HANGUL };

struct number {
	uint64_t value;
	unsigned count;  /* code points read */
	unsigned digits; /* digits as written in the positional form; of the value otherwise */
	enum number_form form;
};

/* Reads the longest numeral that begins at cp. Returns the number of code points it took, 0 when
 * none begins there. Numerals of more than 18 digits are read to their end with value 0. */
size_t number_read(const uint32_t *cp, size_t count, struct number *out);
