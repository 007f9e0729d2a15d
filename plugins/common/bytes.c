/* SPDX-License-Identifier: BSD-2-Clause */
/* Growing runs of bytes. */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

void *
bytes_alloc(size_t count, size_t size)
{
	void *p = calloc(count != 0 ? count : 1, size != 0 ? size : 1);

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

static void
grow(struct bytes *b, size_t room)
{
	b->data = realloc(b->data, room);
	if (b->data == NULL)
		abort();
	b->room = room;
}

void
bytes_reserve(struct bytes *b, size_t more)
{
	if (b->room < b->len + more + 1)
		grow(b, b->len + more + 1);
}

void
bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (b->room < b->len + len + 1)
		grow(b, (b->len + len) * 2 + 64);
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
bytes_add_byte(struct bytes *b, char c)
{
	bytes_add(b, &c, 1);
}

void
bytes_add_string(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
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
		return;
	if (b->room < b->len + (size_t)len + 1)
		grow(b, (b->len + (size_t)len) * 2 + 64);
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
}

void
bytes_add_json(struct bytes *b, const char *s, size_t longest)
{
	size_t len = strlen(s);

	if (len > longest)
		for (len = longest; len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80; len--)
			;
	bytes_add_byte(b, '"');
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"' || s[i] == '\\')
			bytes_printf(b, "\\%c", s[i]);
		else if ((unsigned char)s[i] < 0x20)
			bytes_printf(b, "\\u%04x", (unsigned)s[i]);
		else
			bytes_add_byte(b, s[i]);
	}
	bytes_add_byte(b, '"');
}

char *
bytes_json_string(const char *json, const char *key)
{
	struct bytes out = { 0 };
	char quoted[48];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":\"", key);
	at = strstr(json, quoted);
	bytes_add(&out, "", 0);
	if (at == NULL)
		return out.data;
	for (at += strlen(quoted); *at != '\0' && *at != '"'; at++) {
		if (*at == '\\' && at[1] == 'u' && strlen(at) > 5)
			at += 5; /* control bytes are of no use */
		else if (*at == '\\' && at[1] != '\0')
			bytes_add_byte(&out, *++at);
		else
			bytes_add_byte(&out, *at);
	}
	return out.data;
}

const char *
bytes_string(const struct bytes *b)
{
	return b->data != NULL ? b->data : "";
}

void
bytes_forget(const void *at, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at / page * page;

	madvise((void *)from, (uintptr_t)at + len - from, MADV_DONTNEED);
}

bool
bytes_equal_nocase(const char *a, size_t a_len, const char *b)
{
	return strlen(b) == a_len && strncasecmp(a, b, a_len) == 0;
}

const char *
bytes_find_nocase(const char *text, size_t len, const char *needle)
{
	size_t n = strlen(needle);

	for (size_t i = 0; n > 0 && i + n <= len; i++)
		if (strncasecmp(text + i, needle, n) == 0)
			return text + i;
	return NULL;
}
