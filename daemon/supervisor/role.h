/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a process of hailand gets that does one job: a channel, a clerk, the timekeeper. It is a
 * child of the supervisor, or was started by hand in the foreground (hailand --role clerk:1), and
 * need not know which.
 *
 * A job is one function, int NAME_role(struct role *), in the table of hailand.c. It makes what it
 * needs on role_base(), calls role_loop(), frees everything and returns the exit code: 0, or one of
 * sysexits.h. EX_CONFIG is shown and not tried again; anything else is started anew after a while.
 * When it is called privileges are dropped already and the log is open.
 */
#include <stdbool.h>

struct buffer;
struct channel_config;
struct event_base;
struct metrics_slot;
struct role;
struct settings;

/* "clerk:2", "timekeeper:1", "channel:sms"; unique on this machine. */
const char *role_name(const struct role *role);
/* What stands behind the colon. */
const char *role_instance(const struct role *role);
struct event_base *role_base(const struct role *role);
const struct settings *role_settings(const struct role *role);
/* The settings of this channel; NULL when the role is no channel. */
const struct channel_config *role_channel(const struct role *role);
/* For database_new(): the connection string, and the database user of this role or NULL when the
 * connection string's own is to be used. */
const char *role_conninfo(const struct role *role);
const char *role_database_user(const struct role *role);
/* True when the clock is simulated: refuse (EX_CONFIG) a database that is not one for tests. */
bool role_simulated(const struct role *role);

/* What all processes count, for the role that may read it (reads_metrics); NULL: nobody counts. */
const struct metrics_slot *role_metrics(const struct role *role);

/* fn runs once, from the loop, when the job shall end: take nothing new, finish what is in hand,
 * then call role_stopped(), at once or later. After the deadline the process is killed. Without a
 * function the loop just ends. */
typedef void role_drain_fn(void *arg);
void role_on_drain(struct role *role, role_drain_fn *fn, void *arg);
bool role_draining(const struct role *role);

/* fn adds the members of a JSON object, without its braces ("\"lag_ms\":12,\"pending\":0"), that an
 * administrator sees in the status. It runs from the loop about once a second; at most 32 KiB. */
typedef void role_status_fn(void *arg, struct buffer *json);
void role_on_status(struct role *role, role_status_fn *fn, void *arg);

/* The job can be done now: the supervisor tells systemd when all can. Also when the database is
 * away, if the role copes with that. Call it once, before or in the loop. */
void role_ready(struct role *role);

/* The loop. A heartbeat runs in it: when it stops for longer than watchdog_timeout the supervisor
 * takes the process for hung and aborts it. Returns after role_stopped(). */
void role_loop(struct role *role);
/* From inside the loop only: the work is done, or cannot go on. */
void role_stopped(struct role *role);
