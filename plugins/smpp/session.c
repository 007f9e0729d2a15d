/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The session machine. Whatever happens becomes an event; step() looks it up in the table, sets the
 * state and runs the effect. An effect may free the connection, so that every loop over input looks
 * after each PDU whether it is still there.
 */
#include "session.h"

#include "bytes.h"
#include "connect.h"
#include "frame.h"
#include "pdu.h"
#include "settings.h"
#include "smpp34.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>

#define OUTPUT_HIGH (256u * 1024) /* unread answers: above, nothing more is read */
#define OUTPUT_LOW (64u * 1024)
#define INPUT_HIGH (2u * FRAME_MAX)
#define CLOSING_MS 1000 /* for the last PDU to go out */
#define STEADY_MS 5000  /* bound for so long: the next wait is short again */

struct session {
	struct channel *channel;
	struct channel_link *link;
	const struct settings *settings;
	struct connect *connect;
	enum session_role role;
	const struct session_hooks *hooks;
	void *arg;

	enum session_state state;
	struct bufferevent *bev; /* NULL while down */
	struct event *tick;
	struct event *retry;
	uint32_t sequence;
	uint32_t read; /* PDUs that could be compared */
	uint32_t bind_sequence, enquire_sequence;
	bool enquiring; /* an enquire_link of ours is out */
	bool full;      /* reading stands still: the peer does not read our answers */
	bool stopping;  /* never to connect again */
	int64_t delay_ms;
	int64_t read_ms; /* when the input that is being taken was read */
	/* Monotonic times of when something began or came last; 0: not at all. */
	int64_t entered_ms, heard_ms, enquired_ms, message_ms, partial_ms, full_ms;
	uint32_t refused_with;
	char why[320];
};

static void step(struct session *s, enum session_event event, const struct pdu *pdu);

/* ---- small things ---- */

static const char *const state_names[] = { "down", "connecting", "binding", "bound", "draining",
	"unbinding", "closing" };
static const char *const event_names[] = { "start", "connected", "lost", "bind accepted",
	"bind refused", "enquire_link", "enquire_link_resp", "request", "response", "notice",
	"unbind", "unbind_resp", "unknown command", "malformed body", "broken length", "drain",
	"part" };

const char *
session_state_name(enum session_state state)
{
	return state_names[state];
}

const char *
session_event_name(enum session_event event)
{
	return event_names[event];
}

enum session_state
session_state_of(const struct session *s)
{
	return s->state;
}

enum session_role
session_role_of(const struct session *s)
{
	return s->role;
}

static const char *
role_name(const struct session *s)
{
	static const char *const names[] = { "transceiver", "transmitter", "receiver" };

	return names[s->role];
}

uint32_t
session_next_sequence(struct session *s)
{
	s->sequence = s->sequence >= 0x7fffffff ? 1 : s->sequence + 1;
	return s->sequence;
}

static void
send_octets(struct session *s, const void *octets, size_t len)
{
	if (s->bev != NULL && len > 0)
		bufferevent_write(s->bev, octets, len);
}

void
session_send(struct session *s, const struct bytes *pdus)
{
	send_octets(s, pdus->data, pdus->len);
}

bool
session_has_room(const struct session *s)
{
	return s->bev != NULL && evbuffer_get_length(bufferevent_get_output(s->bev)) < OUTPUT_LOW;
}

static void
send_header(struct session *s, uint32_t id, uint32_t status, uint32_t sequence)
{
	uint8_t header[FRAME_HEADER];

	frame_write(header, sizeof(header), id, status, sequence);
	send_octets(s, header, sizeof(header));
}

void
session_answer(struct session *s, uint32_t id, uint32_t sequence, uint32_t status)
{
	uint8_t pdu[FRAME_HEADER + 1] = { 0 }; /* an empty message_id behind the header */

	/* Without libsmpp34: it knows no sequence number outside 1…0x7fffffff, and the peer may. */
	frame_write(pdu, sizeof(pdu), id | PDU_RESPONSE, status, sequence);
	send_octets(s, pdu, sizeof(pdu));
}

