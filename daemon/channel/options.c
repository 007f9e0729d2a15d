/* SPDX-License-Identifier: BSD-2-Clause */
/* Options, typed. The parsing of values is that of the settings. */
#include "channel/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/config.h"
#include "settings/settings.h"

const struct channel_option options_of_channels[] = {
	{ "queue", CHANNEL_INTEGER, "20000", 10, 1000000, NULL,
	    "How many reports may wait for the database before peers are told to come later." },
	{ "queue_bytes", CHANNEL_INTEGER, "67108864", 4 << 20, INT64_C(4) << 30, NULL,
	    "How many bytes of reports may wait for the database before peers are told to come "
	    "later." },
	{ "batch", CHANNEL_INTEGER, "4000", 1, 10000, NULL,
	    "How many reports are stored in one transaction at most." },
	{ "connections", CHANNEL_INTEGER, "2", 1, 4, NULL,
	    "How many database connections store reports." },
	{ "outbox", CHANNEL_INTEGER, "200", 1, 10000, NULL,
	    "How many messages the channel has in hand at most." },
	{ "when_database_away", CHANNEL_CHOICE, "later", 0, 0, "later",
	    "What becomes of a report while the database is away: the peer is told to come "
	    "later." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

const struct channel_option options_of_links[] = {
	{ "rate", CHANNEL_INTEGER, "0", 0, 100000, NULL,
	    "How many messages a second are sent over this link at most; 0: as many as the peer "
	    "takes." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

const struct channel_option options_of_menus[] = {
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

static const enum setting_type types[] = {
	[CHANNEL_STRING] = SETTING_STRING,
	[CHANNEL_SECRET] = SETTING_STRING,
	[CHANNEL_PATH] = SETTING_PATH,
	[CHANNEL_INTEGER] = SETTING_INTEGER,
	[CHANNEL_BOOLEAN] = SETTING_BOOLEAN,
	[CHANNEL_DURATION] = SETTING_DURATION,
	[CHANNEL_CHOICE] = SETTING_CHOICE,
};

static bool
parse(const struct channel_option *o, const char *text, int64_t *number, struct buffer *why)
{
	struct setting s = { .section = "channel",
		.name = o->name,
		.type = types[o->type],
		.fallback = o->fallback,
		.minimum = o->minimum,
		.maximum = o->maximum,
		.choices = o->choices,
		.help = o->help };

	/* An optional path may be left empty. */
	if (o->type == CHANNEL_PATH && text[0] == '\0' && o->fallback != NULL) {
		*number = 0;
		return true;
	}
	return setting_parse(&s, text, number, why);
}

static const struct channel_setting *
given(const struct channel_section *section, const char *name)
{
	const struct channel_setting *found = NULL;

	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->list[i].key, name) == 0)
			found = &section->list[i];
	return found;
}

int
options_line(const struct channel_section *section, const char *name)
{
	const struct channel_setting *s = given(section, name);

	return s != NULL ? s->line : section->line;
}

static bool
read_one(const struct channel_section *section, const struct channel_option *o, const char *file,
    const char *where, struct option_values *out, struct buffer *errors)
{
	const struct channel_setting *s = given(section, o->name);
	const char *text = s != NULL ? s->value : o->fallback;
	struct buffer why = { 0 };
	struct option_value *v;
	bool ok = true;

	out->list = xreallocarray(out->list, out->count + 1, sizeof(*out->list));
	v = &out->list[out->count++];
	*v = (struct option_value){ .option = o, .text = xstrdup(text != NULL ? text : "") };
	if (text == NULL) {
		buffer_printf(errors, "%s:%d: %s: option \"%s\" is missing: %s\n", file,
		    section->line, where, o->name, o->help);
		return false;
	}
	ok = parse(o, text, &v->number, &why);
	if (!ok)
		buffer_printf(errors, "%s:%d: %s: %s: %s\n", file,
		    s != NULL ? s->line : section->line, where, o->name,
		    why.data != NULL ? why.data : "wrong value");
	buffer_clear(&why);
	return ok;
}

static size_t
distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= 63)
		return 64;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static bool
is_declared(const struct option_values *values, const char *key, const char **nearest)
{
	size_t best = 4;

	*nearest = NULL;
	for (size_t i = 0; i < values->count; i++) {
		size_t d = distance(key, values->list[i].option->name);
		if (d == 0)
			return true;
		if (d < best) {
			best = d;
			*nearest = values->list[i].option->name;
		}
	}
	return false;
}

static bool
refuse_unknown(const struct channel_section *section, const char *file, const char *where,
    const struct option_values *values, struct buffer *errors)
{
	const char *nearest;
	bool ok = true;

	for (size_t i = 0; i < section->count; i++) {
		const struct channel_setting *s = &section->list[i];
		if (is_declared(values, s->key, &nearest))
			continue;
		ok = false;
		buffer_printf(
		    errors, "%s:%d: %s: there is no option \"%s\"", file, s->line, where, s->key);
		if (nearest != NULL)
			buffer_printf(errors, "; did you mean \"%s\"?", nearest);
		buffer_add_string(errors, "\n");
	}
	return ok;
}

bool
options_read(const struct channel_section *section, const struct channel_option *own,
    const struct channel_option *plugin, const char *file, const char *where,
    struct option_values *out, struct buffer *errors)
{
	bool ok = true;

	*out = (struct option_values){ 0 };
	for (const struct channel_option *o = own; o->name != NULL; o++)
		ok &= read_one(section, o, file, where, out, errors);
	for (const struct channel_option *o = plugin; o != NULL && o->name != NULL; o++)
		ok &= read_one(section, o, file, where, out, errors);
	return refuse_unknown(section, file, where, out, errors) && ok;
}

void
options_clear(struct option_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->list[i].text);
	free(values->list);
	*values = (struct option_values){ 0 };
}

const struct option_value *
options_find(const struct option_values *values, const char *name)
{
	for (size_t i = 0; i < values->count; i++)
		if (strcmp(values->list[i].option->name, name) == 0)
			return &values->list[i];
	log_error("channel: the option \"%s\" was not declared", name);
	abort();
}

static bool
name_ok(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return name[len] == '\0' && len >= 1 && len <= 40 && name[0] >= 'a' && name[0] <= 'z';
}

static bool
has(const struct channel_option *from, const struct channel_option *to, const char *name)
{
	for (; from != to && from->name != NULL; from++)
		if (strcmp(from->name, name) == 0)
			return true;
	return false;
}

bool
options_table_ok(const struct channel_option *table, const struct channel_option *own,
    struct channel_error *error)
{
	struct buffer why = { 0 };
	int64_t number;
	bool ok = true;

	for (const struct channel_option *o = table; ok && o != NULL && o->name != NULL; o++) {
		if (!name_ok(o->name))
			ok = channel_fail(error,
			    "its option \"%.40s\" is not of a-z, 0-9 and _, or too long", o->name);
		else if (has(own, NULL, o->name))
			ok = channel_fail(error,
			    "its option \"%s\" belongs to the runtime; give it another name",
			    o->name);
		else if (has(table, o, o->name))
			ok = channel_fail(error, "its option \"%s\" is declared twice", o->name);
		else if (o->type > CHANNEL_CHOICE || o->help == NULL || o->help[0] == '\0')
			ok = channel_fail(
			    error, "its option \"%s\" has no type or no help", o->name);
		else if (o->type == CHANNEL_CHOICE && o->choices == NULL)
			ok = channel_fail(error, "its option \"%s\" names no choices", o->name);
		else if (o->fallback != NULL && !parse(o, o->fallback, &number, &why))
			ok = channel_fail(error, "the default of its option \"%s\" is wrong: %s",
			    o->name, why.data);
	}
	buffer_clear(&why);
	return ok;
}
