/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Recordings that lie there and that nobody has told of. The names tell whose they are:
 *
 *	fallback-CALLER-UNIQUEID.wav      the dialplan's own, made while we could not be reached
 *	call-CALLER-UNIQUEID-NUMBER.wav   of a call of ours that we did not live to end
 */
struct settings;
struct spool;
struct worker;

struct sweep_name {
	bool ours;
	char caller[64]; /* as it stands there; "" withheld */
	char id[128];    /* UNIQUEID, or UNIQUEID-NUMBER */
};
/* False: it is neither. */
bool sweep_parse(const char *name, struct sweep_name *out);

/* Puts into the spool what did not grow for settings->sweep_ms, or for ours_ms when it is of a call
 * of ours and younger than born_s, the second in which this process began. done runs once in the
 * loop. */
void sweep_run(struct worker *w, struct spool *spool, const struct settings *s, int64_t ours_ms,
    int64_t born_s, void (*done)(void *arg, size_t count), void *arg);
