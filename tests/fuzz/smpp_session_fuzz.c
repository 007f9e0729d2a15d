/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer's whole stream into a link with a runtime in memory: first the answer to our bind, then
 * whatever the input says, in pieces whose size the first octet tells.
 */
#include "smpp_runtime_stub.h"

#include "plugins/smpp/bytes.h"
#include "plugins/smpp/frame.h"
#include "plugins/smpp/link.h"
#include "plugins/smpp/pdu.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_stopped(void *arg, struct link *link)
{
	(void)arg;
	(void)link;
}

static void
feed(struct event_base *base, struct bufferevent *peer, const uint8_t *data, size_t size)
{
	size_t piece = (size_t)data[0] * 4 + 1, count = 0;

	for (size_t at = 1; at < size && count < 300; at += piece, count++) {
		size_t len = size - at < piece ? size - at : piece;
		bufferevent_write(peer, data + at, len);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct link_hooks hooks = { on_stopped };
	struct event_base *base;
	struct bufferevent *pair[2];
	struct channel *channel;
	struct channel_error error;
	struct channel_message *messages[3];
	struct bytes bound = { 0 };
	struct link *link;

	if (size < 2 || size > 60000)
		return 0;
	base = event_base_new();
	channel = stub_new(base, 1);
	channel->forgets = true;
	stub_set(channel, "host", "127.0.0.1");
	stub_set(channel, "port", "1");
	stub_set(channel, "system_id", "town");
	stub_set(channel, "unacknowledged", "100");
	stub_set(channel, "reconnect_min", "60s");
	if (bufferevent_pair_new(base, 0, pair) != 0)
		abort();
	bufferevent_enable(pair[0], EV_READ | EV_WRITE);
	link = link_new(channel, &channel->links[0], &hooks, NULL, &error);
	channel_link_set_data(&channel->links[0], link);
	link_attach(link, pair[1]);
	frame_begin(&bound, PDU_BIND_TRANSCEIVER | PDU_RESPONSE, 0, 1);
	bytes_add_cstring(&bound, "SMSC");
	frame_end(&bound, 0);
	bufferevent_write(pair[0], bound.data, bound.len);
	event_base_loop(base, EVLOOP_NONBLOCK);
	for (size_t i = 0; i < 3; i++) {
		messages[i] = stub_message(channel, 0, "+8613812345678", "hello");
		link_send(link, messages[i]);
	}
	feed(base, pair[0], data, size);
	link_free(&link);
	for (size_t i = 0; i < 3; i++) {
		if (!messages[i]->ended)
			abort();
		stub_message_free(&messages[i]);
	}
	event_base_loop(base, EVLOOP_NONBLOCK);
	bufferevent_free(pair[0]);
	bytes_clear(&bound);
	stub_free(&channel);
	event_base_free(base);
	return 0;
}
