/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands by text: the words are one table, the places where a number may stand a few rules. */
#include "text/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "text/match.h"
#include "text/number.h"

#define LOOKED_AT 2000u
#define NUMBER_FIRST 20007u
#define NUMBER_CHECK 13u

enum {
	WITH_NUMBER = 0, /* counts only with the number of a case */
	ALONE = 1,       /* may be the whole text */
	TEXT = 2,        /* may stand without a number before other words, apart from them */
	FREE = 4,        /* the same, and nothing need part them */
	DOOR = 8,        /* may stand before a figure */
};

struct word {
	const char *text;
	enum command_verb verb;
	unsigned flags;
};

/* Without spaces, Simplified, lower case. The longest that fits counts. */
static const struct word words[] = {
	{ "收", COMMAND_ACCEPT, ALONE },
	{ "收到", COMMAND_ACCEPT, ALONE },
	{ "接", COMMAND_ACCEPT, ALONE },
	{ "接收", COMMAND_ACCEPT, ALONE },
	{ "接单", COMMAND_ACCEPT, ALONE },
	{ "接办", COMMAND_ACCEPT, ALONE },
	{ "受理", COMMAND_ACCEPT, ALONE },
	{ "签收", COMMAND_ACCEPT, ALONE },
	{ "접수", COMMAND_ACCEPT, ALONE },
	{ "받음", COMMAND_ACCEPT, ALONE },
	{ "받았습니다", COMMAND_ACCEPT, ALONE },
	{ "수락", COMMAND_ACCEPT, ALONE },
	{ "在办", COMMAND_START, ALONE },
	{ "开始", COMMAND_START, WITH_NUMBER },
	{ "到场", COMMAND_START, ALONE },
	{ "已到", COMMAND_START, WITH_NUMBER },
	{ "出发", COMMAND_START, WITH_NUMBER },
	{ "处理中", COMMAND_START, ALONE },
	{ "시작", COMMAND_START, WITH_NUMBER },
	{ "착수", COMMAND_START, ALONE },
	{ "도착", COMMAND_START, WITH_NUMBER },
	{ "처리중", COMMAND_START, ALONE },
	{ "上交", COMMAND_PASS_UP, ALONE | TEXT },
	{ "上报", COMMAND_PASS_UP, WITH_NUMBER },
	{ "报街道", COMMAND_PASS_UP, ALONE },
	{ "报社区", COMMAND_PASS_UP, ALONE },
	{ "상급", COMMAND_PASS_UP, ALONE },
	{ "올림", COMMAND_PASS_UP, ALONE },
	{ "转", COMMAND_TRANSFER, TEXT },
	{ "转办", COMMAND_TRANSFER, TEXT },
	{ "转给", COMMAND_TRANSFER, TEXT },
	{ "转到", COMMAND_TRANSFER, TEXT },
	{ "转派", COMMAND_TRANSFER, TEXT },
	{ "移交", COMMAND_TRANSFER, TEXT },
	{ "派给", COMMAND_TRANSFER, TEXT },
	{ "派", COMMAND_TRANSFER, WITH_NUMBER },
	{ "이관", COMMAND_TRANSFER, TEXT },
	{ "넘김", COMMAND_TRANSFER, TEXT },
	{ "退", COMMAND_REFUSE, WITH_NUMBER },
	{ "退单", COMMAND_REFUSE, ALONE | TEXT },
	{ "退件", COMMAND_REFUSE, ALONE | TEXT },
	{ "退回", COMMAND_REFUSE, ALONE | TEXT },
	{ "拒", COMMAND_REFUSE, WITH_NUMBER },
	{ "不接", COMMAND_REFUSE, TEXT },
	{ "반려", COMMAND_REFUSE, ALONE | TEXT },
	{ "거절", COMMAND_REFUSE, ALONE | TEXT },
	{ "延", COMMAND_EXTEND, TEXT },
	{ "延期", COMMAND_EXTEND, ALONE | TEXT },
	{ "延时", COMMAND_EXTEND, ALONE | TEXT },
	{ "延长", COMMAND_EXTEND, ALONE | TEXT },
	{ "申请延期", COMMAND_EXTEND, ALONE | TEXT },
	{ "연기", COMMAND_EXTEND, WITH_NUMBER },
	{ "연장", COMMAND_EXTEND, WITH_NUMBER },
	{ "准", COMMAND_GRANT, ALONE },
	{ "准延", COMMAND_GRANT, ALONE },
	{ "同意", COMMAND_GRANT, ALONE },
	{ "同意延期", COMMAND_GRANT, ALONE },
	{ "批准", COMMAND_GRANT, ALONE },
	{ "승인", COMMAND_GRANT, ALONE },
	{ "동의", COMMAND_GRANT, ALONE },
	{ "허가", COMMAND_GRANT, ALONE },
	{ "不准", COMMAND_DENY, ALONE | TEXT },
	{ "不同意", COMMAND_DENY, ALONE | TEXT },
	{ "不批", COMMAND_DENY, ALONE | TEXT },
	{ "不批准", COMMAND_DENY, ALONE | TEXT },
	{ "불허", COMMAND_DENY, ALONE | TEXT },
	{ "好了", COMMAND_DONE, ALONE | TEXT },
	{ "办好", COMMAND_DONE, ALONE | TEXT },
	{ "办结", COMMAND_DONE, ALONE | TEXT },
	{ "办完", COMMAND_DONE, ALONE | TEXT },
	{ "办妥", COMMAND_DONE, ALONE | TEXT },
	{ "完成", COMMAND_DONE, ALONE },
	{ "完事", COMMAND_DONE, ALONE },
	{ "完了", COMMAND_DONE, WITH_NUMBER },
	{ "处理完", COMMAND_DONE, ALONE | TEXT },
	{ "处理好", COMMAND_DONE, ALONE | TEXT },
	{ "处理完毕", COMMAND_DONE, ALONE | TEXT },
	{ "修好", COMMAND_DONE, ALONE | TEXT },
	{ "搞定", COMMAND_DONE, ALONE | TEXT },
	{ "解决", COMMAND_DONE, WITH_NUMBER },
	{ "清理完", COMMAND_DONE, WITH_NUMBER },
	{ "완료", COMMAND_DONE, ALONE | TEXT },
	{ "처리완료", COMMAND_DONE, ALONE | TEXT },
	{ "끝", COMMAND_DONE, ALONE },
	{ "다됐", COMMAND_DONE, ALONE | TEXT },
	{ "다되였", COMMAND_DONE, ALONE | TEXT },
	{ "해결", COMMAND_DONE, WITH_NUMBER },
	{ "答复", COMMAND_EXPLAIN, WITH_NUMBER },
	{ "解释", COMMAND_EXPLAIN, WITH_NUMBER },
	{ "답변", COMMAND_EXPLAIN, WITH_NUMBER },
	{ "설명", COMMAND_EXPLAIN, WITH_NUMBER },
	{ "无权", COMMAND_OUTSIDE, WITH_NUMBER },
	{ "超权限", COMMAND_OUTSIDE, WITH_NUMBER },
	{ "超出权限", COMMAND_OUTSIDE, WITH_NUMBER },
	{ "권한밖", COMMAND_OUTSIDE, WITH_NUMBER },
	{ "核实", COMMAND_REPORT, ALONE },
	{ "已核实", COMMAND_REPORT, ALONE },
	{ "属实", COMMAND_REPORT, ALONE },
	{ "확인", COMMAND_REPORT, ALONE },
	{ "评价中", COMMAND_LOOK_INTO, ALONE },
	{ "核查", COMMAND_LOOK_INTO, ALONE },
	{ "평가중", COMMAND_LOOK_INTO, ALONE },
	{ "검토", COMMAND_LOOK_INTO, ALONE },
	{ "评", COMMAND_EVALUATE, TEXT },
	{ "评价", COMMAND_EVALUATE, ALONE | TEXT },
	{ "通过", COMMAND_EVALUATE, ALONE },
	{ "合格", COMMAND_EVALUATE, ALONE },
	{ "평가", COMMAND_EVALUATE, ALONE | TEXT },
	{ "통과", COMMAND_EVALUATE, ALONE },
	{ "합격", COMMAND_EVALUATE, ALONE },
	{ "重办", COMMAND_REWORK, TEXT },
	{ "再办", COMMAND_REWORK, TEXT },
	{ "返工", COMMAND_REWORK, TEXT },
	{ "没办好", COMMAND_REWORK, WITH_NUMBER },
	{ "没解决", COMMAND_REWORK, WITH_NUMBER },
	{ "退回重办", COMMAND_REWORK, ALONE | TEXT },
	{ "退回再办", COMMAND_REWORK, ALONE | TEXT },
	{ "不合格", COMMAND_REWORK, ALONE | TEXT },
	{ "재처리", COMMAND_REWORK, ALONE | TEXT },
	{ "다시", COMMAND_REWORK, WITH_NUMBER },
	{ "重开", COMMAND_REOPEN, WITH_NUMBER },
	{ "재개설", COMMAND_REOPEN, WITH_NUMBER },
	{ "撤回", COMMAND_WITHDRAW, WITH_NUMBER },
	{ "撤销", COMMAND_WITHDRAW, WITH_NUMBER },
	{ "취소", COMMAND_WITHDRAW, WITH_NUMBER },
	{ "督办", COMMAND_SUPERVISE, WITH_NUMBER },
	{ "감독", COMMAND_SUPERVISE, WITH_NUMBER },
	{ "通报", COMMAND_CRITICISE, WITH_NUMBER },
	{ "通报批评", COMMAND_CRITICISE, WITH_NUMBER },
	{ "비평", COMMAND_CRITICISE, WITH_NUMBER },
	{ "통보비평", COMMAND_CRITICISE, WITH_NUMBER },
	{ "撤督", COMMAND_UNSUPERVISE, WITH_NUMBER },
	{ "督办结束", COMMAND_UNSUPERVISE, WITH_NUMBER },
	{ "감독끝", COMMAND_UNSUPERVISE, WITH_NUMBER },
	{ "并", COMMAND_MERGE, WITH_NUMBER },
	{ "并到", COMMAND_MERGE, WITH_NUMBER },
	{ "并入", COMMAND_MERGE, WITH_NUMBER },
	{ "并案", COMMAND_MERGE, WITH_NUMBER },
	{ "并单", COMMAND_MERGE, WITH_NUMBER },
	{ "合并", COMMAND_MERGE, WITH_NUMBER },
	{ "병합", COMMAND_MERGE, WITH_NUMBER },
	{ "합병", COMMAND_MERGE, WITH_NUMBER },
	{ "挂起", COMMAND_HOLD, ALONE | TEXT },
	{ "暂停", COMMAND_HOLD, WITH_NUMBER },
	{ "暂缓", COMMAND_HOLD, WITH_NUMBER },
	{ "보류", COMMAND_HOLD, ALONE | TEXT },
	{ "恢复", COMMAND_RESUME, WITH_NUMBER },
	{ "继续", COMMAND_RESUME, WITH_NUMBER },
	{ "接着办", COMMAND_RESUME, WITH_NUMBER },
	{ "재개", COMMAND_RESUME, WITH_NUMBER },
	{ "계속", COMMAND_RESUME, WITH_NUMBER },
	{ "加急", COMMAND_URGENT, WITH_NUMBER },
	{ "急", COMMAND_URGENT, WITH_NUMBER },
	{ "긴급", COMMAND_URGENT, WITH_NUMBER },
	{ "催", COMMAND_CHASE, WITH_NUMBER },
	{ "催办", COMMAND_CHASE, WITH_NUMBER },
	{ "독촉", COMMAND_CHASE, WITH_NUMBER },
	{ "재촉", COMMAND_CHASE, WITH_NUMBER },
	{ "记", COMMAND_NOTE, WITH_NUMBER },
	{ "记录", COMMAND_NOTE, WITH_NUMBER },
	{ "备注", COMMAND_NOTE, WITH_NUMBER },
	{ "补充", COMMAND_NOTE, WITH_NUMBER },
	{ "메모", COMMAND_NOTE, WITH_NUMBER },
	{ "기록", COMMAND_NOTE, WITH_NUMBER },
	{ "录", COMMAND_WRITE, WITH_NUMBER },
	{ "听写", COMMAND_WRITE, WITH_NUMBER },
	{ "转写", COMMAND_WRITE, WITH_NUMBER },
	{ "받아쓰기", COMMAND_WRITE, WITH_NUMBER },
	{ "록음", COMMAND_WRITE, WITH_NUMBER },
	{ "녹음", COMMAND_WRITE, WITH_NUMBER },
	{ "查", COMMAND_LOOK, WITH_NUMBER },
	{ "查询", COMMAND_LOOK, WITH_NUMBER },
	{ "查看", COMMAND_LOOK, WITH_NUMBER },
	{ "看", COMMAND_LOOK, WITH_NUMBER },
	{ "详情", COMMAND_LOOK, WITH_NUMBER },
	{ "조회", COMMAND_LOOK, WITH_NUMBER },
	{ "보기", COMMAND_LOOK, WITH_NUMBER },
	{ "我的", COMMAND_LIST, ALONE },
	{ "列表", COMMAND_LIST, ALONE },
	{ "清单", COMMAND_LIST, ALONE },
	{ "待办", COMMAND_LIST, ALONE },
	{ "我的任务", COMMAND_LIST, ALONE },
	{ "목록", COMMAND_LIST, ALONE },
	{ "할일", COMMAND_LIST, ALONE },
	{ "내할일", COMMAND_LIST, ALONE },
	{ "帮助", COMMAND_HELP, ALONE },
	{ "用法", COMMAND_HELP, ALONE },
	{ "怎么用", COMMAND_HELP, ALONE },
	{ "命令", COMMAND_HELP, ALONE },
	{ "help", COMMAND_HELP, ALONE },
	{ "도움", COMMAND_HELP, ALONE },
	{ "도움말", COMMAND_HELP, ALONE },
	{ "사용법", COMMAND_HELP, ALONE },
	{ "代报", COMMAND_REPORT_FOR, TEXT },
	{ "帮报", COMMAND_REPORT_FOR, TEXT },
	{ "替报", COMMAND_REPORT_FOR, TEXT },
	{ "대리", COMMAND_REPORT_FOR, TEXT },
	{ "대리신고", COMMAND_REPORT_FOR, TEXT },
	{ "대신신고", COMMAND_REPORT_FOR, TEXT },
	{ "工时", COMMAND_HOURS, WITH_NUMBER },
	{ "时长", COMMAND_HOURS, WITH_NUMBER },
	{ "服务时间", COMMAND_HOURS, WITH_NUMBER },
	{ "봉사시간", COMMAND_HOURS, WITH_NUMBER },
	{ "爱心银行", COMMAND_BOARD, ALONE },
	{ "사랑은행", COMMAND_BOARD, ALONE },
	{ "发布", COMMAND_PUBLISH, ALONE | TEXT },
	{ "发心愿", COMMAND_PUBLISH, WITH_NUMBER },
	{ "公布", COMMAND_PUBLISH, WITH_NUMBER },
	{ "발표", COMMAND_PUBLISH, ALONE | TEXT },
	{ "공개", COMMAND_PUBLISH, WITH_NUMBER },
	{ "拟", COMMAND_DRAFT, WITH_NUMBER },
	{ "草稿", COMMAND_DRAFT, WITH_NUMBER },
	{ "拟发布", COMMAND_DRAFT, WITH_NUMBER },
	{ "초안", COMMAND_DRAFT, WITH_NUMBER },
	{ "没来", COMMAND_ABSENT, WITH_NUMBER },
	{ "未到", COMMAND_ABSENT, WITH_NUMBER },
	{ "没到", COMMAND_ABSENT, WITH_NUMBER },
	{ "缺席", COMMAND_ABSENT, WITH_NUMBER },
	{ "결석", COMMAND_ABSENT, WITH_NUMBER },
	{ "안왔", COMMAND_ABSENT, WITH_NUMBER },
	{ "归档", COMMAND_ARCHIVE, ALONE },
	{ "存档", COMMAND_ARCHIVE, WITH_NUMBER },
	{ "보관", COMMAND_ARCHIVE, WITH_NUMBER },
	{ "代愿", COMMAND_WISH_FOR, TEXT },
	{ "心愿", COMMAND_WISH_FOR, TEXT },
	{ "代许愿", COMMAND_WISH_FOR, TEXT },
	{ "记心愿", COMMAND_WISH_FOR, TEXT },
	{ "소원", COMMAND_WISH_FOR, TEXT },
	{ "대리소원", COMMAND_WISH_FOR, TEXT },
	{ "巡访", COMMAND_VISIT, ALONE | FREE },
	{ "走访", COMMAND_VISIT, ALONE | FREE },
	{ "探访", COMMAND_VISIT, ALONE | FREE },
	{ "入户走访", COMMAND_VISIT, ALONE | FREE },
	{ "入户", COMMAND_VISIT, ALONE | TEXT },
	{ "巡查", COMMAND_VISIT, ALONE | TEXT },
	{ "看望", COMMAND_VISIT, TEXT },
	{ "签到", COMMAND_VISIT, ALONE | TEXT },
	{ "打卡", COMMAND_VISIT, ALONE | TEXT },
	{ "순방", COMMAND_VISIT, ALONE | FREE },
	{ "가정방문", COMMAND_VISIT, ALONE | FREE },
	{ "세대방문", COMMAND_VISIT, ALONE | FREE },
	{ "순찰", COMMAND_VISIT, ALONE | TEXT },
	{ "출석", COMMAND_VISIT, ALONE | TEXT },
	{ "방문", COMMAND_VISIT, ALONE | DOOR }, /* also: the door of a room */
};

