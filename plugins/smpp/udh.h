/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The user data header of 3GPP TS 23.040 (9.2.3.24), which stands before the text when bit 6 of
 * esm_class is set, and the SAR TLVs of SMPP, which say the same.
 */
#define UDH_LONGEST 7u /* what udh_build() writes */

struct udh {
	size_t octets; /* of the header with its length octet; 0: SAR */
	char kind;     /* '8', 'F', 'S'; 0: not a part of anything */
	uint16_t reference;
	uint8_t total, number;
	bool has_ports;
	uint16_t source_port, destination_port;
	unsigned locking, single; /* national language tables, 0: default */
	bool odd; /* an element had a wrong length or impossible numbers and was left out */
};

/* Reads the header at the start of data. Returns false when its length goes beyond the data: then
 * there is no header, and all of data is text. */
bool udh_parse(const uint8_t *data, size_t len, struct udh *out);

/* The three SAR TLVs. Impossible numbers make a whole message and are flagged. */
void udh_from_sar(uint16_t reference, uint8_t total, uint8_t number, struct udh *out);

/* Writes a header for part number of total with a reference of 8 or 16 bits; returns its octets. */
size_t udh_build(uint8_t out[UDH_LONGEST], unsigned reference_bits, unsigned reference,
    unsigned total, unsigned number);

/* Zero bits between a header of that many octets and the first packed septet. */
unsigned udh_fill_bits(size_t octets);
