/* SPDX-License-Identifier: BSD-2-Clause */
/* From a deliver_sm to a report or a receipt, and from its completion to the answer. */
#include "deliver.h"

#include "address.h"
#include "bytes.h"
#include "coding.h"
#include "pdu.h"
#include "receipt.h"
#include "session.h"
#include "settings.h"
#include "udh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

/* One PDU between its coming and its answer. Owned by the list it sits in: held has its octets,
 * submitted its submission. */
struct delivery {
	TAILQ_ENTRY(delivery) entry;
	struct deliver *owner;
	struct session *session;
	uint32_t id, sequence;
	struct channel_submission *submission;
	uint8_t *octets;
	size_t len;
	int64_t since_ms;
};
TAILQ_HEAD(delivery_list, delivery);

struct deliver {
	struct channel *channel;
	struct channel_link *link;
	const struct settings *settings;
	struct delivery_list submitted, held;
	struct delivery_list spare;       /* ended, for the next ones */
	size_t count;                     /* of submitted and held */
	struct bytes reference, protocol; /* of the report that is being made; the room is kept */
};

struct deliver *
deliver_new(struct channel *channel, struct channel_link *link, const struct settings *settings)
{
	struct deliver *d = bytes_alloc(1, sizeof(*d));

	d->channel = channel;
	d->link = link;
	d->settings = settings;
	TAILQ_INIT(&d->submitted);
	TAILQ_INIT(&d->held);
	TAILQ_INIT(&d->spare);
	return d;
}

static void
remove_delivery(struct delivery_list *list, struct delivery *one)
{
	TAILQ_REMOVE(list, one, entry);
	free(one->octets);
	one->owner->count--;
	TAILQ_INSERT_HEAD(&one->owner->spare, one, entry);
}

void
deliver_forget(struct deliver *d, struct session *session)
{
	struct delivery *one, *next;

	for (one = TAILQ_FIRST(&d->submitted); one != NULL; one = next) {
		next = TAILQ_NEXT(one, entry);
		if (session != NULL && one->session != session)
			continue;
		channel_submission_cancel(one->submission);
		remove_delivery(&d->submitted, one);
	}
	for (one = TAILQ_FIRST(&d->held); one != NULL; one = next) {
		next = TAILQ_NEXT(one, entry);
		if (session == NULL || one->session == session)
			remove_delivery(&d->held, one);
	}
}

void
deliver_free(struct deliver **d)
{
	struct delivery *one;

	if (*d == NULL)
		return;
	deliver_forget(*d, NULL);
	while ((one = TAILQ_FIRST(&(*d)->spare)) != NULL) {
		TAILQ_REMOVE(&(*d)->spare, one, entry);
		free(one);
	}
	bytes_clear(&(*d)->reference);
	bytes_clear(&(*d)->protocol);
	free(*d);
	*d = NULL;
}

size_t
deliver_pending(const struct deliver *d)
{
	return d->count;
}

/* ---- the answer ---- */

static uint32_t
status_of(enum channel_outcome outcome)
{
	switch (outcome) {
	case CHANNEL_STORED:
	case CHANNEL_DUPLICATE:
		return PDU_OK;
	case CHANNEL_REFUSED:
		return PDU_RX_R_APPN;
	case CHANNEL_LATER:
		break;
	}
	return PDU_RX_T_APPN;
}

static void
on_done(void *arg, enum channel_outcome outcome, const char *reason)
{
	struct delivery *one = arg;
	struct deliver *d = one->owner;
	struct session *session = one->session;
	uint32_t id = one->id, sequence = one->sequence;

	if (outcome == CHANNEL_REFUSED)
		channel_log(d->channel, CHANNEL_LOG_WARNING,
		    "smpp: refused link=%s sequence=%u: %s", channel_link_name(d->link), sequence,
		    reason != NULL ? reason : "");
	remove_delivery(&d->submitted, one);
	session_answer(session, id, sequence, status_of(outcome));
}

static struct delivery *
add_delivery(
    struct deliver *d, struct delivery_list *list, struct session *session, const struct pdu *pdu)
{
	struct delivery *one = TAILQ_FIRST(&d->spare);

