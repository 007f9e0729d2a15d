/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The supervisor: reads the settings, keeps the roles running that they want, and does what signals
 * and hailanctl ask. It never parses a file, loads a plugin or speaks to a database itself.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "metrics/metrics.h"
#include "settings/settings.h"
#include "supervisor/checker.h"
#include "supervisor/child.h"
#include "supervisor/control.h"
#include "supervisor/notify.h"
#include "supervisor/process.h"
#include "supervisor/roles.h"
#include "supervisor/snapshot.h"

#define SIGNALS 4

enum state { STATE_STARTING, STATE_RUNNING, STATE_DRAINING };
static const char *const state_names[] = { "starting", "running", "draining" };
static const char *const level_names[] = { "error", "warning", "info", "debug" };

struct slot {
	struct child *child;
	const struct role_kind *kind;
	bool wanted; /* by the settings of now */
};

/* What is done with the outcome of the check that is under way. */
enum purpose { PURPOSE_START, PURPOSE_RELOAD, PURPOSE_CHECK };

struct supervisor {
	const struct process *process;
	struct event_base *base;
	enum state state;
	int64_t since_us;
	struct settings *settings; /* the last good ones */
	struct snapshot snapshot;  /* lends settings */
	struct child_shared shared;
	struct metrics_slot *metrics; /* of all processes; NULL: nobody counts */
	struct slot *slots;
	size_t slot_count;
	const struct control_command *commands;
	struct control *control;
	struct checker *checker;
	enum purpose purpose;
	struct control_request *request; /* who asked for the check; NULL: a signal */
	bool reload_again;               /* a signal came while checking */
	struct event *signals[SIGNALS];
	struct event *start_timeout, *watchdog;
	int code;
};

/* ---- state ----------------------------------------------------------------------------------- */

static size_t
count_state(const struct supervisor *s, enum child_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < s->slot_count; i++)
		n += child_state(s->slots[i].child) == state;
	return n;
}

static void
enter(struct supervisor *s, enum state state)
{
	log_info("supervisor: %s -> %s", state_names[s->state], state_names[state]);
	s->state = state;
	s->since_us = clock_now();
}

static void
tell_systemd(const struct supervisor *s, bool ready)
{
	char *text = xasprintf("%zu of %zu roles are up, %zu cannot run with their settings",
	    count_state(s, CHILD_RUNNING), s->slot_count, count_state(s, CHILD_BROKEN));

	if (ready)
		notify_ready(text);
	else
		notify_status(text);
	free(text);
}

static void
become_running(struct supervisor *s)
{
	event_del(s->start_timeout);
	enter(s, STATE_RUNNING);
	tell_systemd(s, true);
}

static void
on_start_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	(void)what;
	log_warning("supervisor: not all roles are ready in time; not waited for any longer");
	become_running(s);
}

/* The numbers of a role outlive its processes, and go when the settings want it no more. */
static void
count_child(const struct supervisor *s, const struct child *child)
{
	struct metrics_slot *m = metrics_take(s->metrics, child_name(child));

	if (m == NULL)
		return;
	if (child_state(child) == CHILD_STOPPED) {
		metrics_give(m);
		return;
	}
	m->values[METRIC_ROLE_UP] = child_state(child) == CHILD_RUNNING;
	m->values[METRIC_ROLE_RESTARTS] = child_restarts(child);
	m->values[METRIC_ROLE_SINCE] = clock_now();
}

static void
remove_slot(struct supervisor *s, struct child *child)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		if (s->slots[i].child != child)
			continue;
		child_free(&s->slots[i].child);
		s->slot_count--;
		memmove(&s->slots[i], &s->slots[i + 1], (s->slot_count - i) * sizeof(*s->slots));
		return;
	}
}

static void
on_child_changed(void *arg, struct child *child)
{
	struct supervisor *s = arg;

	count_child(s, child);
	if (child_state(child) == CHILD_STOPPED)
		remove_slot(s, child);
	if (s->state == STATE_DRAINING) {
		if (s->slot_count == 0)
			event_base_loopbreak(s->base);
	} else if (s->state == STATE_RUNNING) {
		tell_systemd(s, false);
	} else if (s->settings != NULL &&
		   count_state(s, CHILD_RUNNING) + count_state(s, CHILD_BROKEN) == s->slot_count) {
		become_running(s);
	}
}

