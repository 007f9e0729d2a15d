/* SPDX-License-Identifier: BSD-2-Clause */
/* One thread for files. Jobs go in through a list, and come back through another and a pipe. */
#include "worker.h"

#include "../common/bytes.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

STAILQ_HEAD(jobs, worker_job);

struct worker {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct jobs waiting, ended;
	bool stopping;
	size_t in_hand; /* the loop's own count */
	int pipe[2];
	struct event *readable;
};

static void
tell(const struct worker *w)
{
	/* full: the loop has been told and has not read yet */
	while (write(w->pipe[1], "", 1) < 0 && errno == EINTR)
		;
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct worker_job *job;

	pthread_mutex_lock(&w->mutex);
	for (;;) {
		while ((job = STAILQ_FIRST(&w->waiting)) == NULL && !w->stopping)
			pthread_cond_wait(&w->wake, &w->mutex);
		if (job == NULL)
			break;
		STAILQ_REMOVE_HEAD(&w->waiting, entry);
		pthread_mutex_unlock(&w->mutex);
		job->work(job);
		pthread_mutex_lock(&w->mutex);
		STAILQ_INSERT_TAIL(&w->ended, job, entry);
		tell(w);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static struct worker_job *
take_ended(struct worker *w)
{
	struct worker_job *job;

	pthread_mutex_lock(&w->mutex);
	job = STAILQ_FIRST(&w->ended);
	if (job != NULL)
		STAILQ_REMOVE_HEAD(&w->ended, entry);
	pthread_mutex_unlock(&w->mutex);
	return job;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	struct worker_job *job;
	char drain[64];

	(void)what;
	while (read(fd, drain, sizeof(drain)) > 0)
		;
	while ((job = take_ended(w)) != NULL) {
		w->in_hand--;
		job->done(job);
	}
}

/* Signals are the loop's: the thread is born without them. */
static void
start_thread(struct worker *w)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&w->thread, NULL, run, w) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct worker *
worker_new(struct event_base *base)
{
	struct worker *w = bytes_alloc(1, sizeof(*w));

	STAILQ_INIT(&w->waiting);
	STAILQ_INIT(&w->ended);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->wake, NULL);
	if (pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		abort();
	w->readable = event_new(base, w->pipe[0], EV_READ | EV_PERSIST, on_readable, w);
	if (w->readable == NULL)
		abort();
	event_add(w->readable, NULL);
	start_thread(w);
	return w;
}

void
worker_run(struct worker *w, struct worker_job *job)
{
	w->in_hand++;
	pthread_mutex_lock(&w->mutex);
	STAILQ_INSERT_TAIL(&w->waiting, job, entry);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mutex);
}

bool
worker_is_idle(const struct worker *w)
{
	return w->in_hand == 0;
}

void
worker_free(struct worker **worker)
{
	struct worker *w = *worker;
	struct worker_job *job;

	*worker = NULL;
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	while ((job = take_ended(w)) != NULL) {
		job->dropped = true;
		job->done(job);
	}
	event_free(w->readable);
	close(w->pipe[0]);
	close(w->pipe[1]);
	pthread_mutex_destroy(&w->mutex);
	pthread_cond_destroy(&w->wake);
	free(w);
}
