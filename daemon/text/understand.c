/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole of understanding: one normal copy, one pass of the automaton, one pass for numbers and
 * addresses, then the rules of kind.c. */
#include "text/understand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "text/keywords.h"
#include "text/normalise.h"
#include "text/number.h"
#include "text/utf8.h"

#define HITS_MAX 512u
#define NAMES_MAX 64u
#define COVER_MAX 64u /* longer texts are never only marks */
#define URGENT_SURE 3
#define DANGER_SURE 5
#define MARGIN 2
#define CASE_NUMBER_FIRST 20007u
#define CASE_NUMBER_CHECK 13u

/* What a hit of a category counts for. */
enum role {
	ROLE_CASE,
	ROLE_WISH,
	ROLE_WISH_MARK,
	ROLE_OTHER, /* a mark of another kind */
	ROLE_YES,
	ROLE_NO,
	ROLE_FILLER,
	ROLE_URGENT,
	ROLE_PROGRESS,
	ROLE_TROUBLE,
};

struct category {
	char *code;
	enum role role;
	enum kind kind; /* of ROLE_OTHER */
	bool urgent;
};

struct keyword {
	int64_t id;
	uint32_t category;
	int weight;
};

struct signature {
	struct normal text;
};

struct lexicon {
	struct category *categories;
	size_t category_count;
	struct keyword *keywords;
	size_t keyword_count, keyword_room;
	struct address_place *places;
	size_t place_count, place_room;
	struct signature **signatures;
	size_t signature_count;
	struct keywords *automaton;
	bool compiled;
};

/* Scores of one category within one text. */
struct tally {
	int score;
	uint32_t first_at;
};

struct understand_scratch {
	struct normal text;
	struct keywords_hit hits[HITS_MAX];
	bool dropped[HITS_MAX]; /* inside a longer hit or repeated */
	size_t hit_count;
	struct address_name names[NAMES_MAX];
	uint8_t covered[COVER_MAX];
	struct tally *tally; /* by category */
	size_t tally_room;
	uint32_t *seen; /* by keyword: the text that counted it last */
	size_t seen_room;
	uint32_t turn;
	struct kind_facts facts;
};

/* The automaton's numbers: keywords even, places odd. */
#define NUMBER_OF_KEYWORD(i) ((uint32_t)(i)*2)
#define NUMBER_OF_PLACE(i) ((uint32_t)(i)*2 + 1)
#define IS_PLACE(number) ((number) % 2 == 1)

struct lexicon *
lexicon_new(void)
{
	struct lexicon *lx = xcalloc(1, sizeof(*lx));

	lx->automaton = keywords_new();
	return lx;
}

void
lexicon_free(struct lexicon **lx)
{
	if (*lx == NULL)
		return;
	for (size_t i = 0; i < (*lx)->category_count; i++)
		free((*lx)->categories[i].code);
	for (size_t i = 0; i < (*lx)->signature_count; i++)
		free((*lx)->signatures[i]);
	free((*lx)->categories);
	free((*lx)->keywords);
	free((*lx)->places);
	free((*lx)->signatures);
	keywords_free(&(*lx)->automaton);
	free(*lx);
	*lx = NULL;
}

static bool
find_role(const char *code, const char *kind, struct category *c, struct err *err)
{
	if (strcmp(kind, "case") == 0) {
		c->role = ROLE_CASE;
	} else if (strcmp(kind, "wish") == 0) {
		c->role = strcmp(code, "wish") == 0 ? ROLE_WISH_MARK : ROLE_WISH;
	} else if (strcmp(kind, "other") == 0) {
		c->role = strcmp(code, "answer_yes") == 0  ? ROLE_YES
			  : strcmp(code, "answer_no") == 0 ? ROLE_NO
			  : strcmp(code, "filler") == 0    ? ROLE_FILLER
							   : ROLE_OTHER;
		if (!kind_parse(code, &c->kind) || c->kind >= KIND_WISH)
			c->kind = KIND_OTHER;
	} else if (strcmp(kind, "flag") == 0) {
		if (strcmp(code, "urgent") == 0)
			c->role = ROLE_URGENT;
		else if (strcmp(code, "progress") == 0)
			c->role = ROLE_PROGRESS;
		else if (strcmp(code, "trouble") == 0)
			c->role = ROLE_TROUBLE;
		else
			return err_set(err,
			    "flag \"%s\" is not known; flags are urgent, progress, trouble", code);
	} else {
		return err_set(err,
		    "category \"%s\": kind \"%s\" is not one of case, wish, other, flag", code,
		    kind);
	}
	return true;
}