static void
drain(struct supervisor *s, const char *why)
{
	if (s->state == STATE_DRAINING)
		return;
	log_info("supervisor: drains, %s", why);
	enter(s, STATE_DRAINING);
	notify_stopping();
	event_del(s->start_timeout);
	checker_cancel(&s->checker);
	if (s->request != NULL)
		control_answer_result(s->request, "the daemon is draining");
	s->request = NULL;
	for (size_t i = s->slot_count; i-- > 0;)
		child_drain(s->slots[i].child);
	if (s->slot_count == 0)
		event_base_loopbreak(s->base);
}

static void
kill_all(struct supervisor *s)
{
	log_warning("supervisor: told to end a second time; all roles are killed");
	for (size_t i = 0; i < s->slot_count; i++)
		child_kill(s->slots[i].child);
}

/* ---- settings, applied ----------------------------------------------------------------------- */

static bool
renew_snapshot(struct supervisor *s, struct err *err)
{
	int fd = snapshot_write(&s->snapshot, err);

	if (fd < 0)
		return false;
	if (s->shared.snapshot_fd >= 0)
		close(s->shared.snapshot_fd);
	s->shared.snapshot_fd = fd;
	return true;
}

static void
set_log_level(struct supervisor *s, enum log_level level)
{
	log_set_level(level);
	s->snapshot.log_level = level;
	for (size_t i = 0; i < s->slot_count; i++)
		child_set_log_level(s->slots[i].child, level_names[level]);
}

/* Options of the top level that a role lives with from its start. */
static bool
role_options_same(const struct settings *a, const struct settings *b)
{
	static const char *const names[] = { "user", "plugin_dir", "open_files", "memory_limit",
		"drain_timeout", "watchdog_timeout" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(settings_string(a, "", names[i]), settings_string(b, "", names[i])) != 0)
			return false;
	}
	return settings_same(a, b, "database", NULL);
}

static bool
slot_same(const struct slot *slot, const struct settings *a, const struct settings *b)
{
	const char *name = strchr(child_name(slot->child), ':') + 1;

	return settings_same(a, b, slot->kind->name, slot->kind->titled ? name : NULL);
}

static struct slot *
find_slot(struct supervisor *s, const char *role)
{
	for (size_t i = 0; i < s->slot_count; i++) {
		if (strcmp(child_name(s->slots[i].child), role) == 0)
			return &s->slots[i];
	}
	return NULL;
}

static void
want(void *arg, const struct role_kind *kind, const char *instance)
{
	struct supervisor *s = arg;
	char *role = xasprintf("%s:%s", kind->name, instance);
	struct slot *slot = find_slot(s, role);

	if (slot == NULL) {
		s->slots = xreallocarray(s->slots, s->slot_count + 1, sizeof(*s->slots));
		slot = &s->slots[s->slot_count++];
		*slot = (struct slot){ .child = child_new(&s->shared, role), .kind = kind };
		(void)metrics_take(s->metrics, role);
	}
	slot->wanted = true;
	free(role);
}

/* Backwards, because what is drained at once leaves the list. */
static void
apply_to_roles(struct supervisor *s, const struct settings *before)
{
	bool all = before != NULL && !role_options_same(before, s->settings);

	for (size_t i = 0; i < s->slot_count; i++)
		s->slots[i].wanted = false;
	roles_each(s->process->kinds, s->settings, want, s);
	for (size_t i = s->slot_count; i-- > 0;) {
		struct slot *slot = &s->slots[i];
		enum child_state state = child_state(slot->child);

		if (!slot->wanted)
			child_drain(slot->child);
		else if (state == CHILD_STOPPED)
			child_start(slot->child);
		else if (all || state == CHILD_BROKEN || state == CHILD_DRAINING ||
			 !slot_same(slot, before, s->settings))
			child_restart(slot->child);
	}
}

static void
take_durations(struct supervisor *s)
{
	const struct settings *t = s->settings;

	s->shared.drain_ms = settings_integer(t, "", "drain_timeout");
	s->shared.watchdog_ms = settings_integer(t, "", "watchdog_timeout");
	s->shared.delay_ms = settings_integer(t, "", "restart_delay");
	s->shared.delay_max_ms = settings_integer(t, "", "restart_delay_max");
	s->shared.delay_reset_ms = settings_integer(t, "", "restart_reset");
}

