/* SPDX-License-Identifier: BSD-2-Clause */
/* Normal copy, numerals, automaton, addresses and the whole, on the tables that we ship. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "text/keywords.h"
#include "text/normalise.h"
#include "text/number.h"
#include "text/understand.h"
#include "text/utf8.h"
#include "understand_data.h"

static struct lexicon *lx;
static struct understand_scratch *scratch;
static struct normal normal;

static void
normalises(void **state)
{
	static const struct {
		const char *text, *copy;
	} cases[] = {
		{ "３号楼", "3号楼" },
		{ "①樓　ＡＢ", "1楼ab" },
		{ "許願：長椅", "许愿:长椅" },
		{ "a \t\n b", "ab" },
		{ "하수도 막힘", "하수도막힘" },
		{ "\u1112\u1161\u11ab", "한" },
		{ "\ud558\u11ab", "한" },
		{ "e\u0301A\u200d", "éa" },
		{ "ㅋㅋ", "\u110f\u110f" },
		{ "㎡…", "m2..." },
		{ "，。、", ",。、" },
		{ "\xff", "\ufffd" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char copy[64];
		size_t len = 0;

		normalise(cases[i].text, strlen(cases[i].text), &normal);
		for (uint32_t c = 0; c < normal.count; c++)
			len += utf8_write(normal.cp[c], copy + len);
		copy[len] = '\0';
		assert_string_equal(copy, cases[i].copy);
	}
	normalise("하 수３", strlen("하 수３"), &normal);
	assert_int_equal(normal.src[1], 4);
	assert_int_equal(normal.gap[1], 1);
	assert_int_equal(normal.gap[2], 0);
	assert_int_equal(normal.src[2], 7);
	assert_int_equal(normal.end[2], 10);
}

static void
reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
		unsigned count, digits;
	} cases[] = {
		{ "12号", 12, 2, 2 },
		{ "007", 7, 3, 3 },
		{ "五零一", 501, 3, 3 },
		{ "十", 10, 1, 2 },
		{ "十一楼", 11, 2, 2 },
		{ "二十", 20, 2, 2 },
		{ "一百零二", 102, 4, 3 },
		{ "五百", 500, 2, 3 },
		{ "两", 2, 1, 1 },
		{ "二〇三", 203, 3, 3 },
		{ "오백일호", 501, 3, 3 },
		{ "오공일", 501, 3, 3 },
		{ "십이", 12, 2, 2 },
		{ "륙", 6, 1, 1 },
		{ "이백이", 202, 3, 3 },
		{ "一千零一", 1001, 4, 4 },
		{ "二零零零七", 20007, 5, 5 },
		{ "号", 0, 0, 0 },
		{ "9999999999999999999999", 0, 22, 22 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct number n;

		normalise(cases[i].text, strlen(cases[i].text), &normal);
		assert_int_equal(number_read(normal.cp, normal.count, &n), cases[i].count);
		if (cases[i].count > 0) {
			assert_int_equal(n.value, cases[i].value);
			assert_int_equal(n.digits, cases[i].digits);
		}
	}
}

/* The automaton finds what a scan for each pattern finds. */
static void
scans_as_a_plain_search(void **state)
{
	static const char *const letters[] = { "井", "盖", "水", "a", " " };
	char patterns[40][64], text[256];
	struct keywords *k = keywords_new();
	struct keywords_hit hits[512];
	struct err err;
	unsigned seed = 1;

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		patterns[i][0] = '\0';
		for (int n = 1 + rand_r(&seed) % 5; n > 0; n--)
			strcat(patterns[i], letters[rand_r(&seed) % 4]);
		assert_true(keywords_add(k, patterns[i], i, &err));
	}
	assert_false(keywords_add(k, " \u200b", 99, &err));
	keywords_compile(k);
	for (int round = 0; round < 300; round++) {
		size_t count, expected = 0;

		text[0] = '\0';
		for (int n = rand_r(&seed) % 30; n > 0; n--)
			strcat(text, letters[rand_r(&seed) % 5]);
		normalise(text, strlen(text), &normal);
		count = keywords_scan(k, &normal, hits, 512);
		for (uint32_t i = 0; i < 40; i++)
			for (const char *at = text; (at = strstr(at, patterns[i])) != NULL; at++)
				expected++;
		assert_int_equal(count, expected);
	}
	keywords_free(&k);
}

