/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text is understood as something, with every span inside it. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "text/normalise.h"
#include "text/understand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *pattern, *category;
} words[] = { { "井盖", "manhole" }, { "下水道", "sewer" }, { "水", "water" },
	{ "하수도", "sewer" }, { "물이 샘", "water" }, { "就好了", "wish" }, { "谢谢", "thanks" },
	{ "退订", "optout" }, { "好", "answer_yes" }, { "修好了没", "progress" },
	{ "爆", "urgent" }, { "验证码", "otp" } };
static const char *const codes[][2] = { { "manhole", "case" }, { "sewer", "case" },
	{ "water", "case" }, { "wish", "wish" }, { "thanks", "other" }, { "optout", "other" },
	{ "answer_yes", "other" }, { "progress", "flag" }, { "urgent", "flag" },
	{ "otp", "other" } };

static struct lexicon *
build(void)
{
	struct lexicon *lx = lexicon_new();
	struct err err;
	bool ok = true;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		ok &= lexicon_add_category(lx, codes[i][0], codes[i][1], false, &err);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ok &= lexicon_add_keyword(lx, 1, words[i].pattern, words[i].category, 3, &err);
	ok &= lexicon_add_place(lx, 1, "town", "三合", 0, true, &err);
	ok &= lexicon_add_place(lx, 2, "community", "三合", 1, true, &err);
	ok &= lexicon_add_place(lx, 3, "village", "三合", 1, true, &err);
	ok &= lexicon_add_place(lx, 4, "community", "天图", 1, false, &err);
	ok &= lexicon_add_place(lx, 4, "community", "천도", 1, false, &err);
	ok &= lexicon_add_place(lx, 5, "landmark", "三合桥", 1, false, &err);
	ok &= lexicon_compile(lx, &err);
	assert(ok);
	return lx;
}

static void
check(const struct understanding_span *span, size_t size)
{
	assert(span->at <= size && span->len <= size - span->at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lexicon *lx;
	static struct understand_scratch *scratch;
	struct understand_sender sender = { .home_unit = 3 };
	struct understanding u;
	char *text = malloc(size + 1); /* so that a read past the end is seen */

	if (lx == NULL) {
		lx = build();
		scratch = understand_scratch_new();
	}
	memcpy(text, data, size);
	text = realloc(text, size == 0 ? 1 : size);
	understand(lx, scratch, text, size, size % 2 == 0 ? &sender : NULL, &u);
	assert(u.kind < KIND_COUNT);
	assert(u.address.units <= ADDRESS_UNITS);
	check(&(struct understanding_span){ u.address.at, u.address.len }, size);
	check(&(struct understanding_span){ u.address.landmark_at, u.address.landmark_len }, size);
	for (unsigned i = 0; i < u.phone_count; i++)
		check(&u.phones[i], size);
	for (unsigned i = 0; i < u.code_count; i++)
		check(&u.codes[i], size);
	for (unsigned i = 0; i < u.hit_count; i++)
		check(&u.hits[i].span, size);
	free(text);
	return 0;
}
