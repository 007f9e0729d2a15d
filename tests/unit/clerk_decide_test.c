/* SPDX-License-Identifier: BSD-2-Clause */
/* What a message becomes: sender and text on the left, decision on the right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/err.h"
#include "clerk/decide.h"
#include "clerk/message.h"
#include "clerk/recent.h"
#include "clerk/reply.h"
#include "clerk/route.h"
#include "text/lexicon.h"
#include "text/understand.h"

#define NOW_US (INT64_C(1764000000) * 1000000)

enum { CITY = 1, STREET, COMMUNITY, GRID, HOUSING, GAS, TOWN, VILLAGE };

struct world {
	struct policy *policy;
	struct recent *recent;
	struct understand_scratch *scratch;
	struct arena arena;
	int64_t number;
	struct decide_context context;
};

static int64_t
next_number(void *arg)
{
	struct world *w = arg;

	return w->number += 13;
}

static void
add_category(struct policy *p, const char *code, const char *kind, const char *zh, const char *ko,
    const char *emergency, int32_t department, bool urgent)
{
	struct err err;

	policy_add_category(p, code, zh, ko, emergency, department, urgent);
	assert_true(lexicon_add_category(p->lexicon, code, kind, urgent, &err));
}

static void
add_words(struct policy *p, const char *category, int weight, const char *const *words)
{
	struct err err;

	for (; *words != NULL; words++)
		assert_true(lexicon_add_keyword(p->lexicon, 1, *words, category, weight, &err));
}

static void
add_templates(struct policy *p)
{
	for (int t = 0; t < TEMPLATES; t++) {
		char zh[200], ko[200];
		const char *fields =
		    "{number}|{category}|{unit}|{state}|{address}|{emergency}|{text}";
		snprintf(zh, sizeof(zh), "%s %s", template_name((enum template)t), fields);
		snprintf(ko, sizeof(ko), "ko-%s %s", template_name((enum template)t), fields);
		policy_set_template(p, template_name((enum template)t), TONGUE_ZH, zh);
		policy_set_template(p, template_name((enum template)t), TONGUE_KO, ko);
	}
}

static void
add_places(struct policy *p)
{
	struct err err;

	policy_add_unit(p, CITY, 0, "city", "龙井市", "룡정시", "", TONGUE_ZH);
	policy_add_unit(
	    p, STREET, CITY, "street", "安民街道", "안민가두", "+8613900000030", TONGUE_ZH);
	policy_add_unit(p, COMMUNITY, STREET, "community", "天图社区", "천도사회구역",
	    "+8613900000020", TONGUE_KO);
	policy_add_unit(
	    p, GRID, COMMUNITY, "grid", "第一网格", "제1격자", "+8613900000010", TONGUE_ZH);
	policy_add_unit(p, HOUSING, CITY, "department", "住房局", "주택국", "", TONGUE_ZH);
	policy_set_phone(p, "0433-3222222");
	policy_add_unit(p, GAS, CITY, "department", "燃气公司", "가스회사", "", TONGUE_ZH);
	policy_add_unit(p, TOWN, CITY, "town", "智新镇", "지신진", "", TONGUE_ZH);
	policy_add_unit(p, VILLAGE, TOWN, "village", "明东村", "명동촌", "", TONGUE_ZH);
	policy_add_grid(p, COMMUNITY, "3", GRID, 0);
	policy_add_grid(p, COMMUNITY, "4", 0, 1);
	assert_true(
	    lexicon_add_place(p->lexicon, COMMUNITY, "community", "天图", STREET, false, &err));
	assert_true(
	    lexicon_add_place(p->lexicon, COMMUNITY, "community", "천도", STREET, false, &err));
	assert_true(lexicon_add_place(p->lexicon, VILLAGE, "village", "明东", TOWN, false, &err));
}

static int
setup(void **state)
{
	static const char *const light[] = { "路灯", "楼道灯", "가로등", NULL };
	static const char *const gas[] = { "煤气味", "가스냄새", NULL };
	static const char *const green[] = { "杂草", NULL };
	static const char *const wish[] = { "就好了", NULL };
	static const char *const labour[] = { "清理一下", NULL };
	static const char *const asked[] = { "修好了没有", NULL };
	static const char *const refuse[] = { "退订", NULL };
	static const char *const thanks[] = { "谢谢", NULL };
	static const char *const hello[] = { "你好", NULL };
	struct world *w = calloc(1, sizeof(*w));
	struct policy *p = policy_new();
	struct err err;

	add_category(p, "streetlight", "case", "路灯", "가로등", "", HOUSING, false);
	add_category(p, "gas", "case", "燃气", "가스", "119", GAS, true);
	add_category(p, "green", "case", "绿化", "록화", "", 0, false);
	add_category(p, "wish", "wish", "心愿", "소원", "", 0, false);
	add_category(p, "wish_labour", "wish", "出力", "힘쓰는 일", "", 0, false);
	add_category(p, "progress", "flag", "催办", "재촉", "", 0, false);
	add_category(p, "optout", "other", "退订", "수신거부", "", 0, false);
	add_category(p, "thanks", "other", "感谢", "감사", "", 0, false);
	add_category(p, "greeting", "other", "问候", "인사", "", 0, false);
	add_words(p, "streetlight", 3, light);
	add_words(p, "gas", 4, gas);
	add_words(p, "green", 3, green);
	add_words(p, "wish", 3, wish);
	add_words(p, "wish_labour", 3, labour);
	add_words(p, "progress", 3, asked);
	add_words(p, "optout", 3, refuse);
	add_words(p, "thanks", 3, thanks);
	add_words(p, "greeting", 3, hello);
	add_templates(p);
	add_places(p);
	policy_add_route(p, "green", 0, -1, 0, "community");
	assert_true(policy_finish(p, &err));
	w->policy = p;
	w->recent = recent_new();
	w->scratch = understand_scratch_new();
	w->number = 20007 - 13;
	w->context = (struct decide_context){ .policy = p,
		.recent = w->recent,
		.scratch = w->scratch,
		.arena = &w->arena,
		.now_us = NOW_US,
		.next_number = next_number,
		.arg = w };
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	policy_free(&w->policy);
	recent_free(&w->recent);
	understand_scratch_free(&w->scratch);
	arena_clear(&w->arena);
	free(w);
	return 0;
}

static struct message
from(const char *source, const char *text)
{
	return (struct message){ .id = 7,
		.channel = "sms",
		.link = "a",
		.source = source,
		.destination = "12345",
		.charset = "UTF-8",
		.protocol = "",
		.text = text,
		.text_len = strlen(text),
		.campaigns = true,
		.home_building = "",
		.home_entrance = "",
		.home_room = "" };
}

static struct decision
decided(struct world *w, struct message m)
{
	struct decision d;

	decide(&w->context, &m, &d);
	return d;
}

static void
test_verdicts(void **state)
{
	static const struct {
		const char *text, *verdict;
		bool files, wish;
		unsigned out;
	} rows[] = {
		{ "天图社区3号楼楼道灯坏了", "case", true, false, 2 },
		{ "가로등이 안켜집니다 천도사회구역", "case", true, false, 2 },
		{ "这条小道杂草太多，能清理一下就好了", "wish", true, true, 1 },
		{ "", "empty", false, false, 0 },
		{ "。。。", "punct", false, false, 0 },
		{ "👍👍👍", "emoji", false, false, 0 },
		{ "退订", "optout", false, false, 1 },
		{ "谢谢", "thanks", false, false, 0 },
		{ "你好", "greeting", false, false, 1 },
		{ "【某某贷】您有30万额度待领取", "ad", false, false, 0 },
		{ "1", "answer", false, false, 0 },
		/* nobody understands it: a person will */
		{ "鸭绿江东北虎一二三四五六七八九十里外的老朋友", "case", true, false, 1 },
		{ "修好了没有", "progress", false, false, 1 },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char source[32];
		struct decision d;

		snprintf(source, sizeof(source), "+86139111100%02zu", i);
		d = decided(w, from(source, rows[i].text));
		if (strcmp(d.verdict, rows[i].verdict) != 0 || d.files != rows[i].files ||
		    d.wish != rows[i].wish || d.out_count != rows[i].out)
			fail_msg("\"%s\": %s files=%d wish=%d out=%u", rows[i].text, d.verdict,
			    d.files, d.wish, d.out_count);
	}
}