static void
because(struct session *s, const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void
set_state(struct session *s, enum session_state next)
{
	enum session_state before = s->state;

	if (next == before)
		return;
	channel_log(s->channel, CHANNEL_LOG_INFO, "smpp: session link=%s role=%s %s -> %s%s%s",
	    channel_link_name(s->link), role_name(s), state_names[before], state_names[next],
	    s->why[0] != '\0' ? ": " : "", s->why);
	s->state = next;
	s->entered_ms = bytes_mono_ms();
}

/* Tells the owner; last of all, because it may do anything. */
static void
tell(struct session *s, enum session_state before)
{
	if (s->state != before)
		s->hooks->changed(s->arg, s, before, s->why[0] != '\0' ? s->why : NULL);
}

/* ---- down and up ---- */

static void
arm(struct event *event, int64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	event_add(event, &tv);
}

/* The wait before the next attempt: doubled each time, with a quarter of jitter either way. */
static int64_t
next_delay(struct session *s)
{
	uint32_t random;
	int64_t delay;

	if (s->delay_ms == 0)
		s->delay_ms = s->settings->reconnect_min_ms;
	delay = s->delay_ms;
	s->delay_ms *= 2;
	if (s->delay_ms > s->settings->reconnect_max_ms)
		s->delay_ms = s->settings->reconnect_max_ms;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return delay - delay / 4 + (int64_t)(random % (uint32_t)(delay / 2 + 1));
}

static void
drop_connection(struct session *s)
{
	struct bufferevent *bev = s->bev;

	event_del(s->tick);
	s->bev = NULL;
	s->enquiring = s->full = false;
	s->partial_ms = s->full_ms = 0;
	if (bev == NULL)
		return;
	bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	bufferevent_free(bev);
	s->hooks->closed(s->arg, s);
}

/* Effect: whatever was, there is no connection now. */
static void
go_down(struct session *s, const struct pdu *pdu)
{
	(void)pdu;
	drop_connection(s);
	if (s->stopping)
		return;
	int64_t wait = next_delay(s);
	arm(s->retry, wait);
	channel_log(s->channel, CHANNEL_LOG_DEBUG, "smpp: session link=%s connects in ms=%lld",
	    channel_link_name(s->link), (long long)wait);
}

static void
go_down_refused(struct session *s, const struct pdu *pdu)
{
	s->refused_with = pdu->frame.status;
	snprintf(s->why, sizeof(s->why), "bind refused with status 0x%x, %s", pdu->frame.status,
	    pdu_status_text(pdu->frame.status));
	go_down(s, pdu);
	s->hooks->refused(s->arg, s, s->refused_with);
}

static void on_read(struct bufferevent *bev, void *arg);
static void on_write(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);

static int64_t
tick_ms(const struct settings *t)
{
	int64_t least = 4000;
	const int64_t timers[] = { t->connect_ms, t->response_ms, t->enquire_ms, t->hold_ms,
		t->drain_ms, t->inactivity_ms };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		if (timers[i] > 0 && timers[i] < least)
			least = timers[i];
	return least / 4 > 10 ? least / 4 : 10;
}

static void
use_connection(struct session *s, struct bufferevent *bev)
{
	int64_t ms = tick_ms(s->settings);
	struct timeval every = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	s->bev = bev;
	s->sequence = 0;
	s->heard_ms = s->message_ms = bytes_mono_ms();
	bufferevent_setcb(bev, on_read, on_write, on_event, s);
	bufferevent_setwatermark(bev, EV_READ, 0, INPUT_HIGH);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	event_add(s->tick, &every);
}

static void
begin_connect(struct session *s, const struct pdu *pdu)
{
	struct bufferevent *bev;

	(void)pdu;
	event_del(s->retry);
	bev = connect_open(s->connect);
	if (bev == NULL) {
		because(s, connect_reason(s->connect, NULL, EVUTIL_SOCKET_ERROR()));
		step(s, SESSION_LOST, NULL);
		return;
	}
	use_connection(s, bev);
}

static void
send_bind(struct session *s, const struct pdu *pdu)
{
	static const uint32_t ids[] = { PDU_BIND_TRANSCEIVER, PDU_BIND_TRANSMITTER,
		PDU_BIND_RECEIVER };
	const struct settings *t = s->settings;
	struct bytes b = { 0 };
	struct pdu_bind bind = {
		.id = ids[s->role],
		.system_id = t->system_id,
		.password = t->password,
		.system_type = t->system_type,
		.address_range = t->address_range,
		.interface_version = t->interface_version,
		.address_ton = t->address_ton,
		.address_npi = t->address_npi,
	};

	(void)pdu;
	bind.sequence = s->bind_sequence = session_next_sequence(s);
	if (!smpp34_pack_bind(&b, &bind))
		pdu_write_bind(&b, &bind);
	session_send(s, &b);
	bytes_clear(&b);
}

static void
note_bound(struct session *s, const struct pdu *pdu)
{
	if ((pdu->has & PDU_HAS_INTERFACE_VERSION) != 0)
		channel_log(s->channel, CHANNEL_LOG_INFO,
		    "smpp: bound link=%s role=%s smsc=%s version=%x.%x", channel_link_name(s->link),
		    role_name(s), pdu->system_id, (unsigned)pdu->interface_version >> 4,
		    pdu->interface_version & 15u);
	s->message_ms = bytes_mono_ms();
}

/* ---- effects of what comes in ---- */

static void
answer_enquire(struct session *s, const struct pdu *pdu)
{
	send_header(s, PDU_ENQUIRE_LINK | PDU_RESPONSE, PDU_OK, pdu->frame.sequence);
}

static void
note_alive(struct session *s, const struct pdu *pdu)
{
	if (s->enquiring && pdu->frame.sequence == s->enquire_sequence)
		s->enquiring = false;
}

static void
pass_request(struct session *s, const struct pdu *pdu)
{
	if (s->role == SESSION_TRANSMITTER) {
		session_answer(s, pdu->frame.id, pdu->frame.sequence, PDU_RINVBNDSTS);
		return;
	}
	s->message_ms = s->read_ms;
	s->hooks->request(s->arg, s, pdu);
}

static void
answer_later(struct session *s, const struct pdu *pdu)
{
	session_answer(s, pdu->frame.id, pdu->frame.sequence, PDU_RX_T_APPN);
}

static void
answer_wrong_state(struct session *s, const struct pdu *pdu)
{
	session_answer(s, pdu->frame.id, pdu->frame.sequence, PDU_RINVBNDSTS);
}

static void
pass_response(struct session *s, const struct pdu *pdu)
{
	/* A nack of our enquire_link: whoever can refuse it is alive. */
	if (pdu->frame.id == PDU_GENERIC_NACK)
		note_alive(s, pdu);
	s->message_ms = s->read_ms;
	s->hooks->response(s->arg, s, pdu);
}

static void
ignore(struct session *s, const struct pdu *pdu)
{
	channel_log(s->channel, CHANNEL_LOG_DEBUG, "smpp: ignored link=%s command=0x%x",
	    channel_link_name(s->link), pdu->frame.id);
}

static void
answer_unknown(struct session *s, const struct pdu *pdu)
{
	channel_count(s->channel, "smpp_unknown", 1);
	if ((pdu->frame.id & PDU_RESPONSE) == 0)
		send_header(s, PDU_GENERIC_NACK, PDU_RINVCMDID, pdu->frame.sequence);
}

/* Nothing is read any more; on_write() or the clock ends it. */
static void
close_after_write(struct session *s)
{
	if (s->bev != NULL)
		bufferevent_disable(s->bev, EV_READ);
}

static void
nack_and_close(struct session *s, const struct pdu *pdu)
{
	channel_count(s->channel, "smpp_broken", 1);
	send_header(s, PDU_GENERIC_NACK, PDU_RINVCMDLEN, pdu->frame.sequence);
	close_after_write(s);
}

static void
answer_unbind(struct session *s, const struct pdu *pdu)
{
	send_header(s, PDU_UNBIND | PDU_RESPONSE, PDU_OK, pdu->frame.sequence);
	close_after_write(s);
}

/* The status of a body that cannot be read was put into the header's copy by dispatch(). */
static void
answer_malformed(struct session *s, const struct pdu *pdu)
{
	uint32_t id = pdu->frame.id;

	channel_count(s->channel, "smpp_malformed", 1);
	if (id == PDU_DELIVER_SM || id == PDU_DATA_SM)
		session_answer(s, id, pdu->frame.sequence, pdu->frame.status);
	else if ((id & PDU_RESPONSE) == 0 && id != PDU_ALERT_NOTIFICATION && id != PDU_OUTBIND)
		send_header(s, PDU_GENERIC_NACK, pdu->frame.status, pdu->frame.sequence);
}

static void
send_unbind(struct session *s, const struct pdu *pdu)
{
	(void)pdu;
	send_header(s, PDU_UNBIND, PDU_OK, session_next_sequence(s));
}

/* ---- the machine ---- */

#define EVERYWHERE(state, next)                                         \
	{ state, SESSION_LOST, SESSION_DOWN, go_down },                 \
	    { state, SESSION_ENQUIRE, next, answer_enquire },           \
	    { state, SESSION_ENQUIRE_RESP, next, note_alive },          \
	    { state, SESSION_NOTICE, next, ignore },                    \
	    { state, SESSION_UNKNOWN, next, answer_unknown },           \
	    { state, SESSION_MALFORMED, next, answer_malformed },       \
	    { state, SESSION_BROKEN, SESSION_CLOSING, nack_and_close }, \
	{                                                               \
		state, SESSION_UNBIND, SESSION_CLOSING, answer_unbind   \
	}

static const struct session_row table[] = {
	{ SESSION_BOUND, SESSION_REQUEST, SESSION_BOUND, pass_request },
	{ SESSION_BOUND, SESSION_RESPONSE, SESSION_BOUND, pass_response },
	{ SESSION_BOUND, SESSION_DRAIN, SESSION_DRAINING, NULL },
	{ SESSION_BOUND, SESSION_PART, SESSION_UNBINDING, send_unbind },
	EVERYWHERE(SESSION_BOUND, SESSION_BOUND),

	{ SESSION_DOWN, SESSION_START, SESSION_CONNECTING, begin_connect },
	{ SESSION_DOWN, SESSION_DRAIN, SESSION_DOWN, go_down },

	{ SESSION_CONNECTING, SESSION_CONNECTED, SESSION_BINDING, send_bind },
	{ SESSION_CONNECTING, SESSION_LOST, SESSION_DOWN, go_down },
	{ SESSION_CONNECTING, SESSION_DRAIN, SESSION_DOWN, go_down },

	{ SESSION_BINDING, SESSION_BIND_OK, SESSION_BOUND, note_bound },
	{ SESSION_BINDING, SESSION_BIND_BAD, SESSION_DOWN, go_down_refused },
	{ SESSION_BINDING, SESSION_REQUEST, SESSION_BINDING, answer_wrong_state },
	{ SESSION_BINDING, SESSION_DRAIN, SESSION_DOWN, go_down },
	EVERYWHERE(SESSION_BINDING, SESSION_BINDING),

	{ SESSION_DRAINING, SESSION_REQUEST, SESSION_DRAINING, answer_later },
	{ SESSION_DRAINING, SESSION_RESPONSE, SESSION_DRAINING, pass_response },
	{ SESSION_DRAINING, SESSION_PART, SESSION_UNBINDING, send_unbind },
	EVERYWHERE(SESSION_DRAINING, SESSION_DRAINING),

	{ SESSION_UNBINDING, SESSION_REQUEST, SESSION_UNBINDING, answer_later },
	{ SESSION_UNBINDING, SESSION_RESPONSE, SESSION_UNBINDING, pass_response },
	{ SESSION_UNBINDING, SESSION_UNBIND_RESP, SESSION_DOWN, go_down },
	{ SESSION_UNBINDING, SESSION_DRAIN, SESSION_UNBINDING, NULL },
	EVERYWHERE(SESSION_UNBINDING, SESSION_UNBINDING),

	{ SESSION_CLOSING, SESSION_LOST, SESSION_DOWN, go_down },
	{ SESSION_CLOSING, SESSION_DRAIN, SESSION_CLOSING, NULL },
};

const struct session_row *
session_table(size_t *rows)
{
	*rows = sizeof(table) / sizeof(table[0]);
	return table;
}

static void
step(struct session *s, enum session_event event, const struct pdu *pdu)
{
	enum session_state before = s->state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct session_row *row = &table[i];
		if (row->state != before || row->event != event)
			continue;
		set_state(s, row->next);
		if (row->effect != NULL)
			row->effect(s, pdu);
		if (s->state == row->next)
			tell(s, before);
		if (s->state == SESSION_DOWN || s->state == SESSION_BOUND)
			s->why[0] = '\0';
		return;
	}
	channel_log(s->channel, CHANNEL_LOG_DEBUG,
	    "smpp: no place for it link=%s state=%s event=%s", channel_link_name(s->link),
	    state_names[before], event_names[event]);
	if (event == SESSION_REQUEST)
		answer_wrong_state(s, pdu);
}