static bool
find_category(const struct lexicon *lx, const char *code, uint32_t *index)
{
	for (size_t i = 0; i < lx->category_count; i++)
		if (strcmp(lx->categories[i].code, code) == 0) {
			*index = (uint32_t)i;
			return true;
		}
	return false;
}

bool
lexicon_add_category(
    struct lexicon *lx, const char *code, const char *kind, bool urgent, struct err *err)
{
	struct category c = { .urgent = urgent };
	uint32_t index;

	assert(!lx->compiled);
	if (*code == '\0')
		return err_set(err, "a category needs a code");
	if (find_category(lx, code, &index))
		return err_set(err, "category \"%s\" is there twice", code);
	if (!find_role(code, kind, &c, err))
		return false;
	c.code = xstrdup(code);
	lx->categories = xreallocarray(lx->categories, lx->category_count + 1, sizeof(c));
	lx->categories[lx->category_count++] = c;
	return true;
}

bool
lexicon_add_keyword(struct lexicon *lx, int64_t id, const char *pattern, const char *category,
    int weight, struct err *err)
{
	struct keyword k = { .id = id, .weight = weight };

	assert(!lx->compiled);
	if (!find_category(lx, category, &k.category))
		return err_set(
		    err, "keyword \"%.60s\": there is no category \"%s\"", pattern, category);
	if (weight < 1 || weight > 9)
		return err_set(
		    err, "keyword \"%.60s\": weight %d is not within 1 to 9", pattern, weight);
	if (!keywords_add(lx->automaton, pattern, NUMBER_OF_KEYWORD(lx->keyword_count), err))
		return false;
	if (lx->keyword_count == lx->keyword_room) {
		lx->keyword_room = lx->keyword_room * 2 + 256;
		lx->keywords = xreallocarray(lx->keywords, lx->keyword_room, sizeof(k));
	}
	lx->keywords[lx->keyword_count++] = k;
	return true;
}

/* The length of name without the suffix of its level. */
static size_t
bare_length(const char *name, enum address_level level)
{
	static const struct {
		enum address_level level;
		const char *suffix;
	} suffixes[] = { { ADDRESS_COMMUNITY, "社区" }, { ADDRESS_COMMUNITY, "사회구역" },
		{ ADDRESS_STREET, "街道" }, { ADDRESS_STREET, "가두" }, { ADDRESS_TOWN, "镇" },
		{ ADDRESS_TOWN, "乡" }, { ADDRESS_TOWN, "진" }, { ADDRESS_TOWN, "향" },
		{ ADDRESS_VILLAGE, "村" }, { ADDRESS_VILLAGE, "촌" }, { ADDRESS_CITY, "市" },
		{ ADDRESS_CITY, "시" } };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i].suffix);

		if (suffixes[i].level == level && len >= n + 6 &&
		    strcmp(name + len - n, suffixes[i].suffix) == 0)
			return len - n;
	}
	return len;
}

bool
lexicon_add_place(struct lexicon *lx, int64_t unit, const char *level, const char *name,
    int64_t parent, bool needs_suffix, struct err *err)
{
	struct address_place p = { .unit = unit, .parent = parent, .needs_suffix = needs_suffix };
	char *bare;
	bool ok;

	assert(!lx->compiled);
	if (unit <= 0)
		return err_set(err, "place \"%.60s\": its unit must be a positive number", name);
	if (!address_level_parse(level, &p.level))
		return err_set(err, "place \"%.60s\": level \"%s\" is not known", name, level);
	if (lx->place_count == lx->place_room) {
		lx->place_room = lx->place_room * 2 + 64;
		lx->places = xreallocarray(lx->places, lx->place_room, sizeof(p));
	}
	bare = xstrndup(name, bare_length(name, p.level));
	ok = p.level == ADDRESS_DEPARTMENT ||
	     keywords_add(lx->automaton, bare, NUMBER_OF_PLACE(lx->place_count), err);
	free(bare);
	if (ok)
		lx->places[lx->place_count++] = p;
	return ok;
}

