/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "agi.h"
#include "channel/channel.h"
#include "wav.h"

/*
 * One call: a connection of the PBX, on which we command one thing after the other. This is its
 * life and the things that can be commanded; what is talked about is talk.c's. Each of them begins
 * something and runs a function when it has ended; none does so when the caller hangs up, which
 * ends the call by itself and loses nothing of it.
 */
struct call;
struct intake;
struct settings;

/* What the calls of a plugin share. Owned by the plugin, which outlives them. */
struct calls {
	struct channel *channel;
	const struct settings *settings;
	struct intake *intake;
	size_t count;
	bool stopping;
	void (*ended)(void *arg, struct call *c); /* freed right after this */
	void *arg;
};

typedef void call_fn(struct call *c);
typedef void call_key_fn(struct call *c, char key);            /* '\0': silence */
typedef void call_lines_fn(struct call *c, const char *lines); /* NULL: no answer */
/* speech: it was kept, or nobody spoke. */
typedef void call_recorded_fn(struct call *c, bool speech);

/* ---- for the plugin ------------------------------------------------------------------------- */

/* Takes fd. */
struct call *call_new(struct calls *all, int fd);
/* Ends at the next word of the PBX. */
void call_stop(struct call *c);
/* ended() is not called. Accepts NULL, sets NULL. */
void call_free(struct call **c);

/* ---- for talk.c ----------------------------------------------------------------------------- */

struct talk *call_talk(struct call *c);
const struct agi_environment *call_environment(const struct call *c);
const struct settings *call_settings(const struct call *c);
struct channel *call_channel(const struct call *c);
const char *call_phone(const struct call *c); /* normal; "anonymous" */
/* The folder of prompts that is spoken from: an index into settings->languages. */
int call_language(const struct call *c);
/* chosen: by the caller, to be remembered. */
void call_set_language(struct call *c, int language, bool chosen);

/* What is to be said next: names of prompts, numbers. */
void call_say(struct call *c, const char *names);
void call_say_in(struct call *c, int language, const char *name);
void call_say_number(struct call *c, int64_t number);
/* Says it and goes on. A key cuts it short and is kept for what comes. */
void call_play(struct call *c, call_fn *then);
/* Says it and waits for a key, which may come at any time if barge_in is on. where: the menu, for
 * the record. */
void call_ask(struct call *c, const char *where, int64_t wait_ms, call_key_fn *then);
/* Records until #, silence or the time's end; * begins anew. What there is is kept also when the
 * caller hangs up. kind, category: what it is. last: a silent one is a call-back, not nothing. */
void call_record(struct call *c, const char *where, const char *kind, const char *category,
    bool last, call_recorded_fn *then);
void
call_look(struct call *c, const char *what, const char *key, const char *more, call_lines_fn *then);
/* Waits a moment. */
void call_wait(struct call *c, int64_t ms, call_fn *then);
/* A text as if the caller had written it: an answer to a question of ours. */
void call_answer(struct call *c, const char *text);
/* The caller got what he rang for; else he is called back. */
void call_served(struct call *c);
bool call_is_served(const struct call *c);
/* The reference of the last recording, by which its number can be looked up. */
const char *call_reference(const struct call *c);
/* Gives the call back to the dialplan, which finds next in HAILAN_NEXT. */
void call_end(struct call *c, const char *next);
