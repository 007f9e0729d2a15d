/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"
#include "mail.h"

/*
 * The options of the plugin and their values. hailan-lmtp(7) describes the same; a test compares
 * the two. Strings belong to the runtime and live as long as the channel.
 */
struct settings {
	const char *listen, *domain, *address, *secret, *hostname, *authserv_id, *spool;
	size_t size, line, recipients, connections, memory;
	int64_t command_ms, data_ms;
	int32_t resend_s;
	struct mail_limits limits;

	const char *smtp_host;
	uint16_t smtp_port;
	size_t smtp_connections;
	int64_t smtp_ms, retry_ms;
};

extern const struct channel_option settings_options[];

void settings_read(const struct channel *c, struct settings *out);
/* Whether the values fit each other. */
bool settings_check(struct channel *c, struct channel_error *error);
