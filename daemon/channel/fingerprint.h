/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINGERPRINT_BYTES 16
#define HASH_BYTES 32

/* What makes two reports the same: the first half of SHA-256 over pieces, each with its length. */
struct fingerprint_piece {
	const void *data;
	size_t len;
};
void
fingerprint(const struct fingerprint_piece *pieces, size_t count, uint8_t out[FINGERPRINT_BYTES]);

/* SHA-256, by which contents are kept once. */
void fingerprint_content(const void *data, size_t len, uint8_t out[HASH_BYTES]);
/* The same of what lies in a file. False: it cannot be read. */
bool fingerprint_spooled(int fd, int64_t at, size_t len, uint8_t out[HASH_BYTES]);

/* Stable on all machines: which of 64 lanes a sender belongs to. */
unsigned fingerprint_lane(const char *source, size_t len);
