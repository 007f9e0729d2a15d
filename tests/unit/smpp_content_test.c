/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in a message: its coding, its header, its receipt, its addresses; and the settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smpp_runtime_stub.h"

#include "plugins/smpp/address.h"
#include "plugins/smpp/bytes.h"
#include "plugins/smpp/coding.h"
#include "plugins/smpp/pdu.h"
#include "plugins/smpp/receipt.h"
#include "plugins/smpp/session.h"
#include "plugins/smpp/settings.h"
#include "plugins/smpp/submit.h"
#include "plugins/smpp/udh.h"

#include "text/charset.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- coding ---- */

static void
every_data_coding(void **state)
{
	static const struct {
		unsigned first, last;
		const char *charset;
	} cases[] = {
		{ 0x00, 0x00, "GSM-7" },
		{ 0x01, 0x01, "LATIN1" },
		{ 0x02, 0x02, "BINARY" },
		{ 0x03, 0x03, "LATIN1" },
		{ 0x04, 0x07, "BINARY" },
		{ 0x08, 0x08, "UTF-16BE" },
		{ 0x09, 0x0d, "BINARY" },
		{ 0x0e, 0x0e, "CP949" },
		{ 0x0f, 0x0f, "GB18030" },
		{ 0x10, 0x13, "GSM-7" },
		{ 0x14, 0x17, "BINARY" },
		{ 0x18, 0x1b, "UTF-16BE" },
		{ 0x1c, 0x83, "BINARY" },
		{ 0x84, 0x84, "CP949" },
		{ 0x85, 0xbf, "BINARY" },
		{ 0xc0, 0xdf, "GSM-7" },
		{ 0xe0, 0xef, "UTF-16BE" },
		{ 0xf0, 0xf3, "GSM-7" },
		{ 0xf4, 0xf7, "BINARY" },
		{ 0xf8, 0xfb, "GSM-7" },
		{ 0xfc, 0xff, "BINARY" },
	};
	unsigned next = 0;
	struct coding c;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cases[i].first, next);
		for (unsigned v = cases[i].first; v <= cases[i].last; v++) {
			coding_of((uint8_t)v, CODING_GSM7, NULL, &c);
			assert_string_equal(c.charset, cases[i].charset);
			assert_int_equal(c.binary, strcmp(c.charset, "BINARY") == 0);
			assert_true(charset_known(c.charset));
		}
		next = cases[i].last + 1;
	}
	assert_int_equal(next, 256);
}

static void
zero_as_the_link_says(void **state)
{
	static const char *const names[] = { "GSM-7", "GSM-7-PACKED", "LATIN1", "ASCII", "UTF-8" };
	struct udh udh = { .octets = 6, .locking = 1, .single = 3 };
	struct coding c;

	(void)state;
	for (int zero = CODING_GSM7; zero <= CODING_UTF8; zero++) {
		coding_of(0, (enum coding_zero)zero, NULL, &c);
		assert_string_equal(c.charset, names[zero]);
		coding_of(0xf0, (enum coding_zero)zero, NULL, &c);
		assert_string_equal(c.charset, names[zero]);
		coding_of(8, (enum coding_zero)zero, NULL, &c);
		assert_string_equal(c.charset, "UTF-16BE");
		assert_int_equal(coding_may_send_gsm7((enum coding_zero)zero), zero == CODING_GSM7);
	}
	coding_of(0, CODING_GSM7, &udh, &c);
	assert_string_equal(c.charset, "GSM-7/1/3");
	assert_true(charset_known(c.charset));
	coding_of(0, CODING_GSM7_PACKED, &udh, &c);
	assert_string_equal(c.charset, "GSM-7-PACKED+1/1/3");
	assert_true(charset_known(c.charset));
	coding_of(0, CODING_LATIN1, &udh, &c);
	assert_string_equal(c.charset, "LATIN1");
}

