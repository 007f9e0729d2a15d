/* SPDX-License-Identifier: BSD-2-Clause */
/* Framing, bodies, and the fence around libsmpp34: every PDU that it refuses or breaks on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/smpp/bytes.h"
#include "plugins/smpp/frame.h"
#include "plugins/smpp/pdu.h"
#include "plugins/smpp/smpp34.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

/* A deliver_sm with everything that a case may want to be odd. */
struct sm {
	uint32_t id, status, sequence;
	const char *service_type, *source, *destination, *schedule, *validity;
	uint8_t source_ton, source_npi, esm_class, data_coding;
	const void *text;
	size_t text_len;
	const void *tlvs;
	size_t tlvs_len;
};

static void
write_sm(struct bytes *b, const struct sm *m)
{
	size_t start = b->len;

	frame_begin(
	    b, m->id != 0 ? m->id : PDU_DELIVER_SM, m->status, m->sequence != 0 ? m->sequence : 7);
	bytes_add_cstring(b, m->service_type != NULL ? m->service_type : "");
	bytes_add_u8(b, m->source_ton);
	bytes_add_u8(b, m->source_npi);
	bytes_add_cstring(b, m->source != NULL ? m->source : "13812345678");
	bytes_add_u8(b, 0);
	bytes_add_u8(b, 0);
	bytes_add_cstring(b, m->destination != NULL ? m->destination : "12345");
	bytes_add_u8(b, m->esm_class);
	bytes_add_u8(b, 0);
	bytes_add_u8(b, 0);
	bytes_add_cstring(b, m->schedule != NULL ? m->schedule : "");
	bytes_add_cstring(b, m->validity != NULL ? m->validity : "");
	bytes_add_u8(b, 0);
	bytes_add_u8(b, 0);
	bytes_add_u8(b, m->data_coding);
	bytes_add_u8(b, 0);
	bytes_add_u8(b, (unsigned)m->text_len);
	bytes_add(b, m->text, m->text_len);
	bytes_add(b, m->tlvs, m->tlvs_len);
	frame_end(b, start);
}

/* Parses from an allocation of exactly that size, so that the sanitizer sees every octet too far.
 */
static uint32_t
parse(const struct bytes *b, struct pdu *out, uint8_t **keep)
{
	*keep = malloc(b->len);
	memcpy(*keep, b->data, b->len);
	return pdu_parse(*keep, b->len, out);
}

static void
expect_clean_copy_is_taken(const struct pdu *pdu)
{
	const char *what = NULL;

	assert_int_equal(smpp34_check(pdu, &what), SMPP34_SAME);
}

/* ---- frame ---- */

static void
frame_one_octet_at_a_time(void **state)
{
	struct evbuffer *in = evbuffer_new();
	struct bytes b = { 0 };
	struct frame f;

	(void)state;
	frame_begin(&b, PDU_ENQUIRE_LINK, 0x12345678, 9);
	bytes_add(&b, "body", 4);
	frame_end(&b, 0);
	for (size_t i = 0; i < b.len; i++) {
		assert_int_equal(frame_peek(in, &f), FRAME_MORE);
		evbuffer_add(in, b.data + i, 1);
	}
	assert_int_equal(frame_peek(in, &f), FRAME_READY);
	assert_int_equal(f.length, 20);
	assert_int_equal(f.id, PDU_ENQUIRE_LINK);
	assert_int_equal(f.status, 0x12345678);
	assert_int_equal(f.sequence, 9);
	bytes_clear(&b);
	evbuffer_free(in);
}

static void
frame_lengths(void **state)
{
	static const struct {
		uint32_t length;
		enum frame_result result;
	} cases[] = { { 0, FRAME_BAD_LENGTH }, { 15, FRAME_BAD_LENGTH }, { 16, FRAME_READY },
		{ 17, FRAME_MORE }, { FRAME_MAX, FRAME_MORE }, { FRAME_MAX + 1, FRAME_BAD_LENGTH },
		{ 0xffffffff, FRAME_BAD_LENGTH } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct evbuffer *in = evbuffer_new();
		struct bytes b = { 0 };
		struct frame f;
		bytes_add_be32(&b, cases[i].length);
		bytes_add_be32(&b, PDU_ENQUIRE_LINK);
		bytes_add_be32(&b, 0);
		bytes_add_be32(&b, 1);
		evbuffer_add(in, b.data, b.len);
		assert_int_equal(frame_peek(in, &f), cases[i].result);
		bytes_clear(&b);
		evbuffer_free(in);
	}
}

