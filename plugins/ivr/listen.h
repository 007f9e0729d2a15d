/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

/* The socket that PBXs connect to, "inet:127.0.0.1:4573". FastAGI knows no passwords, so only peers
 * that are named are listened to. */
bool listen_check(const char *where, const char *peers, struct channel_error *error);

/* Called with the socket of each connection of such a peer. */
typedef void listen_fn(void *arg, int fd);
/* Called with the address of somebody else, who has been turned away. */
typedef void listen_stranger_fn(void *arg, const char *address);

/* NULL, with *error filled, when it cannot be opened. Nobody is accepted before listen_start(). */
struct listen *listen_new(struct event_base *base, const char *where, const char *peers,
    listen_fn *on_accept, listen_stranger_fn *on_stranger, void *arg, struct channel_error *error);
void listen_start(struct listen *l);
/* Accepts nobody any more. */
void listen_stop(struct listen *l);
/* Accepts NULL, sets NULL. */
void listen_free(struct listen **l);