static void
septets_unpacked(void **state)
{
	/* "hellohello" of 3GPP's own example, and seven characters in seven octets */
	static const uint8_t hello[] = { 0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37 };
	static const uint8_t filled[] = { 0xe8 << 1 & 0xff, 0x65 | 0x01 };
	uint8_t out[32];

	(void)state;
	assert_int_equal(coding_unpack(hello, sizeof(hello), 0, out), 10);
	assert_memory_equal(out, "hellohello", 10);
	assert_int_equal(coding_unpack(filled, 2, 1, out), 2);
	assert_int_equal(out[0], 0x68);
	assert_int_equal(coding_unpack(hello, 0, 1, out), 0);
	assert_int_equal(
	    coding_unpack((const uint8_t *)"\x31\xd9\x8c\x56\xb3\xdd\x00", 7, 0, out), 7);
	assert_int_equal(udh_fill_bits(6), 1);
	assert_int_equal(udh_fill_bits(7), 0);
	for (size_t octets = 0; octets < 20; octets++)
		assert_int_equal((octets * 8 + udh_fill_bits(octets)) % 7, 0);
}

/* ---- udh ---- */

static void
headers(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		bool is;
		char kind;
		unsigned reference, total, number;
		bool odd;
	} cases[] = {
		{ "\5\0\3\x2a\2\1x", 7, true, '8', 0x2a, 2, 1, false },
		{ "\6\x08\4\x12\x34\3\3x", 8, true, 'F', 0x1234, 3, 3, false },
		{ "\5\0\3\x2a\2\1", 6, true, '8', 0x2a, 2, 1, false },
		{ "\6\0\3\x2a\2\1", 6, false, 0, 0, 0, 0, false }, /* beyond the data */
		{ "\xff", 1, false, 0, 0, 0, 0, false },
		{ "", 0, false, 0, 0, 0, 0, false },
		{ "\0text", 5, true, 0, 0, 0, 0, false },
		{ "\5\0\3\x2a\0\1", 6, true, 0, 0, 0, 0, true },
		{ "\5\0\3\x2a\2\0", 6, true, 0, 0, 0, 0, true },
		{ "\5\0\3\x2a\2\3", 6, true, 0, 0, 0, 0, true },
		{ "\5\0\3\x2a\1\1", 6, true, 0, 0, 0, 0, false }, /* one of one */
		{ "\5\0\4\x2a\2\1", 6, true, 0, 0, 0, 0, true },  /* element beyond the header */
		{ "\4\0\2\x2a\2", 5, true, 0, 0, 0, 0, true },    /* too short an element */
		{ "\x0c\x70\1\1\x05\4\0\1\0\2\0\3\x2a\2\1", 13, true, 0, 0, 0, 0, true },
		{ "\x0b\x05\4\0\1\0\2\0\3\x07\4\2", 12, true, '8', 7, 4, 2, false },
		{ "\x0b\x70\4zzzz\0\3\x07\4\2", 12, true, '8', 7, 4, 2, false }, /* skip unknown */
		{ "\1\0", 2, true, 0, 0, 0, 0, true },
	};
	struct udh u;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *exact = malloc(cases[i].len + (cases[i].len == 0));
		memcpy(exact, cases[i].octets, cases[i].len);
		assert_int_equal(udh_parse(exact, cases[i].len, &u), cases[i].is);
		assert_int_equal(u.kind, cases[i].kind);
		assert_int_equal(u.reference, cases[i].reference);
		assert_int_equal(u.total, cases[i].total);
		assert_int_equal(u.number, cases[i].number);
		assert_int_equal(u.odd, cases[i].odd);
		free(exact);
	}
}

