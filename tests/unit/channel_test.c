/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channel runtime on a database of memory, which refuses, loses and delays what the test wants.
 */
#include <dlfcn.h>
#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/channel.h"
#include "channel/clean.h"
#include "channel/config.h"
#include "channel/fault.h"
#include "channel/fingerprint.h"
#include "channel/host.h"
#include "channel/inbox.h"
#include "channel/loader.h"
#include "channel/options.h"
#include "channel/outbox.h"
#include "channel/receipts.h"
#include "database/database.h"
#include "embedded.h"
#include "supervisor/role.h"

/* ---- a role that does nothing --------------------------------------------------------------- */

struct role {
	int stopped;
};
static struct event_base *base;

const char *
role_name(const struct role *role)
{
	(void)role;
	return "channel:test";
}
struct event_base *
role_base(const struct role *role)
{
	(void)role;
	return base;
}
const struct settings *
role_settings(const struct role *role)
{
	(void)role;
	return NULL;
}
const struct channel_config *
role_channel(const struct role *role)
{
	(void)role;
	return NULL;
}
const char *
role_conninfo(const struct role *role)
{
	(void)role;
	return "";
}
const char *
role_database_user(const struct role *role)
{
	(void)role;
	return NULL;
}
void
role_on_drain(struct role *role, role_drain_fn *fn, void *arg)
{
	(void)role;
	(void)fn;
	(void)arg;
}
void
role_on_status(struct role *role, role_status_fn *fn, void *arg)
{
	(void)role;
	(void)fn;
	(void)arg;
}
void
role_ready(struct role *role)
{
	(void)role;
}
void
role_loop(struct role *role)
{
	(void)role;
}
void
role_stopped(struct role *role)
{
	role->stopped++;
}

/* ---- a database of memory ------------------------------------------------------------------- */

enum { DATABASES = 5, CELLS = 10, ROWS = 512 };

struct result {
	int rows;
	struct {
		int64_t number;
		const char *text;
		bool null;
	} cell[ROWS][CELLS];
};

struct array {
	uint32_t count;
	struct {
		const char *data;
		int len; /* -1: NULL */
	} at[2048];
};

struct database_call {
	TAILQ_ENTRY(database_call) entry;
	struct database *db;
	const struct sql_statement *statement;
	struct params params;
	call_fn *done;
	void *arg;
	bool cancelled;
};

struct database {
	bool up;
	database_state_fn *hook;
	void *arg;
	database_notify_fn *notify;
	void *notify_arg;
};

struct stored {
	uint8_t fingerprint[16];
	char *source, *raw;
	bool text_null;
	int flags;
};

static struct {
	struct database *databases[DATABASES];
	unsigned count;
	TAILQ_HEAD(, database_call) calls;
	struct stored rows[20000];
	size_t row_count, copies, receipts;
	size_t batches, announcements, ends, ends_calls, recovers;
	bool recover_crashed;
	uint32_t recover_kept;
	int end_outcomes[2048];
	char end_details[2048][64];
	struct result result;
	/* What outbox_claim gives: so many messages, the first with this id. */
	int claimable;
	int64_t next_id;
	int32_t last_room;
} fake;

struct database *
database_new(struct event_base *unused, const char *conninfo, const char *user,
    const char *application, database_state_fn *hook, void *arg)
{
	struct database *db = xcalloc(1, sizeof(*db));

	(void)unused;
	(void)conninfo;
	(void)user;
	(void)application;
	db->hook = hook;
	db->arg = arg;
	assert_true(fake.count < DATABASES);
	fake.databases[fake.count++] = db;
	return db;
}

static void
call_free(struct database_call *call)
{
	TAILQ_REMOVE(&fake.calls, call, entry);
	params_clear(&call->params);
	free(call);
}

void
database_free(struct database **db)
{
	struct database_call *call, *next;

	for (call = TAILQ_FIRST(&fake.calls); call != NULL; call = next) {
		next = TAILQ_NEXT(call, entry);
		if (call->db == *db)
			call_free(call);
	}
	free(*db);
	*db = NULL;
}

struct database_call *
database_call(struct database *db, const struct sql_statement *statement,
    const struct params *params, int timeout_ms, call_fn *done, void *arg)
{
	struct database_call *call = xcalloc(1, sizeof(*call));

	(void)timeout_ms;
	assert_int_equal(params != NULL ? params->count : 0, statement->parameters);
	call->db = db;
	call->statement = statement;
	if (params != NULL) {
		buffer_add(&call->params.bytes, params->bytes.data, params->bytes.len);
		call->params.list = xcalloc(params->count, sizeof(*params->list));
		memcpy(call->params.list, params->list, params->count * sizeof(*params->list));
		call->params.count = params->count;
	}
	call->done = done;
	call->arg = arg;
	TAILQ_INSERT_TAIL(&fake.calls, call, entry);
	return call;
}

void
database_call_cancel(struct database_call *call)
{
	call->cancelled = true;
}

void
database_listen(struct database *db, const char *channel, database_notify_fn *hook, void *arg)
{
	(void)channel;
	db->notify = hook;
	db->notify_arg = arg;
}

bool
sqlstate_is_transient(const char *sqlstate)
{
	return strncmp(sqlstate, "08", 2) == 0 || strncmp(sqlstate, "40", 2) == 0 ||
	       strncmp(sqlstate, "57", 2) == 0;
}

int
result_rows(const struct result *r)
{
	return r->rows;
}
bool
result_null(const struct result *r, int row, int column)
{
	return r->cell[row][column].null;
}
int64_t
result_int(const struct result *r, int row, int column)
{
	return r->cell[row][column].number;
}
int64_t
result_time(const struct result *r, int row, int column)
{
	return r->cell[row][column].number;
}
const char *
result_bytes(const struct result *r, int row, int column, size_t *len)
{
	const char *text = r->cell[row][column].text != NULL ? r->cell[row][column].text : "";

	if (len != NULL)
		*len = strlen(text);
	return text;
}