static const char *const names[COMMAND_VERBS] = {
	[COMMAND_NONE] = "none",
	[COMMAND_ACCEPT] = "accept",
	[COMMAND_START] = "start",
	[COMMAND_PASS_UP] = "pass_up",
	[COMMAND_TRANSFER] = "transfer",
	[COMMAND_REFUSE] = "refuse",
	[COMMAND_EXTEND] = "extend",
	[COMMAND_GRANT] = "grant",
	[COMMAND_DENY] = "deny",
	[COMMAND_DONE] = "done",
	[COMMAND_EXPLAIN] = "explain",
	[COMMAND_OUTSIDE] = "outside",
	[COMMAND_REPORT] = "report",
	[COMMAND_LOOK_INTO] = "look_into",
	[COMMAND_EVALUATE] = "evaluate",
	[COMMAND_REWORK] = "rework",
	[COMMAND_REOPEN] = "reopen",
	[COMMAND_WITHDRAW] = "withdraw",
	[COMMAND_SUPERVISE] = "supervise",
	[COMMAND_CRITICISE] = "criticise",
	[COMMAND_UNSUPERVISE] = "unsupervise",
	[COMMAND_MERGE] = "merge",
	[COMMAND_HOLD] = "hold",
	[COMMAND_RESUME] = "resume",
	[COMMAND_URGENT] = "urgent",
	[COMMAND_CHASE] = "chase",
	[COMMAND_NOTE] = "note",
	[COMMAND_LOOK] = "look",
	[COMMAND_WRITE] = "write",
	[COMMAND_LIST] = "list",
	[COMMAND_HELP] = "help",
	[COMMAND_REPORT_FOR] = "report_for",
	[COMMAND_WISH_FOR] = "wish_for",
	[COMMAND_HOURS] = "hours",
	[COMMAND_BOARD] = "board",
	[COMMAND_PUBLISH] = "publish",
	[COMMAND_DRAFT] = "draft",
	[COMMAND_ABSENT] = "absent",
	[COMMAND_ARCHIVE] = "archive",
	[COMMAND_VISIT] = "visit",
};

