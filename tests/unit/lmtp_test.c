/* SPDX-License-Identifier: BSD-2-Clause */
/* The lmtp plugin's parts that need no loop and no mail. */
#include "plugins/lmtp/address.h"
#include "plugins/lmtp/auth.h"
#include "plugins/common/bytes.h"
#include "plugins/lmtp/command.h"
#include "plugins/lmtp/compose.h"
#include "plugins/lmtp/dots.h"
#include "plugins/lmtp/filetype.h"
#include "plugins/lmtp/html.h"
#include "plugins/lmtp/mail.h"
#include "plugins/lmtp/mime.h"
#include "plugins/lmtp/report.h"
#include "plugins/lmtp/settings.h"
#include "plugins/lmtp/trim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "0123456789abcdef"

static const struct settings settings = {
	.domain = "report.city.example",
	.address = "report@report.city.example",
	.secret = SECRET,
	.authserv_id = "",
	.limits = { .header = 65536, .parts = 100, .depth = 10, .text = 65000 },
};

static void
test_commands(void **state)
{
	static const struct {
		const char *line;
		enum command_verb verb;
		const char *path, *fault; /* the fault's beginning */
		int64_t size;
		bool smtputf8;
	} cases[] = {
		{ "LHLO mx", COMMAND_LHLO, "", NULL, -1, false },
		{ "lhlo mx", COMMAND_LHLO, "", NULL, -1, false },
		{ "LHLO", COMMAND_LHLO, "", "501", -1, false },
		{ "EHLO mx", COMMAND_HELLO, "", NULL, -1, false },
		{ "MAIL FROM:<>", COMMAND_MAIL, "", NULL, -1, false },
		{ "mail from: <a@b.example>  SIZE=12", COMMAND_MAIL, "a@b.example", NULL, 12,
		    false },
		{ "MAIL FROM:<a@b> BODY=8bitmime SMTPUTF8", COMMAND_MAIL, "a@b", NULL, -1, true },
		{ "MAIL FROM:<a@b> BODY=BINARYMIME", COMMAND_MAIL, "a@b", "501", -1, false },
		{ "MAIL FROM:<a@b> SIZE=x", COMMAND_MAIL, "a@b", "501", 0, false },
		{ "MAIL FROM:<a@b> SIZE=99999999999999999999", COMMAND_MAIL, "a@b", "501",
		    999999999999999999, false },
		{ "MAIL FROM:<a@b> AUTH=x", COMMAND_MAIL, "a@b", "555", -1, false },
		{ "MAIL FROM:a@b", COMMAND_MAIL, "", "501", -1, false },
		{ "MAIL TO:<a@b>", COMMAND_MAIL, "", "501", -1, false },
		{ "MAIL FROM:<a@b", COMMAND_MAIL, "", "501", -1, false },
		{ "RCPT TO:<@x,@y:a@b>", COMMAND_RCPT, "a@b", NULL, -1, false },
		{ "RCPT TO:<\"a>b\"@c>", COMMAND_RCPT, "\"a>b\"@c", NULL, -1, false },
		{ "RCPT TO:<a@b> SIZE=1", COMMAND_RCPT, "a@b", "555", -1, false },
		{ "DATA", COMMAND_DATA, "", NULL, -1, false },
		{ "DATA x", COMMAND_DATA, "", "501", -1, false },
		{ "NOOP anything", COMMAND_NOOP, "", NULL, -1, false },
		{ "QUIT", COMMAND_QUIT, "", NULL, -1, false },
		{ "BDAT 5 LAST", COMMAND_UNKNOWN, "", NULL, -1, false },
		{ "", COMMAND_UNKNOWN, "", NULL, -1, false },
		{ "MAILFROM:<a@b>", COMMAND_UNKNOWN, "", NULL, -1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct command c;
		command_parse(cases[i].line, strlen(cases[i].line), &c);
		print_message("# %s\n", cases[i].line);
		assert_int_equal(c.verb, cases[i].verb);
		assert_int_equal(c.path_len, strlen(cases[i].path));
		assert_memory_equal(c.path, cases[i].path, c.path_len);
		assert_int_equal(c.fault != NULL, cases[i].fault != NULL);
		if (c.fault != NULL)
			assert_memory_equal(c.fault, cases[i].fault, 3);
		assert_int_equal(c.size, cases[i].size);
		assert_int_equal(c.smtputf8, cases[i].smtputf8);
	}
	struct command c;
	command_parse("MAIL\0FROM:<a@b>", 15, &c);
	assert_non_null(c.fault);
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "Li.Ming@Example.NET", "li.ming@example.net" },
		{ "\"a b\"@c", "\"a b\"@c" },
		{ "a b@c", NULL },
		{ "a@", NULL },
		{ "@b", NULL },
		{ "ab", NULL },
		{ "a\x01@b", NULL },
		{ "\xff@b", NULL },
		{ "李@例子.中国", "李@例子.中国" },
	};
	char *longest = bytes_alloc(300, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *out = address_normal(cases[i].in, strlen(cases[i].in));
		if (cases[i].out == NULL)
			assert_null(out);
		else
			assert_string_equal(out, cases[i].out);
		free(out);
	}
	memset(longest, 'a', 255);
	longest[10] = '@';
	assert_null(address_normal(longest, 255));
	free(longest);
	assert_true(address_in_domains("a.example, B.example", "b.example"));
	assert_false(address_in_domains("a.example", "x.a.example"));
	assert_false(address_in_domains("a.example", "a.exampl"));
}

