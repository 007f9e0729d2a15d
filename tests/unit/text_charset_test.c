/* SPDX-License-Identifier: BSD-2-Clause */
/* Charsets, the GSM alphabet and the cutting of long texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <iconv.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "text/charset.h"
#include "text/gsm7.h"
#include "text/normalise.h"
#include "text/split.h"
#include "text/utf8.h"

#define BYTES(s) s, sizeof(s) - 1

static void
decodes(void **state)
{
	static const struct {
		const char *charset, *raw;
		size_t len;
		const char *text;
		unsigned flags;
	} cases[] = {
		{ "UTF-8", BYTES("天图社区"), "天图社区", 0 },
		{ "utf-8", BYTES("a\r\nb\rc\0d\x01"), "a\nb\ncd ", 0 },
		{ "UTF-8", BYTES("井\xe7\x9b"), "井", CHARSET_TRUNCATED },
		{ "UTF-8", BYTES("a\xff\xc3("), "a\ufffd\ufffd(", CHARSET_DAMAGED },
		{ "UTF-8", BYTES("\xed\xa0\x80"), "\ufffd\ufffd\ufffd", CHARSET_DAMAGED },
		{ "UTF-16BE", BYTES("\x4e\x95\xd8\x3d\xdc\x4d"), "井👍", 0 },
		{ "UTF-16BE", BYTES("\xfe\xff\x4e\x95"), "井", 0 },
		{ "UTF-16BE", BYTES("\xd8\x3d\x4e\x95"), "\ufffd井", CHARSET_DAMAGED },
		{ "UTF-16BE", BYTES("\x4e\x95\xdc\x4d"), "井\ufffd", CHARSET_DAMAGED },
		{ "UTF-16BE", BYTES("\x4e\x95\x4e"), "井", CHARSET_TRUNCATED },
		{ "UTF-16BE", BYTES("\x4e\x95\xd8\x3d"), "井\ufffd", CHARSET_DAMAGED },
		{ "UTF-16BE", BYTES("\xd8\x3d\xd8\x3d\xdc\x4d"), "\ufffd👍", CHARSET_DAMAGED },
		{ "UTF-16BE", BYTES("\xdc\x4d\xd8\x3d"), "\ufffd\ufffd", CHARSET_DAMAGED },
		{ "UTF-16BE", BYTES("\xd8\x3d\xdc"), "\ufffd",
		    CHARSET_DAMAGED | CHARSET_TRUNCATED },
		{ "UTF-16BE", BYTES("\xdb\xff\xdf\xff\xff\xfd"), "\U0010ffff\ufffd", 0 },
		{ "UTF-16BE", BYTES("\x4e"), "", CHARSET_TRUNCATED },
		{ "UTF-16LE", BYTES("\x3d\xd8\x4d\xdc"), "👍", 0 },
		{ "UTF-16LE", BYTES("\x95\x4e"), "井", 0 },
		{ "LATIN1", BYTES("caf\xe9"), "café", 0 },
		{ "ASCII", BYTES("caf\xe9"), "caf\ufffd", CHARSET_DAMAGED },
		{ "CP949", BYTES("\xb0\xa1\x8c\x63"), "가똠", 0 },
		{ "euc-kr", BYTES("\xb0\xa1\xb0"), "가", CHARSET_TRUNCATED },
		{ "CP949", BYTES("L\xa2\xe8"), "L\ufffd", CHARSET_DAMAGED },
		{ "CP949", BYTES("\xa2\xe8\xb0\xa1"), "\ufffd가", CHARSET_DAMAGED },
		{ "GB18030", BYTES("\xbe\xae\x83\x32\xe0\x37"), "井안", 0 },
		{ "GBK", BYTES("\xbe\xae\xff"), "井\ufffd", CHARSET_DAMAGED },
		{ "GSM-7", BYTES("\x00@\x1b\x65\x02"), "@¡€$", 0 },
		{ "GSM-7", BYTES("\x1b\x41"), "A", 0 },
		{ "GSM-7",
		    BYTES("a\x1b\x1b"
			  "eb\x1b"),
		    "a eb ", 0 },
		{ "GSM-7", BYTES("a\x80"), "a\ufffd", CHARSET_DAMAGED },
		{ "GSM-7/0/1", BYTES("\x1b\x49\x1b\x65"), "İ€", 0 },
		{ "GSM-7/1/0", BYTES("\x0b\x04"), "Ğ€", 0 },
		{ "GSM-7/3/3", BYTES("\x04\x1b\x7b"), "êã", 0 },
		{ "GSM-7/0/2", BYTES("\x1b\x41"), "Á", 0 },
		{ "GSM-7/5/5", BYTES("A\x1b\x65"), "A€", CHARSET_NO_TABLE },
		{ "GSM-7-PACKED", BYTES("\xe8\x32\x9b\xfd\x06"), "hello", 0 },
		{ "GSM-7-PACKED+1", BYTES("\xd0\x65\x36\xfb\x0d"), "hello", 0 },
	};
	struct buffer out = { 0 };
	unsigned flags;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buffer_reset(&out);
		assert_true(charset_known(cases[i].charset));
		assert_true(
		    charset_decode(cases[i].charset, cases[i].raw, cases[i].len, &out, &flags));
		assert_string_equal(out.data, cases[i].text);
		assert_int_equal(out.len, strlen(cases[i].text));
		assert_int_equal(flags, cases[i].flags);
	}
	assert_false(charset_decode("BINARY", "x", 1, &out, &flags));
	assert_int_equal(flags, CHARSET_OPAQUE);
	assert_true(charset_known("BINARY"));
	assert_false(charset_known("KLINGON"));
	assert_false(charset_known("GSM-7-PACKED+7"));
	assert_false(charset_known("GSM-7/1"));
	assert_false(charset_known("GSM-7x"));
	assert_false(charset_decode("KLINGON", "x", 1, &out, &flags));
	buffer_reset(&out);
	assert_true(charset_decode("UTF-8", NULL, 0, &out, &flags));
	assert_int_equal(out.len, 0);
	buffer_clear(&out);
}

static void
guesses(void **state)
{
	static const struct {
		const char *charset, *raw;
		size_t len;
		const char *text, *used;
	} cases[] = {
		{ "UTF-16BE", BYTES("\x59\x29\x56\xfe\x79\x3e\x53\x3a"), "天图社区", NULL },
		{ "UTF-16BE", BYTES("天图社区三号楼的井盖没了"), "天图社区三号楼的井盖没了",
		    "UTF-8" },
		{ "UTF-16BE", BYTES("\x29\x59\xfe\x56\x3e\x79\x3a\x53"), "天图社区", "UTF-16LE" },
		{ "LATIN1", BYTES("井盖没了"), "井盖没了", "UTF-8" },
		{ "LATIN1", BYTES("\xbe\xae\xb8\xc7\xc3\xbb\xc1\xcb"), "井盖没了", "GB18030" },
		{ "LATIN1", BYTES("caf\xe9"), "café", NULL },
		{ "GSM-7", BYTES("\xbe\xae\xb8\xc7\xc3\xbb\xc1\xcb"), "井盖没了", "GB18030" },
		{ "GSM-7", BYTES("hello"), "hello", NULL },
		{ "ASCII", BYTES("하수도가 막혔습니다"), "하수도가 막혔습니다", "UTF-8" },
		{ "LATIN1",
		    BYTES("\xbe\xc8\xb3\xe7\xc7\xcf\xbd\xca\xb4\xcf\xb1\xee \xbe\xc8\xb3\xe7"),
		    "안녕하십니까 안녕", "CP949" },
	};
	struct buffer out = { 0 };
	const char *used;
	unsigned flags;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buffer_reset(&out);
		assert_true(charset_decode_guess(
		    cases[i].charset, cases[i].raw, cases[i].len, &out, &flags, &used));
		assert_string_equal(out.data, cases[i].text);
		if (cases[i].used == NULL) {
			assert_null(used);
			assert_int_equal(flags & CHARSET_GUESSED, 0);
		} else {
			assert_string_equal(used, cases[i].used);
			assert_int_equal(flags, CHARSET_GUESSED);
		}
	}
	buffer_clear(&out);
}

/* A guess appends, too, and what it appends is clean. */
static void
guesses_append(void **state)
{
	struct buffer out = { 0 };
	unsigned flags;

	(void)state;
	buffer_add_string(&out, "[");
	assert_true(
	    charset_decode_guess("UTF-16BE", BYTES("\0a\0\r\0\n\0\1\0b"), &out, &flags, NULL));
	assert_true(charset_decode_guess("LATIN1", BYTES("\r井盖\r\n没了"), &out, &flags, NULL));
	assert_int_equal(flags, CHARSET_GUESSED);
	assert_false(charset_decode_guess("BINARY", BYTES("x"), &out, &flags, NULL));
	assert_false(charset_decode_guess("KLINGON", BYTES("x"), &out, &flags, NULL));
	assert_true(charset_decode_guess("GSM-7", NULL, 0, &out, &flags, NULL));
	assert_string_equal(out.data, "[a\n b\n井盖\n没了");
	buffer_clear(&out);
	assert_true(charset_decode_guess("UTF-16BE", NULL, 0, &out, &flags, NULL));
	assert_string_equal(out.data, "");
	buffer_clear(&out);
}