static uint32_t
be32(const char *at)
{
	const unsigned char *b = (const unsigned char *)at;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static uint32_t
be16(const char *at)
{
	return be32(at) >> 16;
}

/* The array that is parameter n, from 0. */
static const struct array *
array_of(const struct database_call *call, unsigned n)
{
	static struct array a[8];
	static unsigned next;
	struct array *out = &a[next++ % 8];
	const char *at = call->params.bytes.data + call->params.list[n].offset;
	const char *end = at + call->params.list[n].length;

	out->count = be32(at) == 0 ? 0 : be32(at + 12);
	assert_true(out->count <= 2048);
	at += 20;
	for (uint32_t i = 0; i < out->count; i++) {
		out->at[i].len = (int)be32(at);
		out->at[i].data = at + 4;
		at += 4 + (out->at[i].len > 0 ? out->at[i].len : 0);
		assert_true(at <= end);
	}
	return out;
}

enum answer { ANSWER, REFUSE_POISON, LOSE_BEFORE, LOSE_AFTER, FAIL_42501, FAIL_XX000 };

static struct stored *
find_row(const char *fingerprint_bytes)
{
	for (size_t i = 0; i < fake.row_count; i++)
		if (memcmp(fake.rows[i].fingerprint, fingerprint_bytes, 16) == 0)
			return &fake.rows[i];
	return NULL;
}

static void
store_reports(const struct database_call *call)
{
	const struct array *sources = array_of(call, 8), *raws = array_of(call, 9);
	const struct array *texts = array_of(call, 10), *prints = array_of(call, 11);
	const struct array *envelopes = array_of(call, 2), *flags = array_of(call, 6);
	struct result *r = &fake.result;

	r->rows = 0;
	for (uint32_t i = 0; i < prints->count; i++) {
		struct stored *s = find_row(prints->at[i].data);
		if (s != NULL) {
			fake.copies++;
			r->cell[r->rows][0].number = i + 1;
			r->cell[r->rows][1].number = 1;
			r->cell[r->rows++][2].text = "the same message came before";
			continue;
		}
		s = &fake.rows[fake.row_count++];
		memcpy(s->fingerprint, prints->at[i].data, 16);
		s->source = xmemdup0(sources->at[i].data, (size_t)sources->at[i].len);
		s->raw = xmemdup0(raws->at[i].data, (size_t)raws->at[i].len);
		s->text_null = texts->at[i].len < 0;
	}
	for (uint32_t i = 0; i < envelopes->count; i++) {
		struct stored *s = find_row(prints->at[i].data);
		uint32_t e = be16(envelopes->at[i].data);
		assert_in_range(e, 1, flags->count);
		s->flags = (int)be32(flags->at[e - 1].data);
	}
}

static bool
is_poisoned(const struct database_call *call)
{
	bool end = call->statement == &sql_outbox_done;
	const struct array *a;

	if (!end && call->statement != &sql_inbox_submit && call->statement != &sql_receipts_put)
		return false;
	a = array_of(call, call->statement == &sql_receipts_put ? 5 : 9);
	for (uint32_t i = 0; i < a->count; i++)
		if (a->at[i].len >= 6 && memcmp(a->at[i].data, "poison", 6) == 0)
			return true;
	return false;
}

static void
give_messages(const struct database_call *call)
{
	const struct array *links = array_of(call, 3), *rooms = array_of(call, 4);
	struct result *r = &fake.result;
	static char link[64];

	r->rows = 0;
	fake.last_room = 0;
	for (uint32_t i = 0; i < rooms->count; i++) {
		int room = (int)be32(rooms->at[i].data);
		fake.last_room += room;
		snprintf(link, sizeof(link), "%.*s", links->at[i].len, links->at[i].data);
		for (; room > 0 && fake.claimable > 0; room--, fake.claimable--) {
			memset(r->cell[r->rows], 0, sizeof(r->cell[0]));
			r->cell[r->rows][0].number = fake.next_id++;
			r->cell[r->rows][1].text = link;
			r->cell[r->rows][2].text = "+8613800000001";
			r->cell[r->rows][3].text = "12345";
			r->cell[r->rows][4].text = "你好";
			r->cell[r->rows][5].number = CHANNEL_REPLY;
			r->cell[r->rows++][6].null = true;
		}
	}
}

static void
note_ends(const struct database_call *call)
{
	const struct array *outcomes = array_of(call, 4), *details = array_of(call, 9);

	fake.ends_calls++;
	for (uint32_t i = 0; i < outcomes->count; i++) {
		fake.end_outcomes[fake.ends] = outcomes->at[i].data[1];
		snprintf(fake.end_details[fake.ends++], 64, "%.*s", details->at[i].len,
		    details->at[i].data);
	}
}

static void
execute(const struct database_call *call)
{
	fake.result.rows = 0;
	if (call->statement == &sql_inbox_submit) {
		fake.batches++;
		store_reports(call);
	} else if (call->statement == &sql_inbox_announce) {
		fake.announcements++;
	} else if (call->statement == &sql_receipts_put) {
		fake.receipts += array_of(call, 3)->count;
	} else if (call->statement == &sql_outbox_claim) {
		give_messages(call);
	} else if (call->statement == &sql_outbox_done) {
		note_ends(call);
	} else if (call->statement == &sql_outbox_recover) {
		fake.recovers++;
		fake.recover_crashed = call->params.bytes.data[call->params.list[3].offset] != '\0';
		fake.recover_kept = array_of(call, 4)->count;
		fake.result.rows = 1;
		fake.result.cell[0][0].number = 0;
	}
}

/* Answers the oldest call of db (NULL: of any). False when there is none. */
static bool
answer(struct database *db, enum answer how)
{
	struct database_call *call;
	struct call_outcome o = { .end = CALL_DONE, .result = &fake.result };

	TAILQ_FOREACH(call, &fake.calls, entry)
	if (db == NULL || call->db == db)
		break;
	if (call == NULL)
		return false;
	if (how == LOSE_BEFORE || how == LOSE_AFTER) {
		if (how == LOSE_AFTER && !is_poisoned(call))
			execute(call);
		o = (struct call_outcome){ .end = CALL_LOST, .error = "cut" };
	} else if (how == FAIL_42501) {
		o = (struct call_outcome){ CALL_FAILED, NULL, "42501", "permission denied" };
	} else if (is_poisoned(call) && (how == REFUSE_POISON || how == FAIL_XX000)) {
		o = (struct call_outcome){ CALL_FAILED, NULL, how == FAIL_XX000 ? "XX000" : "22021",
			"poison" };
	} else {
		execute(call);
	}
	if (!call->cancelled)
		call->done(call->arg, &o);
	call_free(call);
	return true;
}

static void
turn(void)
{
	for (int i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Lets so much time pass in the loop. */
static void
wait_ms(int ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		usleep(2000);
	}
}

/* Answers all until nothing is under way. */
static void
answer_all(enum answer how)
{
	for (turn(); answer(NULL, how); turn())
		;
}

static void
set_up(bool up)
{
	for (unsigned i = 0; i < fake.count; i++)
		if (fake.databases[i]->up != up) {
			fake.databases[i]->up = up;
			fake.databases[i]->hook(fake.databases[i]->arg,
			    up ? DATABASE_UP : DATABASE_DOWN, up ? NULL : "it is gone");
		}
	turn();
}

/* ---- a channel ------------------------------------------------------------------------------ */

static struct channel channel;
static struct role role;
static struct channel_config *config;
static int flows, last_flow;
static struct channel_message *sent[2048];
static int sent_count;

static void
on_flow(void *state, bool open)
{
	(void)state;
	flows++;
	last_flow = open;
}

static void
on_send(void *state, struct channel_message *m)
{
	(void)state;
	sent[sent_count++] = m;
}

static const struct channel_option no_options[] = {
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};
static const struct channel_plugin plugin = {
	.abi = CHANNEL_ABI,
	.name = "test",
	.version = "1",
	.link_options = no_options,
	.send = on_send,
	.flow = on_flow,
};

static void
read_options(const struct channel_section *section, const struct channel_option *own,
    struct option_values *out)
{
	struct buffer errors = { 0 };

	if (!options_read(section, own, NULL, "test.conf", "channel test", out, &errors))
		fail_msg("%s", errors.data);
	buffer_clear(&errors);
}

/* settings: "key=value …" */
static void
channel_up(const char *settings, unsigned links)
{
	char *copy = xstrdup(settings), *word;

	memset(&fake, 0, sizeof(fake));
	memset(&channel, 0, sizeof(channel));
	TAILQ_INIT(&fake.calls);
	fake.next_id = 1;
	flows = last_flow = sent_count = role.stopped = 0;
	base = event_base_new();
	config = channel_config_new("test", "test.conf", 1, "test", NULL);
	for (word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		char *value = strchr(word, '=');
		*value++ = '\0';
		channel_config_set(&config->settings, word, value, 2);
	}
	free(copy);
	channel.role = &role;
	channel.base = base;
	channel.config = config;
	channel.plugin = &plugin;
	read_options(&config->settings, options_of_channels, &channel.options);
	channel.link_count = links;
	channel.links = xcalloc(links, sizeof(*channel.links));
	for (unsigned i = 0; i < links; i++) {
		struct channel_section none = { .name = NULL };
		channel.links[i].channel = &channel;
		channel.links[i].name = i == 0 ? "one" : "two";
		read_options(&none, options_of_links, &channel.links[i].options);
	}
	channel.inbox = inbox_new(&channel);
	channel.outbox = outbox_new(&channel);
	channel.started = true;
	set_up(true);
	answer_all(ANSWER);
}

static void
channel_down(void)
{
	outbox_free(&channel.outbox);
	inbox_free(&channel.inbox);
	options_clear(&channel.options);
	for (size_t i = 0; i < channel.link_count; i++)
		options_clear(&channel.links[i].options);
	free(channel.links);
	channel_config_free(&config);
	for (size_t i = 0; i < fake.row_count; i++) {
		free(fake.rows[i].source);
		free(fake.rows[i].raw);
	}
	event_base_free(base);
}

/* ---- reports -------------------------------------------------------------------------------- */

struct report_end {
	int calls;
	enum channel_outcome outcome;
	char reason[120];
};
static struct report_end ends[20000];

static void
on_done(void *arg, enum channel_outcome outcome, const char *reason)
{
	struct report_end *e = arg;

	e->calls++;
	e->outcome = outcome;
	snprintf(e->reason, sizeof(e->reason), "%s", reason != NULL ? reason : "");
}

static struct channel_submission *
submit(int n, const char *source, const char *raw)
{
	struct channel_report r = { .source = source,
		.destination = "12345",
		.raw = raw,
		.raw_len = strlen(raw),
		.text = raw,
		.text_len = strlen(raw) };
	struct channel_submission *s;

	ends[n] = (struct report_end){ 0 };
	s = channel_submit(&channel, &r, on_done, &ends[n]);
	assert_int_equal(ends[n].calls, 0); /* never from inside */
	return s;
}

static void
submit_many(int from, int count)
{
	char source[32], raw[32];

	for (int i = from; i < from + count; i++) {
		snprintf(source, sizeof(source), "+861380000%04d", i);
		snprintf(raw, sizeof(raw), "report %d", i);
		submit(i, source, raw);
	}
}

/* Of one sender: all go through one batcher. */
static void
submit_of_one(int from, int count)
{
	char raw[32];

	for (int i = from; i < from + count; i++) {
		snprintf(raw, sizeof(raw), "report %d", i);
		submit(i, "+8613800000001", raw);
	}
}

static void
expect(int from, int count, enum channel_outcome outcome)
{
	for (int i = from; i < from + count; i++) {
		assert_int_equal(ends[i].calls, 1);
		assert_int_equal(ends[i].outcome, outcome);
	}
}

static void
test_lone_goes_at_once_and_others_gather(void **state)
{
	(void)state;
	channel_up("connections=1 batch=40", 1);
	submit_of_one(0, 1);
	turn();
	assert_non_null(TAILQ_FIRST(&fake.calls)); /* under way, alone */
	submit_of_one(1, 100);
	turn();
	assert_int_equal(fake.batches, 0);
	assert_true(answer(NULL, ANSWER));
	expect(0, 1, CHANNEL_STORED);
	answer_all(ANSWER);
	expect(0, 101, CHANNEL_STORED);
	assert_int_equal(fake.batches, 1 + 3); /* 40, 40, 20 */
	assert_int_equal(fake.row_count, 101);
	channel_down();
}

static void
test_what_one_read_brings_goes_together(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	submit_of_one(0, 50);
	answer_all(ANSWER);
	assert_int_equal(fake.batches, 1);
	channel_down();
}

/* While a batch is being committed that of other senders is on its way over the same connection. */
static void
test_two_batches_are_on_their_way(void **state)
{
	int calls = 0;
	struct database_call *call;

	(void)state;
	channel_up("connections=1 batch=10", 1);
	submit_many(0, 100);
	turn();
	TAILQ_FOREACH(call, &fake.calls, entry)
	calls++;
	assert_int_equal(calls, 2);
	answer_all(ANSWER);
	expect(0, 100, CHANNEL_STORED);
	channel_down();
}

/* More than the queue began with, taken from its middle while it grows. */
static void
test_what_waits_keeps_its_order(void **state)
{
	(void)state;
	channel_up("connections=1 batch=30", 1);
	for (int i = 0; i < 10; i++) {
		submit_of_one(i * 90, 90);
		turn();
		assert_true(answer(NULL, ANSWER));
	}
	answer_all(ANSWER);
	expect(0, 900, CHANNEL_STORED);
	for (int i = 0; i < 900; i++)
		assert_int_equal(atoi(fake.rows[i].raw + strlen("report ")), i);
	channel_down();
}

/* The clerks are told after the commit, on the outbox's connection, once for all that was committed
 * while they were being told before. */
static void
test_clerks_are_told_of_what_is_committed(void **state)
{
	struct database *outbox;

	(void)state;
	channel_up("connections=1 batch=10", 1);
	outbox = fake.databases[1];
	submit_of_one(0, 50);
	turn();
	assert_false(answer(outbox, ANSWER)); /* nothing is committed */
	for (int i = 0; i < 5; i++)
		assert_true(answer(fake.databases[0], ANSWER));
	assert_true(answer(outbox, ANSWER));
	assert_true(answer(outbox, ANSWER));
	assert_false(answer(outbox, ANSWER));
	assert_int_equal(fake.announcements, 2);
	/* One that is lost does no harm and is not repeated. */
	submit_many(50, 1);
	turn();
	assert_true(answer(fake.databases[0], ANSWER));
	assert_true(answer(outbox, LOSE_BEFORE));
	assert_false(answer(outbox, ANSWER));
	submit_many(51, 1);
	answer_all(ANSWER);
	assert_int_equal(fake.announcements, 3);
	channel_down();
}

static void
test_resend_while_the_first_is_under_way(void **state)
{
	(void)state;
	channel_up("connections=2", 1);
	for (int i = 0; i < 5; i++)
		submit(i, "+8613800000001", "the light is broken");
	answer_all(ANSWER);
	expect(0, 1, CHANNEL_STORED);
	expect(1, 4, CHANNEL_DUPLICATE);
	assert_int_equal(fake.row_count, 1);
	assert_int_equal(fake.copies, 4); /* the database has counted each */
	assert_int_equal(inbox_pending(channel.inbox), 0);
	channel_down();
}

static void
test_resend_of_what_ends_badly_ends_so_too(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	for (int i = 0; i < 3; i++)
		submit(i, "+8613800000001", "poison");
	answer_all(REFUSE_POISON);
	expect(0, 3, CHANNEL_REFUSED);
	assert_int_equal(inbox_pending(channel.inbox), 0);
	channel_down();
}

static void
test_the_bad_one_stands_alone(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	submit_many(0, 37);
	submit(37, "+8613900000000", "poison");
	submit_many(38, 62);
	answer_all(REFUSE_POISON);
	expect(0, 37, CHANNEL_STORED);
	expect(37, 1, CHANNEL_REFUSED);
	assert_string_equal(ends[37].reason, "poison");
	expect(38, 62, CHANNEL_STORED);
	assert_int_equal(fake.row_count, 99);
	channel_down();
}

static void
test_unknown_fault_is_never_refused(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	submit_many(0, 5);
	submit(5, "+8613900000000", "poison");
	answer_all(FAIL_XX000);
	expect(0, 5, CHANNEL_STORED);
	expect(5, 1, CHANNEL_LATER);
	channel_down();
}

static void
test_fault_of_the_installation_refuses_nobody(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	submit_many(0, 20);
	answer_all(FAIL_42501);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ends[i].calls, 0); /* waits */
	wait_ms(1100);
	answer_all(ANSWER); /* mended */
	expect(0, 20, CHANNEL_STORED);
	channel_down();
}

static void
test_lost_is_sent_again_as_a_whole(void **state)
{
	static const enum answer how[] = { LOSE_BEFORE, LOSE_AFTER };

	(void)state;
	for (int i = 0; i < 2; i++) {
		channel_up("connections=1", 1);
		submit_many(0, 30);
		turn();
		assert_true(answer(NULL, how[i]));
		submit_many(30, 10);
		turn();
		wait_ms(250);
		answer_all(ANSWER);
		for (int n = 0; n < 40; n++) {
			assert_int_equal(ends[n].calls, 1);
			assert_true(ends[n].outcome == CHANNEL_STORED ||
				    ends[n].outcome == CHANNEL_DUPLICATE);
		}
		assert_int_equal(fake.row_count, 40);
		channel_down();
	}
}

static void
test_database_away(void **state)
{
	(void)state;
	channel_up("connections=2", 1);
	assert_true(channel_may_submit(&channel));
	set_up(false);
	assert_int_equal(flows, 2); /* opened, closed */
	assert_int_equal(last_flow, 0);
	assert_false(channel_may_submit(&channel));
	submit_many(0, 3);
	turn();
	expect(0, 3, CHANNEL_LATER);
	set_up(true);
	assert_int_equal(last_flow, 1);
	submit_many(3, 3);
	answer_all(ANSWER);
	expect(3, 3, CHANNEL_STORED);
	channel_down();
}

static void
test_bound_in_number(void **state)
{
	(void)state;
	channel_up("connections=1 queue=100 batch=10", 1);
	submit_many(0, 99);
	assert_true(channel_may_submit(&channel));
	submit_many(99, 1);
	assert_false(channel_may_submit(&channel));
	submit_many(100, 5);
	turn();
	expect(100, 5, CHANNEL_LATER);
	assert_int_equal(last_flow, 0);
	answer(NULL, ANSWER);
	turn();
	assert_false(channel_may_submit(&channel)); /* a quarter must be free first */
	answer_all(ANSWER);
	assert_true(channel_may_submit(&channel));
	assert_int_equal(last_flow, 1);
	expect(0, 100, CHANNEL_STORED);
	channel_down();
}

static void
test_bound_in_bytes(void **state)
{
	char *raw = xmalloc(1 << 20);
	struct channel_report r = {
		.source = "+8613800000001", .raw = raw, .raw_len = 1 << 20, .charset = "BINARY"
	};
	int n = 0;

	(void)state;
	channel_up("connections=1 queue_bytes=4194304", 1);
	memset(raw, 'x', 1 << 20);
	for (; n < 6; n++) {
		ends[n] = (struct report_end){ 0 };
		raw[0] = (char)('a' + n);
		channel_submit(&channel, &r, on_done, &ends[n]);
	}
	assert_false(channel_may_submit(&channel));
	answer_all(ANSWER);
	expect(0, 3, CHANNEL_STORED);
	expect(3, 3, CHANNEL_LATER);
	assert_true(channel_may_submit(&channel));
	free(raw);
	channel_down();
}

static void
test_damaged_text_is_kept_and_flagged(void **state)
{
	static const struct {
		const char *source, *text;
		size_t len;
		const char *want_source;
		bool text_null;
		int flags;
	} cases[] = {
		{ "+8613800000001", "\xe5\xa4\xa9", 3, "+8613800000001", false, 0 },
		{ "+8613800000001", "\xff\xfe", 2, "+8613800000001", true, CHANNEL_DAMAGED },
		{ "+8613800000001", "a\0b", 3, "+8613800000001", true, CHANNEL_DAMAGED },
		{ "B\xfcro", "ok", 2, "B?ro", false, CHANNEL_DAMAGED },
	};

	(void)state;
	channel_up("connections=1", 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_report r = { .source = cases[i].source,
			.raw = cases[i].text,
			.raw_len = cases[i].len,
			.text = cases[i].text,
			.text_len = cases[i].len };
		ends[i] = (struct report_end){ 0 };
		channel_submit(&channel, &r, on_done, &ends[i]);
		answer_all(ANSWER);
		expect((int)i, 1, CHANNEL_STORED);
		assert_string_equal(fake.rows[i].source, cases[i].want_source);
		assert_int_equal(fake.rows[i].text_null, cases[i].text_null);
		assert_int_equal(fake.rows[i].flags, cases[i].flags);
	}
	channel_down();
}

static void
test_impossible_reports(void **state)
{
	static const struct channel_part parts[] = { { '8', 1, 1, 1 }, { '8', 1, 256, 1 },
		{ '8', 1, 3, 0 }, { '8', 1, 3, 4 } };
	struct channel_report r = { .source = "", .raw = "x", .raw_len = 1 };
	char long_source[256];

	(void)state;
	channel_up("connections=1", 1);
	memset(long_source, '1', 255);
	long_source[255] = '\0';
	channel_submit(&channel, &r, on_done, memset(&ends[0], 0, sizeof(ends[0])));
	r.source = long_source;
	channel_submit(&channel, &r, on_done, memset(&ends[1], 0, sizeof(ends[0])));
	r.source = "+86138";
	for (int i = 0; i < 4; i++) {
		r.part = &parts[i];
		channel_submit(&channel, &r, on_done, memset(&ends[2 + i], 0, sizeof(ends[0])));
	}
	turn();
	expect(0, 6, CHANNEL_REFUSED);
	assert_int_equal(fake.row_count, 0);
	channel_down();
}

static void
test_cancelled_is_stored_all_the_same(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	channel_submission_cancel(submit(0, "+8613800000001", "he rang off"));
	answer_all(ANSWER);
	assert_int_equal(ends[0].calls, 0);
	assert_int_equal(fake.row_count, 1);
	channel_down();
}

/* Whatever happens to calls, each sender's reports are stored once and in his order. */
static void
test_order_of_a_sender(void **state)
{
	enum { SENDERS = 40, EACH = 25 };
	static const char *const names[] = { "connections=1 batch=7", "connections=2 batch=16",
		"connections=4 batch=100" };

	(void)state;
	for (unsigned seed = 1; seed <= 6; seed++) {
		int last[SENDERS], n = 0;
		char source[32], raw[32];

		srand(seed);
		channel_up(names[seed % 3], 1);
		for (int i = 0; i < EACH * SENDERS; i++) {
			int sender = rand() % SENDERS;
			snprintf(source, sizeof(source), "+861380000%04d", sender);
			snprintf(raw, sizeof(raw), "%s%d", rand() % 50 == 0 ? "poison" : "n", i);
			submit(n++, source, raw);
			if (rand() % 8 == 0)
				turn();
			if (rand() % 12 == 0)
				answer(NULL, rand() % 30 == 0   ? LOSE_AFTER
					     : rand() % 30 == 0 ? LOSE_BEFORE
								: REFUSE_POISON);
		}
		answer_all(REFUSE_POISON);
		for (int i = 0; i < 10 && inbox_pending(channel.inbox) > 0; i++) {
			wait_ms(220);
			answer_all(REFUSE_POISON);
		}
		for (int i = 0; i < n; i++)
			assert_int_equal(ends[i].calls, 1);
		for (int i = 0; i < SENDERS; i++)
			last[i] = -1;
		for (size_t i = 0; i < fake.row_count; i++) {
			int sender = atoi(fake.rows[i].source + 10), number;
			assert_int_equal(sscanf(fake.rows[i].raw, "n%d", &number), 1);
			assert_true(number > last[sender]);
			last[sender] = number;
		}
		channel_down();
	}
}

static void
test_drain_waits_for_what_is_in_hand(void **state)
{
	(void)state;
	channel_up("connections=1", 1);
	submit_many(0, 5);
	turn();
	channel.draining = true;
	outbox_drain(channel.outbox);
	assert_false(channel_may_submit(&channel));
	channel_stopped(&channel);
	assert_int_equal(role.stopped, 0);
	answer_all(ANSWER);
	expect(0, 5, CHANNEL_STORED);
	assert_true(role.stopped > 0);
	channel_down();
}

/* ---- receipts ------------------------------------------------------------------------------- */

static void
test_receipts(void **state)
{
	(void)state;
	channel_up("", 1);
	for (int i = 0; i < 4; i++)
		ends[i] = (struct report_end){ 0 };
	channel_receipt(
	    &channel, &channel.links[0], "a1", CHANNEL_RECEIPT_DELIVERED, NULL, on_done, &ends[0]);
	channel_receipt(
	    &channel, &channel.links[0], "", CHANNEL_RECEIPT_DELIVERED, NULL, on_done, &ends[1]);
	channel_receipt(&channel, NULL, "a2", CHANNEL_RECEIPT_FAILED, "poison", on_done, &ends[2]);
	channel_receipt(
	    &channel, NULL, "a3", CHANNEL_RECEIPT_FAILED, "\xe5\xa4", on_done, &ends[3]);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ends[i].calls, 0);
	answer_all(REFUSE_POISON);
	expect(0, 1, CHANNEL_STORED);
	expect(1, 2, CHANNEL_REFUSED);
	expect(3, 1, CHANNEL_STORED);
	assert_int_equal(fake.receipts, 2);
	channel_down();
}

