/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libsmpp34 behind a fence. It writes past its log buffer when a PDU has 29 TLVs or more, reads
 * past buffers without a NUL, refuses valid values, and leaks TLVs when it refuses: so it is given
 * only what this file has built.
 */
#include "smpp34.h"

#include "bytes.h"
#include "pdu.h"

#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include <smpp34.h>
#include <smpp34_structs.h>
#include <smpp34_params.h>
#pragma GCC diagnostic pop

#define PACK_ROOM 1024
#define LONGEST_SHORT_MESSAGE 254

/* Copies s into a field of the library; false when it does not fit. */
static bool
put(uint8_t *field, size_t room, const char *s)
{
	size_t len = strlen(s);

	if (len >= room)
		return false;
	memcpy(field, s, len + 1);
	return true;
}
#define PUT(field, s) put((field), sizeof(field), (s))

static bool
pack(struct bytes *out, void *from)
{
	uint8_t packed[PACK_ROOM];
	int len = 0;

	memset(packed, 0, sizeof(packed));
	if (smpp34_pack2(packed, (int)sizeof(packed), &len, from) != 0 || len <= 0)
		return false;
	bytes_add(out, packed, (size_t)len);
	return true;
}

bool
smpp34_pack_bind(struct bytes *out, const struct pdu_bind *bind)
{
	/* The three binds have one layout. */
	bind_transceiver_t t;

	memset(&t, 0, sizeof(t));
	t.command_id = bind->id;
	t.sequence_number = bind->sequence;
	t.interface_version = bind->interface_version;
	t.addr_ton = bind->address_ton;
	t.addr_npi = bind->address_npi;
	if (!PUT(t.system_id, bind->system_id) || !PUT(t.password, bind->password) ||
	    !PUT(t.system_type, bind->system_type) || !PUT(t.address_range, bind->address_range))
		return false;
	return pack(out, &t);
}

bool
smpp34_pack_submit(struct bytes *out, const struct pdu_submit *submit)
{
	submit_sm_t t;
	size_t start = out->len;

	memset(&t, 0, sizeof(t));
	t.command_id = SUBMIT_SM;
	t.sequence_number = submit->sequence;
	t.source_addr_ton = submit->source_ton;
	t.source_addr_npi = submit->source_npi;
	t.dest_addr_ton = submit->destination_ton;
	t.dest_addr_npi = submit->destination_npi;
	t.esm_class = submit->esm_class;
	t.priority_flag = submit->priority;
	t.registered_delivery = submit->registered_delivery;
	t.data_coding = submit->data_coding;
	if (!PUT(t.service_type, submit->service_type) || !PUT(t.source_addr, submit->source) ||
	    !PUT(t.destination_addr, submit->destination) ||
	    !PUT(t.validity_period, submit->validity))
		return false;
	if (!submit->as_payload) {
		if (submit->message_len > LONGEST_SHORT_MESSAGE)
			return false;
		t.sm_length = (uint8_t)submit->message_len;
		if (submit->message_len > 0)
			memcpy(t.short_message, submit->message, submit->message_len);
	} else if (submit->message_len > UINT16_MAX) {
		return false;
	}
	if (!pack(out, &t))
		return false;
	if (submit->sar_total != 0) {
		uint8_t reference[2] = { (uint8_t)(submit->sar_reference >> 8),
			(uint8_t)submit->sar_reference };
		pdu_write_tlv(out, TLVID_sar_msg_ref_num, reference, 2);
		pdu_write_tlv(out, TLVID_sar_total_segments, &submit->sar_total, 1);
		pdu_write_tlv(out, TLVID_sar_segment_seqnum, &submit->sar_number, 1);
	}
	if (submit->as_payload)
		pdu_write_tlv(out, TLVID_message_payload, submit->message, submit->message_len);
	frame_end(out, start);
	return true;
}

/* ---- the cross-check ---- */

static uint8_t
listed_ton(uint8_t ton)
{
	return ton <= TON_Abbreviated ? ton : TON_Unknown;
}

