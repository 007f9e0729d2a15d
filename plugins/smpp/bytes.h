/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Memory and growing runs of bytes for this plugin. A plugin sees nothing of the daemon but
 * channel.h, so it brings its own. Allocation does not fail: without memory the process ends and is
 * started anew.
 */

/* Zeroed; free() it. */
void *bytes_alloc(size_t count, size_t size);
/* A copy of len bytes with a NUL after them. */
char *bytes_dup(const void *data, size_t len);

/* Embed it and set it to { 0 }. data has a NUL after len bytes, or is NULL. */
struct bytes {
	uint8_t *data;
	size_t len;
	size_t room;
};

void bytes_clear(struct bytes *b);
/* Forgets the bytes and keeps the room. */
void bytes_reset(struct bytes *b);
/* Room for so many more and a NUL. */
void bytes_reserve(struct bytes *b, size_t more);

/* Inline, so that what is written of every message from literals and small numbers is a few moves.
 */
static inline void
bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (b->len + len >= b->room)
		bytes_reserve(b, len);
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = 0;
}

static inline void
bytes_add_text(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
}

static inline void
bytes_add_u8(struct bytes *b, unsigned v)
{
	const uint8_t octet = (uint8_t)v;

	bytes_add(b, &octet, 1);
}

void bytes_add_be16(struct bytes *b, unsigned v);
void bytes_add_be32(struct bytes *b, uint32_t v);
/* A C-octet string: the characters and a NUL. */
void bytes_add_cstring(struct bytes *b, const char *s);
/* In decimal digits. */
void bytes_add_number(struct bytes *b, unsigned v);
void bytes_printf(struct bytes *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* s as a JSON string with its quotes; s is ASCII or UTF-8, control bytes are escaped. */
void bytes_add_json(struct bytes *b, const char *s);
/* Two lower-case digits a byte. */
void bytes_add_hex(struct bytes *b, const void *data, size_t len);

/* Milliseconds of a clock that never jumps. */
int64_t bytes_mono_ms(void);