/* ---- messages ------------------------------------------------------------------------------- */

static void
link_up(unsigned i)
{
	channel_link_state(&channel, &channel.links[i], CHANNEL_LINK_UP, NULL);
}

static void
test_only_links_that_are_up_are_given_messages(void **state)
{
	(void)state;
	channel_up("", 2);
	assert_int_equal(fake.recovers, 1);
	assert_true(fake.recover_crashed);
	fake.claimable = 3;
	outbox_wake(channel.outbox);
	answer_all(ANSWER);
	assert_int_equal(sent_count, 0);
	link_up(1);
	answer_all(ANSWER);
	assert_int_equal(sent_count, 3);
	for (int i = 0; i < 3; i++) {
		assert_ptr_equal(channel_message_link(sent[i]), &channel.links[1]);
		assert_string_equal(channel_message_text(sent[i], NULL), "你好");
		channel_message_done(sent[i], CHANNEL_SENT_OK, "7", 1, 0, NULL);
	}
	answer_all(ANSWER);
	assert_int_equal(fake.ends, 3);
	assert_int_equal(outbox_pending(channel.outbox), 0);
	channel_down();
}

/* As if somebody had put a message into the outbox. */
static void
notify(void)
{
	for (unsigned i = 0; i < fake.count; i++)
		if (fake.databases[i]->notify != NULL)
			fake.databases[i]->notify(fake.databases[i]->notify_arg, "");
}

