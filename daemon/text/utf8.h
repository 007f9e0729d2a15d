/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8 one code point at a time (RFC 3629: no surrogates, no overlong forms, nothing above
 * U+10FFFF). */

#define UTF8_REPLACEMENT 0xfffdU

/* Reads the code point at s. Returns the number of bytes it took, at least 1; a byte that begins no
 * well-formed sequence counts alone and gives *cp = UTF8_BAD. len must not be 0. */
#define UTF8_BAD 0xffffffffU
static inline size_t utf8_read(const char *s, size_t len, uint32_t *cp);

/* Writes cp at out, which has room for 4 bytes, and returns how many were written. A surrogate or a
 * number above U+10FFFF is written as U+FFFD. */
static inline size_t utf8_write(uint32_t cp, char *out);

/* All of it is well-formed. */
bool utf8_valid(const char *s, size_t len);

/* ---- the short ways, inline: ASCII, and the three bytes of Han and Hangul ---- */

/* For the two above only. */
size_t utf8_read_other(const char *s, size_t len, uint32_t *cp);
size_t utf8_write_other(uint32_t cp, char *out);

static inline size_t
utf8_read(const char *s, size_t len, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if ((p[0] & 0xf0) == 0xe0 && len >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
		uint32_t it = (uint32_t)(p[0] & 0x0f) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);

		/* neither overlong nor a surrogate */
		if (it >= 0x800 && (it & 0xf800) != 0xd800) {
			*cp = it;
			return 3;
		}
	}
	return utf8_read_other(s, len, cp);
}

static inline size_t
utf8_write(uint32_t cp, char *out)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp >= 0x800 && cp < 0xd800) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	return utf8_write_other(cp, out);
}
