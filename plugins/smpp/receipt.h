/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

#include <stdbool.h>
#include <stdint.h>

struct pdu;

/*
 * Delivery receipts: the TLVs receipted_message_id and message_state where they are, else the text
 * of SMPP 3.4, Appendix B, which every vendor writes in his own way: keys in any order and case,
 * dates of 10, 12 or 14 digits, errors of any letters, text that is missing.
 */
#define RECEIPT_ID 65
#define RECEIPT_DETAIL 160

struct receipt {
	char id[RECEIPT_ID]; /* as the peer writes it, hex or decimal; "" when there is none */
	enum channel_receipt_state state;
	bool intermediate;           /* esm_class says so: never final */
	char detail[RECEIPT_DETAIL]; /* "DELIVRD err=000 done=2020-11-24T15:30 …" for people */
};

/* True when esm_class says that this is a receipt or an intermediate notification. */
bool receipt_is(uint8_t esm_class);

/* Fills *out; false when there is neither an id nor a state in it. */
bool receipt_parse(const struct pdu *pdu, struct receipt *out);
