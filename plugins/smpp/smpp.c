/* SPDX-License-Identifier: BSD-2-Clause */
/* The smpp plugin: an ESME of SMPP 3.4 with any number of links. */
#include "bytes.h"
#include "link.h"
#include "settings.h"

#include <stdlib.h>

struct smpp {
	struct channel *channel;
	struct link **links;
	size_t count;
	size_t running; /* links that have not stopped */
};

static void
on_link_stopped(void *arg, struct link *link)
{
	struct smpp *smpp = arg;

	(void)link;
	if (--smpp->running == 0)
		channel_stopped(smpp->channel);
}

static const struct link_hooks link_hooks = { on_link_stopped };

static bool
smpp_check(struct channel *channel, struct channel_error *error)
{
	size_t count = channel_link_count(channel);

	if (count == 0)
		return channel_fail(error,
		    "channel %s has no link; an smpp channel needs one or more, each with host and "
		    "system_id",
		    channel_name(channel));
	for (size_t i = 0; i < count; i++)
		if (!settings_check(channel, channel_link_at(channel, i), error))
			return false;
	return true;
}

static void
smpp_free(void *state)
{
	struct smpp *smpp = state;

	for (size_t i = 0; i < smpp->count; i++)
		link_free(&smpp->links[i]);
	free(smpp->links);
	free(smpp);
}

static bool
smpp_start(struct channel *channel, void **state, struct channel_error *error)
{
	struct smpp *smpp;

	if (!smpp_check(channel, error))
		return false;
	smpp = bytes_alloc(1, sizeof(*smpp));
	smpp->channel = channel;
	smpp->count = smpp->running = channel_link_count(channel);
	smpp->links = bytes_alloc(smpp->count, sizeof(struct link *));
	for (size_t i = 0; i < smpp->count; i++) {
		struct channel_link *link = channel_link_at(channel, i);
		smpp->links[i] = link_new(channel, link, &link_hooks, smpp, error);
		if (smpp->links[i] == NULL) {
			smpp_free(smpp);
			return false;
		}
		channel_link_set_data(link, smpp->links[i]);
	}
	*state = smpp;
	for (size_t i = 0; i < smpp->count; i++)
		link_start(smpp->links[i]);
	return true;
}

static void
smpp_stop(void *state)
{
	struct smpp *smpp = state;

	for (size_t i = 0; i < smpp->count; i++)
		link_stop(smpp->links[i]);
}

static void
smpp_send(void *state, struct channel_message *message)
{
	(void)state;
	link_send(channel_link_data(channel_message_link(message)), message);
}

static void
smpp_flow(void *state, bool open)
{
	struct smpp *smpp = state;

	for (size_t i = 0; open && i < smpp->count; i++)
		link_flow(smpp->links[i]);
}

const struct channel_plugin channel_plugin = {
	.abi = CHANNEL_ABI,
	.name = "smpp",
	.version = PACKAGE_VERSION,
	.summary = "short messages over SMPP 3.4, as an ESME",
	.options = settings_channel_options,
	.link_options = settings_link_options,
	.check = smpp_check,
	.start = smpp_start,
	.stop = smpp_stop,
	.free = smpp_free,
	.send = smpp_send,
	.flow = smpp_flow,
};
