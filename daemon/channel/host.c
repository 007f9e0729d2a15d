/* SPDX-License-Identifier: BSD-2-Clause */
/* A channel's process, and the services of channel.h. */
#include "channel/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/config.h"
#include "channel/inbox.h"
#include "channel/loader.h"
#include "channel/outbox.h"
#include "channel/receipts.h"
#include "metrics/metrics.h"
#include "settings/settings.h"
#include "supervisor/role.h"

static const char *const state_names[] = { "down", "connecting", "up", "blocked" };

/* ---- settings ------------------------------------------------------------------------------- */

static bool
read_links(struct channel *c, struct buffer *errors)
{
	const struct channel_config *config = c->config;
	bool ok = true;

	c->link_count = c->plugin->link_options != NULL ? config->link_count : 1;
	if (c->plugin->link_options != NULL && config->link_count == 0) {
		buffer_printf(errors,
		    "%s:%d: channel %s: it has no link; add a section: link \"NAME\" { … }\n",
		    config->file, config->settings.line, config->name);
		return false;
	}
	if (c->plugin->link_options == NULL && config->link_count > 0) {
		buffer_printf(errors, "%s:%d: channel %s: its plugin knows no links\n",
		    config->file, config->links[0].line, config->name);
		return false;
	}
	c->links = xcalloc(c->link_count, sizeof(*c->links));
	for (size_t i = 0; i < c->link_count; i++) {
		struct channel_link *l = &c->links[i];
		struct channel_section nothing = { .name = xstrdup(""),
			.line = config->settings.line };
		bool named = c->plugin->link_options != NULL;
		const struct channel_section *section = named ? &config->links[i] : &nothing;
		char *where = named ? xasprintf("channel %s, link %s", config->name, section->name)
				    : xasprintf("channel %s", config->name);

		l->channel = c;
		l->name = named ? section->name : "";
		l->section = named ? section : NULL;
		l->since_us = clock_now();
		ok &= options_read(section, options_of_links, c->plugin->link_options, config->file,
		    where, &l->options, errors);
		l->rate = l->rate_now = (double)options_find(&l->options, "rate")->number;
		free(where);
		free(nothing.name);
	}
	return ok;
}

static bool
read_menus(struct channel *c, struct buffer *errors)
{
	const struct channel_config *config = c->config;
	bool ok = true;

	if (c->plugin->menu_options == NULL && config->menu_count > 0) {
		buffer_printf(errors, "%s:%d: channel %s: its plugin knows no menus\n",
		    config->file, config->menus[0].line, config->name);
		return false;
	}
	c->menu_count = config->menu_count;
	c->menus = xcalloc(c->menu_count, sizeof(*c->menus));
	for (size_t i = 0; i < c->menu_count; i++) {
		struct channel_link *m = &c->menus[i];
		char *where = xasprintf("channel %s, menu %s", config->name, config->menus[i].name);

		m->channel = c;
		m->name = config->menus[i].name;
		m->section = &config->menus[i];
		ok &= options_read(m->section, options_of_menus, c->plugin->menu_options,
		    config->file, where, &m->options, errors);
		free(where);
	}
	return ok;
}

/* Loads the plugin and types the settings. */
static bool
prepare(struct channel *c, const struct channel_config *config, const char *plugin_dir,
    struct buffer *errors)
{
	struct channel_error error = { .text = "" };
	char *where = xasprintf("channel %s", config->name);
	bool ok;

	c->config = config;
	c->plugin = loader_open(config->plugin, plugin_dir, &error);
	if (c->plugin == NULL) {
		buffer_printf(errors, "%s:%d: channel %s: %s\n", config->file,
		    config->settings.line, config->name, error.text);
		free(where);
		return false;
	}
	ok = options_read(&config->settings, options_of_channels, c->plugin->options, config->file,
	    where, &c->options, errors);
	ok &= read_links(c, errors);
	ok &= read_menus(c, errors);
	free(where);
	if (ok && c->plugin->check != NULL && !c->plugin->check(c, &error)) {
		buffer_printf(errors, "%s:%d: channel %s: %s\n", config->file,
		    error.line > 0 ? error.line : config->settings.line, config->name, error.text);
		ok = false;
	}
	return ok;
}

static void
clear(struct channel *c)
{
	options_clear(&c->options);
	for (size_t i = 0; c->links != NULL && i < c->link_count; i++)
		options_clear(&c->links[i].options);
	free(c->links);
	c->links = NULL;
	for (size_t i = 0; c->menus != NULL && i < c->menu_count; i++)
		options_clear(&c->menus[i].options);
	free(c->menus);
	c->menus = NULL;
}

bool
channel_role_check(const struct settings *settings, const char *instance, struct buffer *errors)
{
	const struct channel_config *config = settings_channel(settings, instance);
	struct channel c = { 0 };
	bool ok = prepare(&c, config, settings_string(settings, "", "plugin_dir"), errors);

	clear(&c);
	return ok;
}

