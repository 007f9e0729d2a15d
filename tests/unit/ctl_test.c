/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of hailanctl that need no database: phones, CSV, cells, JSON, tables. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/err.h"
#include "ctl/chart.h"
#include "ctl/csv.h"
#include "ctl/json.h"
#include "ctl/kinds.h"
#include "ctl/phone.h"
#include "ctl/table.h"

#define COUNT(A) (sizeof(A) / sizeof((A)[0]))

static void
test_phones(void **state)
{
	static const struct {
		const char *text, *number; /* number NULL: refused */
		enum phone_kind kind;
	} cases[] = {
		{ "13812345678", "+8613812345678", PHONE_MOBILE },
		{ "138 1234 5678", "+8613812345678", PHONE_MOBILE },
		{ "138-1234-5678", "+8613812345678", PHONE_MOBILE },
		{ " +86 138 1234 5678 ", "+8613812345678", PHONE_MOBILE },
		{ "+86(138)12345678", "+8613812345678", PHONE_MOBILE },
		{ "008613812345678", "+8613812345678", PHONE_MOBILE },
		{ "00 86 138 1234 5678", "+8613812345678", PHONE_MOBILE },
		{ "8613812345678", "+8613812345678", PHONE_MOBILE },
		{ "013812345678", "+8613812345678", PHONE_MOBILE },
		{ "１３８１２３４５６７８", "+8613812345678", PHONE_MOBILE },
		{ "＋８６ 13812345678", "+8613812345678", PHONE_MOBILE },
		{ "138　1234　5678", "+8613812345678", PHONE_MOBILE },
		{ "19912345678", "+8619912345678", PHONE_MOBILE },
		{ "0433-3222222", "+864333222222", PHONE_LANDLINE },
		{ "（0433）3222222", "+864333222222", PHONE_LANDLINE },
		{ "+86 0433 3222222", "+864333222222", PHONE_LANDLINE },
		{ "+864333222222", "+864333222222", PHONE_LANDLINE },
		{ "010-12345678", "+861012345678", PHONE_LANDLINE },
		{ "0431 81234567", "+8643181234567", PHONE_LANDLINE },
		{ "400-123-4567", "+864001234567", PHONE_LANDLINE },
		{ "+82 10 1234 5678", "+821012345678", PHONE_FOREIGN },
		{ "0082 10 1234 5678", "+821012345678", PHONE_FOREIGN },
		{ "10086", NULL, 0 },
		{ "110", NULL, 0 },
		{ "12345", NULL, 0 },
		{ "3222222", NULL, 0 },
		{ "1381234567", NULL, 0 },
		{ "138123456789", NULL, 0 },
		{ "12812345678", NULL, 0 },
		{ "+86 138 1234 567", NULL, 0 },
		{ "+", NULL, 0 },
		{ "", NULL, 0 },
		{ "+1234567", NULL, 0 },
		{ "+1234567890123456", NULL, 0 },
		{ "12345678901234567890123", NULL, 0 },
		{ "138+12345678", NULL, 0 },
		{ "++8613812345678", NULL, 0 },
		{ "138123456七8", NULL, 0 },
		{ "1.38E+10", NULL, 0 },
		{ "\xEF", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char number[PHONE_TEXT] = "";
		enum phone_kind kind;
		struct err err = { "" };
		bool ok = phone_normalise(cases[i].text, number, &kind, &err);

		if (ok != (cases[i].number != NULL))
			fail_msg("\"%s\": %s", cases[i].text, ok ? number : err.text);
		if (ok && (strcmp(number, cases[i].number) != 0 || kind != cases[i].kind))
			fail_msg("\"%s\" gives %s, kind %d", cases[i].text, number, (int)kind);
		assert_true(ok || err.text[0] != '\0');
	}
}

/* The records as "line:[a][b]" joined by blanks; a wrong one as "line!". */
static void
read_csv(const char *text, size_t len, struct buffer *out)
{
	struct csv csv;
	enum csv_end end;
	struct err err;

	csv_init(&csv, text, len);
	while ((end = csv_next(&csv, &err)) != CSV_END) {
		buffer_printf(out, "%s%u", out->len > 0 ? " " : "", csv.record_line);
		if (end == CSV_WRONG) {
			buffer_add_byte(out, '!');
			continue;
		}
		buffer_add_byte(out, ':');
		for (size_t i = 0; i < csv.count; i++)
			buffer_printf(out, "[%s]", csv_field(&csv, i));
		assert_string_equal(csv_field(&csv, csv.count), "");
	}
	csv_clear(&csv);
}

static void
test_csv(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "\n\n", "" },
		{ "a", "1:[a]" },
		{ "a,b\nc,d\n", "1:[a][b] 2:[c][d]" },
		{ "a,b\r\nc,d", "1:[a][b] 2:[c][d]" },
		{ "a,b\rc,d\r", "1:[a][b] 2:[c][d]" },
		{ "\xEF\xBB\xBF"
		  "a,b\n1,2",
		    "1:[a][b] 2:[1][2]" },
		{ "a,b,\n,,\n", "1:[a][b][] 2:[][][]" },
		{ "\"a,b\",\"c\"\"d\"\n", "1:[a,b][c\"d]" },
		{ "\"a\nb\",c\nd,e", "1:[a\nb][c] 3:[d][e]" },
		{ "\"a\r\nb\"\r\nd", "1:[a\r\nb] 3:[d]" },
		{ " a , \" b \" ,c d \n", "1:[a][b][c d]" },
		{ "a;b\n1;2,3", "1:[a][b] 2:[1][2,3]" },
		{ "a\tb\n1\t\"2\t3\"", "1:[a][b] 2:[1][2\t3]" },
		{ "\"\"\n\"\",\"\"", "1:[] 2:[][]" },
		{ "a\"b,c\n", "1:[a\"b][c]" },
		{ "\"a\"b,c\nd", "1! 2:[d]" },
		{ "a\n\"b\nc\nd", "1:[a] 2!" },
		{ "a\n\nb\n\n\nc", "1:[a] 3:[b] 6:[c]" },
	};
	struct buffer out = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buffer_clear(&out);
		buffer_reserve(&out, 1);
		out.data[0] = '\0';
		read_csv(cases[i][0], strlen(cases[i][0]), &out);
		if (strcmp(out.data, cases[i][1]) != 0)
			fail_msg("case %zu: \"%s\" instead of \"%s\"", i, out.data, cases[i][1]);
	}
	buffer_reset(&out);
	read_csv("a,b\nc\0d,e\nf,g", 13, &out);
	assert_string_equal(out.data, "1:[a][b] 2! 3:[f][g]");
	buffer_clear(&out);
}

