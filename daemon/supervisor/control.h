/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The control socket, a UNIX stream socket of mode 0660, on which hailanctl speaks to the daemon.
 *
 * A client sends one command a line, at most 256 bytes, and may send the next after the answer:
 *
 *	status		the daemon, then one line for each role
 *	check		reads and checks the settings file; changes nothing
 *	reload		the same, then applies it
 *	log LEVEL	error, warning, info or debug; for all roles, until the daemon ends
 *	restart ROLE	drains the role and starts it anew, now
 *	drain		drains all roles and ends the daemon
 *
 * An answer is lines of JSON objects, ended by an empty line. The first always holds "ok": true, or
 * false and "error": a text that names the cause. check and reload that found faults give one line
 * {"fault": "FILE:LINE: …"} for each behind it. status gives, behind the first line
 *
 *	{"ok":true,"version":"0.1.0","pid":4711,"state":"running","since":"2026-11-24T08:16:07.123456Z",
 *	 "settings":"/etc/hailand.conf","log_level":"info","simulated":false,"roles":4,"ready":4}
 *
 * for each role
 *
 *	{"role":"clerk:1","state":"running","since":"…","pid":4712,"restarts":0,"last_end":"",
 *	 "status":{…}}
 *
 * state of the daemon: starting, running, reloading, draining; of a role: stopped, starting,
 * running, hung, draining, waiting (for its next start), broken (by its settings). pid is 0 when
 * there is no process. What is in "status" is the role's own.
 *
 * At most 16 clients; one that says nothing for a minute is closed.
 */
#include <stdbool.h>

struct buffer;
struct control;
struct control_request;
struct err;
struct event_base;

/* A command. answer with control_answer(), at once or later. argument is "" when there is none, and
 * lent. */
typedef void control_fn(void *arg, struct control_request *request, const char *argument);

struct control_command {
	const char *name;
	bool argument; /* needs one; else takes none */
	control_fn *run;
};

/* Listens. A socket file that nobody listens on is replaced; one in use is an error: that daemon
 * runs already. group may be "". commands ends with a name of NULL. */
bool control_new(struct event_base *base, const char *path, const char *group,
    const struct control_command *commands, void *arg, struct control **out, struct err *err);
/* Closes all and removes the socket file. Accepts NULL, sets NULL. */
void control_free(struct control **control);

/* Ends a request, also when its client has gone: lines of JSON, each ended by a line feed; lent. */
void control_answer(struct control_request *request, const struct buffer *lines);
/* {"ok":true}, or {"ok":false,"error":…} when error is not NULL. */
void control_answer_result(struct control_request *request, const char *error);
