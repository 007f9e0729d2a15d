/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

struct bufferevent;
struct settings;

/* Opens connections to one SMSC: names through evdns, TLS through OpenSSL. Owned by a link. */
struct connect;

/* Reads CA certificates; NULL, with *error filled, when that fails. settings are lent for the life
 * of the result. */
struct connect *
connect_new(struct event_base *base, const struct settings *settings, struct channel_error *error);
void connect_free(struct connect **c);

/* Begins to connect. The result belongs to the caller; its event callback tells
 * BEV_EVENT_CONNECTED, TLS and the check of the name included, or what went wrong. NULL when it
 * failed at once. */
struct bufferevent *connect_open(struct connect *c);

/* Why a connection failed, for people: of the name, TLS or the socket. Valid until the next call.
 */
const char *connect_reason(struct connect *c, struct bufferevent *bev, int socket_error);
