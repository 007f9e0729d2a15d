/* SPDX-License-Identifier: BSD-2-Clause */
/* "20007修好没", "20007 어떻게 됐어요": asked after, or a number of another sort. */
#include "text/asking.h"

#include <stddef.h>
#include <uchar.h>

#include "text/normalise.h"

/* What stands right behind a number of another sort. */
static const char32_t *const measures[] = { U"元", U"块", U"毛钱", U"万", U"多块", U"多元", U"余元",
	U"斤", U"公斤", U"千克", U"克", U"吨", U"米", U"公里", U"里地", U"度", U"瓦", U"千瓦",
	U"平", U"亩", U"户", U"人", U"口人", U"名", U"位", U"个", U"只", U"条", U"台", U"辆", U"次",
	U"遍", U"天", U"年", U"月", U"日", U"点", U"分", U"秒", U"岁", U"层", U"路车", U"路公交",
	U"%", U"원", U"위안", U"만", U"명", U"개", U"미터", U"메터", U"평", U"근", U"톤", U"년",
	U"월", U"살", U"세대", U"번째", U"번뻐스", U"번버스", U"키로", NULL };
/* A thing that has the number, with 号 between or without. */
static const char32_t *const doors[] = { U"楼", U"栋", U"幢", U"单元", U"室", U"房", U"户", U"院",
	U"门", U"铺", U"店", U"摊", U"车", U"路灯", U"灯", U"杆", U"电杆", U"线杆", U"井", U"箱",
	U"变压器", U"线路", U"站", U"柜", U"桩", U"表", U"床", U"桌", U"窗口", U"电话", U"手机",
	U"机", U"实", U"동", U"층", U"단원", U"실", U"집", U"차", U"전주", U"가로등", U"전화",
	U"매대", NULL };
/* A word before it. */
static const char32_t *const owners[] = { U"电话", U"手机", U"座机", U"固话", U"热线", U"联系",
	U"打", U"拨", U"微信", U"qq", U"卡", U"帐", U"账", U"户", U"表", U"电表", U"水表", U"密码",
	U"验证码", U"尾", U"车牌", U"车", U"牌", U"邮编", U"快递", U"快递单", U"运单", U"订单",
	U"欠", U"花", U"交", U"付", U"给", U"收", U"罚", U"工资", U"工钱", U"价", U"共", U"总",
	U"钱", U"款", U"费", U"楼", U"房", U"杆", U"灯杆", U"身份证", U"学", U"전화", U"휴대폰",
	U"손전화", U"비밀", U"계좌", U"통장", U"우편", U"차", U"월급", U"로임", U"임금", U"료금",
	U"요금", U"돈", U"택배", NULL };
/* A word that makes "number" another number: 快递单号, 전화번호. */
static const char32_t *const kinds[] = { U"电话", U"手机", U"快递", U"运", U"订", U"车", U"密码",
	U"账户", U"银行", U"房", U"전화", U"휴대폰", U"손전화", U"비밀", U"차", U"계좌", U"통장",
	U"우편", U"택배", U"은행", NULL };
static const char32_t owner_joints[] = U":是为号码了的个番번호는은이가";

static const char32_t *const questions[] = { U"好了吗", U"好了没", U"好了么", U"好没好", U"好没",
	U"好吗", U"行了吗", U"完了吗", U"完没完", U"完事", U"修了吗", U"修没", U"弄没", U"办没",
	U"了吗", U"了没", U"了么", U"到哪", U"咋样", U"怎样", U"怎么样", U"咋整", U"咋回事",
	U"怎么回事", U"咋办", U"怎么办", U"咋弄", U"啥样", U"如何", U"什么情况", U"啥情况", U"情况",
	U"结果", U"进度", U"进展", U"处理", U"查", U"看看", U"看一下", U"问", U"请问", U"几天",
	U"还得", U"还要", U"修不修", U"上回", U"上次", U"告诉", U"我是", U"想知道", U"催", U"还没",
	U"没修", U"没好", U"没弄", U"没来", U"没人", U"没动静", U"没信", U"没消息", U"有信",
	U"有消息", U"动静", U"有没有", U"没有", U"啥时", U"什么时候", U"何时", U"几时", U"多久",
	U"多会", U"多咱", U"哪天", U"咋还", U"怎么还", U"咋没", U"怎么没", U"快点", U"快些",
	U"抓紧", U"尽快", U"赶紧", U"赶快", U"어떻게", U"어찌", U"어떠", U"어떤", U"어디까지",
	U"언제", U"얼마나", U"됐", U"되었", U"되였", U"됩", U"되나", U"되오", U"되는", U"된",
	U"고쳤", U"고치", U"수리", U"처리", U"해결", U"진행", U"결과", U"소식", U"아직", U"여태",
	U"확인", U"조회", U"알아", U"알려", U"알고", U"궁금", U"문의", U"봐주", U"찾아", U"답",
	U"빨리", U"얼른", U"서둘", U"까요", U"나요", U"는지", U"습니까", U"ㅂ니까", U"어요?",
	U"아요?", U"왜", U"?", NULL };
