/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole plugin on loopback against an SMSC of this file, with a runtime in memory. The SMSC
 * keeps every PDU that it gets and answers as the test has set it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smpp_runtime_stub.h"

#include "base/clock.h"

#include "plugins/smpp/bytes.h"
#include "plugins/smpp/frame.h"
#include "plugins/smpp/pdu.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PDUS 4096
#define MOST_PEERS 16

struct smsc;
struct peer {
	struct smsc *smsc;
	struct bufferevent *bev; /* NULL: gone */
	uint32_t bound;          /* the bind's id, 0 before */
};

struct smsc {
	struct event_base *base;
	struct evconnlistener *listener;
	uint16_t port;
	struct peer peers[MOST_PEERS];
	size_t peer_count;
	struct got {
		struct pdu pdu;
		uint8_t *octets;
		size_t peer;
	} got[MOST_PDUS];
	size_t got_count;
	/* How it behaves. */
	uint32_t bind_status, transceiver_status, submit_status;
	unsigned submit_refusals; /* so many submit_sm get submit_status, then 0; 0: all */
	bool silent;              /* answers no submit_sm */
	bool deaf;                /* answers no enquire_link */
	bool no_unbind_resp;
	unsigned next_id;
};

static struct event_base *base;
static struct smsc *smsc;
static struct channel *channel;

/* ---- the SMSC ---- */

static void
peer_send(size_t index, const void *octets, size_t len)
{
	assert_non_null(smsc->peers[index].bev);
	bufferevent_write(smsc->peers[index].bev, octets, len);
}

static void
peer_header(size_t index, uint32_t id, uint32_t status, uint32_t sequence)
{
	struct bytes b = { 0 };

	frame_begin(&b, id, status, sequence);
	peer_send(index, b.data, b.len);
	bytes_clear(&b);
}

static void
peer_text(size_t index, uint32_t id, uint32_t status, uint32_t sequence, const char *text)
{
	struct bytes b = { 0 };

	frame_begin(&b, id, status, sequence);
	if (status == 0)
		bytes_add_cstring(&b, text);
	frame_end(&b, 0);
	peer_send(index, b.data, b.len);
	bytes_clear(&b);
}

static void
answer_bind(size_t index, const struct pdu *p)
{
	uint32_t status = smsc->bind_status;

	if (p->frame.id == PDU_BIND_TRANSCEIVER && smsc->transceiver_status != 0)
		status = smsc->transceiver_status;
	if (status == 0)
		smsc->peers[index].bound = p->frame.id;
	peer_text(index, p->frame.id | PDU_RESPONSE, status, p->frame.sequence, "SMSC");
}

static void
answer_submit(size_t index, const struct pdu *p)
{
	char id[20];
	uint32_t status = smsc->submit_status;

	if (smsc->silent)
		return;
	if (status != 0 && smsc->submit_refusals > 0 && --smsc->submit_refusals == 0)
		smsc->submit_status = 0;
	snprintf(id, sizeof(id), "id%u", ++smsc->next_id);
	peer_text(index, PDU_SUBMIT_SM | PDU_RESPONSE, status, p->frame.sequence, id);
}

static void
smsc_take(size_t index, const struct pdu *p)
{
	switch (p->frame.id) {
	case PDU_BIND_TRANSCEIVER:
	case PDU_BIND_TRANSMITTER:
	case PDU_BIND_RECEIVER:
		answer_bind(index, p);
		break;
	case PDU_SUBMIT_SM:
		answer_submit(index, p);
		break;
	case PDU_ENQUIRE_LINK:
		if (!smsc->deaf)
			peer_header(index, p->frame.id | PDU_RESPONSE, 0, p->frame.sequence);
		break;
	case PDU_UNBIND:
		if (!smsc->no_unbind_resp)
			peer_header(index, p->frame.id | PDU_RESPONSE, 0, p->frame.sequence);
		break;
	default:
		break;
	}
}

static void
smsc_read(struct bufferevent *bev, void *arg)
{
	struct peer *peer = arg;
	size_t index = (size_t)(peer - smsc->peers);
	struct evbuffer *in = bufferevent_get_input(bev);
	struct frame f;

	while (frame_peek(in, &f) == FRAME_READY) {
		struct got *g = &smsc->got[smsc->got_count];
		assert_true(smsc->got_count < MOST_PDUS);
		g->octets = malloc(f.length);
		g->peer = index;
		evbuffer_remove(in, g->octets, f.length);
		assert_int_equal(pdu_parse(g->octets, f.length, &g->pdu), PDU_OK);
		smsc->got_count++;
		smsc_take(index, &g->pdu);
	}
}

static void
peer_close(size_t index)
{
	if (smsc->peers[index].bev != NULL)
		bufferevent_free(smsc->peers[index].bev);
	smsc->peers[index].bev = NULL;
	smsc->peers[index].bound = 0;
}

static void
smsc_event(struct bufferevent *bev, short what, void *arg)
{
	struct peer *peer = arg;

	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		peer_close((size_t)(peer - smsc->peers));
}

static void
smsc_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len,
    void *arg)
{
	struct peer *peer = &smsc->peers[smsc->peer_count++];

	(void)listener;
	(void)address;
	(void)len;
	(void)arg;
	assert_true(smsc->peer_count < MOST_PEERS);
	peer->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(peer->bev, smsc_read, NULL, smsc_event, peer);
	bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
}

/* ---- set-up ---- */