/* Words that say nothing between a number and a verb, or behind a verb. */
static const char *const fillers[] = { "已经", "已", "都", "请", "那个", "这个", "的事", "事情",
	"이미", "건", "일", NULL };
static const char *const endings[] = { "하였습니다", "했습니다", "합니다", "하겠습니다", "했슴다",
	"함다", "했음", "하였음", "됐습니다", "되였습니다", "났습니다", "습니다", "함", "됨", "남",
	"요", "一下", "了", "啦", "吧", "完毕", NULL };
static const char *const before_number[] = { "案件编号", "编号", "案件", "案号", "第", "번호", "no",
	"nr", NULL };
static const char *const after_number[] = { "号", "번", "件", "건", NULL };

static const struct {
	const char *text;
	int days;
} day_words[] = {
	{ "하루", 1 },
	{ "이틀", 2 },
	{ "사흘", 3 },
	{ "나흘", 4 },
	{ "닷새", 5 },
	{ "엿새", 6 },
	{ "이레", 7 },
	{ "半天", 1 },
};
static const struct {
	const char *text;
	int days;
} day_units[] = {
	{ "个工作日", 1 },
	{ "工作日", 1 },
	{ "天", 1 },
	{ "日", 1 },
	{ "일", 1 },
	{ "个星期", 7 },
	{ "星期", 7 },
	{ "周", 7 },
	{ "주", 7 },
};

