/* SPDX-License-Identifier: BSD-2-Clause */
#include "bounce.h"

#include "address.h"
#include "../common/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 2000 };

/* A line with those folded behind it; the length of it all. *field_len is without the line's end.
 */
static size_t
next_field(const char *s, size_t len, size_t *field_len)
{
	size_t at = 0;

	do {
		const char *lf = memchr(s + at, '\n', len - at);
		*field_len = lf != NULL ? (size_t)(lf - s) : len;
		at = lf != NULL ? *field_len + 1 : len;
	} while (at<len && * field_len> 0 && s[0] != '\r' && (s[at] == ' ' || s[at] == '\t'));
	while (*field_len > 0 && (s[*field_len - 1] == '\r' || s[*field_len - 1] == ' '))
		--*field_len;
	return at;
}

/* The value when the field is called so, else NULL. */
static const char *
value_of(const char *field, size_t len, const char *name, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || field[n] != ':' || !bytes_equal_nocase(field, n, name))
		return NULL;
	for (n++; n < len && (field[n] == ' ' || field[n] == '\t'); n++)
		;
	*value_len = len - n;
	return field + n;
}

/* As printable ASCII on one line, each run of blanks one. */
static void
keep_words(const char *s, size_t len, char *out, size_t room)
{
	size_t to = 0;

	for (size_t i = 0; i < len && to + 1 < room; i++) {
		char c = s[i] == '\t' || s[i] == '\r' || s[i] == '\n' ? ' ' : s[i];
		if (c == ' ' && (to == 0 || out[to - 1] == ' '))
			continue;
		out[to++] = (char)((unsigned char)c < 0x20 || (unsigned char)c >= 0x7f ? '?' : c);
	}
	out[to] = '\0';
}

/* "5.1.1" at s; its length, or 0. */
static size_t
status_length(const char *s, size_t len)
{
	size_t n = 0;

	if (len < 5 || strchr("245", s[0]) == NULL || s[0] == '\0')
		return 0;
	for (int dots = 0; dots < 2; dots++) {
		size_t digits = 0;
		n += dots == 0;
		if (n >= len || s[n] != '.')
			return 0;
		for (n++; n < len && digits < 3 && s[n] >= '0' && s[n] <= '9'; n++)
			digits++;
		if (digits == 0)
			return 0;
	}
	return n < len && ((s[n] >= '0' && s[n] <= '9') || s[n] == '.') ? 0 : n;
}

static enum bounce_action
action_of(const char *s, size_t len)
{
	static const struct {
		const char *word;
		enum bounce_action action;
	} actions[] = { { "failed", BOUNCE_FAILED }, { "delayed", BOUNCE_DELAYED },
		{ "delivered", BOUNCE_FINE }, { "relayed", BOUNCE_FINE },
		{ "expanded", BOUNCE_FINE } };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		size_t n = strlen(actions[i].word);
		if (len >= n && bytes_equal_nocase(s, n, actions[i].word))
			return actions[i].action;
	}
	return BOUNCE_NONE;
}

static void
take_field(const char *field, size_t len, struct bounce *group)
{
	const char *value;
	size_t n;

	if ((value = value_of(field, len, "Action", &n)) != NULL)
		group->action = action_of(value, n);
	else if ((value = value_of(field, len, "Status", &n)) != NULL)
		keep_words(value, status_length(value, n), group->status, sizeof(group->status));
	else if ((value = value_of(field, len, "Diagnostic-Code", &n)) != NULL)
		keep_words(value, n, group->detail, sizeof(group->detail));
}

static void
end_group(struct bounce *group, struct bounce *out)
{
	if (group->action != BOUNCE_NONE && out->action != BOUNCE_FAILED &&
	    (out->action == BOUNCE_NONE || group->action == BOUNCE_FAILED))
		*out = *group;
	*group = (struct bounce){ 0 };
}

void
bounce_read(const char *text, size_t len, struct bounce *out)
{
	struct bounce group = { 0 };

	*out = group;
	for (size_t at = 0, n, field; at < len; at += n) {
		n = next_field(text + at, len - at, &field);
		if (field == 0)
			end_group(&group, out);
		else
			take_field(text + at, field, &group);
	}
	end_group(&group, out);
	if (out->action == BOUNCE_FAILED && out->status[0] == '\0')
		strcpy(out->status, "5.0.0");
}

/* A line that speaks of a code: "550 5.1.1 no such user", "#5.1.1", "554 rejected". */
static bool
take_line(const char *s, size_t len, struct bounce *out)
{
	for (size_t i = 0; i < len; i++) {
		bool begins = i == 0 || (s[i - 1] != '.' && (s[i - 1] < '0' || s[i - 1] > '9'));
		size_t n = begins ? status_length(s + i, len - i) : 0;
		if (n > 0 && s[i] == '5') {
			keep_words(s + i, n, out->status, sizeof(out->status));
			return true;
		}
	}
	for (size_t i = 0; i + 3 < len; i++)
		if (s[i] == '5' && (i == 0 || s[i - 1] == ' ') && s[i + 1] >= '0' &&
		    s[i + 1] <= '7' && s[i + 2] >= '0' && s[i + 2] <= '9' &&
		    (s[i + 3] == ' ' || s[i + 3] == '-'))
			return true;
	return false;
}

void
bounce_read_words(const char *text, size_t len, bool sure, struct bounce *out)
{
	*out = (struct bounce){ .action = sure ? BOUNCE_FAILED : BOUNCE_NONE, .status = "5.0.0" };
	for (size_t at = 0; at < len;) {
		const char *lf = memchr(text + at, '\n', len - at);
		size_t n = lf != NULL ? (size_t)(lf - text) - at : len - at;
		if (n < LINE_MAX_BYTES && take_line(text + at, n, out)) {
			keep_words(text + at, n, out->detail, sizeof(out->detail));
			out->action = BOUNCE_FAILED;
			return;
		}
		at += n + 1;
	}
}

/* <text.ID.TOKEN@domain> and <case.NUMBER.TOKEN.ID.TOKEN@domain> end alike. */
static int64_t
id_before(const char *begin, const char *end, const char *secret)
{
	const char *token = end - ADDRESS_TOKEN, *digits;
	int64_t id;
	char *after;

	if (end - begin < ADDRESS_TOKEN + 2 || token[-1] != '.')
		return 0;
	for (digits = token - 1; digits > begin && digits[-1] >= '0' && digits[-1] <= '9'; digits--)
		;
	if (digits == begin || digits[-1] != '.' || token - 1 - digits < 1 ||
	    token - 1 - digits > 19)
		return 0;
	id = strtoll(digits, &after, 10);
	return id > 0 && address_token_right(secret, -id, token, ADDRESS_TOKEN) ? id : 0;
}

int64_t
bounce_message(const char *text, size_t len, const char *secret)
{
	const char *end = text + len;

	for (const char *at = text; (at = memchr(at, '<', (size_t)(end - at))) != NULL; at++) {
		size_t left = (size_t)(end - at - 1), longest = left < 120 ? left : 120;
		const char *domain = memchr(at + 1, '@', longest);
		int64_t id = 0;
		if (domain != NULL && left > 5 &&
		    (memcmp(at + 1, "case.", 5) == 0 || memcmp(at + 1, "text.", 5) == 0))
			id = id_before(at + 1, domain, secret);
		if (id > 0)
			return id;
	}
	return 0;
}
