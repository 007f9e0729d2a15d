/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>

#include "channel/channel.h"
#include "wav.h"

/*
 * The way of what a caller said: measured, put on this machine's disk, and from there, in its
 * order, into the database, whenever that is there. A database that is away changes nothing but the
 * time that it lies on the disk. Recordings that nobody has told of, the PBX's own while we were
 * away and those of calls that we did not live to end, are swept up at the start and now and then.
 */
struct intake;
struct intake_ticket;
struct settings;

enum intake_end {
	INTAKE_KEPT,   /* it is on the disk */
	INTAKE_SILENT, /* nobody speaks in it, so it was not kept, and the file is gone */
	INTAKE_LOST,   /* the disk fails or the spool is full; the recording stays where it is */
};

/* What a caller said or did. All is lent. */
struct intake_report {
	const char *kind;        /* "report", "wish" … */
	const char *silent_kind; /* what it is when nobody speaks in it; NULL: not kept then */
	const char *reference, *source, *destination;
	const char *raw;     /* the keys, for a person */
	const char *details; /* members of a JSON object, ",\"menu\":\"root\"", or "" */
	const char *file;    /* path of the recording; "" none */
};

typedef void intake_fn(void *arg, enum intake_end end, const struct wav *wav);

/* NULL, with *error filled, when the spool cannot be opened. on_idle runs each time that nothing is
 * in hand any more. */
struct intake *intake_new(struct channel *c, const struct settings *s, void (*on_idle)(void *arg),
    void *arg, struct channel_error *error);
/* done runs once, never from inside, unless the ticket is given up; the report is kept all the
 * same. done may be NULL. */
struct intake_ticket *
intake_put(struct intake *in, const struct intake_report *r, intake_fn *done, void *arg);
void intake_give_up(struct intake_ticket *t);
/* The database takes reports again, or not. */
void intake_flow(struct intake *in, bool open);
/* Nothing new is begun; what lies on the disk stays for the next start. */
void intake_stop(struct intake *in);
bool intake_is_idle(const struct intake *in);
/* Accepts NULL, sets NULL. */
void intake_free(struct intake **in);
