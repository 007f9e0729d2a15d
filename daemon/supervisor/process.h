/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the command line says, and the three things that the program can be. */
#include <stdbool.h>
#include <stdint.h>

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

/* In a forked child: all signals as a fresh program has them, so that none reaches the loop of its
 * parent. */
void process_reset_signals(void);

/* Each runs until its end and returns the exit code. */
int supervisor_main(const struct process *process);
int role_main(const struct process *process);
/* hailand -t: prints "FILE: ok", or each fault. */
int check_main(const struct process *process);