static void
test_addresses_of_cases_cannot_be_guessed(void **state)
{
	char token[ADDRESS_TOKEN + 1], address[100], other[ADDRESS_TOKEN + 1];
	int64_t number;

	(void)state;
	address_token(SECRET, 20007, token);
	address_token("another secret 1", 20007, other);
	assert_string_not_equal(token, other);
	snprintf(address, sizeof(address), "case+20007-%s@report.city.example", token);
	assert_int_equal(address_kind(address, SECRET, &number), ADDRESS_CASE);
	assert_int_equal(number, 20007);
	assert_int_equal(address_kind(address, "", &number), ADDRESS_FORGED);
	snprintf(address, sizeof(address), "case+20020-%s@report.city.example", token);
	assert_int_equal(address_kind(address, SECRET, &number), ADDRESS_FORGED);
	assert_int_equal(number, 0);
	snprintf(address, sizeof(address), "case+20007-%.9s@report.city.example", token);
	assert_int_equal(address_kind(address, SECRET, &number), ADDRESS_FORGED);
	assert_int_equal(address_kind("case+@x", SECRET, &number), ADDRESS_FORGED);
	assert_int_equal(address_kind("report@x", SECRET, &number), ADDRESS_PLAIN);
	assert_int_equal(address_kind("cases@x", SECRET, &number), ADDRESS_PLAIN);
}