static void
spaced_patterns_match_without_the_space(void **state)
{
	struct keywords *k = keywords_new();
	struct keywords_hit hits[8];
	struct err err;

	(void)state;
	assert_true(keywords_add(k, "물이 샘", 1, &err));
	assert_true(keywords_add(k, "가스", 2, &err));
	keywords_compile(k);
	normalise("물이샘", strlen("물이샘"), &normal);
	assert_int_equal(keywords_scan(k, &normal, hits, 8), 1);
	normalise("물이 샘", strlen("물이 샘"), &normal);
	assert_int_equal(keywords_scan(k, &normal, hits, 8), 1);
	normalise("누가 스스로", strlen("누가 스스로"), &normal);
	assert_int_equal(keywords_scan(k, &normal, hits, 8), 0);
	normalise("가스 누가스", strlen("가스 누가스"), &normal);
	assert_int_equal(keywords_scan(k, &normal, hits, 8), 2);
	keywords_free(&k);
}

static void
finds_addresses(void **state)
{
	/* unit in Chinese, building | entrance | room | floor | side */
	static const struct {
		const char *text, *unit, *parts;
	} cases[] = {
		{ "天图社区三号楼二单元五零一", "天图社区", "3|2|501|0|" },
		{ "天图 3 号楼 2 单元", "天图社区", "3|2||0|" },
		{ "铁北社区1-3-101", "铁北社区", "1|3|101|0|" },
		{ "３－２－５０１", "", "3|2|501|0|" },
		{ "2026-11-24下午两点 14度 80岁 138-1234-5678", "", "|||0|" },
		{ "电话0433-2631234", "", "|||0|" },
		{ "梨园街道河西社区3#2单元501", "河西社区", "3|2|501|0|" },
		{ "六道河社区八号楼三单元七楼西门", "六道河社区", "8|3||7|west" },
		{ "维新社区1号楼十一楼", "维新社区", "1|||11|" },
		{ "5楼2单元", "", "5|2||0|" },
		{ "龙门桥桥头", "", "|||0|" },
		{ "龙门桥旁边龙门社区2号楼", "龙门社区", "2|||0|" },
		{ "文化活动前进一步", "", "|||0|" },
		{ "文化5号楼", "文化社区", "5|||0|" },
		{ "智新镇明东村", "明东村", "|||0|" },
		{ "东盛涌镇东明村", "东明村", "|||0|" },
		{ "龙池村", "龙池村", "|||0|" },
		{ "龙池社区", "龙池社区", "|||0|" },
		{ "智新镇龙池", "龙池村", "|||0|" },
		{ "老头沟镇文化村", "文化村", "|||0|" },
		{ "这个老头沟通不了", "", "|||0|" },
		{ "三合镇三合社区", "三合社区", "|||0|" },
		{ "天图路有坑", "", "|||0|" },
		{ "천도사회구역 3동 2단원 501호", "天图社区", "3|2|501|0|" },
		{ "삼동 이단원 오백일호", "", "3|2|501|0|" },
		{ "삼동이단원오백일호", "", "3|2|501|0|" },
		{ "3동네 사람 이동 중 이 동네", "", "|||0|" },
		{ "１층에서 15도", "", "|||1|" },
		{ "용문사회구역", "龙门社区", "|||0|" },
		{ "룡문사회구역", "龙门社区", "|||0|" },
		{ "철북에 불이 없어요", "铁北社区", "|||0|" },
		{ "지신진 명동촌", "明东村", "|||0|" },
		{ "B座 302室", "", "B||302|0|" },
		{ "三百块钱 一个事 一楼", "", "|||1|" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct understanding u;
		const struct address *a = &u.address;
		const char *name;
		char got[64];

		understand(lx, scratch, cases[i].text, strlen(cases[i].text), NULL, &u);
		name = a->units == 0 ? "" : understand_data_place(a->unit[0]);
		snprintf(got, sizeof(got), "%s|%s|%s|%d|%s", a->building, a->entrance, a->room,
		    a->floor, address_side_name(a->side));
		if (strcmp(name, cases[i].unit) != 0 || strcmp(got, cases[i].parts) != 0)
			print_message("# %s: %s %s\n", cases[i].text, name, got);
		assert_string_equal(name, cases[i].unit);
		assert_string_equal(got, cases[i].parts);
	}
}

static void
home_decides_what_the_text_leaves_open(void **state)
{
	struct understand_sender at_village = { .home_unit = 222405105203 };
	struct understand_sender at_community = { .home_unit = 222405001004 };
	struct understanding u;
	const char *bare = "龙池 停电了", *culture = "文化 停电了";

	(void)state;
	understand(lx, scratch, bare, strlen(bare), NULL, &u);
	assert_int_equal(u.address.units, 1); /* villages need their suffix */
	assert_string_equal(understand_data_place(u.address.unit[0]), "龙池社区");
	understand(lx, scratch, bare, strlen(bare), &at_village, &u);
	assert_string_equal(understand_data_place(u.address.unit[0]), "龙池村");
	understand(lx, scratch, culture, strlen(culture), NULL, &u);
	assert_int_equal(u.address.units, 0);
	understand(lx, scratch, culture, strlen(culture), &at_community, &u);
	assert_string_equal(understand_data_place(u.address.unit[0]), "文化社区");
}

static void
finds_landmarks(void **state)
{
	static const struct {
		const char *text, *landmark;
	} cases[] = {
		{ "文化社区菜市场门口井盖坏了", "菜市场门口" },
		{ "骑车摔好几个了 龙门桥桥头", "龙门桥桥头" },
		{ "三号楼二单元门口的井盖没了", "" },
		{ "就在学校门口", "学校门口" },
		{ "학교 앞 가로등", "학교 앞" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct understanding u;
		char got[128];

		understand(lx, scratch, cases[i].text, strlen(cases[i].text), NULL, &u);
		snprintf(got, sizeof(got), "%.*s", (int)u.address.landmark_len,
		    cases[i].text + u.address.landmark_at);
		assert_string_equal(got, cases[i].landmark);
	}
}

static void
finds_case_numbers(void **state)
{
	static const struct {
		const char *text;
		enum understanding_number number;
		uint64_t value;
		enum kind kind;
	} cases[] = {
		{ "20007", UNDERSTANDING_NUMBER, 20007, KIND_CASE_NUMBER },
		{ "２００２０", UNDERSTANDING_NUMBER, 20020, KIND_CASE_NUMBER },
		{ "20 007", UNDERSTANDING_NUMBER, 20007, KIND_CASE_NUMBER },
		{ "二零零零七", UNDERSTANDING_NUMBER, 20007, KIND_CASE_NUMBER },
		{ "20007号", UNDERSTANDING_NUMBER, 20007, KIND_CASE_NUMBER },
		{ "编号：20007", UNDERSTANDING_NUMBER, 20007, KIND_CASE_NUMBER },
		{ "20008", UNDERSTANDING_MISTYPED, 0, KIND_CASE_NUMBER },
		{ "13000", UNDERSTANDING_MISTYPED, 0, KIND_CASE_NUMBER },
		{ "案件20007进展怎么样了", UNDERSTANDING_NUMBER, 20007, KIND_PROGRESS },
		{ "번호 20007 어떻게 됐습니까", UNDERSTANDING_NUMBER, 20007, KIND_PROGRESS },
		{ "20007호 안건 어떻게 됐습니까", UNDERSTANDING_NUMBER, 20007, KIND_PROGRESS },
		{ "欠我20007元工资", UNDERSTANDING_NO_NUMBER, 0, KIND_CASE },
		{ "井盖坏了 13812345678", UNDERSTANDING_NO_NUMBER, 0, KIND_CASE },
		{ "13812345678", UNDERSTANDING_NO_NUMBER, 0, KIND_CASE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct understanding u;

		understand(lx, scratch, cases[i].text, strlen(cases[i].text), NULL, &u);
		if (u.number_state != cases[i].number || u.kind != cases[i].kind)
			print_message(
			    "# %s: %d %s\n", cases[i].text, (int)u.number_state, kind_name(u.kind));
		assert_int_equal(u.number_state, cases[i].number);
		assert_int_equal(u.number, cases[i].value);
		assert_int_equal(u.kind, cases[i].kind);
	}
}

/* Texts that must give this state; prints those that do not. */
static unsigned
misread_numbers(const char *const *texts, size_t count, enum understanding_number state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < count; i++) {
		struct understanding u;
		bool asked;

		understand(lx, scratch, texts[i], strlen(texts[i]), NULL, &u);
		asked = u.kind == KIND_CASE_NUMBER || u.kind == KIND_PROGRESS;
		/* Beside a category the clerk tells by whose number it is. */
		asked |= !u.number_marked && u.first.code != NULL;
		if (u.number_state == state && (asked || state == UNDERSTANDING_NO_NUMBER))
			continue;
		print_message("# %s: state %d number %llu kind %s\n", texts[i], (int)u.number_state,
		    (unsigned long long)u.number, kind_name(u.kind));
		wrong++;
	}
	return wrong;
}

#define MISREAD(list, state) misread_numbers(list, sizeof(list) / sizeof(list[0]), state)

static const char *const by_number[] = {
	"20007修好没",
	"20007好了吗",
	"编号20007怎么样了",
	"20007 怎么样了",
	"20007怎么样了？",
	"２０００７修好没",
	"２０００７号修好了吗",
	"二零零零七修好没",
	"二〇〇〇七号怎么样了",
	"两零零零七到哪了",
	"20007号的事办了吗",
	"20007号那个事咋样了",
	"20007那个修没修",
	"20007咋样了",
	"20007 有结果没",
	"20007有信儿没",
	"我那个20007咋还没修呢",
	"你好，20007修好没有",
	"您好，我想问一下20007办得怎么样了",
	"请问20007",
	"查20007",
	"查一下20007",
	"帮我查查20007",
	"20007查询",
	"麻烦看看20007到哪一步了",
	"20007啥时候能修",
	"20007什么时候来人",
	"20007都三天了还没来人",
	"20007还没修好",
	"20007没修好",
	"20007没人来",
	"催一下20007",
	"20007催办",
	"20007快点",
	"20007抓紧给办办吧",
	"20007尽快处理",
	"20007啥情况",
	"20007怎么回事",
	"20007 咋回事啊",
	"20007好没好",
	"20007好了没",
	"20007好了么",
	"20007完事没",
	"20007完了吗",
	"20007行了吗",
	"#20007 修好没",
	"20007，修好没",
	"20007。修好没有？",
	"修好没20007",
	"怎么样了20007",
	"好了吗？20007",
	"问下20007",
	"20007?",
	"20007？？",
	"20007好了？",
	"编号20007",
	"我的编号是20007",
	"我是20007",
	"编号是20007，好了吗",
	"编号：20007 好没好",
	"案件20007有消息吗",
	"案号20007怎么还没人管",
	"20007号案子怎么样了",
	"20007号件催一下",
	"工单20007到哪了",
	"20007 进度",
	"20007进展",
	"20007结果",
	"20007的结果呢",
	"20007的情况",
	"20007处理没",
	"20007处理了吗谢谢",
	"你好20007修好没谢谢",
	"20007我家那个事咋整的",
	"20007这个事儿办到哪了",
	"老同志问一下20007那个啥时候能办",
	"儿子帮我问20007修好没",
	"20007俺家的修没",
	"我说的20007有没有动静",
	"20007多久能好",
	"20007还要多久",
	"20007哪天来修",
	"20007多咱能修",
	"20007几时来人",
	"二零零零七好了吗",
	"二零零二零修好没",
	"20020修好没",
	"20033怎么样了",
	"20046号修好没有",
	"100009修好没",
	"20007 어떻게 됐어요",
	"20007 어떻게 됐습니까",
	"20007 어떻게 되였습니까",
	"20007 어떻게 됐소",
	"20007 고쳤습니까",
	"20007 고쳤어요?",
	"20007번 고쳤습니까",
	"20007호 어떻게 됐습니까",
	"20007건 어떻게 됐습니까",
	"20007은 어떻게 됐습니까",
	"20007이 어떻게 됐나요",
	"20007 언제 고쳐줍니까",
	"20007 언제 됩니까",
	"20007 아직입니까",
	"20007 아직도 안 왔어요",
	"20007 진행 상황",
	"20007 결과",
	"20007 결과 알려주세요",
	"20007 확인해주세요",
	"20007 조회",
	"20007 알아봐주십시오",
	"20007 소식 없습니까",
	"20007 처리됐습니까",
	"20007 처리됐나요",
	"20007 해결됐습니까",
	"20007 빨리 해주십시오",
	"20007 얼른 좀",
	"번호 20007 어떻게 됐어요",
	"제 번호 20007 어떻게 됐습니까",
	"안녕하십니까 20007 어떻게 됐습니까",
	"수고하십니다 20007 고쳤습니까",
	"어떻게 됐습니까 20007",
	"２０００７ 어떻게 됐어요",
	"20007번이 어떻게 되였소",
	"20007 왜 안 고칩니까",
	"20007 언제면 됩니까",
	"20007 여태 안됐습니까",
	"할머니가 물어봅니다 20007 어떻게 됐는지",
	"우리 집 20007 어떻게 됐습니까",
	"20007 궁금합니다",
	"20007 문의드립니다",
	"20007 답 주십시오",
	"이공공공칠 어떻게 됐습니까",
	"20007 됐어요?",
	"20007 됐나요",
	"20007 됐습니까",
};

static const char *const by_mistyped_number[] = {
	"20008修好没",
	"20008好了吗",
	"20008怎么样了",
	"编号20008怎么样了",
	"编号20009修好没",
	"２０００８修好没",
	"二零零零八修好没",
	"20070到哪了",
	"你好，20008修好没",
	"查一下20008",
	"请问20009",
	"20700好了吗？",
	"20008 어떻게 됐어요",
	"20008 고쳤습니까",
	"번호 20008 어떻게 됐습니까",
	"20070 아직입니까",
	"20008번 어떻게 됐습니까",
	"20008",
	"20009号",
};

static const char *const by_no_number[] = {
	"欠我20007元工资啥时候给",
	"20007块钱还没给",
	"工资20007还没发",
	"一共20007还没退给我",
	"花了20007修的房子又漏了",
	"罚款20007怎么回事",
	"电费20007度怎么回事",
	"水表20007还没抄",
	"水表读数20007对不对",
	"电话3223467没人接怎么回事",
	"电话20007打不通咋回事",
	"打20007没人接",
	"手机13800138000打不通",
	"13812345678怎么打不通",
	"我电话0433-3223467还没人回",
	"微信20007加我",
	"12345没人接怎么回事",
	"12345修好没",
	"12345怎么样了",
	"110来了没",
	"打110没人来",
	"打120还没到",
	"95598没人接怎么回事",
	"10086怎么回事",
	"95598停电了啥时候来电",
	"20007室暖气还没修",
	"20007号楼漏水还没修",
	"20007号房还没修",
	"20007路灯坏了还没修",
	"20007号电杆倒了没人管",
	"快递单号20007还没到",
	"车牌吉H20007堵门没人管",
	"吉H20007怎么还没挪走",
	"密码20007怎么不对",
	"验证码200070怎么没有",
	"卡号20007查不了",
	"20261124还没修好",
	"2026年11月24日报的还没修",
	"邮编133400对吗",
	"20007平的院子积水没人管",
	"20007人在等怎么还没来",
	"20007公里还没修",
	"20007天了还没修",
	"20007次了还没修",
	"户号20007还没来电",
	"表号20007怎么样了",
	"3.20007怎么样",
	"20007.5怎么样了",
	"20007-1怎么样了",
	"1/20007怎么样",
	"房价20007怎么样",
	"四单元501还没修",
	"3号楼2单元501修好没",
	"501修好没",
	"3-2-501怎么样了",
	"110",
	"12345",
	"10086",
	"96123",
	"12348",
	"20007원 월급 언제 줍니까",
	"로임 20007 아직 못받았습니다",
	"월급 20007 언제 줍니까",
	"전화 3223467 왜 안받습니까",
	"전화번호 20007 아닙니까",
	"20007동 물이 안나옵니다 언제 고쳐줍니까",
	"20007호실 언제 고칩니까",
	"20007명이 기다립니다 언제 옵니까",
	"20007년 어떻게 됐어요",
	"비밀번호 20007 맞습니까",
	"20007만원 언제 줍니까",
	"12345 왜 안받습니까",
	"110 언제 옵니까",
	"요금 20007 왜 나왔습니까",
	"계좌 20007 확인해주세요",
	"20007차 언제 옵니까",
	"3동 2단원 501호 언제 고칩니까",
	"501호 고쳤습니까",
	"13812345678 왜 안받습니까",
};

static void
tells_questions_by_number(void **state)
{
	(void)state;
	assert_int_equal(MISREAD(by_number, UNDERSTANDING_NUMBER) +
			     MISREAD(by_mistyped_number, UNDERSTANDING_MISTYPED) +
			     MISREAD(by_no_number, UNDERSTANDING_NO_NUMBER),
	    0);
}

static void
tells_kinds(void **state)
{
	static const struct {
		const char *text;
		enum kind kind;
	} cases[] = {
		{ "", KIND_EMPTY },
		{ "  \n", KIND_EMPTY },
		{ "。。。", KIND_PUNCT },
		{ "👍👍👍", KIND_EMOJI },
		{ "哈哈哈", KIND_LAUGH },
		{ "ㅋㅋㅋㅋ", KIND_LAUGH },
		{ "TD", KIND_OPTOUT },
		{ "Ｔ", KIND_OPTOUT },
		{ " 退 订 ", KIND_OPTOUT },
		{ "수신거부", KIND_OPTOUT },
		{ "订阅", KIND_OPTIN },
		{ "1", KIND_ANSWER },
		{ "２", KIND_ANSWER },
		{ "二", KIND_ANSWER },
		{ "好", KIND_ANSWER },
		{ "네", KIND_ANSWER },
		{ "不满意", KIND_ANSWER },
		{ "你好", KIND_GREETING },
		{ "谢谢", KIND_THANKS },
		{ "井盖坏了，谢谢", KIND_CASE },
		{ "【某某贷】您有30万额度", KIND_AD },
		{ "【海兰江e站】井盖坏了", KIND_CASE },
		{ "验证码483920", KIND_OTP },
		{ "我正在开会，稍后给您回电话。", KIND_AUTOREPLY },
		{ "这条小道杂草太多，能清理一下就好了。", KIND_WISH },
		{ "井盖的事修好了没有?", KIND_PROGRESS },
		{ "下水道堵了", KIND_CASE },
		{ "我想跳楼 哈哈", KIND_CASE },
		{ "哐哐", KIND_TOO_SHORT },
		{ "那个东西又不行了呗", KIND_CASE },
		{ "\xff\xfe\xfd", KIND_UNDECODABLE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct understanding u;

		understand(lx, scratch, cases[i].text, strlen(cases[i].text), NULL, &u);
		if (u.kind != cases[i].kind)
			print_message("# %s: %s\n", cases[i].text, kind_name(u.kind));
		assert_int_equal(u.kind, cases[i].kind);
	}
}

static void
answers(void **state)
{
	struct understanding u;

	(void)state;
	understand(lx, scratch, "２", 3, NULL, &u);
	assert_int_equal(u.answer, UNDERSTANDING_DIGITS);
	assert_int_equal(u.answer_digits, 2);
	understand(lx, scratch, "不满意", 9, NULL, &u);
	assert_int_equal(u.answer, UNDERSTANDING_NO);
	understand(lx, scratch, "好的，谢谢", strlen("好的，谢谢"), NULL, &u);
	assert_int_equal(u.answer, UNDERSTANDING_YES);
	understand(lx, scratch, "停水了", 9, NULL, &u);
	assert_int_equal(u.answer, UNDERSTANDING_NO_ANSWER);
}

static void
marks_what_must_be_masked(void **state)
{
	static const struct {
		const char *text, *phone, *code;
	} cases[] = {
		{ "我妈家 电话13812345678", "13812345678", "" },
		{ "打１３８１２３４５６７８吧", "１３８１２３４５６７８", "" },
		{ "138-1234-5678找我", "138-1234-5678", "" },
		{ "138 1234 5678", "138 1234 5678", "" },
		{ "0433-2631234", "0433-2631234", "" },
		{ "电话2631234", "2631234", "" },
		{ "身份证22240519500101123x", "22240519500101123", "" },
		{ "验证码483920", "", "483920" },
		{ "3号楼2单元501", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;
		struct understanding u;
		char got[64] = "", code[64] = "";

		understand(lx, scratch, text, strlen(text), NULL, &u);
		if (u.phone_count > 0)
			snprintf(
			    got, sizeof(got), "%.*s", (int)u.phones[0].len, text + u.phones[0].at);
		if (u.code_count > 0)
			snprintf(
			    code, sizeof(code), "%.*s", (int)u.codes[0].len, text + u.codes[0].at);
		assert_string_equal(got, cases[i].phone);
		assert_string_equal(code, cases[i].code);
	}
}

static void
tells_urgency(void **state)
{
	static const struct {
		const char *text;
		bool urgent;
	} cases[] = {
		{ "屋里有煤气味 快来人", true },
		{ "对门大爷两天没见着人了 敲门也没声", true },
		{ "我不想活了", true },
		{ "보이라 터졌소", true },
		{ "路灯不亮", false },
		{ "快来修路灯", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct understanding u;

		understand(lx, scratch, cases[i].text, strlen(cases[i].text), NULL, &u);
		assert_int_equal(u.urgent, cases[i].urgent);
	}
}

static void
explains_itself(void **state)
{
	const char *text = "墙上全是开锁通下水的小广告";
	struct understanding u;
	bool counted = false;

	(void)state;
	understand(lx, scratch, text, strlen(text), NULL, &u);
	assert_string_equal(u.first.code, "ads");
	for (unsigned i = 0; i < u.hit_count; i++)
		counted |= u.hits[i].counted && strcmp(u.hits[i].category, "ads") == 0 &&
			   memcmp(text + u.hits[i].span.at, "小广告", u.hits[i].span.len) == 0;
	assert_true(counted);
}

static void
doubt_is_shown(void **state)
{
	static const struct {
		const char *text, *first, *second;
		bool unsure, weak;
	} cases[] = {
		{ "停水两天了", "water", NULL, false, false },
		{ "停水又停电", "water", "power", true, false },
		{ "这棚", "shed", NULL, false, true },
		{ "那个东西又不行了呗", NULL, NULL, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct understanding u;

		understand(lx, scratch, cases[i].text, strlen(cases[i].text), NULL, &u);
		assert_int_equal(u.unsure, cases[i].unsure);
		assert_int_equal(u.weak, cases[i].weak);
		assert_string_equal(u.first.code == NULL ? "" : u.first.code,
		    cases[i].first == NULL ? "" : cases[i].first);
		assert_string_equal(u.second.code == NULL ? "" : u.second.code,
		    cases[i].second == NULL ? "" : cases[i].second);
	}
}

static void
long_texts_are_cut(void **state)
{
	size_t len = 100000;
	char *text = malloc(len);
	struct understanding u;

	(void)state;
	for (size_t i = 0; i + 3 <= len; i += 3)
		memcpy(text + i, "井", 3);
	understand(lx, scratch, text, len, NULL, &u);
	assert_int_equal(u.kind, KIND_CASE);
	memset(text, '1', len);
	understand(lx, scratch, text, len, NULL, &u);
	assert_int_equal(u.kind, KIND_CASE);
	free(text);
}

static void
refuses_bad_rows(void **state)
{
	struct lexicon *bad = lexicon_new();
	struct err err;

	(void)state;
	assert_false(lexicon_compile(bad, &err));
	assert_false(lexicon_add_category(bad, "x", "strange", false, &err));
	assert_false(lexicon_add_category(bad, "x", "flag", false, &err));
	assert_true(lexicon_add_category(bad, "x", "case", false, &err));
	assert_false(lexicon_add_category(bad, "x", "case", false, &err));
	assert_false(lexicon_compile(bad, &err));
	assert_false(lexicon_add_keyword(bad, 1, "井", "y", 3, &err));
	assert_string_equal(err.text, "keyword \"井\": there is no category \"y\"");
	assert_false(lexicon_add_keyword(bad, 1, "井", "x", 10, &err));
	assert_false(lexicon_add_keyword(bad, 1, " ", "x", 3, &err));
	assert_false(lexicon_add_place(bad, 1, "planet", "天图", 0, false, &err));
	assert_false(lexicon_add_place(bad, 0, "community", "天图", 0, false, &err));
	assert_true(lexicon_add_keyword(bad, 1, "井", "x", 3, &err));
	assert_true(lexicon_compile(bad, &err));
	lexicon_free(&bad);
	assert_null(bad);
}

static int
load(void **state)
{
	(void)state;
	lx = understand_data_load(DATADIR);
	scratch = understand_scratch_new();
	return 0;
}

static int
unload(void **state)
{
	(void)state;
	lexicon_free(&lx);
	understand_scratch_free(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(scans_as_a_plain_search),
		cmocka_unit_test(spaced_patterns_match_without_the_space),
		cmocka_unit_test(finds_addresses),
		cmocka_unit_test(home_decides_what_the_text_leaves_open),
		cmocka_unit_test(finds_landmarks),
		cmocka_unit_test(finds_case_numbers),
		cmocka_unit_test(tells_questions_by_number),
		cmocka_unit_test(tells_kinds),
		cmocka_unit_test(answers),
		cmocka_unit_test(marks_what_must_be_masked),
		cmocka_unit_test(tells_urgency),
		cmocka_unit_test(explains_itself),
		cmocka_unit_test(doubt_is_shown),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(refuses_bad_rows),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
