/* SPDX-License-Identifier: BSD-2-Clause */
/* The service channel_split(): the daemon's splitter and encoder for plugins. */
#include "channel/channel.h"

#include "base/buffer.h"
#include "base/xalloc.h"
#include "text/split.h"

#include <stdlib.h>

static void
encode_piece(const char *text, const struct split_part *part, enum split_coding coding,
    struct channel_piece *out)
{
	struct buffer octets = { 0 };

	split_encode(text, part, coding, &octets);
	out->len = octets.len;
	out->octets = (uint8_t *)buffer_take(&octets);
}

bool
channel_split(const char *text, size_t len, enum channel_coding coding, unsigned reference_bits,
    struct channel_split *out)
{
	struct split_part whole = { 0, len };
	struct split split = { 0 };
	enum split_coding how = coding == CHANNEL_UCS2 ? SPLIT_UCS2 : SPLIT_GSM7;
	const struct split_part *parts = &whole;
	size_t count = 1;

	*out = (struct channel_split){ 0 };
	if (coding == CHANNEL_CODING_AUTO)
		how = split_coding_for(text, len);
	if (reference_bits != 0) {
		if (!split_text(text, len, how, reference_bits, &split)) {
			split_clear(&split);
			return false;
		}
		parts = split.parts;
		count = split.count;
	}
	out->coding = how == SPLIT_UCS2 ? CHANNEL_UCS2 : CHANNEL_GSM7;
	out->count = count;
	out->pieces = xcalloc(count, sizeof(*out->pieces));
	for (size_t i = 0; i < count; i++)
		encode_piece(text, &parts[i], how, &out->pieces[i]);
	split_clear(&split);
	return true;
}

void
channel_split_clear(struct channel_split *split)
{
	for (size_t i = 0; i < split->count; i++)
		free(split->pieces[i].octets);
	free(split->pieces);
	*split = (struct channel_split){ 0 };
}
