/* SPDX-License-Identifier: BSD-2-Clause */
/* From settings to the list of roles. */
#include "supervisor/roles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "channel/config.h"
#include "settings/settings.h"

static int64_t
count_of(const struct role_kind *k, const struct settings *settings)
{
	if (k->titled)
		return (int64_t)settings_channel_count(settings);
	if (k->option != NULL)
		return *settings_string(settings, k->name, k->option) != '\0';
	return settings_integer(settings, k->name, "count");
}

void
roles_each(const struct role_kind *kinds, const struct settings *settings, roles_fn *fn, void *arg)
{
	for (const struct role_kind *k = kinds; k->name != NULL; k++) {
		int64_t count = count_of(k, settings);

		for (int64_t i = 0; i < count; i++) {
			char number[24];

			snprintf(number, sizeof(number), "%" PRId64, i + 1);
			fn(arg, k,
			    k->titled ? settings_channel_at(settings, (size_t)i)->name : number);
		}
	}
}

static bool
is_number(const char *s)
{
	return *s >= '1' && *s <= '9' && strspn(s, "0123456789") == strlen(s) && strlen(s) < 4;
}

const struct role_kind *
roles_find(const struct role_kind *kinds, const struct settings *settings, const char *role,
    const char **instance)
{
	const char *colon = strchr(role, ':');
	const size_t len = colon != NULL ? (size_t)(colon - role) : strlen(role);

	*instance = colon != NULL ? colon + 1 : "1";
	for (const struct role_kind *k = kinds; k->name != NULL; k++) {
		if (strlen(k->name) != len || strncmp(k->name, role, len) != 0)
			continue;
		if (k->titled ? settings_channel(settings, *instance) != NULL
			      : is_number(*instance))
			return k;
	}
	return NULL;
}

struct checking {
	const struct settings *settings;
	roles_fn *begin;
	void *arg;
	struct buffer *errors;
};

static void
check_one(void *arg, const struct role_kind *kind, const char *instance)
{
	struct checking *c = arg;

	if (kind->check == NULL)
		return;
	if (c->begin != NULL)
		c->begin(c->arg, kind, instance);
	(void)kind->check(c->settings, instance, c->errors);
}

bool
roles_check(const struct role_kind *kinds, const struct settings *settings, roles_fn *begin,
    void *arg, struct buffer *errors)
{
	struct checking checking = {
		.settings = settings, .begin = begin, .arg = arg, .errors = errors
	};
	const size_t before = errors->len;

	roles_each(kinds, settings, check_one, &checking);
	return errors->len == before;
}
