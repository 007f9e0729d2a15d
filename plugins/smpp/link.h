/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

#include <stdbool.h>

struct link;

/*
 * A configured link: its sessions (one transceiver, or a transmitter and a receiver on a connection
 * each), what comes in over them and what goes out. It tells the runtime how the link is, and
 * raises the alarms "bind" (the SMSC refuses our bind) and "submit" (it refuses our settings when
 * we send); both fall by themselves when it works again.
 */
struct link_hooks {
	/* The good-byes are said after link_stop(). */
	void (*stopped)(void *arg, struct link *);
};

/* NULL, with *error filled, when TLS cannot be set up. */
struct link *link_new(struct channel *channel, struct channel_link *channel_link,
    const struct link_hooks *hooks, void *arg, struct channel_error *error);
void link_free(struct link **l);

void link_start(struct link *l);
/* Drains and unbinds; calls stopped(), at once or within bounded time. */
void link_stop(struct link *l);
void link_send(struct link *l, struct channel_message *message);
/* The runtime's queue has room again. */
void link_flow(struct link *l);

/* For the fuzzer: a peer on bev instead of a connection. */
struct bufferevent;
void link_attach(struct link *l, struct bufferevent *bev);
