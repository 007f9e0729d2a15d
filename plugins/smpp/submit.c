/* SPDX-License-Identifier: BSD-2-Clause */
/* From a message of the runtime to parts, submit_sm, their answers, and the message's end. */
#include "submit.h"

#include "address.h"
#include "bytes.h"
#include "pdu.h"
#include "session.h"
#include "settings.h"
#include "smpp34.h"
#include "udh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/util.h>

#define SLOW_MOST 30  /* times throttle_delay */
#define SLOW_TIMES 20 /* after so many waits the runtime is asked to come again */
#define RETRY_TIMES 2 /* of a part, here; after that the runtime decides */
#define AGAIN 3       /* times retry_delay: what the runtime is told to wait */
#define AGAIN_FULL 18 /* the same after "queue full" */
#define PAUSE 6       /* times retry_delay: rest of a link whose settings are refused */
#define LONGEST_PAYLOAD 65535

enum part_state { PART_WAITING, PART_SENT, PART_ACCEPTED, PART_FAILED };

struct part {
	enum part_state state;
	uint32_t sequence;
	int64_t sent_ms;
	int64_t not_before_ms;
	unsigned retries;
	char id[PDU_ADDRESS];
};

/* One message of the runtime's. Owned by the list it sits in. */
struct outgoing {
	TAILQ_ENTRY(outgoing) entry;
	struct channel_message *message;
	struct channel_split split;
	struct part *parts;
	uint16_t reference;
	struct address_wire source, destination;
	bool begun;
	bool failed; /* nothing more of it is sent; end tells how */
	enum channel_sent end;
	int64_t retry_ms;
	char detail[160];
};
TAILQ_HEAD(outgoing_list, outgoing);

struct submit {
	struct channel *channel;
	struct channel_link *link;
	const struct settings *settings;
	const struct submit_hooks *hooks;
	void *arg;
	struct session *session; /* NULL: none that is bound */
	struct outgoing_list waiting, ended;
	size_t pending, unanswered;
	uint16_t reference;
	struct event *end_event; /* channel_message_done() is called from here only */
	bool draining;
	bool refused; /* our settings are; the alarm is raised */
	bool paused;  /* because of that, until pause_until_ms */
	int64_t pause_until_ms, slow_ms;
	unsigned slowed;
	size_t window, grown; /* halved by "slow down", one more after so many acceptances */
};

/* ---- classes ---- */

enum submit_class
submit_class_of(uint32_t status)
{
	static const struct {
		uint32_t first, last;
		enum submit_class class;
	} classes[] = {
		{ 0x00, 0x00, SUBMIT_ACCEPTED },
		{ 0x14, 0x14, SUBMIT_SLOW_DOWN },
		{ 0x58, 0x58, SUBMIT_SLOW_DOWN },
		{ 0x08, 0x08, SUBMIT_RETRY },
		{ 0x45, 0x45, SUBMIT_RETRY },
		{ 0x64, 0x64, SUBMIT_RETRY },
		{ 0xff, 0xff, SUBMIT_RETRY },
		{ 0x400, 0x4ff, SUBMIT_RETRY },
		{ 0x02, 0x05, SUBMIT_LINK },
		{ 0x0a, 0x0a, SUBMIT_LINK },
		{ 0x0d, 0x0f, SUBMIT_LINK },
		{ 0x15, 0x15, SUBMIT_LINK },
		{ 0x48, 0x49, SUBMIT_LINK },
		{ 0x53, 0x53, SUBMIT_LINK },
	};

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (status >= classes[i].first && status <= classes[i].last)
			return classes[i].class;
	/* Every other of the specification is about this message; an unheard-of one too: a
	 * message that is tried for ever stops those behind it. */
	return SUBMIT_GIVE_UP;
}

void
submit_validity(int64_t seconds, char out[17])
{
	const int64_t day = 86400;
	unsigned rest;

	if (seconds < 60)
		seconds = 60;
	if (seconds > 28 * day)
		seconds = 28 * day;
	rest = (unsigned)(seconds % day);
	snprintf(out, 17, "0000%02u%02u%02u%02u000R", (unsigned)(seconds / day) % 100, rest / 3600,
	    rest / 60 % 60, rest % 60);
}

/* ---- ends ---- */

static void
free_outgoing(struct outgoing *o)
{
	channel_split_clear(&o->split);
	free(o->parts);
	free(o);
}

