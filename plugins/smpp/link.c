/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions, deliver and submit put together, and the state of the link told to the runtime. */
#include "link.h"

#include "bytes.h"
#include "connect.h"
#include "deliver.h"
#include "pdu.h"
#include "session.h"
#include "settings.h"
#include "submit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

enum { FIRST, SECOND, SESSIONS };

struct link {
	struct channel *channel;
	struct channel_link *channel_link;
	struct settings settings;
	const struct link_hooks *hooks;
	void *arg;
	struct connect *connect;
	struct session *sessions[SESSIONS]; /* SECOND: the receiver of a pair, or NULL */
	struct deliver *deliver;
	struct submit *submit;
	struct event *stop_timer;
	int64_t stop_since_ms;
	bool started, stopping, stopped;
	bool bind_refused, submit_paused;
	enum channel_link_state told;
	char detail[320]; /* why the link is not up */
	char told_detail[320];
};

static bool
is_bound(const struct session *s)
{
	return s != NULL &&
	       (session_state_of(s) == SESSION_BOUND || session_state_of(s) == SESSION_DRAINING);
}

static bool
is_pair(const struct link *l)
{
	return l->sessions[SECOND] != NULL;
}

/* ---- the state, as the runtime is told ---- */

static enum channel_link_state
state_of(const struct link *l)
{
	const struct session *first = l->sessions[FIRST];

	if (l->submit_paused || l->bind_refused)
		return CHANNEL_LINK_BLOCKED;
	if (session_state_of(first) == SESSION_BOUND)
		return session_role_of(first) == SESSION_RECEIVER ? CHANNEL_LINK_DOWN
								  : CHANNEL_LINK_UP;
	return session_state_of(first) == SESSION_CONNECTING ||
		       session_state_of(first) == SESSION_BINDING
		   ? CHANNEL_LINK_CONNECTING
		   : CHANNEL_LINK_DOWN;
}

static void
tell_state(struct link *l, const char *why)
{
	enum channel_link_state state = state_of(l);
	bool half = state == CHANNEL_LINK_UP && is_pair(l) && !is_bound(l->sessions[SECOND]);

	if (why != NULL)
		snprintf(l->detail, sizeof(l->detail), "%s", why);
	if (state == CHANNEL_LINK_UP && !half)
		l->detail[0] = '\0';
	if (state == CHANNEL_LINK_DOWN && is_bound(l->sessions[FIRST]))
		snprintf(l->detail, sizeof(l->detail), "%s",
		    l->stopping ? "draining: what is on its way is finished, nothing new is taken"
				: "bound as a receiver: it takes messages in and sends none");
	if (half)
		snprintf(l->detail, sizeof(l->detail), "the receiver is not bound");
	if (state == l->told && strcmp(l->detail, l->told_detail) == 0)
		return;
	l->told = state;
	memcpy(l->told_detail, l->detail, sizeof(l->told_detail));
	channel_link_state(
	    l->channel, l->channel_link, state, l->detail[0] != '\0' ? l->detail : NULL);
}

static void
set_bind_refused(struct link *l, bool refused, const char *detail)
{
	if (l->bind_refused == refused)
		return;
	l->bind_refused = refused;
	channel_alarm(l->channel, l->channel_link, "bind", refused, detail);
}

/* ---- draining ---- */

static void
begin_stop_timer(struct link *l)
{
	struct timeval every = { .tv_usec = 20000 };

	l->stop_since_ms = bytes_mono_ms();
	event_add(l->stop_timer, &every);
}

static bool
all_down(const struct link *l)
{
	for (size_t i = 0; i < SESSIONS; i++)
		if (l->sessions[i] != NULL && session_state_of(l->sessions[i]) != SESSION_DOWN)
			return false;
	return true;
}

/* Parts when nothing is in hand or drain_timeout is over; ends when all sessions are down. */
static void
on_stop_timer(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;
	bool late = bytes_mono_ms() - l->stop_since_ms >= l->settings.drain_ms;

	(void)fd;
	(void)what;
	if (late || (deliver_pending(l->deliver) == 0 && submit_pending(l->submit) == 0))
		for (size_t i = 0; i < SESSIONS; i++)
			if (l->sessions[i] != NULL)
				session_part(l->sessions[i]);
	if (!all_down(l) || l->stopped)
		return;
	if (submit_pending(l->submit) > 0)
		return; /* their ends are told in the next turn of the loop */
	l->stopped = true;
	event_del(l->stop_timer);
	l->hooks->stopped(l->arg, l);
}

/* ---- hooks of the sessions ---- */

static void
on_changed(void *arg, struct session *session, enum session_state before, const char *why)
{
	struct link *l = arg;
	enum session_state now = session_state_of(session);
	bool first = session == l->sessions[FIRST];

	(void)before;
	if (now == SESSION_BOUND) {
		set_bind_refused(l, false, NULL);
		if (first && session_role_of(session) != SESSION_RECEIVER)
			submit_use(l->submit, session);
	}
	tell_state(l, first ? why : NULL);
}

/* "Invalid command id" for a transceiver: an SMSC of the old school wants two connections. */
static bool fall_back(struct link *l, struct session *session, uint32_t status);

static void
on_refused(void *arg, struct session *session, uint32_t status)
{
	struct link *l = arg;
	char detail[160];

	if (fall_back(l, session, status))
		return;
	snprintf(detail, sizeof(detail), "the SMSC refuses our bind with status 0x%x, %s", status,
	    pdu_status_text(status));
	/* Once: it is tried for ever. */
	if (!l->bind_refused)
		channel_log(l->channel, CHANNEL_LOG_ERROR,
		    "smpp: bind refused link=%s: %s; tried again until it is accepted",
		    channel_link_name(l->channel_link), detail);
	set_bind_refused(l, true, detail);
}

