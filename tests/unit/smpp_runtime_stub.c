/* SPDX-License-Identifier: BSD-2-Clause */
/* channel.h for tests; a setting that is not declared, a second end or an end from inside abort. */
#include "smpp_runtime_stub.h"

#include "base/clock.h"
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event.h>

static bool inside;

/* ---- settings ---- */

static const struct channel_option *
find_option(const struct channel *c, const struct channel_link *l, const char *name)
{
	const struct channel_option *o = l == NULL ? c->plugin->options : c->plugin->link_options;

	for (; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0)
			return o;
	fprintf(stderr, "stub: option %s is not declared\n", name);
	abort();
}

const char *
channel_get_string(const struct channel *c, const struct channel_link *l, const char *name)
{
	const struct channel_option *o = find_option(c, l, name);

	for (size_t i = 0; i < c->set_count; i++)
		if (strcmp(c->set[i].name, name) == 0)
			return c->set[i].value;
	return o->fallback != NULL ? o->fallback : "";
}

static int64_t
choice_index(const char *choices, const char *value)
{
	int64_t index = 0;
	size_t len = strlen(value);

	for (const char *p = choices; p != NULL; index++) {
		const char *bar = strchr(p, '|');
		size_t n = bar != NULL ? (size_t)(bar - p) : strlen(p);
		if (n == len && strncmp(p, value, n) == 0)
			return index;
		p = bar != NULL ? bar + 1 : NULL;
	}
	abort();
}

int64_t
channel_get_integer(const struct channel *c, const struct channel_link *l, const char *name)
{
	const struct channel_option *o = find_option(c, l, name);
	const char *value = channel_get_string(c, l, name);
	char *unit;
	int64_t n;

	if (o->type == CHANNEL_CHOICE)
		return choice_index(o->choices, value);
	n = strtoll(value, &unit, 10);
	if (o->type == CHANNEL_DURATION && strcmp(unit, "s") == 0)
		n *= 1000;
	else if (o->type == CHANNEL_DURATION && strcmp(unit, "ms") != 0)
		abort();
	if (n < o->minimum || n > o->maximum)
		abort();
	return n;
}

bool
channel_get_boolean(const struct channel *c, const struct channel_link *l, const char *name)
{
	return strcmp(channel_get_string(c, l, name), "yes") == 0;
}

const char *
channel_name(const struct channel *c)
{
	(void)c;
	return "sms";
}

size_t
channel_link_count(const struct channel *c)
{
	return c->link_count;
}

struct channel_link *
channel_link_at(const struct channel *c, size_t index)
{
	return (struct channel_link *)&c->links[index];
}

const char *
channel_link_name(const struct channel_link *l)
{
	return l->name;
}

void
channel_link_set_data(struct channel_link *l, void *data)
{
	l->data = data;
}

void *
channel_link_data(const struct channel_link *l)
{
	return l->data;
}

/* ---- in ---- */

static void
end_submission(struct channel_submission *s, enum channel_outcome outcome)
{
	if (s->finished)
		return;
	s->finished = true;
	s->channel->ended++;
	if (!s->cancelled)
		s->done(s->arg, outcome, outcome == CHANNEL_STORED ? NULL : "as the test says");
}

static void
on_finish(evutil_socket_t fd, short what, void *arg)
{
	struct channel *c = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < c->submission_count; i++)
		end_submission(c->submissions[i], c->open ? c->outcome : CHANNEL_LATER);
	if (c->forgets) {
		for (size_t i = 0; i < c->submission_count; i++) {
			free(c->submissions[i]->text);
			free(c->submissions[i]);
		}
		c->submission_count = 0;
	}
}

static struct channel_submission *
add_submission(struct channel *c, channel_done_fn *done, void *arg)
{
	struct channel_submission *s = xcalloc(1, sizeof(*s));

	if (c->submission_count == STUB_MOST)
		abort();
	s->channel = c;
	s->done = done;
	s->arg = arg;
	c->submissions[c->submission_count++] = s;
	if (!c->by_hand)
		event_active(c->finish, EV_TIMEOUT, 1);
	return s;
}

#define COPY(to, from) snprintf((to), sizeof(to), "%s", (from) != NULL ? (from) : "")

struct channel_submission *
channel_submit(struct channel *c, const struct channel_report *r, channel_done_fn *done, void *arg)
{
	struct channel_submission *s = add_submission(c, done, arg);

	if (r->raw_len > sizeof(s->raw) || strlen(r->source) > 64 || strlen(r->destination) > 64)
		abort();
	COPY(s->source, r->source);
	COPY(s->destination, r->destination);
	COPY(s->charset, r->charset);
	COPY(s->protocol, r->protocol);
	if (r->raw_len > 0)
		memcpy(s->raw, r->raw, r->raw_len);
	s->raw_len = r->raw_len;
	if (r->text != NULL) {
		s->text = xmemdup0(r->text, r->text_len);
		s->text_len = r->text_len;
	}
	if (r->reference != NULL)
		snprintf(s->reference, sizeof(s->reference), "%.*s", (int)r->reference_len,
		    (const char *)r->reference);
	if (r->part != NULL) {
		if (r->text != NULL || r->part->total < 2 || r->part->number < 1 ||
		    r->part->number > r->part->total)
			abort();
		s->has_part = true;
		s->part = *r->part;
	}
	s->flags = r->flags;
	return s;
}

struct channel_submission *
channel_receipt(struct channel *c, const struct channel_link *l, const char *peer_id,
    enum channel_receipt_state state, const char *detail, channel_done_fn *done, void *arg)
{
	struct channel_submission *s = add_submission(c, done, arg);

