/* SPDX-License-Identifier: BSD-2-Clause */
/* data_coding → charset: one table for single values, one for the groups of 23.038. */
#include "coding.h"

#include "udh.h"

#include <stdio.h>
#include <string.h>

#define ZERO "0"

/* Values that stand for themselves. What is in neither table is BINARY. */
static const struct {
	uint8_t value;
	const char *charset;
} values[] = {
	{ 0x00, ZERO }, { 0x01, "LATIN1" }, /* IA5 by the letter, Latin-1 in practice */
	{ 0x03, "LATIN1" }, { 0x08, "UTF-16BE" }, { 0x0e, "CP949" },
	{ 0x0f, "GB18030" }, /* reserved, but what Chinese gateways send */
	{ 0x84, "CP949" },   /* Korean carriers' TP-DCS */
};

/* 0001 xxxx: a message class of the general group of 23.038, bits 3 and 2 are the alphabet. SMPP
 * reserves it, gateways let it through (0x18: a flash message in UCS2). */
static const char *
general_group(uint8_t data_coding)
{
	static const char *const alphabets[] = { ZERO, "BINARY", "UTF-16BE", "BINARY" };

	return alphabets[data_coding >> 2 & 3];
}

static const char *
charset_of(uint8_t data_coding, bool *guessed)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].value == data_coding)
			return values[i].charset;
	switch (data_coding >> 4) {
	case 0x1:
		*guessed = true;
		return general_group(data_coding);
	case 0xc:
	case 0xd: /* message waiting, default alphabet */
		return ZERO;
	case 0xe: /* message waiting, UCS2 */
		return "UTF-16BE";
	case 0xf: /* message class; bit 2: 8-bit data */
		return (data_coding & 0x04) != 0 ? "BINARY" : ZERO;
	default:
		return "BINARY";
	}
}

/* Adds fill bits and national tables to the name of a GSM 7-bit charset. */
static void
name_gsm7(const struct udh *udh, struct coding *out)
{
	unsigned fill = 0;
	bool tables = udh != NULL && (udh->locking != 0 || udh->single != 0);
	char *at = out->charset;
	size_t room = sizeof(out->charset);
	int len;

	if (out->packed && udh != NULL)
		fill = udh_fill_bits(udh->octets);
	if (fill == 0 && !tables) {
		strcpy(at, out->packed ? "GSM-7-PACKED" : "GSM-7");
		return;
	}
	if (fill > 0)
		len = snprintf(at, room, "GSM-7-PACKED+%u", fill);
	else
		len = snprintf(at, room, out->packed ? "GSM-7-PACKED" : "GSM-7");
	if (tables)
		snprintf(at + len, room - (size_t)len, "/%u/%u", udh->locking, udh->single);
}

void
coding_of(uint8_t data_coding, enum coding_zero zero, const struct udh *udh, struct coding *out)
{
	static const char *const zeros[] = { "GSM-7", "GSM-7-PACKED", "LATIN1", "ASCII", "UTF-8" };
	const char *charset;

	memset(out, 0, sizeof(*out));
	charset = charset_of(data_coding, &out->guessed);
	out->binary = strcmp(charset, "BINARY") == 0;
	if (strcmp(charset, ZERO) != 0) {
		strcpy(out->charset, charset);
	} else if (zero == CODING_GSM7 || zero == CODING_GSM7_PACKED) {
		out->packed = zero == CODING_GSM7_PACKED;
		name_gsm7(udh, out);
	} else {
		strcpy(out->charset, zeros[zero]);
	}
}

size_t
coding_unpack(const uint8_t *packed, size_t len, unsigned fill_bits, uint8_t *out)
{
	size_t bits = len * 8, count;

	if (bits < fill_bits)
		return 0;
	count = (bits - fill_bits) / 7;
	for (size_t i = 0; i < count; i++) {
		size_t bit = fill_bits + i * 7, octet = bit / 8;
		unsigned two = packed[octet];
		if (octet + 1 < len)
			two |= (unsigned)packed[octet + 1] << 8;
		out[i] = two >> (bit % 8) & 0x7f;
	}
	if (count > 0 && (bits - fill_bits) % 7 == 0 &&
	    (out[count - 1] == 0 || out[count - 1] == '\r'))
		count--;
	return count;
}

bool
coding_may_send_gsm7(enum coding_zero zero)
{
	return zero == CODING_GSM7;
}