static void
test_case(void **state)
{
	struct decision d = decided(*state, from("+8613911110000", "天图社区3号楼楼道灯坏了"));

	assert_int_equal(d.number, 20007);
	assert_string_equal(d.category, "streetlight");
	assert_int_equal(d.unit, HOUSING);
	assert_int_equal(d.place, GRID);
	assert_string_equal(d.building, "3");
	assert_string_equal(d.out[0].destination, "+8613911110000");
	assert_string_equal(d.out[0].source, "12345");
	assert_string_equal(d.out[0].link, "a");
	assert_int_equal(d.out[0].priority, PRIORITY_REPLY);
	assert_non_null(strstr(d.out[0].body, "case_filed 20007|路灯|住房局"));
	assert_string_equal(d.out[1].destination, "+8613900000010");
	assert_int_equal(d.out[1].priority, PRIORITY_NOTICE);
	assert_non_null(strstr(d.out[1].body, "天图社区3号楼"));
	assert_string_equal(d.contact, "+8613911110000");
}

static void
test_refusal_is_confirmed_once(void **state)
{
	struct message m = from("+8613911110000", "退订");
	struct decision d = decided(*state, m);

	assert_int_equal(d.out_count, 1);
	assert_int_equal(d.contact_campaigns, 0);
	m.campaigns = false;
	d = decided(*state, m);
	assert_string_equal(d.verdict, "optout");
	assert_int_equal(d.out_count, 0);
}