static int
set_up(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	char port[10];

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	base = event_base_new();
	smsc = calloc(1, sizeof(*smsc));
	smsc->listener = evconnlistener_new_bind(base, smsc_accept, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, -1, (struct sockaddr *)&address,
	    sizeof(address));
	if (smsc->listener == NULL || getsockname(evconnlistener_get_fd(smsc->listener),
					  (struct sockaddr *)&address, &len) != 0)
		return -1;
	snprintf(port, sizeof(port), "%u", ntohs(address.sin_port));
	channel = stub_new(base, 1);
	stub_set(channel, "host", "127.0.0.1");
	stub_set(channel, "port", port);
	stub_set(channel, "system_id", "town");
	stub_set(channel, "password", "secret");
	stub_set(channel, "source", "12345");
	stub_set(channel, "reconnect_min", "20ms");
	stub_set(channel, "reconnect_max", "50ms");
	stub_set(channel, "response_timeout", "400ms");
	stub_set(channel, "throttle_delay", "50ms");
	stub_set(channel, "retry_delay", "50ms");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	stub_free(&channel);
	for (size_t i = 0; i < smsc->peer_count; i++)
		peer_close(i);
	for (size_t i = 0; i < smsc->got_count; i++)
		free(smsc->got[i].octets);
	evconnlistener_free(smsc->listener);
	free(smsc);
	event_base_free(base);
	return 0;
}

/* Turns the loop until condition or three seconds are over. */
#define UNTIL(condition)                                          \
	do {                                                      \
		int64_t give_up = bytes_mono_ms() + 3000;         \
		while (!(condition) && bytes_mono_ms() < give_up) \
			turn(5);                                  \
		assert_true(condition);                           \
	} while (0)

static void
turn(int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_base_loopexit(base, &tv);
	event_base_dispatch(base);
}

static size_t
got(uint32_t id)
{
	size_t count = 0;

	for (size_t i = 0; i < smsc->got_count; i++)
		count += smsc->got[i].pdu.frame.id == id;
	return count;
}

/* The nth (from 0) PDU with that id. */
static const struct pdu *
nth(uint32_t id, size_t n)
{
	for (size_t i = 0; i < smsc->got_count; i++)
		if (smsc->got[i].pdu.frame.id == id && n-- == 0)
			return &smsc->got[i].pdu;
	fail_msg("no such PDU");
	return NULL;
}

static void
start(void)
{
	struct channel_error error = { .text = "" };

	assert_true(stub_start(channel, &error));
}

static void
start_and_bind(void)
{
	start();
	UNTIL(channel->links[0].state == CHANNEL_LINK_UP);
}

static void
write_deliver(struct bytes *b, uint32_t sequence, unsigned esm_class, unsigned coding,
    const char *source, const void *text, size_t len, const void *tlvs, size_t tlvs_len)
{
	size_t start_at = b->len;

	frame_begin(b, PDU_DELIVER_SM, 0, sequence);
	bytes_add(b, "\0\1\1", 3);
	bytes_add_cstring(b, source);
	bytes_add(b, "\0\0", 2);
	bytes_add_cstring(b, "12345");
	bytes_add_u8(b, esm_class);
	bytes_add(b, "\0\0\0\0\0\0", 6);
	bytes_add_u8(b, coding);
	bytes_add_u8(b, 0);
	bytes_add_u8(b, (unsigned)len);
	bytes_add(b, text, len);
	bytes_add(b, tlvs, tlvs_len);
	frame_end(b, start_at);
}

static void
deliver(uint32_t sequence, unsigned esm_class, unsigned coding, const void *text, size_t len)
{
	struct bytes b = { 0 };

	write_deliver(&b, sequence, esm_class, coding, "8613812345678", text, len, NULL, 0);
	peer_send(smsc->peer_count - 1, b.data, b.len);
	bytes_clear(&b);
}

#define RESP (PDU_DELIVER_SM | PDU_RESPONSE)
#define LAST channel->submissions[channel->submission_count - 1]

/* ---- sessions ---- */

static void
binds_and_unbinds(void **state)
{
	(void)state;
	start_and_bind();
	assert_int_equal(got(PDU_BIND_TRANSCEIVER), 1);
	assert_string_equal(nth(PDU_BIND_TRANSCEIVER, 0)->system_id, "town");
	assert_string_equal(nth(PDU_BIND_TRANSCEIVER, 0)->password, "secret");
	assert_int_equal(nth(PDU_BIND_TRANSCEIVER, 0)->interface_version, 0x34);
	channel->plugin->stop(channel->state);
	UNTIL(channel->stopped);
	assert_int_equal(got(PDU_UNBIND), 1);
}

static void
long_password_and_version(void **state)
{
	(void)state;
	stub_set(channel, "password", "longer-than-nine");
	stub_set(channel, "interface_version", "5.0");
	start_and_bind();
	assert_string_equal(nth(PDU_BIND_TRANSCEIVER, 0)->password, "longer-than-nine");
	assert_int_equal(nth(PDU_BIND_TRANSCEIVER, 0)->interface_version, 0x50);
}

static void
refused_bind_is_tried_for_ever(void **state)
{
	(void)state;
	smsc->bind_status = 0x0e;
	start();
	UNTIL(got(PDU_BIND_TRANSCEIVER) >= 4);
	assert_int_equal(channel->links[0].state, CHANNEL_LINK_BLOCKED);
	assert_non_null(strstr(channel->links[0].detail, "invalid password"));
	assert_int_equal(channel->alarms_raised, 1);
	assert_int_equal(channel->logs, 1);
	assert_string_equal(channel->alarm, "bind");
	smsc->bind_status = 0;
	UNTIL(channel->links[0].state == CHANNEL_LINK_UP);
	assert_int_equal(channel->alarms_fallen, 1);
}