/* Owns settings. On failure nothing has changed. */
static bool
apply(struct supervisor *s, struct settings *settings, struct err *err)
{
	struct settings *before = s->settings;
	struct snapshot old = s->snapshot;

	process_snapshot(s->process, settings, &s->snapshot);
	if (before != NULL && settings_integer(before, "", "log_level") ==
				  settings_integer(settings, "", "log_level"))
		s->snapshot.log_level = old.log_level;
	if (!renew_snapshot(s, err)) {
		s->snapshot = old;
		settings_free(&settings);
		return false;
	}
	s->settings = settings;
	take_durations(s);
	set_log_level(s, s->snapshot.log_level);
	apply_to_roles(s, before);
	settings_free(&before);
	return true;
}

/* ---- start, reload, check -------------------------------------------------------------------- */

static void
stop(struct supervisor *s, int code)
{
	s->code = code;
	event_base_loopbreak(s->base);
}

static void
log_faults(const char *errors)
{
	while (*errors != '\0') {
		size_t len = strcspn(errors, "\n");

		log_error("supervisor: %.*s", (int)len, errors);
		errors += len + (errors[len] != '\0');
	}
}

static void
start_roles(struct supervisor *s, struct settings *settings)
{
	const int64_t ms = settings_integer(settings, "", "start_timeout");
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct err err;

	if (!control_new(s->base, settings_string(settings, "", "control_socket"),
		settings_string(settings, "", "control_group"), s->commands, s, &s->control,
		&err)) {
		log_error("supervisor: %s", err.text);
		settings_free(&settings);
		stop(s, EX_CONFIG);
		return;
	}
	evtimer_add(s->start_timeout, &tv);
	if (!apply(s, settings, &err)) {
		log_error("supervisor: %s", err.text);
		stop(s, EX_OSERR);
	} else if (s->slot_count == 0) {
		log_warning("supervisor: the settings name no roles; nothing to do");
		become_running(s);
	}
}

static void
finish_start(struct supervisor *s, struct settings *settings, const char *errors)
{
	if (settings != NULL) {
		start_roles(s, settings);
		return;
	}
	log_faults(errors);
	stop(s, EX_CONFIG);
}

static void
warn_fixed(const struct settings *before, const struct settings *after)
{
	static const char *const names[] = { "control_socket", "control_group" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(settings_string(before, "", names[i]),
			settings_string(after, "", names[i])) != 0)
			log_warning(
			    "supervisor: %s has changed; restart hailand for that", names[i]);
	}
}

/* One line for all faults, as a person would say it. */
static void
log_refused(const char *errors)
{
	const size_t len = strcspn(errors, "\n");
	unsigned more = 0;

	for (const char *e = errors + len; *e != '\0'; e++)
		more += *e == '\n' && e[1] != '\0';
	if (more == 0)
		log_error("supervisor: reload refused, nothing changed: %.*s", (int)len, errors);
	else
		log_error("supervisor: reload refused, nothing changed: %.*s (and %u more)",
		    (int)len, errors, more);
}

static void
answer_faults(struct control_request *request, const char *errors)
{
	struct buffer lines = { 0 };

	if (request == NULL)
		return;
	buffer_add_string(&lines, "{\"ok\":false,\"error\":\"the settings have faults\"}\n");
	while (*errors != '\0') {
		size_t len = strcspn(errors, "\n");

		buffer_add_string(&lines, "{\"fault\":");
		buffer_add_json(&lines, errors, len);
		buffer_add_string(&lines, "}\n");
		errors += len + (errors[len] != '\0');
	}
	control_answer(request, &lines);
	buffer_clear(&lines);
}

static void
finish_reload(struct supervisor *s, struct control_request *request, struct settings *settings,
    const char *errors)
{
	struct err err;

	if (settings == NULL) {
		log_refused(errors);
		answer_faults(request, errors);
	} else {
		bool ok;

		warn_fixed(s->settings, settings);
		ok = apply(s, settings, &err);
		log_at(ok ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "supervisor: reload %s",
		    ok ? "done" : err.text);
		if (request != NULL)
			control_answer_result(request, ok ? NULL : err.text);
	}
	if (s->state == STATE_RUNNING)
		tell_systemd(s, true);
}

