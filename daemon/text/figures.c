/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers that are no addresses. */
#include "text/figures.h"

#include <uchar.h>

#include "text/asking.h"
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

static unsigned
letters(const struct normal *t, uint32_t from, uint32_t to)
{
	unsigned n = 0;

	for (uint32_t i = from; i < to; i++)
		n += normalise_is_letter(t->cp[i]);
	return n;
}

static bool
no_letters(const struct normal *t, uint32_t from, uint32_t to)
{
	return letters(t, from, to) == 0;
}

static bool
is_case_number(uint64_t value)
{
	return value >= CASE_NUMBER_FIRST && value % CASE_NUMBER_CHECK == 0;
}

/* Hotlines and operators: 10086, 11185, 12345, 95598, 96123. */
static bool
is_service(uint64_t value)
{
	return (value >= 10000 && value < 10100) || (value >= 11100 && value < 11200) ||
	       (value >= 12300 && value < 12400) ||
	       (value >= 95000 && value < 97000 && !is_case_number(value));
}

static void
take_number(const struct normal *t, uint32_t from, uint32_t to, uint64_t value, bool marked,
    struct understanding *out)
{
	bool ok = is_case_number(value);

	if (out->number_state == UNDERSTANDING_NUMBER)
		return;
	out->number_state = ok ? UNDERSTANDING_NUMBER : UNDERSTANDING_MISTYPED;
	out->number = ok ? value : 0;
	out->number_marked = marked;
	out->number_span = figures_span(t, from, to);
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
	f->service_number = is_service(value);
	f->only_number = !f->service_number;
	if (f->only_number)
		take_number(t, 0, t->count, value, true, out);
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

/* Letters beside a number up to which a text may be a question about it, may say nothing but the
 * number, and may be a question about a number that cannot be one. */
#define ASKING_LETTERS 28u
#define TELLING_LETTERS 4u
#define MISTYPED_LETTERS 14u
/* A weaker wish (帮我查查) is only polite. */
#define WISH_SURE 3

/* A number beside 编号 or the like at [from, to): is it asked after, or told and nothing else? */
static bool
marked_is_asked(const struct normal *t, const struct kind_facts *f, uint32_t from, uint32_t to)
{
	unsigned rest = letters(t, 0, from) + letters(t, to, t->count);

	if (rest > ASKING_LETTERS)
		return false;
	return asking_word(t, from, to) || (rest <= TELLING_LETTERS && f->best_case == 0 &&
					       f->trouble == 0 && f->score[KIND_THANKS] == 0);
}

/* A number without such a word: only the question tells. */
static bool
bare_is_asked(const struct normal *t, const struct kind_facts *f, const struct understanding *out,
    uint32_t from, uint32_t to, uint64_t value)
{
	uint32_t tail = asking_tail(t, to);
	unsigned rest = letters(t, 0, from) + letters(t, tail, t->count);

	if (rest > ASKING_LETTERS || value < CASE_NUMBER_FIRST ||
	    asking_foreign(t, from, to, value))
		return false;
	if (f->progress == 0 && !asking_word(t, from, tail))
		return false;
	return is_case_number(value) ||
	       (rest <= MISTYPED_LETTERS && value < 1000000 && !is_service(value) &&
		   f->best_case == 0 && f->wish == 0 && out->address.units == 0 &&
		   out->address.building[0] == '\0');
}

static void
one_number(const struct normal *t, struct kind_facts *f, struct understanding *out, uint32_t at,
    uint32_t end, uint64_t value)
{
	uint32_t from = mark_before(t, at), to = mark_after(t, end);
	bool marked, asked;

	if (from != at && asking_other_kind(t, from))
		return;
	if (to == end && to < t->count && is_one_of(t->cp[to], U"号번호"))
		to++;
	f->only_number = no_letters(t, 0, from) && no_letters(t, to, t->count);
	marked = from != at || to > end + 1 || f->only_number;
	asked = marked ? marked_is_asked(t, f, from, to) : bare_is_asked(t, f, out, at, end, value);
	if (!marked && !asked)
		return;
	take_number(t, at, end, value, marked, out);
	f->number |= marked;
	/* Where there is a category too, the clerk tells by whose number it is. */
	f->asks_number |= asked && (marked || (f->best_case == 0 && f->wish < WISH_SURE));
}

void
figures_case_number(const struct normal *t, struct kind_facts *f, struct understanding *out)
{
	if (whole_number(t, f, out))
		return;
	for (uint32_t i = 0; i < t->count;) {
		struct number n;
		uint32_t k;

		if (!is_numeral(t->cp[i]) ||
		    (k = (uint32_t)number_read(t->cp + i, t->count - i, &n)) == 0) {
			i++;
			continue;
		}
		if (n.digits >= 5 && n.digits <= 9)
			one_number(t, f, out, i, i + k, n.value);
		i += k;
	}
}