static void
falls_back_to_a_pair(void **state)
{
	(void)state;
	smsc->transceiver_status = 3;
	start_and_bind();
	UNTIL(got(PDU_BIND_RECEIVER) == 1 && got(PDU_BIND_TRANSMITTER) == 1);
	UNTIL(channel->links[0].detail[0] == '\0');
	assert_int_equal(channel->alarms_raised, 0);
	/* Reports over the receiver, messages over the transmitter. */
	for (size_t i = 0; i < smsc->peer_count; i++) {
		struct bytes b = { 0 };
		if (smsc->peers[i].bound == 0)
			continue;
		write_deliver(&b, 5, 0, 0, "8613812345678", "a", 1, NULL, 0);
		peer_send(i, b.data, b.len);
		bytes_clear(&b);
	}
	UNTIL(got(RESP) == 2);
	for (size_t i = 0; i < smsc->got_count; i++)
		if (smsc->got[i].pdu.frame.id == RESP)
			assert_int_equal(smsc->got[i].pdu.frame.status,
			    smsc->peers[smsc->got[i].peer].bound == PDU_BIND_RECEIVER
				? PDU_OK
				: PDU_RINVBNDSTS);
	assert_int_equal(channel->submission_count, 1);
	channel->plugin->stop(channel->state);
	UNTIL(channel->stopped);
	assert_int_equal(got(PDU_UNBIND), 2);
}

static void
receiver_only_is_never_up(void **state)
{
	(void)state;
	stub_set(channel, "bind", "receiver");
	start();
	UNTIL(
	    got(PDU_BIND_RECEIVER) == 1 && strstr(channel->links[0].detail, "sends none") != NULL);
	assert_int_not_equal(channel->links[0].state, CHANNEL_LINK_UP);
	deliver(1, 0, 0, "a", 1);
	UNTIL(got(RESP) == 1);
	assert_int_equal(nth(RESP, 0)->frame.status, PDU_OK);
}

static void
transmitter_only_takes_nothing_in(void **state)
{
	struct channel_message *m;

	(void)state;
	stub_set(channel, "bind", "transmitter");
	start_and_bind();
	assert_int_equal(got(PDU_BIND_TRANSMITTER), 1);
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_OK);
	stub_message_free(&m);
}

/* Two sessions asked for by name; one of them lost does not take the other along. */
static void
pair_halves_are_independent(void **state)
{
	size_t receiver = 0;

	(void)state;
	stub_set(channel, "bind", "pair");
	start_and_bind();
	UNTIL(got(PDU_BIND_RECEIVER) == 1);
	assert_int_equal(got(PDU_BIND_TRANSCEIVER), 0);
	for (size_t i = 0; i < smsc->peer_count; i++)
		if (smsc->peers[i].bound == PDU_BIND_RECEIVER)
			receiver = i;
	peer_close(receiver);
	UNTIL(strstr(channel->links[0].detail, "receiver is not bound") != NULL);
	assert_int_equal(channel->links[0].state, CHANNEL_LINK_UP);
	UNTIL(got(PDU_BIND_RECEIVER) == 2 && channel->links[0].detail[0] == '\0');
	assert_int_equal(got(PDU_BIND_TRANSMITTER), 1);
}

static void
comes_back(void **state)
{
	(void)state;
	start_and_bind();
	for (unsigned i = 1; i <= 3; i++) {
		peer_close(smsc->peer_count - 1);
		UNTIL(smsc->peer_count == i + 1 && channel->links[0].state == CHANNEL_LINK_UP);
	}
	peer_header(smsc->peer_count - 1, PDU_UNBIND, 0, 4);
	UNTIL(smsc->peer_count == 5 && channel->links[0].state == CHANNEL_LINK_UP);
	assert_int_equal(got(PDU_UNBIND | PDU_RESPONSE), 1);
}

static void
connects_when_nobody_listens(void **state)
{
	(void)state;
	evconnlistener_disable(smsc->listener);
	stub_set(channel, "port", "1");
	start();
	turn(200);
	assert_int_not_equal(channel->links[0].state, CHANNEL_LINK_UP);
	channel->plugin->stop(channel->state);
	UNTIL(channel->stopped);
}

static void
resolves_names(void **state)
{
	(void)state;
	stub_set(channel, "host", "localhost");
	start_and_bind();
}

static void
enquires_and_gives_up(void **state)
{
	(void)state;
	stub_set(channel, "enquire_interval", "100ms");
	start_and_bind();
	UNTIL(got(PDU_ENQUIRE_LINK) >= 3);
	assert_int_equal(smsc->peer_count, 1);
	smsc->deaf = true;
	UNTIL(smsc->peer_count >= 2);
}

static void
answers_enquire_link(void **state)
{
	(void)state;
	start_and_bind();
	peer_header(0, PDU_ENQUIRE_LINK, 0, 0xfedcba98);
	UNTIL(got(PDU_ENQUIRE_LINK | PDU_RESPONSE) == 1);
	assert_int_equal(nth(PDU_ENQUIRE_LINK | PDU_RESPONSE, 0)->frame.sequence, 0xfedcba98);
}

/* A peer that talks and talks may yet not listen. */
static void
enquires_a_talkative_peer(void **state)
{
	(void)state;
	stub_set(channel, "enquire_interval", "100ms");
	start_and_bind();
	for (uint32_t i = 1; i < 100 && got(PDU_ENQUIRE_LINK) < 2; i++) {
		peer_header(0, PDU_ENQUIRE_LINK, 0, i);
		turn(20);
	}
	assert_int_equal(got(PDU_ENQUIRE_LINK), 2);
}

