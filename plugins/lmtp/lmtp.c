/* SPDX-License-Identifier: BSD-2-Clause */
/* The lmtp plugin: takes the town's mail from its MTA, and gives it what the town writes. */
#include "../common/bytes.h"
#include "channel/channel.h"
#include "listen.h"
#include "mime.h"
#include "outgoing.h"
#include "session.h"
#include "settings.h"
#include "spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lmtp {
	struct channel *channel;
	struct settings settings;
	struct listen *listen;
	struct sessions sessions;
	struct session **list;
	size_t count;
	struct outgoing *outgoing;
	bool outgoing_stopped, told;
};

static void
stopped_maybe(struct lmtp *l)
{
	if (!l->sessions.stopping || l->told || l->count > 0 || !l->outgoing_stopped)
		return;
	l->told = true;
	channel_stopped(l->channel);
}

static void
on_ended(void *arg, struct session *s)
{
	struct lmtp *l = arg;

	for (size_t i = 0; i < l->count; i++)
		if (l->list[i] == s) {
			l->list[i] = l->list[--l->count];
			break;
		}
	stopped_maybe(l);
}

static void
on_accept(void *arg, int fd)
{
	static const char full[] = "421 4.3.2 too many connections, come again\r\n";
	struct lmtp *l = arg;

	if (l->count >= l->settings.connections) {
		channel_count(l->channel, "connections_refused", 1);
		if (write(fd, full, sizeof(full) - 1) < 0)
			channel_log(l->channel, CHANNEL_LOG_DEBUG, "a refusal was not taken");
		close(fd);
		return;
	}
	channel_count(l->channel, "connections", 1);
	l->list[l->count++] = session_new(&l->sessions, fd);
}

static void
on_outgoing_stopped(void *arg)
{
	struct lmtp *l = arg;

	l->outgoing_stopped = true;
	stopped_maybe(l);
}

static void
lmtp_free(void *state)
{
	struct lmtp *l = state;

	for (size_t i = 0; i < l->count; i++)
		session_free(&l->list[i]);
	listen_free(&l->listen);
	outgoing_free(&l->outgoing);
	free(l->list);
	free(l);
}

static bool
lmtp_start(struct channel *channel, void **state, struct channel_error *error)
{
	struct lmtp *l;

	if (!settings_check(channel, error))
		return false;
	if (!spool_usable(channel_get_string(channel, NULL, "spool")))
		return channel_fail(error, "spool %s: %s; name a folder that can be written to",
		    channel_get_string(channel, NULL, "spool"), strerror(errno));
	mime_start();
	l = bytes_alloc(1, sizeof(*l));
	l->channel = channel;
	settings_read(channel, &l->settings);
	l->sessions = (struct sessions){
		.channel = channel, .settings = &l->settings, .ended = on_ended, .arg = l
	};
	l->list = bytes_alloc(l->settings.connections, sizeof(struct session *));
	l->outgoing = outgoing_new(channel, &l->settings, on_outgoing_stopped, l);
	l->listen = listen_new(channel_loop(channel), l->settings.listen, on_accept, l, error);
	if (l->listen == NULL) {
		lmtp_free(l);
		return false;
	}
	*state = l;
	listen_start(l->listen);
	outgoing_start(l->outgoing);
	channel_log(channel, CHANNEL_LOG_INFO, "listening on %s", l->settings.listen);
	return true;
}

static void
lmtp_stop(void *state)
{
	struct lmtp *l = state;

	l->sessions.stopping = true;
	listen_stop(l->listen);
	/* from behind, because those that end at once leave the list */
	for (size_t i = l->count; i-- > 0;)
		session_stop(l->list[i]);
	outgoing_stop(l->outgoing);
	stopped_maybe(l);
}

static void
lmtp_send(void *state, struct channel_message *message)
{
	struct lmtp *l = state;

	outgoing_send(l->outgoing, message);
}

const struct channel_plugin channel_plugin = {
	.abi = CHANNEL_ABI,
	.name = "lmtp",
	.version = PACKAGE_VERSION,
	.summary = "mail: taken from an MTA over LMTP, given to one over SMTP",
	.options = settings_options,
	.check = settings_check,
	.start = lmtp_start,
	.stop = lmtp_stop,
	.free = lmtp_free,
	.send = lmtp_send,
	.answered = true,
};
