/* SPDX-License-Identifier: BSD-2-Clause */
/* Numerals, positional (五零一, 오공일, 501) and with units (五百零一, 오백일, 十一). */
#include "text/number.h"

#include <stdbool.h>

#define DIGITS_MAX 18u
#define NOT_A_DIGIT 99999u

/* 0 to 9 for a digit; 10, 100, 1000 for a unit; NOT_A_DIGIT otherwise. */
static uint64_t
han_value(uint32_t cp)
{
	switch (cp) {
	case u'〇':
	case u'零':
	case u'○':
		return 0;
	case u'一':
	case u'壹':
	case u'幺':
		return 1;
	case u'二':
	case u'贰':
	case u'两':
		return 2;
	case u'三':
	case u'叁':
		return 3;
	case u'四':
	case u'肆':
		return 4;
	case u'五':
	case u'伍':
		return 5;
	case u'六':
	case u'陆':
		return 6;
	case u'七':
	case u'柒':
		return 7;
	case u'八':
	case u'捌':
		return 8;
	case u'九':
	case u'玖':
		return 9;
	case u'十':
	case u'拾':
		return 10;
	case u'百':
	case u'佰':
		return 100;
	case u'千':
	case u'仟':
		return 1000;
	default:
		return NOT_A_DIGIT;
	}
}

static uint64_t
hangul_value(uint32_t cp)
{
	switch (cp) {
	case u'영':
	case u'령':
	case u'공':
		return 0;
	case u'일':
		return 1;
	case u'이':
		return 2;
	case u'삼':
		return 3;
	case u'사':
		return 4;
	case u'오':
		return 5;
	case u'육':
	case u'륙':
		return 6;
	case u'칠':
		return 7;
	case u'팔':
		return 8;
	case u'구':
		return 9;
	case u'십':
		return 10;
	case u'백':
		return 100;
	case u'천':
		return 1000;
	default:
		return NOT_A_DIGIT;
	}
}

static bool
is_value(uint64_t v)
{
	return v <= 10 || v == 100 || v == 1000;
}

static size_t
read_arabic(const uint32_t *cp, size_t count, struct number *out)
{
	size_t i = 0;
	uint64_t v = 0;

	for (; i < count && cp[i] >= '0' && cp[i] <= '9'; i++)
		if (i < DIGITS_MAX)
			v = v * 10 + (cp[i] - '0');
	out->value = i > DIGITS_MAX ? 0 : v;
	out->digits = (unsigned)i;
	return i;
}

/* 一百零二: what stands before a unit is multiplied by it, what stands alone is added. A unit must
 * be smaller than the one before it; the numeral ends where that fails. */
static size_t
read_units(const uint32_t *cp, size_t count, uint64_t (*value)(uint32_t), uint64_t *out)
{
	uint64_t sum = 0, digit = 0, last_unit = 10000;
	bool have_digit = false;
	size_t i = 0;

	for (; i < count; i++) {
		uint64_t v = value(cp[i]);

		if (!is_value(v))
			break;
		if (v < 10) {
			if (have_digit && digit != 0)
				break;
			digit = v;
			have_digit = true;
			continue;
		}
		if (v >= last_unit || (have_digit && digit == 0 && i > 1))
			break;
		sum += (have_digit ? digit : 1) * v;
		last_unit = v;
		digit = 0;
		have_digit = false;
	}
	*out = sum + digit;
	return i;
}

static unsigned
digits_of(uint64_t v)
{
	unsigned n = 1;

	while (v >= 10) {
		v /= 10;
		n++;
	}
	return n;
}

/* Digits before the first unit decide: one at most, and the units are read; more are a positional
 * numeral that ends before the unit. Either way no code point is looked at twice. */
static size_t
read_words(const uint32_t *cp, size_t count, uint64_t (*value)(uint32_t), struct number *out)
{
	size_t n = 0;
	uint64_t v = 0;

	for (; n < count && value(cp[n]) < 10; n++)
		if (n < DIGITS_MAX)
			v = v * 10 + value(cp[n]);
	if (n <= 1 && n < count && is_value(value(cp[n]))) {
		n = read_units(cp, count, value, &out->value);
		out->digits = digits_of(out->value);
		return n;
	}
	out->value = n > DIGITS_MAX ? 0 : v;
	out->digits = (unsigned)n;
	return n;
}

size_t
number_read(const uint32_t *cp, size_t count, struct number *out)
{
	size_t n;

	out->form = NUMBER_ARABIC;
	n = count == 0 ? 0 : read_arabic(cp, count, out);
	if (n == 0 && count > 0) {
		out->form = NUMBER_HAN;
		n = read_words(cp, count, han_value, out);
	}
	if (n == 0 && count > 0) {
		out->form = NUMBER_HANGUL;
		n = read_words(cp, count, hangul_value, out);
	}
	out->count = (unsigned)n;
	return n;
}
