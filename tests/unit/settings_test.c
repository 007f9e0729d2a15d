/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings: what is taken, what is refused and in which words, and that damage does no harm. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "channel/config.h"
#include "settings/section.h"
#include "settings/settings.h"

/* libconfuse itself loses some bytes when a file is bad. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfuse";
}

static char folder[] = "/tmp/settings_test.XXXXXX";

static char *
write_file(const char *name, const char *text, size_t len)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
	return path;
}

static char *
write_text(const char *name, const char *text)
{
	return write_file(name, text, strlen(text));
}

static struct settings *
read_text(const char *text, struct buffer *errors)
{
	char *path = write_file("t.conf", text, strlen(text));
	struct settings *s;
	bool ok = settings_read(path, &s, errors);

	assert_int_equal(ok, s != NULL);
	assert_int_equal(ok, errors->len == 0);
	free(path);
	return s;
}

static struct settings *
read_good(const char *text)
{
	struct buffer errors = { 0 };
	struct settings *s = read_text(text, &errors);

	if (s == NULL)
		fail_msg("refused: %s", errors.data);
	buffer_clear(&errors);
	return s;
}

static void
defaults(void **unused)
{
	struct settings *s = read_good("# nothing\n");

	(void)unused;
	assert_int_equal(settings_integer(s, "", "restart_delay"), 2000);
	assert_int_equal(settings_integer(s, "", "restart_delay_max"), 60000);
	assert_int_equal(settings_integer(s, "", "log_level"), 2);
	assert_int_equal(settings_integer(s, "clerk", "count"), 1);
	assert_string_equal(settings_user(s, "clerk", NULL), "");
	assert_null(settings_database_user(s, "clerk", NULL));
	assert_int_equal(settings_channel_count(s), 0);
	settings_free(&s);
	assert_null(s);
}

/* Every default must itself be a valid value. */
static void
table_is_sound(void **unused)
{
	(void)unused;
	for (const struct setting *t = setting_table; t->name != NULL; t++) {
		struct buffer why = { 0 };
		int64_t n;

		assert_non_null(t->help);
		assert_int_equal(t->help[strlen(t->help) - 1], '.');
		if (t->fallback != NULL && !setting_parse(t, t->fallback, &n, &why))
			fail_msg("%s.%s: %s", t->section, t->name, why.data);
		buffer_clear(&why);
	}
}

static const char good[] = "log_level = debug\n"
			   "user = \"hailan\"\n"
			   "watchdog_timeout = 5s\n"
			   "memory_limit = \"512MiB\"\n"
			   "database {\n"
			   "  conninfo = \"dbname='a b' password=\\\"x\\\"\" # comment\n"
			   "}\n"
			   "clerk { count = 3 user = clerks database_user = \"clerk\" }\n"
			   "channel \"sms\" {\n"
			   "  plugin = \"smpp\"\n"
			   "  database_user = \"hailan_sms\"\n"
			   "  rate = 50\n"
			   "  label = \"龙井\"\n"
			   "  link \"east\" {\n"
			   "    host = 192.0.2.1\n"
			   "    user = esme\n"
			   "  }\n"
			   "  link \"west\" { host = \"::1\" }\n"
			   "}\n"
			   "channel mail { plugin = lmtp user = mailers }\n";

static void
whole_file(void **unused)
{
	struct settings *s = read_good(good);
	const struct channel_config *c;

	(void)unused;
	assert_int_equal(settings_integer(s, "", "watchdog_timeout"), 5000);
	assert_int_equal(settings_integer(s, "", "memory_limit"), 512 << 20);
	assert_string_equal(
	    settings_string(s, "database", "conninfo"), "dbname='a b' password=\"x\"");
	assert_string_equal(settings_user(s, "clerk", NULL), "clerks");
	assert_string_equal(settings_database_user(s, "clerk", NULL), "clerk");
	assert_string_equal(settings_user(s, "timekeeper", NULL), "hailan");
	assert_int_equal(settings_channel_count(s), 2);
	assert_string_equal(settings_channel_at(s, 1)->name, "mail");
	assert_string_equal(settings_user(s, "channel", "sms"), "hailan");
	assert_string_equal(settings_user(s, "channel", "mail"), "mailers");
	c = settings_channel(s, "sms");
	assert_string_equal(c->plugin, "smpp");
	assert_string_equal(settings_database_user(s, "channel", "sms"), "hailan_sms");
	assert_int_equal(c->settings.count, 2);
	assert_string_equal(c->settings.list[0].key, "rate");
	assert_string_equal(c->settings.list[0].value, "50");
	assert_int_equal(c->settings.list[0].line, 12);
	assert_string_equal(c->settings.list[1].value, "龙井");
	assert_int_equal(c->link_count, 2);
	assert_string_equal(c->links[0].name, "east");
	assert_string_equal(c->links[0].list[1].value, "esme"); /* a link's user is the plugin's */
	assert_int_equal(c->links[1].list[0].line, 18);
	settings_free(&s);
}

