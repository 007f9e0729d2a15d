/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"
#include "menu.h"

/*
 * The options of the plugin and their values. hailan-ivr(7) describes the same; a test compares the
 * two. Strings belong to the runtime and live as long as the channel, but for those marked.
 */
enum { SETTINGS_LANGUAGES = 8, SETTINGS_LANGUAGE = 12 };

struct settings {
	const char *listen, *peers;
	char languages[SETTINGS_LANGUAGES][SETTINGS_LANGUAGE];
	int language_count;
	const char *prompts, *prompts_pbx; /* the folder as we and as the PBX see it */
	const char *recordings, *recordings_pbx;
	char *spool; /* owned */
	int64_t spool_limit;
	size_t calls;
	int64_t call_ms, first_key_ms, next_key_ms, record_ms, speech_ms, look_ms, number_ms,
	    sweep_ms;
	unsigned silence_limit, wrong_limit;
	int64_t record_silence_s;
	int speech_level;
	bool barge_in;
	const char *elder_menu, *country, *area;
	struct menus menus; /* owned */
};

extern const struct channel_option settings_options[];

/* False, with nothing in out to clear, when the values do not fit each other. */
bool settings_read(const struct channel *c, struct settings *out, struct channel_error *error);
void settings_clear(struct settings *s);
bool settings_check(struct channel *c, struct channel_error *error);

/* A number as PBXs write it becomes E.164, "+8613812345678"; what is none is left as it is; nothing
 * becomes "anonymous". out has room for 64 bytes. */
void settings_phone(const struct settings *s, const char *number, char *out);

/* Whether the sound of a prompt is there, in a language. */
bool
settings_has_prompt(const struct settings *s, const char *language, const char *name, size_t len);
