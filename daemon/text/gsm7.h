/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

/*
 * The GSM 7-bit alphabet of 3GPP TS 23.038 (GSM 03.38). "Septets" are one septet an octet with the
 * eighth bit 0, as SMPP carries them unpacked.
 */

/* Numbers of the national tables (23.038, 6.2.1.2). Others are known by name only: default table.
 */
#define GSM7_DEFAULT 0u
#define GSM7_TURKISH 1u
#define GSM7_SPANISH 2u /* single shift only */
#define GSM7_PORTUGUESE 3u

/* Septets that text needs in the default alphabet with its extension (€ [ ] … cost two), or -1 when
 * something in it is not there. text is UTF-8. */
long gsm7_length(const char *text, size_t len);

/* Appends text as septets; returns false, with nothing appended, when gsm7_length() is -1. */
bool gsm7_encode(const char *text, size_t len, struct buffer *septets);

/*
 * Appends septets as UTF-8. ESC and an unknown septet shows the character of the locking table, ESC
 * ESC and a lone ESC at the end a space (as handsets do). Octets above 0x7f become U+FFFD. locking
 * and single name national tables; returns false when one of them is not one that we have and the
 * default stood in for it. *bad counts the octets above 0x7f.
 */
bool gsm7_decode(const uint8_t *septets, size_t count, unsigned locking, unsigned single,
    struct buffer *out, size_t *bad);

/* Packs count septets after fill_bits (0 to 6) zero bits, as they follow a user data header. */
void gsm7_pack(const uint8_t *septets, size_t count, unsigned fill_bits, struct buffer *out);

/* The septets in len packed octets after fill_bits. The count is not on the wire: a last septet of
 * 0 or of CR that exactly fills the last octet is taken for padding. */
void gsm7_unpack(const uint8_t *packed, size_t len, unsigned fill_bits, struct buffer *septets);
