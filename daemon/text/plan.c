/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plan by text. Numbers, days and times are recognised wherever they stand; what lies between
 * them is cut at marks and spaces, and each piece is told by the word that it begins or ends with.
 */
#include "text/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "text/match.h"
#include "text/number.h"

enum { PEOPLE_MAX = 999, MINUTES_MAX = 100000 };

struct word_value {
	const char *word;
	int value;
};

static const char *const person_units[] = { "个人", "人", "名", "名志愿者", "位", "口人",
	"个志愿者", "명", "사람", "분이", NULL };
/* Beside himself. */
static const char *const plus_words[] = { "再带", "还带", "带上", "带着", "带", "领着", "领",
	"叫上", "外加", "加", NULL };
static const char *const plus_endings[] = { "데리고", "과함께", "와함께", "을데리고", "더데리고",
	"추가", NULL };
static const char *const loose_units[] = { "个人", "个朋友", "个同事", "个", "人", "名", "位",
	NULL };
static const char *const need_words[] = { "需要人数", "需要", "大约要", "一共", "总共", "共要",
	"要", "需", "招", "约", "共", "来", "去", "来了", "到了", "我们", "人数", "총", "필요",
	NULL };
static const struct word_value whole_people[] = { { "我们俩", 2 }, { "我俩", 2 }, { "咱俩", 2 },
	{ "俩人", 2 }, { "我们仨", 3 }, { "仨人", 3 }, { "혼자", 1 }, { "둘이", 2 }, { "셋이", 3 },
	{ "넷이", 4 } };
static const struct word_value native[] = { { "한", 1 }, { "두", 2 }, { "세", 3 }, { "네", 4 },
	{ "다섯", 5 }, { "여섯", 6 }, { "일곱", 7 }, { "여덟", 8 }, { "아홉", 9 }, { "열", 10 },
	{ "열한", 11 }, { "열두", 12 } };

static const struct word_value near_days[] = { { "今天", 0 }, { "今日", 0 }, { "今晚", 0 },
	{ "明天", 1 }, { "明日", 1 }, { "明早", 1 }, { "后天", 2 }, { "大后天", 3 }, { "오늘", 0 },
	{ "래일", 1 }, { "내일", 1 }, { "모레", 2 }, { "글피", 3 } };
static const struct word_value weeks[] = { { "下周", 1 }, { "下星期", 1 }, { "下礼拜", 1 },
	{ "本周", 0 }, { "这周", 0 }, { "这星期", 0 }, { "这礼拜", 0 }, { "周", -1 },
	{ "星期", -1 }, { "礼拜", -1 } };
static const struct word_value weekdays[] = { { "一", 1 }, { "二", 2 }, { "三", 3 }, { "四", 4 },
	{ "五", 5 }, { "六", 6 }, { "日", 7 }, { "天", 7 }, { "1", 1 }, { "2", 2 }, { "3", 3 },
	{ "4", 4 }, { "5", 5 }, { "6", 6 } };
static const struct word_value korean_weeks[] = { { "다음주", 1 }, { "오는주", 1 },
	{ "이번주", 0 } };
static const struct word_value korean_days[] = { { "월요일", 1 }, { "화요일", 2 }, { "수요일", 3 },
	{ "목요일", 4 }, { "금요일", 5 }, { "토요일", 6 }, { "일요일", 7 } };

/* Parts of a day: the hour that each means alone, and whether it moves an hour behind it to the
 * afternoon. */
static const struct {
	const char *word;
	int hour;
	bool after_noon;
} day_parts[] = { { "凌晨", 5, false }, { "早上", 8, false }, { "早晨", 8, false },
	{ "上午", 9, false }, { "中午", 12, true }, { "下午", 14, true }, { "傍晚", 17, true },
	{ "晚上", 18, true }, { "晚", 18, true }, { "早", 8, false }, { "오전", 9, false },
	{ "아침", 8, false }, { "점심", 12, true }, { "오후", 14, true }, { "저녁", 18, true } };

static const char *const hour_units[] = { "个小时", "小时", "个钟头", "钟头", "시간", NULL };
static const char *const minute_units[] = { "分钟", "분간", "분", NULL };

