/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;
struct connect;
struct pdu;
struct session;
struct settings;

/*
 * One connection to an SMSC and its SMPP session, as a table of { state, event, next, effect }. It
 * connects, binds, answers enquire_link always, asks itself, keeps every timer, gives requests and
 * responses to its owner, and when it is lost connects again after a while, for ever.
 */
enum session_state {
	SESSION_DOWN,       /* waiting to connect anew, or not started */
	SESSION_CONNECTING, /* TCP, TLS */
	SESSION_BINDING,    /* the bind is out */
	SESSION_BOUND,
	SESSION_DRAINING,  /* bound; nothing new, what is in hand is finished */
	SESSION_UNBINDING, /* our unbind is out */
	SESSION_CLOSING,   /* a last PDU is being written, nothing is read any more */
};

enum session_event {
	SESSION_START,
	SESSION_CONNECTED,
	SESSION_LOST,     /* closed, reset, a timer of ours ran out */
	SESSION_BIND_OK,  /* bind_*_resp with status 0 */
	SESSION_BIND_BAD, /* with another, or generic_nack while binding */
	SESSION_ENQUIRE,
	SESSION_ENQUIRE_RESP,
	SESSION_REQUEST,  /* deliver_sm, data_sm */
	SESSION_RESPONSE, /* submit_sm_resp, generic_nack */
	SESSION_NOTICE,   /* alert_notification, outbind, responses to nothing */
	SESSION_UNBIND,
	SESSION_UNBIND_RESP,
	SESSION_UNKNOWN,   /* a command that is not for an ESME */
	SESSION_MALFORMED, /* a body that cannot be read */
	SESSION_BROKEN,    /* a length that cannot be */
	SESSION_DRAIN,
	SESSION_PART, /* nothing is in hand any more: unbind */
};

/* A row of the machine. An event without a row in a state is logged and, if it is a request,
 * answered with "wrong bind state". */
struct session_row {
	enum session_state state;
	enum session_event event;
	enum session_state next;
	void (*effect)(struct session *, const struct pdu *);
};
const struct session_row *session_table(size_t *rows);
const char *session_state_name(enum session_state state);
const char *session_event_name(enum session_event event);

enum session_role { SESSION_TRANSCEIVER, SESSION_TRANSMITTER, SESSION_RECEIVER };

struct session_hooks {
	/* The state has changed; why is for people, or NULL. */
	void (*changed)(void *arg, struct session *, enum session_state before, const char *why);
	/* The bind was refused; the session is down and will try again. */
	void (*refused)(void *arg, struct session *, uint32_t status);
	/* deliver_sm or data_sm, to be answered with session_send(), now or later. */
	void (*request)(void *arg, struct session *, const struct pdu *);
	/* submit_sm_resp or generic_nack. */
	void (*response)(void *arg, struct session *, const struct pdu *);
	/* The connection has gone: answers and outstanding requests are void. */
	void (*closed)(void *arg, struct session *);
	/* Some time has passed; at least four times in each of the timers. */
	void (*tick)(void *arg, struct session *);
};

/* settings, connect, hooks and arg are lent for the life of the session. */
struct session *
session_new(struct channel *channel, struct channel_link *link, const struct settings *settings,
    struct connect *connect, enum session_role role, const struct session_hooks *hooks, void *arg);
/* Without a good-bye; closed() is called if it was connected. */
void session_free(struct session **s);

void session_start(struct session *s);
/* Takes nothing new. A session that is not bound goes down at once, and stays down. */
void session_drain(struct session *s);
/* Unbinds after session_drain(). */
void session_part(struct session *s);
/* Takes effect with the next bind. */
void session_set_role(struct session *s, enum session_role role);
/* Goes down at once and tries again at once, as after a change of role. */
void session_restart(struct session *s);

/* Asks the peer whether it is there, unless it is being asked: without an answer the session ends.
 */
void session_enquire(struct session *s);
/* Whether it is being asked. */
bool session_enquiring(const struct session *s);
/* Whether the peer has answered anything at this monotonic time or since. */
bool session_heard(const struct session *s, int64_t since_ms);

enum session_state session_state_of(const struct session *s);
enum session_role session_role_of(const struct session *s);
/* 1…0x7fffffff, then 1 again. */
uint32_t session_next_sequence(struct session *s);
/* Writes PDUs; they are dropped when there is no connection. */
void session_send(struct session *s, const struct bytes *pdus);
/* False: the pipe to the peer is full; send requests later. */
bool session_has_room(const struct session *s);
/* Answers a deliver_sm or data_sm. */
void session_answer(struct session *s, uint32_t id, uint32_t sequence, uint32_t status);

/* For tests and the fuzzer: bytes as if they had come from the peer, in a session that has no
 * socket (attached to a bufferevent of the caller's). */
struct bufferevent;
void session_attach(struct session *s, struct bufferevent *bev);
