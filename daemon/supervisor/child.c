/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process of a role. It hears from the process over a socket ("ready", "alive", "status …"), and
 * of its end from the supervisor; both become events of the table.
 */
#include "supervisor/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
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
#include "supervisor/json.h"
#include "supervisor/link.h"
#include "supervisor/process.h"

/* A process that was told to abort gets so long to write its core. */
#define ABORT_MS 5000
/* A process that was killed is dead at once, unless the kernel holds it. */
#define KILL_MS 5000
#define UNSENT_BYTES 4096

const struct child_transition child_table[] = {
	{ CHILD_STOPPED, CHILD_START, CHILD_STARTING, CHILD_DO_SPAWN },
	{ CHILD_STARTING, CHILD_READY, CHILD_RUNNING, CHILD_DO_NOTHING },
	{ CHILD_STARTING, CHILD_SILENT, CHILD_HUNG, CHILD_DO_ABORT },
	{ CHILD_STARTING, CHILD_DRAIN, CHILD_DRAINING, CHILD_DO_TERMINATE },
	{ CHILD_STARTING, CHILD_END, CHILD_WAITING, CHILD_DO_SCHEDULE },
	{ CHILD_STARTING, CHILD_MISFIT, CHILD_BROKEN, CHILD_DO_NOTHING },
	{ CHILD_RUNNING, CHILD_SILENT, CHILD_HUNG, CHILD_DO_ABORT },
	{ CHILD_RUNNING, CHILD_DRAIN, CHILD_DRAINING, CHILD_DO_TERMINATE },
	{ CHILD_RUNNING, CHILD_END, CHILD_WAITING, CHILD_DO_SCHEDULE },
	{ CHILD_RUNNING, CHILD_MISFIT, CHILD_BROKEN, CHILD_DO_NOTHING },
	{ CHILD_HUNG, CHILD_DEADLINE, CHILD_HUNG, CHILD_DO_KILL },
	{ CHILD_HUNG, CHILD_DRAIN, CHILD_DRAINING, CHILD_DO_KILL },
	{ CHILD_HUNG, CHILD_END, CHILD_WAITING, CHILD_DO_SCHEDULE },
	{ CHILD_HUNG, CHILD_MISFIT, CHILD_BROKEN, CHILD_DO_NOTHING },
	{ CHILD_DRAINING, CHILD_DEADLINE, CHILD_DRAINING, CHILD_DO_KILL },
	{ CHILD_DRAINING, CHILD_END, CHILD_STOPPED, CHILD_DO_FINISH },
	{ CHILD_DRAINING, CHILD_MISFIT, CHILD_STOPPED, CHILD_DO_FINISH },
	{ CHILD_WAITING, CHILD_START, CHILD_STARTING, CHILD_DO_SPAWN },
	{ CHILD_WAITING, CHILD_DELAY, CHILD_STARTING, CHILD_DO_SPAWN },
	{ CHILD_WAITING, CHILD_DRAIN, CHILD_STOPPED, CHILD_DO_FINISH },
	{ CHILD_BROKEN, CHILD_START, CHILD_STARTING, CHILD_DO_SPAWN },
	{ CHILD_BROKEN, CHILD_DRAIN, CHILD_STOPPED, CHILD_DO_FINISH },
};
const size_t child_table_size = sizeof(child_table) / sizeof(child_table[0]);

static const char *const state_names[] = { "stopped", "starting", "running", "hung", "draining",
	"waiting", "broken" };
static const char *const event_names[] = { "start", "ready", "silent", "drain", "deadline", "end",
	"misfit", "delay" };

struct child {
	const struct child_shared *shared;
	char *name;
	enum child_state state;
	bool again; /* start anew when drained */
	pid_t pid;
	struct bufferevent *link;
	struct event *timer;    /* of the state: deadline or delay */
	struct event *watchdog; /* while the process shall give signs of life */
	int64_t spawned_ms;     /* monotonic */
	int64_t since_us;       /* when the state was entered, for the status */
	int64_t delay_ms;
	unsigned starts;
	char ended[96];       /* why it last ended; "" */
	struct buffer status; /* members of a JSON object, checked */
};

const char *
child_state_name(enum child_state state)
{
	return state_names[state];
}

const char *
child_event_name(enum child_event event)
{
	return event_names[event];
}

const struct child_transition *
child_step(enum child_state state, enum child_event event)
{
	for (size_t i = 0; i < child_table_size; i++) {
		if (child_table[i].state == state && child_table[i].event == event)
			return &child_table[i];
	}
	return NULL;
}

int64_t
child_next_delay_ms(
    int64_t last_ms, int64_t up_ms, int64_t first_ms, int64_t max_ms, int64_t reset_ms)
{
	int64_t next_ms = last_ms == 0 || up_ms >= reset_ms ? first_ms : last_ms * 2;

	return next_ms > max_ms ? max_ms : next_ms;
}

