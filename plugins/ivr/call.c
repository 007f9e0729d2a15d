/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of a call, and what can be commanded in it. */
#include "call.h"

#include "../common/bytes.h"
#include "intake.h"
#include "say.h"
#include "settings.h"
#include "talk.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BEGIN_MS = 10000,   /* for the environment to come */
	SLACK_MS = 30000,   /* beside what a command takes by itself */
	PROMPT_MS = 120000, /* no prompt is longer */
	LEAVING_MS = 5000,
	INPUT_MAX = 65536,
	KEYS_MAX = 2000, /* bytes of the keys kept */
};

enum call_state {
	CALL_ENVIRONMENT, /* the PBX tells whose call it is */
	CALL_ANSWERING,
	CALL_PLAYING,
	CALL_WAITING, /* for a key */
	CALL_RECORDING,
	CALL_BUSY, /* with the disk, the database, or nothing; no command is out */
	CALL_SETTING,
	CALL_LEAVING, /* the caller has gone, and the disk has not answered yet */
	CALL_GONE,
};

struct call {
	struct calls *all;
	struct bufferevent *bev;
	struct event *deadline, *maximum, *pause;
	struct agi agi;
	enum call_state state;
	bool counted, hung, over, served;
	bool doubt; /* the last prompt failed: it is missing, or the caller has gone */
	int64_t began_us;
	char phone[64];
	int language;
	bool language_chosen;
	struct talk *talk;

	struct say say;
	int say_language[SAY_PIECES];
	char early; /* a key that came before it was asked for */
	const char *where;
	int64_t wait_ms;
	call_fn *then;
	call_key_fn *on_key;

	/* recording */
	unsigned recordings, reports;
	char *file, *reference;
	const char *kind, *category;
	bool last;
	call_recorded_fn *on_recorded;
	struct intake_ticket *ticket;

	struct channel_look *look;
	call_lines_fn *on_lines;

	struct bytes keys;
};

static void command(struct call *c, enum call_state state, int64_t ms, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- small things --------------------------------------------------------------------------- */

static void
set_timer(struct event *ev, int64_t ms)
{
	event_add(ev, &(struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 });
}

static void
count(struct call *c, const char *name)
{
	channel_count(c->all->channel, name, 1);
}

static void
command(struct call *c, enum call_state state, int64_t ms, const char *fmt, ...)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	va_list ap;

	c->state = state;
	va_start(ap, fmt);
	evbuffer_add_vprintf(out, fmt, ap);
	va_end(ap);
	evbuffer_add(out, "\n", 1);
	set_timer(c->deadline, ms + SLACK_MS);
}

/* "root:1@3200 ": where, what, and how many milliseconds after the beginning. */
static void
note_key(struct call *c, const char *where, const char *what)
{
	if (c->keys.len < KEYS_MAX)
		bytes_printf(&c->keys, "%s%s:%s@%" PRId64, c->keys.len > 0 ? " " : "", where, what,
		    (channel_now() - c->began_us) / 1000);
}

static void
note_key_char(struct call *c, char key)
{
	const char text[] = { key, '\0' };

	note_key(c, c->where != NULL ? c->where : "", text);
}

/* ---- reports -------------------------------------------------------------------------------- */

static void
details(const struct call *c, const char *category, struct bytes *out)
{
	bytes_add_string(out, ",\"id\":");
	bytes_add_json(out, c->reference, 200);
	if (category[0] != '\0') {
		bytes_add_string(out, ",\"category\":");
		bytes_add_json(out, category, 40);
	}
	if (c->language_chosen) {
		bytes_add_string(out, ",\"language\":");
		bytes_add_json(out, c->all->settings->languages[c->language], 12);
	}
	bytes_add_string(out, ",\"keys\":");
	bytes_add_json(out, bytes_string(&c->keys), KEYS_MAX);
	if (c->hung)
		bytes_add_string(out, ",\"hung_up\":true");
}

static void
next_reference(struct call *c)
{
	struct bytes b = { 0 };

	bytes_printf(&b, "%s-%u", c->agi.environment.uniqueid, ++c->reports);
	free(c->reference);
	c->reference = b.data;
}