/* Each text, and what must stand in the one line that is said about it. */
static const struct {
	const char *text, *says;
} bad[] = {
	{ "\n\nlog_levl = info\n", ":3: no option \"log_levl\" here; did you mean \"log_level\"?" },
	{ "batch = 5\n", ":1: no option \"batch\" here; it belongs in the section clerk" },
	{ "clerk {\nopen_files = 500\n}\n",
	    ":2: no option \"open_files\" here; it belongs outside" },
	{ "qqqqqqqq = 5\n", "hailand.conf(5) lists them" },
	{ "log_level = loud\n",
	    "log_level = \"loud\": expected one of error, warning, info, debug" },
	{ "clerk {\n\n count = 65 }", ":3: count = \"65\": expected an integer from 0 to 64" },
	{ "clerk { count = -1 }", "from 0 to 64" },
	{ "clerk { count = 2x }", "from 0 to 64" },
	{ "clerk { count = 0x10 }", "from 0 to 64" },
	{ "open_files = 99999999999999999999", "from 64 to 1048576" },
	{ "drain_timeout = 20", "expected a duration like 500ms, 30s, 10min, 2h or 1d" },
	{ "drain_timeout = 9999999999999999d", "from 100ms to 10min" },
	{ "drain_timeout = 11min", "from 100ms to 10min" },
	{ "memory_limit = 5MB", "expected a size like 4096, 64KiB, 1MiB or 1GiB" },
	{ "control_socket = here.sock", "expected an absolute path" },
	{ "restart_delay = 30s\nrestart_delay_max = 10s", ":2: restart_delay_max is shorter" },
	{ "user = a\nuser = b\n", ":2: \"user\" is given twice; the first time in " },
	{ "foo { a = 1 }", ":1: missing equal sign after option 'foo'; expected NAME = VALUE" },
	{ "user = {a, b}", "lists are written as one text" },
	{ "clerk { count = 1\n\n", ":3: end of file inside of clerk; expected \"}\"" },
	{ "channel x { plugin = p link y { a = b }\n", "inside of channel x; expected \"}\"" },
	{ "}\n", ":1: unexpected closing brace" },
	{ "user = ", ":1: \"user\" has no value" },
	{ "\n# \"\nuser = \"abc\n\n", ":3: a quote or comment begins here and does not end" },
	{ "\"", ":1: a quote or comment begins here" },
	{ "\n\n/* abc\n\n", ":3: a quote or comment begins here" },
	{ "# a\n// b '\n/* c\n*/ # d\nclerk { /**/ count = /* \" */ 99 }", ":5: count = \"99\"" },
	{ "channel { plugin = x }", "missing title for section 'channel'" },
	{ "channel x { plugin = p }\nchannel x { plugin = p }\n", ":2: found duplicate title 'x'" },
	{ "channel x { a = 1 }", "channel \"x\" has no plugin; expected plugin = text" },
	{ "channel x { plugin = \"\" }", "channel \"x\" has no plugin" },
	{ "channel X { plugin = p }", "channel \"X\": expected a name of at most 31" },
	{ "channel \"a-b\" { plugin = p }", "channel \"a-b\": expected a name" },
	{ "channel \"\" { plugin = p }", "channel \"\": expected a name" },
	{ "channel \"a:b\" { plugin = p }", "expected a name" },
	{ "channel a1234567890123456789012345678901 { plugin = p }", "of at most 31" },
	{ "channel x { plugin = p password_file = /nonexistent }", "No such file or directory" },
	{ "channel x { plugin = p password_file = secret }", "expected an absolute path" },
	{ "channel x { plugin = p link y { password_file = s } }", "expected an absolute path" },
	{ "include(\"nothing.conf\")", "nothing.conf" },
	{ "include()", "expected include(\"FILE\")" },
	{ "clerk { include(\"t.conf\") }", "include" },
	{ "include(\"t.conf\")", ":1: " },
	{ "link a { }", "missing equal sign after option 'link'" },
	{ "clerk = 5", "missing opening brace for section 'clerk'" },
	{ "{", ":1: unexpected token '{'" },
	{ "= = =", ":1: unexpected token '='" },
};