const char *
command_name(enum command_verb verb)
{
	return names[verb];
}

/* ---- matching ------------------------------------------------------------------------------- */

static const struct word *
verb_at(const struct normal *t, uint32_t at, uint32_t *taken)
{
	const struct word *best = NULL;

	*taken = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint32_t n = match_word(t, at, words[i].text);
		if (n > *taken) {
			*taken = n;
			best = &words[i];
		}
	}
	return best;
}

static bool
is_digit(uint32_t cp)
{
	return cp >= '0' && cp <= '9';
}

/* Something separates what stands here from what stood before. */
static bool
apart(const struct normal *t, uint32_t at)
{
	return at >= t->count || t->gap[at] != 0 || !normalise_is_letter(t->cp[at]);
}

/* ---- numbers -------------------------------------------------------------------------------- */

struct place {
	uint32_t from, to; /* with the words around it */
	uint64_t value;
	bool good;
};

static bool
is_good(uint64_t value)
{
	return value >= NUMBER_FIRST && value % NUMBER_CHECK == 0;
}

/* Code points from here to the next white space or the end. */
static uint32_t
run(const struct normal *t, uint32_t at)
{
	uint32_t i = at;

	while (i < t->count && (i == at || t->gap[i] == 0))
		i++;
	return i - at;
}