static void
test_told_while_it_claims(void **state)
{
	(void)state;
	channel_up("", 1);
	link_up(0);
	turn();
	/* The claim is under way and sees nothing; then a message is committed and told of. */
	notify();
	assert_true(answer(NULL, ANSWER));
	assert_int_equal(sent_count, 0);
	fake.claimable = 1;
	answer_all(ANSWER);
	assert_int_equal(sent_count, 1);
	channel_message_done(sent[0], CHANNEL_SENT_OK, "1", 1, 0, NULL);
	answer_all(ANSWER);
	channel_down();
}

static void
test_lost_claim_is_told_from_a_crash(void **state)
{
	(void)state;
	channel_up("", 1);
	fake.claimable = 2;
	link_up(0);
	turn();
	assert_true(answer(NULL, ANSWER));
	assert_int_equal(sent_count, 2);
	fake.claimable = 2;
	outbox_wake(channel.outbox);
	turn();
	assert_true(answer(NULL, LOSE_AFTER));
	wait_ms(350);
	answer_all(ANSWER);
	assert_int_equal(fake.recovers, 2);
	assert_false(fake.recover_crashed);
	assert_int_equal(fake.recover_kept, 2); /* those that are with the plugin stay */
	channel_down();
}

static void
test_ends_are_halved_and_lost_ones_told_again(void **state)
{
	(void)state;
	channel_up("", 1);
	fake.claimable = 9;
	link_up(0);
	answer_all(ANSWER);
	assert_int_equal(sent_count, 9);
	for (int i = 0; i < 9; i++)
		channel_message_done(sent[i], CHANNEL_SENT_FAILED, "", 0, 0,
		    i == 4   ? "poison"
		    : i == 6 ? "half \xe5\xa4"
			     : "no such number");
	turn();
	assert_true(answer(NULL, LOSE_BEFORE));
	wait_ms(350);
	answer_all(REFUSE_POISON);
	assert_int_equal(fake.ends, 8);
	for (int i = 0; i < 8; i++)
		assert_string_equal(fake.end_details[i], i == 5 ? "half ??" : "no such number");
	assert_int_equal(outbox_pending(channel.outbox), 0);
	channel_down();
}