static void
inactivity_renews(void **state)
{
	(void)state;
	stub_set(channel, "inactivity", "150ms");
	start_and_bind();
	UNTIL(smsc->peer_count >= 2);
	assert_true(got(PDU_UNBIND) >= 1);
}

static void
silent_at_unbind(void **state)
{
	(void)state;
	smsc->no_unbind_resp = true;
	start_and_bind();
	channel->plugin->stop(channel->state);
	UNTIL(channel->stopped);
}

/* ---- what cannot be ---- */

static void
unknown_command(void **state)
{
	(void)state;
	start_and_bind();
	peer_header(0, 0x00000099, 0, 11);
	peer_header(0, 0x80000099, 0, 12); /* an unknown response is not answered */
	peer_header(0, PDU_SUBMIT_SM | 0x20, 0, 13);
	UNTIL(got(PDU_GENERIC_NACK) == 2);
	assert_int_equal(nth(PDU_GENERIC_NACK, 0)->frame.status, PDU_RINVCMDID);
	assert_int_equal(nth(PDU_GENERIC_NACK, 0)->frame.sequence, 11);
	assert_int_equal(smsc->peer_count, 1);
}

static void
broken_length(void **state)
{
	static const uint8_t lengths[][4] = { { 0, 0, 0, 15 }, { 0, 1, 0x11, 0x71 },
		{ 255, 255, 255, 255 } };

	(void)state;
	start_and_bind();
	for (size_t i = 0; i < 3; i++) {
		peer_send(i, lengths[i], 4);
		peer_send(i, "\0\0\0\x15\0\0\0\0\0\0\0\x09", 12);
		UNTIL(smsc->peer_count == i + 2 && channel->links[0].state == CHANNEL_LINK_UP);
		assert_int_equal(got(PDU_GENERIC_NACK), i + 1);
		assert_int_equal(nth(PDU_GENERIC_NACK, i)->frame.status, PDU_RINVCMDLEN);
		assert_int_equal(nth(PDU_GENERIC_NACK, i)->frame.sequence, 9);
	}
}

static void
malformed_body(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	start_and_bind();
	write_deliver(&b, 21, 0, 0, "8613812345678", "abc", 3, NULL, 0);
	b.data[b.len - 4] = 200; /* sm_length beyond the end */
	write_deliver(&b, 22, 0, 0, "8613812345678", "abc", 3, "\x04\x24\0\x09z", 5);
	frame_begin(&b, PDU_DELIVER_SM, 0, 23);
	write_deliver(&b, 24, 0, 0, "8613812345678", "fine", 4, NULL, 0);
	peer_send(0, b.data, b.len);
	UNTIL(got(RESP) == 4);
	assert_int_equal(nth(RESP, 0)->frame.status, PDU_RINVMSGLEN);
	assert_int_equal(nth(RESP, 1)->frame.status, PDU_RINVOPTPARSTREAM);
	assert_int_equal(nth(RESP, 2)->frame.status, PDU_RINVCMDLEN);
	assert_int_equal(nth(RESP, 3)->frame.status, PDU_OK);
	assert_int_equal(channel->malformed, 3);
	assert_int_equal(channel->submission_count, 1);
	bytes_clear(&b);
}

