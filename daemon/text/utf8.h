/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8 one code point at a time (RFC 3629: no surrogates, no overlong forms, nothing above
 * U+10FFFF). */

#define UTF8_REPLACEMENT 0xfffdU

/* Reads the code point at s. Returns the number of bytes it took, at least 1; a byte that begins no
 * well-formed sequence counts alone and gives *cp = UTF8_BAD. len must not be 0. */
#define UTF8_BAD 0xffffffffU
size_t utf8_read(const char *s, size_t len, uint32_t *cp);

/* Writes cp at out, which has room for 4 bytes, and returns how many were written. A surrogate or a
 * number above U+10FFFF is written as U+FFFD. */
size_t utf8_write(uint32_t cp, char *out);

/* All of it is well-formed. */
bool utf8_valid(const char *s, size_t len);
