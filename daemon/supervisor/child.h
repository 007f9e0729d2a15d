/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One role as the supervisor sees it: a process, or the lack of one. The states and what leads from
 * one to the next are a const table (child_table), shown in hailand(8).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buffer;
struct child;
struct event_base;

enum child_state {
	CHILD_STOPPED,  /* no process, and none is wanted */
	CHILD_STARTING, /* not ready yet */
	CHILD_RUNNING,
	CHILD_HUNG,     /* silent; was told to abort */
	CHILD_DRAINING, /* finishes what it has in hand */
	CHILD_WAITING,  /* ended; is started anew after a while */
	CHILD_BROKEN,   /* cannot run with these settings; a person must act */
};

enum child_event {
	CHILD_START,    /* it is wanted */
	CHILD_READY,    /* it says so */
	CHILD_SILENT,   /* no sign of life */
	CHILD_DRAIN,    /* it is not wanted any more */
	CHILD_DEADLINE, /* it took too long */
	CHILD_END,      /* the process ended */
	CHILD_MISFIT,   /* the process ended with EX_CONFIG */
	CHILD_DELAY,    /* the wait is over */
};

enum child_effect {
	CHILD_DO_NOTHING,
	CHILD_DO_SPAWN,
	CHILD_DO_ABORT,
	CHILD_DO_KILL,
	CHILD_DO_TERMINATE,
	CHILD_DO_SCHEDULE,
	CHILD_DO_FINISH,
};

struct child_transition {
	enum child_state state;
	enum child_event event;
	enum child_state next;
	enum child_effect effect;
};

extern const struct child_transition child_table[];
extern const size_t child_table_size;

/* The row for this event in this state, or NULL: the event means nothing then. */
const struct child_transition *child_step(enum child_state state, enum child_event event);
const char *child_state_name(enum child_state state);
const char *child_event_name(enum child_event event);

/* The next wait before a start: doubled, bounded, and back to the first after a long run. */
int64_t child_next_delay_ms(
    int64_t last_ms, int64_t up_ms, int64_t first_ms, int64_t max_ms, int64_t reset_ms);

/* What all children share; owned by the supervisor, which may change it at any time. */
struct child_shared {
	struct event_base *base;
	int snapshot_fd; /* given to each process that is started from now on */
	int metrics_fd;  /* where they count; -1: nowhere */
	int64_t drain_ms, watchdog_ms;
	int64_t delay_ms, delay_max_ms, delay_reset_ms;
	/* Runs after every change of state. The child may be freed in it when it is stopped. */
	void (*changed)(void *arg, struct child *child);
	void *arg;
};

/* name is "kind:instance"; lends shared. Nothing is started. */
struct child *child_new(const struct child_shared *shared, const char *name);
/* Kills the process if there is one. Accepts NULL, sets NULL. */
void child_free(struct child **child);

void child_start(struct child *child);
void child_drain(struct child *child);
/* Drains, then starts anew with the snapshot of that time. */
void child_restart(struct child *child);
/* Whether it shall be started again once it is drained. */
bool child_restarting(const struct child *child);
/* Kills it now; ends as any death. */
void child_kill(struct child *child);
void child_set_log_level(struct child *child, const char *level);
/* The supervisor's waitpid() has got this one. */
void child_ended(struct child *child, int wait_status);

const char *child_name(const struct child *child);
enum child_state child_state(const struct child *child);
pid_t child_pid(const struct child *child); /* 0: none */
unsigned child_restarts(const struct child *child);
/* One line of JSON: name, state, pid, times, restarts, why it last ended, the role's own status. */
void child_status(const struct child *child, struct buffer *json);
