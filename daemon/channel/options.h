/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Options of a channel and of its links: declared by the runtime and by the plugin, given in the
 * settings as text, typed here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"

struct buffer;
struct channel_section;

struct option_value {
	const struct channel_option *option;
	char *text;
	int64_t number; /* integers, booleans, milliseconds, places of choices */
};
struct option_values {
	struct option_value *list;
	size_t count;
};

/* What every channel and every link has beside its plugin's options; each ends with NULL. */
extern const struct channel_option options_of_channels[];
extern const struct channel_option options_of_links[];
extern const struct channel_option options_of_menus[];

/* Types what stands in section against the two tables (plugin may be NULL). False when something is
 * wrong, with one line "FILE:LINE: …\n" for each fault; *out is filled all the same and is the
 * caller's (options_clear). where names the section: "channel sms" or "channel sms, link a". */
bool options_read(const struct channel_section *section, const struct channel_option *own,
    const struct channel_option *plugin, const char *file, const char *where,
    struct option_values *out, struct buffer *errors);
void options_clear(struct option_values *values);

/* Where an option stands, or its section when it was not given. */
int options_line(const struct channel_section *section, const char *name);

/* A name that was not declared is a bug and aborts. */
const struct option_value *options_find(const struct option_values *values, const char *name);

/* True when the table of a plugin is well formed and takes no name of own; else why not. */
bool options_table_ok(const struct channel_option *table, const struct channel_option *own,
    struct channel_error *error);
