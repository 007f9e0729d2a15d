/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Messages out: claims rows of the outbox for the links that are up, by priority, paced to each
 * link's rate; hands them to the plugin; writes down how each ended.
 */
#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct channel;
struct channel_link;
struct outbox;

struct outbox *outbox_new(struct channel *c);
/* Accepts NULL, sets NULL. */
void outbox_free(struct outbox **o);
/* A link came up or went down, or may be given more. */
void outbox_wake(struct outbox *o);
/* Takes nothing new; what is in hand is finished. */
void outbox_drain(struct outbox *o);
/* In hand, or their end not yet written down. */
size_t outbox_pending(const struct outbox *o);
/* The peer of this link asked to slow down. */
void outbox_throttle(struct outbox *o, struct channel_link *l);
/* Members of a JSON object. */
/* What is in hand, for the metrics. */
void outbox_count(const struct outbox *o);
void outbox_status(const struct outbox *o, struct buffer *json);
