/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of life, as text. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t n, len;

	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	n = strlen(err->text);
	len = strlen(old);
	if (n + 2 < sizeof(err->text)) {
		memcpy(err->text + n, ": ", 2);
		n += 2;
		if (len > sizeof(err->text) - n - 1)
			len = sizeof(err->text) - n - 1;
		memcpy(err->text + n, old, len);
		err->text[n + len] = '\0';
	}
	return false;
}
