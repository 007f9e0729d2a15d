/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct udh;

/*
 * data_coding (SMPP 3.4, 5.2.19; 3GPP TS 23.038 for the groups from 0xC0) as the name of a charset
 * for channel_decode(). The value is never masked: 0xF4 is 8-bit data and not "4", 0x84 is a
 * carrier's KS C 5601 and not "4" either.
 */

/* What an SMSC means by 0; the order is that of the option "coding". */
enum coding_zero { CODING_GSM7, CODING_GSM7_PACKED, CODING_LATIN1, CODING_ASCII, CODING_UTF8 };

struct coding {
	char charset[48];
	bool binary;  /* not text: kept as it is */
	bool packed;  /* GSM 7-bit in packed form */
	bool guessed; /* a reserved value, read as the radio interface would */
};

/* udh may be NULL; its national tables and the fill bits behind it go into the name. */
void
coding_of(uint8_t data_coding, enum coding_zero zero, const struct udh *udh, struct coding *out);

/* Septets of one octet each from packed ones, so that parts can be joined as bytes. out has room
 * for len * 8 / 7 + 1. A last septet that is 0 or CR and ends with the last octet is padding.
 * Returns their number. */
size_t coding_unpack(const uint8_t *packed, size_t len, unsigned fill_bits, uint8_t *out);

/* data_coding of what we send: 0 for GSM 7-bit, 8 for UCS2. GSM 7-bit is chosen only where the SMSC
 * reads 0 as unpacked GSM 7-bit. */
bool coding_may_send_gsm7(enum coding_zero zero);
#define CODING_SEND_GSM7 0x00
#define CODING_SEND_UCS2 0x08
