/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * The messages of smsc_load, numbered from 0, and the units in which they are delivered: a short
 * message is one unit, a long one as many as it has parts. Message i comes from phone FIRST + i mod
 * SENDERS and carries text i mod (number of texts), rotated each time round the senders; where that
 * would let a sender send one text twice, each text ends with its message's number. So phone and
 * bytes together tell a message from every other.
 */
struct load_shape {
	uint64_t count;      /* messages; at most 2^31 units */
	uint64_t senders;    /* 0: one for each message */
	uint64_t first;      /* the first sender, without "+86" */
	unsigned parts;      /* of a long message: 2…255 */
	unsigned long_every; /* every so many-th message is long; 0: none */
	const char *destination;
};

/* One text a line, in UTF-8, at most 70 UTF-16 units of each. Ends the program when there is none.
 */
void load_messages_init(const struct load_shape *shape, const char *path);
void load_messages_clear(void);

uint32_t load_messages_units(void);

/* Adds the body of deliver_sm (SMPP 3.4, 4.6.1) for this unit. */
void load_messages_body(uint32_t unit, struct buffer *body);

/* Writes what the database must hold when these units were acknowledged (acked[unit]), a line a
 * message: the sender in E.164, a tab, the bytes of the text in hex. A message counts when all of
 * its units do. Returns how many lines, or -1 with errno. */
int64_t load_messages_ledger(const uint8_t *acked, const char *path);
