/* SPDX-License-Identifier: BSD-2-Clause */
#include "dots.h"

#include "../common/bytes.h"

#include <string.h>

static void
emit(const char *in, size_t len, size_t limit, struct bytes *out, bool *too_long)
{
	if (*too_long || out->len + len > limit) {
		*too_long = true;
		return;
	}
	bytes_add(out, in, len);
}

/* What c does in each state that is not the inside of a line. True: c is taken. */
static bool
step(struct dots *d, char c, size_t limit, struct bytes *out, bool *too_long)
{
	switch (d->state) {
	case DOTS_LINE:
		d->state = c == '.' ? DOTS_DOT : DOTS_TEXT;
		return c == '.';
	case DOTS_DOT:
		d->state = c == '\r' ? DOTS_DOT_CR : DOTS_TEXT;
		return c == '\r';
	case DOTS_DOT_CR:
		if (c == '\n') {
			d->ended = true;
			return true;
		}
		emit("\r", 1, limit, out, too_long);
		d->state = DOTS_CR;
		return false;
	case DOTS_CR:
		if (c == '\n')
			emit("\n", 1, limit, out, too_long);
		d->state = c == '\n' ? DOTS_LINE : DOTS_TEXT;
		return c == '\n';
	case DOTS_TEXT:
		break;
	}
	return false;
}

size_t
dots_feed(
    struct dots *d, const char *in, size_t len, size_t limit, struct bytes *out, bool *too_long)
{
	size_t at = 0;

	while (at < len && !d->ended) {
		const char *cr;
		size_t n;

		if (d->state != DOTS_TEXT) {
			at += step(d, in[at], limit, out, too_long);
			continue;
		}
		cr = memchr(in + at, '\r', len - at);
		n = cr != NULL ? (size_t)(cr - in) - at + 1 : len - at;
		emit(in + at, n, limit, out, too_long);
		at += n;
		if (cr != NULL)
			d->state = DOTS_CR;
	}
	return at;
}