static void
every_kind_of_bad(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buffer errors = { 0 };
		struct settings *s = read_text(bad[i].text, &errors);

		if (s != NULL)
			fail_msg("taken: %s", bad[i].text);
		if (strncmp(errors.data, folder, strlen(folder)) != 0 ||
		    strstr(errors.data, bad[i].says) == NULL)
			fail_msg("%s\n says: %s not: %s", bad[i].text, errors.data, bad[i].says);
		buffer_clear(&errors);
	}
	/* and none of it has done the reader any harm */
	whole_file(NULL);
}

static void
all_faults_are_told(void **unused)
{
	struct buffer errors = { 0 };
	struct settings *s =
	    read_text("user = a\nclerk {\ncount = x\n}\nfoo = 1\nchannel x {\n}\n", &errors);

	(void)unused;
	assert_null(s);
	assert_non_null(strstr(errors.data, ":3: count"));
	assert_non_null(strstr(errors.data, ":5: no option \"foo\""));
	assert_non_null(strstr(errors.data, "channel \"x\" has no plugin"));
	buffer_clear(&errors);
}

static void
no_file(void **unused)
{
	struct buffer errors = { 0 };
	struct settings *s;
	char *path;

	(void)unused;
	assert_false(settings_read("/nonexistent/hailand.conf", &s, &errors));
	assert_string_equal(
	    errors.data, "/nonexistent/hailand.conf: cannot be read: No such file or directory\n");
	buffer_reset(&errors);
	assert_false(settings_read("/tmp", &s, &errors));
	assert_non_null(strstr(errors.data, "Is a directory"));
	buffer_reset(&errors);
	path = write_file("nul.conf", "user = a\0b", 10);
	assert_false(settings_read(path, &s, &errors));
	assert_non_null(strstr(errors.data, "holds NUL bytes"));
	free(path);
	buffer_clear(&errors);
}

static void
included_files_have_their_own_lines(void **unused)
{
	char *part = write_text("part.conf", "\nchannel x {\nplugin = p\nkey = v\n}\n");
	char *wrong = write_text("wrong.conf", "\n\nclerk { count = 99 }\n");
	struct settings *s = read_good("include(\"part.conf\")\nuser = a\n");
	struct buffer errors = { 0 };

	(void)unused;
	assert_int_equal(settings_channel(s, "x")->settings.list[0].line, 4);
	assert_string_equal(strrchr(settings_channel(s, "x")->file, '/'), "/part.conf");
	settings_free(&s);
	assert_null(read_text("user = a\ninclude(\"wrong.conf\")\nuser = b\n", &errors));
	assert_non_null(strstr(errors.data, "wrong.conf:3: count"));
	assert_non_null(strstr(errors.data, "t.conf:3: \"user\" is given twice"));
	buffer_clear(&errors);
	free(part);
	free(wrong);
}

static void
secrets_come_from_files(void **unused)
{
	char *path = write_file("secret", "s3cret \n", 8);
	char *text = xasprintf(
	    "channel x { plugin = p link a { password_file = \"%s\" } password_file = \"%s\" }",
	    path, path);
	char *both =
	    xasprintf("channel x { plugin = p password_file = \"%s\" password = b }", path);
	struct settings *s = read_good(text);
	const struct channel_config *c = settings_channel(s, "x");
	struct buffer errors = { 0 };

	(void)unused;
	assert_int_equal(c->settings.count, 1);
	assert_string_equal(c->settings.list[0].key, "password");
	assert_string_equal(c->settings.list[0].value, "s3cret ");
	assert_string_equal(c->links[0].list[0].key, "password");
	settings_free(&s);
	assert_null(read_text(both, &errors));
	assert_non_null(strstr(errors.data, "password and password_file are both given"));
	buffer_clear(&errors);
	free(both);
	free(text);
	free(path);
}