static void
header_details(void **state)
{
	struct udh u;
	uint8_t built[UDH_LONGEST];

	(void)state;
	assert_true(
	    udh_parse((const uint8_t *)"\x0c\x05\4\x0b\x84\x23\xf0\x24\1\2\x25\1\3", 13, &u));
	assert_true(u.has_ports);
	assert_int_equal(u.destination_port, 2948);
	assert_int_equal(u.source_port, 9200);
	assert_int_equal(u.single, 2);
	assert_int_equal(u.locking, 3);
	for (unsigned bits = 8; bits <= 16; bits += 8) {
		size_t len = udh_build(built, bits, 0xabcd, 5, 4);
		assert_int_equal(len, bits == 8 ? 6 : 7);
		assert_true(udh_parse(built, len, &u));
		assert_int_equal(u.octets, len);
		assert_int_equal(u.reference, bits == 8 ? 0xcd : 0xabcd);
		assert_int_equal(u.total, 5);
		assert_int_equal(u.number, 4);
	}
	udh_from_sar(9, 2, 1, &u);
	assert_int_equal(u.kind, 'S');
	udh_from_sar(9, 2, 3, &u);
	assert_int_equal(u.kind, 0);
	assert_true(u.odd);
	udh_from_sar(9, 0, 0, &u);
	assert_true(u.odd);
}

/* ---- receipts ---- */

static void
receipt_texts(void **state)
{
	static const struct {
		const char *text, *id;
		enum channel_receipt_state state;
		const char *detail;
	} cases[] = {
		{ "id:0123456789 sub:001 dlvrd:001 submit date:2011241528 done date:2011241530 "
		  "stat:DELIVRD err:000 text:hello id:999",
		    "0123456789", CHANNEL_RECEIPT_DELIVERED,
		    "DELIVRD err=000 done=2020-11-24T15:30" },
		{ "id:a1B2-c3 submit date:201124152801 done date:201124153002 stat:UNDELIV "
		  "err:CM10",
		    "a1B2-c3", CHANNEL_RECEIPT_FAILED, "UNDELIV err=CM10 done=2020-11-24T15:30" },
		{ "STAT:EXPIRED ID:77 ERR:027 DONE DATE:20201124153002", "77",
		    CHANNEL_RECEIPT_FAILED, "EXPIRED err=027 done=2020-11-24T15:30" },
		{ "id: 5 sub: 1 stat: ACCEPTD err: text:", "5", CHANNEL_RECEIPT_PENDING,
		    "ACCEPTD" },
		{ "id:5 stat:ENROUTE", "5", CHANNEL_RECEIPT_PENDING, "ENROUTE" },
		{ "id:5 stat:REJECTD", "5", CHANNEL_RECEIPT_FAILED, "REJECTD" },
		{ "id:5 stat:DELETED", "5", CHANNEL_RECEIPT_FAILED, "DELETED" },
		{ "id:5 stat:UNKNOWN", "5", CHANNEL_RECEIPT_UNKNOWN, "UNKNOWN" },
		{ "id:5 stat:MA:0001", "5", CHANNEL_RECEIPT_FAILED, "MA:0001" },
		{ "id:5 stat:delivered", "5", CHANNEL_RECEIPT_DELIVERED, "delivered" },
		{ "id:5, stat:DELIVRD; err:0", "5", CHANNEL_RECEIPT_DELIVERED, "DELIVRD err=0" },
		{ "id:5\r\nstat:DELIVRD\r\nsubmit_date:x", "5", CHANNEL_RECEIPT_DELIVERED,
		    "DELIVRD" },
		{ "bid:4 id:5 stat:DELIVRD", "5", CHANNEL_RECEIPT_DELIVERED, "DELIVRD" },
		{ "id:5 done date:yesterday stat:DELIVRD", "5", CHANNEL_RECEIPT_DELIVERED,
		    "DELIVRD done=yesterday" },
		{ "id:5", "5", CHANNEL_RECEIPT_UNKNOWN, "" },
		{ "stat:DELIVRD", "", CHANNEL_RECEIPT_DELIVERED, "DELIVRD" },
		{ "id:a,b stat:DELIVRD", "a_b", CHANNEL_RECEIPT_DELIVERED, "DELIVRD" },
	};
	struct receipt r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		uint8_t *exact = malloc(len);
		struct pdu p = { .frame.id = PDU_DELIVER_SM,
			.esm_class = 4,
			.message = exact,
			.message_len = len };
		memcpy(exact, cases[i].text, len);
		assert_true(receipt_parse(&p, &r));
		assert_string_equal(r.id, cases[i].id);
		assert_int_equal(r.state, cases[i].state);
		assert_string_equal(r.detail, cases[i].detail);
		free(exact);
	}
}