static void
test_ends_wait_for_the_installation(void **state)
{
	(void)state;
	channel_up("", 1);
	fake.claimable = 3;
	link_up(0);
	answer_all(ANSWER);
	for (int i = 0; i < 3; i++)
		channel_message_done(sent[i], CHANNEL_SENT_OK, "1", 1, 0, NULL);
	turn();
	while (answer(NULL, FAIL_42501))
		;
	assert_int_equal(fake.ends, 0);
	wait_ms(2100);
	answer_all(ANSWER);
	assert_int_equal(fake.ends, 3);
	channel_down();
}

static void
test_throttling_halves_once_for_one_window(void **state)
{
	(void)state;
	channel_up("", 1);
	link_up(0);
	answer_all(ANSWER);
	channel.links[0].rate = channel.links[0].rate_now = 64;
	for (int i = 0; i < 10; i++) /* a window of ten is answered so */
		channel_link_throttled(&channel, &channel.links[0]);
	assert_int_equal((int)channel.links[0].rate_now, 32);
	assert_int_equal(channel.links[0].throttles, 10);
	channel.links[0].throttled_us -= 1100000;
	channel_link_throttled(&channel, &channel.links[0]);
	assert_int_equal((int)channel.links[0].rate_now, 16);
	channel_down();
}

