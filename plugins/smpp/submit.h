/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pdu;
struct session;
struct settings;
struct submit;

/* What is to be done about a status of a submit_sm_resp. */
enum submit_class {
	SUBMIT_ACCEPTED,
	SUBMIT_SLOW_DOWN, /* the same part again, first of all, after a wait that doubles */
	SUBMIT_RETRY,     /* again a few times, then the runtime may try again */
	SUBMIT_GIVE_UP,   /* this message will never be taken */
	SUBMIT_LINK,      /* our settings of this link are wrong: stop, keep the rest, alarm */
};
enum submit_class submit_class_of(uint32_t status);

/* validity_period of SMPP 3.4, 7.1.1.1, relative ("000002030405000R"), for so many seconds from
 * now; between one minute and 28 days. */
void submit_validity(int64_t seconds, char out[17]);

/*
 * What goes out over one link. A message is split, its parts are sent within the window, each is
 * matched by its sequence number, and the message ends when all of them have: with the ids of all,
 * or with the worst that happened. Nothing is sent after its not_after.
 */
struct submit_hooks {
	/* The SMSC refuses us for what our settings say (detail, for people): nothing is sent for
	 * a while, then again one part at a time until one is accepted. */
	void (*paused)(void *arg, bool paused, const char *detail);
	/* The alarm about that: raised with the first refusal, fallen with the first acceptance. */
	void (*alarm)(void *arg, bool raised, const char *detail);
};
struct submit *submit_new(struct channel *channel, struct channel_link *link,
    const struct settings *settings, const struct submit_hooks *hooks, void *arg);
/* Ends what is left as unknown (sent) or to be tried again. */
void submit_free(struct submit **s);

void submit_take(struct submit *s, struct channel_message *message);
/* The session to send over, or NULL: what waits for an answer is unknown, the rest goes back. */
void submit_use(struct submit *s, struct session *session);
void submit_response(struct submit *s, const struct pdu *pdu);
void submit_tick(struct submit *s);
/* When the oldest request that waits for its answer was sent (monotonic), or 0. */
int64_t submit_oldest_ms(const struct submit *s);
/* Sends no message that is not begun; gives those back. */
void submit_drain(struct submit *s);
/* Messages that have not ended. */
size_t submit_pending(const struct submit *s);