static void
test_service_is_never_answered(void **state)
{
	struct message m = from("10086", "天图社区3号楼楼道灯坏了");
	struct decision d;

	m.flags = MESSAGE_NO_ANSWER;
	d = decided(*state, m);
	assert_string_equal(d.verdict, "service");
	assert_false(d.files);
	assert_int_equal(d.out_count, 0);
}

static void
test_danger(void **state)
{
	struct decision d = decided(*state, from("+8613911110000", "天图社区3号楼有煤气味"));

	assert_true(d.urgent);
	assert_non_null(strstr(d.out[0].body, "119"));
	assert_int_equal(d.out_count, 3);
	for (unsigned i = 0; i < d.out_count; i++)
		assert_int_equal(d.out[i].priority, PRIORITY_DANGER);
	assert_string_equal(d.out[1].destination, "+8613900000010");
	assert_string_equal(d.out[2].destination, "+8613900000020");
	/* the community reads Korean */
	assert_memory_equal(d.out[2].body, "ko-notice_danger", 16);
}

static void
test_home_completes_the_address(void **state)
{
	struct message m = from("+8613911110000", "楼道灯坏了");
	struct decision d;

	m.home_community = COMMUNITY;
	m.home_building = "3";
	m.home_entrance = "2";
	m.home_room = "501";
	d = decided(*state, m);
	assert_int_equal(d.place, GRID);
	assert_string_equal(d.building, "3");
	assert_string_equal(d.room, "501");
	/* but not when the text is of another place */
	m.text = "明东村路灯坏了";
	m.text_len = strlen(m.text);
	d = decided(*state, m);
	assert_int_equal(d.place, VILLAGE);
	assert_string_equal(d.building, "");
	assert_string_equal(d.room, "");
}

static void
test_stored_language_goes_first(void **state)
{
	struct message m = from("+8613911110000", "天图社区3号楼楼道灯坏了");
	struct decision d;

	m.language = LANGUAGE_KO;
	d = decided(*state, m);
	assert_memory_equal(d.out[0].body, "ko-case_filed", 13);
	assert_null(d.contact);
}

static void
test_the_same_again(void **state)
{
	struct world *w = *state;
	struct decision d = decided(w, from("+8613911110000", "天图社区3号楼楼道灯坏了"));
	int64_t number = d.number;

	d = decided(w, from("+8613911110000", "天图社区3号楼 楼道灯坏了"));
	assert_string_equal(d.verdict, "duplicate");
	assert_int_equal(d.event_number, number);
	assert_string_equal(d.event_action, "repeated");
	assert_int_equal(d.out_count, 0);
	assert_false(d.files);
	/* a wish, too, and it does not hide the case */
	d = decided(w, from("+8613911110000", "有人陪我说说话就好了"));
	assert_true(d.wish);
	number = d.number;
	d = decided(w, from("+8613911110000", "有人陪我 说说话就好了"));
	assert_string_equal(d.verdict, "duplicate");
	assert_int_equal(d.event_number, number);
	d = decided(w, from("+8613911110000", "天图社区3号楼  楼道灯坏了"));
	assert_string_equal(d.verdict, "duplicate");
	/* somebody else with the same words is another reporter */
	d = decided(w, from("+8613911110001", "天图社区3号楼楼道灯坏了"));
	assert_true(d.files);
	/* and after ten minutes it is told anew */
	w->context.now_us += INT64_C(601) * 1000000;
	d = decided(w, from("+8613911110000", "天图社区3号楼楼道灯坏了"));
	assert_true(d.files);
}