static void
one_octet_at_a_time(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	start_and_bind();
	write_deliver(&b, 31, 0x40, 8, "8613812345678", "\5\0\3\7\2\1\x4f\x60", 8, NULL, 0);
	for (size_t i = 0; i < b.len; i++) {
		peer_send(0, b.data + i, 1);
		event_base_loop(base, EVLOOP_NONBLOCK);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	UNTIL(got(RESP) == 1);
	assert_int_equal(LAST->part.kind, '8');
	bytes_clear(&b);
}

/* Begins a PDU and goes on with an octet now and then: dropped after response_timeout. */
static void
slow_peer_is_dropped(void **state)
{
	(void)state;
	start_and_bind();
	for (unsigned i = 0; i < 40 && smsc->peer_count == 1; i++) {
		if (smsc->peers[0].bev != NULL)
			peer_send(0, i == 3 ? "\x40" : "\0", 1);
		turn(50);
	}
	UNTIL(smsc->peer_count >= 2);
}

/* Sends and never reads: our output is bounded, and the session given up. */
static void
peer_that_never_reads(void **state)
{
	struct bytes b = { 0 };

	(void)state;
	channel->forgets = true;
	start_and_bind();
	bufferevent_disable(smsc->peers[0].bev, EV_READ);
	for (uint32_t i = 0; i < 2000; i++)
		frame_begin(&b, PDU_ENQUIRE_LINK, 0, i);
	for (unsigned i = 0; i < 600 && smsc->peers[0].bev != NULL; i++) {
		if (evbuffer_get_length(bufferevent_get_output(smsc->peers[0].bev)) < 1000000)
			peer_send(0, b.data, b.len);
		turn(2);
	}
	UNTIL(smsc->peer_count >= 2);
	bytes_clear(&b);
}

/* ---- reports ---- */

static void
acknowledged_only_when_stored(void **state)
{
	(void)state;
	channel->by_hand = true;
	start_and_bind();
	for (uint32_t i = 0; i < 4; i++)
		deliver(100 + i, 0, 8, "\x4f\x60\x59\x7d", 4);
	UNTIL(channel->submission_count == 4);
	turn(50);
	assert_int_equal(got(RESP), 0);
	stub_finish(channel, 1, CHANNEL_DUPLICATE);
	stub_finish(channel, 0, CHANNEL_STORED);
	stub_finish(channel, 3, CHANNEL_LATER);
	stub_finish(channel, 2, CHANNEL_REFUSED);
	UNTIL(got(RESP) == 4);
	assert_int_equal(nth(RESP, 0)->frame.sequence, 101);
	assert_int_equal(nth(RESP, 0)->frame.status, PDU_OK);
	assert_int_equal(nth(RESP, 1)->frame.status, PDU_OK);
	assert_int_equal(nth(RESP, 2)->frame.sequence, 103);
	assert_int_equal(nth(RESP, 2)->frame.status, PDU_RX_T_APPN);
	assert_int_equal(nth(RESP, 3)->frame.status, PDU_RX_R_APPN);
	assert_string_equal(channel->submissions[0]->source, "+8613812345678");
	assert_string_equal(channel->submissions[0]->destination, "12345");
	assert_string_equal(channel->submissions[0]->charset, "UTF-16BE");
	assert_string_equal(channel->submissions[0]->text, "你好");
	assert_int_equal(channel->submissions[0]->flags, 0);
}

static void
lost_before_the_answer(void **state)
{
	(void)state;
	channel->by_hand = true;
	start_and_bind();
	deliver(100, 0, 8, "\x4f\x60", 2);
	UNTIL(channel->submission_count == 1);
	peer_close(0);
	UNTIL(channel->submissions[0]->cancelled);
	stub_finish(channel, 0, CHANNEL_STORED);
	UNTIL(channel->links[0].state == CHANNEL_LINK_UP && smsc->peer_count == 2);
	/* It comes again under another number and is told the same as the first time. */
	deliver(1, 0, 8, "\x4f\x60", 2);
	UNTIL(channel->submission_count == 2);
	assert_string_equal(channel->submissions[0]->reference, channel->submissions[1]->reference);
	assert_int_equal(got(RESP), 0);
}

static void
parts_and_headers(void **state)
{
	struct bytes b = { 0 };
	struct channel_submission **s = channel->submissions;
	static const uint8_t sar[] = { 2, 0x0c, 0, 2, 0x12, 0x34, 2, 0x0e, 0, 1, 2, 2, 0x0f, 0, 1,
		1 };
	uint8_t sample[146] = { 5, 0, 3, 0xd8, 2, 1 };
	const char *phone = "8613812345678";

	(void)state;
	start_and_bind();
	/* As seen from 10086: sm_length 146. */
	write_deliver(&b, 1, 0x40, 8, "10086", sample, sizeof(sample), NULL, 0);
	write_deliver(&b, 2, 0x40, 8, phone, "\6\x08\4\1\2\3\2\x4f\x60", 9, NULL, 0);
	write_deliver(&b, 3, 0, 8, phone, "\x4f\x60", 2, sar, sizeof(sar));
	write_deliver(&b, 4, 0, 8, phone, "\x4f\x60", 2, sar, 11); /* SAR without its number */
	write_deliver(&b, 5, 0x40, 8, phone, "\5\0\3\7\2\1\x4f\x60", 8, sar, sizeof(sar));
	write_deliver(&b, 6, 0x40, 8, phone, "\x4f\x60", 2, NULL, 0); /* UDHL beyond the data */
	write_deliver(&b, 7, 0x40, 8, phone, "\5\0\3\7\2\3\x4f\x60", 8, NULL, 0);
	write_deliver(&b, 8, 0x40, 8, phone, "", 0, "\x04\x24\0\x08\5\0\3\7\2\1\x4f\x60", 12);
	write_deliver(&b, 9, 0, 8, phone, "zz", 2, "\x04\x24\0\2\x4f\x60", 6);
	write_deliver(&b, 10, 0x40, 0, phone, "\3\x24\1\1abc", 7, NULL, 0);
	write_deliver(&b, 11, 0, 0xf4, phone, "\1\2", 2, NULL, 0);
	write_deliver(&b, 12, 0, 0, phone, "\0", 1, "\x02\x04\0\2\0\x09", 6);
	peer_send(0, b.data, b.len);
	bytes_clear(&b);
	UNTIL(got(RESP) == 12);
	assert_int_equal(channel->submission_count, 12);

	assert_int_equal(s[0]->flags & CHANNEL_NO_ANSWER, CHANNEL_NO_ANSWER);
	assert_int_equal(s[0]->part.kind, '8');
	assert_int_equal(s[0]->raw_len, 140);
	assert_int_equal(s[1]->part.kind, 'F');
	assert_int_equal(s[1]->part.reference, 0x102);
	assert_int_equal(s[1]->part.total, 3);
	assert_int_equal(s[1]->part.number, 2);
	assert_string_equal(s[1]->reference, "F258/3/2");
	assert_int_equal(s[2]->part.kind, 'S');
	assert_int_equal(s[2]->part.reference, 0x1234);
	assert_false(s[3]->has_part);
	assert_true(s[3]->flags & CHANNEL_DAMAGED);
	assert_int_equal(s[4]->part.kind, '8'); /* the header wins */
	assert_true(s[4]->flags & CHANNEL_DAMAGED);
	assert_false(s[5]->has_part);
	assert_true(s[5]->flags & CHANNEL_DAMAGED);
	assert_int_equal(s[5]->raw_len, 2);
	assert_false(s[6]->has_part);
	assert_true(s[6]->flags & CHANNEL_DAMAGED);
	assert_string_equal(s[6]->text, "你");
	assert_int_equal(s[7]->part.kind, '8');
	assert_int_equal(s[7]->raw_len, 2);
	assert_string_equal(s[8]->text, "你");
	assert_non_null(strstr(s[8]->protocol, "short_message beside message_payload"));
	assert_true(s[8]->flags & CHANNEL_DAMAGED);
	assert_string_equal(s[9]->charset, "GSM-7/0/1");
	assert_string_equal(s[10]->charset, "BINARY");
	assert_null(s[10]->text);
	assert_string_equal(s[11]->text, "@"); /* GSM-7's 0x00 */
	assert_string_equal(s[11]->reference, "u9");
	assert_int_equal(channel->disagreed, 0);
}

static void
packed_parts_are_unpacked(void **state)
{
	/* one fill bit after six octets of header: "hi" */
	static const uint8_t part[] = { 5, 0, 3, 9, 2, 1, 0xd0, 0x69 };

	(void)state;
	stub_set(channel, "coding", "gsm7-packed");
	start_and_bind();
	deliver(1, 0x40, 0, part, sizeof(part));
	UNTIL(got(RESP) == 1);
	assert_string_equal(LAST->charset, "GSM-7");
	assert_int_equal(LAST->raw_len, 2);
	assert_memory_equal(LAST->raw, "hi", 2);
}

static void
receipts_come_in(void **state)
{
	const char *text = "id:00ff sub:001 dlvrd:001 done date:2011241530 stat:DELIVRD err:000";

	(void)state;
	channel->by_hand = true;
	start_and_bind();
	deliver(1, 4, 0, text, strlen(text));
	deliver(2, 4, 0, "what", 4); /* nothing to match: taken, not stored */
	UNTIL(channel->submission_count == 1 && got(RESP) == 1);
	assert_int_equal(nth(RESP, 0)->frame.sequence, 2);
	assert_true(LAST->is_receipt);
	assert_string_equal(LAST->peer_id, "00ff");
	assert_int_equal(LAST->state, CHANNEL_RECEIPT_DELIVERED);
	stub_finish(channel, 0, CHANNEL_STORED);
	UNTIL(got(RESP) == 2);
}

static void
full_queue_then_later(void **state)
{
	(void)state;
	stub_set(channel, "hold", "200ms");
	start_and_bind();
	stub_open(channel, false);
	deliver(1, 0, 0, "a", 1);
	peer_header(0, PDU_ENQUIRE_LINK, 0, 2);
	UNTIL(got(PDU_ENQUIRE_LINK | PDU_RESPONSE) == 1); /* answered although nothing is taken */
	assert_int_equal(got(RESP), 0);
	stub_open(channel, true);
	UNTIL(got(RESP) == 1);
	assert_int_equal(nth(RESP, 0)->frame.status, PDU_OK);
	stub_open(channel, false);
	deliver(3, 0, 0, "b", 1);
	UNTIL(got(RESP) == 2);
	assert_int_equal(nth(RESP, 1)->frame.status, PDU_RX_T_APPN);
	assert_int_equal(channel->told_later, 1);
}

static void
flood_is_bounded(void **state)
{
	(void)state;
	stub_set(channel, "unacknowledged", "5");
	channel->by_hand = true;
	start_and_bind();
	for (uint32_t i = 1; i <= 20; i++)
		deliver(i, 0, 0, "a", 1);
	UNTIL(got(RESP) == 15);
	assert_int_equal(channel->submission_count, 5);
	assert_int_equal(nth(RESP, 0)->frame.status, PDU_RX_T_APPN);
	assert_int_equal(nth(RESP, 0)->frame.sequence, 6);
}

/* Acknowledged before the good-bye. */
static void
drains(void **state)
{
	struct channel_message *m;

	(void)state;
	channel->by_hand = true;
	smsc->silent = true;
	start_and_bind();
	deliver(1, 0, 0, "a", 1);
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(channel->submission_count == 1 && got(PDU_SUBMIT_SM) == 1);
	channel->plugin->stop(channel->state);
	turn(100);
	assert_int_equal(got(PDU_UNBIND), 0);
	assert_int_equal(channel->links[0].state, CHANNEL_LINK_DOWN);
	assert_non_null(strstr(channel->links[0].detail, "draining"));
	deliver(2, 0, 0, "b", 1);
	UNTIL(got(RESP) == 1);
	assert_int_equal(nth(RESP, 0)->frame.status, PDU_RX_T_APPN);
	stub_finish(channel, 0, CHANNEL_STORED);
	peer_text(0, PDU_SUBMIT_SM | PDU_RESPONSE, 0, nth(PDU_SUBMIT_SM, 0)->frame.sequence, "x");
	UNTIL(channel->stopped);
	assert_int_equal(got(RESP), 2);
	assert_int_equal(got(PDU_UNBIND), 1);
	assert_int_equal(m->how, CHANNEL_SENT_OK);
	stub_message_free(&m);
}

/* ---- messages ---- */

static void
sends_one(void **state)
{
	struct channel_message *m;
	const struct pdu *p;

	(void)state;
	start_and_bind();
	m = stub_message(channel, 0, "+8613812345678", "已受理 접수되었습니다 😀");
	m->priority = CHANNEL_DANGER;
	m->not_after = channel_now() + 3600 * 1000000LL + 500000;
	snprintf(m->source, sizeof(m->source), "10657575");
	channel->plugin->send(channel->state, m);
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_OK);
	assert_string_equal(m->peer_ids, "id1");
	assert_int_equal(m->parts, 1);
	p = nth(PDU_SUBMIT_SM, 0);
	assert_string_equal(p->destination, "8613812345678");
	assert_int_equal(p->destination_ton, 1);
	assert_string_equal(p->source, "10657575");
	assert_int_equal(p->data_coding, 8);
	assert_int_equal(p->priority, 3);
	assert_int_equal(p->registered_delivery, 1);
	assert_int_equal(p->esm_class, 0);
	assert_memory_equal(p->message, "\x5d\xf2\x53\xd7", 4);
	stub_message_free(&m);
	m = stub_send(channel, 0, "+8613812345678", "@ hello");
	UNTIL(m->ended);
	p = nth(PDU_SUBMIT_SM, 1);
	assert_int_equal(p->data_coding, 0);
	assert_memory_equal(p->message, "\0 hello", 7);
	assert_string_equal(p->source, "12345");
	assert_int_equal(p->priority, 0);
	stub_message_free(&m);
}

