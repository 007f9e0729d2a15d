/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands by text: what was written on the left, what it asks for on the right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/command.h"

/* verb number|second|days|word|rest, "-" for nothing; "none" alone: no command. */
static const struct {
	const char *text, *meant;
} cases[] = {
	{ "收 20007", "accept 20007" },
	{ "收20007", "accept 20007" },
	{ "20007收", "accept 20007" },
	{ "20007 收到", "accept 20007" },
	{ "收到", "accept" },
	{ "收。", "accept" },
	{ "收　２０００７！", "accept 20007" },
	{ "接：20007", "accept 20007" },
	{ "受理编号20007", "accept 20007" },
	{ "编号20007，接收", "accept 20007" },
	{ "收了二〇〇〇七号", "accept 20007" },
	{ "접수 20007", "accept 20007" },
	{ "20007번 접수했습니다", "accept 20007" },
	{ "접수합니다", "accept" },
	{ "收垃圾的没来", "none" },
	{ "收 垃圾的没来", "none" },
	{ "接孩子的校车停错地方了", "none" },
	{ "转 城管 20007", "transfer 20007 word=城管" },
	{ "转20007 农业农村局", "transfer 20007 word=农业农村局" },
	{ "转城管20007", "transfer 20007 word=城管" },
	{ "20007转给城管，占道了", "transfer 20007 word=城管 rest=占道了" },
	{ "转 城管", "transfer word=城管" },
	{ "转20007", "transfer 20007" },
	{ "이관 20007 농업농촌국", "transfer 20007 word=농업농촌국" },
	{ "공안국 이관", "none" },
	{ "转角那个路灯不亮", "none" },
	{ "退20007 不归我们管", "refuse 20007 rest=不归我们管" },
	{ "退 不归我们管 20007", "refuse 20007 rest=不归我们管" },
	{ "20007退单，应该找城管", "refuse 20007 rest=应该找城管" },
	{ "반려 20007 우리 일이 아님", "refuse 20007 rest=우리 일이 아님" },
	{ "退订", "none" },
	{ "TD", "none" },
	{ "退", "none" },
	{ "延20007 2天 等配件", "extend 20007 days=2 rest=等配件" },
	{ "延20007两天，等配件", "extend 20007 days=2 rest=等配件" },
	{ "延期 3天 下雨 20007", "extend 20007 days=3 rest=下雨" },
	{ "20007 延 5", "extend 20007 days=5" },
	{ "연기20007 사흘 부품대기", "extend 20007 days=3 rest=부품대기" },
	{ "연기 20007 2일 부품대기", "extend 20007 days=2 rest=부품대기" },
	{ "延20007 一周 等料", "extend 20007 days=7 rest=等料" },
	{ "延20007", "extend 20007" },
	{ "准20007", "grant 20007" },
	{ "不准20007 抓紧", "deny 20007 rest=抓紧" },
	{ "同意", "grant" },
	{ "승인 20007", "grant 20007" },
	{ "办结20007 已清理", "done 20007 rest=已清理" },
	{ "好了 20007", "done 20007" },
	{ "好了20007 已清理，村民也同意", "done 20007 rest=已清理，村民也同意" },
	{ "井盖 20007 已经修好了", "done 20007 rest=井盖" },
	{ "好了", "done" },
	{ "好了 换了新灯", "done rest=换了新灯" },
	{ "好了伤疤忘了疼", "none" },
	{ "완료20007 청소함", "done 20007 rest=청소함" },
	{ "20007 처리완료했습니다", "done 20007" },
	{ "핸드폰 끝", "none" },
	{ "核实20007", "report 20007" },
	{ "核实 20007 现场干净了", "report 20007 rest=现场干净了" },
	{ "확인20007", "report 20007" },
	{ "评20007 满意", "evaluate 20007 rest=满意" },
	{ "20007通过", "evaluate 20007" },
	{ "평가20007 만족", "evaluate 20007 rest=만족" },
	{ "重办20007 还有一堆", "rework 20007 rest=还有一堆" },
	{ "退回再办20007 还有一堆", "rework 20007 rest=还有一堆" },
	{ "재처리20007 그대로임", "rework 20007 rest=그대로임" },
	{ "并20007 20020", "merge 20007 second=20020" },
	{ "并20007到20020", "merge 20007 second=20020" },
	{ "병합 20007 20020", "merge 20007 second=20020" },
	{ "并20007", "merge 20007" },
	{ "挂起20007 等天晴", "hold 20007 rest=等天晴" },
	{ "督办20007", "supervise 20007" },
	{ "通报批评20007 拖了三天", "criticise 20007 rest=拖了三天" },
	{ "记20007 明天再来", "note 20007 rest=明天再来" },
	{ "记 明天再来", "none" },
	{ "20007 明天再来修", "note 20007 rest=明天再来修" },
	{ "20007번 래일 다시 가겠습니다", "note 20007 rest=래일 다시 가겠습니다" },
	{ "明天再来修 20007", "none" },
	{ "20007？", "none" },
	{ "查20007", "look 20007" },
	{ "20007查", "look 20007" },
	{ "查电表123456", "none" },
	{ "20007", "none" },
	{ "我的", "list" },
	{ "목록", "list" },
	{ "帮助", "help" },
	{ "Help", "help" },
	{ "도움말", "help" },
	{ "收20008", "accept !20008" },
	{ "20008收", "accept !20008" },
	{ "收13812345678的快递没人管", "none" },
	{ "代报 13812345678 天图社区3号楼下水堵了",
	    "report_for phone=+8613812345678 rest=天图社区3号楼下水堵了" },
	{ "代报138 1234 5678，3号楼下水堵了",
	    "report_for phone=+8613812345678 rest=3号楼下水堵了" },
	{ "代报 许大娘家3号楼停水", "report_for rest=许大娘家3号楼停水" },
	{ "대리 13812345678 3동 하수도 막힘",
	    "report_for phone=+8613812345678 rest=3동 하수도 막힘" },
	{ "代愿 13812345678 想有人陪着说说话",
	    "wish_for phone=+8613812345678 rest=想有人陪着说说话" },
	{ "代报", "none" },
	{ "巡访 3号楼2单元501 老人身体好", "visit rest=3号楼2单元501 老人身体好" },
	{ "巡访三号楼二单元五零一", "visit rest=三号楼二单元五零一" },
	{ "巡访3-2-501", "visit rest=3-2-501" },
	{ "巡访 3号楼20007室", "visit rest=3号楼20007室" },
	{ "走访了3号楼2单元501", "visit rest=3号楼2单元501" },
	{ "签到 42.7712,129.4258", "visit rest=42.7712,129.4258" },
	{ "순방 3동 2단원 501호 건강함", "visit rest=3동 2단원 501호 건강함" },
	{ "방문 3동 501호", "visit rest=3동 501호" },
	{ "巡访", "visit" },
	{ "방문 손잡이가 고장났습니다", "none" },
	{ "入户门坏了", "none" },
	{ "巡查员态度不好", "none" },
	/* what begins like a command and is a report */
	{ "연기가 많이 나요 빨리 와주세요", "none" },
	{ "연기 나요", "none" },
	{ "完了 水管爆了", "none" },
	{ "退 水费的事没人管", "none" },
	{ "확인 좀 해주세요 3동 가로등", "none" },
	{ "核实 一下3号楼有没有住人", "none" },
	{ "통과 못하는 길입니다", "none" },
	{ "天图社区3号楼楼道灯坏了", "none" },
	{ "六道河社区6号楼楼道里堆满装修垃圾", "none" },
	{ "천도사회구역 3동 복도등이 고장났습니다", "none" },
	{ "", "none" },
	{ "，。！", "none" },
};

