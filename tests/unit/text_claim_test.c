/* SPDX-License-Identifier: BSD-2-Clause */
/* Claims and plans by text: what was written on the left, what it means on the right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "text/claim.h"
#include "text/plan.h"

static const struct {
	const char *text, *meant;
} plans[] = {
	{ "3人 周六9点 自备工具", "{\"people\":3,\"weekday\":6,\"hour\":9,\"tools\":\"工具\"}" },
	{ "3人周六9点自备镰刀", "{\"people\":3,\"weekday\":6,\"hour\":9,\"tools\":\"镰刀\"}" },
	{ "要三个人，明天下午2点半，带铁锹和手套",
	    "{\"people\":3,\"in\":1,\"hour\":14,\"minute\":30,\"tools\":\"铁锹和手套\"}" },
	{ "１０人　１１月２８日上午９：３０　在天图广场",
	    "{\"people\":10,\"month\":11,\"day\":28,\"hour\":9,\"minute\":30,\"place\":"
	    "\"天图广场\"}" },
	{ "下周三 8点 面向老人 反诈讲座",
	    "{\"weekday\":3,\"week\":1,\"hour\":8,\"audience\":\"老人\",\"what\":\"反诈讲座\"}" },
	{ "28号 3点", "{\"day\":28,\"hour\":15}" },
	{ "28号楼前除草", "{\"what\":\"28号楼前除草\"}" },
	{ "周日下午 2人", "{\"people\":2,\"weekday\":7,\"hour\":14}" },
	{ "晚上7点", "{\"hour\":19}" },
	{ "今晚7点", "{\"in\":0,\"hour\":19}" },
	{ "中午12点", "{\"hour\":12}" },
	{ "带2人", "{\"people\":2,\"plus\":true}" },
	{ "带2人 自带镰刀", "{\"people\":2,\"plus\":true,\"tools\":\"镰刀\"}" },
	{ "来2个", "{\"people\":2}" },
	{ "我俩", "{\"people\":2}" },
	{ "两人", "{\"people\":2}" },
	{ "3人 2小时 草都清了", "{\"people\":3,\"minutes\":120,\"what\":\"草都清了\"}" },
	{ "来了5个人，一个半小时，扫了院子",
	    "{\"people\":5,\"minutes\":90,\"what\":\"扫了院子\"}" },
	{ "2.5小时", "{\"minutes\":150}" },
	{ "40分钟", "{\"minutes\":40}" },
	{ "半小时", "{\"minutes\":30}" },
	{ "半天", "{\"minutes\":240}" },
	{ "3명 토요일 오전 9시 낫 지참",
	    "{\"people\":3,\"weekday\":6,\"hour\":9,\"tools\":\"낫\"}" },
	{ "세명 래일 오후 두시 반", "{\"people\":3,\"in\":1,\"hour\":14,\"minute\":30}" },
	{ "다음주 월요일 9시 천도광장에서",
	    "{\"weekday\":1,\"week\":1,\"hour\":9,\"place\":\"천도광장\"}" },
	{ "2명 데리고", "{\"people\":2,\"plus\":true}" },
	{ "두 사람 2시간 30분 풀을 다 베었습니다",
	    "{\"people\":2,\"minutes\":150,\"what\":\"풀을 다 베었습니다\"}" },
	{ "11월 28일 3명", "{\"people\":3,\"month\":11,\"day\":28}" },
	{ "13812345678", "{\"what\":\"13812345678\"}" },
	{ "3-2-501 擦玻璃", "{\"what\":\"3-2-501 擦玻璃\"}" },
	{ "", "{}" },
	{ "，。", "{}" },
	{ "0人", "{\"what\":\"0人\"}" },
	{ "1000人", "{\"what\":\"1000人\"}" },
};

/* come, drop or none; the number, ! before one that cannot be; what it says of people and tools. */
static const struct {
	const char *text, *meant;
} claims[] = {
	{ "接20046", "come 20046 {}" },
	{ "接 20046", "come 20046 {}" },
	{ "20046接", "come 20046 {}" },
	{ "２００４６　接", "come 20046 {}" },
	{ "接单编号20046。", "come 20046 {}" },
	{ "认领20046 3人", "come 20046 {\"people\":3}" },
	{ "20046我去 带2人 自带镰刀",
	    "come 20046 {\"people\":2,\"plus\":true,\"tools\":\"镰刀\"}" },
	{ "20046 我们3人去", "come 20046 {\"people\":3}" },
	{ "好的，20046我去", "come 20046 {\"what\":\"好的\"}" },
	{ "我报名20046", "come 20046 {}" },
	{ "20046 算我一个", "come 20046 {}" },
	{ "心愿20046我去吧", "come 20046 {\"what\":\"心愿\"}" },
	{ "신청20046", "come 20046 {}" },
	{ "20046 신청합니다 2명", "come 20046 {\"people\":2}" },
	{ "20046 제가 가겠습니다 낫 지참", "come 20046 {\"tools\":\"낫\"}" },
	{ "20046번 갑니다", "come 20046 {}" },
	{ "네 20046 가겠슴다", "come 20046 {\"what\":\"네\"}" },
	{ "退20046", "drop 20046 {}" },
	{ "20046去不了了", "drop 20046 {}" },
	{ "20046 临时有事去不了", "drop 20046 {}" },
	{ "我来不了20046", "drop 20046 {}" },
	{ "취소20046", "drop 20046 {}" },
	{ "20046 못 갑니다", "drop 20046 {}" },
	{ "接20047", "come !20047 {}" },
	{ "接", "come {}" },
	{ "我去", "come {}" },
	{ "我去 带1人", "come {\"people\":1,\"plus\":true}" },
	{ "去不了", "drop {}" },
	{ "갑니다", "come {}" },
	{ "제가 할게요", "come {}" },
	/* what begins like one and is none */
	{ "20046", "none" },
	{ "接孩子的校车停错地方了", "none" },
	{ "去年修的路又坏了", "none" },
	{ "来人看看 楼道灯坏了", "none" },
	{ "我去医院怎么走", "none" },
	{ "取消一下我家的有线电视", "none" },
	{ "接20046楼道灯坏了三天了没人来修你们管不管", "none" },
	{ "20046的事修好了没有", "none" },
	{ "할게요 많은데 쓰레기가 문제입니다", "none" },
	{ "天图社区3号楼楼道灯坏了", "none" },
	{ "", "none" },
};

