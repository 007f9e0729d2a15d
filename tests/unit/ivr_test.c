/* SPDX-License-Identifier: BSD-2-Clause */
/* The ivr plugin: FastAGI in any pieces, menus, recordings, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/ivr/agi.h"
#include "plugins/common/bytes.h"
#include "plugins/ivr/menu.h"
#include "plugins/ivr/say.h"
#include "plugins/ivr/settings.h"
#include "plugins/ivr/spool.h"
#include "plugins/ivr/sweep.h"
#include "plugins/ivr/wav.h"
#include "tests/unit/ivr_stub.h"

#define ENVIRONMENT                                                                             \
	"agi_network: yes\nagi_network_script: report?to=1\nagi_uniqueid: 17.1\nagi_callerid: " \
	"13812345678\nagi_dnid: 12345\nagi_extension: s\n\n"

/* Events as letters, answers as "code:result(detail)endpos ". */
static const struct {
	const char *in, *out;
} conversations[] = {
	{ ENVIRONMENT, "E " },
	{ ENVIRONMENT "200 result=0\n", "E 200:0()-1 " },
	{ ENVIRONMENT "200 result=35 (dtmf) endpos=22640\n", "E 200:35(dtmf)22640 " },
	{ ENVIRONMENT "200 result= (timeout)\n", "E 200:none(timeout)-1 " },
	{ ENVIRONMENT "200 result=-1 endpos=0\n", "E 200:-1()0 " },
	{ ENVIRONMENT "HANGUP\n200 result=-1 (hangup) endpos=8\n", "E H 200:-1(hangup)8 " },
	{ ENVIRONMENT "510 Invalid or unknown command\n", "E 510:none()-1 " },
	{ ENVIRONMENT "511 Command Not Permitted on a dead channel\n", "E 511:none()-1 " },
	{ ENVIRONMENT "520-Invalid command syntax.\nUsage: X\nHANGUP\n520 End\n200 result=1\n",
	    "E H 520:none()-1 200:1()-1 " },
	{ ENVIRONMENT "200 result=1 (a (b) c)\r\n", "E 200:1(a (b) c)-1 " },
	{ ENVIRONMENT "hello\n200 result=1\n", "E B" },
	{ "GET / HTTP/1.0\r\n\r\n", "B" },
	{ "agi_network: yes\n\n", "B" }, /* no call */
	{ "HANGUP\n", "H " },
};

static void
converse(const char *in, size_t step, struct bytes *out)
{
	struct agi a = { 0 };
	size_t len = strlen(in), at = 0;

	bytes_add(out, "", 0);
	while (at < len) {
		const struct agi_response *r = &a.response;
		enum agi_event event;
		at += agi_feed(&a, in + at, len - at < step ? len - at : step, &event);
		if (event == AGI_BROKEN) {
			bytes_add_string(out, "B");
			return;
		}
		if (event == AGI_RESPONSE && r->has_result)
			bytes_printf(
			    out, "%d:%ld(%s)%ld ", r->code, r->result, r->detail, r->endpos);
		else if (event == AGI_RESPONSE)
			bytes_printf(out, "%d:none(%s)%ld ", r->code, r->detail, r->endpos);
		else if (event != AGI_NOTHING)
			bytes_add_string(out, event == AGI_HANGUP ? "H " : "E ");
	}
}

static void
test_conversations_in_any_pieces(void **state)
{
	static const size_t steps[] = { 1, 2, 7, 10000 };

	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++)
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			struct bytes out = { 0 };
			converse(conversations[i].in, steps[s], &out);
			assert_string_equal(out.data, conversations[i].out);
			bytes_clear(&out);
		}
}

static void
test_environment(void **state)
{
	struct agi a = { 0 };
	enum agi_event event;

	(void)state;
	agi_feed(&a, ENVIRONMENT, strlen(ENVIRONMENT), &event);
	assert_int_equal(event, AGI_ENVIRONMENT);
	assert_string_equal(a.environment.uniqueid, "17.1");
	assert_string_equal(a.environment.caller, "13812345678");
	assert_string_equal(a.environment.called, "12345");
	assert_string_equal(a.environment.script, "report?to=1");
}

static void
test_a_withheld_caller_is_nobody(void **state)
{
	static const char in[] =
	    "agi_uniqueid: 1\nagi_callerid: unknown\nagi_dnid: unknown\nagi_extension: 77\n\n";
	struct agi a = { 0 };
	enum agi_event event;

	(void)state;
	agi_feed(&a, in, strlen(in), &event);
	assert_string_equal(a.environment.caller, "");
	assert_string_equal(a.environment.called, "77");
}

