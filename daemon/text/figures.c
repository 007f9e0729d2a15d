/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that are no addresses. */
#include "text/figures.h"

#include <uchar.h>

#include "text/normalise.h"
#include "text/number.h"
#include "text/understand.h"

#define CASE_NUMBER_FIRST 20007u
#define CASE_NUMBER_CHECK 13u

struct understanding_span
figures_span(const struct normal *t, uint32_t from, uint32_t to)
{
	return (struct understanding_span){ t->src[from], (uint32_t)t->end[to - 1] - t->src[from] };
}

static bool
is_digit(uint32_t cp)
{
	return cp >= '0' && cp <= '9';
}

/* The end of the digits at i as they stand together: white space ends them. */
static uint32_t
solid_end(const struct normal *t, uint32_t i)
{
	uint32_t end = i + 1;

	while (end < t->count && is_digit(t->cp[end]) && !t->gap[end])
		end++;
	return end;
}

/* Takes one '-' or white space between two groups; returns where the next group begins or 0. */
static uint32_t
next_group(const struct normal *t, uint32_t end)
{
	if (end < t->count && t->cp[end] == '-' && end + 1 < t->count && is_digit(t->cp[end + 1]))
		return end + 1;
	return end < t->count && t->gap[end] && is_digit(t->cp[end]) ? end : 0;
}

/* The end of a telephone or identity number that begins at i, or 0. */
static uint32_t
phone_end(const struct normal *t, uint32_t i)
{
	uint32_t end = solid_end(t, i), second = next_group(t, end), third;
	uint32_t len = end - i;

	if (len >= 11)
		return end;
	if (second != 0 && len == 3 && t->cp[i] == '1' && t->cp[i + 1] >= '3') {
		uint32_t middle = solid_end(t, second);

		third = next_group(t, middle);
		if (middle - second == 4 && third != 0 && solid_end(t, third) - third == 4)
			return third + 4;
		return middle - second == 8 ? middle : 0;
	}
	if (second != 0 && (len == 3 || len == 4) && t->cp[i] == '0') {
		uint32_t rest = solid_end(t, second) - second;

		return rest == 7 || rest == 8 ? second + rest : 0;
	}
	return (len == 7 || len == 8) && i >= 2 &&
		       ((t->cp[i - 2] == U'电' && t->cp[i - 1] == U'话') ||
			   (t->cp[i - 2] == U'전' && t->cp[i - 1] == U'화'))
		   ? end
		   : 0;
}

void
figures_mask(const struct normal *t, bool codes, struct understanding *out)
{
	for (uint32_t i = 0; i < t->count;) {
		uint32_t end;

		if (!is_digit(t->cp[i])) {
			i++;
			continue;
		}
		end = phone_end(t, i);
		if (end != 0 && out->phone_count < UNDERSTANDING_SPANS)
			out->phones[out->phone_count++] = figures_span(t, i, end);
		if (end == 0) {
			end = solid_end(t, i);
			if (codes && end - i >= 4 && end - i <= 8 &&
			    out->code_count < UNDERSTANDING_SPANS)
				out->codes[out->code_count++] = figures_span(t, i, end);
		}
		i = end;
	}
}

/* Words that make the number behind (or before) them a case number. */
static const char32_t *const number_before[] = { U"编号", U"案件", U"案号", U"工单", U"单号",
	U"事件", U"诉求", U"受理", U"案子", U"번호", U"안건", U"사건", U"접수", NULL };
static const char32_t *const number_after[] = { U"号案", U"号工单", U"号件", U"号事", U"号诉求",
	U"这个案", U"호안건", U"번안건", U"호사건", U"번사건", U"호신고", U"번신고", NULL };
static const char32_t number_joint[] = U"号:是为的第.#번호는은이";

static uint32_t
word_length(const char32_t *word)
{
	uint32_t n = 0;

	while (word[n] != 0)
		n++;
	return n;
}

