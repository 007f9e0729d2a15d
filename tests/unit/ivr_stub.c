/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of channel.h in memory. What is never called by these tests aborts. */
#include "tests/unit/ivr_stub.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/ivr/menu.h"
#include "plugins/ivr/settings.h"

static const char *
value_of(const struct channel *c, const struct channel_link *l, const char *name,
    const struct channel_option **declared)
{
	const struct stub_option *o = l != NULL ? l->options : c->options;

	for (*declared = l != NULL ? menu_options : settings_options;
	     strcmp((*declared)->name, name) != 0;)
		if ((++*declared)->name == NULL)
			abort();
	for (; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o->value;
	return (*declared)->fallback != NULL ? (*declared)->fallback : "";
}

const char *
channel_get_string(const struct channel *c, const struct channel_link *l, const char *name)
{
	const struct channel_option *o;

	return value_of(c, l, name, &o);
}

int64_t
channel_get_integer(const struct channel *c, const struct channel_link *l, const char *name)
{
	const struct channel_option *o;
	const char *text = value_of(c, l, name, &o), *at = o->choices;
	int64_t place = 0;

	if (o->type != CHANNEL_CHOICE)
		return strtoll(text, NULL, 10);
	for (; strncmp(at, text, strlen(text)) != 0 || strcspn(at, "|") != strlen(text); place++) {
		at = strchr(at, '|');
		if (at++ == NULL)
			abort();
	}
	return place;
}

bool
channel_get_boolean(const struct channel *c, const struct channel_link *l, const char *name)
{
	const struct channel_option *o;

	return strcmp(value_of(c, l, name, &o), "yes") == 0;
}

size_t
channel_menu_count(const struct channel *c)
{
	return c->menu_count;
}

struct channel_link *
channel_menu_at(const struct channel *c, size_t index)
{
	return index < c->menu_count ? (struct channel_link *)(uintptr_t)&c->menus[index] : NULL;
}

const char *
channel_link_name(const struct channel_link *l)
{
	return l->name;
}

bool
channel_fail(struct channel_error *error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
channel_fail_at(const struct channel *c, const struct channel_link *l, const char *option,
    struct channel_error *error, const char *fmt, ...)
{
	struct channel *mine = (struct channel *)(uintptr_t)c;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	mine->fault_in = l;
	snprintf(mine->fault_option, sizeof(mine->fault_option), "%s", option);
	error->line = 1;
	return false;
}
