/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct bytes;

/*
 * The contents of a mail behind DATA (RFC 5321, 4.1.1.4 and 4.5.2): ended by CRLF "." CRLF and by
 * nothing else, a dot at the beginning of a line taken away. Only CRLF ends a line: what a bare LF
 * ends for others ends nothing here.
 */
enum dots_state { DOTS_LINE, DOTS_DOT, DOTS_DOT_CR, DOTS_TEXT, DOTS_CR };

/* Set it to { 0 } for each mail. */
struct dots {
	enum dots_state state;
	bool ended;
};

/* Takes bytes as they come and appends what they stand for, at most limit bytes in all; *too_long
 * is set when there were more. Returns how many were taken: all, or up to the end. */
size_t dots_feed(
    struct dots *d, const char *in, size_t len, size_t limit, struct bytes *out, bool *too_long);