static void
describe(const char *text, char *out, size_t room)
{
	struct command c;
	int n;

	if (!command_parse(text, strlen(text), &c)) {
		snprintf(out, room, "none");
		return;
	}
	n = snprintf(out, room, "%s", command_name(c.verb));
	if (c.number_state != COMMAND_NO_NUMBER)
		n += snprintf(out + n, room - (size_t)n, " %s%llu",
		    c.number_state == COMMAND_MISTYPED ? "!" : "", (unsigned long long)c.number);
	if (c.second != 0)
		n += snprintf(
		    out + n, room - (size_t)n, " second=%llu", (unsigned long long)c.second);
	if (c.days != 0)
		n += snprintf(out + n, room - (size_t)n, " days=%d", c.days);
	if (c.phone[0] != '\0')
		n += snprintf(out + n, room - (size_t)n, " phone=%s", c.phone);
	if (c.word.len > 0)
		n += snprintf(
		    out + n, room - (size_t)n, " word=%.*s", (int)c.word.len, text + c.word.at);
	for (int i = 0; i < 2; i++)
		if (c.rest[i].len > 0)
			n += snprintf(out + n, room - (size_t)n, " rest=%.*s", (int)c.rest[i].len,
			    text + c.rest[i].at);
}

static void
test_meanings(void **state)
{
	char got[512];
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		describe(cases[i].text, got, sizeof(got));
		if (strcmp(got, cases[i].meant) != 0) {
			bad++;
			print_error("# \"%s\": wanted \"%s\", got \"%s\"\n", cases[i].text,
			    cases[i].meant, got);
		}
	}
	assert_int_equal(bad, 0);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *text;
		int number, yes; /* number 0: none */
	} answers[] = { { "20007 1", 20007, 1 }, { "20007是", 20007, 1 }, { "2 20007", 20007, 0 },
		{ "네 20007", 20007, 1 }, { "20007 아니요", 20007, 0 },
		{ "２０００７　２", 20007, 0 }, { "20007没解决", 20007, 0 },
		{ "20007 还没修好", 20007, 0 }, { "修好了 20007", 20007, 1 }, { "20007", 0, 0 },
		{ "1", 0, 0 }, { "20008 1", 0, 0 }, { "20007 井盖", 0, 0 }, { "", 0, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		uint64_t number = 0;
		bool yes = false;
		bool ok = command_answer(answers[i].text, strlen(answers[i].text), &number, &yes);
		if (ok != (answers[i].number != 0) ||
		    (ok && (number != (uint64_t)answers[i].number || yes != answers[i].yes)))
			fail_msg("\"%s\": %d %llu %d", answers[i].text, ok,
			    (unsigned long long)number, yes);
	}
}

