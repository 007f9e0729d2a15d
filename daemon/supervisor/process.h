/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the command line says, and the three things that the program can be. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"

struct role_kind;
struct settings;
struct snapshot;

struct process {
	const char *path;              /* of the settings */
	const struct role_kind *kinds; /* what this binary can do */
	const char *role;              /* "clerk:1"; NULL: the supervisor */
	bool supervised;               /* a child of the supervisor */
	bool level_given;              /* log_level was given and goes before the settings */
	enum log_level log_level;
	bool simulated;
	int64_t start_us, since_us;
	double speed;
};

/* Log level and clock as the command line and the settings say; lends settings. */
void
process_snapshot(const struct process *process, struct settings *settings, struct snapshot *out);

/* fork(2) for a process with an event loop: in the child all signals are as a fresh program has
 * them. At no moment does the child run the loop's handlers, which would tell the parent's loop of
 * a signal that was sent to the child. */
pid_t process_fork(void);

/* Each runs until its end and returns the exit code. */
int supervisor_main(const struct process *process);
int role_main(const struct process *process);
/* hailand -t: prints "FILE: ok", or each fault. */
int check_main(const struct process *process);
