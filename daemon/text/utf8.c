/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-8 one code point at a time. */
#include "text/utf8.h"

#include <string.h>

/* The bytes that a lead byte asks for, and the range of its second byte (Unicode, table 3-7). */
static size_t
sequence(unsigned char lead, unsigned char *low, unsigned char *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2)
		return 0;
	if (lead < 0xe0)
		return 2;
	if (lead < 0xf0)
		return 3;
	return lead < 0xf5 ? 4 : 0;
}

size_t
utf8_read_other(const char *s, size_t len, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low, high;
	size_t n = sequence(p[0], &low, &high);

	*cp = UTF8_BAD;
	if (n == 0 || n > len)
		return 1;
	if (n == 1) {
		*cp = p[0];
		return 1;
	}
	if (p[1] < low || p[1] > high)
		return 1;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 1;
	*cp = n == 2   ? (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3fU)
	      : n == 3 ? (uint32_t)(p[0] & 0x0f) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU)
		       : (uint32_t)(p[0] & 0x07) << 18 | (p[1] & 0x3fU) << 12 |
			     (p[2] & 0x3fU) << 6 | (p[3] & 0x3fU);
	return n;
}

size_t
utf8_write_other(uint32_t cp, char *out)
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = UTF8_REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* How many bytes of ASCII s begins with: eight at a time, since addresses are nothing else. */
static size_t
ascii_run(const char *s, size_t len)
{
	size_t n = 0;

	for (uint64_t eight; len - n >= sizeof(eight); n += sizeof(eight)) {
		memcpy(&eight, s + n, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0)
			break;
	}
	while (n < len && (s[n] & 0x80) == 0)
		n++;
	return n;
}

bool
utf8_valid(const char *s, size_t len)
{
	for (size_t pos = 0; pos < len;) {
		uint32_t cp;

		if ((s[pos] & 0x80) == 0) {
			pos += ascii_run(s + pos, len - pos);
			continue;
		}
		pos += utf8_read(s + pos, len - pos, &cp);
		if (cp == UTF8_BAD)
			return false;
	}
	return true;
}