static uint8_t
listed_npi(uint8_t npi)
{
	static const uint8_t listed[] = { NPI_Unknown, NPI_ISDN_E163_E164, NPI_Data_X121,
		NPI_Telex_F69, NPI_Land_Mobile_E212, NPI_National, NPI_Private, NPI_ERMES,
		NPI_Internet_IP, NPI_WAP_Client_Id };

	return memchr(listed, npi, sizeof(listed)) != NULL ? npi : NPI_Unknown;
}

/* name, cut to what fits a field of room octets. */
static void
add_cut(struct bytes *out, const char *name, size_t room)
{
	bytes_add(out, name, strnlen(name, room - 1));
	bytes_add_u8(out, 0);
}

static void
add_u16_tlv(struct bytes *out, unsigned tag, unsigned value)
{
	uint8_t octets[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	pdu_write_tlv(out, tag, octets, 2);
}

/* At most nine: far below the sixteen that are safe. */
static void
add_wanted_tlvs(const struct pdu *pdu, struct bytes *out)
{
	if ((pdu->has & PDU_HAS_USER_REFERENCE) != 0)
		add_u16_tlv(out, TLVID_user_message_reference, pdu->user_reference);
	if ((pdu->has & PDU_HAS_SOURCE_PORT) != 0)
		add_u16_tlv(out, TLVID_source_port, pdu->source_port);
	if ((pdu->has & PDU_HAS_DESTINATION_PORT) != 0)
		add_u16_tlv(out, TLVID_destination_port, pdu->destination_port);
	if ((pdu->has & PDU_HAS_SAR_REFERENCE) != 0)
		add_u16_tlv(out, TLVID_sar_msg_ref_num, pdu->sar_reference);
	if ((pdu->has & PDU_HAS_SAR_TOTAL) != 0)
		pdu_write_tlv(out, TLVID_sar_total_segments, &pdu->sar_total, 1);
	if ((pdu->has & PDU_HAS_SAR_NUMBER) != 0)
		pdu_write_tlv(out, TLVID_sar_segment_seqnum, &pdu->sar_number, 1);
	if ((pdu->has & PDU_HAS_STATE) != 0)
		pdu_write_tlv(out, TLVID_message_state, &pdu->message_state, 1);
	if ((pdu->has & PDU_HAS_NETWORK_ERROR) != 0)
		pdu_write_tlv(out, TLVID_network_error_code, pdu->network_error, 3);
	if (pdu->receipted_id[0] != '\0')
		pdu_write_tlv(out, TLVID_receipted_message_id, pdu->receipted_id,
		    strlen(pdu->receipted_id) + 1);
}

static size_t
clean_len(const struct pdu *pdu)
{
	return pdu->short_message_len < LONGEST_SHORT_MESSAGE ? pdu->short_message_len
							      : LONGEST_SHORT_MESSAGE;
}

/* libsmpp34 does not take a sequence number of 0 or above 0x7fffffff. */
static uint32_t
clean_sequence(const struct pdu *pdu)
{
	uint32_t sequence = pdu->frame.sequence & 0x7fffffff;

	return sequence != 0 ? sequence : 1;
}

void
smpp34_clean(const struct pdu *pdu, struct bytes *out)
{
	size_t start = out->len;

	frame_begin(out, DELIVER_SM, 0, clean_sequence(pdu));
	add_cut(out, pdu->service_type, SERVICE_TYPE_LENGTH);
	bytes_add_u8(out, listed_ton(pdu->source_ton));
	bytes_add_u8(out, listed_npi(pdu->source_npi));
	add_cut(out, pdu->source, ADDRESS_LENGTH);
	bytes_add_u8(out, listed_ton(pdu->destination_ton));
	bytes_add_u8(out, listed_npi(pdu->destination_npi));
	add_cut(out, pdu->destination, ADDRESS_LENGTH);
	bytes_add_u8(out, pdu->esm_class);
	bytes_add_u8(out, pdu->protocol_id);
	bytes_add_u8(out, pdu->priority);
	bytes_add_u8(out, 0); /* schedule_delivery_time */
	bytes_add_u8(out, 0); /* validity_period */
	bytes_add_u8(out, pdu->registered_delivery);
	bytes_add_u8(out, pdu->replace);
	bytes_add_u8(out, pdu->data_coding);
	bytes_add_u8(out, pdu->canned);
	bytes_add_u8(out, (unsigned)clean_len(pdu));
	bytes_add(out, pdu->short_message, clean_len(pdu));
	add_wanted_tlvs(pdu, out);
	frame_end(out, start);
}

static bool
same_name(const uint8_t *theirs, size_t room, const char *ours)
{
	size_t len = strnlen(ours, room - 1);

	return strnlen((const char *)theirs, room) == len && memcmp(theirs, ours, len) == 0;
}

/* The name of the first field that is not the same, or NULL. */
static const char *
compare_deliver(const deliver_sm_t *t, const struct pdu *pdu)
{
	if (!same_name(t->source_addr, sizeof(t->source_addr), pdu->source))
		return "source_addr";
	if (!same_name(t->destination_addr, sizeof(t->destination_addr), pdu->destination))
		return "destination_addr";
	if (!same_name(t->service_type, sizeof(t->service_type), pdu->service_type))
		return "service_type";
	if (t->esm_class != pdu->esm_class)
		return "esm_class";
	if (t->data_coding != pdu->data_coding)
		return "data_coding";
	if (t->sm_length != clean_len(pdu))
		return "sm_length";
	if (t->sm_length > 0 && memcmp(t->short_message, pdu->short_message, t->sm_length) != 0)
		return "short_message";
	for (const tlv_t *tlv = t->tlv; tlv != NULL; tlv = tlv->next) {
		if (tlv->tag == TLVID_sar_msg_ref_num && tlv->value.val16 != pdu->sar_reference)
			return "sar_msg_ref_num";
		if (tlv->tag == TLVID_message_state && tlv->value.val08 != pdu->message_state)
			return "message_state";
	}
	return NULL;
}

static enum smpp34_verdict
check_deliver(const struct pdu *pdu, const char **what)
{
	struct bytes copy = { 0 };
	deliver_sm_t t;
	enum smpp34_verdict verdict = SMPP34_REFUSED;

	memset(&t, 0, sizeof(t));
	smpp34_clean(pdu, &copy);
	if (smpp34_unpack2(&t, copy.data, (int)copy.len) == 0) {
		*what = compare_deliver(&t, pdu);
		verdict = *what == NULL ? SMPP34_SAME : SMPP34_DIFFERENT;
	}
	/* Also after a refusal: what was linked by then is ours to free. */
	destroy_tlv(t.tlv);
	bytes_clear(&copy);
	return verdict;
}

static enum smpp34_verdict
check_submit_resp(const struct pdu *pdu, const char **what)
{
	struct bytes copy = { 0 };
	submit_sm_resp_t t;
	enum smpp34_verdict verdict = SMPP34_REFUSED;

	memset(&t, 0, sizeof(t));
	frame_begin(&copy, SUBMIT_SM_RESP, 0, clean_sequence(pdu));
	bytes_add_cstring(&copy, pdu->message_id);
	frame_end(&copy, 0);
	if (smpp34_unpack2(&t, copy.data, (int)copy.len) == 0) {
		bool same = same_name(t.message_id, sizeof(t.message_id), pdu->message_id);
		*what = same ? NULL : "message_id";
		verdict = same ? SMPP34_SAME : SMPP34_DIFFERENT;
	}
	bytes_clear(&copy);
	return verdict;
}

enum smpp34_verdict
smpp34_check(const struct pdu *pdu, const char **what)
{
	*what = "all";
	if (pdu->frame.id == DELIVER_SM)
		return check_deliver(pdu, what);
	if (pdu->frame.id == SUBMIT_SM_RESP && pdu->frame.status == 0)
		return check_submit_resp(pdu, what);
	return SMPP34_UNASKED;
}
