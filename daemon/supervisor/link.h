/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Between the supervisor and the process of a role: how it is executed, and on which descriptors it
 * finds what it needs. Lines of text go over a socket pair.
 *
 *	role → supervisor	ready | alive | status MEMBERS
 *	supervisor → role	log LEVEL
 *
 * The end of the stream tells a role that the supervisor is gone.
 */
#define LINK_FD 3
#define LINK_SNAPSHOT_FD 4
#define LINK_METRICS_FD \
	5 /* where everybody counts (metrics/metrics.h); not there when nobody does */
#define LINK_LINE_BYTES (32 * 1024)

/* In the child of process_fork(): becomes "hailand --supervised --role NAME" of the same binary. */
void link_exec(const char *role, int socket, int snapshot, int metrics) __attribute__((noreturn));
