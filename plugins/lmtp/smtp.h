/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct settings;
struct smtp;

/* One connection to the MTA as a client, for one mail at a time. */
enum smtp_end {
	SMTP_SENT,
	SMTP_REFUSED, /* for good */
	SMTP_LATER,   /* surely not taken */
	SMTP_UNKNOWN, /* the connection broke when it may have been taken */
};

struct smtp_hooks {
	/* It can take a mail: it has just been greeted, or the last mail has ended. */
	void (*ready)(void *arg, struct smtp *c);
	/* The mail has ended; detail is the MTA's answer. ready() or gone() follows. */
	void (*ended)(void *arg, struct smtp *c, enum smtp_end end, const char *detail);
	/* The connection is no more, or could not be made; free it, here or later. idle: it ended
	 * with nothing in hand, as a connection may. */
	void (*gone)(void *arg, struct smtp *c, bool idle, const char *reason);
};

/* Begins to connect. No hook is called from inside. */
struct smtp *smtp_new(
    struct event_base *base, const struct settings *s, const struct smtp_hooks *hooks, void *arg);
/* Accepts NULL, sets NULL. */
void smtp_free(struct smtp **c);
/* Only while it is ready. mail is lent for the call and ends with CRLF; sender "" is the null
 * sender. No hook is called from inside. */
void
smtp_send(struct smtp *c, const char *sender, const char *recipient, const char *mail, size_t len);
bool smtp_is_ready(const struct smtp *c);