/* ---- effects --------------------------------------------------------------------------------- */

static void child_event(struct child *child, enum child_event event);

static void
set_timer(struct event *timer, int64_t ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(timer, &tv);
}

static void
send_signal(const struct child *child, int number)
{
	if (child->pid > 0 && kill(child->pid, number) != 0)
		log_warning("supervisor: cannot signal role=%s pid=%d: %s", child->name,
		    (int)child->pid, strerror(errno));
}

static void
on_line(struct child *child, const char *line, size_t len)
{
	static const char status[] = "status ";

	set_timer(child->watchdog, child->shared->watchdog_ms);
	if (strcmp(line, "ready") == 0) {
		child_event(child, CHILD_READY);
	} else if (strncmp(line, status, sizeof(status) - 1) == 0) {
		const char *members = line + sizeof(status) - 1;
		size_t n = len - (sizeof(status) - 1);

		buffer_reset(&child->status);
		if (json_members_safe(members, n))
			buffer_add(&child->status, members, n);
	}
}

static void
on_read(struct bufferevent *link, void *arg)
{
	struct child *child = arg;
	struct evbuffer *in = bufferevent_get_input(link);
	size_t len;
	char *line;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF)) != NULL) {
		on_line(child, line, len);
		free(line);
	}
	if (evbuffer_get_length(in) > LINK_LINE_BYTES) {
		log_warning("supervisor: role=%s sends no lines; ignored", child->name);
		evbuffer_drain(in, evbuffer_get_length(in));
	}
}

/* The process closed its end: it ends now, or falls silent and is aborted. */
static void
on_link_event(struct bufferevent *link, short what, void *arg)
{
	(void)arg;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		bufferevent_disable(link, EV_READ | EV_WRITE);
}

static void
close_link(struct child *child)
{
	if (child->link != NULL)
		bufferevent_free(child->link);
	child->link = NULL;
	event_del(child->watchdog);
}

static bool
spawn(struct child *child, struct err *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set(err, "cannot make a socket pair: %s", strerror(errno));
	pid = process_fork();
	if (pid == 0)
		link_exec(
		    child->name, pair[1], child->shared->snapshot_fd, child->shared->metrics_fd);
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return err_set(err, "cannot fork: %s", strerror(errno));
	}
	child->pid = pid;
	child->link = bufferevent_socket_new(child->shared->base, pair[0], BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(child->link, on_read, NULL, on_link_event, child);
	bufferevent_setwatermark(child->link, EV_READ, 0, LINK_LINE_BYTES * 2);
	bufferevent_enable(child->link, EV_READ | EV_WRITE);
	return true;
}

static void
do_spawn(struct child *child)
{
	struct err err;

	close_link(child);
	buffer_reset(&child->status);
	child->starts++;
	child->spawned_ms = clock_mono_ms();
	if (spawn(child, &err)) {
		set_timer(child->watchdog, child->shared->watchdog_ms);
		return;
	}
	log_error("supervisor: cannot start role=%s: %s", child->name, err.text);
	set_timer(child->watchdog, 0); /* no process: silent, killed, waited for */
}

static void
do_schedule(struct child *child)
{
	const struct child_shared *s = child->shared;
	int64_t up_ms = clock_mono_ms() - child->spawned_ms;

	child->delay_ms = child_next_delay_ms(
	    child->delay_ms, up_ms, s->delay_ms, s->delay_max_ms, s->delay_reset_ms);
	log_warning("supervisor: role=%s %s after %" PRId64 " ms; started anew in %" PRId64 " ms",
	    child->name, child->ended, up_ms, child->delay_ms);
	set_timer(child->timer, child->delay_ms);
}

static void
do_abort(struct child *child)
{
	log_error("supervisor: role=%s pid=%d gave no sign of life for %" PRId64 " ms; aborted",
	    child->name, (int)child->pid, child->shared->watchdog_ms);
	send_signal(child, SIGABRT);
	set_timer(child->timer, ABORT_MS);
}

static void
do_kill(struct child *child)
{
	log_warning(
	    "supervisor: role=%s pid=%d did not end in time; killed", child->name, (int)child->pid);
	send_signal(child, SIGKILL);
	set_timer(child->timer, KILL_MS);
}

static void
do_terminate(struct child *child)
{
	if (child->pid != 0) /* else on_watchdog() is about to tell */
		event_del(child->watchdog);
	send_signal(child, SIGTERM);
	set_timer(child->timer, child->shared->drain_ms);
}

static void
run_effect(struct child *child, enum child_effect effect)
{
	switch (effect) {
	case CHILD_DO_SPAWN:
		do_spawn(child);
		break;
	case CHILD_DO_ABORT:
		do_abort(child);
		break;
	case CHILD_DO_KILL:
		do_kill(child);
		break;
	case CHILD_DO_TERMINATE:
		do_terminate(child);
		break;
	case CHILD_DO_SCHEDULE:
		do_schedule(child);
		break;
	case CHILD_DO_FINISH:
	case CHILD_DO_NOTHING:
		break;
	}
}

