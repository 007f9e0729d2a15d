/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What callers said, on this machine's disk until the database has it: a table of reports in an
 * SQLite file, each on the disk before spool_put() returns; the recordings lie beside it as the PBX
 * has written them. Only this file knows SQLite. Everything here blocks: it belongs into the
 * worker's thread, but for opening and closing.
 */

/* All strings are owned (spool_report_clear). */
struct spool_report {
	int64_t id;      /* given by spool_put() */
	char *reference; /* what makes it itself: the call's id and a number */
	char *source, *destination;
	char *raw;      /* what was pressed, for a person */
	char *protocol; /* JSON */
	char *file;     /* path of the recording; "" none */
	unsigned flags;
};
void spool_report_clear(struct spool_report *r);

struct spool;

/* NULL, with the cause in why, when it cannot be opened or is damaged. */
struct spool *spool_open(const char *path, int64_t limit, char *why, size_t why_size);
void spool_close(struct spool **s);

enum spool_end { SPOOL_OK, SPOOL_FULL, SPOOL_FAILED };

/* Puts a report in; one with its reference is there only once. Not when there are as many as the
 * limit, or the disk fails. */
enum spool_end spool_put(struct spool *s, const struct spool_report *r);
/* The oldest that waits; false: there is none. */
bool spool_next(struct spool *s, struct spool_report *out);
/* It is in the database. Its recording is removed; where that is forbidden it is remembered as
 * taken. False: it was forbidden. */
bool spool_done(struct spool *s, const struct spool_report *r);
/* The database will never take it: it is kept beside, for a person. */
void spool_refused(struct spool *s, int64_t id);
/* Whether a recording has been put in, or was taken before. */
bool spool_knows_file(struct spool *s, const char *file);
int64_t spool_count(struct spool *s);