static void
test_too_much_is_refused(void **state)
{
	struct bytes in = { 0 };
	struct agi a = { 0 }, b = { 0 };
	enum agi_event event;

	(void)state;
	for (int i = 0; i <= AGI_LINES; i++)
		bytes_add_string(&in, "agi_x: y\n");
	agi_feed(&a, in.data, in.len, &event);
	assert_int_equal(event, AGI_BROKEN);
	bytes_clear(&in);
	for (int i = 0; i < AGI_LINE; i++)
		bytes_add_byte(&in, 'a');
	assert_int_equal(agi_feed(&b, in.data, in.len, &event), in.len);
	assert_int_equal(event, AGI_BROKEN);
	agi_feed(&b, "\n", 1, &event);
	assert_int_equal(event, AGI_BROKEN);
	bytes_clear(&in);
}

static void
test_no_value_begins_a_command(void **state)
{
	struct bytes out = { 0 };

	(void)state;
	agi_quote(&out, "a\"b\\c\nHANGUP\r");
	assert_string_equal(out.data, "\"a\\\"b\\\\cHANGUP\"");
	bytes_clear(&out);
}

/* ---- recordings ----------------------------------------------------------------------------- */

static size_t
make_wav(uint8_t *out, uint32_t data_size, size_t loud, size_t silent)
{
	static const uint8_t header[44] = { 'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'A', 'V', 'E', 'f',
		'm', 't', ' ', 16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0,
		16, 0, 'd', 'a', 't', 'a' };

	memcpy(out, header, 44);
	for (int i = 0; i < 4; i++)
		out[40 + i] = (uint8_t)(data_size >> (8 * i));
	for (size_t i = 0; i < loud + silent; i++) {
		out[44 + 2 * i] = 0;
		out[45 + 2 * i] = i >= loud ? 0 : i % 2 == 0 ? 0x10 : 0xf0;
	}
	return 44 + 2 * (loud + silent);
}

static void
test_speech_is_told_from_silence(void **state)
{
	static uint8_t data[100000];
	struct wav w;
	size_t len;

	(void)state;
	len = make_wav(data, 2 * 24000, 16000, 8000);
	wav_measure(data, len, 300, &w);
	assert_int_equal(w.duration_ms, 3000);
	assert_int_equal(w.speech_ms, 2000);
	/* cut short by a hang-up: the header says nothing, or too much */
	len = make_wav(data, 0, 8000, 0);
	wav_measure(data, len, 300, &w);
	assert_int_equal(w.speech_ms, 1000);
	make_wav(data, 99999999, 8000, 0);
	wav_measure(data, len, 300, &w);
	assert_int_equal(w.speech_ms, 1000);
	wav_measure(data, 30, 300, &w);
	assert_int_equal(w.duration_ms, 0);
	/* what we cannot read is listened to by a person */
	wav_measure("OggS, 32000 bytes", 17, 300, &w);
	assert_int_equal(w.speech_ms, 1);
}

static void
test_names_of_recordings(void **state)
{
	struct sweep_name n;

	(void)state;
	assert_true(sweep_parse("fallback-13812345678-1764000000.12.wav", &n));
	assert_false(n.ours);
	assert_string_equal(n.caller, "13812345678");
	assert_string_equal(n.id, "1764000000.12");
	assert_true(sweep_parse("call-+8613812345678-1764000000.12-3.wav", &n));
	assert_true(n.ours);
	assert_string_equal(n.id, "1764000000.12-3");
	assert_true(sweep_parse("fallback--1.wav", &n));
	assert_string_equal(n.caller, "");
	assert_false(sweep_parse("fallback-1.wav", &n));
	assert_false(sweep_parse("fallback-1-.wav", &n));
	assert_false(sweep_parse("fallback-1-\"2.wav", &n));
	assert_false(sweep_parse("spool.sqlite", &n));
	assert_false(sweep_parse("greeting.wav", &n));
}

