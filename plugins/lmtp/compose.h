/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

struct bytes;
struct settings;

/* A text of the town as a mail. Strings are UTF-8; answered is the protocol of the report that it
 * answers (report.c), "" none. */
struct letter {
	int64_t id, number; /* number of the case, 0 none */
	int64_t at_us;
	const char *to, *text, *answered;
};

/* Appends the whole mail, RFC 5322 with CRLF, no line longer than 998 octets and none that begins
 * with a dot. */
void compose(const struct settings *s, const struct letter *l, struct bytes *out);

/* Appends value as it may stand in a field: as it is when it is printable ASCII, else in encoded
 * words (RFC 2047), folded; used is what the line holds already. */
void compose_words(const char *value, unsigned used, struct bytes *out);