static void
test_progress(void **state)
{
	struct message m = from("+8613911110000", "路灯修好了没有");
	struct decision d;

	m.cases[0] = (struct message_case){ .number = 20033,
		.category = "gas",
		.category_len = 3,
		.state = "in_work",
		.state_len = 7,
		.unit = GAS };
	m.cases[1] = (struct message_case){ .number = 20020,
		.category = "streetlight",
		.category_len = 11,
		.state = "received",
		.state_len = 8,
		.unit = HOUSING };
	m.case_count = 2;
	d = decided(*state, m);
	assert_string_equal(d.verdict, "progress");
	assert_int_equal(d.event_number, 20020);
	assert_string_equal(d.event_action, "chased");
	assert_non_null(strstr(d.out[0].body, "progress 20020|路灯|住房局|已接收待处理"));
}

static void
test_numbers(void **state)
{
	struct world *w = *state;
	struct decide_known known = { .found = false, .category = "", .state = "" };
	struct decision d = decided(w, from("+8613911110000", "20020"));

	assert_int_equal(d.look, LOOK_NUMBER);
	assert_int_equal(d.look_id, 20020);
	decide_number(&w->context, &known, &d);
	assert_int_equal(d.look, LOOK_NOTHING);
	assert_int_equal(d.out[0].template, TEMPLATE_NUMBER_UNKNOWN);
	assert_int_equal(d.event_number, 0);

	d = decided(w, from("+8613911110000", "20020"));
	known = (struct decide_known){
		.found = true, .category = "gas", .state = "in_work", .unit = GAS
	};
	decide_number(&w->context, &known, &d);
	assert_int_equal(d.out[0].template, TEMPLATE_PROGRESS);
	assert_int_equal(d.event_number, 20020);

	d = decided(w, from("+8613911110000", "20020"));
	known.state = "closed";
	decide_number(&w->context, &known, &d);
	assert_int_equal(d.out[0].template, TEMPLATE_PROGRESS_CLOSED);
	assert_int_equal(d.out_count, 1);
	assert_string_equal(d.event_action, "looked_up");

	d = decided(w, from("+8613911110000", "编号20021"));
	assert_int_equal(d.out[0].template, TEMPLATE_NUMBER_MISTYPED);
	d = decided(w, from("+8613911110000", "你好，20021修好没"));
	assert_int_equal(d.out[0].template, TEMPLATE_NUMBER_MISTYPED);
	assert_non_null(strstr(d.out[0].body, "20021"));
	assert_null(strstr(d.out[0].body, "修好"));
}

/* A number among other words: the sender's own case, or not a number of a case at all. */
static void
test_numbers_among_words(void **state)
{
	struct world *w = *state;
	struct message m = from("+8613911110000", "20020那个楼道灯修好没");
	struct decision d;

	m.cases[0] = (struct message_case){ .number = 20007,
		.category = "power",
		.category_len = 5,
		.state = "filed",
		.state_len = 5 };
	m.cases[1] = (struct message_case){ .number = 20020,
		.category = "power",
		.category_len = 5,
		.state = "in_work",
		.state_len = 7 };
	m.case_count = 2;
	d = decided(w, m);
	assert_int_equal(d.event_number, 20020);
	assert_string_equal(d.event_action, "chased");

	d = decided(w, from("+8613911110001", "20020好了吗"));
	assert_int_equal(d.look, LOOK_NUMBER);
	assert_int_equal(d.look_id, 20020);

	/* What he tells of is filed: the number means something else. */
	d = decided(w, from("+8613911110002", "20020那个楼道灯修好没"));
	assert_true(d.files);
	d = decided(w, from("+8613911110003", "20020号路灯还没修"));
	assert_true(d.files);
	d = decided(w, from("+8613911110002", "煤气罐20007怎么回事，一股煤气味"));
	assert_true(d.files);
	assert_int_equal(d.look, LOOK_NOTHING);
}