/* A number with as many digits as a case has, at a place; not a part of a longer one. */
static bool
number_at(const struct normal *t, uint32_t at, struct place *out)
{
	uint32_t i = at + match_any(t, at, before_number), k;
	struct number n;

	while (i > at && i < t->count && (t->cp[i] == ':' || t->cp[i] == '.' || t->cp[i] == '#'))
		i++;
	if (i >= t->count || (k = (uint32_t)number_read(t->cp + i, run(t, i), &n)) == 0)
		return false;
	if (n.digits < 5 || n.digits > 9)
		return false;
	*out = (struct place){ at, i + k, n.value, is_good(n.value) };
	out->to += match_any(t, out->to, after_number);
	return true;
}

/* The first good number from a place on, else the first one. */
static bool
find_number(const struct normal *t, uint32_t from, struct place *out)
{
	bool found = false;

	for (uint32_t i = from; i < t->count;) {
		struct number n;
		struct place p;
		uint32_t k;

		if (number_at(t, i, &p)) {
			if (p.good || !found)
				*out = p;
			found = true;
			if (p.good)
				return true;
			i = p.to;
			continue;
		}
		k = (uint32_t)number_read(t->cp + i, run(t, i), &n);
		i += k > 0 && n.form == NUMBER_ARABIC ? k : 1;
	}
	return found;
}

/* ---- what the words need -------------------------------------------------------------------- */

static struct command_span
span(const struct normal *t, uint32_t from, uint32_t to)
{
	while (from < to && !normalise_is_letter(t->cp[from]))
		from++;
	if (from >= to)
		return (struct command_span){ 0, 0 };
	return (struct command_span){ t->src[from], (size_t)t->end[to - 1] - t->src[from] };
}

