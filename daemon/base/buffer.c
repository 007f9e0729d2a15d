/* SPDX-License-Identifier: BSD-2-Clause */
/* A growing run of bytes. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
buffer_clear(struct buffer *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
buffer_reset(struct buffer *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buffer_grow(struct buffer *b, size_t more)
{
	size_t need = b->len + more + 1;

	b->room = need + need / 2 + 64;
	b->data = xrealloc(b->data, b->room);
}

void
buffer_printf(struct buffer *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		buffer_reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

/* Length of the well-formed UTF-8 sequence at s, or 0 (Unicode 15, table 3-7). */
static size_t
utf8_sequence(const unsigned char *s, size_t len)
{
	size_t n = s[0] < 0x80   ? 1
		   : s[0] < 0xc2 ? 0
		   : s[0] < 0xe0 ? 2
		   : s[0] < 0xf0 ? 3
		   : s[0] < 0xf5 ? 4
				 : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

void
buffer_add_json(struct buffer *b, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	buffer_add_byte(b, '"');
	while (len > 0) {
		size_t n = utf8_sequence(p, len);
		if (n == 0) {
			buffer_add_string(b, "\xef\xbf\xbd");
			n = 1;
		} else if (n == 1 && (p[0] < 0x20 || p[0] == 0x7f)) {
			buffer_printf(b, "\\u%04x", p[0]);
		} else {
			if (n == 1 && (p[0] == '"' || p[0] == '\\'))
				buffer_add_byte(b, '\\');
			buffer_add(b, p, n);
		}
		p += n;
		len -= n;
	}
	buffer_add_byte(b, '"');
}

char *
buffer_take(struct buffer *b)
{
	char *data;

	buffer_reserve(b, 0);
	b->data[b->len] = '\0';
	data = b->data;
	memset(b, 0, sizeof(*b));
	return data;
}
