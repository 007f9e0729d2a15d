/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl status: every process and link of the daemon, and what waits in the database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/sql.h"
#include "ctl/view.h"
#include "embedded.h"

static const struct view_column role_columns[] = {
	{ "role", "ROLE", VIEW_TEXT },
	{ "state", "STATE", VIEW_TEXT },
	{ "pid", "PID", VIEW_NUMBER },
	{ "since", "SINCE", VIEW_TIME },
	{ "restarts", "RESTARTS", VIEW_NUMBER },
	{ "last_end", "LAST END", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

/* Lines of JSON as an array; *array is the caller's. */
static bool
parse_lines(const char *line, struct json **array, struct err *err)
{
	struct json **tail;

	*array = xcalloc(1, sizeof(**array));
	(*array)->type = JSON_ARRAY;
	tail = &(*array)->first;
	while (*line != '\0') {
		size_t len = strcspn(line, "\n");

		if (!json_parse(line, len, tail, err)) {
			json_free(array);
			return false;
		}
		tail = &(*tail)->next;
		line += len + (line[len] == '\n');
	}
	if ((*array)->first != NULL)
		return true;
	json_free(array);
	return err_set(err, "an empty answer");
}

static bool
is_table(const struct json *m)
{
	return m->type == JSON_ARRAY && m->first != NULL && m->first->type == JSON_OBJECT;
}

/* The plain members in one line; what is empty says nothing. */
static void
add_figures(const struct json *members, struct buffer *out)
{
	for (const struct json *m = members; m != NULL; m = m->next) {
		struct buffer value = { 0 };

		if (m->type != JSON_OBJECT && !is_table(m))
			json_show(m, &value);
		if (value.len > 0)
			buffer_printf(out, " %s=%s", m->key, value.data);
		buffer_clear(&value);
	}
	buffer_add_byte(out, '\n');
}

/* What a role says of itself, under its name: a line of figures, one for each group of them, and a
 * list of links as a table. */
static void
add_role_status(const struct json *role, struct buffer *out)
{
	const struct json *status = json_member(role, "status");
	const char *name = json_member_text(role, "role");

	if (status == NULL || status->first == NULL)
		return;
	buffer_printf(out, "%s:", name);
	add_figures(status->first, out);
	for (const struct json *m = status->first; m != NULL; m = m->next) {
		if (m->type != JSON_OBJECT || m->first == NULL)
			continue;
		buffer_printf(out, "  %s:", m->key);
		add_figures(m->first, out);
	}
	for (const struct json *m = status->first; m != NULL; m = m->next) {
		if (!is_table(m))
			continue;
		buffer_printf(out, "\n%s %s\n", name, m->key);
		view_table(m, NULL, out);
		buffer_add_byte(out, '\n');
	}
}

static void
add_daemon(const struct json *answer, struct buffer *out)
{
	struct json *daemon = answer->first;
	struct json roles = { .type = JSON_ARRAY, .first = daemon->next };
	const char *ready = json_member_text(daemon, "ready");

	buffer_printf(out, "hailand %s: %s, pid %s, %s of %s roles ready, since %.10s %.8s UTC\n",
	    json_member_text(daemon, "version"), json_member_text(daemon, "state"),
	    json_member_text(daemon, "pid"), ready, json_member_text(daemon, "roles"),
	    json_member_text(daemon, "since"),
	    strlen(json_member_text(daemon, "since")) > 11 ? json_member_text(daemon, "since") + 11
							   : "");
	if (roles.first == NULL)
		return;
	buffer_add_byte(out, '\n');
	view_table(&roles, role_columns, out);
	buffer_add_byte(out, '\n');
	for (const struct json *role = roles.first; role != NULL; role = role->next)
		add_role_status(role, out);
}

static bool
is_well(const struct json *answer)
{
	if (strcmp(json_member_text(answer->first, "ok"), "true") != 0)
		return false;
	for (const struct json *role = answer->first->next; role != NULL; role = role->next) {
		const char *state = json_member_text(role, "state");

		if (strcmp(state, "broken") == 0 || strcmp(state, "hung") == 0 ||
		    strcmp(state, "waiting") == 0)
			return false;
	}
	return true;
}

/* The queues; the caller's text, or NULL with *err. */
static char *
read_queues(struct ctl *ctl, struct sql *sql, struct err *err)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { now };
	struct sql_rows *rows;
	char *text;

	(void)ctl;
	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_ctl_status.text, 1, values, &rows, err))
		return NULL;
	text = xstrdup(sql_text(rows, 0, "row"));
	sql_rows_free(&rows);
	return text;
}