/* Only at the very end. */
static const char32_t *const endings[] = { U"吗", U"没", U"么", U"呢", U"까", U"나", U"는가", U"소",
	NULL };
static const char32_t tails[] = U"号번호건件";
static const char32_t particles[] = U"的是那这은는이가도의을를";

static bool
has_word(const struct normal *t, uint32_t at, const char32_t *word, uint32_t limit)
{
	uint32_t i = 0;

	for (; word[i] != 0; i++)
		if (at + i >= limit || t->cp[at + i] != word[i])
			return false;
	return true;
}

static bool
begins(const struct normal *t, uint32_t at, const char32_t *const *words)
{
	for (; *words != NULL; words++)
		if (has_word(t, at, *words, t->count))
			return true;
	return false;
}

static bool
ends(const struct normal *t, uint32_t end, const char32_t *const *words)
{
	for (; *words != NULL; words++) {
		uint32_t n = 0;

		while ((*words)[n] != 0)
			n++;
		if (n <= end && has_word(t, end - n, *words, end))
			return true;
	}
	return false;
}

static bool
is_one_of(uint32_t cp, const char32_t *set)
{
	for (; *set != 0; set++)
		if (*set == cp)
			return true;
	return false;
}

static uint32_t
skip_tail(const struct normal *t, uint32_t to)
{
	for (int i = 0; i < 2 && to < t->count && is_one_of(t->cp[to], tails); i++)
		to++;
	return to;
}

uint32_t
asking_tail(const struct normal *t, uint32_t to)
{
	to = skip_tail(t, to);
	if (to < t->count && is_one_of(t->cp[to], particles))
		to++;
	return to;
}

bool
asking_other_kind(const struct normal *t, uint32_t at)
{
	return ends(t, at, kinds);
}

/* Glued to a Latin letter, or to another figure by a mark between. */
static bool
is_piece(const struct normal *t, uint32_t from, uint32_t to)
{
	static const char32_t marks[] = U"-/.,:*~+%";
	uint32_t before = from > 0 && !t->gap[from] ? t->cp[from - 1] : 0;
	uint32_t after = to < t->count && !t->gap[to] ? t->cp[to] : 0;
	uint32_t further = after != 0 && to + 1 < t->count ? t->cp[to + 1] : 0;

	if ((before >= 'a' && before <= 'z') || (after >= 'a' && after <= 'z'))
		return true;
	if (before != 0 && before != ':' && before != ',' && before != '.' &&
	    is_one_of(before, marks))
		return true;
	if (before != 0 && is_one_of(before, marks) && from > 1 && t->cp[from - 2] >= '0' &&
	    t->cp[from - 2] <= '9')
		return true;
	return after != 0 && is_one_of(after, marks) && further >= '0' && further <= '9';
}

/* 20261124 */
static bool
is_date(uint64_t v)
{
	uint64_t month = v / 100 % 100, day = v % 100;

	return v >= 19000101 && v <= 20991231 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool
asking_foreign(const struct normal *t, uint32_t from, uint32_t to, uint64_t value)
{
	uint32_t before = from, behind = skip_tail(t, to);

	if (is_piece(t, from, to) || is_date(value) || begins(t, to, measures) ||
	    begins(t, to, doors) || (behind > to && begins(t, behind, doors)))
		return true;
	for (int joints = 0; joints <= 4; joints++) {
		if (ends(t, before, owners))
			return true;
		if (before == 0 || !is_one_of(t->cp[before - 1], owner_joints))
			return false;
		before--;
	}
	return false;
}

bool
asking_word(const struct normal *t, uint32_t from, uint32_t to)
{
	uint32_t last = t->count;

	for (uint32_t i = 0; i < t->count; i++) {
		if (i == from) {
			i = to;
			if (i >= t->count)
				break;
		}
		for (const char32_t *const *w = questions; *w != NULL; w++)
			if (has_word(t, i, *w, i < from ? from : t->count))
				return true;
	}
	while (last > to && !normalise_is_letter(t->cp[last - 1]))
		last--;
	return last > to && ends(t, last, endings);
}
