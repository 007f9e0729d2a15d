/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports of deliveries: whatever comes, what is kept of it is printable ASCII within its bounds. */
#include "plugins/lmtp/bounce.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct bounce *b)
{
	if (memchr(b->status, '\0', sizeof(b->status)) == NULL ||
	    memchr(b->detail, '\0', sizeof(b->detail)) == NULL ||
	    strspn(b->status, "0123456789.") != strlen(b->status))
		abort();
	for (const char *p = b->detail; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *exact = malloc(size > 0 ? size : 1);
	struct bounce b;

	if (size > 0)
		memcpy(exact, data, size);
	bounce_read(exact, size, &b);
	check(&b);
	bounce_read_words(exact, size, false, &b);
	check(&b);
	if (bounce_message(exact, size, "0123456789abcdef") < 0)
		abort();
	free(exact);
	return 0;
}
