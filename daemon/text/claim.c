/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Claims by text: a word of coming or not coming, perhaps the number of a wish, and what a plan may
 * say. Whatever else is said in more than a few letters makes it a report like anybody's.
 */
#include "text/claim.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "text/match.h"
#include "text/normalise.h"
#include "text/plan.h"

enum { LOOKED_AT = 400, MOST_LETTERS = 100, OTHER_LETTERS = 12 };

static const char *const come_words[] = { "接", "接单", "接了", "我接", "我接单", "认领", "我认领",
	"我领", "我去", "我来", "我要去", "我能去", "我可以", "我可以去", "能去", "可以去", "去",
	"来", "我们去", "我们来", "我们接", "能来", "我能来", "算我一个", "算我", "报名", "我报名",
	"我要报名", "参加", "我参加", "我帮", "我帮忙", "我行", "没问题", "我愿意", "愿意", "신청",
	"신청합니다", "신청하겠습니다", "신청함다", "접수", "맡겠습니다", "맡겠슴다",
	"제가맡겠습니다", "제가갑니다", "제가가겠습니다", "제가가겠슴다", "제가할게요",
	"제가하겠습니다", "가겠습니다", "가겠슴다", "갑니다", "감다", "갈게요", "갈수있습니다",
	"갈수있슴다", "갈수있어요", "참가", "참가합니다", "참가하겠습니다", "할게요", "하겠습니다",
	"하겠슴다", "돕겠습니다", "도와드리겠습니다", NULL };
static const char *const drop_words[] = { "退", "退出", "退了", "我退", "我退出", "取消", "不去了",
	"我不去了", "去不了", "去不了了", "我去不了", "我去不了了", "来不了", "来不了了",
	"我来不了", "我来不了了", "不来了", "我不来了", "不能去", "不能去了", "我不能去了",
	"不能来了", "撤回", "撤销", "有事去不了", "有事去不了了", "临时有事去不了", "취소",
	"취소합니다", "취소해주세요", "못갑니다", "못감다", "못가겠습니다", "못가겠슴다", "못가요",
	"못갈것같습니다", "못갈것같아요", "못가게되였습니다", "빠지겠습니다", "안갑니다",
	"갈수없습니다", NULL };
static const char *const lead_words[] = { "你好", "您好", "好的", "好", "收到", "那", "这个",
	"心愿", "小心愿", "微心愿", "的", "안녕하세요", "네", "예", "소원", "제가", "저", "저는",
	NULL };
static const char *const tail_words[] = { "吧", "了", "啊", "呀", "哦", "谢谢", "요", "고맙습니다",
	NULL };

struct found {
	enum claim_verb verb;
	uint32_t from, to; /* with the words before it */
};

/* The longest word that stands at a place. */
static bool
word_here(const struct normal *t, uint32_t at, struct found *out)
{
	uint32_t begin = match_skip(t, at, lead_words);
	uint32_t come = match_any(t, begin, come_words), drop = match_any(t, begin, drop_words), n;

	/* "好的接" and "接": a word that is itself a lead is not passed over */
	if (come == 0 && drop == 0) {
		begin = at;
		come = match_any(t, begin, come_words);
		drop = match_any(t, begin, drop_words);
	}
	n = come > drop ? come : drop;
	if (n == 0)
		return false;
	out->verb = come > drop ? CLAIM_COME : CLAIM_DROP;
	out->from = at;
	out->to = begin + n;
	out->to += match_any(t, out->to, tail_words);
	return true;
}

/* A word that ends the text: "20046 我们3人去". */
static bool
word_at_end(const struct normal *t, uint32_t from, struct found *out)
{
	for (uint32_t i = from; i < t->count; i++) {
		struct found f;

		if (word_here(t, i, &f) && match_marks(t, f.to) >= t->count) {
			*out = f;
			return true;
		}
	}
	return false;
}

static bool
find_word(const struct normal *t, const struct command_place *number, struct found *out)
{
	uint32_t begin = match_marks(t, 0);

	if (number == NULL)
		return word_here(t, begin, out);
	return (number->from > begin && word_here(t, begin, out) && out->to <= number->from) ||
	       word_here(t, match_marks(t, number->to), out) || word_at_end(t, number->to, out);
}

static void
add_piece(struct plan *plan, const struct normal *t, const char *text, uint32_t from, uint32_t to)
{
	if (from < to)
		plan_add(plan, text + t->src[from], (size_t)t->end[to - 1] - t->src[from]);
}

static size_t
letters(const struct buffer *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return n;
}

/* What is neither the number nor the word. */
static void
add_rest(struct plan *plan, const struct normal *t, const char *text,
    const struct command_place *number, const struct found *word)
{
	struct command_place none = { word->from, word->from, 0, false };
	struct command_place n = number != NULL ? *number : none;
	uint32_t first_to = n.from < word->from ? n.from : word->from;
	uint32_t middle = n.from < word->from ? n.to : word->to;
	uint32_t middle_to = n.from < word->from ? word->from : n.from;
	uint32_t last = n.to > word->to ? n.to : word->to;

	add_piece(plan, t, text, 0, first_to);
	add_piece(plan, t, text, middle, middle_to);
	add_piece(plan, t, text, last, t->count);
}

static bool
parse(const struct normal *t, const char *text, struct claim *out, struct plan *plan)
{
	struct command_place number;
	struct found word = { CLAIM_NONE, 0, 0 };
	bool has = command_number(t, &number);

	if (t->count == 0 || t->count > MOST_LETTERS || !find_word(t, has ? &number : NULL, &word))
		return false;
	add_rest(plan, t, text, has ? &number : NULL, &word);
	/* Without a number nothing else may be said; what cannot be a number counts only then, too.
	 */
	if (letters(&plan->what) > (has && number.good ? OTHER_LETTERS : 0))
		return false;
	out->verb = word.verb;
	out->number = has ? number.value : 0;
	out->number_state = !has          ? COMMAND_NO_NUMBER
			    : number.good ? COMMAND_NUMBER
					  : COMMAND_MISTYPED;
	return true;
}

bool
claim_parse(const char *text, size_t len, struct claim *out, struct plan *plan)
{
	struct normal *t;
	bool ok;

	*out = (struct claim){ .verb = CLAIM_NONE };
	if (len > LOOKED_AT)
		return false;
	t = xmalloc(sizeof(*t));
	normalise(text, len, t);
	ok = parse(t, text, out, plan);
	free(t);
	return ok;
}