/* What the census takes for assigned without asking is assigned. */
static void
scripts_that_are_not_looked_up(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x250; cp++)
		assert_false(normalise_is_unassigned(cp));
	for (uint32_t cp = 0x4e00; cp <= 0x9fa5; cp++)
		assert_false(normalise_is_unassigned(cp));
	for (uint32_t cp = 0xac00; cp <= 0xd7a3; cp++)
		assert_false(normalise_is_unassigned(cp));
	assert_true(normalise_is_unassigned(0xd7a4));
	assert_true(normalise_is_unassigned(0xe000));
	assert_true(normalise_is_unassigned(0x110000));
}

static void
utf8_of_every_code_point(void **state)
{
	char bytes[4];

	(void)state;
	for (uint32_t cp = 0; cp <= 0x110000; cp++) {
		bool none = cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff);
		size_t want = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 || none ? 3 : 4;
		uint32_t again;
		size_t n = utf8_write(cp, bytes);

		assert_int_equal(n, want);
		assert_int_equal(utf8_read(bytes, n, &again), n);
		assert_int_equal(again, none ? UTF8_REPLACEMENT : cp);
		assert_true(utf8_valid(bytes, n));
		/* cut, its first byte stands alone */
		if (n > 1) {
			assert_int_equal(utf8_read(bytes, n - 1, &again), 1);
			assert_int_equal(again, UTF8_BAD);
			assert_false(utf8_valid(bytes, n - 1));
		}
	}
}