struct range {
	uint32_t from, to;
};

static struct range
trim(const struct normal *t, uint32_t from, uint32_t to)
{
	while (from < to && !normalise_is_letter(t->cp[from]))
		from++;
	while (to > from && !normalise_is_letter(t->cp[to - 1]))
		to--;
	return (struct range){ from, to };
}

/* The first word of a range: up to white space or a mark. */
static uint32_t
word_end(const struct normal *t, struct range r)
{
	uint32_t i = r.from;

	while (i < r.to && normalise_is_letter(t->cp[i]) && (i == r.from || t->gap[i] == 0))
		i++;
	return i;
}

static uint32_t
days_at(const struct normal *t, uint32_t at, int *days)
{
	struct number n;
	uint32_t k;

	for (size_t i = 0; i < sizeof(day_words) / sizeof(day_words[0]); i++)
		if ((k = match_word(t, at, day_words[i].text)) > 0) {
			*days = day_words[i].days;
			return k;
		}
	k = (uint32_t)number_read(t->cp + at, run(t, at), &n);
	if (k == 0 || n.value == 0 || n.value > 60)
		return 0;
	for (size_t i = 0; i < sizeof(day_units) / sizeof(day_units[0]); i++) {
		uint32_t u = match_word(t, at + k, day_units[i].text);
		if (u > 0 && n.value * (uint64_t)day_units[i].days <= 60) {
			*days = (int)n.value * day_units[i].days;
			return k + u;
		}
	}
	if (n.form != NUMBER_ARABIC || !apart(t, at + k))
		return 0;
	*days = (int)n.value;
	return k;
}

/* Takes "2天" out of a range; what stands before and after it stays. */
static void
take_days(const struct normal *t, struct range *r, struct range *behind, struct command *out)
{
	for (uint32_t i = r->from; i < r->to; i++) {
		uint32_t n = days_at(t, i, &out->days);
		if (n == 0)
			continue;
		*behind = (struct range){ i + n, r->to };
		r->to = i;
		return;
	}
}

/* "13812345678" at the beginning: whose report it is. */
static void
take_phone(const struct normal *t, struct range *r, struct command *out)
{
	uint32_t i = r->from, n = 0;

	if (i + 2 < r->to && t->cp[i] == '8' && t->cp[i + 1] == '6' && t->cp[i + 2] == '1')
		i += 2;
	while (n < 11 && i + n < r->to && t->cp[i + n] >= '0' && t->cp[i + n] <= '9')
		n++;
	if (n != 11 || t->cp[i] != '1' ||
	    (i + n < r->to && t->gap[i + n] == 0 && t->cp[i + n] >= '0' && t->cp[i + n] <= '9'))
		return;
	memcpy(out->phone, "+86", 3);
	for (uint32_t k = 0; k < n; k++)
		out->phone[3 + k] = (char)t->cp[i + k];
	out->phone[3 + n] = '\0';
	r->from = match_marks(t, i + n);
}