/* What a piece begins or ends with. */
static const char *const tool_starts[] = { "自备", "自带", "请自备", "请自带", "请带", "需带",
	"要带", "需要带", "带上", "带", "工具", "工具是", "准备", "도구는", "도구", "공구", NULL };
static const char *const tool_ends[] = { "지참", "지참하세요", "지참해주세요", "가지고오세요",
	"가지고갑니다", "가지고가겠습니다", "가지고", "가져갑니다", "가져오세요", "챙겨오세요",
	"챙겨갑니다", "준비", NULL };
static const char *const place_starts[] = { "地点在", "地点", "地址", "集合地点", "集合", "在",
	"장소는", "장소", NULL };
static const char *const place_ends[] = { "集合", "에서", "에모여", "에모입니다", NULL };
static const char *const audience_starts[] = { "面向", "对象是", "对象", "服务对象", "听众",
	"参加者", "대상은", NULL };
static const char *const audience_ends[] = { "参加", "대상", "를대상으로", NULL };
/* Says nothing by itself. */
static const char *const fillers[] = { "左右", "开始", "的", "时间", "人数", "共", "一共", "需要",
	"要", "需", "来", "去", "到", "大约", "约", "每人", "我们", "我", "都", "부터", "정도",
	"시작", "필요", "총", "과", "와", NULL };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void
plan_init(struct plan *p)
{
	memset(p, 0, sizeof(*p));
	p->hour = p->week = -1;
}

void
plan_clear(struct plan *p)
{
	buffer_clear(&p->tools);
	buffer_clear(&p->place);
	buffer_clear(&p->audience);
	buffer_clear(&p->what);
}

/* ---- numbers -------------------------------------------------------------------------------- */

static uint32_t
value_at(
    const struct normal *t, uint32_t at, const struct word_value *list, size_t count, int *value)
{
	uint32_t best = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t n = match_word(t, at, list[i].word);
		if (n > best) {
			best = n;
			*value = list[i].value;
		}
	}
	return best;
}
#define VALUE_AT(t, at, list, value) value_at((t), (at), (list), COUNT(list), (value))

static uint32_t
number_here(const struct normal *t, uint32_t at, int most, int *value)
{
	struct number n;
	uint32_t k = at < t->count ? (uint32_t)number_read(t->cp + at, t->count - at, &n) : 0;

	if (k == 0 || n.value > (uint64_t)most)
		return 0;
	*value = (int)n.value;
	return k;
}

/* "3", "三", "세": what stands before a counter. */
static uint32_t
count_at(const struct normal *t, uint32_t at, int most, int *value)
{
	uint32_t n = number_here(t, at, most, value);

	return n > 0 ? n : VALUE_AT(t, at, native, value);
}

/* ---- people --------------------------------------------------------------------------------- */

static uint32_t
people_at(const struct normal *t, uint32_t at, struct plan *p)
{
	uint32_t i = at, plus = match_any(t, at, plus_words), need = match_any(t, at, need_words),
		 n, u;
	int value = 0;

	if ((n = VALUE_AT(t, at, whole_people, &value)) > 0) {
		u = n;
		i = at;
	} else {
		i += plus > 0 ? plus : need;
		n = count_at(t, i, PEOPLE_MAX, &value);
		u = n > 0 ? match_any(t, i + n, person_units) : 0;
		if (n > 0 && u == 0 && (plus > 0 || need > 0))
			u = match_any(t, i + n, loose_units);
		if (n == 0 || u == 0 || value == 0)
			return 0;
		i += n;
	}
	i += u;
	if (p->people == 0) {
		p->people = value;
		p->plus = plus > 0;
		if ((n = match_any(t, i, plus_endings)) > 0)
			p->plus = true;
	}
	return i + match_any(t, i, plus_endings) - at;
}

/* ---- how long ------------------------------------------------------------------------------- */

