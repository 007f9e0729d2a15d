/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A channel's process: the plugin, its links, and the runtime's side of the contract in channel.h.
 * The structs here are the runtime's own; a plugin sees their names only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/channel.h"
#include "channel/options.h"

struct announce;
struct buffer;
struct channel_config;
struct channel_section;
struct inbox;
struct looks;
struct outbox;
struct receipts;
struct role;
struct settings;

enum { HOST_ALARMS = 16, HOST_COUNTERS = 64, HOST_DETAIL = 256 };

struct channel_link {
	struct channel *channel;
	const char *name;                      /* "" for the one of a channel without links */
	const struct channel_section *section; /* NULL for that one */
	struct option_values options;
	void *data;
	enum channel_link_state state;
	char detail[HOST_DETAIL];
	int64_t since_us;
	/* What the outbox keeps of it. */
	double rate, rate_now, tokens; /* messages a second; rate 0: unlimited */
	int64_t filled_us, throttled_us, throttles;
	unsigned in_hand;
	/* How fast the peer takes them: ended since measured_us, and a second's worth of that. */
	unsigned ended;
	int64_t measured_us;
	double pace;
};

struct host_alarm {
	char link[64], name[64], detail[HOST_DETAIL];
	bool raised;
	int64_t since_us;
};

struct host_counter {
	const char *name;
	int64_t value;
	int64_t *metric;
};

struct channel {
	struct role *role;
	struct event_base *base;
	const struct channel_config *config;
	const struct channel_plugin *plugin;
	void *state; /* the plugin's */
	bool started, draining, plugin_stopped;
	struct option_values options;
	struct channel_link *links; /* one without a name when the plugin has no links */
	size_t link_count;
	struct channel_link *menus;
	size_t menu_count;
	struct inbox *inbox;
	struct receipts *receipts;
	struct announce *announce;
	struct looks *looks;
	struct outbox *outbox;
	struct host_alarm alarms[HOST_ALARMS];
	struct host_counter counters[HOST_COUNTERS];
};

/* The job "channel" (supervisor/role.h), and the check of its settings (supervisor/roles.h). */
int channel_role(struct role *role);
bool
channel_role_check(const struct settings *settings, const char *instance, struct buffer *errors);

/* Something that draining waits for has ended. */
void host_drained_maybe(struct channel *c);
