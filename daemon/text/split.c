/* SPDX-License-Identifier: BSD-2-Clause */
/* Cutting an outgoing text into parts, between clusters. */
#include "text/split.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "text/gsm7.h"
#include "text/normalise.h"
#include "text/utf8.h"

#define PARTS_MAX 255u

static const struct {
	size_t single, wide8, wide16;
} sizes[] = {
	[SPLIT_GSM7] = { 160, 153, 152 },
	[SPLIT_UCS2] = { 70, 67, 66 },
};

enum split_coding
split_coding_for(const char *text, size_t len)
{
	return gsm7_length(text, len) >= 0 ? SPLIT_GSM7 : SPLIT_UCS2;
}

/* Units of the code point at text, whose bytes are returned. */
static size_t
read_units(const char *text, size_t len, enum split_coding coding, uint32_t *cp, size_t *units)
{
	size_t bytes = utf8_read(text, len, cp);

	if (*cp == UTF8_BAD)
		*cp = UTF8_REPLACEMENT;
	if (coding == SPLIT_UCS2) {
		*units = *cp > 0xffff ? 2 : 1;
	} else {
		long septets = gsm7_length(text, bytes);
		*units = septets < 0 ? 1 : (size_t)septets;
	}
	return bytes;
}

size_t
split_units(const char *text, size_t len, enum split_coding coding)
{
	size_t sum = 0;

	for (size_t pos = 0; pos < len;) {
		uint32_t cp;
		size_t units;

		pos += read_units(text + pos, len - pos, coding, &cp, &units);
		sum += units;
	}
	return sum;
}

static void
add_part(struct split *out, size_t at, size_t len)
{
	if (out->count == out->room) {
		out->room = out->room * 2 + 4;
		out->parts = xreallocarray(out->parts, out->room, sizeof(*out->parts));
	}
	out->parts[out->count++] = (struct split_part){ at, len };
}

/* The end of the part that begins at `at`: the last cluster border within limit, or, when the first
 * cluster alone is larger, the last code point within it. */
static size_t
part_end(const char *text, size_t len, size_t at, enum split_coding coding, size_t limit)
{
	size_t pos = at, border = at, used = 0;
	uint32_t before = 0;
	int32_t state = 0;

	while (pos < len) {
		uint32_t cp;
		size_t units, bytes = read_units(text + pos, len - pos, coding, &cp, &units);

		if (pos > at && normalise_grapheme_break(before, cp, &state))
			border = pos;
		if (used + units > limit)
			return border > at ? border : pos;
		used += units;
		pos += bytes;
		before = cp;
	}
	return len;
}

bool
split_text(const char *text, size_t len, enum split_coding coding, unsigned reference_bits,
    struct split *out)
{
	size_t limit = reference_bits == 16 ? sizes[coding].wide16 : sizes[coding].wide8;

	out->count = 0;
	out->coding = coding;
	if (split_units(text, len, coding) <= sizes[coding].single) {
		add_part(out, 0, len);
		return true;
	}
	for (size_t at = 0; at < len;) {
		size_t end = part_end(text, len, at, coding, limit);

		if (out->count == PARTS_MAX) {
			out->count = 0;
			return false;
		}
		add_part(out, at, end - at);
		at = end;
	}
	return true;
}

static void
encode_ucs2(uint32_t cp, struct buffer *out)
{
	if (cp > 0xffff) {
		buffer_add_be16(out, (uint16_t)(0xd800 + ((cp - 0x10000) >> 10)));
		buffer_add_be16(out, (uint16_t)(0xdc00 + ((cp - 0x10000) & 0x3ff)));
	} else {
		buffer_add_be16(out, (uint16_t)cp);
	}
}

void
split_encode(
    const char *text, const struct split_part *part, enum split_coding coding, struct buffer *out)
{
	for (size_t pos = part->at; pos < part->at + part->len;) {
		uint32_t cp;
		size_t units;
		size_t bytes =
		    read_units(text + pos, part->at + part->len - pos, coding, &cp, &units);

		if (coding == SPLIT_UCS2)
			encode_ucs2(cp, out);
		else if (!gsm7_encode(text + pos, bytes, out))
			buffer_add_byte(out, '?');
		pos += bytes;
	}
}

void
split_clear(struct split *s)
{
	free(s->parts);
	*s = (struct split){ 0 };
}