static void
take_rest(const struct normal *t, struct range a, struct range b, struct command *out)
{
	struct place p;
	struct range behind = { 0, 0 };

	if (out->verb == COMMAND_TRANSFER) {
		struct range *r = a.from < a.to ? &a : &b;
		uint32_t end = word_end(t, *r);
		out->word = span(t, r->from, end);
		r->from = end;
	} else if (out->verb == COMMAND_MERGE && find_number(t, b.from, &p)) {
		out->second = p.value;
		b.from = p.to;
	} else if (out->verb == COMMAND_EXTEND) {
		take_days(t, &a, &behind, out);
		if (out->days == 0)
			take_days(t, &b, &behind, out);
		if (behind.from < behind.to && b.to == behind.to)
			b = behind;
		else if (behind.from < behind.to)
			a = trim(t, a.from, a.to).from < a.to ? a : behind;
	} else if (out->verb == COMMAND_REPORT_FOR || out->verb == COMMAND_WISH_FOR) {
		take_phone(t, a.from < a.to ? &a : &b, out);
	}
	a = trim(t, a.from, a.to);
	b = trim(t, b.from, b.to);
	out->rest[0] = span(t, a.from, a.to);
	out->rest[1] = span(t, b.from, b.to);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static uint32_t
verb_end(const struct normal *t, uint32_t end)
{
	uint32_t n = match_any(t, end, endings);

	return end + n;
}

/* The number stands before the verb: "20007收", "井盖 20007 已经修好". */
static bool
number_then_verb(const struct normal *t, const struct place *p, struct command *out)
{
	uint32_t at = match_skip(t, match_marks(t, p->to), fillers), n;
	const struct word *w = verb_at(t, at, &n);

	/* What cannot be a case counts only where nothing else stands before and between. */
	if (w == NULL ||
	    (!p->good && (p->from != match_marks(t, 0) || at != match_marks(t, p->to))))
		return false;
	out->verb = w->verb;
	n = verb_end(t, at + n);
	take_rest(t, (struct range){ 0, p->from }, (struct range){ n, t->count }, out);
	return true;
}

/* Whether what stands behind a word may follow it where no number does. */
static bool
may_follow(const struct normal *t, uint32_t at, unsigned flags)
{
	if ((flags & DOOR) != 0)
		return is_digit(t->cp[match_marks(t, at)]);
	return (flags & FREE) != 0 ||
	       ((flags & TEXT) != 0 && (apart(t, at) || is_digit(t->cp[at])));
}

/* The verb stands first, and the number somewhere behind it or nowhere. */
static bool
verb_first(const struct normal *t, const struct place *p, bool number, struct command *out)
{
	uint32_t at = match_skip(t, match_marks(t, 0), fillers), n;
	const struct word *w = verb_at(t, at, &n);
	bool alone;

	if (w == NULL)
		return false;
	n += at;
	n = verb_end(t, n);
	if (number && !p->good && match_marks(t, n) != p->from) {
		number = false;
		out->number = 0;
		out->number_state = COMMAND_NO_NUMBER;
	}
	alone = match_marks(t, n) >= t->count;
	if (!number && !(alone ? (w->flags & ALONE) != 0 : may_follow(t, n, w->flags)))
		return false;
	out->verb = w->verb;
	if (number)
		take_rest(t, (struct range){ n, p->from }, (struct range){ p->to, t->count }, out);
	else
		take_rest(t, (struct range){ n, t->count }, (struct range){ 0, 0 }, out);
	return true;
}

static bool
parse(const struct normal *t, struct command *out)
{
	struct place p = { 0 };
	uint32_t n, at = match_skip(t, match_marks(t, 0), fillers);
	const struct word *w = verb_at(t, at, &n);
	bool number;

	/* What a resident said may hold any number. */
	if (w != NULL && (w->verb == COMMAND_REPORT_FOR || w->verb == COMMAND_WISH_FOR))
		return verb_first(t, &p, false, out) && (out->rest[0].len > 0);
	if (w != NULL && w->verb == COMMAND_VISIT) /* doors are figures */
		return verb_first(t, &p, false, out);
	number = find_number(t, 0, &p);
	if (number) {
		out->number = p.value;
		out->number_state = p.good ? COMMAND_NUMBER : COMMAND_MISTYPED;
	}
	if (verb_first(t, &p, number, out) && out->verb != COMMAND_NONE)
		return true;
	if (number && number_then_verb(t, &p, out))
		return true;
	/* "20007 明天再来修": a note. */
	if (!number || !p.good || p.from != match_marks(t, 0) || match_marks(t, p.to) >= t->count)
		return false;
	out->verb = COMMAND_NOTE;
	take_rest(t, (struct range){ 0, 0 }, (struct range){ p.to, t->count }, out);
	return true;
}

static struct normal *
normalised(const char *text, size_t len)
{
	struct normal *t = xmalloc(sizeof(*t));

	normalise(text, len < LOOKED_AT ? len : LOOKED_AT, t);
	return t;
}

bool
command_number(const struct normal *t, struct command_place *out)
{
	struct place p;

	if (!find_number(t, 0, &p))
		return false;
	*out = (struct command_place){ p.from, p.to, p.value, p.good };
	return true;
}

bool
command_parse(const char *text, size_t len, struct command *out)
{
	struct normal *t = normalised(text, len);
	struct command none = { 0 };
	bool ok;

	*out = none;
	ok = parse(t, out);
	if (!ok)
		*out = none;
	free(t);
	return ok;
}

/* Whether it is solved, in words. */
static const char *const solved_words[] = { "好了", "都好了", "已经好了", "修好了", "已修好",
	"已经修好了", "弄好了", "办好了", "解决了", "已解决", "已经解决了", "可以了", "行了",
	"没问题了", "完事了", "好了谢谢", "修好了谢谢", "解决了谢谢", "해결됐습니다", "해결됐어요",
	"해결되였습니다", "해결됐슴다", "됐습니다", "됐어요", "됐슴다", "다됐습니다",
	"다되였습니다", "고쳤습니다", "고쳐졌습니다", NULL };
static const char *const unsolved_words[] = { "否", "没好", "没修好", "没弄好", "没办好", "没解决",
	"未解决", "还没", "还没有", "还没好", "还没修好", "还没弄好", "还没解决", "没修", "还没修",
	"不行", "没用", "还那样", "还是那样", "老样子", "还是坏的", "안됐어요", "안됐습니다",
	"안됐슴다", "안되였습니다", "해결안됐습니다", "해결안됐어요", "아직", "아직안됐어요",
	"아직안됐습니다", "아직안됐슴다", "아직안되였습니다", "못고쳤습니다", "그대로",
	"그대로입니다", "그대로임다", NULL };

/* The whole of a range is one of these words, perhaps with an ending of politeness. */
static bool
whole(const struct normal *t, struct range r, const char *const *list)
{
	for (; *list != NULL; list++) {
		uint32_t n = match_word(t, r.from, *list);
		if (n > 0 && trim(t, r.from + n, r.to).from >= r.to)
			return true;
	}
	return false;
}

bool
command_answer(const char *text, size_t len, uint64_t *number, bool *yes)
{
	static const struct {
		const char *text;
		bool yes;
	} answers[] = { { "1", true }, { "一", true }, { "是", true }, { "是的", true },
		{ "好了", true }, { "解决了", true }, { "네", true }, { "예", true },
		{ "해결", true }, { "2", false }, { "二", false }, { "不是", false },
		{ "否", false }, { "没有", false }, { "没解决", false }, { "没好", false },
		{ "아니", false }, { "아니요", false }, { "아니오", false } };
	struct normal *t = normalised(text, len);
	struct place p;
	bool ok = false;

	if (t->count <= 32 && find_number(t, 0, &p) && p.good) {
		struct range before = trim(t, 0, p.from), behind = trim(t, p.to, t->count);
		bool first = before.from < before.to;
		struct range r = first ? before : behind;

		for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]) && !ok; i++) {
			uint32_t n = match_word(t, r.from, answers[i].text);
			ok = n > 0 && r.from + n == r.to && (!first || behind.from >= behind.to);
			*yes = answers[i].yes;
		}
		if (!ok && r.from < r.to && (!first || behind.from >= behind.to)) {
			*yes = whole(t, r, solved_words);
			ok = *yes || whole(t, r, unsolved_words);
		}
		*number = p.value;
	}
	free(t);
	return ok;
}