static char *
long_text(unsigned characters)
{
	struct bytes b = { 0 };

	for (unsigned i = 0; i < characters; i++)
		bytes_printf(&b, "%s", i % 2 == 0 ? "你" : "한");
	return (char *)b.data;
}

static void
sends_long(void **state)
{
	static const char *const ways[] = { "udh8", "udh16", "sar", "payload" };
	static const unsigned parts[] = { 3, 4, 4, 1 };
	char *text = long_text(200);

	(void)state;
	stub_set(channel, "submit_window", "2");
	for (size_t way = 0; way < 4; way++) {
		struct channel_message *m;
		size_t before = got(PDU_SUBMIT_SM), octets = 0;
		stub_set(channel, "long_messages", ways[way]);
		if (way > 0) {
			channel->plugin->stop(channel->state);
			UNTIL(channel->stopped);
			channel->plugin->free(channel->state);
			channel->stopped = false;
		}
		start_and_bind();
		m = stub_send(channel, 0, "+8613812345678", text);
		UNTIL(m->ended);
		assert_int_equal(m->how, CHANNEL_SENT_OK);
		assert_int_equal(m->parts, parts[way]);
		assert_int_equal(got(PDU_SUBMIT_SM) - before, parts[way]);
		for (unsigned i = 0; i < parts[way]; i++) {
			const struct pdu *p = nth(PDU_SUBMIT_SM, before + i);
			octets += p->message_len;
			assert_int_equal(p->esm_class, way < 2 ? 0x40 : 0);
			if (way == 0)
				assert_memory_equal(p->message, "\5\0\3", 3);
			if (way == 1)
				assert_memory_equal(p->message, "\6\x08\4", 3);
			if (way == 2)
				assert_int_equal(p->sar_number, i + 1);
			if (way == 3)
				assert_int_equal(p->short_message_len, 0);
		}
		assert_int_equal(octets, 400 + (way == 0 ? 3 * 6 : way == 1 ? 4 * 7 : 0));
		stub_message_free(&m);
	}
	free(text);
}