static void
test_spool(void **state)
{
	char path[] = "/tmp/hailan-ivr-test.XXXXXX", why[100];
	struct spool_report r = { .reference = (char *)(uintptr_t) "1-1",
		.source = (char *)(uintptr_t) "+86138",
		.destination = (char *)(uintptr_t) "",
		.raw = (char *)(uintptr_t) "root:1",
		.protocol = (char *)(uintptr_t) "{}",
		.file = (char *)(uintptr_t) "",
		.flags = 512 },
			    got;
	struct spool *s;

	(void)state;
	close(mkstemp(path));
	s = spool_open(path, 2, why, sizeof(why));
	assert_non_null(s);
	assert_int_equal(spool_put(s, &r), SPOOL_OK);
	assert_int_equal(spool_put(s, &r), SPOOL_OK); /* it is there once */
	assert_int_equal(spool_count(s), 1);
	r.reference = (char *)(uintptr_t) "1-2";
	r.file = (char *)(uintptr_t) "/nowhere/call.wav";
	assert_int_equal(spool_put(s, &r), SPOOL_OK);
	r.reference = (char *)(uintptr_t) "1-3";
	assert_int_equal(spool_put(s, &r), SPOOL_FULL);
	assert_true(spool_knows_file(s, "/nowhere/call.wav"));
	/* it outlives us */
	spool_close(&s);
	s = spool_open(path, 2, why, sizeof(why));
	assert_true(spool_next(s, &got));
	assert_string_equal(got.reference, "1-1");
	assert_int_equal(got.flags, 512);
	assert_true(spool_done(s, &got));
	spool_report_clear(&got);
	assert_true(spool_next(s, &got));
	assert_string_equal(got.reference, "1-2");
	spool_refused(s, got.id);
	spool_report_clear(&got);
	assert_false(spool_next(s, &got));
	assert_true(spool_knows_file(s, "/nowhere/call.wav"));
	spool_close(&s);
	unlink(path);
	assert_null(spool_open("/nowhere/at/all", 2, why, sizeof(why)));
}

/* ---- menus ---------------------------------------------------------------------------------- */

static const struct stub_option none[] = { { NULL, NULL } };
#define OPTIONS(...)                 \
	(const struct stub_option[]) \
	{                            \
		__VA_ARGS__,         \
		{                    \
			NULL, NULL   \
		}                    \
	}
#define KEYS(keys) OPTIONS({ "action", "keys" }, { "keys", keys })
#define DOES(action, next) OPTIONS({ "action", action }, { "next", next })

static void
test_our_own_menus_are_whole(void **state)
{
	struct channel c = { .options = none };
	struct channel_error error = { .text = "" };
	struct menus m;
	const struct menu *root;

	(void)state;
	assert_true(menus_read(&c, &m, &error));
	root = menu_find(&m, "root");
	assert_ptr_equal(root->on_key[menu_key('1')], menu_find(&m, "report"));
	assert_ptr_equal(root->on_key[menu_key('0')], menu_find(&m, "person"));
	assert_ptr_equal(root->on_key[menu_key('*')], root);
	assert_null(root->on_key[menu_key('9')]);
	assert_null(root->on_key[menu_key('#')]);
	assert_int_equal(menu_key('a'), -1);
	assert_int_equal(menu_key('\0'), -1);
	menus_clear(&m);
}

static const struct {
	const char *name;
	struct channel_link menus[6];
	size_t count;
	const char *in, *option, *says; /* says NULL: it is fine */
} given_menus[] = {
	{ "fine",
	    { { "root", KEYS("1=lost, 2=end") }, { "lost", DOES("report", "end") },
		{ "end", DOES("end", "") } },
	    3, NULL, NULL, NULL },
	{ "no root", { { "lost", DOES("report", "") } }, 1, NULL, NULL, "none is called root" },
	{ "no lost", { { "root", KEYS("1=root") } }, 1, NULL, NULL, "none is called lost" },
	{ "target", { { "root", KEYS("1=nowhere") }, { "lost", DOES("report", "") } }, 2, "root",
	    "keys", "1 leads to \"nowhere\", which is no menu" },
	{ "twice", { { "root", KEYS("1=lost,1=root") }, { "lost", DOES("report", "") } }, 2, "root",
	    "keys", "1 leads to two menus" },
	{ "form", { { "root", KEYS("A=lost") }, { "lost", DOES("report", "") } }, 2, "root", "keys",
	    "\"A=lost\" is no KEY=MENU" },
	{ "no keys", { { "root", KEYS("") }, { "lost", DOES("report", "") } }, 2, "root", "keys",
	    "dead end: it waits for a key and has none" },
	{ "circle",
	    { { "root", KEYS("1=a") }, { "a", KEYS("1=root") }, { "lost", DOES("report", "") } }, 3,
	    "root", "keys", "menu root is a dead end: no key leads from it to an end" },
	{ "circle behind a recording",
	    { { "root", KEYS("1=lost") }, { "lost", DOES("report", "root") } }, 2, "root", "keys",
	    "dead end" },
	{ "island",
	    { { "root", KEYS("1=lost") }, { "lost", DOES("report", "") },
		{ "island", DOES("end", "") } },
	    3, "island", "prompt", "no key leads to it" },
	{ "next", { { "root", KEYS("1=lost") }, { "lost", DOES("report", "nowhere") } }, 2, "lost",
	    "next", "next is \"nowhere\", which is no menu" },
	{ "keys of an action",
	    { { "root", KEYS("1=lost") },
		{ "lost", OPTIONS({ "action", "report" }, { "keys", "1=root" }) } },
	    2, "lost", "keys", "keys are only heard with action = keys" },
	{ "lost asks",
	    { { "root", KEYS("1=end") }, { "lost", KEYS("1=end") }, { "end", DOES("end", "") } }, 3,
	    "lost", "action", "menu lost waits for a key" },
};

