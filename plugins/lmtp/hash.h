/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_LENGTH = 32 };

/* SHA-256 of two runs of bytes, told apart. b_mapped: b is of a map of a file, and is not kept in
 * memory. */
void hash_two(const void *a, size_t a_len, const void *b, size_t b_len, bool b_mapped,
    uint8_t out[HASH_LENGTH]);
/* HMAC-SHA-256 (RFC 2104). */
void hash_keyed(const char *key, const char *text, uint8_t out[HASH_LENGTH]);
/* Takes the same time whatever the bytes are. */
int hash_compare(const void *a, const void *b, size_t len);
