/* SPDX-License-Identifier: BSD-2-Clause */
/* The parser of FastAGI. */
#include "agi.h"

#include "../common/bytes.h"

#include <stdlib.h>
#include <string.h>

/* ---- environment ---------------------------------------------------------------------------- */

static void
keep(char *to, size_t room, const char *from)
{
	size_t n = 0;

	for (; *from != '\0' && n + 1 < room; from++)
		if ((unsigned char)*from >= 0x20 && *from != 0x7f)
			to[n++] = *from;
	to[n] = '\0';
}

static bool
is_withheld(const char *caller)
{
	static const char *const words[] = { "unknown", "anonymous", "private", "restricted",
		"unavailable", "asterisk" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(caller, words[i]) == 0)
			return true;
	return false;
}

static void
note(struct agi_environment *e, const char *name, const char *value)
{
	const struct {
		const char *name;
		char *to;
	} kept[] = {
		{ "agi_uniqueid", e->uniqueid },
		{ "agi_callerid", e->caller },
		{ "agi_channel", e->channel },
		{ "agi_network_script", e->script },
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcmp(kept[i].name, name) == 0)
			keep(kept[i].to, AGI_VALUE + 1, value);
	/* the number that was dialled goes before the extension that it led to */
	if ((strcmp(name, "agi_dnid") == 0 && !is_withheld(value)) ||
	    (strcmp(name, "agi_extension") == 0 && e->called[0] == '\0'))
		keep(e->called, sizeof(e->called), value);
	if (strcmp(name, "agi_callerid") == 0 && is_withheld(e->caller))
		e->caller[0] = '\0';
}

static enum agi_event
environment_line(struct agi *a, char *line)
{
	char *colon = strchr(line, ':');

	if (line[0] == '\0') {
		a->running = true;
		a->lines = 0;
		/* an environment without a call is none */
		a->broken = a->environment.uniqueid[0] == '\0';
		return a->broken ? AGI_BROKEN : AGI_ENVIRONMENT;
	}
	if (colon == NULL || strncmp(line, "agi_", 4) != 0 || ++a->lines > AGI_LINES) {
		a->broken = true;
		return AGI_BROKEN;
	}
	*colon++ = '\0';
	note(&a->environment, line, colon + strspn(colon, " "));
	return AGI_NOTHING;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int
code_of(const char *line)
{
	if (strspn(line, "0123456789") != 3)
		return 0;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* "result=35 (dtmf) endpos=22640" */
static void
read_result(struct agi_response *r, const char *text)
{
	const char *at = strstr(text, "result="), *open, *close;
	char *end;

	if (at == NULL)
		return;
	at += strlen("result=");
	r->result = strtol(at, &end, 10);
	r->has_result = end != at;
	open = strchr(end, '(');
	close = open != NULL ? strrchr(open, ')') : NULL;
	if (close != NULL) {
		size_t n = (size_t)(close - open - 1);
		n = n < AGI_DETAIL ? n : AGI_DETAIL;
		memcpy(r->detail, open + 1, n);
		r->detail[n] = '\0';
	}
	at = strstr(close != NULL ? close : end, "endpos=");
	if (at != NULL)
		r->endpos = strtol(at + strlen("endpos="), NULL, 10);
}

static enum agi_event
answer_line(struct agi *a, const char *line)
{
	int code = code_of(line);

	if (strcmp(line, "HANGUP") == 0)
		return AGI_HANGUP;
	if (a->usage != 0 && (code != a->usage || line[3] == '-')) {
		if (++a->lines <= AGI_LINES)
			return AGI_NOTHING;
		code = 0;
	}
	if (code == 0) {
		a->broken = true;
		return AGI_BROKEN;
	}
	if (line[3] == '-') {
		a->usage = code;
		a->lines = 0;
		return AGI_NOTHING;
	}
	a->usage = 0;
	a->response = (struct agi_response){ .code = code, .endpos = -1 };
	if (code == 200)
		read_result(&a->response, line + 3);
	return AGI_RESPONSE;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static enum agi_event
end_line(struct agi *a)
{
	if (a->len > 0 && a->line[a->len - 1] == '\r')
		a->len--;
	a->line[a->len] = '\0';
	a->len = 0;
	if (a->running)
		return answer_line(a, a->line);
	/* "HANGUP" before the call has begun: there is nobody to talk to */
	return strcmp(a->line, "HANGUP") == 0 ? AGI_HANGUP : environment_line(a, a->line);
}

size_t
agi_feed(struct agi *a, const void *data, size_t len, enum agi_event *event)
{
	const char *bytes = data;

	*event = a->broken ? AGI_BROKEN : AGI_NOTHING;
	for (size_t i = 0; i < len && !a->broken; i++) {
		if (bytes[i] == '\n') {
			*event = end_line(a);
			if (*event != AGI_NOTHING)
				return i + 1;
		} else if (bytes[i] == '\0' || a->len + 1 >= sizeof(a->line)) {
			a->broken = true;
			*event = AGI_BROKEN;
		} else {
			a->line[a->len++] = bytes[i];
		}
	}
	return len;
}

void
agi_quote(struct bytes *out, const char *value)
{
	bytes_add_byte(out, '"');
	for (; *value != '\0'; value++) {
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			continue;
		if (*value == '"' || *value == '\\')
			bytes_add_byte(out, '\\');
		bytes_add_byte(out, *value);
	}
	bytes_add_byte(out, '"');
}
