/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16 octets before every PDU, checked before anything else looks at the bytes. */
#include "frame.h"

#include "bytes.h"

#include <event2/buffer.h>

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void
frame_read(const uint8_t *octets, struct frame *out)
{
	out->length = be32(octets);
	out->id = be32(octets + 4);
	out->status = be32(octets + 8);
	out->sequence = be32(octets + 12);
}

enum frame_result
frame_peek(struct evbuffer *in, struct frame *out)
{
	uint8_t header[FRAME_HEADER];

	if (evbuffer_copyout(in, header, sizeof(header)) < (ev_ssize_t)sizeof(header))
		return FRAME_MORE;
	frame_read(header, out);
	if (out->length < FRAME_HEADER || out->length > FRAME_MAX)
		return FRAME_BAD_LENGTH;
	return evbuffer_get_length(in) >= out->length ? FRAME_READY : FRAME_MORE;
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void
frame_write(uint8_t *out, uint32_t length, uint32_t id, uint32_t status, uint32_t sequence)
{
	put_be32(out, length);
	put_be32(out + 4, id);
	put_be32(out + 8, status);
	put_be32(out + 12, sequence);
}

void
frame_begin(struct bytes *b, uint32_t id, uint32_t status, uint32_t sequence)
{
	uint8_t header[FRAME_HEADER];

	frame_write(header, FRAME_HEADER, id, status, sequence);
	bytes_add(b, header, sizeof(header));
}

void
frame_end(struct bytes *b, size_t start)
{
	put_be32(b->data + start, (uint32_t)(b->len - start));
}