static struct intake_ticket *
put(struct call *c, const char *kind, const char *silent_kind, const char *category,
    const char *raw, const char *file, intake_fn *done)
{
	struct bytes members = { 0 };
	struct intake_report r = { .kind = kind,
		.silent_kind = silent_kind,
		.reference = c->reference,
		.source = c->phone,
		.destination = c->agi.environment.called,
		.raw = raw,
		.file = file };
	struct intake_ticket *t;

	details(c, category, &members);
	r.details = members.data;
	t = intake_put(c->all->intake, &r, done, c);
	bytes_clear(&members);
	return t;
}

/* What is told at a call's end: each key that was pressed, and whether somebody must ring back. */
static void
put_end(struct call *c)
{
	next_reference(c);
	if (put(c, c->served ? "none" : "callback", NULL, "", bytes_string(&c->keys), "", NULL) !=
	    NULL)
		count(c, c->served ? "served" : "callbacks");
}

/* ---- the end -------------------------------------------------------------------------------- */

void
call_free(struct call **call)
{
	struct call *c = *call;

	*call = NULL;
	if (c == NULL)
		return;
	if (c->ticket != NULL)
		intake_give_up(c->ticket);
	if (c->look != NULL)
		channel_look_cancel(c->look);
	event_free(c->deadline);
	event_free(c->maximum);
	event_free(c->pause);
	bufferevent_free(c->bev);
	talk_free(&c->talk);
	bytes_clear(&c->keys);
	free(c->file);
	free(c->reference);
	free(c);
}

/* At the end of each event; nothing of c is touched afterwards. */
static void
end_if_gone(struct call *c)
{
	if (c->state != CALL_GONE)
		return;
	c->all->ended(c->all->arg, c);
	call_free(&c);
}

static void keep_recording(struct call *c);

/* There is nobody to talk to any more: what he said and pressed is kept. */
static void
leave(struct call *c)
{
	if (c->state == CALL_GONE)
		return;
	if (c->look != NULL)
		channel_look_cancel(c->look);
	c->look = NULL;
	event_del(c->deadline);
	event_del(c->pause);
	if (c->ticket != NULL) {
		c->state = CALL_LEAVING;
		bufferevent_disable(c->bev, EV_READ);
		return;
	}
	if (c->counted) {
		c->counted = false;
		if (c->state == CALL_RECORDING)
			keep_recording(c);
		put_end(c);
	}
	c->state = CALL_GONE;
}

void
call_end(struct call *c, const char *next)
{
	struct bytes value = { 0 };

	agi_quote(&value, next);
	command(c, CALL_SETTING, 0, "SET VARIABLE HAILAN_NEXT %s", value.data);
	bytes_clear(&value);
}

/* ---- saying --------------------------------------------------------------------------------- */

static void
mark_language(struct call *c, size_t from, int language)
{
	for (; from < c->say.count; from++)
		c->say_language[from] = language;
}

void
call_say(struct call *c, const char *names)
{
	size_t from = c->say.count;

	say_add_all(&c->say, names);
	mark_language(c, from, c->language);
}

void
call_say_in(struct call *c, int language, const char *name)
{
	size_t from = c->say.count;

	say_add(&c->say, name);
	mark_language(c, from, language);
}

void
call_say_number(struct call *c, int64_t number)
{
	size_t from = c->say.count;

	say_number(&c->say, number);
	mark_language(c, from, c->language);
}

static void
ended_playing(struct call *c)
{
	say_clear(&c->say);
	if (c->on_key == NULL) {
		c->state = CALL_BUSY;
		c->then(c);
	} else if (c->early != '\0') {
		char key = c->early;
		c->early = '\0';
		c->state = CALL_BUSY;
		c->on_key(c, key);
	} else {
		command(c, CALL_WAITING, c->wait_ms, "WAIT FOR DIGIT %" PRId64, c->wait_ms);
	}
}

