/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

#include "../common/bytes.h"
#include "channel/channel.h"
#include "hash.h"

struct mail;
struct settings;

/* A mail to one recipient as a report. Lent from its arguments and from itself; clear it after
 * channel_submit(). */
struct report {
	struct channel_report report;
	struct channel_file *files;
	struct bytes protocol;
	uint8_t identity[HASH_LENGTH];
	char *from; /* of the header, normal; or NULL */
};

/* sender: normal, "" for the null sender. number: of the case that the recipient's address proves,
 * or 0. */
void
report_make(struct report *r, const struct settings *s, const char *sender, const char *recipient,
    int64_t number, const void *raw, size_t len, const struct mail *m, struct bytes *text);
void report_clear(struct report *r);

/* What the clerk reads of a mail: its subject, unless that only says "Re:" to what we have sent or
 * stands in the text already, and the text. */
void report_text(const struct mail *m, struct bytes *out);