/* ---- status --------------------------------------------------------------------------------- */

static void
add_string(struct buffer *json, const char *key, const char *value)
{
	buffer_printf(json, "\"%s\":", key);
	buffer_add_json(json, value, strlen(value));
}

static void
add_time(struct buffer *json, const char *key, int64_t at_us)
{
	char text[CLOCK_TEXT];

	clock_format(at_us, text);
	add_string(json, key, text);
}

static void
add_link(const struct channel_link *l, struct buffer *json)
{
	buffer_add_string(json, "{");
	add_string(json, "name", l->name);
	buffer_add_string(json, ",");
	add_string(json, "state", state_names[l->state]);
	buffer_add_string(json, ",");
	add_time(json, "since", l->since_us);
	buffer_add_string(json, ",");
	add_string(json, "detail", l->detail);
	buffer_printf(json, ",\"rate\":%.1f,\"in_hand\":%u,\"throttled\":%" PRId64 "}", l->rate_now,
	    l->in_hand, l->throttles);
}

static void
add_alarms(const struct channel *c, struct buffer *json)
{
	const char *comma = "";

	buffer_add_string(json, ",\"alarms\":[");
	for (int i = 0; i < HOST_ALARMS; i++) {
		const struct host_alarm *a = &c->alarms[i];
		if (!a->raised)
			continue;
		buffer_printf(json, "%s{", comma);
		add_string(json, "link", a->link);
		buffer_add_string(json, ",");
		add_string(json, "name", a->name);
		buffer_add_string(json, ",");
		add_time(json, "since", a->since_us);
		buffer_add_string(json, ",");
		add_string(json, "detail", a->detail);
		buffer_add_string(json, "}");
		comma = ",";
	}
	buffer_add_string(json, "]");
}

static void
count_links(const struct channel *c)
{
	int64_t alarms = 0;

	for (size_t i = 0; i < c->link_count; i++)
		__atomic_store_n(metrics_labelled(METRIC_LINK_UP, c->links[i].name),
		    c->links[i].state == CHANNEL_LINK_UP, __ATOMIC_RELAXED);
	for (int i = 0; i < HOST_ALARMS; i++)
		alarms += c->alarms[i].raised;
	metrics_set(METRIC_ALARMS, alarms);
}

static void
on_status(void *arg, struct buffer *json)
{
	const struct channel *c = arg;

	count_links(c);
	inbox_count(c->inbox);
	outbox_count(c->outbox);
	add_string(json, "plugin", c->plugin->name);
	buffer_add_string(json, ",");
	add_string(json, "version", c->plugin->version);
	buffer_add_string(json, ",\"links\":[");
	for (size_t i = 0; i < c->link_count; i++) {
		buffer_add_string(json, i > 0 ? "," : "");
		add_link(&c->links[i], json);
	}
	buffer_add_string(json, "]");
	add_alarms(c, json);
	buffer_add_string(json, ",\"inbox\":{");
	inbox_status(c->inbox, json);
	buffer_add_string(json, "},\"outbox\":{");
	outbox_status(c->outbox, json);
	buffer_add_string(json, "},\"counters\":{");
	for (int i = 0; i < HOST_COUNTERS && c->counters[i].name != NULL; i++)
		buffer_printf(json, "%s\"%s\":%" PRId64, i > 0 ? "," : "", c->counters[i].name,
		    c->counters[i].value);
	buffer_add_string(json, "}");
}

/* ---- life ----------------------------------------------------------------------------------- */

void
host_drained_maybe(struct channel *c)
{
	if (!c->draining || !c->plugin_stopped)
		return;
	if (inbox_pending(c->inbox) == 0 && outbox_pending(c->outbox) == 0 &&
	    receipts_pending(c->receipts) == 0)
		role_stopped(c->role);
}

void
channel_stopped(struct channel *c)
{
	c->plugin_stopped = true;
	host_drained_maybe(c);
}

static void
on_drain(void *arg)
{
	struct channel *c = arg;

	c->draining = true;
	outbox_drain(c->outbox);
	c->plugin->stop(c->state);
}

static int
run(struct channel *c)
{
	struct channel_error error = { .text = "" };

	c->inbox = inbox_new(c);
	c->outbox = outbox_new(c);
	role_on_status(c->role, on_status, c);
	if (!c->plugin->start(c, &c->state, &error)) {
		log_error("channel: plugin %s did not start: %s", c->plugin->name, error.text);
		return EX_TEMPFAIL;
	}
	c->started = true;
	role_on_drain(c->role, on_drain, c);
	role_ready(c->role);
	role_loop(c->role);
	c->started = false;
	c->plugin->free(c->state);
	return EX_OK;
}