	if (one != NULL)
		TAILQ_REMOVE(&d->spare, one, entry);
	else
		one = bytes_alloc(1, sizeof(*one));
	*one = (struct delivery){
		.owner = d,
		.session = session,
		.id = pdu->frame.id,
		.sequence = pdu->frame.sequence,
	};
	TAILQ_INSERT_TAIL(list, one, entry);
	d->count++;
	return one;
}

/* ---- receipts ---- */

static void
take_receipt(struct deliver *d, struct session *session, const struct pdu *pdu)
{
	struct receipt receipt;
	struct delivery *one;

	if (!receipt_parse(pdu, &receipt) || receipt.id[0] == '\0') {
		/* There is nothing that it could be matched with: keeping it at the SMSC by
		 * refusing it would only stop the queue behind it. */
		channel_count(d->channel, "smpp_receipts_without_id", 1);
		channel_log(d->channel, CHANNEL_LOG_WARNING,
		    "smpp: receipt without an id link=%s sequence=%u", channel_link_name(d->link),
		    pdu->frame.sequence);
		session_answer(session, pdu->frame.id, pdu->frame.sequence, PDU_OK);
		return;
	}
	one = add_delivery(d, &d->submitted, session, pdu);
	one->submission = channel_receipt(
	    d->channel, d->link, receipt.id, receipt.state, receipt.detail, on_done, one);
}

/* ---- reports ---- */

/* A report while it is made; everything that it points to. */
struct making {
	const struct pdu *pdu;
	struct udh udh;
	bool has_udh; /* the octets begin with a header */
	bool bad_udh; /* esm_class says so, but there is none */
	bool mixed;   /* header and SAR, or a part of SAR is missing */
	struct coding coding;
	struct address source, destination;
	struct channel_part part;
	const uint8_t *raw;
	size_t raw_len;
	uint8_t *septets; /* of a packed part */
	char *text;
	unsigned flags;
};

static void
find_header(struct making *m)
{
	const struct pdu *pdu = m->pdu;
	const unsigned sar = PDU_HAS_SAR_REFERENCE | PDU_HAS_SAR_TOTAL | PDU_HAS_SAR_NUMBER;

	m->raw = pdu->message;
	m->raw_len = pdu->message_len;
	if ((pdu->esm_class & 0x40) != 0) {
		m->has_udh = udh_parse(pdu->message, pdu->message_len, &m->udh);
		m->bad_udh = !m->has_udh;
	}
	if (m->has_udh) {
		m->raw += m->udh.octets;
		m->raw_len -= m->udh.octets;
	}
	if ((pdu->has & sar) == 0)
		return;
	/* Never both; a header that says nothing of parts leaves the say to SAR. */
	if ((pdu->has & sar) != sar || m->udh.kind != 0) {
		m->mixed = true;
		return;
	}
	struct udh said;
	udh_from_sar(pdu->sar_reference, pdu->sar_total, pdu->sar_number, &said);
	m->udh.kind = said.kind;
	m->udh.reference = said.reference;
	m->udh.total = said.total;
	m->udh.number = said.number;
	m->udh.odd = m->udh.odd || said.odd;
}

/* Packed septets of a part cannot be joined with the next as they are: unpacked they can. */
static void
unpack_part(struct making *m)
{
	size_t count;
	unsigned fill = m->has_udh ? udh_fill_bits(m->udh.octets) : 0;

	m->septets = bytes_alloc(m->raw_len * 8 / 7 + 2, 1);
	count = coding_unpack(m->raw, m->raw_len, fill, m->septets);
	m->raw = m->septets;
	m->raw_len = count;
}

static void
find_text(struct making *m, const struct settings *settings)
{
	bool part = m->udh.kind != 0;
	enum coding_zero zero = settings->coding;

	coding_of(m->pdu->data_coding, zero, m->has_udh ? &m->udh : NULL, &m->coding);
	if (part && m->coding.packed) {
		unpack_part(m);
		coding_of(
		    m->pdu->data_coding, CODING_GSM7, m->has_udh ? &m->udh : NULL, &m->coding);
	}
}

