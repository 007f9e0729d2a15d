/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "address.h"
#include "channel/channel.h"
#include "coding.h"

/*
 * The options of the plugin, in one table each for the channel and for a link, and their values in
 * a struct. hailan-smpp(7) describes the same; a test compares the two.
 */
enum settings_bind { BIND_AUTO, BIND_TRANSCEIVER, BIND_PAIR, BIND_TRANSMITTER, BIND_RECEIVER };
enum settings_long { LONG_UDH8, LONG_UDH16, LONG_SAR, LONG_PAYLOAD };
enum settings_send_coding { SEND_AUTO, SEND_UCS2 };
enum settings_tls { TLS_OFF, TLS_VERIFY, TLS_ENCRYPT };

/* Strings belong to the runtime and live as long as the channel. */
struct settings {
	const char *country;
	bool trust_ton;

	const char *host;
	uint16_t port;
	enum settings_tls tls;
	const char *tls_ca, *tls_name;

	const char *system_id, *password, *system_type, *address_range;
	enum settings_bind bind;
	uint8_t interface_version, address_ton, address_npi;

	enum coding_zero coding;
	bool guess;
	enum settings_send_coding send_coding;
	enum settings_long long_messages;
	const char *source, *service_type;
	enum address_form destination_form;
	int source_ton, source_npi, destination_ton, destination_npi;
	uint8_t registered_delivery;

	size_t window, unacknowledged;
	int64_t throttle_ms, retry_ms;
	int64_t connect_ms, response_ms, enquire_ms, inactivity_ms;
	int64_t reconnect_min_ms, reconnect_max_ms, drain_ms, hold_ms;
};

extern const struct channel_option settings_channel_options[];
extern const struct channel_option settings_link_options[];

void
settings_read(const struct channel *channel, const struct channel_link *link, struct settings *out);

/* What a table cannot say: lengths of names, timers against each other. */
bool settings_check(
    const struct channel *channel, const struct channel_link *link, struct channel_error *error);