static bool
is_one_of(uint32_t cp, const char32_t *set)
{
	for (; *set != 0; set++)
		if (*set == cp)
			return true;
	return false;
}

static bool
has_word(const struct normal *t, uint32_t at, const char32_t *word)
{
	for (uint32_t i = 0; word[i] != 0; i++)
		if (at + i >= t->count || t->cp[at + i] != word[i])
			return false;
	return true;
}

/* Where the word before the number at `at` begins; `at` itself when there is none. */
static uint32_t
mark_before(const struct normal *t, uint32_t at)
{
	uint32_t end = at;

	for (int joints = 0; joints <= 4; joints++) {
		for (unsigned i = 0; number_before[i] != NULL; i++) {
			uint32_t n = word_length(number_before[i]);

			if (end >= n && has_word(t, end - n, number_before[i]))
				return end - n;
		}
		if (end == 0 || !is_one_of(t->cp[end - 1], number_joint))
			break;
		end--;
	}
	return at;
}

static uint32_t
mark_after(const struct normal *t, uint32_t end)
{
	for (unsigned i = 0; number_after[i] != NULL; i++)
		if (has_word(t, end, number_after[i]))
			return end + word_length(number_after[i]);
	return end;
}

static bool
no_letters(const struct normal *t, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (normalise_is_letter(t->cp[i]))
			return false;
	return true;
}

static void
take_number(struct understanding *out, uint64_t value)
{
	bool ok = value >= CASE_NUMBER_FIRST && value % CASE_NUMBER_CHECK == 0;

	if (out->number_state == UNDERSTANDING_NUMBER)
		return;
	out->number_state = ok ? UNDERSTANDING_NUMBER : UNDERSTANDING_MISTYPED;
	out->number = ok ? value : 0;
}

/* Digits in groups ("20 007") and nothing else. */
static bool
whole_number(const struct normal *t, struct kind_facts *f, struct understanding *out)
{
	uint64_t value = 0;

	if (t->count != t->digits || t->count < 5 || t->count > 9)
		return false;
	for (uint32_t i = 0; i < t->count; i++)
		value = value * 10 + (t->cp[i] - '0');
	take_number(out, value);
	f->only_number = true;
	return true;
}

static bool
is_numeral(uint32_t cp)
{
	struct number n;

	return number_read(&cp, 1, &n) != 0;
}

/* One or two digits, or the word for them, and nothing else: an answer. */
void
figures_answer(const struct normal *t, struct kind_facts *f, struct understanding *out)
{
	struct number n;
	uint32_t i = 0, end;

	while (i < t->count && (!normalise_is_letter(t->cp[i]) || is_one_of(t->cp[i], U"第选按回")))
		i++;
	end = i + (uint32_t)number_read(t->cp + i, t->count - i, &n);
	if (end == i || n.digits > 2 || n.value > 99)
		return;
	while (end < t->count && is_one_of(t->cp[end], U"号项个次번호째"))
		end++;
	if (!no_letters(t, end, t->count))
		return;
	f->answer = true;
	out->answer = UNDERSTANDING_DIGITS;
	out->answer_digits = (unsigned)n.value;
}

void
figures_case_number(const struct normal *t, struct kind_facts *f, struct understanding *out)
{
	if (whole_number(t, f, out))
		return;
	for (uint32_t i = 0; i < t->count;) {
		struct number n;
		uint32_t k, from, to;

		if (!is_numeral(t->cp[i]) ||
		    (k = (uint32_t)number_read(t->cp + i, t->count - i, &n)) == 0) {
			i++;
			continue;
		}
		if (n.digits >= 5 && n.digits <= 9) {
			from = mark_before(t, i);
			to = mark_after(t, i + k);
			if (to == i + k && to < t->count && is_one_of(t->cp[to], U"号번호"))
				to++;
			f->only_number = no_letters(t, 0, from) && no_letters(t, to, t->count);
			if (from != i || to > i + k + 1 || f->only_number) {
				take_number(out, n.value);
				f->number = true;
			}
		}
		i += k;
	}
}
