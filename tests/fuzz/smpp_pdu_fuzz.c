/* SPDX-License-Identifier: BSD-2-Clause */
/* A stream of PDUs from a buffer: framing, bodies, and the cleaned copy for libsmpp34. */
#include "plugins/smpp/bytes.h"
#include "plugins/smpp/frame.h"
#include "plugins/smpp/pdu.h"
#include "plugins/smpp/smpp34.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its own allocation, so that an octet too far is seen. */
static void
parse_exactly(const uint8_t *octets, size_t len)
{
	uint8_t *exact = malloc(len);
	struct pdu pdu;
	const char *what;

	memcpy(exact, octets, len);
	if (pdu_parse(exact, len, &pdu) == PDU_OK) {
		enum smpp34_verdict verdict = smpp34_check(&pdu, &what);
		if (verdict == SMPP34_DIFFERENT)
			abort();
		for (size_t i = 0; i < pdu.message_len; i++)
			(void)*(volatile const uint8_t *)&pdu.message[i];
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evbuffer *in = evbuffer_new();
	struct frame f;

	evbuffer_add(in, data, size);
	while (frame_peek(in, &f) == FRAME_READY) {
		parse_exactly(evbuffer_pullup(in, (ev_ssize_t)f.length), f.length);
		evbuffer_drain(in, f.length);
	}
	evbuffer_free(in);
	if (size >= FRAME_HEADER) {
		/* The same with a length that fits, so that bodies are reached at once. */
		struct bytes b = { 0 };
		bytes_add(&b, data, size);
		frame_end(&b, 0);
		parse_exactly(b.data, b.len);
		bytes_clear(&b);
	}
	return 0;
}
