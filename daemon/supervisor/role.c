/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process of a role: the same start for all, then its function, with a heartbeat in the loop
 * and an ear for the supervisor and for signals.
 */
#include "supervisor/role.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "metrics/metrics.h"
#include "settings/settings.h"
#include "supervisor/roles.h"
#include "supervisor/link.h"
#include "supervisor/privilege.h"
#include "supervisor/process.h"
#include "supervisor/snapshot.h"

#define HEARTBEAT_MS 1000
#define UNSENT_BYTES (4 * LINK_LINE_BYTES)

struct role {
	char *name;
	const char *instance;
	const struct role_kind *kind;
	struct snapshot snapshot;
	struct event_base *base;
	struct bufferevent *link; /* NULL: by hand */
	const struct metrics_slot *metrics;
	struct event *heartbeat, *terminate, *interrupt, *deadline;
	int64_t heartbeat_ms;
	bool ready, draining, stopped;
	int code; /* that a deadline forces, or 0 */
	role_drain_fn *drain;
	void *drain_arg;
	role_status_fn *status;
	void *status_arg;
};

/* ---- what a role asks ------------------------------------------------------------------------ */

const char *
role_name(const struct role *role)
{
	return role->name;
}

const char *
role_instance(const struct role *role)
{
	return role->instance;
}

struct event_base *
role_base(const struct role *role)
{
	return role->base;
}

const struct settings *
role_settings(const struct role *role)
{
	return role->snapshot.settings;
}

const struct channel_config *
role_channel(const struct role *role)
{
	return role->kind->titled ? settings_channel(role->snapshot.settings, role->instance)
				  : NULL;
}

const char *
role_conninfo(const struct role *role)
{
	return settings_string(role->snapshot.settings, "database", "conninfo");
}

const char *
role_database_user(const struct role *role)
{
	return settings_database_user(
	    role->snapshot.settings, role->kind->name, role->kind->titled ? role->instance : NULL);
}

bool
role_simulated(const struct role *role)
{
	return role->snapshot.simulated;
}

const struct metrics_slot *
role_metrics(const struct role *role)
{
	return role->metrics;
}

/* ---- what a role tells ----------------------------------------------------------------------- */

static void
tell(struct role *role, const char *line, size_t len)
{
	struct evbuffer *out;

	if (role->link == NULL)
		return;
	out = bufferevent_get_output(role->link);
	if (evbuffer_get_length(out) + len > UNSENT_BYTES)
		return; /* the supervisor is busy; the next heartbeat will do */
	evbuffer_add(out, line, len);
}

static void
tell_status(struct role *role)
{
	struct buffer line = { 0 };
	char text[CLOCK_TEXT];

	if (role->status == NULL || role->link == NULL)
		return;
	buffer_add_string(&line, "status ");
	if (clock_simulated()) {
		clock_format(clock_now(), text);
		buffer_printf(&line, "\"clock\":\"%s\",", text);
	}
	role->status(role->status_arg, &line);
	buffer_add_byte(&line, '\n');
	if (line.len <= LINK_LINE_BYTES)
		tell(role, line.data, line.len);
	else
		log_warning("role: a status of %zu bytes is too long to be shown", line.len);
	buffer_clear(&line);
}

void
role_on_drain(struct role *role, role_drain_fn *fn, void *arg)
{
	role->drain = fn;
	role->drain_arg = arg;
}

bool
role_draining(const struct role *role)
{
	return role->draining;
}

void
role_on_status(struct role *role, role_status_fn *fn, void *arg)
{
	role->status = fn;
	role->status_arg = arg;
}

void
role_ready(struct role *role)
{
	if (role->ready)
		return;
	role->ready = true;
	log_info("role: ready");
	tell(role, "ready\n", 6);
	tell_status(role);
}

void
role_stopped(struct role *role)
{
	role->stopped = true;
	event_base_loopbreak(role->base);
}

static void
begin_drain(struct role *role, const char *why)
{
	const int64_t ms = settings_integer(role->snapshot.settings, "", "drain_timeout");
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (role->draining)
		return;
	role->draining = true;
	log_info("role: draining, %s", why);
	evtimer_add(role->deadline, &tv);
	if (role->drain != NULL)
		role->drain(role->drain_arg);
	else
		role_stopped(role);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void
on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct role *role = arg;

	(void)fd;
	(void)what;
	tell(role, "alive\n", 6);
	tell_status(role);
}

/* The supervisor kills at this time; this is for a role that was started by hand. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct role *role = arg;

	(void)fd;
	(void)what;
	log_warning("role: not drained in time; ends now");
	role->code = EX_TEMPFAIL;
	role_stopped(role);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct role *role = arg;

	(void)what;
	if (!role->draining)
		begin_drain(role, number == SIGINT ? "interrupted" : "told to end");
	else if (number == SIGINT && role->link == NULL)
		on_deadline(-1, 0, role);
}

static void
on_line(const char *line)
{
	static const char log[] = "log ";
	enum log_level level;

	if (strncmp(line, log, sizeof(log) - 1) == 0 &&
	    log_level_parse(line + sizeof(log) - 1, &level))
		log_set_level(level);
}

static void
on_read(struct bufferevent *link, void *arg)
{
	char *line;

	(void)arg;
	while (
	    (line = evbuffer_readln(bufferevent_get_input(link), NULL, EVBUFFER_EOL_LF)) != NULL) {
		on_line(line);
		free(line);
	}
}

static void
on_link_event(struct bufferevent *link, short what, void *arg)
{
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) == 0)
		return;
	bufferevent_disable(link, EV_READ | EV_WRITE);
	begin_drain(arg, "the supervisor is gone");
}

/* ---- start and end --------------------------------------------------------------------------- */

