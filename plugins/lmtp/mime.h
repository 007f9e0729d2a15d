/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "mail.h"

/* The structure of mails, by GMime, which knows none of the daemon and is known by this file only.
 * Call mime_start() once. */
void mime_start(void);

/* Reads a mail. What is beyond the limits is refused before it costs anything: false, with *why in
 * words, a literal. raw is not changed and not kept. Mails that are merely broken are read as far
 * as they go. */
bool mime_read(const void *raw, size_t len, const struct mail_limits *limits, struct mail *out,
    const char **why);