	(void)l;
	s->is_receipt = true;
	COPY(s->peer_id, peer_id);
	COPY(s->detail, detail);
	s->state = state;
	return s;
}

void
channel_submission_cancel(struct channel_submission *s)
{
	if (s->finished)
		abort();
	s->cancelled = true;
}

bool
channel_may_submit(const struct channel *c)
{
	return c->open;
}

void
stub_finish(struct channel *c, size_t index, enum channel_outcome outcome)
{
	end_submission(c->submissions[index], outcome);
}

void
stub_open(struct channel *c, bool open)
{
	bool before = c->open;

	c->open = open;
	if (before != open)
		c->plugin->flow(c->state, open);
}

/* ---- out ---- */

int64_t
channel_message_id(const struct channel_message *m)
{
	return m->id;
}

struct channel_link *
channel_message_link(const struct channel_message *m)
{
	return m->link;
}

const char *
channel_message_destination(const struct channel_message *m)
{
	return m->destination;
}

const char *
channel_message_source(const struct channel_message *m)
{
	return m->source;
}

const char *
channel_message_text(const struct channel_message *m, size_t *len)
{
	*len = strlen(m->text);
	return m->text;
}

enum channel_priority
channel_message_priority(const struct channel_message *m)
{
	return m->priority;
}

int64_t
channel_message_not_after(const struct channel_message *m)
{
	return m->not_after;
}

void
channel_message_done(struct channel_message *m, enum channel_sent how, const char *peer_ids,
    unsigned parts, int64_t retry_ms, const char *detail)
{
	if (m->ended || inside)
		abort();
	m->ended = true;
	m->how = how;
	m->parts = parts;
	m->retry_ms = retry_ms;
	COPY(m->peer_ids, peer_ids);
	COPY(m->detail, detail);
}

struct channel_message *
stub_message(struct channel *c, size_t link, const char *to, const char *text)
{
	struct channel_message *m = xcalloc(1, sizeof(*m));

	m->link = &c->links[link];
	COPY(m->destination, to);
	m->text = xstrdup(text);
	m->priority = CHANNEL_REPLY;
	return m;
}

struct channel_message *
stub_send(struct channel *c, size_t link, const char *to, const char *text)
{
	struct channel_message *m = stub_message(c, link, to, text);

	inside = true;
	c->plugin->send(c->state, m);
	inside = false;
	return m;
}

void
stub_message_free(struct channel_message **m)
{
	free((*m)->text);
	free(*m);
	*m = NULL;
}

void
channel_link_state(
    struct channel *c, struct channel_link *l, enum channel_link_state state, const char *detail)
{
	(void)c;
	l->state = state;
	COPY(l->detail, detail);
}

void
channel_link_throttled(struct channel *c, struct channel_link *l)
{
	(void)c;
	l->throttled++;
}

void
channel_alarm(struct channel *c, const struct channel_link *l, const char *name, bool raised,
    const char *detail)
{
	(void)l;
	(void)detail;
	*(raised ? &c->alarms_raised : &c->alarms_fallen) += 1;
	COPY(c->alarm, name);
}

/* ---- services ---- */

struct event_base *
channel_loop(const struct channel *c)
{
	return c->base;
}

int64_t
channel_now(void)
{
	return clock_now();
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

void
channel_log(struct channel *c, enum channel_log level, const char *fmt, ...)
{
	va_list ap;

	if (level <= CHANNEL_LOG_WARNING)
		c->logs++;
	if (getenv("SMPP_TEST_LOG") == NULL)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void
channel_count(struct channel *c, const char *name, int64_t add)
{
	if (strcmp(name, "smpp_told_later") == 0)
		c->told_later += add;
	else if (strcmp(name, "smpp_disagreed") == 0)
		c->disagreed += add;
	else if (strcmp(name, "smpp_malformed") == 0)
		c->malformed += add;
	else if (strcmp(name, "smpp_unknown") == 0)
		c->unknown += add;
	else if (strcmp(name, "smpp_broken") == 0)
		c->broken += add;
}

void
channel_stopped(struct channel *c)
{
	if (c->stopped)
		abort();
	c->stopped = true;
}

/* ---- the stub itself ---- */

struct channel *
stub_new(struct event_base *base, size_t links)
{
	struct channel *c = xcalloc(1, sizeof(*c));

	c->base = base;
	c->plugin = &channel_plugin;
	c->open = true;
	c->outcome = CHANNEL_STORED;
	c->link_count = links;
	for (size_t i = 0; i < links; i++) {
		c->links[i].channel = c;
		snprintf(c->links[i].name, sizeof(c->links[i].name), "link%zu", i);
	}
	c->finish = event_new(base, -1, 0, on_finish, c);
	return c;
}

void
stub_set(struct channel *c, const char *name, const char *value)
{
	size_t i = 0;

	while (i < c->set_count && strcmp(c->set[i].name, name) != 0)
		i++;
	COPY(c->set[i].name, name);
	COPY(c->set[i].value, value);
	if (i == c->set_count)
		c->set_count++;
}

bool
stub_start(struct channel *c, struct channel_error *error)
{
	return c->plugin->start(c, &c->state, error);
}

void
stub_free(struct channel **c)
{
	if ((*c)->state != NULL)
		(*c)->plugin->free((*c)->state);
	for (size_t i = 0; i < (*c)->submission_count; i++) {
		free((*c)->submissions[i]->text);
		free((*c)->submissions[i]);
	}
	event_free((*c)->finish);
	free(*c);
	*c = NULL;
}
