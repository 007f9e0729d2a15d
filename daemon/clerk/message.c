/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads and decodes a message that waits. */
#include "clerk/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "clerk/policy.h"
#include "clerk/reply.h"
#include "database/database.h"
#include "text/charset.h"

enum { PARTS_MAX = 255 };

/* The columns of clerk_claim, in their order. */
enum column {
	POLICY_VERSION,
	ID,
	RECEIVED_AT,
	CHANNEL,
	LINK,
	SOURCE,
	DESTINATION,
	CHARSET,
	RAW,
	TEXT,
	FLAGS,
	PROTOCOL,
	LANGUAGE,
	CAMPAIGNS,
	PERSON_ID,
	STAFF_UNIT,
	STAFF_LEVEL,
	VOLUNTEER,
	HOME_COMMUNITY,
	HOME_BUILDING,
	HOME_ENTRANCE,
	HOME_ROOM,
	OPEN_CASES,
	DIALOG
};

static int64_t
integer(const struct result *r, int row, enum column c)
{
	return result_null(r, row, (int)c) ? 0 : result_int(r, row, (int)c);
}

static const char *
string(const struct result *r, int row, enum column c)
{
	return result_bytes(r, row, (int)c, NULL);
}

/* Lines of: number, category, state, unit, seconds since 1970, place, building; tabs between. */
static void
read_cases(struct message *m, const char *lines)
{
	while (*lines != '\0' && m->case_count < MESSAGE_CASES) {
		struct message_case *c = &m->cases[m->case_count++];
		char *end;

		c->number = strtoll(lines, &end, 10);
		c->category = end + (*end == '\t');
		c->category_len = strcspn(c->category, "\t");
		c->state = c->category + c->category_len + 1;
		c->state_len = strcspn(c->state, "\t");
		c->unit = (int32_t)strtol(c->state + c->state_len + 1, &end, 10);
		c->filed_us = strtoll(end + (*end == '\t'), &end, 10) * 1000000;
		c->place = (int32_t)strtol(end + (*end == '\t'), &end, 10);
		c->building = end + (*end == '\t');
		c->building_len = strcspn(c->building, "\n");
		end = (char *)(uintptr_t)c->building + c->building_len;
		lines = end + (*end == '\n');
	}
}

void
message_read(struct message *m, const struct result *r, int row)
{
	memset(m, 0, sizeof(*m));
	m->id = integer(r, row, ID);
	m->received_us = result_time(r, row, RECEIVED_AT);
	m->channel = string(r, row, CHANNEL);
	m->link = string(r, row, LINK);
	m->source = string(r, row, SOURCE);
	m->destination = string(r, row, DESTINATION);
	m->charset = string(r, row, CHARSET);
	m->protocol = string(r, row, PROTOCOL);
	m->raw = result_bytes(r, row, RAW, &m->raw_len);
	if (!result_null(r, row, TEXT))
		m->text = result_bytes(r, row, TEXT, &m->text_len);
	m->flags = (unsigned)integer(r, row, FLAGS);
	if (!language_parse(string(r, row, LANGUAGE), &m->language))
		m->language = LANGUAGE_UND;
	m->campaigns = result_bool(r, row, CAMPAIGNS);
	m->person = integer(r, row, PERSON_ID);
	m->staff_unit = (int32_t)integer(r, row, STAFF_UNIT);
	m->staff_level = (int)integer(r, row, STAFF_LEVEL);
	m->volunteer = result_bool(r, row, VOLUNTEER);
	m->home_community = (int32_t)integer(r, row, HOME_COMMUNITY);
	m->home_building = string(r, row, HOME_BUILDING);
	m->home_entrance = string(r, row, HOME_ENTRANCE);
	m->home_room = string(r, row, HOME_ROOM);
	read_cases(m, string(r, row, OPEN_CASES));
	m->dialog = string(r, row, DIALOG);
}

int64_t
message_protocol_number(const struct message *m, const char *key)
{
	char quoted[40];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	at = strstr(m->protocol, quoted);
	if (at == NULL)
		return 0;
	at += strlen(quoted);
	at += strspn(at, ": ");
	return strtoll(at, NULL, 10);
}

void
message_protocol_text(const struct message *m, const char *key, char *out, size_t size)
{
	char quoted[40];
	const char *at;
	size_t len = 0;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	at = strstr(m->protocol, quoted);
	if (at != NULL) {
		at += strlen(quoted);
		at += strspn(at, ": ");
		if (*at == '"')
			len = strcspn(++at, "\"\\");
	}
	if (len >= size)
		len = size - 1;
	if (len > 0)
		memcpy(out, at, len);
	out[len] = '\0';
}

/* The lengths of the parts in their order, 0 for one that is missing. */
static size_t
read_segments(const struct message *m, size_t *lengths)
{
	const char *at = strstr(m->protocol, "\"segments\"");
	size_t count = 0;
	char *end;

	at = at != NULL ? strchr(at, '[') : NULL;
	while (at != NULL && count < PARTS_MAX && (*at == '[' || *at == ',')) {
		lengths[count++] = strtoul(at + 1, &end, 10);
		at = end;
	}
	return count;
}

static void
decode_run(const struct message *m, size_t from, size_t to, struct buffer *out)
{
	unsigned flags;

	if (to > m->raw_len)
		to = m->raw_len;
	if (to > from)
		charset_decode(m->charset, (const char *)m->raw + from, to - from, out, &flags);
}

/* Decodes what is contiguous as a whole, since a character may be cut between two parts. */
static void
decode_incomplete(const struct message *m, const struct policy *p, struct buffer *out)
{
	enum tongue tongue = m->language == LANGUAGE_KO ? TONGUE_KO : TONGUE_ZH;
	size_t lengths[PARTS_MAX], count = read_segments(m, lengths), from = 0, to = 0;
	struct buffer part = { 0 };

	for (size_t i = 0; i < count; i++) {
		char number[24];

		if (lengths[i] > 0) {
			to += lengths[i];
			continue;
		}
		decode_run(m, from, to, out);
		from = to;
		snprintf(number, sizeof(number), "%zu", i + 1);
		buffer_reset(&part);
		reply_render(p, TEMPLATE_PART_MISSING, tongue,
		    &(struct reply_fields){ .part = number }, &part);
		buffer_add_string(out, part.data + strlen(p->signature));
	}
	decode_run(m, from, count > 0 ? to : m->raw_len, out);
	buffer_clear(&part);
}

void
message_decode(struct message *m, const struct policy *p, struct buffer *text)
{
	unsigned flags = 0;

	if (m->text != NULL)
		return;
	buffer_reserve(text, 0);
	buffer_reset(text);
	if ((m->flags & MESSAGE_INCOMPLETE) != 0)
		decode_incomplete(m, p, text);
	else
		charset_decode(m->charset, m->raw, m->raw_len, text, &flags);
	m->text = text->data;
	m->text_len = text->len;
	m->decoded = true;
}
