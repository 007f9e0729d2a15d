/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct buffer;

/*
 * Cuts an outgoing text into the parts of a concatenated short message. A cut never falls inside a
 * surrogate pair, an ESC pair or an extended grapheme cluster (a Hangul syllable written in jamo,
 * an emoji with its joiners); only a cluster that is larger than a whole part is cut, between code
 * points.
 */
enum split_coding {
	SPLIT_GSM7, /* 160 septets; 153 with an 8-bit, 152 with a 16-bit reference */
	SPLIT_UCS2, /* 70 UTF-16 units; 67 with an 8-bit, 66 with a 16-bit reference */
};

/* One part: bytes [at, at + len) of the text. */
struct split_part {
	size_t at;
	size_t len;
};

/* Embed it and set it to { 0 }; owns parts. */
struct split {
	enum split_coding coding;
	struct split_part *parts;
	size_t count;
	size_t room;
};

/* GSM-7 when all of text is in it, else UCS-2. */
enum split_coding split_coding_for(const char *text, size_t len);

/* Septets or UTF-16 units that text takes in that coding. Characters that are not in GSM-7 count as
 * one ('?'). */
size_t split_units(const char *text, size_t len, enum split_coding coding);

/*
 * Fills *out; earlier parts are forgotten. reference_bits is 8 or 16. One part when it fits the
 * single size, and one empty part when len is 0. Returns false, with *out empty, when more than 255
 * parts would be needed. text is UTF-8; bytes that are not well-formed count as U+FFFD.
 */
bool split_text(const char *text, size_t len, enum split_coding coding, unsigned reference_bits,
    struct split *out);

/* Appends the octets of one part: septets unpacked, or UTF-16BE. text is that of split_text(). */
void split_encode(
    const char *text, const struct split_part *part, enum split_coding coding, struct buffer *out);

void split_clear(struct split *s);
