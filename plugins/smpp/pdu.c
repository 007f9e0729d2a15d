/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bounds-checked walk of PDU bodies. A cursor goes over the bytes and remembers the first
 * fault; every take_…() is harmless after one.
 */
#include "pdu.h"

#include "bytes.h"

#include <string.h>

struct cursor {
	const uint8_t *at, *end;
	bool faulty;
};

static size_t
left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static uint8_t
take_u8(struct cursor *c)
{
	if (c->faulty || left(c) < 1) {
		c->faulty = true;
		return 0;
	}
	return *c->at++;
}

static const uint8_t *
take_octets(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->faulty || left(c) < len) {
		c->faulty = true;
		return NULL;
	}
	c->at += len;
	return at;
}

/* Copies printable ASCII; the rest is no part of any name, address or id of a sane peer. */
static void
copy_name(char *out, size_t room, const uint8_t *from, size_t len)
{
	size_t n = len < room - 1 ? len : room - 1;

	for (size_t i = 0; i < n; i++) {
		if (from[i] < 0x20 || from[i] > 0x7e)
			out[i] = '?';
		else
			out[i] = from[i] == ',' ? '_' : (char)from[i];
	}
	out[n] = '\0';
}

/* A C-octet string. Returns false when it is longer than room; its end is found all the same. */
static bool
take_name(struct cursor *c, char *out, size_t room)
{
	const uint8_t *nul;
	size_t len;

	out[0] = '\0';
	if (c->faulty)
		return true;
	nul = left(c) > 0 ? memchr(c->at, 0, left(c)) : NULL;
	if (nul == NULL) {
		c->faulty = true;
		return true;
	}
	len = (size_t)(nul - c->at);
	copy_name(out, room, c->at, len);
	c->at = nul + 1;
	return len < room;
}

/* As take_name() in a response: a missing NUL or a missing string is only flagged. */
static void
take_name_leniently(struct cursor *c, struct pdu *out, char *name, size_t room)
{
	if (left(c) > 0 && memchr(c->at, 0, left(c)) == NULL) {
		copy_name(name, room, c->at, left(c));
		c->at = c->end;
		out->flags |= PDU_TRAILING;
	} else if (left(c) > 0) {
		take_name(c, name, room);
	}
}

/* ---- TLVs ---- */

enum tlv_kind { TLV_U8, TLV_U16, TLV_ID, TLV_ERROR, TLV_OCTETS };

/* The TLVs that are wanted, where they go and how long they are (5.3.2). */
static const struct tlv {
	uint16_t tag;
	enum tlv_kind kind;
	unsigned has;
	size_t offset;
} tlvs[] = {
	{ PDU_TLV_RECEIPTED_ID, TLV_ID, 0, offsetof(struct pdu, receipted_id) },
	{ PDU_TLV_USER_REFERENCE, TLV_U16, PDU_HAS_USER_REFERENCE,
	    offsetof(struct pdu, user_reference) },
	{ PDU_TLV_SOURCE_PORT, TLV_U16, PDU_HAS_SOURCE_PORT, offsetof(struct pdu, source_port) },
	{ PDU_TLV_DESTINATION_PORT, TLV_U16, PDU_HAS_DESTINATION_PORT,
	    offsetof(struct pdu, destination_port) },
	{ PDU_TLV_SAR_REFERENCE, TLV_U16, PDU_HAS_SAR_REFERENCE,
	    offsetof(struct pdu, sar_reference) },
	{ PDU_TLV_SAR_TOTAL, TLV_U8, PDU_HAS_SAR_TOTAL, offsetof(struct pdu, sar_total) },
	{ PDU_TLV_SAR_NUMBER, TLV_U8, PDU_HAS_SAR_NUMBER, offsetof(struct pdu, sar_number) },
	{ PDU_TLV_INTERFACE_VERSION, TLV_U8, PDU_HAS_INTERFACE_VERSION,
	    offsetof(struct pdu, interface_version) },
	{ PDU_TLV_NETWORK_ERROR, TLV_ERROR, PDU_HAS_NETWORK_ERROR,
	    offsetof(struct pdu, network_error) },
	{ PDU_TLV_PAYLOAD, TLV_OCTETS, PDU_HAS_PAYLOAD, 0 },
	{ PDU_TLV_MESSAGE_STATE, TLV_U8, PDU_HAS_STATE, offsetof(struct pdu, message_state) },
	{ PDU_TLV_CONGESTION, TLV_U8, PDU_HAS_CONGESTION, offsetof(struct pdu, congestion) },
};

