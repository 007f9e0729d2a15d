/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hailand with roles that obey a file instead of doing their work, to test the supervisor. Each
 * role reads $HAILAN_TEST_DIR/ROLE every 20 ms:
 *
 *	exit N		ends with code N
 *	crash		aborts
 *	hang		stops turning the loop
 *	unready		never says that it is ready (only looked at when starting)
 *	stubborn	does not end when told to drain
 *	slow N		takes N ms to drain
 *	garbage		says things that are no lines, and a status that is no JSON
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "channel/config.h"
#include "settings/settings.h"
#include "supervisor/command.h"
#include "supervisor/link.h"
#include "supervisor/role.h"
#include "supervisor/roles.h"

struct obedient {
	struct role *role;
	struct event *poll, *drained;
	char word[32];
	int number;
	bool garbage;
	int code;
};

static void
look(struct obedient *o)
{
	char path[512];
	const char *folder = getenv("HAILAN_TEST_DIR");
	FILE *f;

	o->word[0] = '\0';
	o->number = 0;
	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : ".", role_name(o->role));
	f = fopen(path, "r");
	if (f == NULL)
		return;
	if (fscanf(f, "%31s %d", o->word, &o->number) < 1)
		o->word[0] = '\0';
	fclose(f);
}

static void
on_poll(evutil_socket_t fd, short what, void *arg)
{
	struct obedient *o = arg;

	(void)fd;
	(void)what;
	look(o);
	if (strcmp(o->word, "exit") == 0) {
		o->code = o->number;
		role_stopped(o->role);
	} else if (strcmp(o->word, "crash") == 0) {
		raise(SIGKILL); /* as the kernel would; SIGABRT makes sanitizers talk */
	} else if (strcmp(o->word, "hang") == 0) {
		for (;;)
			pause();
	}
}

static void
on_drained(evutil_socket_t fd, short what, void *arg)
{
	struct obedient *o = arg;

	(void)fd;
	(void)what;
	role_stopped(o->role);
}

static void
on_drain(void *arg)
{
	struct obedient *o = arg;
	struct timeval tv = { 0 };

	look(o);
	if (strcmp(o->word, "stubborn") == 0)
		return;
	if (strcmp(o->word, "slow") == 0)
		tv = (struct timeval){ o->number / 1000, o->number % 1000 * 1000 };
	evtimer_add(o->drained, &tv);
}

static void
on_status(void *arg, struct buffer *json)
{
	const struct obedient *o = arg;
	char now[CLOCK_TEXT];

	if (strcmp(o->word, "garbage") == 0) {
		buffer_add_string(json, "\"a\":1}},{\"role\":\"forged\"");
		return;
	}
	clock_format(clock_now(), now);
	buffer_printf(json, "\"batch\":%lld,\"uid\":%d,\"now\":\"%s\"",
	    (long long)settings_integer(role_settings(o->role), "clerk", "batch"), (int)getuid(),
	    now);
	if (role_channel(o->role) != NULL && role_channel(o->role)->settings.count > 0) {
		const char *value = role_channel(o->role)->settings.list[0].value;
		buffer_add_string(json, ",\"first\":");
		buffer_add_json(json, value, strlen(value));
	}
}

static void
babble(void)
{
	char noise[LINK_LINE_BYTES];

	memset(noise, 'x', sizeof(noise));
	for (int i = 0; i < 3; i++) {
		if (write(LINK_FD, noise, sizeof(noise)) < 0)
			return;
	}
}

static int
obedient_role(struct role *role)
{
	const struct timeval tv = { .tv_usec = 20000 };
	struct obedient o = { .role = role };

	look(&o);
	if (strcmp(o.word, "exit") == 0)
		return o.number;
	if (strcmp(o.word, "garbage") == 0)
		babble();
	o.poll = event_new(role_base(role), -1, EV_PERSIST, on_poll, &o);
	o.drained = evtimer_new(role_base(role), on_drained, &o);
	event_add(o.poll, &tv);
	role_on_drain(role, on_drain, &o);
	role_on_status(role, on_status, &o);
	if (strcmp(o.word, "unready") != 0)
		role_ready(role);
	role_loop(role);
	event_free(o.poll);
	event_free(o.drained);
	return o.code;
}

/* Stands for what a plugin's check does, good and bad. */
static bool
check(const struct settings *settings, const char *instance, struct buffer *errors)
{
	const struct channel_config *c = settings_channel(settings, instance);

	for (size_t i = 0; i < c->settings.count; i++) {
		const struct channel_setting *s = &c->settings.list[i];

		if (strcmp(s->key, "crash") == 0)
			raise(SIGKILL);
		if (strcmp(s->key, "bad") == 0)
			buffer_printf(errors, "%s:%d: bad is bad\n", c->file, s->line);
	}
	return errors->len == 0;
}

static const struct role_kind kinds[] = {
	{ .name = "channel", .run = obedient_role, .check = check, .titled = true },
	{ .name = "clerk", .run = obedient_role },
	{ .name = "timekeeper", .run = obedient_role },
	{ 0 },
};

int
main(int argc, char **argv)
{
	return command_main(argc, argv, kinds);
}