void
lexicon_add_signature(struct lexicon *lx, const char *signature)
{
	struct signature *s = xcalloc(1, sizeof(*s));

	normalise(signature, strlen(signature), &s->text);
	lx->signatures =
	    xreallocarray(lx->signatures, lx->signature_count + 1, sizeof(*lx->signatures));
	lx->signatures[lx->signature_count++] = s;
}

bool
lexicon_compile(struct lexicon *lx, struct err *err)
{
	bool have_case = false;

	assert(!lx->compiled);
	for (size_t i = 0; i < lx->category_count; i++)
		have_case |= lx->categories[i].role == ROLE_CASE;
	if (!have_case)
		return err_set(
		    err, "there is no category of kind case; import the categories first");
	if (lx->keyword_count == 0)
		return err_set(err, "there are no keywords; import them first");
	keywords_compile(lx->automaton);
	lx->compiled = true;
	return true;
}

void
lexicon_size(const struct lexicon *lx, struct lexicon_size *out)
{
	out->categories = lx->category_count;
	out->keywords = lx->keyword_count;
	out->places = lx->place_count;
	keywords_size(lx->automaton, &out->states, &out->bytes);
}

struct understand_scratch *
understand_scratch_new(void)
{
	return xcalloc(1, sizeof(struct understand_scratch));
}

void
understand_scratch_free(struct understand_scratch **s)
{
	if (*s == NULL)
		return;
	free((*s)->tally);
	free((*s)->seen);
	free(*s);
	*s = NULL;
}

/* ---- hits ---- */

static void
make_room(const struct lexicon *lx, struct understand_scratch *s)
{
	if (s->tally_room < lx->category_count) {
		s->tally_room = lx->category_count;
		s->tally = xreallocarray(s->tally, s->tally_room, sizeof(*s->tally));
	}
	if (s->seen_room < lx->keyword_count || s->turn == UINT32_MAX) {
		s->seen_room = lx->keyword_count;
		s->seen = xreallocarray(s->seen, s->seen_room, sizeof(*s->seen));
		memset(s->seen, 0, s->seen_room * sizeof(*s->seen));
		s->turn = 0;
	}
	s->turn++;
	memset(s->tally, 0, lx->category_count * sizeof(*s->tally));
	memset(&s->facts, 0, sizeof(s->facts));
}

static const struct keyword *
keyword_of(const struct lexicon *lx, const struct keywords_hit *hit)
{
	return &lx->keywords[hit->pattern / 2];
}

static const struct category *
category_of(const struct lexicon *lx, const struct keywords_hit *hit)
{
	return &lx->categories[keyword_of(lx, hit)->category];
}

/* Hits are hidden only by their like: words of content hide words of content, flags hide flags, and
 * both hide marks; a place's name hides everything within it. */
#define HIDES_CONTENT 1u
#define HIDES_FLAGS 2u

static unsigned
layers(const struct lexicon *lx, const struct keywords_hit *hit, bool hides)
{
	if (IS_PLACE(hit->pattern))
		return hides ? HIDES_CONTENT | HIDES_FLAGS : 0;
	switch (category_of(lx, hit)->role) {
	case ROLE_CASE:
	case ROLE_WISH:
	case ROLE_WISH_MARK:
		return HIDES_CONTENT;
	case ROLE_URGENT:
	case ROLE_PROGRESS:
	case ROLE_TROUBLE:
		return HIDES_FLAGS;
	default:
		return hides ? HIDES_CONTENT : HIDES_CONTENT | HIDES_FLAGS;
	}
}

/* Drops what lies inside a longer hit of the layer. Hits come in the order of their ends; going
 * backwards, the smallest beginning met so far tells. */
static void
drop_inner(const struct lexicon *lx, struct understand_scratch *s, unsigned layer)
{
	uint32_t later = UINT32_MAX; /* smallest beginning of hits that end later */

	for (size_t last = s->hit_count; last > 0;) {
		size_t first = last - 1;
		uint32_t end = (uint32_t)s->hits[first].at + s->hits[first].len, group = UINT32_MAX;

		while (first > 0 && (uint32_t)s->hits[first - 1].at + s->hits[first - 1].len == end)
			first--;
		for (size_t i = first; i < last; i++)
			if ((layers(lx, &s->hits[i], true) & layer) != 0 && s->hits[i].at < group)
				group = s->hits[i].at;
		for (size_t i = first; i < last; i++)
			if ((layers(lx, &s->hits[i], false) & layer) != 0 &&
			    (later <= s->hits[i].at || group < s->hits[i].at))
				s->dropped[i] = true;
		if (group < later)
			later = group;
		last = first;
	}
}