/* Puts one wanted TLV in its place; false when its length is impossible. */
static bool
store_tlv(const struct tlv *t, const uint8_t *value, size_t len, struct pdu *out)
{
	uint8_t *to = (uint8_t *)out + t->offset;

	switch (t->kind) {
	case TLV_U8:
		if (len != 1)
			return false;
		*to = value[0];
		break;
	case TLV_U16: {
		uint16_t v;
		if (len != 2)
			return false;
		v = (uint16_t)(value[0] << 8 | value[1]);
		memcpy(to, &v, sizeof(v));
		break;
	}
	case TLV_ERROR:
		if (len != 3)
			return false;
		memcpy(to, value, 3);
		break;
	case TLV_ID:
		if (len > 0 && value[len - 1] == 0)
			len--;
		if (len == 0 || len >= PDU_ADDRESS || memchr(value, 0, len) != NULL)
			return false;
		copy_name((char *)to, PDU_ADDRESS, value, len);
		break;
	case TLV_OCTETS:
		out->payload = value;
		out->payload_len = len;
		break;
	}
	out->has |= t->has;
	return true;
}

static void
keep_tlv(unsigned tag, const uint8_t *value, size_t len, struct pdu *out)
{
	for (size_t i = 0; i < sizeof(tlvs) / sizeof(tlvs[0]); i++) {
		const struct tlv *t = &tlvs[i];
		if (t->tag != tag)
			continue;
		/* The first of several counts. */
		if ((t->has & out->has) != 0 || (t->kind == TLV_ID && out->receipted_id[0] != '\0'))
			out->flags |= PDU_ODD_TLV;
		else if (!store_tlv(t, value, len, out))
			out->flags |= PDU_ODD_TLV;
		return;
	}
}

/* All TLVs to the end. Up to three NULs of padding are borne. */
static bool
take_tlvs(struct cursor *c, struct pdu *out)
{
	while (left(c) >= 4) {
		unsigned tag = (unsigned)(c->at[0] << 8 | c->at[1]);
		size_t len = (size_t)(c->at[2] << 8 | c->at[3]);
		if (left(c) - 4 < len)
			return false;
		keep_tlv(tag, c->at + 4, len, out);
		c->at += 4 + len;
	}
	if (left(c) > 0)
		out->flags |= PDU_TRAILING;
	for (; left(c) > 0; c->at++)
		if (*c->at != 0)
			return false;
	return true;
}

/* ---- bodies ---- */

static void
choose_message(struct pdu *out)
{
	if ((out->has & PDU_HAS_PAYLOAD) != 0) {
		if (out->short_message_len > 0)
			out->flags |= PDU_BOTH;
		out->message = out->payload;
		out->message_len = out->payload_len;
	} else {
		out->message = out->short_message;
		out->message_len = out->short_message_len;
	}
}

/* service_type and the two addresses, common to deliver_sm, submit_sm and data_sm. */
static uint32_t
take_addresses(struct cursor *c, struct pdu *out)
{
	bool service_fits, source_fits, destination_fits;

	service_fits = take_name(c, out->service_type, sizeof(out->service_type));
	out->source_ton = take_u8(c);
	out->source_npi = take_u8(c);
	source_fits = take_name(c, out->source, sizeof(out->source));
	out->destination_ton = take_u8(c);
	out->destination_npi = take_u8(c);
	destination_fits = take_name(c, out->destination, sizeof(out->destination));
	if (c->faulty)
		return PDU_RINVCMDLEN;
	if (!service_fits)
		return PDU_RINVSERTYP;
	if (!source_fits)
		return PDU_RINVSRCADR;
	return destination_fits ? PDU_OK : PDU_RINVDSTADR;
}