static void
play_next(struct call *c)
{
	const struct settings *s = c->all->settings;

	if (c->say.at == c->say.count || c->early != '\0') {
		ended_playing(c);
		return;
	}
	command(c, CALL_PLAYING, PROMPT_MS, "STREAM FILE \"%s/%s/%s\" \"%s\"", s->prompts_pbx,
	    s->languages[c->say_language[c->say.at]], c->say.names[c->say.at],
	    s->barge_in ? "0123456789*#" : "");
	c->say.at++;
}

void
call_play(struct call *c, call_fn *then)
{
	c->then = then;
	c->on_key = NULL;
	play_next(c);
}

void
call_ask(struct call *c, const char *where, int64_t wait_ms, call_key_fn *then)
{
	c->where = where;
	c->wait_ms = wait_ms;
	c->on_key = then;
	play_next(c);
}

static void
on_played(struct call *c, const struct agi_response *r)
{
	if (r->result > 0 && r->result < 256) {
		note_key_char(c, (char)r->result);
		c->early = (char)r->result;
	}
	c->doubt = r->code != 200 || r->result < 0;
	play_next(c);
}

/* The channel lives, so the last prompt was not there. The others are said all the same. */
static void
note_missing(struct call *c)
{
	c->doubt = false;
	count(c, "prompts_missing");
	channel_alarm(c->all->channel, NULL, "prompt", true,
	    "the PBX cannot play a prompt: it must be able to read prompts_pbx, and each NAME.wav "
	    "in "
	    "it");
}

static void
on_waited(struct call *c, const struct agi_response *r)
{
	char key = r->result > 0 && r->result < 256 ? (char)r->result : '\0';

	if (r->code != 200 || r->result < 0) {
		c->hung = true;
		leave(c);
		return;
	}
	if (key != '\0')
		note_key_char(c, key);
	else
		note_key(c, c->where, "silence");
	c->state = CALL_BUSY;
	c->on_key(c, key);
}

/* ---- recording ------------------------------------------------------------------------------ */

static void
file_name(const struct call *c, const char *folder, struct bytes *out)
{
	const char *caller = strcmp(c->phone, "anonymous") == 0 ? "" : c->phone;

	bytes_printf(out, "%s/call-", folder);
	for (; *caller != '\0'; caller++)
		if (strchr("+0123456789", *caller) != NULL)
			bytes_add_byte(out, *caller);
	bytes_add_byte(out, '-');
	for (const char *at = c->agi.environment.uniqueid; *at != '\0'; at++)
		bytes_add_byte(out, strchr("/\"\\ ", *at) != NULL ? '_' : *at);
	bytes_printf(out, "-%u", c->recordings);
}

void
call_record(struct call *c, const char *where, const char *kind, const char *category, bool last,
    call_recorded_fn *then)
{
	const struct settings *s = c->all->settings;
	struct bytes file = { 0 }, theirs = { 0 }, quoted = { 0 }, silence = { 0 };

	c->early = '\0';
	c->where = where;
	c->kind = kind;
	c->category = category;
	c->last = last;
	c->on_recorded = then;
	c->recordings++;
	file_name(c, s->recordings, &file);
	file_name(c, s->recordings_pbx, &theirs);
	agi_quote(&quoted, theirs.data);
	bytes_add_string(&file, ".wav");
	free(c->file);
	c->file = file.data;
	bytes_add_string(&silence, "");
	if (s->record_silence_s > 0)
		bytes_printf(&silence, " s=%" PRId64, s->record_silence_s);
	command(c, CALL_RECORDING, s->record_ms, "RECORD FILE %s wav \"#*\" %" PRId64 " BEEP%s",
	    quoted.data, s->record_ms, silence.data);
	bytes_clear(&theirs);
	bytes_clear(&quoted);
	bytes_clear(&silence);
}

static void
on_kept(void *arg, enum intake_end end, const struct wav *wav)
{
	struct call *c = arg;

	(void)wav;
	c->ticket = NULL;
	if (end == INTAKE_KEPT) {
		c->served = true;
		count(c, "recordings");
	}
	if (c->state == CALL_LEAVING) {
		leave(c);
		end_if_gone(c);
		return;
	}
	/* what could not be put on the disk lies there as a file, and is swept up */
	c->on_recorded(c, end != INTAKE_SILENT);
	end_if_gone(c);
}