/* Every three bytes with a lead of three, as glibc sees them. */
static void
utf8_of_every_three_bytes(void **state)
{
	iconv_t cd = iconv_open("UTF-32LE", "UTF-8");

	(void)state;
	assert_true(cd != (iconv_t)-1);
	for (uint32_t v = 0xe00000; v <= 0xf0ffff; v++) {
		char bytes[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };
		char *from = bytes, out[16], *to = out;
		size_t left = sizeof(bytes), room = sizeof(out);
		bool valid;

		iconv(cd, NULL, NULL, NULL, NULL);
		valid = iconv(cd, &from, &left, &to, &room) != (size_t)-1;
		if (valid != utf8_valid(bytes, sizeof(bytes)))
			fail_msg("%06x: %s", v, valid ? "valid" : "not valid");
	}
	iconv_close(cd);
}

/* Wherever one bad byte stands in ASCII it is found. */
static void
utf8_bad_byte_anywhere(void **state)
{
	char text[40];

	(void)state;
	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 'a', sizeof(text));
		assert_true(utf8_valid(text, len));
		for (size_t i = 0; i < len; i++) {
			text[i] = (char)0x80;
			assert_false(utf8_valid(text, len));
			text[i] = 'a';
		}
	}
}

static void
packs(void **state)
{
	struct buffer septets = { 0 }, packed = { 0 }, again = { 0 };

	(void)state;
	for (unsigned fill = 0; fill <= 6; fill++)
		for (size_t len = 0; len < 40; len++) {
			buffer_reset(&septets);
			buffer_reset(&packed);
			buffer_reset(&again);
			for (size_t i = 0; i < len; i++)
				buffer_add_byte(&septets, (uint8_t)(1 + (i * 37 + fill) % 126));
			gsm7_pack((const uint8_t *)septets.data, len, fill, &packed);
			assert_int_equal(
			    packed.len, len == 0 && fill == 0 ? 0 : (fill + len * 7 + 7) / 8);
			gsm7_unpack((const uint8_t *)packed.data, packed.len, fill, &again);
			assert_true(
			    again.len == len || (again.len == len + 1 && again.data[len] == 0));
			assert_memory_equal(again.data, septets.data, len);
		}
	assert_int_equal(gsm7_length("a€b", 5), 4);
	assert_int_equal(gsm7_length("井", 3), -1);
	buffer_reset(&septets);
	assert_false(gsm7_encode("a井", 4, &septets));
	assert_int_equal(septets.len, 0);
	buffer_clear(&septets);
	buffer_clear(&packed);
	buffer_clear(&again);
}