static void
test_late_part(void **state)
{
	struct world *w = *state;
	struct message m = from("+8613911110000", "后半段");
	struct decision d;

	m.flags = MESSAGE_LATE_PART;
	m.protocol = "{\"total\": 3, \"number\": 2, \"late_for\": 4711}";
	d = decided(w, m);
	assert_int_equal(d.look, LOOK_MESSAGE);
	assert_int_equal(d.look_id, 4711);
	decide_late_part(&w->context, 20020, &d);
	assert_int_equal(d.event_number, 20020);
	assert_string_equal(d.event_action, "added_text");
	assert_string_equal(d.event_reason, "后半段");

	d = decided(w, m);
	decide_late_part(&w->context, 0, &d);
	assert_true(d.files);
	assert_string_equal(d.text, "后半段");
}

static void
test_incomplete(void **state)
{
	struct world *w = *state;
	struct buffer text = { 0 };
	struct message m = from("+8613911110000", "");

	m.text = NULL;
	m.charset = "UTF-16BE";
	m.raw = "\x58\x2b\x4e\x0b\x6c\x34";
	m.raw_len = 6;
	m.flags = MESSAGE_INCOMPLETE | MESSAGE_JOINED;
	/* the cut goes through the second character: each run is decoded as a whole */
	m.protocol = "{\"total\": 4, \"segments\": [3, 1, 0, 2], \"missing\": [3]}";
	policy_set_template(w->policy, "part_missing", TONGUE_ZH, "[{part}]");
	message_decode(&m, w->policy, &text);
	assert_string_equal(text.data, "堫下[3]水");
	buffer_clear(&text);
}

static void
test_masking(void **state)
{
	struct decision d =
	    decided(*state, from("+8613911110000", "天图社区3号楼楼道灯坏了 电话13812345678"));

	assert_non_null(strstr(d.text, "13812345678"));
	assert_null(strstr(d.out[1].body, "13812345678"));
	assert_non_null(strstr(d.out[1].body, "138****5678"));
}