static void
join_ids(const struct outgoing *o, struct bytes *ids)
{
	bytes_add(ids, "", 0);
	for (size_t i = 0; i < o->split.count; i++)
		if (o->parts[i].id[0] != '\0')
			bytes_printf(ids, "%s%s", ids->len > 0 ? "," : "", o->parts[i].id);
}

static void
report_end(struct outgoing *o)
{
	struct bytes ids = { 0 };

	join_ids(o, &ids);
	channel_message_done(o->message, o->end, (const char *)ids.data, (unsigned)o->split.count,
	    o->retry_ms, o->detail);
	bytes_clear(&ids);
	free_outgoing(o);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct submit *s = arg;
	struct outgoing *o;

	(void)fd;
	(void)what;
	while ((o = TAILQ_FIRST(&s->ended)) != NULL) {
		TAILQ_REMOVE(&s->ended, o, entry);
		s->pending--;
		report_end(o);
	}
}

static void
end(struct submit *s, struct outgoing *o)
{
	TAILQ_REMOVE(&s->waiting, o, entry);
	TAILQ_INSERT_TAIL(&s->ended, o, entry);
	event_active(s->end_event, EV_TIMEOUT, 1);
}

/* The worst that has happened to a part decides: failed, then unknown, then to be tried again. */
static void
fail(struct outgoing *o, enum channel_sent how, int64_t retry_ms, const char *detail)
{
	static const int weight[] = { [CHANNEL_SENT_OK] = 0,
		[CHANNEL_SENT_RETRY] = 1,
		[CHANNEL_SENT_UNKNOWN] = 2,
		[CHANNEL_SENT_FAILED] = 3 };

	if (o->failed && weight[how] <= weight[o->end])
		return;
	o->failed = true;
	o->end = how;
	o->retry_ms = retry_ms;
	snprintf(o->detail, sizeof(o->detail), "%s", detail);
}

/* Ends a message of which no part is under way any more. */
static void
settle(struct submit *s, struct outgoing *o)
{
	size_t accepted = 0;

	for (size_t i = 0; i < o->split.count; i++) {
		if (o->parts[i].state == PART_SENT)
			return;
		accepted += o->parts[i].state == PART_ACCEPTED;
	}
	if (accepted == o->split.count) {
		o->end = CHANNEL_SENT_OK;
		o->failed = false;
		end(s, o);
	} else if (o->failed) {
		end(s, o);
	}
}

/* ---- sending ---- */

static uint8_t
priority_of(const struct channel_message *m)
{
	return channel_message_priority(m) == CHANNEL_DANGER ? 3 : 0;
}

/* The octets of one part with the header that its way of being long wants. */
static void
fill_part(const struct submit *s, const struct outgoing *o, size_t index, struct bytes *octets,
    struct pdu_submit *out)
{
	const struct channel_piece *piece = &o->split.pieces[index];
	unsigned total = (unsigned)o->split.count, number = (unsigned)index + 1;
	enum settings_long how = s->settings->long_messages;

	if (total > 1 && how == LONG_SAR) {
		out->sar_reference = o->reference;
		out->sar_total = (uint8_t)total;
		out->sar_number = (uint8_t)number;
	} else if (total > 1) {
		uint8_t header[UDH_LONGEST];
		size_t len =
		    udh_build(header, how == LONG_UDH16 ? 16 : 8, o->reference, total, number);
		bytes_add(octets, header, len);
		out->esm_class = 0x40;
	}
	bytes_add(octets, piece->octets, piece->len);
	out->message = octets->data;
	out->message_len = octets->len;
	out->as_payload = octets->len > (o->split.coding == CHANNEL_UCS2 ? 140 : 160);
}

static bool
pack_part(struct submit *s, struct outgoing *o, size_t index, struct bytes *out)
{
	struct bytes octets = { 0 };
	int64_t not_after = channel_message_not_after(o->message);
	struct pdu_submit p = {
		.sequence = o->parts[index].sequence,
		.service_type = s->settings->service_type,
		.source = o->source.text,
		.destination = o->destination.text,
		.source_ton = o->source.ton,
		.source_npi = o->source.npi,
		.destination_ton = o->destination.ton,
		.destination_npi = o->destination.npi,
		.priority = priority_of(o->message),
		.registered_delivery = s->settings->registered_delivery,
		.data_coding =
		    o->split.coding == CHANNEL_UCS2 ? CODING_SEND_UCS2 : CODING_SEND_GSM7,
	};
	bool packed;

	if (not_after != 0)
		submit_validity((not_after - channel_now()) / 1000000, p.validity);
	bytes_add(&octets, "", 0);
	fill_part(s, o, index, &octets, &p);
	packed = smpp34_pack_submit(out, &p);
	bytes_clear(&octets);
	return packed;
}