static void
test_cells(void **state)
{
	static const struct {
		const char *kind, *column, *cell, *json; /* json NULL: refused */
	} cases[] = {
		{ "units", "code", "222405001005-01", ",\"code\":\"222405001005-01\"" },
		{ "units", "code", "", NULL },
		{ "units", "parent", "", "" },
		{ "units", "level", "grid", ",\"level\":\"grid\"" },
		{ "units", "level", "gri", NULL },
		{ "units", "aliases", "a| b ||c", ",\"aliases\":[\"a\",\"b\",\"c\"]" },
		{ "units", "aliases", "土城铺｜土城宝", ",\"aliases\":[\"土城铺\",\"土城宝\"]" },
		{ "units", "phone", "0433-3222222", ",\"phone\":\"+864333222222\"" },
		{ "units", "name_zh", "a\"b\\c", ",\"name_zh\":\"a\\\"b\\\\c\"" },
		{ "units", "name_zh", "a\x01", NULL },
		{ "staff", "phone", "138 1234 5678", ",\"phone\":\"+8613812345678\"" },
		{ "staff", "phone", "0433-3222222", NULL },
		{ "staff", "phone", "10086", NULL },
		{ "staff", "level", "4", ",\"level\":\"4\"" },
		{ "staff", "level", "5", NULL },
		{ "staff", "level", "2.0", NULL },
		{ "staff", "duty", "是", ",\"duty\":true" },
		{ "staff", "duty", "no", ",\"duty\":false" },
		{ "staff", "duty", "maybe", NULL },
		{ "residents", "phone", "13812345678|0433-3222222",
		    ",\"phone\":[\"+8613812345678\",\"+864333222222\"]" },
		{ "residents", "phone", "13812345678|110", NULL },
		{ "residents", "born", "1948", ",\"born\":\"1948\"" },
		{ "residents", "born", "1948-03-02", ",\"born\":\"1948-03-02\"" },
		{ "residents", "born", "1948/3/2", ",\"born\":\"1948-03-02\"" },
		{ "residents", "born", "1948年3月2日", ",\"born\":\"1948-03-02\"" },
		{ "residents", "born", "2000-02-29", ",\"born\":\"2000-02-29\"" },
		{ "residents", "born", "1900-02-29", NULL },
		{ "residents", "born", "48-03-02", NULL },
		{ "residents", "born", "1948-03-02x", NULL },
		{ "categories", "code", "road_2", ",\"code\":\"road_2\"" },
		{ "categories", "code", "Road", NULL },
		{ "categories", "code", "_road", NULL },
		{ "categories", "code", "2road", NULL },
		{ "keywords", "category", "a23456789012345678901234567890123", NULL },
		{ "households", "floor", "-1", ",\"floor\":\"-1\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct kind *kind = kind_find(cases[i].kind);
		const struct column *column = column_find(kind, cases[i].column);
		struct buffer json = { 0 };
		struct err err;

		assert_non_null(column);
		buffer_reserve(&json, 1);
		json.data[0] = '\0';
		if (column_add(column, cases[i].cell, &json, &err) != (cases[i].json != NULL))
			fail_msg("%s \"%s\"", cases[i].column, cases[i].cell);
		if (cases[i].json != NULL)
			assert_string_equal(json.data, cases[i].json);
		else
			assert_memory_equal(err.text, cases[i].column, strlen(cases[i].column));
		buffer_clear(&json);
	}
	assert_null(kind_find("unit"));
}

static void
test_json(void **state)
{
	static const char text[] = " {\"a\": [1, -2.5e3, true, null], "
				   "\"b\":\"x\\n\\u5929\\ud83d\\ude00\\ud800\", \"c\":{}}";
	static const char *const wrong[] = { "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "nul", "\"",
		"\"\\x\"", "\"\\u12g4\"", "1 2", "[", "{\"a\":1,}", "'a'" };
	struct json *tree;
	struct buffer out = { 0 };
	struct err err;

	(void)state;
	assert_true(json_parse(text, strlen(text), &tree, &err));
	assert_string_equal(json_member_text(tree, "b"), "x\n天😀\xEF\xBF\xBD");
	assert_null(json_member(tree, "d"));
	json_show(tree, &out);
	assert_string_equal(out.data, "a=1, -2.5e3, true b=x\n天😀\xEF\xBF\xBD c=");
	json_free(&tree);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(json_parse(wrong[i], strlen(wrong[i]), &tree, &err));
		assert_null(tree);
	}
	buffer_reset(&out);
	for (int i = 0; i < 100000; i++)
		buffer_add_byte(&out, '[');
	assert_false(json_parse(out.data, out.len, &tree, &err));
	buffer_clear(&out);
}

