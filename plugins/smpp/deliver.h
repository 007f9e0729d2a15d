/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

#include <stdbool.h>
#include <stddef.h>

struct deliver;
struct pdu;
struct session;
struct settings;

/*
 * What comes in over one link: deliver_sm and data_sm become reports or receipts, and are answered
 * from the runtime's completion and nowhere else:
 *
 *   stored, duplicate → 0
 *   later             → 0x64, temporary: the SMSC keeps it and comes again
 *   refused           → 0x66, rejected: the report itself can never be taken. The runtime says
 *                       refused for no fault of its own or of the database; 0x65 is never sent.
 *
 * While the runtime's queue is full, messages are held for the setting "hold" and then told to come
 * later. What is held and what is not yet answered is bounded by "unacknowledged"; what comes above
 * is told to come later at once, so that enquire_link is read and answered in every condition.
 */
struct deliver *
deliver_new(struct channel *channel, struct channel_link *link, const struct settings *settings);
void deliver_free(struct deliver **d);

void deliver_take(struct deliver *d, struct session *session, const struct pdu *pdu);
/* The session has gone: nobody is left to answer. */
void deliver_forget(struct deliver *d, struct session *session);
/* The runtime's queue has room again. */
void deliver_flow(struct deliver *d);
/* Some time has passed. */
void deliver_tick(struct deliver *d);
/* Not yet answered. */
size_t deliver_pending(const struct deliver *d);