/* ---- the table of what libsmpp34 refuses ---- */

static void
response(uint32_t id, uint32_t status, const void *body, size_t len, struct pdu *out)
{
	struct bytes b = { 0 };
	uint8_t *keep;

	frame_begin(&b, id, status, 5);
	bytes_add(&b, body, len);
	frame_end(&b, 0);
	assert_int_equal(parse(&b, out, &keep), PDU_OK);
	assert_int_equal(out->frame.status, status);
	free(keep);
	bytes_clear(&b);
}

static void
responses_of_any_shape(void **state)
{
	const uint32_t submit = PDU_SUBMIT_SM | PDU_RESPONSE;
	const uint32_t bind = PDU_BIND_TRANSCEIVER | PDU_RESPONSE;
	const char *what;
	struct pdu p;

	(void)state;
	response(submit, 0x58, "", 0, &p);
	response(submit, 0x58, "\0", 1, &p);
	assert_int_equal(smpp34_check(&p, &what), SMPP34_UNASKED); /* status ≠ 0 never goes there */
	response(submit, 0x401, "id\0", 3, &p);
	response(submit, 0x4ff, "", 0, &p);
	response(submit, 0xdeadbeef, "", 0, &p);
	response(submit, 0, "abc\0\x00\x1d\x00\x02hi", 10, &p);
	assert_string_equal(p.message_id, "abc");
	expect_clean_copy_is_taken(&p);
	response(submit, 0, "", 0, &p);
	assert_string_equal(p.message_id, "");
	response(submit, 0, "noend", 5, &p);
	assert_string_equal(p.message_id, "noend");
	assert_true(p.flags & PDU_TRAILING);
	response(submit, 0, "a,b\0", 4, &p);
	assert_string_equal(p.message_id, "a_b");
	response(bind, 0x0e, "", 0, &p);
	response(bind, 0x0e, "\0", 1, &p);
	response(bind, 0, "SMSC\0\x02\x10\x00\x01\x50", 10, &p);
	assert_string_equal(p.system_id, "SMSC");
	assert_int_equal(p.interface_version, 0x50);
	response(bind, 0, "SMSC\0\x02\x10\x00\x01\x34\x02\x10", 12, &p);
	assert_int_equal(p.interface_version, 0x34);
	response(bind, 0, "SMSC", 4, &p);
	assert_string_equal(p.system_id, "SMSC");
	response(PDU_GENERIC_NACK, 3, "", 0, &p);
	response(PDU_GENERIC_NACK, 0x433, "rubbish", 7, &p);
}

static void
generic_nack_with_sequence_zero(void **state)
{
	struct bytes b = { 0 };
	struct pdu p;
	uint8_t *keep;

	(void)state;
	frame_begin(&b, PDU_GENERIC_NACK, 2, 0);
	assert_int_equal(parse(&b, &p, &keep), PDU_OK);
	assert_int_equal(p.frame.sequence, 0);
	free(keep);
	bytes_clear(&b);
}

static void
deliver_that_libsmpp34_refuses(void **state)
{
	static const uint8_t wrong_length[] = { 0x02, 0x0c, 0, 1, 9, 0x04, 0x27, 0, 2, 1, 1 };
	static const uint8_t vendor[] = { 0x14, 0x00, 0, 2, 1, 2, 0x06, 0x0b, 0, 1, 3 };
	static uint8_t text[255];
	const struct sm cases[] = {
		{ .text = "a", .text_len = 1 },
		{ .source_ton = 7, .text = "a", .text_len = 1 },
		{ .source_npi = 13, .source_ton = 255, .text = "a", .text_len = 1 },
		{ .schedule = "200101000000000R", .text = "a", .text_len = 1 },
		{ .validity = "200101000000000R", .text = "a", .text_len = 1 },
		{ .text = text, .text_len = 255 },
		{ .text = text, .text_len = 254 },
		{ .source = "1234567890123456789012", .text = "a", .text_len = 1 },
		{ .service_type = "LONGER", .text = "a", .text_len = 1 },
		{ .tlvs = wrong_length, .tlvs_len = sizeof(wrong_length) },
		{ .tlvs = vendor, .tlvs_len = sizeof(vendor) },
		{ .sequence = 0xffffffff },
		{ .status = 0x400 },
		{ .tlvs = "\0\0\0", .tlvs_len = 3 },
		{ .esm_class = 0xff, .data_coding = 0xff },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = { 0 };
		struct pdu p;
		uint8_t *keep;
		write_sm(&b, &cases[i]);
		assert_int_equal(parse(&b, &p, &keep), PDU_OK);
		assert_int_equal(p.source_ton, cases[i].source_ton);
		assert_int_equal(p.source_npi, cases[i].source_npi);
		assert_int_equal(p.message_len, cases[i].text_len);
		if (cases[i].source != NULL)
			assert_string_equal(p.source, cases[i].source);
		assert_int_equal((p.flags & PDU_ODD_TLV) != 0, cases[i].tlvs == wrong_length);
		expect_clean_copy_is_taken(&p);
		free(keep);
		bytes_clear(&b);
	}
}