static void
describe_flags(struct making *m, struct bytes *b)
{
	const struct {
		bool is;
		const char *name;
	} flags[] = {
		{ m->bad_udh, "udh beyond the data" },
		{ m->udh.odd, "odd udh or sar" },
		{ m->mixed, "sar beside udh or incomplete" },
		{ (m->pdu->flags & PDU_BOTH) != 0, "short_message beside message_payload" },
		{ (m->pdu->flags & PDU_ODD_TLV) != 0, "odd tlv" },
		{ (m->pdu->flags & PDU_TRAILING) != 0, "trailing octets" },
		{ m->coding.guessed, "reserved data_coding" },
	};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!flags[i].is)
			continue;
		bytes_add_text(b, *comma != '\0' ? comma : ",\"odd\":[");
		bytes_add_json(b, flags[i].name);
		comma = ",";
		if (i < 4)
			m->flags |= CHANNEL_DAMAGED;
	}
	if (*comma != '\0')
		bytes_add_text(b, "]");
	if (m->coding.guessed)
		m->flags |= CHANNEL_GUESSED;
}

/* key is ",\"name\":". */
static void
add_number(struct bytes *b, const char *key, unsigned v)
{
	bytes_add_text(b, key);
	bytes_add_number(b, v);
}

/* What few messages have. */
static void
describe_extras(const struct making *m, struct bytes *b)
{
	const struct pdu *pdu = m->pdu;

	if (pdu->service_type[0] != '\0') {
		bytes_add_text(b, ",\"service_type\":");
		bytes_add_json(b, pdu->service_type);
	}
	if ((pdu->has & PDU_HAS_PAYLOAD) != 0)
		bytes_add_text(b, ",\"payload\":true");
	if (m->has_udh) {
		bytes_add_text(b, ",\"udh\":\"");
		bytes_add_hex(b, pdu->message, m->udh.octets);
		bytes_add_text(b, "\"");
	}
	if (m->septets != NULL)
		bytes_add_text(b, ",\"packed\":true");
	if (m->udh.has_ports)
		bytes_printf(b, ",\"ports\":[%u,%u]", m->udh.source_port, m->udh.destination_port);
	if ((pdu->has & PDU_HAS_USER_REFERENCE) != 0)
		add_number(b, ",\"user_message_reference\":", pdu->user_reference);
}

/* A field that is not 0, which is what a reader takes it for when it is missing. */
static void
add_unless_0(struct bytes *b, const char *key, unsigned v)
{
	if (v != 0)
		add_number(b, key, v);
}

/* What a person may want to know of how it came, and the columns do not say. */
static void
describe(struct making *m, struct bytes *b)
{
	const struct pdu *pdu = m->pdu;

	bytes_add_text(b, "{\"data_coding\":");
	bytes_add_number(b, pdu->data_coding);
	if (pdu->frame.id == PDU_DATA_SM)
		bytes_add_text(b, ",\"command\":\"data_sm\"");
	add_unless_0(b, ",\"esm_class\":", pdu->esm_class);
	add_unless_0(b, ",\"source_ton\":", pdu->source_ton);
	add_unless_0(b, ",\"source_npi\":", pdu->source_npi);
	add_unless_0(b, ",\"dest_ton\":", pdu->destination_ton);
	add_unless_0(b, ",\"dest_npi\":", pdu->destination_npi);
	add_unless_0(b, ",\"protocol_id\":", pdu->protocol_id);
	describe_extras(m, b);
	describe_flags(m, b);
	bytes_add_text(b, "}");
}

/* What stays the same when the SMSC sends it again: not the sequence number. */
static void
refer(const struct making *m, struct bytes *b)
{
	if (m->udh.kind != 0)
		bytes_printf(
		    b, "%c%u/%u/%u", m->udh.kind, m->udh.reference, m->udh.total, m->udh.number);
	if ((m->pdu->has & PDU_HAS_USER_REFERENCE) != 0) {
		bytes_add_u8(b, 'u');
		bytes_add_number(b, m->pdu->user_reference);
	}
}