/* ---- from bytes to events ---- */

static bool
is_bind_resp(uint32_t id)
{
	return id == (PDU_BIND_TRANSCEIVER | PDU_RESPONSE) ||
	       id == (PDU_BIND_TRANSMITTER | PDU_RESPONSE) ||
	       id == (PDU_BIND_RECEIVER | PDU_RESPONSE);
}

static enum session_event
event_of(const struct session *s, const struct pdu *pdu)
{
	switch (pdu->frame.id) {
	case PDU_DELIVER_SM:
	case PDU_DATA_SM:
		return SESSION_REQUEST;
	case PDU_ENQUIRE_LINK:
		return SESSION_ENQUIRE;
	case PDU_ENQUIRE_LINK | PDU_RESPONSE:
		return SESSION_ENQUIRE_RESP;
	case PDU_UNBIND:
		return SESSION_UNBIND;
	case PDU_UNBIND | PDU_RESPONSE:
		return SESSION_UNBIND_RESP;
	case PDU_GENERIC_NACK:
		return s->state == SESSION_BINDING ? SESSION_BIND_BAD : SESSION_RESPONSE;
	case PDU_SUBMIT_SM | PDU_RESPONSE:
		return SESSION_RESPONSE;
	case PDU_ALERT_NOTIFICATION:
	case PDU_OUTBIND:
	case PDU_DATA_SM | PDU_RESPONSE:
	case PDU_DELIVER_SM | PDU_RESPONSE:
		return SESSION_NOTICE;
	default:
		break;
	}
	if (!is_bind_resp(pdu->frame.id))
		return SESSION_UNKNOWN;
	if (s->state != SESSION_BINDING)
		return SESSION_NOTICE;
	return pdu->frame.status == PDU_OK ? SESSION_BIND_OK : SESSION_BIND_BAD;
}