/* The one place where the state changes. The child may be gone when this returns. */
static void
enter(struct child *child, const struct child_transition *t)
{
	if (t->next != child->state) {
		log_at(t->next == CHILD_BROKEN ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
		    "supervisor: role=%s %s -> %s%s%s", child->name, state_names[child->state],
		    state_names[t->next], t->next == CHILD_BROKEN ? ": " : "",
		    t->next == CHILD_BROKEN ? child->ended : "");
		child->since_us = clock_now();
		event_del(child->timer);
	}
	child->state = t->next;
	run_effect(child, t->effect);
	if (t->effect == CHILD_DO_FINISH && child->again) {
		child->again = false;
		child_event(child, CHILD_START);
		return;
	}
	child->shared->changed(child->shared->arg, child);
}

static void
child_event(struct child *child, enum child_event event)
{
	const struct child_transition *t = child_step(child->state, event);

	if (t != NULL)
		enter(child, t);
	else
		log_debug("supervisor: role=%s in state %s ignores %s", child->name,
		    state_names[child->state], event_names[event]);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	child_event(child, child->state == CHILD_WAITING ? CHILD_DELAY : CHILD_DEADLINE);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	(void)fd;
	(void)what;
	if (child->pid == 0) {
		snprintf(child->ended, sizeof(child->ended), "could not be started");
		child_event(child, CHILD_END);
	} else {
		child_event(child, CHILD_SILENT);
	}
}

/* ---- outside --------------------------------------------------------------------------------- */

struct child *
child_new(const struct child_shared *shared, const char *name)
{
	struct child *child = xcalloc(1, sizeof(*child));

	child->shared = shared;
	child->name = xstrdup(name);
	child->since_us = clock_now();
	child->timer = evtimer_new(shared->base, on_timer, child);
	child->watchdog = evtimer_new(shared->base, on_watchdog, child);
	return child;
}

void
child_free(struct child **child)
{
	struct child *c = *child;

	if (c == NULL)
		return;
	send_signal(c, SIGKILL);
	close_link(c);
	event_free(c->timer);
	event_free(c->watchdog);
	buffer_clear(&c->status);
	free(c->name);
	free(c);
	*child = NULL;
}

void
child_start(struct child *child)
{
	child_event(child, CHILD_START);
}

void
child_drain(struct child *child)
{
	child->again = false;
	child_event(child, CHILD_DRAIN);
}

void
child_restart(struct child *child)
{
	child->delay_ms = 0;
	if (child->state == CHILD_STOPPED) {
		child_event(child, CHILD_START);
		return;
	}
	child->again = true;
	child_event(child, CHILD_DRAIN);
}

bool
child_restarting(const struct child *child)
{
	return child->again;
}

void
child_kill(struct child *child)
{
	send_signal(child, SIGKILL);
}

void
child_set_log_level(struct child *child, const char *level)
{
	if (child->link == NULL ||
	    evbuffer_get_length(bufferevent_get_output(child->link)) > UNSENT_BYTES)
		return;
	evbuffer_add_printf(bufferevent_get_output(child->link), "log %s\n", level);
}

void
child_ended(struct child *child, int status)
{
	bool misfit = WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG;

	child->pid = 0;
	close_link(child);
	if (misfit)
		snprintf(child->ended, sizeof(child->ended),
		    "cannot run with these settings; see its last line in the log");
	else if (WIFEXITED(status))
		snprintf(child->ended, sizeof(child->ended), "ended with exit code %d",
		    WEXITSTATUS(status));
	else
		snprintf(child->ended, sizeof(child->ended), "ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	child_event(child, misfit ? CHILD_MISFIT : CHILD_END);
}

const char *
child_name(const struct child *child)
{
	return child->name;
}

enum child_state
child_state(const struct child *child)
{
	return child->state;
}

unsigned
child_restarts(const struct child *child)
{
	return child->starts > 0 ? child->starts - 1 : 0;
}

pid_t
child_pid(const struct child *child)
{
	return child->pid;
}

void
child_status(const struct child *child, struct buffer *json)
{
	char since[CLOCK_TEXT];

	clock_format(child->since_us, since);
	buffer_add_string(json, "{\"role\":");
	buffer_add_json(json, child->name, strlen(child->name));
	buffer_printf(json, ",\"state\":\"%s\",\"since\":\"%s\",\"pid\":%d,\"restarts\":%u",
	    state_names[child->state], since, (int)child->pid, child_restarts(child));
	buffer_add_string(json, ",\"last_end\":");
	buffer_add_json(json, child->ended, strlen(child->ended));
	buffer_add_string(json, ",\"status\":{");
	buffer_add(json, child->status.data, child->status.len);
	buffer_add_string(json, "}}");
}