static void
test_solved(void **state)
{
	static const struct {
		const char *text;
		int yes; /* -1: no answer of this sort */
	} answers[] = { { "修好了", 1 }, { "谢谢，修好了！", 1 }, { "해결됐습니다", 1 },
		{ "됐슴다 고맙습니다", -1 }, { "还没修好", 0 }, { "没好。", 0 }, { "否", 0 },
		{ "아직 안됐어요", 0 }, { "네, 됐습니다", 1 }, { "修好了没有", -1 }, { "1", -1 },
		{ "谢谢", -1 }, { "灯修好了水又停了", -1 }, { "还没修好什么时候来", -1 },
		{ "", -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		bool yes = false;
		bool ok = command_solved(answers[i].text, strlen(answers[i].text), &yes);
		if ((ok ? yes : -1) != answers[i].yes)
			fail_msg("\"%s\": %d %d", answers[i].text, ok, yes);
	}
}

static void
test_balance(void **state)
{
	static const struct {
		const char *text;
		bool asks;
	} texts[] = {
		{ "余额", true },
		{ "　查余额！", true },
		{ "余额多少？", true },
		{ "时间银行", true },
		{ "時間銀行", true },
		{ "请问我的时间银行里还有几个小时", true },
		{ "你好，我时间银行还剩多少小时啊，谢谢", true },
		{ "查一下我存的时间", true },
		{ "시간은행", true },
		{ "시간 은행", true },
		{ "잔액", true },
		{ "시간은행 잔액 알려주세요", true },
		{ "제 시간은행에 몇시간 있습니까?", true },
		{ "시간은행에 얼마 남았슴까", true },
		{ "", false },
		{ "。", false },
		{ "多少", false },
		{ "还有几个小时", false },
		{ "话费余额不足", false },
		{ "电费余额查不了", false },
		{ "您的余额为12.5元", false },
		{ "时间银行那边的路灯坏了", false },
		{ "银行门口井盖没了", false },
		{ "은행앞 맨홀뚜껑이 없습니다", false },
		{ "시간은행 간판이 떨어졌습니다", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (command_balance(texts[i].text, strlen(texts[i].text)) != texts[i].asks)
			fail_msg("\"%s\"", texts[i].text);
}

static void
test_codes(void **state)
{
	char code[5];

	(void)state;
	assert_true(command_code(" ４８２１。", strlen(" ４８２１。"), code));
	assert_string_equal(code, "4821");
	assert_true(command_code("0012", 4, code));
	assert_false(command_code("482", 3, code));
	assert_false(command_code("48213", 5, code));
	assert_false(command_code("四八二一个", strlen("四八二一个"), code));
	assert_false(command_code("", 0, code));
}

/* Each word that stands right before "{number}" in what we tell staff to answer. */
static void
try_advice(const char *name, const char *body, unsigned *tried)
{
	for (const char *at = strstr(body, "{number}"); at != NULL;
	     at = strstr(at + 1, "{number}")) {
		const char *from = at;
		char text[64];
		struct command c;

		while (from > body && ((unsigned char)from[-1] >= 0x80) &&
		       !(from - body >= 3 &&
			   (memcmp(from - 3, "：", 3) == 0 || memcmp(from - 3, "，", 3) == 0 ||
			       memcmp(from - 3, "！", 3) == 0 || memcmp(from - 3, "回", 3) == 0)))
			from--;
		if (from == at)
			continue;
		snprintf(text, sizeof(text), "%.*s20007", (int)(at - from), from);
		if (!command_parse(text, strlen(text), &c) || c.number != 20007)
			fail_msg("%s says to answer \"%s\", which is no command", name, text);
		++*tried;
	}
}

static void
test_what_we_tell_them_to_answer(void **state)
{
	FILE *f = fopen(DATADIR "/templates.tsv", "r");
	char line[1024];
	unsigned tried = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *language = strchr(line, '\t'), *body;

		if (language == NULL || (body = strchr(language + 1, '\t')) == NULL)
			continue;
		*language = '\0';
		if (strncmp(line, "notice_", 7) == 0 || strncmp(line, "no_need", 7) == 0)
			try_advice(line, body + 1, &tried);
	}
	fclose(f);
	assert_true(tried > 50);
}

/* ".It Cm accept : 收 接" in the manual page: each of these words does it. */
static void
test_words_of_the_manual(void **state)
{
	FILE *f = fopen(MANUAL, "r");
	char line[1024];
	unsigned tried = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char action[33], *at = strstr(line, " : ");

		if (sscanf(line, ".It Cm %32s", action) != 1 || at == NULL)
			continue;
		for (char *w = strtok(at + 3, " \n"); w != NULL; w = strtok(NULL, " \n")) {
			char text[64];
			struct command c;
			snprintf(text, sizeof(text), "%s 20007", w);
			if (!command_parse(text, strlen(text), &c) ||
			    strcmp(command_name(c.verb), action) != 0)
				fail_msg("\"%s\" is not %s", text, action);
			tried++;
		}
	}
	fclose(f);
	assert_true(tried > 60);
}

static void
test_names(void **state)
{
	(void)state;
	for (int v = COMMAND_NONE; v < COMMAND_VERBS; v++)
		assert_non_null(command_name((enum command_verb)v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_solved),
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_what_we_tell_them_to_answer),
		cmocka_unit_test(test_words_of_the_manual),
		cmocka_unit_test(test_names),
	};

	setenv("CMOCKA_MESSAGE_OUTPUT", "TAP", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
