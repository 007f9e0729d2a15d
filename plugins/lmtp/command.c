/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include "../common/bytes.h"

#include <string.h>

static const struct {
	const char *name;
	enum command_verb verb;
} verbs[] = {
	{ "LHLO", COMMAND_LHLO },
	{ "HELO", COMMAND_HELLO },
	{ "EHLO", COMMAND_HELLO },
	{ "MAIL", COMMAND_MAIL },
	{ "RCPT", COMMAND_RCPT },
	{ "DATA", COMMAND_DATA },
	{ "RSET", COMMAND_RSET },
	{ "NOOP", COMMAND_NOOP },
	{ "VRFY", COMMAND_VRFY },
	{ "QUIT", COMMAND_QUIT },
};

struct cursor {
	const char *at, *end;
};

static void
skip_spaces(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
}

static bool
take(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->at) < len || !bytes_equal_nocase(c->at, len, word))
		return false;
	c->at += len;
	return true;
}

/* "<" [ "@" route ":" ] path ">"; quotes may hold a ">". */
static bool
take_path(struct cursor *c, struct command *out)
{
	bool quoted = false;
	const char *from;

	if (!take(c, "<"))
		return false;
	from = c->at;
	for (; c->at < c->end && (quoted || *c->at != '>'); c->at++) {
		if (*c->at == '\\' && c->at + 1 < c->end)
			c->at++;
		else if (*c->at == '"')
			quoted = !quoted;
		else if (*c->at == ':' && !quoted && *from == '@')
			from = c->at + 1;
	}
	if (c->at == c->end)
		return false;
	out->path = from;
	out->path_len = (size_t)(c->at++ - from);
	return true;
}

static bool
take_number(const char *s, size_t len, int64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9' || i >= 18)
			return false;
		*out = *out * 10 + (s[i] - '0');
	}
	return len > 0;
}

static const char *
take_parameter(const char *s, size_t len, struct command *out)
{
	const char *equals = memchr(s, '=', len);
	size_t key_len = equals != NULL ? (size_t)(equals - s) : len;
	const char *value = equals != NULL ? equals + 1 : "";
	size_t value_len = equals != NULL ? len - key_len - 1 : 0;

	if (out->verb == COMMAND_MAIL && bytes_equal_nocase(s, key_len, "SIZE"))
		return take_number(value, value_len, &out->size) ? NULL
								 : "501 5.5.4 SIZE is no number";
	if (out->verb == COMMAND_MAIL && bytes_equal_nocase(s, key_len, "BODY"))
		return bytes_equal_nocase(value, value_len, "7BIT") ||
			       bytes_equal_nocase(value, value_len, "8BITMIME")
			   ? NULL
			   : "501 5.5.4 BODY is 7BIT or 8BITMIME";
	if (out->verb == COMMAND_MAIL && bytes_equal_nocase(s, len, "SMTPUTF8")) {
		out->smtputf8 = true;
		return NULL;
	}
	return "555 5.5.4 parameter not known";
}

static void
parse_path(struct cursor *c, const char *word, struct command *out)
{
	skip_spaces(c);
	if (!take(c, word)) {
		out->fault = out->verb == COMMAND_MAIL ? "501 5.5.2 say MAIL FROM:<address>"
						       : "501 5.5.2 say RCPT TO:<address>";
		return;
	}
	skip_spaces(c);
	if (!take_path(c, out)) {
		out->fault = "501 5.1.3 the address must stand between < and >";
		return;
	}
	for (skip_spaces(c); c->at < c->end && out->fault == NULL; skip_spaces(c)) {
		const char *from = c->at;
		while (c->at < c->end && *c->at != ' ' && *c->at != '\t')
			c->at++;
		out->fault = take_parameter(from, (size_t)(c->at - from), out);
	}
}

void
command_parse(const char *line, size_t len, struct command *out)
{
	struct cursor c = { line, line + len };
	size_t verb_len = 0;

	*out = (struct command){ .size = -1, .path = "" };
	if (memchr(line, '\0', len) != NULL) {
		out->fault = "500 5.5.2 a NUL byte in a command";
		return;
	}
	while (verb_len < len && line[verb_len] != ' ' && line[verb_len] != '\t')
		verb_len++;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (bytes_equal_nocase(line, verb_len, verbs[i].name))
			out->verb = verbs[i].verb;
	c.at += verb_len;
	if (out->verb == COMMAND_MAIL)
		parse_path(&c, "FROM:", out);
	else if (out->verb == COMMAND_RCPT)
		parse_path(&c, "TO:", out);
	skip_spaces(&c);
	if (out->fault == NULL && out->verb == COMMAND_LHLO && c.at == c.end)
		out->fault = "501 5.5.4 say LHLO and your name";
	if (out->fault == NULL && c.at < c.end &&
	    (out->verb == COMMAND_DATA || out->verb == COMMAND_RSET || out->verb == COMMAND_QUIT))
		out->fault = "501 5.5.4 it has no parameters";
}
