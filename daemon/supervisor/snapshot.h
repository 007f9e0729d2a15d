/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a child is given to begin with, as a sealed file in memory: the settings that were good when
 * they were last checked, and the state of the whole daemon. A child that is started anew gets
 * these too, whatever has become of the file on disk.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"

struct err;
struct settings;

struct snapshot {
	struct settings *settings; /* not owned when written; the caller's when read */
	enum log_level log_level;
	pid_t supervisor;
	/* The clock of all children: at clock_mono_us() == since it shows start. */
	bool simulated;
	int64_t start_us, since_us;
	double speed;
};

/* A descriptor that can only be read, close-on-exec; -1 with *err. */
int snapshot_write(const struct snapshot *snapshot, struct err *err);
bool snapshot_read(int fd, struct snapshot *out, struct err *err);
/* Starts the simulated clock where the others are, if there is one. */
void snapshot_apply_clock(const struct snapshot *snapshot);
