/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

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
void buffer_reserve(struct buffer *b, size_t more);
void buffer_add(struct buffer *b, const void *data, size_t len);
void buffer_add_string(struct buffer *b, const char *s);
void buffer_add_byte(struct buffer *b, uint8_t byte);
void buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Big-endian integers, as SMPP and PostgreSQL's binary format want them. */
void buffer_add_be16(struct buffer *b, uint16_t v);
void buffer_add_be32(struct buffer *b, uint32_t v);
void buffer_add_be64(struct buffer *b, uint64_t v);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void buffer_add_json(struct buffer *b, const char *s, size_t len);
/* The bytes, now owned by the caller (free()); never NULL. The buffer is empty afterwards. */
char *buffer_take(struct buffer *b);