static bool begin_check(struct supervisor *s, enum purpose purpose, struct control_request *);

static void
on_checked(void *arg, struct settings *settings, const char *errors)
{
	struct supervisor *s = arg;
	struct control_request *request = s->request;

	s->checker = NULL;
	s->request = NULL;
	switch (s->purpose) {
	case PURPOSE_START:
		finish_start(s, settings, errors);
		break;
	case PURPOSE_RELOAD:
		finish_reload(s, request, settings, errors);
		break;
	case PURPOSE_CHECK:
		if (settings != NULL)
			control_answer_result(request, NULL);
		else
			answer_faults(request, errors);
		settings_free(&settings);
		break;
	}
	if (s->reload_again && s->settings != NULL) {
		s->reload_again = false;
		(void)begin_check(s, PURPOSE_RELOAD, NULL);
	}
}

/* At the start plugins are not loaded: a broken one costs its channel and nothing else. */
static bool
begin_check(struct supervisor *s, enum purpose purpose, struct control_request *request)
{
	assert(s->checker == NULL);
	s->checker = checker_start(s->base, s->process, purpose != PURPOSE_START, on_checked, s);
	s->purpose = purpose;
	s->request = s->checker != NULL ? request : NULL;
	if (s->checker != NULL && purpose == PURPOSE_RELOAD && s->state == STATE_RUNNING)
		notify_reloading();
	return s->checker != NULL;
}

static void
reload_by_signal(struct supervisor *s)
{
	if (s->state == STATE_DRAINING)
		return;
	log_info("supervisor: reload");
	if (s->checker != NULL)
		s->reload_again = true;
	else
		(void)begin_check(s, PURPOSE_RELOAD, NULL);
}

/* ---- commands of hailanctl ------------------------------------------------------------------- */

static void
check_for(struct supervisor *s, enum purpose purpose, struct control_request *request)
{
	if (s->state == STATE_DRAINING)
		control_answer_result(request, "the daemon is draining");
	else if (s->checker != NULL)
		control_answer_result(request, "a check is under way; try again");
	else if (!begin_check(s, purpose, request))
		control_answer_result(request, "no process can be started; see the log");
}

static void
command_check(void *arg, struct control_request *request, const char *argument)
{
	(void)argument;
	check_for(arg, PURPOSE_CHECK, request);
}

static void
command_reload(void *arg, struct control_request *request, const char *argument)
{
	(void)argument;
	check_for(arg, PURPOSE_RELOAD, request);
}

static void
command_log(void *arg, struct control_request *request, const char *argument)
{
	struct supervisor *s = arg;
	enum log_level level;
	struct err err;

	if (!log_level_parse(argument, &level)) {
		control_answer_result(
		    request, "no such level; expected error, warning, info or debug");
		return;
	}
	set_log_level(s, level);
	control_answer_result(request, renew_snapshot(s, &err) ? NULL : err.text);
}

static void
command_restart(void *arg, struct control_request *request, const char *argument)
{
	struct supervisor *s = arg;
	struct slot *slot = find_slot(s, argument);

	if (s->state == STATE_DRAINING) {
		control_answer_result(request, "the daemon is draining");
	} else if (slot == NULL || !slot->wanted) {
		control_answer_result(request, "no such role; see status");
	} else {
		log_info("supervisor: restart of role=%s", argument);
		child_restart(slot->child);
		control_answer_result(request, NULL);
	}
}

static void
command_drain(void *arg, struct control_request *request, const char *argument)
{
	(void)argument;
	control_answer_result(request, NULL);
	drain(arg, "asked by hailanctl");
}

