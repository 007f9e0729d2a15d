/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A command line of LMTP (RFC 2033; RFC 5321, 4.1.1), without its end. */
enum command_verb {
	COMMAND_UNKNOWN,
	COMMAND_LHLO,
	COMMAND_HELLO, /* HELO or EHLO: no LMTP */
	COMMAND_MAIL,
	COMMAND_RCPT,
	COMMAND_DATA,
	COMMAND_RSET,
	COMMAND_NOOP,
	COMMAND_VRFY,
	COMMAND_QUIT,
};

struct command {
	enum command_verb verb;
	/* MAIL and RCPT: what stands between < and >, without a source route; lent from the line.
	 */
	const char *path;
	size_t path_len;
	int64_t size; /* SIZE=, or -1 */
	bool smtputf8;
	/* The answer when the syntax is wrong, else NULL. A literal. */
	const char *fault;
};

void command_parse(const char *line, size_t len, struct command *out);