static bool
too_late(const struct outgoing *o)
{
	int64_t not_after = channel_message_not_after(o->message);

	return not_after != 0 && channel_now() >= not_after;
}

static void
send_part(struct submit *s, struct outgoing *o, size_t index)
{
	struct part *part = &o->parts[index];
	struct bytes pdu = { 0 };

	part->sequence = session_next_sequence(s->session);
	if (!pack_part(s, o, index, &pdu)) {
		fail(o, CHANNEL_SENT_FAILED, 0,
		    "it cannot be written as a submit_sm; an address is too long");
		part->state = PART_FAILED;
		return;
	}
	part->state = PART_SENT;
	part->sent_ms = bytes_mono_ms();
	o->begun = true;
	s->unanswered++;
	session_send(s->session, &pdu);
	bytes_clear(&pdu);
}

/* The next part of o that may go now, or count. */
static size_t
next_part(const struct outgoing *o, int64_t now)
{
	for (size_t i = 0; i < o->split.count; i++)
		if (o->parts[i].state == PART_WAITING && o->parts[i].not_before_ms <= now)
			return i;
	return o->split.count;
}

/* As much of one message as the window takes. */
static void
pump_one(struct submit *s, struct outgoing *o, size_t window, int64_t now)
{
	size_t index;

	while (!o->failed && s->unanswered < window && session_has_room(s->session) &&
	       (index = next_part(o, now)) < o->split.count) {
		if (too_late(o))
			fail(o, CHANNEL_SENT_FAILED, 0, "too late: its time has passed");
		else
			send_part(s, o, index);
	}
}

static void
pump(struct submit *s)
{
	int64_t now = bytes_mono_ms();
	size_t window = s->refused ? 1 : s->window;
	struct outgoing *o, *next;

	if (s->session == NULL || now < s->pause_until_ms)
		return;
	for (o = TAILQ_FIRST(&s->waiting); o != NULL && s->unanswered < window; o = next) {
		next = TAILQ_NEXT(o, entry);
		if (s->draining && !o->begun)
			continue;
		pump_one(s, o, window, now);
		settle(s, o);
	}
}

/* ---- taking ---- */

static uint16_t
next_reference(struct submit *s)
{
	s->reference++;
	return s->settings->long_messages == LONG_UDH8 ? s->reference & 0xff : s->reference;
}

static bool
split_message(struct submit *s, struct outgoing *o)
{
	const struct settings *t = s->settings;
	size_t len;
	const char *text = channel_message_text(o->message, &len);
	enum channel_coding coding = CHANNEL_CODING_AUTO;
	unsigned bits = t->long_messages == LONG_UDH8 ? 8 : 16;

	if (t->send_coding == SEND_UCS2 || !coding_may_send_gsm7(t->coding))
		coding = CHANNEL_UCS2;
	if (t->long_messages == LONG_PAYLOAD)
		bits = 0;
	if (!channel_split(text, len, coding, bits, &o->split))
		return false;
	return t->long_messages != LONG_PAYLOAD || o->split.pieces[0].len <= LONGEST_PAYLOAD;
}

static void
address_message(struct submit *s, struct outgoing *o)
{
	const struct settings *t = s->settings;
	const char *source = channel_message_source(o->message);

	if (source == NULL || source[0] == '\0')
		source = t->source;
	address_write(
	    source, t->destination_form, t->country, t->source_ton, t->source_npi, &o->source);
	address_write(channel_message_destination(o->message), t->destination_form, t->country,
	    t->destination_ton, t->destination_npi, &o->destination);
}