static void
test_dots(void **state)
{
	static const struct {
		const char *in, *out;
		bool ended;
		size_t left;
	} cases[] = {
		{ ".\r\n", "", true, 0 },
		{ "a\r\n.\r\n", "a\r\n", true, 0 },
		{ "a\r\n..\r\n.\r\nQUIT\r\n", "a\r\n.\r\n", true, 6 },
		{ "..a\r\n.b\r\n.\r\n", ".a\r\nb\r\n", true, 0 },
		{ "a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", true, 0 },
		{ "a\r\n.\n", "a\r\n\n", false, 0 },
		{ "a\n.\r\n", "a\n.\r\n", false, 0 },
		{ "a\r.\r\n", "a\r.\r\n", false, 0 },
		{ "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", true, 0 },
		{ "a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", true, 0 },
		{ "\r\r\n.\r\n", "\r\r\n", true, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t step = 1; step < 40; step += 38) {
			struct dots d = { 0 };
			struct bytes out = { 0 };
			bool too_long = false;
			size_t len = strlen(cases[i].in), at = 0;
			while (at < len && !d.ended)
				at += dots_feed(&d, cases[i].in + at,
				    len - at < step ? len - at : step, 100, &out, &too_long);
			print_message("# %zu by %zu\n", i, step);
			assert_int_equal(d.ended, cases[i].ended);
			assert_int_equal(len - at, cases[i].left);
			assert_int_equal(too_long, false);
			if (d.ended)
				assert_string_equal(bytes_string(&out), cases[i].out);
			bytes_clear(&out);
		}
	struct dots d = { 0 };
	struct bytes out = { 0 };
	bool too_long = false;
	assert_int_equal(dots_feed(&d, "12345678\r\n.\r\n", 13, 5, &out, &too_long), 13);
	assert_true(too_long && d.ended);
	bytes_clear(&out);
}

static void
test_trimmed(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "灯坏了", "灯坏了" },
		{ "\n 灯坏了 \n\n", "灯坏了" },
		{ "还没修\n\nOn Tue, 24 Nov 2026 at 12:00, report <r@x>\nwrote:\n\n> old\n",
		    "还没修" },
		{ "还没修\n> 引用\n> 引用\n补充一句", "还没修\n补充一句" },
		{ "> 路灯修好了吗？\n没有\n> 什么时候坏的？\n昨天\n", "没有\n昨天" },
		{ "> only\n> quoted\n", "> only\n> quoted" },
		{ "门口\n-- \n李明 13900000000\n", "门口" },
		{ "--\n李明\n", "--\n李明" },
		{ "坏了\n\nSent from my iPhone\n", "坏了" },
		{ "来自我的邻居的投诉", "来自我的邻居的投诉" },
		{ "从我的窗户看得见", "从我的窗户看得见" },
		{ "이 메일은 우리 아파트에서 씁니다", "이 메일은 우리 아파트에서 씁니다" },
		{ "새요\n\nGalaxy에서 보냄", "새요" },
		{ "在楼道写道：不许停车", "在楼道写道：不许停车" },
		{ "From: 西门 To: 东门 都堵了", "From: 西门 To: 东门 都堵了" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes out = { 0 };
		trim_text(cases[i].in, strlen(cases[i].in), &out);
		assert_string_equal(bytes_string(&out), cases[i].out);
		bytes_clear(&out);
	}
}

static void
test_html(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "<p>a</p><p>b</p>", "a\n\nb\n\n" },
		{ "a<br>b<br><br>c", "a\nb\n\nc" },
		{ "<pre>x\n  y</pre>", "x\ny\n" },
		{ "<blockquote>q<blockquote>r</blockquote></blockquote>a", "> q\n> > r\na" },
		{ "<a href=\"x>y\" title='>'>z</a>", "z" },
		{ "<script>if (a<b) '</p>'</script>c", "c" },
		{ "<!DOCTYPE html><!-- <p> -->d", "d" },
		{ "a &lt b &amp;&nbsp;&hellip; &#9731", "a < b & … ☃" },
		{ "<td>1</td><td>2</td><tr><td>3", "1 2\n3" },
		{ "<", "<" },
		{ "<div", "" },
		{ "<style>", "" },
		{ "&#x", "&#x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes out = { 0 };
		html_text(cases[i].in, strlen(cases[i].in), 1000, &out);
		assert_string_equal(bytes_string(&out), cases[i].out);
		bytes_clear(&out);
	}
	struct bytes out = { 0 };
	html_text("灯坏了灯坏了", 18, 7, &out);
	assert_string_equal(out.data, "灯坏"); /* cut between characters */
	bytes_clear(&out);
}