static void
command_status(void *arg, struct control_request *request, const char *argument)
{
	const struct supervisor *s = arg;
	const bool reloading = s->checker != NULL && s->purpose == PURPOSE_RELOAD;
	struct buffer lines = { 0 };
	char since[CLOCK_TEXT];

	(void)argument;
	clock_format(s->since_us, since);
	buffer_printf(&lines,
	    "{\"ok\":true,\"version\":\"%s\",\"pid\":%d,\"state\":\"%s\",\"since\":\"%s\"",
	    PACKAGE_VERSION, (int)getpid(), reloading ? "reloading" : state_names[s->state], since);
	buffer_add_string(&lines, ",\"settings\":");
	buffer_add_json(&lines, s->process->path, strlen(s->process->path));
	buffer_printf(&lines,
	    ",\"log_level\":\"%s\",\"simulated\":%s,\"roles\":%zu,\"ready\":%zu}\n",
	    level_names[s->snapshot.log_level], s->snapshot.simulated ? "true" : "false",
	    s->slot_count, count_state(s, CHILD_RUNNING));
	for (size_t i = 0; i < s->slot_count; i++) {
		child_status(s->slots[i].child, &lines);
		buffer_add_byte(&lines, '\n');
	}
	control_answer(request, &lines);
	buffer_clear(&lines);
}

static const struct control_command commands[] = {
	{ "status", false, command_status },
	{ "check", false, command_check },
	{ "reload", false, command_reload },
	{ "log", true, command_log },
	{ "restart", true, command_restart },
	{ "drain", false, command_drain },
	{ 0 },
};

/* ---- signals, start and end ------------------------------------------------------------------ */

/* Only processes of roles; the checker waits for its own. */
static void
reap(struct supervisor *s)
{
	for (size_t i = s->slot_count; i-- > 0;) {
		pid_t pid = child_pid(s->slots[i].child);
		int status;

		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			child_ended(s->slots[i].child, status);
	}
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct supervisor *s = arg;

	(void)what;
	if (number == SIGCHLD)
		reap(s);
	else if (number == SIGHUP)
		reload_by_signal(s);
	else if (s->state == STATE_DRAINING)
		kill_all(s);
	else
		drain(s, number == SIGINT ? "interrupted" : "told to end");
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	notify_watchdog();
}

static void
add_events(struct supervisor *s)
{
	static const int numbers[SIGNALS] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	const int64_t ms = notify_watchdog_ms();
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	for (size_t i = 0; i < SIGNALS; i++) {
		s->signals[i] = evsignal_new(s->base, numbers[i], on_signal, s);
		event_add(s->signals[i], NULL);
	}
	s->start_timeout = evtimer_new(s->base, on_start_timeout, s);
	s->watchdog = event_new(s->base, -1, EV_PERSIST, on_watchdog, s);
	if (ms > 0)
		event_add(s->watchdog, &tv);
}

static void
clear(struct supervisor *s)
{
	control_free(&s->control);
	checker_cancel(&s->checker);
	while (s->slot_count > 0)
		remove_slot(s, s->slots[0].child);
	free(s->slots);
	for (size_t i = 0; i < SIGNALS; i++)
		event_free(s->signals[i]);
	event_free(s->start_timeout);
	event_free(s->watchdog);
	if (s->shared.snapshot_fd >= 0)
		close(s->shared.snapshot_fd);
	metrics_destroy(s->shared.metrics_fd, &s->metrics);
	settings_free(&s->settings);
	event_base_free(s->base);
}

static void
begin_counting(struct supervisor *s)
{
	struct metrics_slot *m = metrics_take(s->metrics, "supervisor:1");

	if (m == NULL)
		return;
	metrics_use(m);
	m->values[METRIC_ROLE_UP] = 1;
	m->values[METRIC_ROLE_SINCE] = clock_now();
}

int
supervisor_main(const struct process *process)
{
	struct supervisor s = { .process = process, .commands = commands, .since_us = clock_now() };

	log_init("hailand", process->log_level);
	signal(SIGPIPE, SIG_IGN);
	s.base = event_base_new();
	if (s.base == NULL)
		fatal(EX_OSERR, "supervisor: cannot make an event loop");
	s.shared = (struct child_shared){
		.base = s.base,
		.snapshot_fd = -1,
		.metrics_fd = metrics_create(&s.metrics),
		.changed = on_child_changed,
		.arg = &s,
	};
	begin_counting(&s);
	add_events(&s);
	if (begin_check(&s, PURPOSE_START, NULL))
		event_base_dispatch(s.base);
	else
		s.code = EX_OSERR;
	clear(&s);
	log_info("supervisor: ends with code=%d", s.code);
	return s.code;
}
