/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

struct channel;
struct channel_message;
struct outgoing;
struct settings;

/* What the town writes, given to its MTA over SMTP (RFC 5321) by a few connections that are opened
 * when there is something to send and closed when there is not. The channel is up from when the
 * MTA was seen until it is missed. */
struct outgoing *
outgoing_new(struct channel *c, const struct settings *s, void (*on_stopped)(void *arg), void *arg);
void outgoing_start(struct outgoing *o);
/* Takes a message over. */
void outgoing_send(struct outgoing *o, struct channel_message *m);
/* What is in hand goes out; then on_stopped(), at once or later. */
void outgoing_stop(struct outgoing *o);
/* Accepts NULL, sets NULL. */
void outgoing_free(struct outgoing **o);