static uint32_t
hours_at(const struct normal *t, uint32_t at, int *minutes)
{
	uint32_t i = at, n, u;
	int hours = 0, tenths = 0;

	if ((n = match_word(t, i, "半")) > 0 && (u = match_any(t, i + n, hour_units)) > 0) {
		*minutes = 30;
		return n + u;
	}
	if ((n = match_word(t, i, "半天")) > 0 || (n = match_word(t, i, "반나절")) > 0) {
		*minutes = 240;
		return n;
	}
	if ((n = count_at(t, i, MINUTES_MAX / 60 - 1, &hours)) == 0)
		return 0;
	i += n;
	if (i + 1 < t->count && t->cp[i] == '.' && t->cp[i + 1] >= '0' && t->cp[i + 1] <= '9') {
		tenths = (int)(t->cp[i + 1] - '0');
		i += 2;
	} else if ((n = match_word(t, i, "个半")) > 0) {
		tenths = 5;
		i += n;
	}
	if ((u = match_any(t, i, hour_units)) == 0)
		return 0;
	i += u;
	if (tenths == 0 && ((n = match_word(t, i, "半")) > 0 || (n = match_word(t, i, "반")) > 0)) {
		tenths = 5;
		i += n;
	}
	*minutes = hours * 60 + tenths * 6;
	return i - at;
}

static uint32_t
minutes_at(const struct normal *t, uint32_t at, int *minutes)
{
	uint32_t n = number_here(t, at, MINUTES_MAX - 1, minutes), u;

	return n > 0 && (u = match_any(t, at + n, minute_units)) > 0 ? n + u : 0;
}

static uint32_t
duration_at(const struct normal *t, uint32_t at, struct plan *p)
{
	int minutes = 0, more = 0;
	uint32_t n = hours_at(t, at, &minutes), k;

	if (n > 0)
		n += k = minutes_at(t, at + n, &more);
	else if ((n = minutes_at(t, at, &minutes)) == 0)
		return 0;
	if (p->minutes == 0)
		p->minutes = minutes + more;
	return n;
}

/* ---- when ----------------------------------------------------------------------------------- */

static bool
has_day(const struct plan *p)
{
	return p->has_in || p->has_weekday || p->has_day;
}

static uint32_t
weekday_at(const struct normal *t, uint32_t at, int *week, int *weekday)
{
	uint32_t n = VALUE_AT(t, at, weeks, week), k;

	if (n > 0 && (k = VALUE_AT(t, at + n, weekdays, weekday)) > 0)
		return n + k;
	*week = -1;
	n = VALUE_AT(t, at, korean_weeks, week);
	if ((k = VALUE_AT(t, at + n, korean_days, weekday)) > 0)
		return n + k;
	return 0;
}

/* "11月28日", "28号", "11/28", "11월 28일"; not "28号楼". */
static uint32_t
date_at(const struct normal *t, uint32_t at, int *month, int *day)
{
	uint32_t n, i = at, k;

	*month = 0;
	if ((n = number_here(t, i, 31, day)) == 0 || *day == 0)
		return 0;
	i += n;
	if (*day <= 12 && ((k = match_word(t, i, "月")) > 0 || (k = match_word(t, i, "월")) > 0 ||
			      (k = match_word(t, i, "/")) > 0)) {
		bool slash = match_word(t, i, "/") > 0;

		*month = *day;
		i += k;
		if ((n = number_here(t, i, 31, day)) == 0 || *day == 0)
			return 0;
		i += n;
		if (slash)
			return i - at;
	}
	if ((k = match_word(t, i, "日")) == 0 && (k = match_word(t, i, "号")) == 0 &&
	    (k = match_word(t, i, "일")) == 0)
		return 0;
	i += k;
	if (match_word(t, i, "楼") > 0 || match_word(t, i, "院") > 0 || match_word(t, i, "门") > 0)
		return 0;
	return i - at;
}

