/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The settings of hailand: read from a file, checked as a whole, then never changed. A reload makes
 * another struct settings; who holds the old one keeps it.
 *
 * Each option of ours stands in one const table with type, default, range and help; the manual page
 * and etc/hailand.conf are tested against it. Options of a channel's plugin are the plugin's own:
 * here they are kept as text with the place where they stand, in struct channel_config, and the
 * channel runtime checks them against the table of the plugin.
 *
 * The library that reads the file is known to reader.c only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct channel_config;
struct settings;

enum setting_type {
	SETTING_STRING,   /* any text */
	SETTING_NAME,     /* lower-case letters, digits, "_" and "-"; begins with a letter */
	SETTING_PATH,     /* absolute */
	SETTING_INTEGER,  /* minimum ≤ value ≤ maximum */
	SETTING_BOOLEAN,  /* true, false, yes, no, on, off */
	SETTING_DURATION, /* "500ms", "30s", "10min", "2h", "1d"; in milliseconds, as is the range
			   */
	SETTING_SIZE,     /* "4096", "64KiB", "1MiB", "1GiB"; in bytes, as is the range */
	SETTING_LISTEN,   /* "127.0.0.1:9464", "[::1]:9464", "9464" (of the loopback), or empty */
	SETTING_CHOICE,   /* one of choices, "a|b|c"; as an integer its place from 0 */
};

struct setting {
	const char *section; /* "" for the top level; else "database", "clerk", "channel", … */
	const char *name;
	enum setting_type type;
	const char *fallback; /* default as it would stand in the file; NULL: must be given */
	int64_t minimum, maximum;
	const char *choices;
	const char *help; /* one sentence */
};

/* Every option of ours; ends with a name of NULL. */
extern const struct setting setting_table[];

/* "integer", "duration", … */
const char *setting_type_name(enum setting_type type);

/* Reads text as a value of the setting's type: numbers, durations, sizes, booleans and places of
 * choices into *number. False with the reason in words ("expected a duration …") in *why. */
bool setting_parse(const struct setting *s, const char *text, int64_t *number, struct buffer *why);

/* The range or the choices as a person would write them, "100ms to 10min"; nothing for text. */
void setting_print_range(const struct setting *s, struct buffer *out);

/* Reads and checks the file. On success *out is the caller's (settings_free). Otherwise false, *out
 * is NULL, and errors holds one line for each fault, "FILE:LINE: what was found; what was
 * expected", ended by line feeds. */
bool settings_read(const char *path, struct settings **out, struct buffer *errors);
/* Accepts NULL, sets NULL. */
void settings_free(struct settings **s);

/* The value of a declared option, or its default. A name that is not in the table is a bug and
 * aborts. Strings live as long as the settings and are "" when empty. */
const char *settings_string(const struct settings *s, const char *section, const char *name);
int64_t settings_integer(const struct settings *s, const char *section, const char *name);
bool settings_boolean(const struct settings *s, const char *section, const char *name);

/* The channels in the order of the file (channel/config.h). */
size_t settings_channel_count(const struct settings *s);
const struct channel_config *settings_channel_at(const struct settings *s, size_t index);
const struct channel_config *settings_channel(const struct settings *s, const char *name);

/* The system user that a role shall run as: the section's own ("clerk", or that channel's when
 * channel is not NULL), else the top level's; "" when there is none. */
const char *settings_user(const struct settings *s, const char *section, const char *channel);

/* The PostgreSQL role to log in as, in the same way; NULL: as the connection string says. */
const char *
settings_database_user(const struct settings *s, const char *section, const char *channel);

/* The whole as bytes, for a child of the same binary, and back; places in files are kept. False
 * when the bytes are damaged. Unpacked settings were checked before they were packed. */
void settings_pack(const struct settings *s, struct buffer *out);
bool settings_unpack(const void *bytes, size_t len, struct settings **out);
/* Whether one section means the same in both, wherever it stands. "" for the top level; channel as
 * above. */
bool settings_same(
    const struct settings *a, const struct settings *b, const char *section, const char *channel);