static void
receipt_nothing_in_it(void **state)
{
	struct pdu p = { .frame.id = PDU_DELIVER_SM,
		.esm_class = 4,
		.message = (const uint8_t *)"hello text:id:5 stat:DELIVRD",
		.message_len = 28 };
	struct receipt r;

	(void)state;
	assert_false(receipt_parse(&p, &r));
	p.message_len = 0;
	assert_false(receipt_parse(&p, &r));
}

static void
receipt_behind_a_header_or_in_ucs2(void **state)
{
	struct pdu p = { .frame.id = PDU_DELIVER_SM,
		.esm_class = 0x44,
		.message = (const uint8_t *)"\5\0\3\1\1\1id:7 stat:DELIVRD",
		.message_len = 24 };
	struct receipt r;

	(void)state;
	assert_true(receipt_parse(&p, &r));
	assert_string_equal(r.id, "7");
	p = (struct pdu){ .frame.id = PDU_DELIVER_SM,
		.esm_class = 4,
		.data_coding = 8,
		.message =
		    (const uint8_t *)"\0i\0d\0:\0008\0 \0s\0t\0a\0t\0:\0E\0X\0P\0I\0R\0E\0D\0",
		.message_len = 35 };
	assert_true(receipt_parse(&p, &r));
	assert_string_equal(r.id, "8");
	assert_int_equal(r.state, CHANNEL_RECEIPT_FAILED);
	p.message = (const uint8_t *)"id:9 stat:DELIVRD";
	p.message_len = 17;
	assert_true(receipt_parse(&p, &r));
	assert_string_equal(r.id, "9");
}

static void
receipt_by_tlv(void **state)
{
	static const enum channel_receipt_state states[] = { CHANNEL_RECEIPT_PENDING,
		CHANNEL_RECEIPT_PENDING, CHANNEL_RECEIPT_DELIVERED, CHANNEL_RECEIPT_FAILED,
		CHANNEL_RECEIPT_FAILED, CHANNEL_RECEIPT_FAILED, CHANNEL_RECEIPT_PENDING,
		CHANNEL_RECEIPT_UNKNOWN, CHANNEL_RECEIPT_FAILED, CHANNEL_RECEIPT_FAILED,
		CHANNEL_RECEIPT_UNKNOWN };
	struct pdu p = { .frame.id = PDU_DELIVER_SM,
		.esm_class = 4,
		.receipted_id = "tlv",
		.has = PDU_HAS_STATE | PDU_HAS_NETWORK_ERROR,
		.network_error = { 3, 0, 8 },
		.message = (const uint8_t *)"id:text stat:EXPIRED",
		.message_len = 20 };
	struct receipt r;

	(void)state;
	for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		p.message_state = (uint8_t)i;
		assert_true(receipt_parse(&p, &r));
		assert_string_equal(r.id, "tlv");
		assert_int_equal(r.state, states[i]);
	}
	assert_string_equal(r.detail, "EXPIRED network=3/8");
	p.message_state = 2;
	p.esm_class = 0x20; /* intermediate: never final */
	assert_true(receipt_parse(&p, &r));
	assert_int_equal(r.state, CHANNEL_RECEIPT_PENDING);
}

