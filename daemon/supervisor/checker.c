/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process writes what it is about to check, and in the end one verdict:
 *
 *	P ROLE\0 …	about to check this role
 *	E TEXT\0	faults, or
 *	S BYTES		the settings, packed
 */
#include "supervisor/checker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "settings/settings.h"
#include "supervisor/privilege.h"
#include "supervisor/process.h"
#include "supervisor/roles.h"

#define CHECK_MS 30000
#define VERDICT_BYTES (16 * 1024 * 1024)

struct checker {
	const struct process *process;
	pid_t pid;
	int fd;
	struct event *readable, *timeout;
	struct buffer verdict;
	checker_fn *done;
	void *arg;
};

/* ---- the process ----------------------------------------------------------------------------- */

static void
write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		at += n;
		len -= (size_t)n;
	}
}

static void
tell_progress(void *arg, const struct role_kind *kind, const char *instance)
{
	char *line = xasprintf("P%s:%s", kind->name, instance);

	write_all(*(const int *)arg, line, strlen(line) + 1);
	free(line);
}

static bool
check_deep(const struct process *process, const struct settings *s, int fd, struct buffer *errors)
{
	const struct privilege privilege = { .user = settings_string(s, "", "user") };
	struct err err;

	if (!privilege_drop(&privilege, &err)) {
		buffer_printf(errors, "%s: %s\n", process->path, err.text);
		return false;
	}
	return roles_check(process->kinds, s, tell_progress, &fd, errors);
}

static void
run(const struct process *process, bool deep, int fd)
{
	struct buffer errors = { 0 }, verdict = { 0 };
	struct settings *settings;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (settings_read(process->path, &settings, &errors) &&
	    (!deep || check_deep(process, settings, fd, &errors))) {
		buffer_add_byte(&verdict, 'S');
		settings_pack(settings, &verdict);
	} else {
		buffer_add_byte(&verdict, 'E');
		buffer_add(&verdict, errors.data, errors.len);
		buffer_add_byte(&verdict, 0);
	}
	write_all(fd, verdict.data, verdict.len);
	_exit(0);
}

/* ---- the supervisor's side ------------------------------------------------------------------- */

static void
finish(struct checker *checker, struct settings *settings, const char *errors)
{
	checker_fn *done = checker->done;
	void *arg = checker->arg;
	char *copy = xstrdup(errors);

	checker_cancel(&checker);
	done(arg, settings, copy);
	free(copy);
}

/* Behind the progress; sets *last to the role that was checked last. */
static const char *
find_verdict(const struct checker *checker, const char **last)
{
	const char *at = checker->verdict.data;
	const char *end = at + checker->verdict.len;

	*last = NULL;
	while (at < end && *at == 'P') {
		*last = at + 1;
		at += strlen(at) + 1;
	}
	return at < end ? at : NULL;
}

static void
fail(struct checker *checker, const char *what)
{
	const char *last;
	char *errors;

	(void)find_verdict(checker, &last);
	errors = xasprintf("%s: the check %s%s%s; its plugin may be broken\n",
	    checker->process->path, what, last != NULL ? " at " : "", last != NULL ? last : "");
	finish(checker, NULL, errors);
	free(errors);
}

static void
judge(struct checker *checker)
{
	struct settings *settings = NULL;
	const char *last, *verdict;

	if (checker->verdict.len == 0) {
		fail(checker, "ended too early");
		return;
	}
	verdict = find_verdict(checker, &last);
	if (verdict != NULL && *verdict == 'E')
		finish(checker, NULL, verdict + 1);
	else if (verdict != NULL && *verdict == 'S' &&
		 settings_unpack(verdict + 1,
		     (size_t)(checker->verdict.data + checker->verdict.len - verdict - 1),
		     &settings))
		finish(checker, settings, "");
	else
		fail(checker, "ended too early");
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct checker *checker = arg;
	char piece[16384];
	ssize_t n = read(fd, piece, sizeof(piece));

	(void)what;
	if (n > 0)
		buffer_add(&checker->verdict, piece, (size_t)n);
	if (checker->verdict.len > VERDICT_BYTES)
		fail(checker, "said too much");
	else if (n == 0)
		judge(checker);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail(checker, "could not be read");
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fail(arg, "took too long");
}

struct checker *
checker_start(
    struct event_base *base, const struct process *process, bool deep, checker_fn *done, void *arg)
{
	const struct timeval tv = { .tv_sec = CHECK_MS / 1000 };
	struct checker *checker;
	int pair[2] = { -1, -1 };
	pid_t pid = pipe2(pair, O_CLOEXEC) == 0 ? process_fork() : -1;

	if (pid < 0) {
		log_error("supervisor: cannot check %s: %s", process->path, strerror(errno));
		for (int i = 0; i < 2; i++) {
			if (pair[i] >= 0)
				close(pair[i]);
		}
		return NULL;
	}
	if (pid == 0)
		run(process, deep, pair[1]);
	close(pair[1]);
	evutil_make_socket_nonblocking(pair[0]);
	checker = xcalloc(1, sizeof(*checker));
	*checker = (struct checker){
		.process = process, .pid = pid, .fd = pair[0], .done = done, .arg = arg
	};
	checker->readable = event_new(base, pair[0], EV_READ | EV_PERSIST, on_readable, checker);
	checker->timeout = evtimer_new(base, on_timeout, checker);
	event_add(checker->readable, NULL);
	evtimer_add(checker->timeout, &tv);
	return checker;
}

void
checker_cancel(struct checker **checker)
{
	struct checker *c = *checker;

	if (c == NULL)
		return;
	kill(c->pid, SIGKILL); /* nobody else waits for it, so the number is still its own */
	(void)waitpid(c->pid, NULL, 0);
	event_free(c->readable);
	event_free(c->timeout);
	close(c->fd);
	buffer_clear(&c->verdict);
	free(c);
	*checker = NULL;
}