static void
test_types(void **state)
{
	(void)state;
	assert_string_equal(filetype("\xff\xd8\xff\xe1", 4), "image/jpeg");
	assert_string_equal(filetype("\0\0\0\x18"
				     "ftypheic",
				12),
	    "image/heic");
	assert_string_equal(filetype("RIFF....WEBP", 12), "image/webp");
	assert_string_equal(filetype("PK\3\4......word/document.xml", 27),
	    "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
	assert_string_equal(filetype("MZ\x90", 3), "application/vnd.microsoft.portable-executable");
	assert_string_equal(filetype("hello\n", 6), "text/plain");
	assert_string_equal(filetype("a\0b", 3), "application/octet-stream");
	assert_string_equal(filetype("", 0), "text/plain");
}

/* What compose() writes is read by mime_read() as it was meant. */
static void
test_what_is_composed_can_be_read(void **state)
{
	struct letter l = {
		.id = 77,
		.number = 20007,
		.at_us = INT64_C(1795500000000000),
		.to = "li@example.net",
		.text = "编号20007，路灯：处理中。\n第二行很长很长很长很长很长很长很长很长很长很长"
			"很长很长。",
		.answered =
		    "{\"message_id\":\"<1@x>\",\"references\":\"<0@x> "
		    "<00@x>\",\"subject\":\"路灯坏了，\\\"三号楼\\\"门口一片漆黑一片漆黑一片漆黑\"}"
	};
	struct bytes out = { 0 };
	struct mail m;
	const char *why;

	(void)state;
	compose(&settings, &l, &out);
	assert_null(strstr(out.data, "\r\n."));
	for (const char *p = out.data, *e; *p != '\0'; p = e + 2) {
		e = strstr(p, "\r\n");
		assert_true(e != NULL && e - p <= 200 && memchr(p, '\n', (size_t)(e - p)) == NULL);
	}
	mime_start();
	assert_true(mime_read(out.data, out.len, &settings.limits, NULL, &m, &why));
	assert_string_equal(
	    m.subject, "Re: 路灯坏了，\"三号楼\"门口一片漆黑一片漆黑一片漆黑 [20007]");
	assert_string_equal(m.text, l.text);
	assert_string_equal(m.in_reply_to, "<1@x>");
	assert_string_equal(m.references, "<0@x> <00@x> <1@x>");
	assert_string_equal(m.machine, "auto-submitted");
	mail_clear(&m);
	bytes_clear(&out);
	l.answered = "";
	compose(&settings, &l, &out);
	assert_true(mime_read(out.data, out.len, &settings.limits, NULL, &m, &why));
	assert_string_equal(m.subject, "[20007] 编号20007，路灯：处理中。");
	mail_clear(&m);
	bytes_clear(&out);
}

static struct report
report_of(const char *raw, const char *sender, struct bytes *text)
{
	struct report r;
	struct mail m;
	const char *why;

	mime_start();
	assert_true(mime_read(raw, strlen(raw), &settings.limits, NULL, &m, &why));
	report_make(
	    &r, &settings, sender, "report@report.city.example", 0, raw, strlen(raw), &m, text);
	mail_clear(&m);
	return r;
}

static void
test_threads(void **state)
{
	static const char *const formats[] = {
		"In-Reply-To: <case.20007.%s.99@report.city.example>\nSubject: x\n\ny\n",
		"References: <a@b>\n <case.20007.%s.99@report.city.example>\n <c@d>\nSubject: "
		"x\n\ny\n",
	};
	char token[ADDRESS_TOKEN + 1], raw[400];
	struct bytes text = { 0 };
	struct report r;

	(void)state;
	address_token(SECRET, 20007, token);
	for (size_t i = 0; i < 2; i++) {
		snprintf(raw, sizeof(raw), formats[i], token);
		r = report_of(raw, "li@example.net", &text);
		assert_non_null(strstr(r.protocol.data, "{\"about\":20007"));
		report_clear(&r);
		snprintf(raw, sizeof(raw), formats[i], "aaaaaaaaaa");
		r = report_of(raw, "li@example.net", &text);
		assert_null(strstr(r.protocol.data, "about"));
		report_clear(&r);
	}
	r = report_of("Subject: Re: x [20007]\n\ny\n", "li@example.net", &text);
	assert_non_null(strstr(r.protocol.data, "{\"asked\":20007"));
	report_clear(&r);
	r = report_of("Subject: \"about\":5,\\\n\ny\n", "li@example.net", &text);
	assert_non_null(strstr(r.protocol.data, "\"subject\":\"\\\"about\\\":5,\\\\\""));
	report_clear(&r);
	bytes_clear(&text);
}

static void
test_texts(void **state)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{ "Subject: light\n\nbroken\n", "light\nbroken" },
		{ "Subject: Re: light\n\nbroken\n", "broken" },
		{ "Subject: RE: Fw: light\n\nbroken\n", "broken" },
		{ "Subject: Fwd: light\n\nbroken\n", "light\nbroken" },
		{ "Subject: broken\n\nbroken again\n", "broken again" },
		{ "Subject: light\n\n", "light" },
		{ "\nbroken\n", "broken" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes text = { 0 };
		struct report r = report_of(cases[i].raw, "li@example.net", &text);
		assert_string_equal(bytes_string(&text), cases[i].text);
		report_clear(&r);
		bytes_clear(&text);
	}
}