static uint32_t
day_at(const struct normal *t, uint32_t at, struct plan *p)
{
	int in = 0, week = -1, weekday = 0, month = 0, day = 0;
	uint32_t n = VALUE_AT(t, at, near_days, &in);

	if (n > 0) {
		/* 今晚, 明早: the part of the day is read again */
		if (match_word(t, at, "今晚") > 0 || match_word(t, at, "明早") > 0)
			n = 1;
		if (!has_day(p)) {
			p->has_in = true;
			p->in = in;
		}
	} else if ((n = weekday_at(t, at, &week, &weekday)) > 0) {
		if (!has_day(p)) {
			p->has_weekday = true;
			p->week = week;
			p->weekday = weekday;
		}
	} else if ((n = date_at(t, at, &month, &day)) > 0 && !has_day(p)) {
		p->has_day = true;
		p->month = month;
		p->day = day;
	}
	return n;
}

/* "9点", "9点半", "9:30", "아홉시 반"; the hour as it is written. */
static uint32_t
clock_at(const struct normal *t, uint32_t at, int *hour, int *minute)
{
	uint32_t i = at, n = count_at(t, at, 24, hour), k;

	*minute = 0;
	if (n == 0)
		return 0;
	i += n;
	if (i < t->count && t->cp[i] == ':') {
		if ((k = number_here(t, i + 1, 59, minute)) == 0)
			return 0;
		return i + 1 + k - at;
	}
	if ((k = match_word(t, i, "点钟")) == 0 && (k = match_word(t, i, "点")) == 0 &&
	    (k = match_word(t, i, "时")) == 0 && (k = match_word(t, i, "시")) == 0)
		return 0;
	i += k;
	if (match_word(t, i, "间") > 0 || match_word(t, i, "간") > 0)
		return 0;
	if ((k = match_word(t, i, "半")) > 0 || (k = match_word(t, i, "반")) > 0) {
		*minute = 30;
		return i + k - at;
	}
	if ((n = number_here(t, i, 59, minute)) > 0 &&
	    ((k = match_word(t, i + n, "分")) > 0 || (k = match_word(t, i + n, "분")) > 0))
		return i + n + k - at;
	*minute = 0;
	return i - at;
}

static uint32_t
time_at(const struct normal *t, uint32_t at, struct plan *p)
{
	uint32_t part = 0, n;
	int alone = -1, hour = 0, minute = 0;
	bool after_noon = false;

	for (size_t i = 0; i < COUNT(day_parts); i++)
		if ((n = match_word(t, at, day_parts[i].word)) > part) {
			part = n;
			alone = day_parts[i].hour;
			after_noon = day_parts[i].after_noon;
		}
	n = clock_at(t, at + part, &hour, &minute);
	if (n == 0 && (part == 0 || !has_day(p)))
		return 0;
	if (n == 0)
		hour = alone;
	else if (hour < 12 && (after_noon || (part == 0 && hour > 0 && hour < 7)))
		hour += hour == 0 ? 0 : 12;
	if (p->hour < 0 && hour < 24) {
		p->hour = hour;
		p->minute = minute;
	}
	return part + n;
}

/* ---- pieces --------------------------------------------------------------------------------- */

struct piece {
	uint32_t from, to;
};

static struct piece
trim(const struct normal *t, struct piece c)
{
	while (c.from < c.to && !normalise_is_letter(t->cp[c.from]))
		c.from++;
	while (c.to > c.from && !normalise_is_letter(t->cp[c.to - 1]))
		c.to--;
	return c;
}

static void
keep(struct buffer *to, const struct normal *t, const char *text, struct piece c)
{
	c = trim(t, c);
	if (c.from >= c.to)
		return;
	if (to->len > 0)
		buffer_add_byte(to, ' ');
	buffer_add(to, text + t->src[c.from], (size_t)t->end[c.to - 1] - t->src[c.from]);
}

static uint32_t
ends_with(const struct normal *t, struct piece c, const char *const *list)
{
	for (uint32_t i = c.from; i < c.to; i++)
		if (i + match_any(t, i, list) == c.to && match_any(t, i, list) > 0)
			return c.to - i;
	return 0;
}

/* Takes a piece that begins or ends with one of these. */
static bool
take(struct buffer *to, const struct normal *t, const char *text, struct piece c,
    const char *const *starts, const char *const *ends)
{
	uint32_t n = match_any(t, c.from, starts), k = ends_with(t, c, ends);

	if (c.from + n > c.to || (n == 0 && k == 0))
		return false;
	/* "工具", "自备工具": the word itself is all that was said */
	if (n == c.to - c.from)
		n = 0;
	keep(to, t, text, (struct piece){ c.from + n, c.to - (k < c.to - c.from - n ? k : 0) });
	return true;
}

