/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bounce.h"

/* A mail as far as a report needs it. All strings are UTF-8 and owned by the struct. */

struct mail_file {
	char *name;       /* "" none */
	const char *type; /* static; from the bytes */
	void *data;       /* NULL: in the spool, from at on */
	size_t len;
	int64_t at;
};

struct mail {
	char *subject, *from, *message_id, *in_reply_to,
	    *references;      /* "" none; ids with their <> */
	char *authentication; /* values of Authentication-Results, a line each; "" none */
	char *text;           /* what its sender wrote in it, see trim.h; subject not in it */
	size_t text_len;
	struct mail_file *files;
	size_t file_count;
	const char *machine; /* why it is never answered (RFC 3834, section 2), a literal; NULL: it
				may be */
	bool bounce;         /* a report of a delivery, */
	struct bounce said;  /* what it says, */
	char *returned;      /* and what of the mail it is about came back; "" nothing */
	unsigned flags;      /* enum channel_report_flag */
	bool mapped;         /* raw is a map of a file: what was read of it may be forgotten */
	size_t trace_len;    /* Received and the like at its beginning: new with each hop */
	size_t header_len;   /* where the body begins */
};

struct mail_limits {
	size_t header, parts, depth, text;
};

void mail_clear(struct mail *m);