static void
window_is_kept(void **state)
{
	char *text = long_text(600);
	struct channel_message *m;

	(void)state;
	stub_set(channel, "submit_window", "3");
	stub_set(channel, "response_timeout", "5s");
	smsc->silent = true;
	start_and_bind();
	m = stub_send(channel, 0, "+8613812345678", text);
	UNTIL(got(PDU_SUBMIT_SM) == 3);
	turn(100);
	assert_int_equal(got(PDU_SUBMIT_SM), 3);
	/* Answers in another order are matched by their numbers. */
	for (unsigned done = 0; done < 9; done++) {
		size_t newest = got(PDU_SUBMIT_SM) - 1;
		static size_t answered[9];
		size_t pick = newest;
		for (unsigned i = 0; i < done; i++)
			for (unsigned j = 0; j < done; j++)
				if (answered[j] == pick)
					pick--;
		answered[done] = pick;
		char id[8];
		snprintf(id, sizeof(id), "p%zu", pick);
		peer_text(0, PDU_SUBMIT_SM | PDU_RESPONSE, 0,
		    nth(PDU_SUBMIT_SM, pick)->frame.sequence, id);
		UNTIL(got(PDU_SUBMIT_SM) == (done + 4 < 9 ? done + 4 : 9));
	}
	UNTIL(m->ended);
	assert_string_equal(m->peer_ids, "p0,p1,p2,p3,p4,p5,p6,p7,p8");
	stub_message_free(&m);
	free(text);
}

static void
slows_down(void **state)
{
	struct channel_message *m;

	(void)state;
	smsc->submit_status = 0x58;
	smsc->submit_refusals = 1;
	start_and_bind();
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_OK);
	assert_int_equal(got(PDU_SUBMIT_SM), 2);
	assert_int_equal(channel->links[0].throttled, 1);
	stub_message_free(&m);
}

/* Ten under way are throttled together: that is one "slow down", not ten. */
static void
slows_down_once_for_a_window(void **state)
{
	struct channel_message *m[10];

	(void)state;
	smsc->submit_status = 0x14;
	smsc->submit_refusals = 10;
	start_and_bind();
	for (size_t i = 0; i < 10; i++)
		m[i] = stub_send(channel, 0, "+8613812345678", "hello");
	for (size_t i = 0; i < 10; i++) {
		UNTIL(m[i]->ended);
		assert_int_equal(m[i]->how, CHANNEL_SENT_OK);
		stub_message_free(&m[i]);
	}
	assert_int_equal(channel->links[0].throttled, 1);
	assert_int_equal(got(PDU_SUBMIT_SM), 20);
}

