/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole of understanding: one normal copy, one pass of the automaton, one pass for numbers and
 * addresses, then the rules of kind.c. */
#include "text/understand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

#include "base/xalloc.h"
#include "text/figures.h"
#include "text/keywords.h"
#include "text/lexicon_tables.h"
#include "text/normalise.h"
#include "text/utf8.h"

#define HITS_MAX 512u
#define NAMES_MAX 64u
#define COVER_MAX 64u /* longer texts are never only marks */
#define URGENT_SURE 3
#define DANGER_SURE 5
#define MARGIN 2

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
		const struct normal *own = lx->signatures[i];

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
	out->unsure = out->first.code != NULL && out->second.code != NULL &&
		      out->first.score - out->second.score < MARGIN;
	out->weak = out->first.code != NULL && out->first.score < MARGIN;
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
	if (out->first.code == NULL || !lexicon_find_category(lx, out->first.code, &index))
		return false;
	return lx->categories[index].urgent && out->first.score >= URGENT_SURE;
}

static void
list_hits(const struct lexicon *lx, const struct understand_scratch *s, struct understanding *out)
{
	for (size_t i = 0; i < s->hit_count && out->hit_count < UNDERSTANDING_HITS; i++) {
		const struct keywords_hit *h = &s->hits[i];
		struct understanding_hit *o = &out->hits[out->hit_count++];

		o->span = figures_span(&s->text, h->at, (uint32_t)h->at + h->len);
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
	figures_mask(t, s->facts.score[KIND_OTP] > 0, out);
	figures_case_number(t, &s->facts, out);
	figures_answer(t, &s->facts, out);
	decide(lx, s, &marks, out);
	list_hits(lx, s, out);
}
