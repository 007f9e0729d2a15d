/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a channel's process itself spends on a message: the real runtime and the real smpp plugin
 * under the load of smsc_load, over a database of memory that takes about as long as PostgreSQL and
 * commits the batches of a connection one after the other. Prints the CPU time of this process per
 *message, kernel included, and how large the batches were; then that of the single steps alone.
 *
 *	channel_cost PLUGIN SMSC_LOAD TEXTS [COUNT]
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "channel/channel.h"
#include "channel/config.h"
#include "channel/fingerprint.h"
#include "channel/host.h"
#include "channel/inbox.h"
#include "channel/loader.h"
#include "database/database.h"
#include "supervisor/role.h"
#include "text/normalise.h"
#include "text/utf8.h"

enum { LINKS = 2, WINDOW = 5000, PORT = 28775, SIZES = 8 };
enum { BATCH_US = 2000, ROW_US = 6 }; /* what a commit takes */

static struct event_base *base;

/* ---- a role that only has a name ------------------------------------------------------------ */

const char *
role_name(const struct role *role)
{
	(void)role;
	return "channel:cost";
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
	(void)role;
}

/* ---- a database that only takes its time ---------------------------------------------------- */

struct database {
	struct event *up;
	database_state_fn *hook;
	void *arg;
	int64_t busy_us; /* until then with what was sent before */
};
struct database_call {
	struct event *committed;
	call_fn *done;
	void *arg;
};
struct result {
	char nothing;
};
static struct {
	unsigned rows, batches, largest;
	unsigned sizes[SIZES]; /* batches of 1, up to 4, 16, 64, 256, 1024, 4096, more */
} seen;

static void
on_up(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;

	(void)fd;
	(void)what;
	db->hook(db->arg, DATABASE_UP, NULL);
}

struct database *
database_new(struct event_base *loop, const char *conninfo, const char *user,
    const char *application, database_state_fn *hook, void *arg)
{
	struct database *db = xcalloc(1, sizeof(*db));

	(void)conninfo;
	(void)user;
	(void)application;
	db->hook = hook;
	db->arg = arg;
	db->up = evtimer_new(loop, on_up, db);
	event_active(db->up, EV_TIMEOUT, 0);
	return db;
}

void
database_free(struct database **db)
{
	event_free((*db)->up);
	free(*db);
	*db = NULL;
}

/* The number of elements of the array that is parameter n. */
static unsigned
elements(const struct params *p, unsigned n)
{
	const unsigned char *at = (const unsigned char *)p->bytes.data + p->list[n].offset;

	return (unsigned)at[12] << 24 | (unsigned)at[13] << 16 | (unsigned)at[14] << 8 | at[15];
}

static void
note_batch(unsigned rows)
{
	unsigned i = 0;

	seen.batches++;
	seen.rows += rows;
	seen.largest = rows > seen.largest ? rows : seen.largest;
	for (unsigned most = 1; most < rows && i + 1 < SIZES; most *= 4)
		i++;
	seen.sizes[i]++;
}

static void
on_committed(evutil_socket_t fd, short what, void *arg)
{
	struct database_call *call = arg;
	static const struct result nothing;
	struct call_outcome o = { .end = CALL_DONE, .result = &nothing };

	(void)fd;
	(void)what;
	if (call->done != NULL)
		call->done(call->arg, &o);
	event_free(call->committed);
	free(call);
}

struct database_call *
database_call(struct database *db, const struct sql_statement *statement,
    const struct params *params, int timeout_ms, call_fn *done, void *arg)
{
	struct database_call *call = xcalloc(1, sizeof(*call));
	int64_t now = clock_mono_us();
	unsigned rows = elements(params, 2);

	(void)statement;
	(void)timeout_ms;
	note_batch(rows);
	db->busy_us = (db->busy_us > now ? db->busy_us : now) + BATCH_US + rows * ROW_US;
	call->done = done;
	call->arg = arg;
	call->committed = evtimer_new(base, on_committed, call);
	event_add(call->committed, &(struct timeval){ .tv_usec = db->busy_us - now });
	return call;
}

void
database_call_cancel(struct database_call *call)
{
	call->done = NULL;
}
void
database_listen(struct database *db, const char *channel, database_notify_fn *hook, void *arg)
{
	(void)db;
	(void)channel;
	(void)hook;
	(void)arg;
}
bool
sqlstate_is_transient(const char *sqlstate)
{
	return sqlstate == NULL;
}
int
result_rows(const struct result *r)
{
	(void)r;
	return 0;
}
bool
result_null(const struct result *r, int row, int column)
{
	(void)r;
	return row + column >= 0;
}
int64_t
result_int(const struct result *r, int row, int column)
{
	(void)r;
	return row + column;
}
int64_t
result_time(const struct result *r, int row, int column)
{
	return result_int(r, row, column);
}
const char *
result_bytes(const struct result *r, int row, int column, size_t *len)
{
	(void)r;
	(void)row;
	(void)column;
	if (len != NULL)
		*len = 0;
	return "";
}

/* ---- the whole way -------------------------------------------------------------------------- */

static struct channel channel;
static pid_t peer;

