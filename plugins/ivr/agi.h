/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/*
 * What a PBX says over FastAGI: first lines "agi_name: value" up to an empty one, then one answer
 * for each command, "200 result=1 (timeout) endpos=3520" or "510 …", or several lines
 * "520-…" ended by one "520 …"; and "HANGUP" alone at any time. Bytes may come in any pieces. The
 * parser is bounded: it keeps some of the environment and the line that is coming, and what is
 * longer breaks it for good.
 */

enum agi_event {
	AGI_NOTHING,     /* it wants more bytes */
	AGI_ENVIRONMENT, /* the environment is complete */
	AGI_RESPONSE,    /* agi->response holds an answer */
	AGI_HANGUP,      /* the caller has gone; answers may still come */
	AGI_BROKEN,      /* this is no FastAGI, or too much of it: hang up */
};

enum {
	AGI_LINE = 1024,  /* bytes of a line at most */
	AGI_LINES = 200,  /* lines of the environment, or of one answer */
	AGI_VALUE = 255,  /* bytes kept of a value */
	AGI_DETAIL = 127, /* bytes kept of what stands in brackets */
};

/* "" where the PBX did not say. */
struct agi_environment {
	char uniqueid[AGI_VALUE + 1];
	char caller[AGI_VALUE + 1]; /* agi_callerid; "" too when it is withheld */
	char called[AGI_VALUE + 1]; /* agi_dnid, or agi_extension */
	char channel[AGI_VALUE + 1];
	char script[AGI_VALUE + 1]; /* of agi://host/script?… */
};

struct agi_response {
	int code; /* 200, 510, 511, 520 */
	bool has_result;
	long result;
	char detail[AGI_DETAIL + 1]; /* "timeout", "hangup", "dtmf", the value of a variable */
	long endpos;                 /* samples; -1: not told */
};

/* Set it to { 0 }. */
struct agi {
	struct agi_environment environment;
	struct agi_response response;
	char line[AGI_LINE];
	size_t len;
	unsigned lines;
	int usage; /* the code of an answer of several lines, until its last */
	bool running, broken;
};

/* Takes bytes up to the end of the next event; returns how many. *event is AGI_NOTHING when all are
 * taken. After AGI_BROKEN it takes everything and says AGI_BROKEN again. */
size_t agi_feed(struct agi *a, const void *data, size_t len, enum agi_event *event);

/* A value as it may stand in a command: in quotes, with what would end it escaped. Control bytes
 * are left out, so that no value can begin a command of its own. */
struct bytes;
void agi_quote(struct bytes *out, const char *value);
