/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

/*
 * Settings of channel.h in memory, for tests of the ivr plugin: values by name, of the channel and
 * of its menus. Nothing else of the runtime is there.
 */
struct stub_option {
	const char *name, *value;
};
struct channel_link {
	const char *name;
	const struct stub_option *options; /* ends with NULL */
};
struct channel {
	const struct stub_option *options;
	struct channel_link menus[16];
	size_t menu_count;
	const struct channel_link *fault_in; /* of the last channel_fail_at() */
	char fault_option[40];
};