/* Before whatever is less urgent and not begun: danger does not stand at the end of a queue. */
static void
stand_in_line(struct submit *s, struct outgoing *o)
{
	struct outgoing *other;

	TAILQ_FOREACH(other, &s->waiting, entry)
	{
		if (!other->begun && channel_message_priority(other->message) >
					 channel_message_priority(o->message)) {
			TAILQ_INSERT_BEFORE(other, o, entry);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&s->waiting, o, entry);
}

void
submit_take(struct submit *s, struct channel_message *message)
{
	struct outgoing *o = bytes_alloc(1, sizeof(*o));

	o->message = message;
	s->pending++;
	stand_in_line(s, o);
	if (s->session == NULL || s->draining) {
		fail(o, CHANNEL_SENT_RETRY, 1000, "the link is not up");
	} else if (!split_message(s, o)) {
		fail(o, CHANNEL_SENT_FAILED, 0, "the text is too long for a message of 255 parts");
	} else {
		o->reference = next_reference(s);
		address_message(s, o);
		o->parts = bytes_alloc(o->split.count, sizeof(*o->parts));
	}
	if (o->failed)
		end(s, o);
	else
		pump(s);
}

/* ---- answers ---- */

static struct outgoing *
find_sequence(struct submit *s, uint32_t sequence, struct part **part)
{
	struct outgoing *o;

	TAILQ_FOREACH(o, &s->waiting, entry)
	{
		for (size_t i = 0; i < o->split.count; i++) {
			*part = &o->parts[i];
			if ((*part)->state == PART_SENT && (*part)->sequence == sequence)
				return o;
		}
	}
	return NULL;
}

static void
accepted(struct submit *s, struct part *part, const struct pdu *pdu)
{
	part->state = PART_ACCEPTED;
	snprintf(part->id, sizeof(part->id), "%s", pdu->message_id);
	s->slow_ms = 0;
	s->slowed = 0;
	if (s->window < s->settings->window && ++s->grown >= s->window) {
		s->window++;
		s->grown = 0;
	}
	if (s->refused) {
		s->refused = false;
		s->hooks->alarm(s->arg, false, NULL);
	}
}

/* Of the answers to what was under way together only the first slows down further. */
static void
slow_down(struct submit *s)
{
	int64_t now = bytes_mono_ms();

	if (now < s->pause_until_ms)
		return;
	channel_link_throttled(s->channel, s->link);
	s->slow_ms = s->slow_ms == 0 ? s->settings->throttle_ms : s->slow_ms * 2;
	if (s->slow_ms > s->settings->throttle_ms * SLOW_MOST)
		s->slow_ms = s->settings->throttle_ms * SLOW_MOST;
	s->pause_until_ms = now + s->slow_ms;
	s->window = s->window > 1 ? s->window / 2 : 1;
	s->grown = 0;
	s->slowed++;
}

static void
throttled(
    struct submit *s, struct outgoing *o, struct part *part, uint32_t status, const char *detail)
{
	slow_down(s);
	part->state = PART_WAITING;
	if (s->slowed < SLOW_TIMES)
		return;
	s->slowed = 0;
	part->state = PART_FAILED;
	fail(o, CHANNEL_SENT_RETRY,
	    s->settings->retry_ms * (status == PDU_RMSGQFUL ? AGAIN_FULL : AGAIN), detail);
}

static void
retry(struct submit *s, struct outgoing *o, struct part *part, const char *detail)
{
	if (part->retries++ < RETRY_TIMES) {
		part->state = PART_WAITING;
		part->not_before_ms = bytes_mono_ms() + s->settings->retry_ms;
		return;
	}
	part->state = PART_FAILED;
	fail(o, CHANNEL_SENT_RETRY, s->settings->retry_ms * AGAIN, detail);
}

/* Gives back everything that is not under way. */
static void
give_back(struct submit *s, bool begun_too, int64_t retry_ms, const char *detail)
{
	struct outgoing *o, *next;

	for (o = TAILQ_FIRST(&s->waiting); o != NULL; o = next) {
		next = TAILQ_NEXT(o, entry);
		if (o->begun && !begun_too)
			continue;
		fail(o, CHANNEL_SENT_RETRY, retry_ms, detail);
		settle(s, o);
	}
}

static void
block(struct submit *s, struct outgoing *o, struct part *part, const char *detail)
{
	int64_t again_ms = s->settings->retry_ms;

	part->state = PART_FAILED;
	fail(o, CHANNEL_SENT_RETRY, again_ms, detail);
	if (!s->refused)
		s->hooks->alarm(s->arg, true, detail);
	s->pause_until_ms = bytes_mono_ms() + again_ms * PAUSE;
	s->refused = s->paused = true;
	s->hooks->paused(s->arg, true, detail);
	give_back(s, false, again_ms, detail);
}

static void
unpause(struct submit *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	s->hooks->paused(s->arg, false, "trying whether messages are accepted again");
}

static void
refused(struct submit *s, struct outgoing *o, struct part *part, uint32_t status)
{
	char detail[120];

	snprintf(detail, sizeof(detail), "submit_sm was answered 0x%x, %s", status,
	    pdu_status_text(status));
	switch (submit_class_of(status)) {
	case SUBMIT_ACCEPTED:
		break; /* not here */
	case SUBMIT_SLOW_DOWN:
		throttled(s, o, part, status, detail);
		break;
	case SUBMIT_RETRY:
		retry(s, o, part, detail);
		break;
	case SUBMIT_GIVE_UP:
		part->state = PART_FAILED;
		fail(o, CHANNEL_SENT_FAILED, 0, detail);
		break;
	case SUBMIT_LINK:
		block(s, o, part, detail);
		break;
	}
}

void
submit_response(struct submit *s, const struct pdu *pdu)
{
	struct part *part;
	struct outgoing *o = find_sequence(s, pdu->frame.sequence, &part);

	if (o == NULL) {
		channel_count(s->channel, "smpp_late_responses", 1);
		return;
	}
	s->unanswered--;
	/* A nack with status 0 says no all the same. */
	if (pdu->frame.id == PDU_GENERIC_NACK && pdu->frame.status == PDU_OK)
		refused(s, o, part, 0xff);
	else if (pdu->frame.status == PDU_OK)
		accepted(s, part, pdu);
	else
		refused(s, o, part, pdu->frame.status);
	if ((pdu->has & PDU_HAS_CONGESTION) != 0 && pdu->congestion >= 80)
		slow_down(s);
	settle(s, o);
	pump(s);
}

/* ---- time and the session ---- */

static void
make_unknown(struct submit *s, struct outgoing *o, struct part *part, const char *detail)
{
	part->state = PART_FAILED;
	s->unanswered--;
	fail(o, CHANNEL_SENT_UNKNOWN, 0, detail);
}

/* Parts under way for longer than limit_ms, or all of them when it is 0. */
static void
expire(struct submit *s, int64_t limit_ms, const char *detail)
{
	int64_t now = bytes_mono_ms();
	struct outgoing *o, *next;

	for (o = TAILQ_FIRST(&s->waiting); o != NULL; o = next) {
		next = TAILQ_NEXT(o, entry);
		for (size_t i = 0; i < o->split.count; i++) {
			struct part *part = &o->parts[i];
			if (part->state == PART_SENT && now - part->sent_ms >= limit_ms)
				make_unknown(s, o, part, detail);
		}
		if (too_late(o))
			fail(o, CHANNEL_SENT_FAILED, 0, "too late: its time has passed");
		settle(s, o);
	}
}

void
submit_use(struct submit *s, struct session *session)
{
	if (session == s->session)
		return;
	expire(s, 0, "the connection was lost before the answer");
	give_back(s, true, 1000, "the connection was lost");
	s->session = session;
	s->slow_ms = 0;
	s->pause_until_ms = 0;
	s->window = s->settings->window;
	if (session == NULL)
		return;
	/* A new session may be one with other rights. */
	unpause(s);
	pump(s);
}

void
submit_tick(struct submit *s)
{
	expire(s, s->settings->response_ms, "no answer to submit_sm within response_timeout");
	if (bytes_mono_ms() >= s->pause_until_ms)
		unpause(s);
	pump(s);
}

int64_t
submit_oldest_ms(const struct submit *s)
{
	const struct outgoing *o;
	int64_t oldest = 0;

	if (s->unanswered == 0)
		return 0;
	TAILQ_FOREACH(o, &s->waiting, entry)
	for (size_t i = 0; i < o->split.count; i++)
		if (o->parts[i].state == PART_SENT && (oldest == 0 || o->parts[i].sent_ms < oldest))
			oldest = o->parts[i].sent_ms;
	return oldest;
}

void
submit_drain(struct submit *s)
{
	s->draining = true;
	give_back(s, false, 0, "the channel is being stopped");
}

size_t
submit_pending(const struct submit *s)
{
	return s->pending;
}

struct submit *
submit_new(struct channel *channel, struct channel_link *link, const struct settings *settings,
    const struct submit_hooks *hooks, void *arg)
{
	struct submit *s = bytes_alloc(1, sizeof(*s));

	s->channel = channel;
	s->link = link;
	s->settings = settings;
	s->hooks = hooks;
	s->arg = arg;
	s->window = settings->window;
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->ended);
	/* Not from 0: phones may hold parts from before a restart. */
	evutil_secure_rng_get_bytes(&s->reference, sizeof(s->reference));
	s->end_event = event_new(channel_loop(channel), -1, 0, on_end, s);
	if (s->end_event == NULL)
		abort();
	return s;
}

void
submit_free(struct submit **s)
{
	if (*s == NULL)
		return;
	submit_use(*s, NULL);
	give_back(*s, true, 0, "the channel was stopped");
	on_end(-1, 0, *s);
	event_free((*s)->end_event);
	free(*s);
	*s = NULL;
}