/* Names of places inside other names (老头 in 老头沟, 龙门 in 龙门桥) are no names. */
static size_t
collect_names(struct understand_scratch *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->hit_count && count < NAMES_MAX; i++) {
		const struct keywords_hit *h = &s->hits[i];
		size_t at = count;

		if (!IS_PLACE(h->pattern))
			continue;
		while (count > 0 && s->names[count - 1].at >= h->at &&
		       s->names[count - 1].len < h->len)
			count--;
		at = count;
		if (count > 0 && s->names[count - 1].len > h->len &&
		    s->names[count - 1].at + s->names[count - 1].len >= h->at + h->len)
			continue;
		s->names[at] = (struct address_name){ h->pattern / 2, h->at, h->len };
		count++;
	}
	return count;
}

static void
cover(struct understand_scratch *s, const struct keywords_hit *h)
{
	for (uint32_t i = h->at; i < (uint32_t)h->at + h->len && i < COVER_MAX; i++)
		s->covered[i] = 1;
}

/* Adds up what was not dropped; each keyword counts once a text. */
static void
add_up(const struct lexicon *lx, struct understand_scratch *s)
{
	memset(s->covered, 0, sizeof(s->covered));
	for (size_t i = 0; i < s->hit_count; i++) {
		const struct keywords_hit *h = &s->hits[i];
		const struct keyword *k;
		struct tally *t;

		if (s->dropped[i] || IS_PLACE(h->pattern))
			continue;
		k = keyword_of(lx, h);
		if (lx->categories[k->category].role >= ROLE_OTHER &&
		    lx->categories[k->category].role <= ROLE_FILLER)
			cover(s, h);
		if (s->seen[h->pattern / 2] == s->turn) {
			s->dropped[i] = true;
			continue;
		}
		s->seen[h->pattern / 2] = s->turn;
		t = &s->tally[k->category];
		if (t->score == 0)
			t->first_at = h->at;
		t->score += k->weight;
	}
}

/* ---- numbers ---- */

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

static struct understanding_span
span_of(const struct normal *t, uint32_t from, uint32_t to)
{
	return (struct understanding_span){ t->src[from], (uint32_t)t->end[to - 1] - t->src[from] };
}

