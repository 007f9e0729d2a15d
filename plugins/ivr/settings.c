/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the ivr plugin and their values. */
#include "settings.h"

#include "../common/bytes.h"
#include "listen.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND 1000
#define MINUTE 60000

const struct channel_option settings_options[] = {
	{ "listen", CHANNEL_STRING, "inet:127.0.0.1:4573", 0, 0, NULL,
	    "Where PBXs connect: inet:ADDRESS:PORT." },
	{ "peers", CHANNEL_STRING, "127.0.0.1,::1", 0, 0, NULL,
	    "The addresses of the PBXs, parted by commas; nobody else is listened to." },
	{ "languages", CHANNEL_STRING, "zh,ko", 0, 0, NULL,
	    "The languages spoken, the first for who chooses none; each is a folder of prompts." },
	{ "prompts", CHANNEL_PATH, PROMPTDIR, 0, 0, NULL,
	    "The folder of the prompts: LANGUAGE/NAME.wav." },
	{ "prompts_pbx", CHANNEL_PATH, "", 0, 0, NULL,
	    "That folder as the PBX sees it; empty: the same." },
	{ "recordings", CHANNEL_PATH, NULL, 0, 0, NULL,
	    "The folder into which the PBX records, and where its own recordings are swept up." },
	{ "recordings_pbx", CHANNEL_PATH, "", 0, 0, NULL,
	    "That folder as the PBX sees it; empty: the same." },
	{ "spool", CHANNEL_PATH, "", 0, 0, NULL,
	    "The file in which reports wait for the database; empty: spool.sqlite in recordings." },
	{ "spool_limit", CHANNEL_INTEGER, "10000", 10, 1000000, NULL,
	    "How many reports may wait there." },
	{ "calls", CHANNEL_INTEGER, "100", 1, 2000, NULL,
	    "Calls at once; those above are given back to the dialplan as busy." },
	{ "call_max", CHANNEL_DURATION, "15min", 1 * SECOND, 120 * MINUTE, NULL,
	    "How long a call may last." },
	{ "first_key", CHANNEL_DURATION, "10s", 500, 60 * SECOND, NULL,
	    "How long we wait for a key after a prompt's end." },
	{ "next_key", CHANNEL_DURATION, "5s", 500, 60 * SECOND, NULL,
	    "How long we wait between the keys of a number." },
	{ "silence_limit", CHANNEL_INTEGER, "3", 1, 20, NULL,
	    "How often nothing may be pressed before the menu lost takes over." },
	{ "wrong_limit", CHANNEL_INTEGER, "3", 1, 20, NULL,
	    "How often a wrong key may be pressed before the menu lost takes over." },
	{ "barge_in", CHANNEL_BOOLEAN, "yes", 0, 0, NULL, "Whether a key cuts a prompt short." },
	{ "record_max", CHANNEL_DURATION, "3min", 2 * SECOND, 20 * MINUTE, NULL,
	    "How long a recording may be." },
	{ "record_silence", CHANNEL_DURATION, "5s", 0, 60 * SECOND, NULL,
	    "A recording ends after so much silence; 0: never." },
	{ "speech_min", CHANNEL_DURATION, "2s", 0, 60 * SECOND, NULL,
	    "A recording with less speech is none: who made it is called back." },
	{ "speech_level", CHANNEL_INTEGER, "300", 1, 32767, NULL,
	    "How loud speech is, as root of the mean square of 20 ms." },
	{ "look_wait", CHANNEL_DURATION, "1s", 10, 30 * SECOND, NULL,
	    "How long a caller waits for the database when something is looked up." },
	{ "number_wait", CHANNEL_DURATION, "4s", 0, 30 * SECOND, NULL,
	    "How long a caller waits for the number of what he has reported." },
	{ "sweep_age", CHANNEL_DURATION, "30s", 100, 60 * MINUTE, NULL,
	    "A recording of the PBX's own that did not grow for so long is swept up." },
	{ "elder_menu", CHANNEL_STRING, "person", 0, 0, NULL,
	    "The menu that calls of known elders begin with; empty: as all others." },
	{ "country", CHANNEL_STRING, "86", 0, 0, NULL, "The country's code, without +." },
	{ "area", CHANNEL_STRING, "433", 0, 0, NULL,
	    "The area's code, without 0, of numbers that come without one." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

static bool
digits_only(const char *s, size_t most)
{
	return strlen(s) <= most && strspn(s, "0123456789") == strlen(s);
}

static const char *
or_same(const struct channel *c, const char *name, const char *same)
{
	const char *value = channel_get_string(c, NULL, name);

	return value[0] != '\0' ? value : same;
}

static void
read_values(const struct channel *c, struct settings *out)
{
#define NUMBER(name) channel_get_integer(c, NULL, name)
	*out = (struct settings){
		.listen = channel_get_string(c, NULL, "listen"),
		.peers = channel_get_string(c, NULL, "peers"),
		.prompts = channel_get_string(c, NULL, "prompts"),
		.recordings = channel_get_string(c, NULL, "recordings"),
		.spool_limit = NUMBER("spool_limit"),
		.calls = (size_t)NUMBER("calls"),
		.call_ms = NUMBER("call_max"),
		.first_key_ms = NUMBER("first_key"),
		.next_key_ms = NUMBER("next_key"),
		.silence_limit = (unsigned)NUMBER("silence_limit"),
		.wrong_limit = (unsigned)NUMBER("wrong_limit"),
		.barge_in = channel_get_boolean(c, NULL, "barge_in"),
		.record_ms = NUMBER("record_max"),
		.record_silence_s = (NUMBER("record_silence") + 999) / 1000,
		.speech_ms = NUMBER("speech_min"),
		.speech_level = (int)NUMBER("speech_level"),
		.look_ms = NUMBER("look_wait"),
		.number_ms = NUMBER("number_wait"),
		.sweep_ms = NUMBER("sweep_age"),
		.elder_menu = channel_get_string(c, NULL, "elder_menu"),
		.country = channel_get_string(c, NULL, "country"),
		.area = channel_get_string(c, NULL, "area"),
	};
#undef NUMBER
	out->prompts_pbx = or_same(c, "prompts_pbx", out->prompts);
	out->recordings_pbx = or_same(c, "recordings_pbx", out->recordings);
}

static bool
read_languages(const struct channel *c, struct settings *out, struct channel_error *error)
{
	const char *at = channel_get_string(c, NULL, "languages");

	at += strspn(at, ", ");
	for (; *at != '\0'; at += strspn(at, ", ")) {
		size_t len = strcspn(at, ", ");
		if (out->language_count == SETTINGS_LANGUAGES || len >= SETTINGS_LANGUAGE ||
		    strspn(at, "abcdefghijklmnopqrstuvwxyz_") < len)
			return channel_fail_at(c, NULL, "languages", error,
			    "languages: \"%.*s\" is too much or no language; expected at most %d "
			    "as zh,ko",
			    (int)(len < 40 ? len : 40), at, SETTINGS_LANGUAGES);
		memcpy(out->languages[out->language_count++], at, len);
		at += len;
	}
	if (out->language_count == 0)
		return channel_fail_at(c, NULL, "languages", error,
		    "languages is empty; expected at least one, as zh");
	return true;
}

/* ---- what must be on the disk --------------------------------------------------------------- */

bool
settings_has_prompt(const struct settings *s, const char *language, const char *name, size_t len)
{
	struct bytes path = { 0 };
	bool there;

	bytes_printf(&path, "%s/%s/%.*s.wav", s->prompts, language, (int)len, name);
	there = access(path.data, R_OK) == 0;
	bytes_clear(&path);
	return there;
}

struct prompt_check {
	const struct channel *channel;
	const struct settings *settings;
	struct channel_error *error;
};

static bool
check_prompt(void *arg, const struct menu *m, const char *name, size_t len)
{
	const struct prompt_check *k = arg;
	const struct settings *s = k->settings;
	const struct channel_link *at = m != NULL ? m->section : NULL;

	for (int i = 0; i < s->language_count; i++)
		if (!settings_has_prompt(s, s->languages[i], name, len))
			return channel_fail_at(k->channel, at, at != NULL ? "prompt" : "prompts",
			    k->error,
			    "%s%s%sthe prompt %s/%s/%.*s.wav is missing; record it, or make the "
			    "default ones (configure --enable-prompts)",
			    m != NULL ? "menu " : "", m != NULL ? m->name : "",
			    m != NULL ? ": " : "", s->prompts, s->languages[i], (int)len, name);
	return true;
}

static bool
check_folders(const struct channel *c, const struct settings *s, struct channel_error *error)
{
	struct stat st;

	for (int i = 0; i < s->language_count; i++) {
		struct bytes path = { 0 };
		bool there;
		bytes_printf(&path, "%s/%s", s->prompts, s->languages[i]);
		there = stat(path.data, &st) == 0 && S_ISDIR(st.st_mode);
		bytes_clear(&path);
		if (!there)
			return channel_fail_at(c, NULL, "languages", error,
			    "languages names %s, but there is no folder %s/%s; put its prompts "
			    "there, or "
			    "take it out",
			    s->languages[i], s->prompts, s->languages[i]);
	}
	if (stat(s->recordings, &st) != 0 || !S_ISDIR(st.st_mode))
		return channel_fail_at(c, NULL, "recordings", error,
		    "recordings: %s is no folder; make it, so that the PBX can write and we can "
		    "read "
		    "and delete there",
		    s->recordings);
	return true;
}

static bool
check_values(const struct channel *c, const struct settings *s, struct channel_error *error)
{
	struct prompt_check k = { c, s, error };
	struct channel_error why = { .text = "" };

	if (!listen_check(s->listen, s->peers, &why))
		return channel_fail_at(c, NULL,
		    strncmp(why.text, "peers", 5) == 0 ? "peers" : "listen", error, "%s", why.text);
	if (!digits_only(s->country, 3) || s->country[0] == '\0')
		return channel_fail_at(c, NULL, "country", error,
		    "country is \"%.20s\"; expected 1 to 3 digits, as 86", s->country);
	if (!digits_only(s->area, 5))
		return channel_fail_at(c, NULL, "area", error,
		    "area is \"%.20s\"; expected at most 5 digits, as 433", s->area);
	if (s->elder_menu[0] != '\0' && menu_find(&s->menus, s->elder_menu) == NULL)
		return channel_fail_at(c, NULL, "elder_menu", error,
		    "elder_menu is \"%.40s\", which is no menu; name one, or leave it empty",
		    s->elder_menu);
	if (!check_folders(c, s, error) || !menus_each_prompt(&s->menus, check_prompt, &k))
		return false;
	for (const char *const *name = say_needed; *name != NULL; name++)
		if (!check_prompt(&k, NULL, *name, strlen(*name)))
			return false;
	return true;
}

bool
settings_read(const struct channel *c, struct settings *out, struct channel_error *error)
{
	const char *spool = channel_get_string(c, NULL, "spool");
	struct bytes path = { 0 };

	read_values(c, out);
	if (!read_languages(c, out, error) || !menus_read(c, &out->menus, error))
		return false;
	/* the default means the menu where it is there */
	if (strcmp(out->elder_menu, "person") == 0 && menu_find(&out->menus, "person") == NULL)
		out->elder_menu = "";
	bytes_printf(&path, "%s%s", spool[0] != '\0' ? spool : out->recordings,
	    spool[0] != '\0' ? "" : "/spool.sqlite");
	out->spool = path.data;
	if (check_values(c, out, error))
		return true;
	settings_clear(out);
	return false;
}

void
settings_clear(struct settings *s)
{
	free(s->spool);
	s->spool = NULL;
	menus_clear(&s->menus);
}

bool
settings_check(struct channel *c, struct channel_error *error)
{
	struct settings s;

	if (!settings_read(c, &s, error))
		return false;
	settings_clear(&s);
	return true;
}

/* ---- numbers -------------------------------------------------------------------------------- */

void
settings_phone(const struct settings *s, const char *number, char *out)
{
	char digits[32];
	size_t n = 0;
	bool plus = number[0] == '+';

	for (const char *at = number + plus; *at != '\0'; at++) {
		if (strchr(" -().", *at) != NULL)
			continue;
		if (*at < '0' || *at > '9' || n + 1 == sizeof(digits)) {
			snprintf(out, 64, "%s", number);
			return;
		}
		digits[n++] = *at;
	}
	digits[n] = '\0';
	if (n == 0)
		snprintf(out, 64, "anonymous");
	else if (plus)
		snprintf(out, 64, "+%s", digits);
	else if (strncmp(digits, "00", 2) == 0 && n > 8)
		snprintf(out, 64, "+%s", digits + 2);
	else if (n == 11 && digits[0] == '1')
		snprintf(out, 64, "+%s%s", s->country, digits);
	else if (digits[0] == '0' && n >= 9)
		snprintf(out, 64, "+%s%s", s->country, digits + 1);
	else if ((n == 7 || n == 8) && s->area[0] != '\0' && digits[0] != '1')
		snprintf(out, 64, "+%s%s%s", s->country, s->area, digits);
	else if (n > 11 && strncmp(digits, s->country, strlen(s->country)) == 0)
		snprintf(out, 64, "+%s", digits);
	else
		snprintf(out, 64, "%s", digits);
}