/* The caller hung up while he spoke, or before. */
static void
keep_recording(struct call *c)
{
	next_reference(c);
	(void)put(c, c->kind, "callback", c->category, bytes_string(&c->keys), c->file, NULL);
	c->served = true; /* in any case it is one task, not two */
}

static void
on_record(struct call *c, const struct agi_response *r)
{
	char key = r->result > 0 && r->result < 256 ? (char)r->result : '\0';

	if (key != '\0')
		note_key_char(c, key);
	if (r->result < 0 && strcmp(r->detail, "hangup") == 0) {
		c->hung = true;
		leave(c);
		return;
	}
	c->state = CALL_BUSY;
	if (r->code != 200 || strcmp(r->detail, "randomerror") == 0 ||
	    strcmp(r->detail, "writefile") == 0) {
		count(c, "recordings_failed");
		channel_alarm(c->all->channel, NULL, "record", true,
		    "the PBX cannot record into recordings_pbx: let its user write there");
		c->on_recorded(c, false);
		return;
	}
	channel_alarm(c->all->channel, NULL, "record", false, NULL);
	if (key == '*') { /* said wrongly: he begins anew, and what he said is not kept */
		unlink(c->file);
		call_record(c, c->where, c->kind, c->category, c->last, c->on_recorded);
		return;
	}
	next_reference(c);
	c->ticket = put(c, c->kind, c->last ? "callback" : NULL, c->category,
	    bytes_string(&c->keys), c->file, on_kept);
}

/* ---- asking the database -------------------------------------------------------------------- */

static void
on_lines(void *arg, const char *lines)
{
	struct call *c = arg;

	c->look = NULL;
	c->on_lines(c, lines);
	end_if_gone(c);
}

void
call_look(struct call *c, const char *what, const char *key, const char *more, call_lines_fn *then)
{
	c->on_lines = then;
	c->look =
	    channel_look(c->all->channel, what, key, more, c->all->settings->look_ms, on_lines, c);
}

static void
on_pause(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	c->then(c);
	end_if_gone(c);
}

void
call_wait(struct call *c, int64_t ms, call_fn *then)
{
	c->then = then;
	set_timer(c->pause, ms);
}

void
call_answer(struct call *c, const char *text)
{
	struct bytes raw = { 0 };

	next_reference(c);
	bytes_add_string(&raw, text);
	(void)put(c, "answer", NULL, "", raw.data, "", NULL);
	bytes_clear(&raw);
	c->served = true;
}

/* ---- events --------------------------------------------------------------------------------- */

static void
begin(struct call *c)
{
	settings_phone(c->all->settings, c->agi.environment.caller, c->phone);
	if (c->all->stopping || c->all->count > c->all->settings->calls) {
		count(c, "refused_busy");
		call_end(c, "busy");
		return;
	}
	c->counted = true;
	count(c, "calls");
	set_timer(c->maximum, c->all->settings->call_ms);
	command(c, CALL_ANSWERING, 0, "ANSWER");
}

/* Between two commands is where a call can be ended. */
static bool
is_over(struct call *c)
{
	if (!c->over || c->state == CALL_SETTING || c->state == CALL_RECORDING)
		return false;
	c->over = false;
	say_clear(&c->say);
	c->state = CALL_BUSY;
	if (c->all->stopping)
		call_end(c, "record");
	else
		talk_time_over(c);
	return true;
}

static void
on_response(struct call *c, const struct agi_response *r)
{
	if (r->code == 511) { /* the channel is dead */
		c->hung = true;
		leave(c);
		return;
	}
	if (c->doubt && r->code == 200 && r->result >= 0)
		note_missing(c);
	if (is_over(c))
		return;
	switch (c->state) {
	case CALL_ANSWERING:
		c->state = CALL_BUSY;
		talk_begin(c);
		break;
	case CALL_PLAYING:
		on_played(c, r);
		break;
	case CALL_WAITING:
		on_waited(c, r);
		break;
	case CALL_RECORDING:
		on_record(c, r);
		break;
	case CALL_SETTING:
		leave(c);
		break;
	default:
		/* an answer to nothing */
		count(c, "unasked");
		leave(c);
		break;
	}
}