static void
which_are_receipts(void **state)
{
	(void)state;
	assert_true(receipt_is(0x04));
	assert_true(receipt_is(0x44));
	assert_true(receipt_is(0x20));
	assert_false(receipt_is(0x00));
	assert_false(receipt_is(0x40));
	assert_false(receipt_is(0x08)); /* acknowledgement by the person */
	assert_false(receipt_is(0x10));
	assert_false(receipt_is(0x18));
}

/* ---- addresses ---- */

static void
addresses_in(void **state)
{
	static const struct {
		const char *raw;
		uint8_t ton;
		const char *text;
		bool service;
	} cases[] = {
		{ "13812345678", 0, "+8613812345678", false },
		{ "+8613812345678", 0, "+8613812345678", false },
		{ "+8613812345678", 1, "+8613812345678", false },
		{ "008613812345678", 0, "+8613812345678", false },
		{ "8613812345678", 0, "+8613812345678", false },
		{ "8613812345678", 1, "+8613812345678", false },
		{ "138-1234 5678", 0, "+8613812345678", false },
		{ "13812345678", 2, "+8613812345678", false },
		{ "0433-1234567", 0, "+864331234567", false },
		{ "04331234567", 2, "+864331234567", false },
		{ "864331234567", 0, "+864331234567", false },
		{ "+8604331234567", 0, "+864331234567", false },
		{ "01012345678", 0, "+861012345678", false },
		{ "821012345678", 0, "+821012345678", false },
		{ "821012345678", 1, "+821012345678", false },
		{ "00821012345678", 0, "+821012345678", false },
		{ "+12025550123", 1, "+12025550123", false },
		{ "13105550123", 1, "+13105550123", false }, /* California, as TON says */
		{ "10086", 0, "10086", true },
		{ "10086", 2, "10086", true },
		{ "+10086", 1, "10086", true },
		{ "95588", 0, "95588", true },
		{ "12306", 3, "12306", true },
		{ "123456", 0, "123456", true },
		{ "106575251234", 0, "106575251234", true },
		{ "86106575251234", 0, "106575251234", true },
		{ "106575251234", 1, "106575251234", true },
		{ "86106575251234", 1, "106575251234", true },
		{ "10690000123456789", 0, "10690000123456789", true },
		{ "4008123123", 0, "4008123123", true },
		{ "955881234", 0, "955881234", true },
		{ "ICBC", 5, "ICBC", true },
		{ "12345678901", 5, "12345678901", true },
		{ "China Mobile", 0, "China Mobile", true },
		{ "", 0, "", true },
		{ "2234567", 0, "2234567", false },
	};
	struct address a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		address_read(cases[i].raw, cases[i].ton, "86", true, &a);
		assert_string_equal(a.text, cases[i].text);
		assert_int_equal(a.service, cases[i].service);
	}
	address_read("13812345678", 1, "86", false, &a);
	assert_string_equal(a.text, "+8613812345678");
	address_read("01012345678", 0, "82", true, &a);
	assert_string_equal(a.text, "+821012345678");

	/* As long as the runtime takes them: 64 characters. */
	char name[81] = "", digits[81] = "";
	memset(name, 'n', 80);
	memset(digits, '7', 80);
	address_read(name, ADDRESS_ALPHANUMERIC, "86", true, &a);
	assert_int_equal(strlen(a.text), 64);
	address_read(digits, 0, "86", true, &a);
	assert_int_equal(strlen(a.text), 64);
	digits[0] = '+';
	address_read(digits, 0, "86", true, &a);
	assert_int_equal(strlen(a.text), 59);
}