static void
payload_of(size_t len)
{
	struct bytes b = { 0 }, tlv = { 0 };
	uint8_t *octets = calloc(len + 1, 1), *keep;
	struct pdu p;

	memset(octets, 'x', len);
	pdu_write_tlv(&tlv, PDU_TLV_PAYLOAD, octets, len);
	write_sm(&b, &(struct sm){ .tlvs = tlv.data, .tlvs_len = tlv.len });
	assert_int_equal(parse(&b, &p, &keep), PDU_OK);
	assert_int_equal(p.message_len, len);
	assert_memory_equal(p.message, octets, len);
	expect_clean_copy_is_taken(&p);
	free(keep);
	free(octets);
	bytes_clear(&b);
	bytes_clear(&tlv);
}

static void
payloads(void **state)
{
	static const size_t sizes[] = { 0, 1, 1024, 1025, 65535 };
	struct bytes b = { 0 };
	struct pdu p;
	uint8_t *keep;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		payload_of(sizes[i]);
	write_sm(
	    &b, &(struct sm){
		    .text = "short", .text_len = 5, .tlvs = "\x04\x24\0\3pay", .tlvs_len = 7 });
	assert_int_equal(parse(&b, &p, &keep), PDU_OK);
	assert_true(p.flags & PDU_BOTH);
	assert_int_equal(p.message_len, 3);
	assert_memory_equal(p.message, "pay", 3);
	free(keep);
	bytes_clear(&b);
}

/* 28, 29 and 2,000 TLVs: libsmpp34 writes past its log above 28 and crashes. */
static void
many_tlvs(void **state)
{
	static const unsigned counts[] = { 28, 29, 2000, 10000 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct bytes b = { 0 }, tlvs = { 0 };
		struct pdu p;
		uint8_t *keep;
		for (unsigned n = 0; n < counts[i]; n++)
			pdu_write_tlv(&tlvs, n % 2 == 0 ? PDU_TLV_USER_REFERENCE : 0x1400 + n % 256,
			    "\x12\x34", 2);
		write_sm(&b, &(struct sm){ .tlvs = tlvs.data, .tlvs_len = tlvs.len });
		assert_true(b.len <= FRAME_MAX);
		assert_int_equal(parse(&b, &p, &keep), PDU_OK);
		assert_int_equal(p.user_reference, 0x1234);
		expect_clean_copy_is_taken(&p);
		free(keep);
		bytes_clear(&b);
		bytes_clear(&tlvs);
	}
}

/* Every truncation of a PDU, with the length rewritten, is answered and never read past. */
static void
truncated_anywhere(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	write_sm(
	    &b, &(struct sm){
		    .text = "text", .text_len = 4, .tlvs = "\x02\x04\0\2\1\2", .tlvs_len = 6 });
	for (size_t len = FRAME_HEADER; len < b.len; len++) {
		struct bytes cut = { 0 };
		struct pdu p;
		uint8_t *keep;
		uint32_t status;
		bytes_add(&cut, b.data, len);
		frame_end(&cut, 0);
		status = parse(&cut, &p, &keep);
		if (len < b.len - 6 - 4)
			assert_int_equal(status, PDU_RINVCMDLEN);
		else if (len < b.len - 6)
			assert_int_equal(status, PDU_RINVMSGLEN);
		else if (len > b.len - 6)
			/* "\2" is no padding; "\0…" may not be either when a tag stands there */
			assert_int_equal(status, PDU_RINVOPTPARSTREAM);
		else
			assert_int_equal(status, PDU_OK);
		free(keep);
		bytes_clear(&cut);
	}
	bytes_clear(&b);
}

