/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for the plugin: allocation that does not fail, growing bytes, the monotonic clock. */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *
bytes_alloc(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (p == NULL)
		abort();
	return p;
}

char *
bytes_dup(const void *data, size_t len)
{
	char *p = bytes_alloc(len + 1, 1);

	if (len > 0)
		memcpy(p, data, len);
	return p;
}

void
bytes_clear(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

void
bytes_reset(struct bytes *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = 0;
}

void
bytes_reserve(struct bytes *b, size_t more)
{
	size_t need = b->len + more + 1;
	uint8_t *data;

	if (need <= b->room)
		return;
	if (need < b->len || need > SIZE_MAX / 2)
		abort();
	if (need < b->room * 2)
		need = b->room * 2;
	if (need < 64)
		need = 64;
	data = realloc(b->data, need);
	if (data == NULL)
		abort();
	b->data = data;
	b->room = need;
}

void
bytes_add_be16(struct bytes *b, unsigned v)
{
	uint8_t octets[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	bytes_add(b, octets, sizeof(octets));
}

void
bytes_add_be32(struct bytes *b, uint32_t v)
{
	uint8_t octets[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	bytes_add(b, octets, sizeof(octets));
}

void
bytes_add_cstring(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s) + 1);
}

void
bytes_add_number(struct bytes *b, unsigned v)
{
	char digits[3 * sizeof(v)];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	bytes_add(b, digits + at, sizeof(digits) - at);
}

void
bytes_printf(struct bytes *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	bytes_reserve(b, (size_t)len);
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

void
bytes_add_json(struct bytes *b, const char *s)
{
	bytes_add_u8(b, '"');
	for (; *s != '\0'; s++) {
		unsigned c = (uint8_t)*s;
		if (c == '"' || c == '\\')
			bytes_add(b, (const char[]){ '\\', (char)c }, 2);
		else if (c < 0x20 || c == 0x7f)
			bytes_printf(b, "\\u%04x", c);
		else
			bytes_add_u8(b, c);
	}
	bytes_add_u8(b, '"');
}

void
bytes_add_hex(struct bytes *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *octets = data;

	for (size_t i = 0; i < len; i++) {
		bytes_add_u8(b, (uint8_t)digits[octets[i] >> 4]);
		bytes_add_u8(b, (uint8_t)digits[octets[i] & 15]);
	}
}

int64_t
bytes_mono_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