/* Compares our reading with libsmpp34's; ours stands. It writes every field into a log of its own,
 * which costs more than all else that is done with a message, so after the first ones of a link
 * only some are compared. */
static void
cross_check(struct session *s, const struct pdu *pdu)
{
	enum { FIRST = 200, THEN_EVERY = 64 };
	const char *what;
	enum smpp34_verdict verdict;

	if (s->read++ >= FIRST && s->read % THEN_EVERY != 0)
		return;
	verdict = smpp34_check(pdu, &what);
	if (verdict != SMPP34_DIFFERENT && verdict != SMPP34_REFUSED)
		return;
	channel_count(s->channel, "smpp_disagreed", 1);
	channel_log(s->channel, CHANNEL_LOG_DEBUG,
	    "smpp: libsmpp34 reads it otherwise link=%s command=0x%x field=%s",
	    channel_link_name(s->link), pdu->frame.id, what != NULL ? what : "");
}

static void
dispatch(struct session *s, const uint8_t *octets, size_t len)
{
	struct pdu pdu;
	uint32_t status = pdu_parse(octets, len, &pdu);

	/* Only an answer shows that the peer still reads what we send. */
	if ((pdu.frame.id & PDU_RESPONSE) != 0)
		s->heard_ms = s->read_ms;
	if (status == PDU_RINVCMDID) {
		step(s, SESSION_UNKNOWN, &pdu);
	} else if (status != PDU_OK) {
		channel_log(s->channel, CHANNEL_LOG_WARNING,
		    "smpp: malformed link=%s command=0x%x sequence=%u length=%u: %s",
		    channel_link_name(s->link), pdu.frame.id, pdu.frame.sequence, pdu.frame.length,
		    pdu_status_text(status));
		pdu.frame.status = status;
		step(s, SESSION_MALFORMED, &pdu);
	} else {
		cross_check(s, &pdu);
		step(s, event_of(s, &pdu), &pdu);
	}
}