/* As mask_text() in the database does it (tests/sql/manners.sql), but for blanks that stay. */
static void
test_masks_of_every_form(void **state)
{
	static const char *const cases[][2] = {
		{ "灯坏了 电话13812345678，", "138****5678，" },
		{ "灯坏了 打１３８１２３４５６７８吧", "打１３８****５６７８吧" },
		{ "灯坏了 138-1234-5678", "138-****-5678" },
		{ "灯坏了 138 1234 5678", "138 **** 5678" },
		{ "灯坏了 0433-2631234", "043*-***1234" },
		{ "灯坏了 电话2631234", "电话263*234" },
		{ "灯坏了 身份证222405198001011234号", "222405********1234号" },
		{ "灯坏了 身份证22240519500101123x号", "222405********123x号" },
		{ "灯坏了 编号20007", "编号20007" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = *state;
		struct understanding u;
		struct buffer out = { 0 };

		understand(
		    w->policy->lexicon, w->scratch, cases[i][0], strlen(cases[i][0]), NULL, &u);
		reply_mask(&u, cases[i][0], strlen(cases[i][0]), &out);
		assert_non_null(strstr(out.data, cases[i][1]));
		buffer_clear(&out);
	}
}

static void
rendered(struct world *w, const char *phone, const char *unit, const char *expected)
{
	struct buffer out = { 0 };

	reply_render(w->policy, TEMPLATE_PROGRESS, TONGUE_ZH,
	    &(struct reply_fields){ .number = "20007", .unit = unit, .phone = phone }, &out);
	assert_string_equal(out.data, expected);
	assert_true(reply_units(out.data, out.len) <= REPLY_UNITS);
	buffer_clear(&out);
}

#define TEN "一二三四五六七八九十"
#define FORTY TEN TEN TEN TEN

/* The telephone of the unit is told where there is one and where there is room. */
static void
test_what_may_be_left_out(void **state)
{
	struct world *w = *state;
	struct decision d;

	policy_set_template(
	    w->policy, "progress", TONGUE_ZH, "编号{number}，在{unit}{?（{phone}）?}。");
	rendered(w, "0433-3222222", "住房局", "编号20007，在住房局（0433-3222222）。");
	rendered(w, "", "住房局", "编号20007，在住房局。");
	rendered(w, NULL, "住房局", "编号20007，在住房局。");
	/* 70 units with the telephone, then 71 without being shortened. */
	rendered(w, "0433-3222222", FORTY "一二三四五六",
	    "编号20007，在" FORTY "一二三四五六（0433-3222222）。");
	rendered(
	    w, "0433-3222222", FORTY "一二三四五六七", "编号20007，在" FORTY "一二三四五六七。");

	policy_set_template(
	    w->policy, "case_filed", TONGUE_ZH, "{number} {unit}{?（{phone}）?}{?，{part}?}");
	d = decided(w, from("+8613911110000", "楼道灯坏了"));
	assert_string_equal(d.out[0].body, "20007 住房局（0433-3222222）");
}

static void
test_fits_one_part(void **state)
{
	struct world *w = *state;
	struct buffer out = { 0 };
	char text[3000] = "";

	for (int i = 0; i < 100; i++)
		strcat(text, "水管爆了😀");
	policy_set_template(
	    w->policy, "notice_case", TONGUE_ZH, "{number} {category}，{address}：{text}");
	reply_render(w->policy, TEMPLATE_NOTICE_CASE, TONGUE_ZH,
	    &(struct reply_fields){ .number = "20007",
		.category = "供水",
		.address = "天图社区3号楼2单元501",
		.text = text },
	    &out);
	assert_int_equal(reply_units(out.data, out.len), REPLY_UNITS);
	assert_non_null(strstr(out.data, "…"));
	assert_non_null(strstr(out.data, "3号楼2单元501"));
	buffer_clear(&out);
}

static void
test_routes(void **state)
{
	struct world *w = *state;
	const struct policy *p = w->policy;

	assert_int_equal(route_responsible(p, "streetlight", COMMUNITY, NULL)->id, HOUSING);
	assert_int_equal(route_responsible(p, "green", GRID, NULL)->id, COMMUNITY);
	assert_int_equal(route_responsible(p, "green", VILLAGE, NULL)->id, VILLAGE);
	assert_int_equal(route_responsible(p, "green", 0, NULL)->id, CITY);
	assert_int_equal(route_responsible(p, NULL, GRID, NULL)->id, COMMUNITY);
	assert_int_equal(route_responsible(p, NULL, 0, NULL)->id, CITY);
	/* Where there is no property company, and that is known. */
	policy_add_route(w->policy, "streetlight", 0, -1, 0, "street");
	policy_set_route_property(w->policy, 0);
	assert_int_equal(route_responsible(p, "streetlight", COMMUNITY, "3")->id, STREET);
	assert_int_equal(route_responsible(p, "streetlight", GRID, "3")->id, STREET);
	assert_int_equal(route_responsible(p, "streetlight", COMMUNITY, "4")->id, HOUSING);
	assert_int_equal(route_responsible(p, "streetlight", COMMUNITY, "5")->id, HOUSING);
	assert_null(policy_grid(p, COMMUNITY, "4"));
	assert_int_equal(route_contact(p, policy_unit(p, GRID))->id, GRID);
	assert_int_equal(route_contact(p, policy_unit(p, STREET))->id, STREET);
	assert_null(route_contact(p, policy_unit(p, VILLAGE)));
}

/* ---- staff, answers, second texts ----------------------------------------------------------- */

static struct message
staff(const char *text)
{
	struct message m = from("+8613900000020", text);

	m.staff_level = 2;
	m.staff_unit = COMMUNITY;
	m.person = 77;
	return m;
}

static void
test_commands(void **state)
{
	static const struct {
		const char *text, *action, *word, *reason;
		int number, days;
	} rows[] = {
		{ "收20007", "accept", "", "", 20007, 0 },
		{ "转20007 城管 占道", "transfer", "城管", "占道", 20007, 0 },
		{ "延20007 2天 等配件", "extend", "", "等配件", 20007, 2 },
		{ "并20007 20020", "merge", "20020", "", 20007, 0 },
		{ "好了", "done", "", "", 0, 0 },
		{ "发布20046 3人 周六9点", "publish", "{\"people\":3,\"weekday\":6,\"hour\":9}",
		    "3人 周六9点", 20046, 0 },
		{ "接20046", "accept", "", "", 20046, 0 },
		{ "20046我去", "claim", "", "20046我去", 20046, 0 },
		{ "没来20046 石磊", "absent", "", "石磊", 20046, 0 },
		{ "20007", "look", "", "", 20007, 0 },
		{ "我的", "list", "", "", 0, 0 },
	};
	struct decision d;
	struct message m;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		d = decided(*state, staff(rows[i].text));
		assert_string_equal(d.verdict, "command");
		assert_false(d.files);
		assert_int_equal(d.out_count, 0);
		assert_string_equal(d.step.action, rows[i].action);
		assert_string_equal(d.step.word, rows[i].word);
		assert_string_equal(d.step.reason, rows[i].reason);
		assert_int_equal(d.step.number, rows[i].number);
		assert_int_equal(d.step.days, rows[i].days);
	}
	/* a resident who writes the same asks for nothing of the sort */
	d = decided(*state, from("+8613911110000", "收20007"));
	assert_null(d.step.action);
	d = decided(*state, from("+8613911110000", "接20046 带1人"));
	assert_string_equal(d.step.action, "claim");
	assert_string_equal(d.step.word, "{\"people\":1,\"plus\":true}");
	assert_int_equal(d.step.number, 20046);
	d = decided(*state, from("+8613911110000", "20046去不了了"));
	assert_string_equal(d.step.action, "drop");
	d = decided(*state, from("+8613911110000", "接20047"));
	assert_null(d.step.action);
	d = decided(*state, from("+8613911110000", "我去20046楼道灯坏了"));
	assert_null(d.step.action);
	m = from("+8613911110000", "帮助");
	d = decided(*state, m);
	assert_null(d.step.action);
	m.volunteer = true;
	d = decided(*state, m);
	assert_string_equal(d.step.action, "help");
	m = from("+8613911110000", "收20007");
	m.volunteer = true;
	d = decided(*state, m);
	assert_null(d.step.action);
	/* and staff report like everybody */
	d = decided(*state, staff("天图社区3号楼楼道灯坏了"));
	assert_true(d.files);
	/* danger always */
	d = decided(*state, staff("好了 天图社区3号楼有煤气味"));
	assert_true(d.files && d.urgent);
	d = decided(*state, staff("收20008"));
	assert_null(d.step.action);
	assert_int_equal(d.out[0].template, TEMPLATE_NUMBER_MISTYPED);
}

