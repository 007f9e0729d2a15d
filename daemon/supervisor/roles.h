/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which jobs a binary has. The table stands in hailand.c; the supervisor starts what the settings
 * want of it, and a process of a role looks its function up in it.
 */
#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct role;
struct settings;

struct role_kind {
	const char *name; /* also the section of the settings */
	int (*run)(struct role *role);
	/* Checks more than the table of settings can, for one instance; one line "FILE:LINE: …\n"
	 * for each fault. May load plugins: runs in a process of its own. NULL: nothing to check.
	 */
	bool (*check)(const struct settings *settings, const char *instance, struct buffer *errors);
	bool titled; /* an instance for each section with a title, else as many as count says */
	const char *option; /* NULL, or instead of count: one when this option is not empty */
	bool reads_metrics; /* it may read what all processes count */
};

/* Runs for each instance that the settings want. */
typedef void roles_fn(void *arg, const struct role_kind *kind, const char *instance);

/* kinds ends with a name of NULL. */
void
roles_each(const struct role_kind *kinds, const struct settings *settings, roles_fn *fn, void *arg);
/* The kind of "clerk:2" and its instance "2" (lent); NULL when there is no such kind, or the
 * settings have no such instance. */
const struct role_kind *roles_find(const struct role_kind *kinds, const struct settings *settings,
    const char *role, const char **instance);
/* All checks, of the kinds and what they load. begin may be NULL; it is told before each. */
bool roles_check(const struct role_kind *kinds, const struct settings *settings, roles_fn *begin,
    void *arg, struct buffer *errors);