static void
test_table(void **state)
{
	struct table *t = table_new();
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(table_width("天图 a네"), 8);
	assert_int_equal(table_width("a\n\x1b[31mb"), 8);
	assert_int_equal(table_width("\xFF\xFE"), 2);
	table_title(t, "N", true);
	table_title(t, "NAME", false);
	table_title(t, "TEXT", false);
	table_cell(t, "7");
	table_cell(t, "天图社区");
	table_cell(t, "楼道灯坏了 谢谢");
	table_cell(t, "1234");
	table_cell(t, "네");
	table_cell(t, "a\nb\x1b");
	table_cell(t, "");
	table_cell(t, "");
	table_cell(t, "");
	table_print(t, 0, &out);
	assert_string_equal(out.data, "   N  NAME      TEXT\n"
				      "   7  天图社区  楼道灯坏了 谢谢\n"
				      "1234  네        a b \n"
				      "\n");
	buffer_reset(&out);
	table_print(t, 29, &out);
	assert_string_equal(out.data, "   N  NAME      TEXT\n"
				      "   7  天图社区  楼道灯坏了 …\n"
				      "1234  네        a b \n"
				      "\n");
	table_free(&t);
	buffer_clear(&out);
}

static void
test_charts(void **state)
{
	static const struct {
		double share;
		const char *bar, *level;
	} cases[] = {
		{ 0, "····", "▁" },
		{ -1, "····", "▁" },
		{ 0.02, "▏···", "▁" },
		{ 0.5, "██··", "▅" },
		{ 0.6, "██▍·", "▅" },
		{ 0.97, "███▉", "█" },
		{ 1, "████", "█" },
		{ 7, "████", "█" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buffer out = { 0 };

		chart_bar(cases[i].share, 4, &out);
		assert_string_equal(out.data, cases[i].bar);
		assert_int_equal(table_width(out.data), 4);
		buffer_reset(&out);
		chart_level(cases[i].share, &out);
		assert_string_equal(out.data, cases[i].level);
		buffer_clear(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phones),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_charts),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