static void
test_menus_that_lead_nowhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(given_menus) / sizeof(given_menus[0]); i++) {
		struct channel c = { .options = none, .menu_count = given_menus[i].count };
		struct channel_error error = { .text = "" };
		const char *says = given_menus[i].says;
		struct menus m;
		bool ok;

		memcpy(c.menus, given_menus[i].menus, sizeof(given_menus[i].menus));
		ok = menus_read(&c, &m, &error);
		if (ok != (says == NULL) || (says != NULL && strstr(error.text, says) == NULL))
			print_error("%s: %s\n", given_menus[i].name, error.text);
		assert_true(ok == (says == NULL));
		if (ok) {
			menus_clear(&m);
			continue;
		}
		assert_non_null(strstr(error.text, says));
		if (given_menus[i].in != NULL) {
			assert_string_equal(c.fault_in->name, given_menus[i].in);
			assert_string_equal(c.fault_option, given_menus[i].option);
		}
	}
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void
test_numbers(void **state)
{
	static const struct {
		const char *in, *out;
	} numbers[] = {
		{ "13812345678", "+8613812345678" },
		{ "+8613812345678", "+8613812345678" },
		{ "008613812345678", "+8613812345678" },
		{ "8613812345678", "+8613812345678" },
		{ "04333212345", "+864333212345" },
		{ "3212345", "+864333212345" },
		{ "0433-321 2345", "+864333212345" },
		{ "110", "110" },
		{ "", "anonymous" },
		{ "sip:bob", "sip:bob" },
		{ "+82212345678", "+82212345678" },
	};
	static const struct settings s = { .country = "86", .area = "433" };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char out[64];
		settings_phone(&s, numbers[i].in, out);
		assert_string_equal(out, numbers[i].out);
	}
}

static void
test_numbers_are_said_in_groups(void **state)
{
	static const char *const pieces[] = { "digit_2", "digit_0", "pause", "digit_0", "digit_4",
		"digit_6" };
	struct say s = { 0 };

	(void)state;
	say_number(&s, 20046);
	assert_int_equal(s.count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(s.names[i], pieces[i]);
	for (int i = 0; i < 100; i++)
		say_add_all(&s, " a  b ");
	assert_int_equal(s.count, SAY_PIECES);
}

/* Every option stands in the manual with its help, type, range and default. */
static void
expect_options(const char *manual, const struct channel_option *o)
{
	static const char *const kinds[] = { "text", "text, never shown", "path", "number",
		"yes or no", "duration", "choice" };

	for (; o->name != NULL; o++) {
		char line[600];
		int len = snprintf(line, sizeof(line), ".It Cm %s\n(%s", o->name, kinds[o->type]);
		if (o->type == CHANNEL_INTEGER)
			len += snprintf(line + len, sizeof(line) - (size_t)len, ", %lld to %lld",
			    (long long)o->minimum, (long long)o->maximum);
		snprintf(line + len, sizeof(line) - (size_t)len, "; %s%s)\n%s\n",
		    o->fallback == NULL ? "must be given" : "default ",
		    o->fallback == NULL                   ? ""
		    : o->fallback[0] == '\0'              ? "empty"
		    : strcmp(o->fallback, PROMPTDIR) == 0 ? "PREFIX/share/hailan/prompts"
							  : o->fallback,
		    o->help);
		if (strstr(manual, line) == NULL)
			print_error("missing in the manual:\n%s", line);
		assert_non_null(strstr(manual, line));
	}
}

static void
test_manual_has_every_option(void **state)
{
	static char manual[65536];
	FILE *f = fopen(MANUAL, "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(manual, 1, sizeof(manual) - 1, f);
	fclose(f);
	assert_true(n < sizeof(manual) - 1);
	expect_options(manual, settings_options);
	expect_options(manual, menu_options);
	for (const char *const *name = say_needed; *name != NULL; name++)
		if (strncmp(*name, "digit_", 6) != 0)
			assert_non_null(strstr(manual, *name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations_in_any_pieces),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_a_withheld_caller_is_nobody),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_no_value_begins_a_command),
		cmocka_unit_test(test_speech_is_told_from_silence),
		cmocka_unit_test(test_names_of_recordings),
		cmocka_unit_test(test_spool),
		cmocka_unit_test(test_our_own_menus_are_whole),
		cmocka_unit_test(test_menus_that_lead_nowhere),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_numbers_are_said_in_groups),
		cmocka_unit_test(test_manual_has_every_option),
	};

	return cmocka_run_group_tests_name("ivr", tests, NULL, NULL);
}
