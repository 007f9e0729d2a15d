/* SPDX-License-Identifier: BSD-2-Clause */
/* The ivr plugin: a FastAGI server. A PBX gives us its calls; we tell it what to play and record.
 */
#include "../common/bytes.h"
#include "call.h"
#include "channel/channel.h"
#include "intake.h"
#include "listen.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPARE = 32 }; /* connections above the calls, to be told that we are busy */

struct ivr {
	struct channel *channel;
	struct settings settings;
	struct listen *listen;
	struct intake *intake;
	struct calls calls;
	struct call **list;
	bool told;
};

static void
stopped_maybe(struct ivr *v)
{
	if (!v->calls.stopping || v->told || v->calls.count > 0 || !intake_is_idle(v->intake))
		return;
	v->told = true;
	channel_stopped(v->channel);
}

static void
on_ended(void *arg, struct call *c)
{
	struct ivr *v = arg;

	for (size_t i = 0; i < v->calls.count; i++)
		if (v->list[i] == c) {
			v->list[i] = v->list[--v->calls.count];
			break;
		}
	stopped_maybe(v);
}

static void
on_idle(void *arg)
{
	stopped_maybe(arg);
}

static void
on_accept(void *arg, int fd)
{
	struct ivr *v = arg;

	/* the dialplan goes on by itself, and records */
	if (v->calls.count >= v->settings.calls + SPARE) {
		channel_count(v->channel, "refused_full", 1);
		close(fd);
		return;
	}
	v->calls.count++;
	v->list[v->calls.count - 1] = call_new(&v->calls, fd);
}

static void
on_stranger(void *arg, const char *address)
{
	struct ivr *v = arg;

	channel_count(v->channel, "strangers", 1);
	channel_log(v->channel, CHANNEL_LOG_WARNING,
	    "a connection from %s, which is none of peers, was closed", address);
}

static void
ivr_free(void *state)
{
	struct ivr *v = state;

	for (size_t i = 0; i < v->calls.count; i++)
		call_free(&v->list[i]);
	listen_free(&v->listen);
	intake_free(&v->intake);
	settings_clear(&v->settings);
	free(v->list);
	free(v);
}

static bool
ivr_start(struct channel *channel, void **state, struct channel_error *error)
{
	struct ivr *v = bytes_alloc(1, sizeof(*v));

	if (!settings_read(channel, &v->settings, error)) {
		free(v);
		return false;
	}
	v->channel = channel;
	v->list = bytes_alloc(v->settings.calls + SPARE, sizeof(struct call *));
	v->intake = intake_new(channel, &v->settings, on_idle, v, error);
	if (v->intake != NULL)
		v->listen = listen_new(channel_loop(channel), v->settings.listen, v->settings.peers,
		    on_accept, on_stranger, v, error);
	if (v->listen == NULL) {
		ivr_free(v);
		return false;
	}
	v->calls = (struct calls){ .channel = channel,
		.settings = &v->settings,
		.intake = v->intake,
		.ended = on_ended,
		.arg = v };
	*state = v;
	listen_start(v->listen);
	channel_link_state(channel, NULL, CHANNEL_LINK_UP, v->settings.listen);
	channel_log(channel, CHANNEL_LOG_INFO, "listening on %s", v->settings.listen);
	return true;
}

static void
ivr_stop(void *state)
{
	struct ivr *v = state;

	v->calls.stopping = true;
	listen_stop(v->listen);
	intake_stop(v->intake);
	/* from behind, because those that end at once leave the list */
	for (size_t i = v->calls.count; i-- > 0;)
		call_stop(v->list[i]);
	stopped_maybe(v);
}

static void
ivr_flow(void *state, bool open)
{
	struct ivr *v = state;

	intake_flow(v->intake, open);
}

const struct channel_plugin channel_plugin = {
	.abi = CHANNEL_ABI,
	.name = "ivr",
	.version = PACKAGE_VERSION,
	.summary = "phone menus: calls that a PBX hands over by FastAGI",
	.options = settings_options,
	.menu_options = menu_options,
	.check = settings_check,
	.start = ivr_start,
	.stop = ivr_stop,
	.free = ivr_free,
	.flow = ivr_flow,
};