static uint32_t
parse_sm(struct cursor *c, struct pdu *out)
{
	char times[PDU_NAME];
	uint32_t status = take_addresses(c, out);

	if (status != PDU_OK)
		return status;
	out->esm_class = take_u8(c);
	out->protocol_id = take_u8(c);
	out->priority = take_u8(c);
	take_name(c, times, sizeof(times)); /* schedule_delivery_time: means nothing to us */
	take_name(c, times, sizeof(times)); /* validity_period: the same */
	out->registered_delivery = take_u8(c);
	out->replace = take_u8(c);
	out->data_coding = take_u8(c);
	out->canned = take_u8(c);
	out->short_message_len = take_u8(c);
	if (c->faulty)
		return PDU_RINVCMDLEN;
	out->short_message = take_octets(c, out->short_message_len);
	if (c->faulty)
		return PDU_RINVMSGLEN;
	if (!take_tlvs(c, out))
		return PDU_RINVOPTPARSTREAM;
	choose_message(out);
	return PDU_OK;
}

static uint32_t
parse_data_sm(struct cursor *c, struct pdu *out)
{
	uint32_t status = take_addresses(c, out);

	if (status != PDU_OK)
		return status;
	out->esm_class = take_u8(c);
	out->registered_delivery = take_u8(c);
	out->data_coding = take_u8(c);
	if (c->faulty)
		return PDU_RINVCMDLEN;
	if (!take_tlvs(c, out))
		return PDU_RINVOPTPARSTREAM;
	choose_message(out);
	return PDU_OK;
}

static uint32_t
parse_bind(struct cursor *c, struct pdu *out)
{
	take_name(c, out->system_id, sizeof(out->system_id));
	take_name(c, out->password, sizeof(out->password));
	take_name(c, out->system_type, sizeof(out->system_type));
	out->interface_version = take_u8(c);
	out->address_ton = take_u8(c);
	out->address_npi = take_u8(c);
	take_name(c, out->address_range, sizeof(out->address_range));
	return c->faulty ? PDU_RINVCMDLEN : PDU_OK;
}

static uint32_t
parse_outbind(struct cursor *c, struct pdu *out)
{
	take_name(c, out->system_id, sizeof(out->system_id));
	take_name(c, out->password, sizeof(out->password));
	return c->faulty ? PDU_RINVCMDLEN : PDU_OK;
}

static uint32_t
parse_alert(struct cursor *c, struct pdu *out)
{
	out->source_ton = take_u8(c);
	out->source_npi = take_u8(c);
	take_name(c, out->source, sizeof(out->source));
	out->destination_ton = take_u8(c);
	out->destination_npi = take_u8(c);
	take_name(c, out->destination, sizeof(out->destination));
	return c->faulty ? PDU_RINVCMDLEN : PDU_OK;
}

static uint32_t
parse_bind_resp(struct cursor *c, struct pdu *out)
{
	take_name_leniently(c, out, out->system_id, sizeof(out->system_id));
	if (!take_tlvs(c, out))
		out->flags |= PDU_TRAILING;
	return PDU_OK;
}

static uint32_t
parse_message_resp(struct cursor *c, struct pdu *out)
{
	take_name_leniently(c, out, out->message_id, sizeof(out->message_id));
	if (!take_tlvs(c, out))
		out->flags |= PDU_TRAILING;
	return PDU_OK;
}

static uint32_t
parse_nothing(struct cursor *c, struct pdu *out)
{
	if (left(c) > 0)
		out->flags |= PDU_TRAILING;
	return PDU_OK;
}

static const struct body {
	uint32_t id;
	uint32_t (*parse)(struct cursor *, struct pdu *);
} bodies[] = {
	{ PDU_DELIVER_SM, parse_sm },
	{ PDU_SUBMIT_SM | PDU_RESPONSE, parse_message_resp },
	{ PDU_ENQUIRE_LINK, parse_nothing },
	{ PDU_ENQUIRE_LINK | PDU_RESPONSE, parse_nothing },
	{ PDU_DATA_SM, parse_data_sm },
	{ PDU_DATA_SM | PDU_RESPONSE, parse_message_resp },
	{ PDU_UNBIND, parse_nothing },
	{ PDU_UNBIND | PDU_RESPONSE, parse_nothing },
	{ PDU_GENERIC_NACK, parse_nothing },
	{ PDU_BIND_TRANSCEIVER | PDU_RESPONSE, parse_bind_resp },
	{ PDU_BIND_TRANSMITTER | PDU_RESPONSE, parse_bind_resp },
	{ PDU_BIND_RECEIVER | PDU_RESPONSE, parse_bind_resp },
	{ PDU_ALERT_NOTIFICATION, parse_alert },
	{ PDU_OUTBIND, parse_outbind },
	{ PDU_DELIVER_SM | PDU_RESPONSE, parse_message_resp },
	{ PDU_SUBMIT_SM, parse_sm },
	{ PDU_BIND_TRANSCEIVER, parse_bind },
	{ PDU_BIND_TRANSMITTER, parse_bind },
	{ PDU_BIND_RECEIVER, parse_bind },
};