int
channel_role(struct role *role)
{
	const char *dir = settings_string(role_settings(role), "", "plugin_dir");
	struct channel c = { .role = role, .base = role_base(role) };
	struct buffer errors = { 0 };
	int code;

	if (!prepare(&c, role_channel(role), dir, &errors)) {
		for (char *line = strtok(errors.data, "\n"); line != NULL;
		     line = strtok(NULL, "\n"))
			log_error("channel: %s", line);
		buffer_clear(&errors);
		clear(&c);
		return EX_CONFIG;
	}
	code = run(&c);
	outbox_free(&c.outbox);
	inbox_free(&c.inbox);
	clear(&c);
	return code;
}

/* ---- channel.h: settings and links ---------------------------------------------------------- */

static const struct option_value *
value_of(const struct channel *c, const struct channel_link *l, const char *name)
{
	return options_find(l != NULL ? &l->options : &c->options, name);
}

const char *
channel_get_string(const struct channel *c, const struct channel_link *l, const char *name)
{
	return value_of(c, l, name)->text;
}

int64_t
channel_get_integer(const struct channel *c, const struct channel_link *l, const char *name)
{
	return value_of(c, l, name)->number;
}

bool
channel_get_boolean(const struct channel *c, const struct channel_link *l, const char *name)
{
	return value_of(c, l, name)->number != 0;
}

const char *
channel_name(const struct channel *c)
{
	return c->config->name;
}

size_t
channel_link_count(const struct channel *c)
{
	return c->plugin->link_options != NULL ? c->link_count : 0;
}

struct channel_link *
channel_link_at(const struct channel *c, size_t index)
{
	return index < c->link_count ? &c->links[index] : NULL;
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

size_t
channel_menu_count(const struct channel *c)
{
	return c->menu_count;
}

struct channel_link *
channel_menu_at(const struct channel *c, size_t index)
{
	return index < c->menu_count ? &c->menus[index] : NULL;
}

void
channel_link_state(
    struct channel *c, struct channel_link *l, enum channel_link_state state, const char *detail)
{
	if (l == NULL)
		l = &c->links[0];
	snprintf(l->detail, sizeof(l->detail), "%s", detail != NULL ? detail : "");
	if (l->state == state)
		return;
	log_info("channel: link=%s %s -> %s%s%s", l->name, state_names[l->state],
	    state_names[state], l->detail[0] != '\0' ? ": " : "", l->detail);
	l->state = state;
	l->since_us = clock_now();
	if (c->outbox != NULL)
		outbox_wake(c->outbox);
}

void
channel_link_throttled(struct channel *c, struct channel_link *l)
{
	outbox_throttle(c->outbox, l != NULL ? l : &c->links[0]);
}

void
channel_alarm(struct channel *c, const struct channel_link *l, const char *name, bool raised,
    const char *detail)
{
	const char *link = l != NULL ? l->name : "";
	struct host_alarm *free_place = NULL, *a = NULL;

	for (int i = 0; i < HOST_ALARMS; i++) {
		struct host_alarm *at = &c->alarms[i];
		if (at->raised && strcmp(at->link, link) == 0 && strcmp(at->name, name) == 0)
			a = at;
		if (!at->raised && free_place == NULL)
			free_place = at;
	}
	if (!raised) {
		if (a != NULL)
			log_info("channel: link=%s alarm %s is over", link, name);
		if (a != NULL)
			a->raised = false;
		return;
	}
	if (a == NULL) {
		log_error(
		    "channel: link=%s alarm %s: %s", link, name, detail != NULL ? detail : "");
		a = free_place;
		if (a == NULL)
			return;
		snprintf(a->link, sizeof(a->link), "%s", link);
		snprintf(a->name, sizeof(a->name), "%s", name);
		a->raised = true;
		a->since_us = clock_now();
	}
	snprintf(a->detail, sizeof(a->detail), "%s", detail != NULL ? detail : "");
}

/* ---- channel.h: services -------------------------------------------------------------------- */

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

bool
channel_fail_at(const struct channel *c, const struct channel_link *l, const char *option,
    struct channel_error *error, const char *fmt, ...)
{
	const struct channel_section *section =
	    l != NULL && l->section != NULL ? l->section : &c->config->settings;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	error->line = options_line(section, option);
	return false;
}

void
channel_log(struct channel *c, enum channel_log level, const char *fmt, ...)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
		LOG_LEVEL_DEBUG };
	char text[1024];
	va_list ap;

	if (!log_would(levels[level]))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_at(levels[level], "%s: %s", c->plugin->name, text);
}

void
channel_count(struct channel *c, const char *name, int64_t add)
{
	for (int i = 0; i < HOST_COUNTERS; i++) {
		if (c->counters[i].name == NULL)
			c->counters[i] = (struct host_counter){ .name = name,
				.metric = metrics_labelled(METRIC_PLUGIN, name) };
		if (c->counters[i].name == name || strcmp(c->counters[i].name, name) == 0) {
			c->counters[i].value += add;
			metrics_add_to(c->counters[i].metric, add);
			return;
		}
	}
}
