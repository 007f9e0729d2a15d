/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that the database takes. */
#include "channel/clean.h"

#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

bool
clean_is(const char *s, size_t len)
{
	return len == 0 || (memchr(s, '\0', len) == NULL && utf8_valid(s, len));
}

bool
clean_make(char *s, size_t len)
{
	bool found = false;
	uint32_t cp;

	if (len == 0 || clean_is(s, len))
		return false;
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_read(s + i, len - i, &cp);
		if (cp == UTF8_BAD || cp == 0) {
			memset(s + i, '?', n);
			found = true;
		}
	}
	return found;
}