static double
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void
start_peer(const char *program, const char *texts, const char *count)
{
	char port[16], window[16], links[16];

	snprintf(port, sizeof(port), "%d", PORT);
	snprintf(window, sizeof(window), "%d", WINDOW);
	snprintf(links, sizeof(links), "%d", LINKS);
	peer = fork();
	if (peer != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execl(program, program, "--texts", texts, "--port", port, "--count", count, "--links",
	    links, "--window", window, (char *)NULL);
	fatal(EX_NOINPUT, "cannot run %s", program);
}

static struct channel_config *
make_config(const char *plugin)
{
	struct channel_config *config = channel_config_new("cost", "cost", 1, plugin, NULL);
	char port[16], name[16];

	snprintf(port, sizeof(port), "%d", PORT);
	for (int i = 0; i < LINKS; i++) {
		struct channel_section *s;

		snprintf(name, sizeof(name), "l%d", i);
		s = channel_config_add_link(config, name, 2);
		channel_config_set(s, "host", "127.0.0.1", 3);
		channel_config_set(s, "port", port, 3);
		channel_config_set(s, "system_id", "cost", 3);
		channel_config_set(s, "unacknowledged", "20000", 3);
		channel_config_set(s, "reconnect_min", "10ms", 3);
		channel_config_set(s, "reconnect_max", "100ms", 3);
	}
	return config;
}

static void
read_options(const char *file)
{
	struct buffer errors = { 0 };
	bool ok = options_read(&channel.config->settings, options_of_channels,
	    channel.plugin->options, file, "cost", &channel.options, &errors);

	channel.link_count = LINKS;
	channel.links = xcalloc(LINKS, sizeof(*channel.links));
	for (size_t i = 0; i < LINKS; i++) {
		struct channel_link *l = &channel.links[i];

		l->channel = &channel;
		l->name = channel.config->links[i].name;
		ok &= options_read(&channel.config->links[i], options_of_links,
		    channel.plugin->link_options, file, l->name, &l->options, &errors);
	}
	if (!ok)
		fatal(EX_CONFIG, "%s", errors.data);
}

static void
start_channel(const char *plugin)
{
	struct channel_error error = { .text = "" };

	channel.base = base;
	channel.config = make_config(plugin);
	channel.plugin = loader_open(plugin, "", &error);
	if (channel.plugin == NULL)
		fatal(EX_NOINPUT, "%s", error.text);
	read_options(plugin);
	channel.inbox = inbox_new(&channel);
	if (!channel.plugin->start(&channel, &channel.state, &error))
		fatal(EX_CONFIG, "%s", error.text);
	channel.started = true;
}

static void
run_whole(unsigned count)
{
	double before = 0;
	int status;

	for (unsigned turns = 1; seen.rows < count; turns++) {
		event_base_loop(base, EVLOOP_ONCE);
		if (before == 0 && seen.rows > 0)
			before = cpu_us();
		if (turns % 1024 == 0 && waitpid(peer, &status, WNOHANG) == peer)
			fatal(EX_SOFTWARE, "the load has ended early");
	}
	while (waitpid(peer, &status, WNOHANG) == 0)
		event_base_loop(base, EVLOOP_ONCE);
	printf("%-28s %6.2f us per message, %u batches of %.0f, largest %u\n", "whole",
	    (cpu_us() - before) / count, seen.batches, (double)seen.rows / seen.batches,
	    seen.largest);
	for (unsigned i = 0, most = 1; i < SIZES; i++, most *= 4)
		printf("%s%u:%u%s", i == 0 ? "batches up to " : " ", most, seen.sizes[i],
		    i + 1 == SIZES ? "\n" : "");
}

/* ---- single steps --------------------------------------------------------------------------- */

static const char text[] = "天图社区三号楼二单元门口的井盖没了，晚上黑，老人走路容易掉下去";
static struct buffer raw; /* the text in UTF-16BE */

static void
step_decode(void)
{
	size_t len;
	char *out;

	channel_decode("UTF-16BE", raw.data, raw.len, true, &out, &len);
	free(out);
}

static void
step_valid(void)
{
	if (!utf8_valid(text, sizeof(text) - 1))
		abort();
}

static void
step_fingerprint(void)
{
	uint8_t out[FINGERPRINT_BYTES];
	const struct fingerprint_piece pieces[] = { { "cost", 4 }, { "+8613900000000", 14 },
		{ "12345", 5 }, { NULL, 0 }, { "\0", 1 }, { "\0\0\0\0", 4 }, { "\0\0", 2 },
		{ "\0\0", 2 }, { raw.data, raw.len } };

	fingerprint(pieces, sizeof(pieces) / sizeof(pieces[0]), out);
}

static void
step_params(void)
{
	static struct params p;

	params_reset(&p);
	params_array_begin(&p, OID_TEXT);
	for (int i = 0; i < 12; i++)
		params_array_bytes(&p, text, 32);
	params_array_end(&p);
}

static void
time_step(const char *name, void (*step)(void))
{
	enum { TIMES = 100000 };
	double before = cpu_us();

	for (int i = 0; i < TIMES; i++)
		step();
	printf("%-28s %6.3f us\n", name, (cpu_us() - before) / TIMES);
}

static void
run_steps(void)
{
	for (size_t at = 0; at < sizeof(text) - 1;) {
		uint32_t cp;

		at += utf8_read(text + at, sizeof(text) - 1 - at, &cp);
		buffer_add_be16(&raw, (uint16_t)cp);
	}
	time_step("decode 31 characters", step_decode);
	time_step("utf8_valid of them", step_valid);
	time_step("fingerprint", step_fingerprint);
	time_step("12 elements of an array", step_params);
}

int
main(int argc, char **argv)
{
	const char *count = argc > 4 ? argv[4] : "200000";

	log_init("channel_cost", LOG_LEVEL_WARNING);
	if (argc < 4)
		fatal(EX_USAGE, "usage: channel_cost PLUGIN SMSC_LOAD TEXTS [COUNT]");
	base = event_base_new();
	start_peer(argv[2], argv[3], count);
	start_channel(argv[1]);
	run_whole((unsigned)strtoul(count, NULL, 10));
	run_steps();
	return 0;
}
