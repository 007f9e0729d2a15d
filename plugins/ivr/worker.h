/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <sys/queue.h>

/*
 * Work on files, which would block the loop, in one thread beside it: a job is done there, in the
 * order of handing in, and its end is told in the loop. The thread touches nothing but the job.
 */
struct event_base;
struct worker;

/* Embed it as the first member of what the job needs. */
struct worker_job {
	STAILQ_ENTRY(worker_job) entry;
	void (*work)(struct worker_job *job); /* in the thread */
	void (*done)(struct worker_job *job); /* in the loop; frees the job */
	bool dropped; /* worker_free() calls done: nothing shall be done but freeing */
};

struct worker *worker_new(struct event_base *base);
/* Takes the job over. done runs once, never from inside. */
void worker_run(struct worker *w, struct worker_job *job);
bool worker_is_idle(const struct worker *w);
/* Waits for the work that was handed in. Accepts NULL, sets NULL. */
void worker_free(struct worker **w);
