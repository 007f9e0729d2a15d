/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smpp plugin with a runtime in memory as a program, so that it can be tried on an SMSC that
 * somebody else wrote. Options of the link come as KEY=VALUE arguments. What comes in is a line on
 * standard output; "send PHONE TEXT" on standard input goes out; its end is the end.
 */
#include "smpp_runtime_stub.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST 256

static struct channel *channel;
static struct evbuffer *input_bytes;
static struct channel_message *messages[MOST];
static size_t message_count, shown_submissions;
static bool shown_message[MOST];
static enum channel_link_state shown_state = CHANNEL_LINK_DOWN;

static void
show_submission(const struct channel_submission *s)
{
	if (s->is_receipt) {
		printf("receipt %s %d %s\n", s->peer_id, (int)s->state, s->detail);
	} else if (s->has_part) {
		printf("part %s %c%u %u/%u %s ", s->source, s->part.kind, s->part.reference,
		    s->part.number, s->part.total, s->charset);
		for (size_t i = 0; i < s->raw_len; i++)
			printf("%02x", s->raw[i]);
		printf("\n");
	} else {
		printf("report %s %s %u %s\n", s->source, s->charset, s->flags,
		    s->text != NULL ? s->text : "(binary)");
	}
}

static void
show(void)
{
	for (; shown_submissions < channel->submission_count; shown_submissions++)
		show_submission(channel->submissions[shown_submissions]);
	for (size_t i = 0; i < message_count; i++) {
		if (shown_message[i] || !messages[i]->ended)
			continue;
		shown_message[i] = true;
		printf("sent %d %u %s %s\n", (int)messages[i]->how, messages[i]->parts,
		    messages[i]->peer_ids, messages[i]->detail);
	}
	if (channel->links[0].state != shown_state) {
		static const char *const names[] = { "down", "connecting", "up", "blocked" };
		shown_state = channel->links[0].state;
		printf("link %s %s\n", names[shown_state], channel->links[0].detail);
	}
	fflush(stdout);
}

static void
take_line(char *line)
{
	char *text = strncmp(line, "send ", 5) == 0 ? strchr(line + 5, ' ') : NULL;

	if (text == NULL || message_count == MOST)
		exit(1);
	*text++ = '\0';
	messages[message_count++] = stub_send(channel, 0, line + 5, text);
}

/* What is read is what was written since we looked: a part of a line, or several. */
static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	char *line;

	(void)what;
	if (evbuffer_read(input_bytes, fd, 4096) <= 0) {
		channel->plugin->stop(channel->state);
		event_del(arg);
		return;
	}
	while ((line = evbuffer_readln(input_bytes, NULL, EVBUFFER_EOL_LF)) != NULL) {
		take_line(line);
		free(line);
	}
}

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct channel_error error = { .text = "" };
	struct event *input;
	struct timeval turn = { .tv_usec = 10000 };
	unsigned turns = 0;

	channel = stub_new(base, 1);
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL)
			return 64;
		*value++ = '\0';
		stub_set(channel, argv[i], value);
	}
	if (!channel->plugin->check(channel, &error) || !stub_start(channel, &error)) {
		fprintf(stderr, "%s\n", error.text);
		return 78;
	}
	input_bytes = evbuffer_new();
	input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, event_self_cbarg());
	event_add(input, NULL);
	while (!channel->stopped && turns++ < 12000) {
		event_base_loopexit(base, &turn);
		event_base_dispatch(base);
		show();
	}
	printf("stopped disagreed=%d malformed=%d\n", (int)channel->disagreed,
	    (int)channel->malformed);
	event_free(input);
	evbuffer_free(input_bytes);
	stub_free(&channel);
	for (size_t i = 0; i < message_count; i++)
		stub_message_free(&messages[i]);
	event_base_free(base);
	return 0;
}