static void
addresses_out(void **state)
{
	static const struct {
		const char *address;
		enum address_form form;
		const char *text;
		unsigned ton, npi;
	} cases[] = {
		{ "+8613812345678", ADDRESS_FORM_INTERNATIONAL, "8613812345678", 1, 1 },
		{ "+8613812345678", ADDRESS_FORM_PLUS, "+8613812345678", 1, 1 },
		{ "+8613812345678", ADDRESS_FORM_NATIONAL, "13812345678", 2, 1 },
		{ "+821012345678", ADDRESS_FORM_NATIONAL, "821012345678", 1, 1 },
		{ "12345", ADDRESS_FORM_INTERNATIONAL, "12345", 3, 0 },
		{ "1065752512345", ADDRESS_FORM_INTERNATIONAL, "1065752512345", 0, 1 },
		{ "Longjing", ADDRESS_FORM_INTERNATIONAL, "Longjing", 5, 0 },
		{ "", ADDRESS_FORM_INTERNATIONAL, "", 0, 0 },
	};
	struct address_wire w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		address_write(cases[i].address, cases[i].form, "86", -1, -1, &w);
		assert_string_equal(w.text, cases[i].text);
		assert_int_equal(w.ton, cases[i].ton);
		assert_int_equal(w.npi, cases[i].npi);
	}
	address_write("12345", ADDRESS_FORM_INTERNATIONAL, "86", 6, 9, &w);
	assert_int_equal(w.ton, 6);
	assert_int_equal(w.npi, 9);
}

/* ---- what an answer means ---- */

static void
submit_classes(void **state)
{
	static const uint32_t give_up[] = { 0x01, 0x0b, 0x33, 0x34, 0x40, 0x42, 0x43, 0x44, 0x50,
		0x51, 0x54, 0x55, 0x61, 0x62, 0x63, 0x65, 0x66, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xfe,
		0x500 };
	static const uint32_t link[] = { 0x02, 0x03, 0x04, 0x05, 0x0a, 0x0d, 0x0e, 0x0f, 0x15, 0x48,
		0x49, 0x53 };
	static const uint32_t retry[] = { 0x08, 0x45, 0x64, 0xff, 0x400, 0x4ff };

	(void)state;
	assert_int_equal(submit_class_of(0), SUBMIT_ACCEPTED);
	assert_int_equal(submit_class_of(0x58), SUBMIT_SLOW_DOWN);
	assert_int_equal(submit_class_of(0x14), SUBMIT_SLOW_DOWN);
	for (size_t i = 0; i < sizeof(give_up) / sizeof(give_up[0]); i++)
		assert_int_equal(submit_class_of(give_up[i]), SUBMIT_GIVE_UP);
	for (size_t i = 0; i < sizeof(link) / sizeof(link[0]); i++)
		assert_int_equal(submit_class_of(link[i]), SUBMIT_LINK);
	for (size_t i = 0; i < sizeof(retry) / sizeof(retry[0]); i++)
		assert_int_equal(submit_class_of(retry[i]), SUBMIT_RETRY);
}

static void
validity_periods(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = { { 0, "000000000100000R" }, { 90061, "000001010101000R" },
		{ 86400 * 400, "000028000000000R" }, { 3599, "000000005959000R" } };
	char out[17];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		submit_validity(cases[i].seconds, out);
		assert_string_equal(out, cases[i].text);
	}
}

/* ---- settings and the manual ---- */

static char *
manual(void)
{
	char path[4096];
	FILE *f;
	char *text = calloc(1, 65536);
	const char *srcdir = getenv("srcdir");

	snprintf(
	    path, sizeof(path), "%s/plugins/smpp/hailan-smpp.7", srcdir != NULL ? srcdir : ".");
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	fclose(f);
	return text;
}

static size_t
expect_options_in(const char *text, const struct channel_option *o)
{
	size_t count = 0;

	for (; o->name != NULL; o++, count++) {
		char entry[600];
		const char *at;
		snprintf(entry, sizeof(entry), ".It Cm %s\n", o->name);
		at = strstr(text, entry);
		assert_non_null(at);
		if (o->fallback == NULL)
			snprintf(entry, sizeof(entry), "must be given)\n%s\n", o->help);
		else
			snprintf(entry, sizeof(entry), "default %s)\n%s\n",
			    o->fallback[0] != '\0' ? o->fallback : "empty", o->help);
		/* within the entry, before the next one */
		const char *found = strstr(at, entry), *next = strstr(at + 1, ".It Cm");
		assert_non_null(found);
		assert_true(next == NULL || found < next);
	}
	return count;
}

