/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct bytes;
struct evbuffer;

/*
 * Framing (SMPP 3.4, 3.2): every PDU begins with 16 octets: length, id, status, sequence number.
 * Nothing behind the header is looked at before all of the PDU is there, and no PDU is longer than
 * FRAME_MAX (64 KiB of message_payload and what may stand around it).
 */
#define FRAME_HEADER 16u
#define FRAME_MAX 70000u

struct frame {
	uint32_t length; /* of the whole PDU, header included */
	uint32_t id;
	uint32_t status; /* raw: vendors have values of their own */
	uint32_t sequence;
};

enum frame_result {
	FRAME_MORE,       /* not all of it is there yet */
	FRAME_READY,      /* out->length octets can be taken from in */
	FRAME_BAD_LENGTH, /* 16…FRAME_MAX is not kept: the stream cannot be read any further */
};

/* Looks at the front of in, takes nothing away. *out is filled unless FRAME_MORE. */
enum frame_result frame_peek(struct evbuffer *in, struct frame *out);

/* The header in octets[0…15]. */
void frame_read(const uint8_t *octets, struct frame *out);

/* Writes a header of length octets at out[0…15]. */
void frame_write(uint8_t *out, uint32_t length, uint32_t id, uint32_t status, uint32_t sequence);
/* Appends a header whose length is FRAME_HEADER. */
void frame_begin(struct bytes *b, uint32_t id, uint32_t status, uint32_t sequence);
/* Writes the length of the PDU that begins at start and ends at the end of b. */
void frame_end(struct bytes *b, size_t start);