static int
compare(const char *text, const char *wanted, const char *got)
{
	if (strcmp(got, wanted) == 0)
		return 0;
	print_error("# \"%s\": wanted \"%s\", got \"%s\"\n", text, wanted, got);
	return 1;
}

static void
test_plans(void **state)
{
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct buffer json = { 0 };
		struct plan p;

		plan_init(&p);
		plan_add(&p, plans[i].text, strlen(plans[i].text));
		plan_json(&p, &json);
		bad += compare(plans[i].text, plans[i].meant, json.data);
		plan_clear(&p);
		buffer_clear(&json);
	}
	assert_int_equal(bad, 0);
}

static void
test_claims(void **state)
{
	static const char *const verbs[] = { "none", "come", "drop" };
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct buffer got = { 0 };
		struct claim c;
		struct plan p;
		bool ok;

		plan_init(&p);
		ok = claim_parse(claims[i].text, strlen(claims[i].text), &c, &p);
		assert_int_equal(ok, c.verb != CLAIM_NONE);
		buffer_add_string(&got, verbs[c.verb]);
		if (ok && c.number_state != COMMAND_NO_NUMBER)
			buffer_printf(&got, " %s%llu",
			    c.number_state == COMMAND_MISTYPED ? "!" : "",
			    (unsigned long long)c.number);
		if (ok) {
			buffer_add_byte(&got, ' ');
			plan_json(&p, &got);
		}
		bad += compare(claims[i].text, claims[i].meant, got.data);
		plan_clear(&p);
		buffer_clear(&got);
	}
	assert_int_equal(bad, 0);
}

/* Two pieces of one text, as they stand before and behind a number. */
static void
test_pieces(void **state)
{
	struct buffer json = { 0 };
	struct plan p;

	(void)state;
	plan_init(&p);
	plan_add(&p, "除草", strlen("除草"));
	plan_add(&p, "3人 5人 扫院子", strlen("3人 5人 扫院子"));
	plan_json(&p, &json);
	assert_string_equal(json.data, "{\"people\":3,\"what\":\"除草 扫院子\"}");
	plan_clear(&p);
	buffer_clear(&json);
}

/* What a word with a number behind it is: a claim's verb, else a command's. */
static const char *
meaning(const char *word)
{
	char text[64];
	struct claim claim;
	struct command command;
	struct plan p;
	bool ok;

	snprintf(text, sizeof(text), "%s 20046", word);
	if (command_parse(text, strlen(text), &command) && command.verb != COMMAND_NOTE &&
	    command.verb != COMMAND_ACCEPT && command.verb != COMMAND_REFUSE &&
	    command.verb != COMMAND_WITHDRAW)
		return command_name(command.verb);
	plan_init(&p);
	ok = claim_parse(text, strlen(text), &claim, &p);
	plan_clear(&p);
	return !ok ? command_name(command.verb) : claim.verb == CLAIM_COME ? "claim" : "drop";
}

/* ".It Cm claim : 接 认领" in the manual page: each of these words does it. */
static void
test_words_of_the_manual(void **state)
{
	static const char *const same[][2] = { { "change", "publish" }, { "withdraw", "drop" } };
	FILE *f = fopen(MANUAL, "r");
	char line[1024];
	unsigned tried = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char action[33], *at = strstr(line, " : ");

		if (sscanf(line, ".It Cm %32s", action) != 1 || at == NULL ||
		    strcmp(action, "confirm") == 0 || strcmp(action, "cancel") == 0)
			continue;
		for (size_t i = 0; i < 2; i++)
			if (strcmp(action, same[i][0]) == 0)
				strcpy(action, same[i][1]);
		for (char *w = strtok(at + 3, " \n"); w != NULL; w = strtok(NULL, " \n")) {
			assert_string_equal(meaning(w), action);
			tried++;
		}
	}
	fclose(f);
	assert_true(tried > 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_words_of_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
