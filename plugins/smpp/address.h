/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * Addresses in one normal form: phones as E.164 with "+", short codes and names as they are.
 * "13812345678", "+86…", "0086…", "86…" and "138-1234-5678" are one phone; "0433-1234567" is
 * +864331234567.
 */
#define ADDRESS_ROOM 66
#define ADDRESS_INTERNATIONAL 1 /* TON (5.2.5) */
#define ADDRESS_NATIONAL 2
#define ADDRESS_NETWORK 3
#define ADDRESS_ALPHANUMERIC 5
#define ADDRESS_E164 1 /* NPI (5.2.6) */

struct address {
	char text[ADDRESS_ROOM];
	/* Nobody to talk to: fewer than seven digits, a name, a carrier's 106… or 400… number. It
	 * is never answered. */
	bool service;
};

/* raw is what stood in the PDU. country is the country code without "+". trust_ton: a TON of 1
 * means that the country code is there, also when the digits look like a number of this country. */
void address_read(
    const char *raw, uint8_t ton, const char *country, bool trust_ton, struct address *out);

enum address_form { ADDRESS_FORM_INTERNATIONAL, ADDRESS_FORM_PLUS, ADDRESS_FORM_NATIONAL };

/* How an address of ours or of a person is written in a submit_sm. */
struct address_wire {
	char text[ADDRESS_ROOM];
	uint8_t ton, npi;
};

/* address is in the normal form. ton and npi are taken unless -1: then 1/1 for a phone (2/1 in the
 * national form), 5/0 for a name, 3/0 for fewer than seven digits, else 0/1. */
void address_write(const char *address, enum address_form form, const char *country, int ton,
    int npi, struct address_wire *out);
