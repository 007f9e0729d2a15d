/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What lies in the spool of a report goes to the database piece by piece, before the report, so
 * that it is never in memory as a whole. One report at a time; nothing is lost with a piece,
 * because the peer is told to come later.
 */
#include <stdbool.h>
#include <stddef.h>

struct channel_submission;
struct database;
struct params;
struct pieces;

/* why: NULL, all its pieces are there; else a literal. May be called from inside pieces_add(). */
typedef void pieces_fn(void *arg, struct channel_submission *s, const char *why);

struct pieces *pieces_new(struct database *db, const char *channel, pieces_fn *done, void *arg);
/* Those that wait are dropped. Accepts NULL, sets NULL. */
void pieces_free(struct pieces **p);
/* Takes the submission over until done. */
void pieces_add(struct pieces *p, struct channel_submission *s);

/* What the statement of a report in pieces takes beside those of any report. */
void pieces_params(const struct channel_submission *s, struct params *out);
/* Lets go of the spool, if there is one. */
void pieces_drop(struct channel_submission *s);
