/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "frame.h"

#include <stdbool.h>

struct bytes;

/*
 * Bodies of PDUs (SMPP 3.4, chapter 4), walked with every length checked before use. This walk is
 * what the plugin believes; libsmpp34 only ever sees what was rebuilt from it (smpp34.h).
 *
 * It is as lenient as can be without guessing where a field ends: values are kept raw (TON 7, NPI
 * 13, any status, any version), addresses and ids may be longer than the specification says, known
 * TLVs of a wrong length are left out and flagged, error responses may have any body or none.
 */
enum {
	PDU_GENERIC_NACK = 0x80000000,
	PDU_BIND_RECEIVER = 0x00000001,
	PDU_BIND_TRANSMITTER = 0x00000002,
	PDU_SUBMIT_SM = 0x00000004,
	PDU_DELIVER_SM = 0x00000005,
	PDU_UNBIND = 0x00000006,
	PDU_BIND_TRANSCEIVER = 0x00000009,
	PDU_OUTBIND = 0x0000000b,
	PDU_ENQUIRE_LINK = 0x00000015,
	PDU_ALERT_NOTIFICATION = 0x00000102,
	PDU_DATA_SM = 0x00000103,
	PDU_RESPONSE = 0x80000000, /* this bit on a request's id */
};

/* Command statuses (5.1.3) that the plugin itself uses. */
enum {
	PDU_OK = 0x00,
	PDU_RINVMSGLEN = 0x01,
	PDU_RINVCMDLEN = 0x02,
	PDU_RINVCMDID = 0x03,
	PDU_RINVBNDSTS = 0x04,
	PDU_RSYSERR = 0x08,
	PDU_RINVSRCADR = 0x0a,
	PDU_RINVDSTADR = 0x0b,
	PDU_RMSGQFUL = 0x14,
	PDU_RINVSERTYP = 0x15,
	PDU_RTHROTTLED = 0x58,
	PDU_RX_T_APPN = 0x64,
	PDU_RX_R_APPN = 0x66,
	PDU_RINVOPTPARSTREAM = 0xc0,
};

enum {
	PDU_TLV_PAYLOAD_TYPE = 0x0019,
	PDU_TLV_STATUS_TEXT = 0x001d,
	PDU_TLV_RECEIPTED_ID = 0x001e,
	PDU_TLV_USER_REFERENCE = 0x0204,
	PDU_TLV_SOURCE_PORT = 0x020a,
	PDU_TLV_DESTINATION_PORT = 0x020b,
	PDU_TLV_SAR_REFERENCE = 0x020c,
	PDU_TLV_SAR_TOTAL = 0x020e,
	PDU_TLV_SAR_NUMBER = 0x020f,
	PDU_TLV_INTERFACE_VERSION = 0x0210,
	PDU_TLV_NETWORK_ERROR = 0x0423,
	PDU_TLV_PAYLOAD = 0x0424,
	PDU_TLV_MESSAGE_STATE = 0x0427,
	PDU_TLV_CONGESTION = 0x0428,
};

#define PDU_ADDRESS 65 /* the longest address or id, its NUL included */
#define PDU_NAME 33    /* service type, system id, password: the same */

enum pdu_flag {
	PDU_ODD_TLV = 1, /* a known TLV had a wrong length and was left out */
	PDU_BOTH = 2, /* short_message and message_payload were both filled; the payload counts */
	PDU_TRAILING =
	    4, /* octets after the end that belong to nothing, or a field that has no NUL */
};

/* TLVs that are there, by bit. */
enum pdu_has {
	PDU_HAS_SAR_REFERENCE = 1,
	PDU_HAS_SAR_TOTAL = 2,
	PDU_HAS_SAR_NUMBER = 4,
	PDU_HAS_USER_REFERENCE = 8,
	PDU_HAS_SOURCE_PORT = 16,
	PDU_HAS_DESTINATION_PORT = 32,
	PDU_HAS_STATE = 64,
	PDU_HAS_NETWORK_ERROR = 128,
	PDU_HAS_INTERFACE_VERSION = 256,
	PDU_HAS_CONGESTION = 512,
	PDU_HAS_PAYLOAD = 1024,
};

/* Pointers go into the bytes that were parsed. Strings are printable ASCII: other octets became
 * '?' (in ids and addresses '_' stands for a comma too). */
struct pdu {
	struct frame frame;
	const uint8_t *octets; /* all frame.length of them */
	unsigned flags;        /* enum pdu_flag */
	unsigned has;          /* enum pdu_has */

	/* deliver_sm, data_sm, submit_sm; alert_notification has the addresses */
	char service_type[PDU_NAME];
	uint8_t source_ton, source_npi, destination_ton, destination_npi;
	char source[PDU_ADDRESS], destination[PDU_ADDRESS];
	uint8_t esm_class, protocol_id, priority, registered_delivery, replace, data_coding, canned;
	const uint8_t *short_message;
	size_t short_message_len;
	const uint8_t *payload;
	size_t payload_len;
	/* What counts of the two. */
	const uint8_t *message;
	size_t message_len;

	uint16_t sar_reference, user_reference, source_port, destination_port;
	uint8_t sar_total, sar_number, message_state, interface_version, congestion;
	uint8_t network_error[3];
	char receipted_id[PDU_ADDRESS]; /* "" when there was none */

	/* responses, bind */
	char message_id[PDU_ADDRESS];
	char system_id[PDU_NAME], password[PDU_NAME], system_type[PDU_NAME];
	uint8_t address_ton, address_npi;
	char address_range[PDU_ADDRESS];
};

/* True for an id of the specification that has a body we know or none. */
bool pdu_known(uint32_t id);

/*
 * Walks octets[0…frame->length). Returns PDU_OK, or the status that a request with such a body is
 * to be answered with; *out then holds what was read before the fault. Responses never fail.
 */
uint32_t pdu_parse(const uint8_t *octets, size_t len, struct pdu *out);

/* A status in words for people, "invalid password"; "vendor status" and the like for others. */
const char *pdu_status_text(uint32_t status);

/* ---- what we send ---- */

/* Strings are cut to what the specification allows only by whoever checked the settings. */
struct pdu_bind {
	uint32_t id; /* PDU_BIND_… */
	uint32_t sequence;
	const char *system_id, *password, *system_type, *address_range;
	uint8_t interface_version, address_ton, address_npi;
};

/* One part of an outgoing message. SAR when sar_total is not 0. */
struct pdu_submit {
	uint32_t sequence;
	const char *service_type, *source, *destination;
	uint8_t source_ton, source_npi, destination_ton, destination_npi;
	uint8_t esm_class, priority, registered_delivery, data_coding;
	char validity[17]; /* relative time, "" when there is none */
	const uint8_t *message;
	size_t message_len;
	bool as_payload; /* in message_payload instead of short_message */
	uint16_t sar_reference;
	uint8_t sar_total, sar_number;
};

/* Appends a bind of any version with names of any length, for what libsmpp34 refuses to pack. */
void pdu_write_bind(struct bytes *b, const struct pdu_bind *bind);
/* Appends one TLV. len at most 65535. */
void pdu_write_tlv(struct bytes *b, unsigned tag, const void *value, size_t len);