static bool
open_link(struct role *role, struct err *err)
{
	if (!snapshot_read(LINK_SNAPSHOT_FD, &role->snapshot, err))
		return false;
	close(LINK_SNAPSHOT_FD);
	if (evutil_make_socket_nonblocking(LINK_FD) != 0 ||
	    evutil_make_socket_closeonexec(LINK_FD) != 0)
		return err_set(err, "no socket of the supervisor: %s", strerror(errno));
	role->link = bufferevent_socket_new(role->base, LINK_FD, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(role->link, on_read, NULL, on_link_event, role);
	bufferevent_enable(role->link, EV_READ | EV_WRITE);
	return true;
}

static bool
read_file(struct role *role, const struct process *process, struct err *err)
{
	struct buffer errors = { 0 };
	bool ok = settings_read(process->path, &role->snapshot.settings, &errors);

	if (!ok) {
		errors.data[strcspn(errors.data, "\n")] = '\0';
		err_set(err, "%s", errors.data);
	} else {
		process_snapshot(process, role->snapshot.settings, &role->snapshot);
	}
	buffer_clear(&errors);
	return ok;
}

static bool
find_kind(struct role *role, const struct process *process, struct err *err)
{
	role->kind =
	    roles_find(process->kinds, role->snapshot.settings, process->role, &role->instance);
	if (role->kind == NULL)
		return err_set(err,
		    "no role \"%s\" in the settings; expected clerk:N, timekeeper:N or "
		    "channel:NAME",
		    process->role);
	role->name = xasprintf("%s:%s", role->kind->name, role->instance);
	role->instance = strchr(role->name, ':') + 1;
	return true;
}

/* The signal is forgotten by the kernel when the user changes: only after that. */
static bool
die_with_supervisor(const struct role *role, struct err *err)
{
	if (role->link == NULL)
		return true;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return err_set(err, "cannot set the parent-death signal: %s", strerror(errno));
	if (getppid() != role->snapshot.supervisor)
		return err_set(err, "the supervisor is gone");
	return true;
}

static bool
drop(const struct role *role, struct err *err)
{
	const struct settings *s = role->snapshot.settings;
	const struct privilege privilege = {
		.user =
		    settings_user(s, role->kind->name, role->kind->titled ? role->instance : NULL),
		.open_files = settings_integer(s, "", "open_files"),
		.memory_bytes = settings_integer(s, "", "memory_limit"),
	};

	if (geteuid() == 0 && *privilege.user == '\0')
		log_warning("role: runs as root; set the option user");
	return privilege_drop(&privilege, err);
}

static void
add_events(struct role *role)
{
	const int64_t watchdog_ms =
	    settings_integer(role->snapshot.settings, "", "watchdog_timeout");
	const int64_t ms = watchdog_ms / 4 < HEARTBEAT_MS ? watchdog_ms / 4 : HEARTBEAT_MS;
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	role->heartbeat = event_new(role->base, -1, EV_PERSIST, on_heartbeat, role);
	role->terminate = evsignal_new(role->base, SIGTERM, on_signal, role);
	role->interrupt = evsignal_new(role->base, SIGINT, on_signal, role);
	role->deadline = evtimer_new(role->base, on_deadline, role);
	event_add(role->heartbeat, &tv);
	event_add(role->terminate, NULL);
	event_add(role->interrupt, NULL);
}

static void
begin_counting(struct role *role)
{
	if (role->link == NULL)
		return;
	if (role->kind->reads_metrics)
		role->metrics = metrics_read(LINK_METRICS_FD);
	else
		metrics_open(LINK_METRICS_FD, role->name);
}

static bool
start(struct role *role, const struct process *process, struct err *err)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	role->base = event_base_new();
	if (role->base == NULL)
		return err_set(err, "cannot make an event loop: %s", strerror(errno));
	if (!(process->supervised ? open_link(role, err) : read_file(role, process, err)) ||
	    !find_kind(role, process, err))
		return false;
	log_init(role->name, role->snapshot.log_level);
	begin_counting(role);
	if (!drop(role, err) || !die_with_supervisor(role, err))
		return false;
	snapshot_apply_clock(&role->snapshot);
	add_events(role);
	return true;
}

/* What was told last is sent, if the supervisor takes it at once. */
static void
clear(struct role *role)
{
	struct event **events[] = { &role->heartbeat, &role->terminate, &role->interrupt,
		&role->deadline };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (*events[i] != NULL)
			event_free(*events[i]);
	}
	if (role->link != NULL)
		bufferevent_free(role->link);
	settings_free(&role->snapshot.settings);
	free(role->name);
	if (role->base != NULL)
		event_base_free(role->base);
}

void
role_loop(struct role *role)
{
	while (!role->stopped && event_base_loop(role->base, EVLOOP_ONCE) == 0)
		;
}

int
role_main(const struct process *process)
{
	struct role role = { 0 };
	struct err err;
	int code = EX_CONFIG;

	log_init(process->role, process->log_level);
	if (start(&role, process, &err)) {
		code = role.kind->run(&role);
		code = code == EX_OK ? role.code : code;
		log_info("role: ends with code=%d", code);
	} else {
		log_error("role: %s", err.text);
	}
	clear(&role);
	return code;
}
