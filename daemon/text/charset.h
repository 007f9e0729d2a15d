/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buffer;

/*
 * Bytes from a peer to UTF-8, by the name of their charset:
 *
 *   UTF-8  UTF-16BE  UTF-16LE  LATIN1  ASCII  CP949  GB18030
 *   GSM-7                one septet an octet (SMPP's unpacked form)
 *   GSM-7-PACKED         eight septets in seven octets; GSM-7-PACKED+N after N fill bits (0 to 6)
 *   GSM-7/LOCKING/SINGLE and GSM-7-PACKED+N/LOCKING/SINGLE with the national tables of 3GPP 23.038
 *                        named by the numbers of the UDH elements 0x25 and 0x24
 *   BINARY               kept by whoever has them, never decoded
 *
 * Names are compared without case. GBK, GB2312, EUC-KR, UHC, KS_C_5601, MS949, ISO-8859-1, US-ASCII
 * and UTF16BE are taken as aliases.
 */

/* What happened while decoding; flags are or-ed. */
#define CHARSET_DAMAGED 0x01u   /* something was not valid and stands as U+FFFD */
#define CHARSET_GUESSED 0x02u   /* not the declared charset but another one fitted */
#define CHARSET_TRUNCATED 0x04u /* an incomplete character at the end was dropped */
#define CHARSET_OPAQUE 0x08u    /* BINARY or an unknown name: nothing was decoded */
#define CHARSET_NO_TABLE 0x10u  /* a national table that we do not have; the default was taken */

/* True when charset_decode() knows the name (BINARY included). */
bool charset_known(const char *charset);

/*
 * Appends len bytes of raw, decoded, to *out, always as valid UTF-8. Control characters other than
 * line feed and tab become spaces, CR LF and CR become a line feed, NUL and byte order marks
 * vanish (0x00 of GSM-7 is '@' and stays). *flags is set, not or-ed. Returns false, with nothing
 * appended and CHARSET_OPAQUE set, when the charset is BINARY or unknown. raw may be NULL if len is
 * 0. Damaged input still returns true: the flags tell.
 */
bool charset_decode(
    const char *charset, const void *raw, size_t len, struct buffer *out, unsigned *flags);

/*
 * As charset_decode(), but does not believe a declaration that cannot be right: septets above 0x7f,
 * Latin-1 or ASCII or UTF-8 that is not valid or reads as C1 controls, UTF-16BE that gives many
 * private, unassigned or unlikely characters. Then UTF-8, GB18030, CP949, UTF-16BE and UTF-16LE are
 * tried, and the first that reads clean is taken and CHARSET_GUESSED set; if none does, the
 * declared one stands. An unknown or BINARY declaration is never guessed at. *used, if not NULL,
 * becomes the static name of the charset that was taken, or NULL when it is the declared one.
 */
bool charset_decode_guess(const char *charset, const void *raw, size_t len, struct buffer *out,
    unsigned *flags, const char **used);
