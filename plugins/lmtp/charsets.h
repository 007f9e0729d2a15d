/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>

/*
 * Bytes of mail to UTF-8. Labels are believed as far as experience allows: what says gb2312 or gbk
 * is read as GB18030, what says euc-kr, ks_c_5601-1987 or ms949 as CP949, both of which contain
 * what they replace; what says nothing, or a name that nobody knows, is UTF-8, GB18030 or CP949,
 * whichever reads clean.
 */

/* The name under which the label's charset is read, at most 39 letters; NULL when the bytes have to
 * tell. Valid until the next call. */
const char *charsets_name(const char *label);

/* free() the result, which is valid UTF-8 without NUL and with line feeds alone. *flags are or-ed
 * with CHANNEL_DAMAGED and CHANNEL_GUESSED. */
char *
charsets_decode(const char *label, const void *raw, size_t len, size_t *out_len, unsigned *flags);
