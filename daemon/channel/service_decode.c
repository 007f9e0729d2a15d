/* SPDX-License-Identifier: BSD-2-Clause */
/* The service channel_decode(): the daemon's charsets for plugins. */
#include "channel/channel.h"

#include "base/buffer.h"
#include "text/charset.h"

unsigned
channel_decode(
    const char *charset, const void *raw, size_t len, bool guess, char **text, size_t *text_len)
{
	struct buffer out = { 0 };
	unsigned found = 0, flags = 0;

	if (guess)
		charset_decode_guess(charset, raw, len, &out, &found, NULL);
	else
		charset_decode(charset, raw, len, &out, &found);
	if ((found & (CHARSET_DAMAGED | CHARSET_TRUNCATED | CHARSET_OPAQUE)) != 0)
		flags |= CHANNEL_DAMAGED;
	if ((found & CHARSET_GUESSED) != 0)
		flags |= CHANNEL_GUESSED;
	*text_len = out.len;
	*text = buffer_take(&out);
	return flags;
}
