/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of categories, keywords and places become one automaton. */
#include "text/lexicon.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "text/keywords.h"
#include "text/lexicon_tables.h"
#include "text/normalise.h"

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

bool
lexicon_find_category(const struct lexicon *lx, const char *code, uint32_t *index)
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
	if (lexicon_find_category(lx, code, &index))
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
	if (!lexicon_find_category(lx, category, &k.category))
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
	struct normal *s = xcalloc(1, sizeof(*s));

	normalise(signature, strlen(signature), s);
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
