/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A message that waits, with what the database knows of its sender (statement clerk_claim).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/language.h"

struct buffer;
struct policy;
struct result;

enum message_flag {
	MESSAGE_NO_ANSWER = 1,
	MESSAGE_DAMAGED = 2,
	MESSAGE_GUESSED = 4,
	MESSAGE_TRUNCATED = 8,
	MESSAGE_LATE_PART = 16,
	MESSAGE_INCOMPLETE = 32,
	MESSAGE_JOINED = 64,
	MESSAGE_FILES = 128,
	MESSAGE_UNPROVEN = 256,
	MESSAGE_SPOKEN = 512,
};

struct message_case {
	int64_t number, filed_us;
	const char *category, *state, *building;
	size_t category_len, state_len, building_len;
	int32_t unit, place; /* 0 unknown */
};
#define MESSAGE_CASES 5

/* Strings are lent as long as the result that it was read from, but for text: see below. */
struct message {
	int64_t id, received_us;
	const char *channel, *link, *source, *destination, *charset, *protocol;
	const void *raw;
	size_t raw_len;
	const char *text; /* UTF-8; NULL until message_decode() when only raw is there */
	size_t text_len;
	bool decoded; /* text is not stored yet */
	unsigned flags;
	enum language language; /* stored for the phone; LANGUAGE_UND unknown */
	bool campaigns;
	int64_t person;
	int32_t staff_unit;
	int staff_level; /* 0: no staff */
	bool volunteer;
	int32_t home_community;
	const char *home_building, *home_entrance, *home_room;
	struct message_case cases[MESSAGE_CASES]; /* open, newest first */
	unsigned case_count;
	/* What is open between us and this number (step.h); "" nothing. */
	const char *dialog;
};

void message_read(struct message *m, const struct result *r, int row);

/* Makes text of raw when there is none. A long message with a missing part gets the template
 * part_missing in its place. *text keeps the bytes: it is the caller's and must outlive m->text. */
void message_decode(struct message *m, const struct policy *p, struct buffer *text);

/* A number of the protocol's JSON, such as "late_for"; 0 when there is none. */
int64_t message_protocol_number(const struct message *m, const char *key);
/* A text of it, without characters that need escaping; cut at size - 1 bytes. "" when there is
 * none. */
void message_protocol_text(const struct message *m, const char *key, char *out, size_t size);
