/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail.h"

/* The structure of mails, by GMime, which knows none of the daemon and is known by this file only.
 * Call mime_start() once. */
void mime_start(void);

/* Where attachments are written to that shall not lie in memory: behind at, which moves. The mail
 * itself is at its beginning, and raw is a map of that. */
struct mime_spool {
	int fd;
	int64_t at;
};
/* What *why is when that file takes no more: the mail may come again. */
extern const char mime_no_room[];

/* Reads a mail. What is beyond the limits is refused before it costs anything: false, with *why in
 * words, a literal. raw is not changed and not kept. Mails that are merely broken are read as far
 * as they go. spool NULL: attachments are in memory. */
bool mime_read(const void *raw, size_t len, const struct mail_limits *limits,
    struct mime_spool *spool, struct mail *out, const char **why);