static void
test_rate_paces(void **state)
{
	int64_t begin = clock_mono_ms();

	(void)state;
	channel_up("", 1);
	channel.links[0].rate = channel.links[0].rate_now = 100;
	fake.claimable = 1000;
	link_up(0);
	while (clock_mono_ms() - begin < 600) {
		turn();
		answer(NULL, ANSWER);
		for (int i = 0; i < sent_count; i++)
			if (sent[i] != NULL) {
				channel_message_done(sent[i], CHANNEL_SENT_OK, "1", 1, 0, NULL);
				sent[i] = NULL;
			}
		usleep(1000);
	}
	assert_in_range(sent_count, 30, 75); /* 0.6 s at 100 a second, and the first tenth */
	channel_down();
}

static void
test_drain_claims_no_more(void **state)
{
	(void)state;
	channel_up("", 1);
	fake.claimable = 2;
	link_up(0);
	answer_all(ANSWER);
	channel.draining = true;
	outbox_drain(channel.outbox);
	channel_stopped(&channel);
	fake.claimable = 5;
	outbox_wake(channel.outbox);
	answer_all(ANSWER);
	assert_int_equal(sent_count, 2);
	assert_int_equal(role.stopped, 0);
	channel_message_done(sent[0], CHANNEL_SENT_OK, "1", 1, 0, NULL);
	channel_message_done(sent[1], CHANNEL_SENT_UNKNOWN, "", 0, 0, "the link broke");
	answer_all(ANSWER);
	assert_int_equal(fake.end_outcomes[1], CHANNEL_SENT_UNKNOWN);
	assert_true(role.stopped > 0);
	channel_down();
}

/* ---- small parts ---------------------------------------------------------------------------- */

