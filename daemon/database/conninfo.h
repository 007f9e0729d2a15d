/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside this folder only: the parameters of one attempt to connect. */
#include <libpq-fe.h>
#include <stdbool.h>

struct err;

/* Begins to connect. rotation says how far lists of hosts and ports are turned to the left, so that
 * a host which does not answer is not asked first for ever; a list of one stays as it is. NULL with
 * the reason when conninfo is wrong. The result must be looked at with PQstatus(). */
PGconn *conninfo_start(const char *conninfo, const char *user, const char *application,
    unsigned rotation, struct err *err);

/* PQerrorMessage as one line without its end; the caller frees it. */
char *conninfo_one_line(const char *message);
