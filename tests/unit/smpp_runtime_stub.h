/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "channel/channel.h"

/*
 * The runtime of channel.h in memory, for tests of the smpp plugin: settings from the plugin's own
 * tables, completions by hand or in the next turn of the loop, everything told to it kept.
 */
#define STUB_MOST 512

struct channel_link {
	struct channel *channel;
	char name[32];
	void *data;
	enum channel_link_state state;
	char detail[512];
	unsigned throttled;
};

struct channel_submission {
	struct channel *channel;
	channel_done_fn *done;
	void *arg;
	bool is_receipt, finished, cancelled;
	/* report */
	char source[80], destination[80], charset[64], protocol[1024];
	char *text; /* NULL: none */
	unsigned char raw[70000];
	size_t raw_len, text_len;
	char reference[64];
	bool has_part;
	struct channel_part part;
	unsigned flags;
	/* receipt */
	char peer_id[80], detail[200];
	enum channel_receipt_state state;
};

struct channel_message {
	int64_t id, not_after;
	struct channel_link *link;
	char destination[80], source[80], *text;
	enum channel_priority priority;
	bool ended;
	enum channel_sent how;
	char peer_ids[4096], detail[512];
	unsigned parts;
	int64_t retry_ms;
};

struct channel {
	struct event_base *base;
	const struct channel_plugin *plugin;
	void *state;
	struct channel_link links[4];
	size_t link_count;
	struct {
		char name[32], value[256];
	} set[64];
	size_t set_count;

	bool open;    /* channel_may_submit() */
	bool by_hand; /* completions wait for stub_finish() */
	enum channel_outcome outcome;
	struct channel_submission *submissions[STUB_MOST];
	size_t submission_count;
	bool forgets; /* submissions are freed when they end; for long runs */
	size_t ended;
	struct event *finish;

	unsigned alarms_raised, alarms_fallen;
	char alarm[64];
	bool stopped;
	int64_t told_later, disagreed, malformed, unknown, broken;
	int logs; /* errors and warnings */
};

struct channel *stub_new(struct event_base *base, size_t links);
/* Of the channel and of every link. */
void stub_set(struct channel *c, const char *name, const char *value);
bool stub_start(struct channel *c, struct channel_error *error);
void stub_free(struct channel **c);

/* Ends submission index. */
void stub_finish(struct channel *c, size_t index, enum channel_outcome outcome);
void stub_open(struct channel *c, bool open);
struct channel_message *stub_send(struct channel *c, size_t link, const char *to, const char *text);
struct channel_message *
stub_message(struct channel *c, size_t link, const char *to, const char *text);
void stub_message_free(struct channel_message **m);