static void
statuses_of_bad_bodies(void **state)
{
	char longer[80];
	struct sm cases[] = { { .source = longer }, { .destination = longer },
		{ .service_type = longer } };
	static const uint32_t statuses[] = { PDU_RINVSRCADR, PDU_RINVDSTADR, PDU_RINVSERTYP };
	struct bytes b = { 0 };
	struct pdu p;
	uint8_t *keep;

	(void)state;
	memset(longer, '1', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < 3; i++) {
		write_sm(&b, &cases[i]);
		assert_int_equal(parse(&b, &p, &keep), statuses[i]);
		free(keep);
		bytes_clear(&b);
	}
	frame_begin(&b, 0x00000099, 0, 1);
	assert_int_equal(parse(&b, &p, &keep), PDU_RINVCMDID);
	assert_false(pdu_known(0x99));
	free(keep);
	bytes_clear(&b);
}

static void
data_sm_is_read(void **state)
{
	struct bytes b = { 0 };
	struct pdu p;
	uint8_t *keep;

	(void)state;
	frame_begin(&b, PDU_DATA_SM, 0, 3);
	bytes_add(&b,
	    "\0\1\1"
	    "8613812345678\0\0\0"
	    "12345\0\0\0\x08",
	    29 - 1);
	pdu_write_tlv(&b, PDU_TLV_PAYLOAD, "\x4f\x60", 2);
	frame_end(&b, 0);
	assert_int_equal(parse(&b, &p, &keep), PDU_OK);
	assert_string_equal(p.source, "8613812345678");
	assert_string_equal(p.destination, "12345");
	assert_int_equal(p.data_coding, 8);
	assert_memory_equal(p.message, "\x4f\x60", 2);
	free(keep);
	bytes_clear(&b);
}

static void
receipt_tlvs(void **state)
{
	static const uint8_t tlvs[] = { 0x00, 0x1e, 0, 4, 'a', '1', 'f', 0, 0x04, 0x27, 0, 1, 2,
		0x04, 0x23, 0, 3, 3, 0, 9 };
	struct bytes b = { 0 };
	struct pdu p;
	uint8_t *keep;

	(void)state;
	write_sm(&b, &(struct sm){ .esm_class = 4, .tlvs = tlvs, .tlvs_len = sizeof(tlvs) });
	assert_int_equal(parse(&b, &p, &keep), PDU_OK);
	assert_string_equal(p.receipted_id, "a1f");
	assert_int_equal(p.message_state, 2);
	assert_int_equal(p.network_error[2], 9);
	expect_clean_copy_is_taken(&p);
	free(keep);
	bytes_clear(&b);
}

/* ---- what we send ---- */

static void
bind_of_every_kind(void **state)
{
	struct pdu_bind bind = { PDU_BIND_TRANSCEIVER, 1, "town", "secret", "", "", 0x34, 0, 0 };
	struct bytes packed = { 0 }, written = { 0 };
	struct pdu p;

	(void)state;
	for (uint32_t id = 1; id <= 9; id = id == 1 ? 2 : id == 2 ? 9 : 10) {
		bind.id = id;
		assert_true(smpp34_pack_bind(&packed, &bind));
		pdu_write_bind(&written, &bind);
		assert_int_equal(packed.len, written.len);
		assert_memory_equal(packed.data, written.data, packed.len);
		bytes_clear(&packed);
		bytes_clear(&written);
	}
	/* What it refuses is left to pdu_write_bind(). */
	bind.id = PDU_BIND_TRANSCEIVER;
	bind.password = "ninechars";
	assert_false(smpp34_pack_bind(&packed, &bind));
	assert_int_equal(packed.len, 0);
	pdu_write_bind(&written, &bind);
	assert_int_equal(pdu_parse(written.data, written.len, &p), PDU_OK);
	assert_string_equal(p.password, "ninechars");
	bytes_clear(&written);
	bind.password = "x";
	bind.interface_version = 0x50;
	assert_false(smpp34_pack_bind(&packed, &bind));
	bytes_clear(&packed);
}