static void
refused_for_now_is_sent_again(void **state)
{
	struct channel_message *m;

	(void)state;
	smsc->submit_status = 0x401;
	smsc->submit_refusals = 2;
	start_and_bind();
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_OK);
	assert_int_equal(got(PDU_SUBMIT_SM), 3);
	stub_message_free(&m);
	smsc->submit_status = 0x08;
	smsc->submit_refusals = 0;
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_RETRY);
	assert_int_equal(m->retry_ms, 150);
	assert_int_equal(got(PDU_SUBMIT_SM), 6);
	stub_message_free(&m);
}

static void
gives_up_one_message(void **state)
{
	struct channel_message *m;

	(void)state;
	smsc->submit_status = 0x0b;
	start_and_bind();
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_FAILED);
	assert_non_null(strstr(m->detail, "invalid destination address"));
	assert_int_equal(channel->links[0].state, CHANNEL_LINK_UP);
	stub_message_free(&m);
}

static void
misconfigured_link_is_blocked(void **state)
{
	struct channel_message *m, *other;

	(void)state;
	smsc->submit_status = 0x0a;
	stub_set(channel, "submit_window", "1");
	start_and_bind();
	m = stub_send(channel, 0, "+8613812345678", "hello");
	other = stub_send(channel, 0, "+8613812345679", "hello");
	UNTIL(m->ended && other->ended);
	assert_int_equal(m->how, CHANNEL_SENT_RETRY);
	assert_int_equal(other->how, CHANNEL_SENT_RETRY);
	assert_int_equal(got(PDU_SUBMIT_SM), 1);
	assert_int_equal(channel->links[0].state, CHANNEL_LINK_BLOCKED);
	assert_string_equal(channel->alarm, "submit");
	stub_message_free(&m);
	stub_message_free(&other);
	/* After a rest one tries; the alarm is still there, and falls when it is accepted. */
	UNTIL(channel->links[0].state == CHANNEL_LINK_UP);
	assert_int_equal(channel->alarms_fallen, 0);
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_RETRY);
	assert_int_equal(channel->alarms_raised, 1);
	stub_message_free(&m);
	smsc->submit_status = 0;
	UNTIL(channel->links[0].state == CHANNEL_LINK_UP);
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_OK);
	assert_int_equal(channel->alarms_fallen, 1);
	stub_message_free(&m);
}

static void
unanswered_is_unknown(void **state)
{
	struct channel_message *m;

	(void)state;
	smsc->silent = true;
	start_and_bind();
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_UNKNOWN);
	stub_message_free(&m);
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(got(PDU_SUBMIT_SM) == 2);
	peer_close(0);
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_UNKNOWN);
	stub_message_free(&m);
	/* The answer that comes too late, or to nothing, does no harm. */
	UNTIL(smsc->peer_count == 2 && channel->links[0].state == CHANNEL_LINK_UP);
	peer_text(1, PDU_SUBMIT_SM | PDU_RESPONSE, 0, 2, "late");
	peer_header(1, PDU_GENERIC_NACK, 3, 0);
	turn(50);
	assert_int_equal(channel->links[0].state, CHANNEL_LINK_UP);
}

static void
not_up_and_too_late(void **state)
{
	struct channel_message *m;

	(void)state;
	smsc->bind_status = 0x0d;
	start();
	m = stub_send(channel, 0, "+8613812345678", "hello");
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_RETRY);
	stub_message_free(&m);
	smsc->bind_status = 0;
	UNTIL(channel->links[0].state == CHANNEL_LINK_UP);
	m = stub_message(channel, 0, "+8613812345678", "hello");
	m->not_after = channel_now() - 1;
	channel->plugin->send(channel->state, m);
	UNTIL(m->ended);
	assert_int_equal(m->how, CHANNEL_SENT_FAILED);
	assert_int_equal(got(PDU_SUBMIT_SM), 0);
	stub_message_free(&m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(binds_and_unbinds),
		TEST(long_password_and_version),
		TEST(refused_bind_is_tried_for_ever),
		TEST(falls_back_to_a_pair),
		TEST(receiver_only_is_never_up),
		TEST(transmitter_only_takes_nothing_in),
		TEST(pair_halves_are_independent),
		TEST(comes_back),
		TEST(connects_when_nobody_listens),
		TEST(resolves_names),
		TEST(enquires_and_gives_up),
		TEST(answers_enquire_link),
		TEST(enquires_a_talkative_peer),
		TEST(inactivity_renews),
		TEST(silent_at_unbind),
		TEST(unknown_command),
		TEST(broken_length),
		TEST(malformed_body),
		TEST(one_octet_at_a_time),
		TEST(slow_peer_is_dropped),
		TEST(peer_that_never_reads),
		TEST(acknowledged_only_when_stored),
		TEST(lost_before_the_answer),
		TEST(parts_and_headers),
		TEST(packed_parts_are_unpacked),
		TEST(receipts_come_in),
		TEST(full_queue_then_later),
		TEST(flood_is_bounded),
		TEST(drains),
		TEST(sends_one),
		TEST(sends_long),
		TEST(window_is_kept),
		TEST(slows_down),
		TEST(slows_down_once_for_a_window),
		TEST(refused_for_now_is_sent_again),
		TEST(gives_up_one_message),
		TEST(misconfigured_link_is_blocked),
		TEST(unanswered_is_unknown),
		TEST(not_up_and_too_late),
	};

	return cmocka_run_group_tests_name("smpp session", tests, NULL, NULL);
}