static void
on_request(void *arg, struct session *session, const struct pdu *pdu)
{
	struct link *l = arg;

	deliver_take(l->deliver, session, pdu);
}

static void
on_response(void *arg, struct session *session, const struct pdu *pdu)
{
	struct link *l = arg;

	if (session == l->sessions[FIRST])
		submit_response(l->submit, pdu);
}

static void
on_closed(void *arg, struct session *session)
{
	struct link *l = arg;

	deliver_forget(l->deliver, session);
	if (session == l->sessions[FIRST])
		submit_use(l->submit, NULL);
}

/* A request has no answer, and for a while nothing else has come: the other end may be gone, though
 * nobody told. It is asked, and until that is known nothing is sent again, which would only go the
 * same way. */
static bool
in_doubt(const struct link *l, struct session *session)
{
	int64_t sent_ms = submit_oldest_ms(l->submit);
	int64_t limit_ms = bytes_mono_ms() - l->settings.response_ms / 2;

	if (sent_ms == 0)
		return false;
	if (sent_ms <= limit_ms && !session_heard(session, limit_ms))
		session_enquire(session);
	return session_enquiring(session);
}

static void
on_tick(void *arg, struct session *session)
{
	struct link *l = arg;

	deliver_tick(l->deliver);
	if (session == l->sessions[FIRST] && !in_doubt(l, session))
		submit_tick(l->submit);
}

static const struct session_hooks session_hooks = { on_changed, on_refused, on_request, on_response,
	on_closed, on_tick };

static struct session *
new_session(struct link *l, enum session_role role)
{
	return session_new(
	    l->channel, l->channel_link, &l->settings, l->connect, role, &session_hooks, l);
}

static bool
fall_back(struct link *l, struct session *session, uint32_t status)
{
	if (l->settings.bind != BIND_AUTO || status != PDU_RINVCMDID || is_pair(l) || l->stopping)
		return false;
	channel_log(l->channel, CHANNEL_LOG_INFO,
	    "smpp: no transceiver here, binding transmitter and receiver link=%s",
	    channel_link_name(l->channel_link));
	session_set_role(session, SESSION_TRANSMITTER);
	l->sessions[SECOND] = new_session(l, SESSION_RECEIVER);
	session_restart(session);
	session_start(l->sessions[SECOND]);
	return true;
}

/* ---- hook of submit ---- */

static void
on_paused(void *arg, bool paused, const char *detail)
{
	struct link *l = arg;

	l->submit_paused = paused;
	tell_state(l, detail);
}

static void
on_alarm(void *arg, bool raised, const char *detail)
{
	struct link *l = arg;

	channel_alarm(l->channel, l->channel_link, "submit", raised, detail);
	if (!raised)
		tell_state(l, "messages are accepted again");
}

static const struct submit_hooks submit_hooks = { on_paused, on_alarm };

/* ---- for the plugin ---- */

struct link *
link_new(struct channel *channel, struct channel_link *channel_link, const struct link_hooks *hooks,
    void *arg, struct channel_error *error)
{
	struct link *l = bytes_alloc(1, sizeof(*l));
	static const enum session_role roles[] = {
		[BIND_AUTO] = SESSION_TRANSCEIVER,
		[BIND_TRANSCEIVER] = SESSION_TRANSCEIVER,
		[BIND_PAIR] = SESSION_TRANSMITTER,
		[BIND_TRANSMITTER] = SESSION_TRANSMITTER,
		[BIND_RECEIVER] = SESSION_RECEIVER,
	};

	l->channel = channel;
	l->channel_link = channel_link;
	l->hooks = hooks;
	l->arg = arg;
	settings_read(channel, channel_link, &l->settings);
	l->connect = connect_new(channel_loop(channel), &l->settings, error);
	if (l->connect == NULL) {
		free(l);
		return NULL;
	}
	l->deliver = deliver_new(channel, channel_link, &l->settings);
	l->submit = submit_new(channel, channel_link, &l->settings, &submit_hooks, l);
	l->sessions[FIRST] = new_session(l, roles[l->settings.bind]);
	if (l->settings.bind == BIND_PAIR)
		l->sessions[SECOND] = new_session(l, SESSION_RECEIVER);
	l->stop_timer = event_new(channel_loop(channel), -1, EV_PERSIST, on_stop_timer, l);
	if (l->stop_timer == NULL)
		abort();
	return l;
}

void
link_free(struct link **l)
{
	if (*l == NULL)
		return;
	for (size_t i = 0; i < SESSIONS; i++)
		session_free(&(*l)->sessions[i]);
	submit_free(&(*l)->submit);
	deliver_free(&(*l)->deliver);
	connect_free(&(*l)->connect);
	event_free((*l)->stop_timer);
	free(*l);
	*l = NULL;
}

void
link_start(struct link *l)
{
	for (size_t i = 0; i < SESSIONS; i++)
		if (l->sessions[i] != NULL)
			session_start(l->sessions[i]);
}

void
link_stop(struct link *l)
{
	if (l->stopping)
		return;
	l->stopping = true;
	submit_drain(l->submit);
	for (size_t i = 0; i < SESSIONS; i++)
		if (l->sessions[i] != NULL)
			session_drain(l->sessions[i]);
	begin_stop_timer(l);
}

void
link_send(struct link *l, struct channel_message *message)
{
	submit_take(l->submit, message);
}

void
link_flow(struct link *l)
{
	deliver_flow(l->deliver);
}

void
link_attach(struct link *l, struct bufferevent *bev)
{
	session_attach(l->sessions[FIRST], bev);
}