/* One PDU from the front of the input; false when there is none to take. */
static bool
take_pdu(struct session *s, struct evbuffer *in)
{
	struct bufferevent *bev = s->bev;
	struct pdu broken = { 0 };
	uint8_t *octets;

	switch (frame_peek(in, &broken.frame)) {
	case FRAME_MORE:
		return false;
	case FRAME_BAD_LENGTH:
		snprintf(s->why, sizeof(s->why), "a PDU of %u octets", broken.frame.length);
		step(s, SESSION_BROKEN, &broken);
		return false;
	case FRAME_READY:
		break;
	}
	octets = evbuffer_pullup(in, (ev_ssize_t)broken.frame.length);
	if (octets == NULL)
		return false;
	dispatch(s, octets, broken.frame.length);
	if (s->bev != bev)
		return false;
	evbuffer_drain(in, broken.frame.length);
	return s->state != SESSION_CLOSING;
}

/* The peer does not read: read nothing from it either. */
static bool
stop_when_full(struct session *s)
{
	if (evbuffer_get_length(bufferevent_get_output(s->bev)) < OUTPUT_HIGH)
		return false;
	s->full = true;
	s->full_ms = bytes_mono_ms();
	bufferevent_disable(s->bev, EV_READ);
	return true;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	s->read_ms = bytes_mono_ms(); /* once: it may be hundreds of PDUs */
	while (!s->full && s->state != SESSION_CLOSING && take_pdu(s, in)) {
		s->partial_ms = 0;
		if (stop_when_full(s))
			break;
	}
	if (s->bev != bev)
		return;
	if (evbuffer_get_length(in) == 0 || s->full)
		s->partial_ms = 0;
	else if (s->partial_ms == 0) /* not later: a peer may send an octet a second */
		s->partial_ms = s->read_ms;
}

