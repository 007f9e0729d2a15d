/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the lmtp plugin that need no loop take of the runtime (daemon/channel/host.c).
 */
#include "base/buffer.h"
#include "channel/channel.h"
#include "text/charset.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Tests make their settings themselves. */
const char *
channel_get_string(const struct channel *c, const struct channel_link *l, const char *name)
{
	(void)c;
	(void)l;
	(void)name;
	abort();
}

int64_t
channel_get_integer(const struct channel *c, const struct channel_link *l, const char *name)
{
	(void)c;
	(void)l;
	(void)name;
	abort();
}

bool
channel_fail(struct channel_error *error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return false;
}