static void
test_filed_for_a_resident(void **state)
{
	struct decision d = decided(*state, staff("代报 13911110000 天图社区3号楼楼道灯坏了"));

	assert_true(d.files);
	assert_false(d.wish);
	assert_string_equal(d.phone, "+8613911110000");
	assert_int_equal(d.entered_by, 77);
	assert_int_equal(d.person, 0);
	assert_string_equal(d.category, "streetlight");
	assert_string_equal(d.text, "天图社区3号楼楼道灯坏了");
	assert_string_equal(d.out[0].destination, "+8613900000020");
	assert_string_equal(d.out[d.out_count - 1].destination, "+8613911110000");
	d = decided(*state, staff("代愿 13911110000 天图社区3号楼想有人陪着说说话"));
	assert_true(d.files && d.wish);
	assert_string_equal(d.phone, "+8613911110000");
	assert_int_equal(d.entered_by, 77);
}

static void
test_dialog(void **state)
{
	static const struct {
		const char *dialog, *text, *action, *word;
		int number;
	} rows[] = {
		{ "a\tsolved\t20020\tstreetlight\t3", "1", "digits", "1", 0 },
		{ "a\tsolved\t20020\tstreetlight\t3", "２", "digits", "2", 0 },
		{ "a\tsolved\t20020\tstreetlight\t3", "20020 2", "no", "", 20020 },
		{ "a\tsolved\t20020\tstreetlight\t3", "楼道灯还是坏的", "no", "", 0 },
		{ "a\tconfirm\t20020\tstreetlight\t", "４８２１", "digits", "4821", 0 },
		{ "c\t\t20020\tstreetlight\t3", "天图社区3号楼楼道灯坏了", "reopen", "", 20020 },
		{ "c\t\t20033\tgas\t\nc\t\t20020\tstreetlight\t", "路灯又坏了", "reopen", "",
		    20020 },
		{ "a\tsolved\t20020\tstreetlight\t3", "还没修好", "no", "", 0 },
		{ "a\tsolved\t20020\tstreetlight\t3", "谢谢，修好了", "yes", "", 0 },
		{ "a\tsolved\t20020\tstreetlight\t3", "아직 안됐어요", "no", "", 0 },
		/* a wish that he was told of, a place that is held for him */
		{ "a\toffer\t20046\t\t", "接", "claim", "", 0 },
		{ "a\toffer\t20046\t\t", "我去 2人", "claim", "{\"people\":2}", 0 },
		{ "a\toffer\t20046\t\t", "갑니다", "claim", "", 0 },
		{ "a\toffer\t20046\t\t", "去不了", "no", "", 0 },
		{ "a\tplace\t20046\t\t", "1", "digits", "1", 0 },
		/* nothing to do with it */
		{ "a\toffer\t20046\t\t", "天图社区3号楼楼道灯坏了", NULL, "", 0 },
		{ "a\tsolved\t20020\tstreetlight\t3", "我去", NULL, "", 0 },
		{ "", "1", NULL, "", 0 },
		{ "c\t\t20020\tstreetlight\t5", "天图社区3号楼楼道灯坏了", NULL, "", 0 },
		{ "a\tsolved\t20020\tstreetlight\t3", "谢谢", NULL, "", 0 },
		{ "a\tsolved\t20020\tgas\t3", "天图社区3号楼有煤气味", NULL, "", 0 },
		{ "a\tconfirm\t20020\tstreetlight\t", "退订", NULL, "", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = *state;
		struct message m = from("+8613911110000", rows[i].text);
		struct decision d;

		m.dialog = rows[i].dialog;
		d = decided(w, m);
		recent_forget(w->recent);
		if (rows[i].action == NULL && d.step.action == NULL)
			continue;
		if (rows[i].action == NULL || d.step.action == NULL ||
		    strcmp(d.step.action, rows[i].action) != 0 ||
		    strcmp(d.step.word, rows[i].word) != 0 || d.step.number != rows[i].number)
			fail_msg("\"%s\": %s", rows[i].text,
			    d.step.action != NULL ? d.step.action : d.verdict);
		assert_false(d.files);
	}
}

static void
test_second_text(void **state)
{
	static const struct {
		const char *text;
		bool added, same;
	} rows[] = {
		{ "楼道灯一闪一闪的", true, false },
		{ "天图社区3号楼楼道灯全灭了", true, false },
		{ "天图社区5号楼楼道灯全灭了", false, true },
		{ "明东村路灯坏了", false, false },
		{ "老太太都不敢下楼", true, false },
		{ "天图社区3号楼有煤气味", false, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = *state;
		struct message m = from("+8613911110000", rows[i].text);
		struct decision d;
		bool same = false;

		m.cases[0] = (struct message_case){ .number = 20020,
			.category = "streetlight",
			.category_len = 11,
			.state = "received",
			.state_len = 8,
			.building = "3",
			.building_len = 1,
			.place = GRID,
			.filed_us = w->context.now_us - INT64_C(3600) * 1000000,
			.unit = HOUSING };
		m.case_count = 1;
		d = decided(w, m);
		recent_forget(w->recent);
		for (unsigned o = 0; o < d.out_count; o++)
			same |= d.out[o].template == TEMPLATE_NOTICE_SAME;
		if (d.files == rows[i].added || (d.event_number == 20020) != rows[i].added ||
		    same != rows[i].same)
			fail_msg("\"%s\": %s same=%d", rows[i].text, d.verdict, same);
		if (rows[i].added)
			assert_int_equal(d.out[0].template, TEMPLATE_CASE_ADDED);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_verdicts),
		TEST(test_case),
		TEST(test_refusal_is_confirmed_once),
		TEST(test_service_is_never_answered),
		TEST(test_danger),
		TEST(test_home_completes_the_address),
		TEST(test_stored_language_goes_first),
		TEST(test_the_same_again),
		TEST(test_progress),
		TEST(test_numbers),
		TEST(test_numbers_among_words),
		TEST(test_late_part),
		TEST(test_incomplete),
		TEST(test_masking),
		TEST(test_masks_of_every_form),
		TEST(test_what_may_be_left_out),
		TEST(test_fits_one_part),
		TEST(test_routes),
		TEST(test_commands),
		TEST(test_filed_for_a_resident),
		TEST(test_dialog),
		TEST(test_second_text),
	};

	return cmocka_run_group_tests_name("clerk_decide", tests, NULL, NULL);
}
