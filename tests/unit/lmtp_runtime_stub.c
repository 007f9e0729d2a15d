/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the lmtp plugin that need no loop take of the runtime (daemon/channel/host.c).
 */
#include "channel/channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
