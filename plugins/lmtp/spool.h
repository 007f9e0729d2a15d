/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "../common/bytes.h"

/*
 * The bytes of a mail while it comes: in memory as long as it is small, in a file that has no name
 * when it is not, so that a large mail costs the process no memory of its size.
 */
struct spool {
	struct bytes head; /* what is not in the file */
	int fd;            /* 0: there is no file */
	size_t written;
	const char *map; /* the whole, after spool_end() */
};

/* Set it to { 0 }. */
void spool_clear(struct spool *s);
size_t spool_length(const struct spool *s);
/* After bytes have been added to head: moves them to a file in folder when they have become many.
 * False, with errno: it does not take them. */
bool spool_settle(struct spool *s, const char *folder);
/* No bytes come any more. */
bool spool_end(struct spool *s);
/* After spool_end(); lent, "" when empty. */
const char *spool_bytes(const struct spool *s);
/* Whether files can be made in the folder; errno says why not. */
bool spool_usable(const char *folder);
