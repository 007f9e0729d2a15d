/* SPDX-License-Identifier: BSD-2-Clause */
/* Text to typed value, and what to say when it does not fit. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "settings/settings.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 },
	{ "h", 3600000 }, { "d", 86400000 }, { NULL, 0 } };
static const struct unit sizes[] = { { "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1048576 },
	{ "GiB", INT64_C(1073741824) }, { NULL, 0 } };
static const struct unit counts[] = { { "", 1 }, { NULL, 0 } };

static const char *const type_names[] = {
	[SETTING_STRING] = "text",
	[SETTING_NAME] = "name",
	[SETTING_PATH] = "path",
	[SETTING_INTEGER] = "integer",
	[SETTING_BOOLEAN] = "boolean",
	[SETTING_DURATION] = "duration",
	[SETTING_SIZE] = "size",
	[SETTING_LISTEN] = "address",
	[SETTING_CHOICE] = "choice",
};

const char *
setting_type_name(enum setting_type type)
{
	return type_names[type];
}

/* "0" needs no unit. */
static bool
parse_quantity(const char *text, const struct unit *units, int64_t *number)
{
	char *end;
	int64_t n;

	if ((*text < '0' || *text > '9') && *text != '-')
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text)
		return false;
	while (*end == ' ')
		end++;
	for (; units->name != NULL; units++) {
		if (strcmp(end, units->name) == 0)
			return !__builtin_mul_overflow(n, units->factor, number);
	}
	*number = 0;
	return n == 0 && *end == '\0';
}

static const struct unit *
units_of(enum setting_type type)
{
	switch (type) {
	case SETTING_DURATION:
		return durations;
	case SETTING_SIZE:
		return sizes;
	default:
		return counts;
	}
}

/* In the largest unit that fits, as a person would write it. */
static void
print_quantity(struct buffer *out, enum setting_type type, int64_t n)
{
	const struct unit *units = units_of(type), *best = units;

	for (const struct unit *u = units; u->name != NULL; u++) {
		if (n != 0 && n % u->factor == 0 && u->factor >= best->factor)
			best = u;
	}
	buffer_printf(out, "%" PRId64 "%s", n / best->factor, n == 0 ? "" : best->name);
}

static void
print_choices(const char *choices, struct buffer *out)
{
	for (const char *c = choices; *c != '\0'; c++)
		buffer_add(out, *c == '|' ? ", " : c, *c == '|' ? 2 : 1);
}

void
setting_print_range(const struct setting *s, struct buffer *out)
{
	switch (s->type) {
	case SETTING_INTEGER:
	case SETTING_DURATION:
	case SETTING_SIZE:
		print_quantity(out, s->type, s->minimum);
		buffer_add_string(out, " to ");
		print_quantity(out, s->type, s->maximum);
		break;
	case SETTING_CHOICE:
		print_choices(s->choices, out);
		break;
	case SETTING_BOOLEAN:
		buffer_add_string(out, "yes, no");
		break;
	default:
		break;
	}
}

static bool
parse_number(const struct setting *s, const char *text, int64_t *number, struct buffer *why)
{
	static const char *const examples[] = {
		[SETTING_INTEGER] = "",
		[SETTING_DURATION] = " like 500ms, 30s, 10min, 2h or 1d",
		[SETTING_SIZE] = " like 4096, 64KiB, 1MiB or 1GiB",
	};

	if (parse_quantity(text, units_of(s->type), number) && *number >= s->minimum &&
	    *number <= s->maximum)
		return true;
	buffer_printf(why, "expected %s %s%s from ", s->type == SETTING_INTEGER ? "an" : "a",
	    type_names[s->type], examples[s->type]);
	setting_print_range(s, why);
	return false;
}

static bool
parse_boolean(const char *text, int64_t *number, struct buffer *why)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*number = (int64_t)(i % 2);
			return true;
		}
	}
	buffer_add_string(why, "expected true or false, yes or no, on or off");
	return false;
}

static bool
parse_choice(const char *choices, const char *text, int64_t *number, struct buffer *why)
{
	const size_t len = strlen(text);
	int64_t place = 0;

	for (const char *c = choices; c != NULL; place++) {
		const char *bar = strchr(c, '|');
		size_t n = bar != NULL ? (size_t)(bar - c) : strlen(c);

		if (n == len && memcmp(c, text, n) == 0) {
			*number = place;
			return true;
		}
		c = bar != NULL ? bar + 1 : NULL;
	}
	buffer_add_string(why, "expected one of ");
	print_choices(choices, why);
	return false;
}

static bool
parse_name(const char *text, struct buffer *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	if (*text != '\0' && strchr(letters, *text) != NULL &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0')
		return true;
	buffer_add_string(
	    why, "expected a letter, then letters, digits, \"_\" or \"-\", in lower case");
	return false;
}

static bool
is_port(const char *text)
{
	int64_t port;

	return text[strspn(text, "0123456789")] == '\0' && strlen(text) < 6 &&
	       parse_quantity(text, counts, &port) && port >= 1 && port <= 65535;
}

static bool
parse_listen(const char *text, struct buffer *why)
{
	const char *colon = strrchr(text, ':');
	const char *host = *text == '[' ? text + 1 : text;
	size_t len = colon != NULL ? (size_t)(colon - host) : 0;
	bool v6 = *text == '[' && len > 0 && host[len - 1] == ']';
	char name[INET6_ADDRSTRLEN] = "", address[sizeof(struct in6_addr)];

	if (*text == '\0' || is_port(text))
		return true;
	len -= v6;
	if (colon != NULL && len > 0 && len < sizeof(name) && is_port(colon + 1)) {
		memcpy(name, host, len);
		if (inet_pton(v6 ? AF_INET6 : AF_INET, name, address) == 1)
			return true;
	}
	buffer_add_string(why,
	    "expected an address and a port like 127.0.0.1:9464 or [::1]:9464, or a port of the "
	    "loopback");
	return false;
}

bool
setting_parse(const struct setting *s, const char *text, int64_t *number, struct buffer *why)
{
	*number = 0;
	switch (s->type) {
	case SETTING_STRING:
		return true;
	case SETTING_NAME:
		return parse_name(text, why);
	case SETTING_PATH:
		if (*text == '/' || (*text == '\0' && s->fallback != NULL && *s->fallback == '\0'))
			return true;
		buffer_add_string(why, "expected an absolute path");
		return false;
	case SETTING_INTEGER:
	case SETTING_DURATION:
	case SETTING_SIZE:
		return parse_number(s, text, number, why);
	case SETTING_BOOLEAN:
		return parse_boolean(text, number, why);
	case SETTING_LISTEN:
		return parse_listen(text, why);
	case SETTING_CHOICE:
		return parse_choice(s->choices, text, number, why);
	}
	abort();
}
