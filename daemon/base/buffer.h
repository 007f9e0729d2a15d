/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A growing run of bytes. Embed it and set it to { 0 }, or call buffer_clear() before reuse.
 * data is always followed by one NUL that does not count, or is NULL when nothing was added. */
struct buffer {
	char *data;
	size_t len;
	size_t room;
};

/* Frees the bytes and sets everything to zero. */
void buffer_clear(struct buffer *b);
/* Forgets the bytes and keeps the room. */
void buffer_reset(struct buffer *b);
/* For buffer_reserve() only: the room is not there yet. */
void buffer_grow(struct buffer *b, size_t more);

/* Adding is inline: a batch of reports is some ten thousand pieces of a few bytes each, and a call
 * for each of them cost more than the bytes. */
static inline void
buffer_reserve(struct buffer *b, size_t more)
{
	if (b->len + more >= b->room)
		buffer_grow(b, more);
}

static inline void
buffer_add(struct buffer *b, const void *data, size_t len)
{
	buffer_reserve(b, len);
	if (len != 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

static inline void
buffer_add_string(struct buffer *b, const char *s)
{
	buffer_add(b, s, strlen(s));
}

static inline void
buffer_add_byte(struct buffer *b, uint8_t byte)
{
	buffer_add(b, &byte, 1);
}

void buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Big-endian integers, as SMPP and PostgreSQL's binary format want them. */
static inline void
buffer_add_be16(struct buffer *b, uint16_t v)
{
	const uint8_t raw[] = { (uint8_t)(v >> 8), (uint8_t)v };

	buffer_add(b, raw, sizeof(raw));
}

static inline void
buffer_add_be32(struct buffer *b, uint32_t v)
{
	const uint8_t raw[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	buffer_add(b, raw, sizeof(raw));
}

static inline void
buffer_add_be64(struct buffer *b, uint64_t v)
{
	buffer_add_be32(b, (uint32_t)(v >> 32));
	buffer_add_be32(b, (uint32_t)v);
}

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void buffer_add_json(struct buffer *b, const char *s, size_t len);
/* The bytes, now owned by the caller (free()); never NULL. The buffer is empty afterwards. */
char *buffer_take(struct buffer *b);