static void
packed_and_unpacked(void **unused)
{
	struct settings *s = read_good(good), *t;
	struct buffer bytes = { 0 }, again = { 0 };

	(void)unused;
	settings_pack(s, &bytes);
	assert_true(settings_unpack(bytes.data, bytes.len, &t));
	settings_pack(t, &again);
	assert_int_equal(bytes.len, again.len);
	assert_memory_equal(bytes.data, again.data, bytes.len);
	assert_true(settings_same(s, t, "", NULL));
	assert_true(settings_same(s, t, "channel", "sms"));
	settings_free(&t);
	/* no part of it, and no damage, is taken for a whole or read past the end */
	for (size_t n = 0; n < bytes.len; n++) {
		char *part = xmemdup0(bytes.data, n);
		assert_false(settings_unpack(part, n, &t));
		free(part);
	}
	for (size_t n = 0; n < bytes.len; n++) {
		char saved = bytes.data[n];
		bytes.data[n] = (char)(saved ^ 0x11);
		if (settings_unpack(bytes.data, bytes.len, &t))
			settings_free(&t);
		bytes.data[n] = saved;
	}
	settings_free(&s);
	buffer_clear(&bytes);
	buffer_clear(&again);
}

static void
change_is_seen_where_it_is(void **unused)
{
	struct settings *a = read_good("clerk { count = 2 }\nchannel x { plugin = p a = 1 }\n"
				       "channel y { plugin = p link l { b = 1 } }\n");
	struct settings *b = read_good("# moved\n\nchannel y { plugin = p link l { b = 2 } }\n"
				       "channel x { a = 1 plugin = p }\nclerk { count = 2 }\n");

	(void)unused;
	assert_true(settings_same(a, b, "", NULL));
	assert_true(settings_same(a, b, "clerk", NULL));
	assert_true(settings_same(a, b, "channel", "x"));
	assert_false(settings_same(a, b, "channel", "y"));
	assert_false(settings_same(a, b, "channel", "z") != settings_same(b, a, "channel", "z"));
	settings_free(&a);
	settings_free(&b);
}

/* Bytes dropped, doubled and changed: never a crash, and never an error without words. */
static void
damaged_files(void **unused)
{
	const size_t len = sizeof(good) - 1;
	char text[sizeof(good) + 1];
	unsigned seed = 20261124;

	(void)unused;
	for (int i = 0; i < 1500; i++) {
		size_t at = (size_t)rand_r(&seed) % len;
		struct buffer errors = { 0 };
		struct settings *s;

		memcpy(text, good, sizeof(good));
		switch (i % 3) {
		case 0:
			memmove(text + at, text + at + 1, sizeof(good) - at - 1);
			break;
		case 1:
			memmove(text + at + 1, text + at, sizeof(good) - at);
			break;
		default:
			text[at] = "{}\"'=#/\n\\(a$"[rand_r(&seed) % 12];
		}
		s = read_text(text, &errors);
		settings_free(&s);
		buffer_clear(&errors);
	}
}

static int
make_folder(void **unused)
{
	(void)unused;
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
remove_folder(void **unused)
{
	static const char *const names[] = { "t.conf", "nul.conf", "part.conf", "wrong.conf",
		"secret" };

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = xasprintf("%s/%s", folder, names[i]);
		unlink(path);
		free(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(table_is_sound),
		cmocka_unit_test(whole_file),
		cmocka_unit_test(every_kind_of_bad),
		cmocka_unit_test(all_faults_are_told),
		cmocka_unit_test(no_file),
		cmocka_unit_test(included_files_have_their_own_lines),
		cmocka_unit_test(secrets_come_from_files),
		cmocka_unit_test(packed_and_unpacked),
		cmocka_unit_test(change_is_seen_where_it_is),
		cmocka_unit_test(damaged_files),
	};

	return cmocka_run_group_tests_name("settings", tests, make_folder, remove_folder);
}