static bool
is_filler(const struct normal *t, struct piece c)
{
	return match_any(t, c.from, fillers) == c.to - c.from;
}

static void
classify(struct plan *p, const struct normal *t, const char *text, struct piece c)
{
	c = trim(t, c);
	if (c.from >= c.to || is_filler(t, c))
		return;
	if (take(&p->tools, t, text, c, tool_starts, tool_ends) ||
	    take(&p->audience, t, text, c, audience_starts, audience_ends) ||
	    take(&p->place, t, text, c, place_starts, place_ends))
		return;
	keep(&p->what, t, text, c);
}

/* A piece ends here: at a mark, or at a space unless Korean words stand on both sides. */
static bool
is_cut(const struct normal *t, uint32_t i)
{
	if (t->cp[i] != '.' && t->cp[i] != ':' && t->cp[i] != '-' && t->cp[i] != '/' &&
	    !normalise_is_letter(t->cp[i]))
		return true;
	return i > 0 && t->gap[i] != 0 &&
	       !(normalise_is_hangul(t->cp[i - 1]) && normalise_is_hangul(t->cp[i]));
}

static bool
inside_number(const struct normal *t, uint32_t i)
{
	return i > 0 && t->gap[i] == 0 && t->cp[i] >= '0' && t->cp[i] <= '9' &&
	       ((t->cp[i - 1] >= '0' && t->cp[i - 1] <= '9') || t->cp[i - 1] == '-');
}

static void
read_text(struct plan *p, const struct normal *t, const char *text)
{
	uint32_t from = 0, i = 0;

	while (i < t->count) {
		uint32_t n = 0;

		if (!inside_number(t, i) && (n = duration_at(t, i, p)) == 0 &&
		    (n = people_at(t, i, p)) == 0 && (n = day_at(t, i, p)) == 0)
			n = time_at(t, i, p);
		if (n > 0 || is_cut(t, i)) {
			classify(p, t, text, (struct piece){ from, i });
			from = i + n;
		}
		i += n > 0 ? n : 1;
	}
	classify(p, t, text, (struct piece){ from, t->count });
}

void
plan_add(struct plan *p, const char *text, size_t len)
{
	struct normal *t = xmalloc(sizeof(*t));

	normalise(text, len < NORMALISE_MAX ? len : NORMALISE_MAX, t);
	read_text(p, t, text);
	free(t);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void
name(struct buffer *out, const char *key)
{
	buffer_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", key);
}

static void
add_int(struct buffer *out, const char *key, int value, bool said)
{
	if (!said)
		return;
	name(out, key);
	buffer_printf(out, "%d", value);
}

static void
add_text(struct buffer *out, const char *key, const struct buffer *text)
{
	if (text->len == 0)
		return;
	name(out, key);
	buffer_add_json(out, (const char *)text->data, text->len);
}

void
plan_json(const struct plan *p, struct buffer *out)
{
	buffer_add_byte(out, '{');
	add_int(out, "people", p->people, p->people > 0);
	if (p->plus) {
		name(out, "plus");
		buffer_add_string(out, "true");
	}
	add_int(out, "minutes", p->minutes, p->minutes > 0);
	add_int(out, "in", p->in, p->has_in);
	add_int(out, "weekday", p->weekday, p->has_weekday);
	add_int(out, "week", p->week, p->has_weekday && p->week >= 0);
	add_int(out, "month", p->month, p->has_day && p->month > 0);
	add_int(out, "day", p->day, p->has_day);
	add_int(out, "hour", p->hour, p->hour >= 0);
	add_int(out, "minute", p->minute, p->hour >= 0 && p->minute > 0);
	add_text(out, "tools", &p->tools);
	add_text(out, "place", &p->place);
	add_text(out, "audience", &p->audience);
	add_text(out, "what", &p->what);
	buffer_add_byte(out, '}');
}