/* Called when all output is gone. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct session *s = arg;

	if (s->state == SESSION_CLOSING) {
		step(s, SESSION_LOST, NULL);
		return;
	}
	if (s->full) {
		s->full = false;
		bufferevent_enable(bev, EV_READ);
		on_read(bev, s);
	}
	if (s->bev == bev)
		s->hooks->tick(s->arg, s);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct session *s = arg;

	if ((what & BEV_EVENT_CONNECTED) != 0) {
		step(s, SESSION_CONNECTED, NULL);
		return;
	}
	if (s->why[0] == '\0')
		because(s, (what & BEV_EVENT_EOF) != 0
			       ? "the SMSC closed the connection"
			       : connect_reason(s->connect, bev, EVUTIL_SOCKET_ERROR()));
	step(s, SESSION_LOST, NULL);
}

/* ---- time ---- */

static bool
past(int64_t since_ms, int64_t limit_ms, int64_t now_ms)
{
	return since_ms != 0 && now_ms - since_ms >= limit_ms;
}

/* Why the session is to be given up now, or NULL. */
static const char *
ran_out(const struct session *s, int64_t now)
{
	const struct settings *t = s->settings;

	if (s->state == SESSION_CONNECTING && past(s->entered_ms, t->connect_ms, now))
		return "no connection within connect_timeout";
	if (s->state == SESSION_BINDING && past(s->entered_ms, t->response_ms, now))
		return "no answer to the bind within response_timeout";
	if (s->state == SESSION_UNBINDING && past(s->entered_ms, t->response_ms, now))
		return "no answer to the unbind within response_timeout";
	if (s->state == SESSION_CLOSING && past(s->entered_ms, CLOSING_MS, now))
		return "the last answer could not be written";
	if (s->enquiring && past(s->enquired_ms, t->response_ms, now))
		return "no answer to enquire_link within response_timeout";
	if (past(s->partial_ms, t->response_ms, now))
		return "a PDU was begun and not completed within response_timeout";
	if (s->full && past(s->full_ms, t->response_ms, now))
		return "the SMSC does not read our answers";
	return NULL;
}