/* While the caller records what is left of it comes as the answer; there is no use in waiting
 * elsewhere. */
static void
on_hangup(struct call *c)
{
	c->hung = true;
	if (c->state != CALL_RECORDING)
		leave(c);
	else
		set_timer(c->deadline, LEAVING_MS);
}

static void
on_agi(struct call *c, enum agi_event event)
{
	switch (event) {
	case AGI_ENVIRONMENT:
		begin(c);
		break;
	case AGI_RESPONSE:
		if (c->hung)
			leave(c); /* of a recording, or of something that nobody hears */
		else
			on_response(c, &c->agi.response);
		break;
	case AGI_HANGUP:
		on_hangup(c);
		break;
	case AGI_BROKEN:
		count(c, "broken");
		channel_log(c->all->channel, CHANNEL_LOG_WARNING,
		    "a connection does not speak FastAGI and is closed");
		leave(c);
		break;
	case AGI_NOTHING:
		break;
	}
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct call *c = arg;
	struct evbuffer_iovec piece;

	while (c->state != CALL_GONE && c->state != CALL_LEAVING &&
	       evbuffer_peek(in, -1, NULL, &piece, 1) > 0) {
		enum agi_event event;
		size_t taken = agi_feed(&c->agi, piece.iov_base, piece.iov_len, &event);
		evbuffer_drain(in, taken);
		on_agi(c, event);
	}
	end_if_gone(c);
}

static void
on_closed(struct bufferevent *bev, short what, void *arg)
{
	struct call *c = arg;

	(void)bev;
	(void)what;
	c->hung = true;
	if (c->state == CALL_LEAVING)
		return;
	leave(c);
	end_if_gone(c);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	count(c, "timeouts");
	leave(c);
	end_if_gone(c);
}

static void
on_maximum(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	c->over = true;
}

struct call *
call_new(struct calls *all, int fd)
{
	struct event_base *base = channel_loop(all->channel);
	struct call *c = bytes_alloc(1, sizeof(*c));

	c->all = all;
	c->talk = talk_new();
	c->began_us = channel_now();
	c->reference = bytes_dup("", 0);
	c->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	c->deadline = evtimer_new(base, on_deadline, c);
	c->maximum = evtimer_new(base, on_maximum, c);
	c->pause = evtimer_new(base, on_pause, c);
	if (c->bev == NULL || c->deadline == NULL || c->maximum == NULL || c->pause == NULL)
		abort();
	bufferevent_setcb(c->bev, on_read, NULL, on_closed, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	set_timer(c->deadline, BEGIN_MS);
	return c;
}

void
call_stop(struct call *c)
{
	c->over = true;
	if (c->state == CALL_ENVIRONMENT) {
		c->state = CALL_GONE;
		end_if_gone(c);
	}
}

/* ---- for talk.c ----------------------------------------------------------------------------- */

struct talk *
call_talk(struct call *c)
{
	return c->talk;
}

const struct agi_environment *
call_environment(const struct call *c)
{
	return &c->agi.environment;
}

const struct settings *
call_settings(const struct call *c)
{
	return c->all->settings;
}

struct channel *
call_channel(const struct call *c)
{
	return c->all->channel;
}

const char *
call_phone(const struct call *c)
{
	return c->phone;
}

int
call_language(const struct call *c)
{
	return c->language;
}

void
call_set_language(struct call *c, int language, bool chosen)
{
	c->language_chosen |= chosen;
	c->language = language;
}

void
call_served(struct call *c)
{
	c->served = true;
}

bool
call_is_served(const struct call *c)
{
	return c->served;
}

const char *
call_reference(const struct call *c)
{
	return c->reference;
}