static void
find_phones(const struct normal *t, bool codes, struct understanding *out)
{
	for (uint32_t i = 0; i < t->count;) {
		uint32_t end;

		if (!is_digit(t->cp[i])) {
			i++;
			continue;
		}
		end = phone_end(t, i);
		if (end != 0 && out->phone_count < UNDERSTANDING_SPANS)
			out->phones[out->phone_count++] = span_of(t, i, end);
		if (end == 0) {
			end = solid_end(t, i);
			if (codes && end - i >= 4 && end - i <= 8 &&
			    out->code_count < UNDERSTANDING_SPANS)
				out->codes[out->code_count++] = span_of(t, i, end);
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
static void
find_digits_answer(const struct normal *t, struct kind_facts *f, struct understanding *out)
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

static void
find_case_number(const struct normal *t, struct kind_facts *f, struct understanding *out)
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

/* ---- the result ---- */

/* The best two categories of a role. Ties go to the urgent one, then to the one named first. */
static void
best_two(const struct lexicon *lx, const struct understand_scratch *s, enum role role,
    struct understanding_category *first, struct understanding_category *second)
{
	size_t best = SIZE_MAX, next = SIZE_MAX;

	for (size_t i = 0; i < lx->category_count; i++) {
		const struct tally *t = &s->tally[i];
		const struct tally *b = best == SIZE_MAX ? NULL : &s->tally[best];

		if (lx->categories[i].role != role || t->score == 0)
			continue;
		if (b == NULL || t->score > b->score ||
		    (t->score == b->score &&
			(lx->categories[i].urgent > lx->categories[best].urgent ||
			    (lx->categories[i].urgent == lx->categories[best].urgent &&
				t->first_at < b->first_at)))) {
			next = best;
			best = i;
		} else if (next == SIZE_MAX || t->score > s->tally[next].score) {
			next = i;
		}
	}
	*first = *second = (struct understanding_category){ NULL, 0 };
	if (best != SIZE_MAX)
		*first = (struct understanding_category){ lx->categories[best].code,
			s->tally[best].score };
	if (next != SIZE_MAX)
		*second = (struct understanding_category){ lx->categories[next].code,
			s->tally[next].score };
}

static bool
foreign_signature(const struct lexicon *lx, const struct normal *t)
{
	uint32_t end = 1;

	if (t->count == 0 || t->cp[0] != U'【')
		return false;
	while (end < t->count && t->cp[end] != U'】')
		end++;
	if (end >= t->count || end > 24)
		return false;
	for (size_t i = 0; i < lx->signature_count; i++) {
		const struct normal *own = &lx->signatures[i]->text;

		if (own->count == end - 1 &&
		    memcmp(own->cp, t->cp + 1, own->count * sizeof(own->cp[0])) == 0)
			return false;
	}
	return true;
}

static void
count_characters(const struct normal *t, struct kind_facts *f)
{
	f->characters = t->count;
	f->emoji = t->emoji;
	f->letters = t->han + t->hangul + t->latin + t->digits;
	for (uint32_t i = 0; i < t->count; i++) {
		if (t->cp[i] < 0x80 || normalise_is_han(t->cp[i]) || normalise_is_hangul(t->cp[i]))
			continue;
		f->replacements += t->cp[i] == UTF8_REPLACEMENT;
		f->letters += normalise_is_letter(t->cp[i]);
	}
}

static bool
is_covered(const struct understand_scratch *s)
{
	if (s->text.count > COVER_MAX)
		return false;
	for (uint32_t i = 0; i < s->text.count; i++)
		if (!s->covered[i] && normalise_is_letter(s->text.cp[i]))
			return false;
	return true;
}

/* Sums that only decide() needs, and the best category of KIND_OTHER. */
struct marks {
	int yes, no, urgent;
	const char *other;
	int other_score;
};

/* Scores by role into the facts and the marks. */
static void
gather(const struct lexicon *lx, struct understand_scratch *s, struct marks *m)
{
	struct kind_facts *f = &s->facts;

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < lx->category_count; i++) {
		const struct category *c = &lx->categories[i];
		int score = s->tally[i].score;

		if (score == 0)
			continue;
		switch (c->role) {
		case ROLE_CASE:
			f->best_case = score > f->best_case ? score : f->best_case;
			f->danger |= c->urgent && score >= DANGER_SURE;
			break;
		case ROLE_WISH:
			f->best_wish = score > f->best_wish ? score : f->best_wish;
			break;
		case ROLE_OTHER:
			f->score[c->kind] += score;
			if (c->kind == KIND_OTHER && score > m->other_score) {
				m->other = c->code;
				m->other_score = score;
			}
			break;
		case ROLE_WISH_MARK:
			f->wish_mark += score;
			break;
		case ROLE_YES:
			m->yes += score;
			break;
		case ROLE_NO:
			m->no += score;
			break;
		case ROLE_URGENT:
			m->urgent += score;
			break;
		case ROLE_PROGRESS:
			f->progress += score;
			break;
		case ROLE_TROUBLE:
			f->trouble += score;
			break;
		case ROLE_FILLER:
			break;
		}
	}
	f->wish = f->wish_mark + f->best_wish;
}

static void
propose(const struct lexicon *lx, const struct understand_scratch *s, const char *other,
    struct understanding *out)
{
	struct understanding_category cases[2], wishes[2];

	best_two(lx, s, ROLE_CASE, &cases[0], &cases[1]);
	best_two(lx, s, ROLE_WISH, &wishes[0], &wishes[1]);
	if (out->kind == KIND_OTHER) {
		out->first.code = other;
		out->first.score = s->facts.score[KIND_OTHER];
		return;
	}
	if (out->kind == KIND_WISH) {
		out->first = wishes[0];
		out->second = wishes[1].score > 0 ? wishes[1] : cases[0];
	} else if (out->kind == KIND_CASE || out->kind == KIND_PROGRESS) {
		out->first = cases[0];
		out->second = wishes[0].score > cases[1].score ? wishes[0] : cases[1];
	} else {
		return;
	}
	out->unsure = out->second.code != NULL && out->first.score - out->second.score < MARGIN;
}

/* A case of an urgent category, or one with urgent words. */
static bool
is_urgent(const struct lexicon *lx, const struct understand_scratch *s,
    const struct understanding *out, int urgent_words)
{
	uint32_t index;

	if (out->kind != KIND_CASE && out->kind != KIND_PROGRESS)
		return false;
	if (urgent_words >= URGENT_SURE || s->facts.danger)
		return true;
	if (out->first.code == NULL || !find_category(lx, out->first.code, &index))
		return false;
	return lx->categories[index].urgent && out->first.score >= URGENT_SURE;
}

static void
list_hits(const struct lexicon *lx, const struct understand_scratch *s, struct understanding *out)
{
	for (size_t i = 0; i < s->hit_count && out->hit_count < UNDERSTANDING_HITS; i++) {
		const struct keywords_hit *h = &s->hits[i];
		struct understanding_hit *o = &out->hits[out->hit_count++];

		o->span = span_of(&s->text, h->at, (uint32_t)h->at + h->len);
		o->counted = !s->dropped[i];
		if (IS_PLACE(h->pattern)) {
			o->id = lx->places[h->pattern / 2].unit;
			o->category = "place";
			o->weight = 0;
		} else {
			o->id = keyword_of(lx, h)->id;
			o->category = category_of(lx, h)->code;
			o->weight = keyword_of(lx, h)->weight;
		}
	}
}

static void
decide(const struct lexicon *lx, struct understand_scratch *s, const struct marks *m,
    struct understanding *out)
{
	struct kind_facts *f = &s->facts;

	count_characters(&s->text, f);
	f->covered = is_covered(s);
	f->foreign_signature = foreign_signature(lx, &s->text);
	f->has_address = out->address.units > 0 || out->address.building[0] != '\0';
	f->has_code = out->code_count > 0;
	if (f->covered && !f->answer && f->best_case == 0 && f->score[KIND_OPTOUT] == 0 &&
	    f->score[KIND_OPTIN] == 0 && m->yes + m->no > 0) {
		f->answer = true;
		out->answer = m->no > 0 ? UNDERSTANDING_NO : UNDERSTANDING_YES;
	}
	out->kind = kind_decide(f);
	if (out->kind != KIND_ANSWER)
		out->answer = UNDERSTANDING_NO_ANSWER;
	out->progress = f->progress >= URGENT_SURE || out->kind == KIND_PROGRESS;
	propose(lx, s, m->other, out);
	out->urgent = is_urgent(lx, s, out, m->urgent);
}

/* "退 订": a few letters with white space between all of them are one word. */
#define SPREAD_LETTERS 8u
static void
join_spread(struct normal *t)
{
	if (t->count < 2 || t->count > SPREAD_LETTERS)
		return;
	for (uint32_t i = 1; i < t->count; i++)
		if (!t->gap[i] || t->cp[i] < 0x80)
			return;
	memset(t->gap, 0, t->count);
}

void
understand(const struct lexicon *lx, struct understand_scratch *s, const char *text, size_t len,
    const struct understand_sender *sender, struct understanding *out)
{
	struct normal *t = &s->text;
	struct marks marks;
	size_t names;

	assert(lx->compiled);
	memset(out, 0, offsetof(struct understanding, hits));
	out->hit_count = 0;
	make_room(lx, s);
	normalise(text, len, t);
	join_spread(t);
	out->language = language_of(t->hangul, t->han);
	out->reply = language_for_reply(
	    out->language, sender == NULL ? LANGUAGE_UND : sender->language, t->hangul, t->han);
	s->hit_count = keywords_scan(lx->automaton, t, s->hits, HITS_MAX);
	memset(s->dropped, 0, s->hit_count * sizeof(s->dropped[0]));
	if (s->hit_count > 1) {
		drop_inner(lx, s, HIDES_CONTENT);
		drop_inner(lx, s, HIDES_FLAGS);
	}
	add_up(lx, s);
	gather(lx, s, &marks);
	names = collect_names(s);
	address_find(t, lx->places, lx->place_count, s->names, names,
	    sender == NULL ? 0 : sender->home_unit, &out->address);
	find_phones(t, s->facts.score[KIND_OTP] > 0, out);
	find_case_number(t, &s->facts, out);
	find_digits_answer(t, &s->facts, out);
	decide(lx, s, &marks, out);
	list_hits(lx, s, out);
}
