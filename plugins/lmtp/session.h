/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct channel;
struct session;
struct settings;

/* What the sessions of a server share. Owned by the plugin, which outlives them. */
struct sessions {
	struct channel *channel;
	const struct settings *settings;
	size_t memory; /* of the mails that are being received */
	bool stopping;
	/* A session has ended and is freed right after this. */
	void (*ended)(void *arg, struct session *s);
	void *arg;
};

/* One connection of the MTA; takes fd. */
struct session *session_new(struct sessions *all, int fd);
/* Submissions that are under way are stored all the same. ended() is not called. */
void session_free(struct session **s);
/* Ends as soon as what is in hand is answered. It may be freed inside this call. */
void session_stop(struct session *s);