static void
manual_agrees_with_options(void **state)
{
	char *text = manual();
	size_t count = 0, entries = 0;

	(void)state;
	count += expect_options_in(text, settings_channel_options);
	count += expect_options_in(text, settings_link_options);
	for (const char *at = text; (at = strstr(at, ".It Cm")) != NULL; at++)
		entries++;
	assert_int_equal(entries, count);
	free(text);
}

/* The diagram in the manual is the table's rows that move, no more and no fewer. */
static void
manual_agrees_with_machine(void **state)
{
	char *text = manual();
	size_t rows, moving = 0, lines = 0;
	const struct session_row *table = session_table(&rows);
	char *at = strstr(text, "down        start");

	(void)state;
	for (size_t i = 0; i < rows; i++) {
		char line[100];
		if (table[i].state == table[i].next)
			continue;
		moving++;
		snprintf(line, sizeof(line), "\n%-11s %-14s %s\n",
		    session_state_name(table[i].state), session_event_name(table[i].event),
		    session_state_name(table[i].next));
		assert_non_null(strstr(text, line));
	}
	assert_non_null(at);
	for (; strncmp(at, ".Ed", 3) != 0; at = strchr(at, '\n') + 1)
		lines++;
	assert_int_equal(lines, moving);
	free(text);
}

static void
settings_are_checked(void **state)
{
	static const struct {
		const char *name, *value, *words;
	} cases[] = {
		{ "system_id", "sixteencharacter", "system_id has 16 characters" },
		{ "system_id", "", "host and system_id must be given" },
		{ "password", "123456789012345678901234567890123", "password has 33" },
		{ "system_type", "thirteenchars", "system_type has 13" },
		{ "source", "龙井", "not printable ASCII" },
		{ "country", "+86", "expected a country code" },
		{ "reconnect_min", "90s", "reconnect_min is longer" },
		{ "tls_ca", "/x", "set tls = verify" },
	};
	struct event_base *base = event_base_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel *c = stub_new(base, 1);
		struct channel_error error = { .text = "" };
		stub_set(c, "host", "127.0.0.1");
		stub_set(c, "system_id", "town");
		assert_true(c->plugin->check(c, &error));
		stub_set(c, cases[i].name, cases[i].value);
		assert_false(c->plugin->check(c, &error));
		assert_non_null(strstr(error.text, cases[i].words));
		stub_free(&c);
	}
	struct channel *none = stub_new(base, 0);
	struct channel_error error = { .text = "" };
	assert_false(none->plugin->check(none, &error));
	stub_free(&none);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_data_coding),
		cmocka_unit_test(zero_as_the_link_says),
		cmocka_unit_test(septets_unpacked),
		cmocka_unit_test(headers),
		cmocka_unit_test(header_details),
		cmocka_unit_test(receipt_texts),
		cmocka_unit_test(receipt_nothing_in_it),
		cmocka_unit_test(receipt_behind_a_header_or_in_ucs2),
		cmocka_unit_test(receipt_by_tlv),
		cmocka_unit_test(which_are_receipts),
		cmocka_unit_test(addresses_in),
		cmocka_unit_test(addresses_out),
		cmocka_unit_test(submit_classes),
		cmocka_unit_test(validity_periods),
		cmocka_unit_test(manual_agrees_with_options),
		cmocka_unit_test(manual_agrees_with_machine),
		cmocka_unit_test(settings_are_checked),
	};

	return cmocka_run_group_tests_name("smpp content", tests, NULL, NULL);
}