static void
test_faults(void **state)
{
	static const struct {
		const char *sqlstate;
		enum fault fault;
	} cases[] = {
		{ "08006", FAULT_MOMENT },
		{ "57P01", FAULT_MOMENT },
		{ "40001", FAULT_MOMENT },
		{ "42501", FAULT_INSTALLATION },
		{ "42883", FAULT_INSTALLATION },
		{ "25006", FAULT_INSTALLATION },
		{ "HA002", FAULT_INSTALLATION },
		{ "22021", FAULT_ROW },
		{ "23514", FAULT_ROW },
		{ "P0001", FAULT_ROW },
		{ "XX000", FAULT_UNKNOWN },
		{ NULL, FAULT_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(fault_of(cases[i].sqlstate), cases[i].fault);
}

static void
test_clean(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
		{ "", 0, "" },
		{ "天图", 6, "天图" },
		{ "天图", 5, "天??" },
		{ "a\0b", 3, "a?b" },
		{ "\xed\xa0\x80", 3, "???" },
		{ "\xffok", 3, "?ok" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *copy = xmemdup0(cases[i].in, cases[i].len);
		bool changed = clean_make(copy, cases[i].len);
		assert_string_equal(copy, cases[i].out);
		assert_int_equal(changed, !clean_is(cases[i].in, cases[i].len));
		free(copy);
	}
}

/* A change of these loses resends and orders across an update: they may not change by accident. */
static void
test_fingerprint_is_stable(void **state)
{
	struct fingerprint_piece ab[] = { { "ab", 2 }, { "c", 1 } };
	struct fingerprint_piece a_bc[] = { { "a", 1 }, { "bc", 2 } };
	uint8_t one[FINGERPRINT_BYTES], other[FINGERPRINT_BYTES];

	(void)state;
	fingerprint(ab, 2, one);
	fingerprint(a_bc, 2, other);
	assert_memory_not_equal(one, other, sizeof(one));
	/* printf '\0\0\0\2ab\0\0\0\1c' | sha256sum */
	assert_memory_equal(
	    one, "\xf2\x93\x9f\x90\x30\x16\xe5\xbb\x29\xb1\xe4\xa6\x1c\xdb\xd3\x76", sizeof(one));
	/* One that is too large to be gathered: the same with ab, 10000 times x, c. */
	char large[10000];
	const struct fingerprint_piece mixed[] = { { "ab", 2 }, { large, sizeof(large) },
		{ "c", 1 } };
	memset(large, 'x', sizeof(large));
	fingerprint(mixed, 3, one);
	assert_memory_equal(
	    one, "\x91\xc6\x46\xc9\x1b\x3e\xc5\x3b\x73\x72\x84\xed\xe3\xa8\x6f\xb6", sizeof(one));
	/* FNV-1a of "a" is 0xe40c292c */
	assert_int_equal(fingerprint_lane("ab", 1), (0xe40c292c ^ 0xe40c292c >> 16) & 63);
	assert_true(fingerprint_lane("", 0) < 64);
}

static const struct channel_option plugin_options[] = {
	{ "port", CHANNEL_INTEGER, "2775", 1, 65535, NULL, "The port." },
	{ "password", CHANNEL_SECRET, NULL, 0, 0, NULL, "The password." },
	{ "wait", CHANNEL_DURATION, "30s", 100, 600000, NULL, "How long." },
	{ "coding", CHANNEL_CHOICE, "ucs2", 0, 0, "ucs2|gsm7", "How." },
	{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL },
};

static void
test_options(void **state)
{
	static const struct {
		const char *key, *value, *error; /* error: what the line holds; NULL: fine */
	} cases[] = {
		{ "port", "80", NULL },
		{ "port", "0", "c.conf:7: channel x: port: " },
		{ "port", "many", "c.conf:7: channel x: port: " },
		{ "prot", "80",
		    "c.conf:7: channel x: there is no option \"prot\"; did you mean \"port\"?" },
		{ "zzzzzzzz", "1", "c.conf:7: channel x: there is no option \"zzzzzzzz\"\n" },
		{ "wait", "500ms", NULL },
		{ "wait", "1h", "wait: " },
		{ "coding", "gsm7", NULL },
		{ "coding", "utf7", "coding: " },
		{ "connections", "5", "connections: " },
		{ "when_database_away", "spool", "when_database_away: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_config *c = channel_config_new("x", "c.conf", 3, "p", NULL);
		struct option_values values;
		struct buffer errors = { 0 };
		bool ok;

		channel_config_set(&c->settings, "password", "geheim", 4);
		channel_config_set(&c->settings, cases[i].key, cases[i].value, 7);
		ok = options_read(&c->settings, options_of_channels, plugin_options, "c.conf",
		    "channel x", &values, &errors);
		assert_int_equal(ok, cases[i].error == NULL);
		if (!ok && strstr(errors.data, cases[i].error) == NULL)
			fail_msg("%s=%s: %s", cases[i].key, cases[i].value, errors.data);
		options_clear(&values);
		buffer_clear(&errors);
		channel_config_free(&c);
	}
}

static void
test_option_that_must_be_given(void **state)
{
	struct channel_section nothing = { .line = 3 };
	struct option_values values;
	struct buffer errors = { 0 };

	(void)state;
	assert_false(options_read(&nothing, options_of_channels, plugin_options, "c.conf",
	    "channel x", &values, &errors));
	assert_string_equal(
	    errors.data, "c.conf:3: channel x: option \"password\" is missing: The password.\n");
	assert_int_equal(options_find(&values, "port")->number, 2775);
	assert_int_equal(options_find(&values, "wait")->number, 30000);
	options_clear(&values);
	buffer_clear(&errors);
}

/* ---- faults of a plugin's file -------------------------------------------------------------- */

#define TABLE(abi, rest)                                                                    \
	"#include \"channel/channel.h\"\n"                                                  \
	"static bool start(struct channel *c, void **s, struct channel_error *e)"           \
	"{ (void)c; (void)s; (void)e; return true; }\n"                                     \
	"static void end(void *s) { (void)s; }\n"                                           \
	"static const struct channel_option options[] = { OPTIONS "                         \
	"{ NULL, CHANNEL_STRING, NULL, 0, 0, NULL, NULL } };\n"                             \
	"const struct channel_plugin channel_plugin = { .abi = " abi ", .name = \"p\","     \
	".version = \"1\", .summary = \"s\", .options = options, .stop = end, .free = end," \
	" " rest " };\n"

static const struct {
	const char *name, *source, *error; /* error: what the line holds; NULL: fine */
} files[] = {
	{ "good", "#define OPTIONS\n" TABLE("CHANNEL_ABI", ".start = start"), NULL },
	{ "empty", "int nothing;\n", "it has no symbol channel_plugin; is it a channel plugin?" },
	{ "abi", "#define OPTIONS\n" TABLE("CHANNEL_ABI + 1", ".start = start"),
	    "it was built for ABI 5 and this hailand has ABI 4; build it anew" },
	{ "lacks",
	    "#define OPTIONS (void)start,\n#undef OPTIONS\n#define OPTIONS\n" TABLE(
		"CHANNEL_ABI", ".flow = (void (*)(void *, bool))start"),
	    "its table lacks name, version, summary, start, stop or free" },
	{ "undefined",
	    "#define OPTIONS\nvoid nobody_has_this(void);\n"
	    "void call(void); void call(void) { nobody_has_this(); }\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "undefined symbol: nobody_has_this" },
	{ "clash",
	    "#define OPTIONS { \"queue\", CHANNEL_STRING, \"\", 0, 0, NULL, \"h\" },\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "its option \"queue\" belongs to the runtime" },
	{ "twice",
	    "#define OPTIONS { \"a\", CHANNEL_STRING, \"\", 0, 0, NULL, \"h\" },"
	    " { \"a\", CHANNEL_STRING, \"\", 0, 0, NULL, \"h\" },\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "its option \"a\" is declared twice" },
	{ "wrong_default",
	    "#define OPTIONS { \"a\", CHANNEL_INTEGER, \"9\", 0, 5, NULL, \"h\" },\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "the default of its option \"a\" is wrong" },
	{ "no_help",
	    "#define OPTIONS { \"a\", CHANNEL_INTEGER, \"1\", 0, 5, NULL, NULL },\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "has no type or no help" },
	{ "name",
	    "#define OPTIONS { \"Wait!\", CHANNEL_STRING, \"\", 0, 0, NULL, \"h\" },\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "its option \"Wait!\" is not of a-z" },
	{ "no_choices",
	    "#define OPTIONS { \"a\", CHANNEL_CHOICE, \"\", 0, 0, NULL, \"h\" },\n" TABLE(
		"CHANNEL_ABI", ".start = start"),
	    "names no choices" },
};

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_faults_of_a_plugin(void **state)
{
	char dir[] = "/tmp/hailan-channel-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *c = xasprintf("%s/%s.c", dir, files[i].name);
		char *cc = xasprintf("%s -w -std=gnu11 -shared -fPIC -I%s/daemon -o %s/%s.so %s",
		    TEST_CC, SRCDIR, dir, files[i].name, c);
		struct channel_error error = { .text = "" };
		const struct channel_plugin *p;

		write_file(c, files[i].source);
		assert_int_equal(system(cc), 0);
		p = loader_open(files[i].name, dir, &error);
		assert_int_equal(p != NULL, files[i].error == NULL);
		if (p == NULL && (strstr(error.text, files[i].error) == NULL ||
				     strstr(error.text, files[i].name) == NULL ||
				     strchr(error.text, '\n') != NULL))
			fail_msg("%s: %s", files[i].name, error.text);
		free(c);
		free(cc);
	}
	char *clean = xasprintf("rm -rf %s", dir);
	assert_int_equal(system(clean), 0);
	free(clean);
}

static void
test_plugin_that_is_no_plugin(void **state)
{
	struct channel_error error = { .text = "" };

	(void)state;
	assert_null(loader_open("nowhere", "/nonexistent", &error));
	assert_string_equal(error.text, "plugin /nonexistent/nowhere.so: there is no such file; see"
					" plugin_dir, or install the plugin");
	assert_null(loader_open(SRCDIR "/configure.ac", "/", &error));
	assert_non_null(strstr(error.text, "configure.ac"));
}

/* ---- papers --------------------------------------------------------------------------------- */

static char *
read_file(const char *path)
{
	struct buffer b = { 0 };
	char piece[4096];
	size_t n;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buffer_add(&b, piece, n);
	fclose(f);
	return buffer_take(&b);
}

static void
expect_options_in(const char *page, const struct channel_option *o)
{
	for (; o->name != NULL; o++) {
		char *head =
		    o->type == CHANNEL_CHOICE
			? xasprintf(".It Cm %s Pq one of %s; default %s\n%s", o->name, o->choices,
			      o->fallback, o->help)
			: xasprintf(".It Cm %s Pq integer: %lld to %lld; default %s\n%s", o->name,
			      (long long)o->minimum, (long long)o->maximum, o->fallback, o->help);
		if (strstr(page, head) == NULL)
			fail_msg("hailan-channel.3 lacks:\n%s", head);
		free(head);
	}
}

static void
test_manual_has_every_option(void **state)
{
	char *page = read_file(SRCDIR "/daemon/channel/hailan-channel.3");

	(void)state;
	expect_options_in(page, options_of_channels);
	expect_options_in(page, options_of_links);
	free(page);
}

/* Every function of the header is exported and stands in the manual; nothing else is exported. */
static void
test_exports_are_the_header(void **state)
{
	char *header = read_file(SRCDIR "/daemon/channel/channel.h");
	char *list = read_file(SRCDIR "/daemon/channel/exports.list");
	char *page = read_file(SRCDIR "/daemon/channel/hailan-channel.3");
	int found = 0, listed = 0;

	(void)state;
	for (char *at = header; (at = strstr(at, "channel_")) != NULL;) {
		size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
		char *entry = xasprintf("\t%.*s;\n", (int)len, at);
		char *mention = xasprintf("%.*s", (int)len, at);
		bool comment =
		    at > header && (at[-1] == '"' || at[len] != '(' || at[len + 1] == ')');
		bool type = strcmp(mention, "channel_done_fn") == 0 ||
			    strcmp(mention, "channel_look_fn") == 0;
		if (!comment && !type && (at == header || at[-1] != '_')) {
			found++;
			if (strstr(list, entry) == NULL)
				fail_msg("exports.list lacks %s", mention);
			/* those of messages are told together */
			if (strncmp(mention, "channel_message_", 16) != 0 &&
			    strcmp(mention, "channel_split_clear") != 0 &&
			    strcmp(mention, "channel_name") != 0 && strstr(page, mention) == NULL)
				fail_msg("hailan-channel.3 lacks %s", mention);
		}
		free(entry);
		free(mention);
		at += len;
	}
	for (char *at = list; (at = strstr(at, ";\n")) != NULL; at++)
		listed++;
	assert_int_equal(found, listed - 1); /* and the end of the list */
	free(header);
	free(list);
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lone_goes_at_once_and_others_gather),
		cmocka_unit_test(test_what_one_read_brings_goes_together),
		cmocka_unit_test(test_two_batches_are_on_their_way),
		cmocka_unit_test(test_what_waits_keeps_its_order),
		cmocka_unit_test(test_clerks_are_told_of_what_is_committed),
		cmocka_unit_test(test_resend_while_the_first_is_under_way),
		cmocka_unit_test(test_resend_of_what_ends_badly_ends_so_too),
		cmocka_unit_test(test_the_bad_one_stands_alone),
		cmocka_unit_test(test_unknown_fault_is_never_refused),
		cmocka_unit_test(test_fault_of_the_installation_refuses_nobody),
		cmocka_unit_test(test_lost_is_sent_again_as_a_whole),
		cmocka_unit_test(test_database_away),
		cmocka_unit_test(test_bound_in_number),
		cmocka_unit_test(test_bound_in_bytes),
		cmocka_unit_test(test_damaged_text_is_kept_and_flagged),
		cmocka_unit_test(test_impossible_reports),
		cmocka_unit_test(test_cancelled_is_stored_all_the_same),
		cmocka_unit_test(test_order_of_a_sender),
		cmocka_unit_test(test_drain_waits_for_what_is_in_hand),
		cmocka_unit_test(test_receipts),
		cmocka_unit_test(test_only_links_that_are_up_are_given_messages),
		cmocka_unit_test(test_told_while_it_claims),
		cmocka_unit_test(test_lost_claim_is_told_from_a_crash),
		cmocka_unit_test(test_ends_are_halved_and_lost_ones_told_again),
		cmocka_unit_test(test_ends_wait_for_the_installation),
		cmocka_unit_test(test_throttling_halves_once_for_one_window),
		cmocka_unit_test(test_rate_paces),
		cmocka_unit_test(test_drain_claims_no_more),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_fingerprint_is_stable),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_option_that_must_be_given),
		cmocka_unit_test(test_faults_of_a_plugin),
		cmocka_unit_test(test_plugin_that_is_no_plugin),
		cmocka_unit_test(test_manual_has_every_option),
		cmocka_unit_test(test_exports_are_the_header),
	};

	log_init("channel_test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