void
session_enquire(struct session *s)
{
	if (s->enquiring || (s->state != SESSION_BOUND && s->state != SESSION_DRAINING))
		return;
	s->enquiring = true;
	s->enquired_ms = bytes_mono_ms();
	s->enquire_sequence = session_next_sequence(s);
	send_header(s, PDU_ENQUIRE_LINK, PDU_OK, s->enquire_sequence);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;
	int64_t now = bytes_mono_ms();
	const char *why = ran_out(s, now);

	(void)fd;
	(void)what;
	if (why != NULL) {
		because(s, why);
		step(s, SESSION_LOST, NULL);
		return;
	}
	if (s->state == SESSION_BOUND && past(s->entered_ms, STEADY_MS, now))
		s->delay_ms = 0;
	if (past(s->heard_ms, s->settings->enquire_ms, now))
		session_enquire(s);
	if (s->state == SESSION_BOUND && s->settings->inactivity_ms > 0 &&
	    past(s->message_ms, s->settings->inactivity_ms, now)) {
		because(s, "no message within inactivity");
		step(s, SESSION_PART, NULL);
		return;
	}
	s->hooks->tick(s->arg, s);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	session_start(arg);
}

/* ---- for the owner ---- */

struct session *
session_new(struct channel *channel, struct channel_link *link, const struct settings *settings,
    struct connect *connect, enum session_role role, const struct session_hooks *hooks, void *arg)
{
	struct session *s = bytes_alloc(1, sizeof(*s));

	s->channel = channel;
	s->link = link;
	s->settings = settings;
	s->connect = connect;
	s->role = role;
	s->hooks = hooks;
	s->arg = arg;
	s->tick = event_new(channel_loop(channel), -1, EV_PERSIST, on_tick, s);
	s->retry = event_new(channel_loop(channel), -1, 0, on_retry, s);
	if (s->tick == NULL || s->retry == NULL)
		abort();
	return s;
}

void
session_free(struct session **s)
{
	if (*s == NULL)
		return;
	(*s)->stopping = true;
	drop_connection(*s);
	event_free((*s)->tick);
	event_free((*s)->retry);
	free(*s);
	*s = NULL;
}

void
session_start(struct session *s)
{
	if (!s->stopping)
		step(s, SESSION_START, NULL);
}

void
session_drain(struct session *s)
{
	s->stopping = true;
	event_del(s->retry);
	step(s, SESSION_DRAIN, NULL);
}

void
session_part(struct session *s)
{
	if (s->state == SESSION_BOUND || s->state == SESSION_DRAINING)
		step(s, SESSION_PART, NULL);
}

void
session_restart(struct session *s)
{
	s->delay_ms = 0;
	if (s->state != SESSION_DOWN)
		step(s, SESSION_LOST, NULL);
	event_del(s->retry);
	arm(s->retry, 0);
}

bool
session_enquiring(const struct session *s)
{
	return s->enquiring;
}

bool
session_heard(const struct session *s, int64_t since_ms)
{
	return s->heard_ms >= since_ms;
}

void
session_set_role(struct session *s, enum session_role role)
{
	s->role = role;
}

void
session_attach(struct session *s, struct bufferevent *bev)
{
	set_state(s, SESSION_CONNECTING);
	use_connection(s, bev);
	step(s, SESSION_CONNECTED, NULL);
}
