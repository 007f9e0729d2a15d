/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

struct evconnlistener;

/* The socket that the MTA connects to, "inet:127.0.0.1:2424" or "unix:/run/x", as Postfix writes
 * it. LMTP knows no passwords, so an address that others can reach is refused. */
bool listen_check(const char *where, struct channel_error *error);

/* Called with the socket of each connection. */
typedef void listen_fn(void *arg, int fd);

/* NULL, with *error filled, when it cannot be opened. Nobody is accepted before listen_start(). */
struct listen *listen_new(struct event_base *base, const char *where, listen_fn *on_accept,
    void *arg, struct channel_error *error);
void listen_start(struct listen *l);
/* Accepts nobody any more. */
void listen_stop(struct listen *l);
/* Accepts NULL, sets NULL. Takes the UNIX socket away. */
void listen_free(struct listen **l);