static void
submit_of_every_kind(void **state)
{
	static uint8_t text[3000];
	struct pdu_submit s = { .sequence = 77,
		.service_type = "CMT",
		.source = "12345",
		.destination = "8613812345678",
		.source_ton = 3,
		.destination_ton = 1,
		.destination_npi = 1,
		.esm_class = 0x40,
		.priority = 3,
		.registered_delivery = 1,
		.data_coding = 8,
		.validity = "000002030405000R",
		.message = text,
		.message_len = 140 };
	struct bytes b = { 0 };
	struct pdu p;

	(void)state;
	memset(text, 'z', sizeof(text));
	assert_true(smpp34_pack_submit(&b, &s));
	assert_int_equal(pdu_parse(b.data, b.len, &p), PDU_OK);
	assert_int_equal(p.frame.sequence, 77);
	assert_string_equal(p.destination, "8613812345678");
	assert_int_equal(p.short_message_len, 140);
	assert_int_equal(p.priority, 3);
	bytes_clear(&b);

	s.as_payload = true;
	s.message_len = sizeof(text); /* libsmpp34 stops at 1024 */
	assert_true(smpp34_pack_submit(&b, &s));
	assert_int_equal(pdu_parse(b.data, b.len, &p), PDU_OK);
	assert_int_equal(p.short_message_len, 0);
	assert_int_equal(p.payload_len, sizeof(text));
	bytes_clear(&b);

	s.as_payload = false;
	s.message_len = 20;
	s.sar_reference = 0x1234;
	s.sar_total = 3;
	s.sar_number = 2;
	assert_true(smpp34_pack_submit(&b, &s));
	assert_int_equal(pdu_parse(b.data, b.len, &p), PDU_OK);
	assert_int_equal(p.sar_reference, 0x1234);
	assert_int_equal(p.sar_total, 3);
	assert_int_equal(p.sar_number, 2);
	bytes_clear(&b);

	s.destination = "123456789012345678901";
	assert_false(smpp34_pack_submit(&b, &s));
	assert_int_equal(b.len, 0);
	bytes_clear(&b);
}

static void
bytes_of_every_kind(void **state)
{
	struct bytes b = { 0 };
	uint8_t header[FRAME_HEADER];

	(void)state;
	bytes_reset(&b);
	bytes_add_text(&b, "");
	assert_string_equal((char *)b.data, "");
	bytes_add_number(&b, 0);
	bytes_add_u8(&b, ' ');
	bytes_add_number(&b, 4294967295u);
	bytes_add_json(&b, "a\"\\\n天");
	bytes_add_hex(&b, "\0\xfe", 2);
	assert_string_equal((char *)b.data, "0 4294967295\"a\\\"\\\\\\u000a天\"00fe");
	bytes_reset(&b);
	assert_string_equal((char *)b.data, "");
	for (unsigned i = 0; i < 1000; i++) {
		bytes_add_u8(&b, 'x');
		assert_true(b.len < b.room);
		assert_int_equal(b.data[b.len], 0);
	}
	bytes_clear(&b);

	frame_write(header, 17, PDU_DELIVER_SM | PDU_RESPONSE, 0x64, 0xfffefdfc);
	assert_memory_equal(header, "\0\0\0\21\x80\0\0\5\0\0\0\x64\xff\xfe\xfd\xfc", 16);
}

static void
statuses_have_words(void **state)
{
	(void)state;
	assert_string_equal(pdu_status_text(0x0e), "invalid password");
	assert_string_equal(pdu_status_text(0x455), "vendor's status");
	assert_string_equal(pdu_status_text(0x999), "reserved status");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_one_octet_at_a_time),
		cmocka_unit_test(frame_lengths),
		cmocka_unit_test(responses_of_any_shape),
		cmocka_unit_test(generic_nack_with_sequence_zero),
		cmocka_unit_test(deliver_that_libsmpp34_refuses),
		cmocka_unit_test(payloads),
		cmocka_unit_test(many_tlvs),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(statuses_of_bad_bodies),
		cmocka_unit_test(data_sm_is_read),
		cmocka_unit_test(receipt_tlvs),
		cmocka_unit_test(bind_of_every_kind),
		cmocka_unit_test(submit_of_every_kind),
		cmocka_unit_test(bytes_of_every_kind),
		cmocka_unit_test(statuses_have_words),
	};

	return cmocka_run_group_tests_name("smpp pdu", tests, NULL, NULL);
}