/* All parts together are the text, each fits, none is empty. */
static void
check_parts(const char *text, size_t len, const struct split *s, size_t limit)
{
	size_t at = 0;

	for (size_t i = 0; i < s->count; i++) {
		assert_int_equal(s->parts[i].at, at);
		assert_true(s->parts[i].len > 0);
		assert_true(split_units(text + at, s->parts[i].len, s->coding) <= limit);
		at += s->parts[i].len;
	}
	assert_int_equal(at, len);
}

static void
splits(void **state)
{
	struct buffer text = { 0 }, out = { 0 };
	struct split s = { 0 };

	(void)state;
	assert_true(split_text("", 0, SPLIT_UCS2, 8, &s));
	assert_int_equal(s.count, 1);
	for (int i = 0; i < 70; i++)
		buffer_add_string(&text, "井");
	assert_int_equal(split_coding_for(text.data, text.len), SPLIT_UCS2);
	assert_true(split_text(text.data, text.len, SPLIT_UCS2, 8, &s));
	assert_int_equal(s.count, 1);
	buffer_add_string(&text, "盖");
	assert_true(split_text(text.data, text.len, SPLIT_UCS2, 8, &s));
	assert_int_equal(s.count, 2);
	assert_int_equal(s.parts[0].len, 67 * 3);
	assert_true(split_text(text.data, text.len, SPLIT_UCS2, 16, &s));
	assert_int_equal(s.parts[0].len, 66 * 3);
	split_encode(text.data, &s.parts[1], SPLIT_UCS2, &out);
	assert_int_equal(out.len, 5 * 2);
	assert_memory_equal(out.data, "\x4e\x95", 2);

	/* A pair, a family and a syllable in jamo stand across the 67th unit. */
	static const char *const clusters[] = { "👍", "👨‍👩‍👧‍👦",
		"\u1112\u1161\u11ab", "🇨🇳" };
	for (size_t c = 0; c < 4; c++) {
		buffer_reset(&text);
		for (int i = 0; i < 66; i++)
			buffer_add_string(&text, "井");
		buffer_add_string(&text, clusters[c]);
		buffer_add_string(&text, "盖盖盖盖");
		assert_true(split_text(text.data, text.len, SPLIT_UCS2, 8, &s));
		assert_int_equal(s.count, 2);
		assert_int_equal(s.parts[0].len, 66 * 3);
		check_parts(text.data, text.len, &s, 67);
	}

	/* An ESC pair stands across the 153rd septet. */
	buffer_reset(&text);
	for (int i = 0; i < 152; i++)
		buffer_add_string(&text, "a");
	buffer_add_string(&text, "€bbbbbbbb");
	assert_true(split_text(text.data, text.len, SPLIT_GSM7, 8, &s));
	assert_int_equal(s.count, 2);
	assert_int_equal(s.parts[0].len, 152);
	check_parts(text.data, text.len, &s, 153);
	buffer_reset(&out);
	split_encode(text.data, &s.parts[1], SPLIT_GSM7, &out);
	assert_memory_equal(out.data,
	    "\x1b\x65"
	    "b",
	    3);

	/* One cluster of 200 units is cut between code points. */
	buffer_reset(&text);
	buffer_add_string(&text, "e");
	for (int i = 0; i < 199; i++)
		buffer_add_string(&text, "\u0301");
	assert_true(split_text(text.data, text.len, SPLIT_UCS2, 8, &s));
	assert_int_equal(s.count, 3);
	check_parts(text.data, text.len, &s, 67);

	buffer_reset(&text);
	for (int i = 0; i < 255 * 67 + 1; i++)
		buffer_add_string(&text, "井");
	assert_false(split_text(text.data, text.len, SPLIT_UCS2, 8, &s));
	assert_int_equal(s.count, 0);
	split_clear(&s);
	buffer_clear(&text);
	buffer_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(guesses),
		cmocka_unit_test(guesses_append),
		cmocka_unit_test(scripts_that_are_not_looked_up),
		cmocka_unit_test(utf8_of_every_code_point),
		cmocka_unit_test(utf8_of_every_three_bytes),
		cmocka_unit_test(utf8_bad_byte_anywhere),
		cmocka_unit_test(packs),
		cmocka_unit_test(splits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