static void
print_people(const struct json *daemon, const char *queues)
{
	struct buffer out = { 0 };
	struct json *tree = NULL;
	struct err err;

	if (daemon != NULL)
		add_daemon(daemon, &out);
	if (queues != NULL && json_parse(queues, strlen(queues), &tree, &err)) {
		buffer_add_string(&out, out.len > 0 ? "\ndatabase\n" : "database\n");
		view_object(tree, NULL, &out);
	}
	json_free(&tree);
	ctl_print(&out);
	buffer_clear(&out);
}

static void
print_json(const struct buffer *answer, const char *queues, const struct buffer *errors)
{
	struct buffer out = { 0 };
	const char *line = answer->data;
	int number = 0;

	buffer_add_string(&out, "{\"daemon\":");
	if (answer->len == 0)
		buffer_add_string(&out, "null");
	for (; line != NULL && *line != '\0'; line += strspn(line, "\n")) {
		size_t len = strcspn(line, "\n");

		buffer_add_string(&out, number == 1 ? ",\n\"roles\":[" : number > 1 ? ",\n" : "");
		buffer_add(&out, line, len);
		number++;
		line += len;
	}
	if (number > 1)
		buffer_add_byte(&out, ']');
	buffer_printf(&out, ",\n\"database\":%s,\n\"errors\":[%s]}\n",
	    queues != NULL ? queues : "null", errors->len > 0 ? errors->data : "");
	ctl_print(&out);
	buffer_clear(&out);
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct buffer answer = { 0 }, errors = { 0 };
	struct json *daemon = NULL;
	char *queues = NULL;
	struct sql *sql;
	struct err err;
	int code = CTL_OK, other;
	/* With a database alone there is no daemon to be asked. */
	bool alone = ctl_value(ctl, "database") != NULL && ctl_value(ctl, "config") == NULL &&
		     ctl_value(ctl, "socket") == NULL;

	(void)argc;
	(void)argv;
	ctl_gather_errors(ctl, &errors);
	if (!alone && ctl_ask_daemon(ctl, "status", &answer, &code) &&
	    !parse_lines(answer.data, &daemon, &err))
		code = ctl_fail(ctl, EX_PROTOCOL, "hailand answered: %s", err.text);
	if (daemon != NULL && !is_well(daemon))
		code = CTL_NO;
	sql = code != EX_CONFIG ? ctl_database(ctl, &other) : NULL;
	if (sql != NULL)
		queues = read_queues(ctl, sql, &err);
	if (sql != NULL && queues == NULL)
		other = ctl_database_fail(ctl, &err);
	if (queues == NULL && code == CTL_OK)
		code = other;
	ctl_gather_errors(ctl, NULL);
	if (ctl_json(ctl))
		print_json(&answer, queues, &errors);
	else
		print_people(daemon, queues);
	json_free(&daemon);
	free(queues);
	buffer_clear(&answer);
	buffer_clear(&errors);
	return code;
}

const struct ctl_command ctl_status = {
	.name = "status",
	.usage = "",
	.summary = "Shows every process, link, queue and lag",
	.help =
	    "Asks the daemon for its processes and links, and the database for what waits. The\n"
	    "exit code is 0 when all is well, 1 when a role is broken, hung or waits for its\n"
	    "next start, 69 when the daemon or the database cannot be reached; what can be\n"
	    "reached is shown in any case. With -d alone only the database is asked.\n",
	.run = run,
};