static void
make(struct making *m, struct deliver *d)
{
	const struct settings *s = d->settings;

	address_read(m->pdu->source, m->pdu->source_ton, s->country, s->trust_ton, &m->source);
	address_read(m->pdu->destination, m->pdu->destination_ton, s->country, s->trust_ton,
	    &m->destination);
	if (m->source.service)
		m->flags |= CHANNEL_NO_ANSWER;
	find_header(m);
	find_text(m, s);
	bytes_reset(&d->reference);
	refer(m, &d->reference);
	bytes_reset(&d->protocol);
	describe(m, &d->protocol);
}

static void
take_report(struct deliver *d, struct session *session, const struct pdu *pdu)
{
	struct making m = { .pdu = pdu };
	struct channel_report report = { 0 };
	struct delivery *one;

	make(&m, d);
	report.link = d->link;
	report.source = m.source.text;
	report.destination = m.destination.text;
	report.raw = m.raw;
	report.raw_len = m.raw_len;
	report.charset = m.coding.charset;
	if (m.udh.kind != 0) {
		m.part =
		    (struct channel_part){ m.udh.kind, m.udh.reference, m.udh.total, m.udh.number };
		report.part = &m.part;
	} else if (!m.coding.binary) {
		m.flags |= channel_decode(m.coding.charset, m.raw, m.raw_len, d->settings->guess,
		    &m.text, &report.text_len);
		report.text = m.text;
	}
	report.reference = d->reference.len > 0 ? d->reference.data : NULL;
	report.reference_len = d->reference.len;
	report.flags = m.flags;
	report.protocol = (const char *)d->protocol.data;
	one = add_delivery(d, &d->submitted, session, pdu);
	one->submission = channel_submit(d->channel, &report, on_done, one);
	free(m.septets);
	free(m.text);
}

/* ---- the way in ---- */

static void
take_now(struct deliver *d, struct session *session, const struct pdu *pdu)
{
	if (receipt_is(pdu->esm_class))
		take_receipt(d, session, pdu);
	else
		take_report(d, session, pdu);
}

void
deliver_take(struct deliver *d, struct session *session, const struct pdu *pdu)
{
	struct delivery *one;
	bool open = channel_may_submit(d->channel) && TAILQ_EMPTY(&d->held);

	if (d->count >= d->settings->unacknowledged || (!open && d->settings->hold_ms == 0)) {
		channel_count(d->channel, "smpp_told_later", 1);
		session_answer(session, pdu->frame.id, pdu->frame.sequence, PDU_RX_T_APPN);
		return;
	}
	if (open) {
		take_now(d, session, pdu);
		return;
	}
	one = add_delivery(d, &d->held, session, pdu);
	one->octets = (uint8_t *)bytes_dup(pdu->octets, pdu->frame.length);
	one->len = pdu->frame.length;
	one->since_ms = bytes_mono_ms();
}

void
deliver_flow(struct deliver *d)
{
	struct delivery *one;

	while ((one = TAILQ_FIRST(&d->held)) != NULL && channel_may_submit(d->channel)) {
		struct pdu pdu;
		struct session *session = one->session;
		uint8_t *octets = one->octets;
		one->octets = NULL;
		/* It was parsed when it came: this cannot fail. */
		if (pdu_parse(octets, one->len, &pdu) != PDU_OK)
			abort();
		remove_delivery(&d->held, one);
		take_now(d, session, &pdu);
		free(octets);
	}
}

void
deliver_tick(struct deliver *d)
{
	int64_t now = bytes_mono_ms();
	struct delivery *one;

	deliver_flow(d);
	while (
	    (one = TAILQ_FIRST(&d->held)) != NULL && now - one->since_ms >= d->settings->hold_ms) {
		struct session *session = one->session;
		uint32_t id = one->id, sequence = one->sequence;
		channel_count(d->channel, "smpp_told_later", 1);
		remove_delivery(&d->held, one);
		session_answer(session, id, sequence, PDU_RX_T_APPN);
	}
}