static void
test_proof_of_the_sender(void **state)
{
	static const struct {
		const char *results;
		bool proved;
	} cases[] = {
		{ "mx.city.example; spf=pass smtp.mailfrom=li@example.net\n", true },
		{ "mx.city.example 1; dkim=pass (2048-bit) header.d=Example.NET header.s=x\n",
		    true },
		{ "mx.city.example; dmarc=pass (p=none) header.from=example.net\n", true },
		{ "mx.city.example; spf=fail smtp.mailfrom=li@example.net; dkim=pass "
		  "header.d=example.net",
		    true },
		{ "other.example; spf=pass smtp.mailfrom=li@example.net\n", false },
		{ "mx.city.example.evil.net; spf=pass smtp.mailfrom=li@example.net\n", false },
		{ "mx.city.example; spf=pass smtp.mailfrom=li@evil.net\n", false },
		{ "mx.city.example; spf=pass smtp.mailfrom=example.net@evil.net\n", false },
		{ "mx.city.example; dkim=pass header.d=evil.net header.i=x.header.d=example.net\n",
		    false },
		{ "mx.city.example; dkim=fail (; spf=pass smtp.mailfrom=li@example.net)\n", false },
		{ "mx.city.example; none\n", false },
		{ "", false },
		{ "other.example; none\nmx.city.example; spf=pass smtp.mailfrom=example.net\n",
		    true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("# %s", cases[i].results);
		assert_int_equal(auth_proves(cases[i].results, "mx.city.example", "li@example.net"),
		    cases[i].proved);
		assert_false(auth_proves(cases[i].results, "", "li@example.net"));
		assert_false(auth_proves(cases[i].results, "mx.city.example", ""));
	}
}

/* Every option stands in the manual with its help, type, range and default. */
static void
test_manual_has_every_option(void **state)
{
	static const char *const kinds[] = { "text", "text, never shown", "path", "number",
		"yes or no", "duration", "choice" };
	static char manual[65536];
	FILE *f = fopen(MANUAL, "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(manual, 1, sizeof(manual) - 1, f);
	fclose(f);
	assert_true(n < sizeof(manual) - 1);
	for (const struct channel_option *o = settings_options; o->name != NULL; o++) {
		char line[600];
		int len = snprintf(line, sizeof(line), ".It Cm %s\n(%s", o->name, kinds[o->type]);
		if (o->type == CHANNEL_INTEGER)
			len += snprintf(line + len, sizeof(line) - (size_t)len, ", %lld to %lld",
			    (long long)o->minimum, (long long)o->maximum);
		snprintf(line + len, sizeof(line) - (size_t)len, "; %s%s)\n%s\n",
		    o->fallback == NULL ? "must be given" : "default ",
		    o->fallback == NULL      ? ""
		    : o->fallback[0] == '\0' ? "empty"
					     : o->fallback,
		    o->help);
		if (strstr(manual, line) == NULL)
			print_error("missing in the manual:\n%s", line);
		assert_non_null(strstr(manual, line));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_of_cases_cannot_be_guessed),
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_trimmed),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_what_is_composed_can_be_read),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_proof_of_the_sender),
		cmocka_unit_test(test_manual_has_every_option),
	};

	return cmocka_run_group_tests_name("lmtp", tests, NULL, NULL);
}