bool
command_solved(const char *text, size_t len, bool *yes)
{
	static const char *const thanks[] = { "谢谢你们", "谢谢您", "谢谢", "感谢", "你好", "您好",
		"고맙습니다", "감사합니다", "네", NULL };
	struct normal *t;
	struct range r;
	bool ok;

	if (len > 96)
		return false;
	t = normalised(text, len);
	r = (struct range){ match_skip(t, match_marks(t, 0), thanks), t->count };
	r = trim(t, r.from, r.to);
	*yes = r.from < r.to && whole(t, r, solved_words);
	ok = *yes || (r.from < r.to && whole(t, r, unsolved_words));
	free(t);
	return ok;
}

bool
command_code(const char *text, size_t len, char code[5])
{
	struct normal *t;
	struct range r;
	bool ok;

	if (len > 64)
		return false;
	t = normalised(text, len);
	r = trim(t, 0, t->count);
	ok = r.to - r.from == 4;
	for (uint32_t i = 0; ok && i < 4; i++) {
		ok = t->cp[r.from + i] >= '0' && t->cp[r.from + i] <= '9';
		code[i] = (char)t->cp[r.from + i];
	}
	code[4] = '\0';
	free(t);
	return ok;
}

bool
command_balance(const char *text, size_t len)
{
	static const char *const what[] = { "时间银行", "时间存折", "时间帐户", "时间账户",
		"时间币", "余额", "存的时间", "我的小时", "我的时间", "我的时间银行", "我的工时",
		"시간은행", "시간저축", "시간통장", "시간구좌", "잔액", "잔고", "남은시간",
		"모은시간", "내시간", "내시간은행", NULL };
	static const char *const around[] = { "请问", "请", "你好", "您好", "查询", "查一下",
		"查查", "查", "看看", "看一下", "看", "问一下", "问", "想知道", "我想", "告诉我",
		"我", "我们", "我家", "的", "在", "里面", "里", "里头", "账户", "帐户", "还", "有",
		"剩", "存了", "存", "下", "多少", "几个", "几", "小时", "钟头", "时间", "了", "吗",
		"呢", "啊", "是", "谢谢", "제", "저의", "나의", "내", "우리", "의", "에", "이",
		"가", "은", "는", "을", "를", "얼마나", "얼마", "얼맙니까", "얼마입니까",
		"얼마임까", "몇", "시간", "남았", "남아", "있", "습니까", "슴까", "습니다", "었",
		"나요", "어요", "아요", "인가요", "입니까", "임까", "지금", "현재", "알려", "보여",
		"주세요", "주십시오", "줍소", "조회", "확인", "해", "좀", "하고", "싶", "궁금",
		"합니다", "요", NULL };
	struct normal *t;
	uint32_t at = 0;
	bool asked = false;

	if (len == 0 || len > 160)
		return false;
	t = normalised(text, len);
	while (at < t->count) {
		uint32_t w = match_any(t, at, what), a = match_any(t, at, around);

		if (!normalise_is_letter(t->cp[at])) {
			at++;
			continue;
		}
		if (w == 0 && a == 0)
			break;
		asked |= w > 0 && w >= a;
		at += w > a ? w : a;
	}
	asked = asked && at >= t->count;
	free(t);
	return asked;
}