static const struct body *
body_of(uint32_t id)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (bodies[i].id == id)
			return &bodies[i];
	return NULL;
}

bool
pdu_known(uint32_t id)
{
	return body_of(id) != NULL;
}

uint32_t
pdu_parse(const uint8_t *octets, size_t len, struct pdu *out)
{
	const struct body *body;
	struct cursor c;

	memset(out, 0, sizeof(*out));
	if (len < FRAME_HEADER)
		return PDU_RINVCMDLEN;
	out->octets = octets;
	frame_read(octets, &out->frame);
	if (out->frame.length != len)
		return PDU_RINVCMDLEN;
	body = body_of(out->frame.id);
	if (body == NULL)
		return PDU_RINVCMDID;
	c = (struct cursor){ octets + FRAME_HEADER, octets + len, false };
	return body->parse(&c, out);
}

/* ---- statuses in words ---- */

static const struct status {
	uint32_t status;
	const char *text;
} statuses[] = {
	{ 0x00, "ok" },
	{ 0x01, "invalid message length" },
	{ 0x02, "invalid command length" },
	{ 0x03, "invalid command id" },
	{ 0x04, "wrong bind state for the command" },
	{ 0x05, "already bound" },
	{ 0x06, "invalid priority" },
	{ 0x07, "invalid registered delivery" },
	{ 0x08, "system error" },
	{ 0x0a, "invalid source address" },
	{ 0x0b, "invalid destination address" },
	{ 0x0c, "invalid message id" },
	{ 0x0d, "bind failed" },
	{ 0x0e, "invalid password" },
	{ 0x0f, "invalid system id" },
	{ 0x14, "message queue full" },
	{ 0x15, "invalid service type" },
	{ 0x33, "invalid number of destinations" },
	{ 0x34, "invalid distribution list" },
	{ 0x40, "invalid destination flag" },
	{ 0x42, "invalid replace request" },
	{ 0x43, "invalid esm class" },
	{ 0x44, "cannot submit to a distribution list" },
	{ 0x45, "submit failed" },
	{ 0x48, "invalid source TON" },
	{ 0x49, "invalid source NPI" },
	{ 0x50, "invalid destination TON" },
	{ 0x51, "invalid destination NPI" },
	{ 0x53, "invalid system type" },
	{ 0x54, "invalid replace flag" },
	{ 0x55, "invalid number of messages" },
	{ 0x58, "throttled" },
	{ 0x61, "invalid scheduled time" },
	{ 0x62, "invalid validity period" },
	{ 0x63, "predefined message not found" },
	{ 0x64, "temporary application error" },
	{ 0x65, "permanent application error" },
	{ 0x66, "message rejected" },
	{ 0x67, "query failed" },
	{ 0xc0, "error in the optional parameters" },
	{ 0xc1, "optional parameter not allowed" },
	{ 0xc2, "invalid parameter length" },
	{ 0xc3, "optional parameter missing" },
	{ 0xc4, "invalid optional parameter value" },
	{ 0xfe, "delivery failure" },
	{ 0xff, "unknown error" },
};

const char *
pdu_status_text(uint32_t status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].text;
	return status >= 0x400 && status <= 0x4ff ? "vendor's status" : "reserved status";
}

/* ---- what we send ---- */

void
pdu_write_bind(struct bytes *b, const struct pdu_bind *bind)
{
	size_t start = b->len;

	frame_begin(b, bind->id, PDU_OK, bind->sequence);
	bytes_add_cstring(b, bind->system_id);
	bytes_add_cstring(b, bind->password);
	bytes_add_cstring(b, bind->system_type);
	bytes_add_u8(b, bind->interface_version);
	bytes_add_u8(b, bind->address_ton);
	bytes_add_u8(b, bind->address_npi);
	bytes_add_cstring(b, bind->address_range);
	frame_end(b, start);
}

void
pdu_write_tlv(struct bytes *b, unsigned tag, const void *value, size_t len)
{
	bytes_add_be16(b, tag);
	bytes_add_be16(b, (unsigned)len);
	bytes_add(b, value, len);
}
