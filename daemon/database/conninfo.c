/* SPDX-License-Identifier: BSD-2-Clause */
/* The parameters of one attempt to connect: what the administrator wrote, over defaults that notice
 * a dead peer in seconds, under what this program must have. */
#include "database/conninfo.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/xalloc.h"

enum { PARAMETERS_MAX = 80 };

struct parameters {
	const char *keys[PARAMETERS_MAX];
	const char *values[PARAMETERS_MAX];
	char *owned[PARAMETERS_MAX];
	unsigned count, owned_count;
};

static void
set(struct parameters *p, const char *key, const char *value)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (strcmp(p->keys[i], key) == 0) {
			p->values[i] = value;
			return;
		}
	}
	if (p->count == PARAMETERS_MAX - 1)
		abort();
	p->keys[p->count] = key;
	p->values[p->count++] = value;
}

static unsigned
elements(const char *list)
{
	unsigned n = 1;

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* "a,b,c" turned by 1 is "b,c,a". */
static char *
turned(const char *list, unsigned rotation)
{
	struct buffer out = { 0 };
	const char *from = list;

	for (rotation %= elements(list); rotation > 0; rotation--)
		from = strchr(from, ',') + 1;
	buffer_add_string(&out, from);
	if (from != list) {
		buffer_add_byte(&out, ',');
		buffer_add(&out, list, (size_t)(from - list) - 1);
	}
	return buffer_take(&out);
}

static void
add_administrators(struct parameters *p, const PQconninfoOption *options, unsigned rotation)
{
	static const char *const lists[] = { "host", "hostaddr", "port" };

	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		const char *value = o->val;

		if (value == NULL)
			continue;
		for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
			if (strcmp(o->keyword, lists[i]) == 0)
				value = p->owned[p->owned_count++] = turned(value, rotation);
		set(p, o->keyword, value);
	}
}

PGconn *
conninfo_start(const char *conninfo, const char *user, const char *application, unsigned rotation,
    struct err *err)
{
	struct parameters p = { 0 };
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &message);
	PGconn *conn;

	if (options == NULL) {
		char *line = conninfo_one_line(message != NULL ? message : "out of memory");

		err_set(err, "wrong connection string: %s", line);
		free(line);
		PQfreemem(message);
		return NULL;
	}
	set(&p, "keepalives_idle", "10");
	set(&p, "keepalives_interval", "5");
	set(&p, "keepalives_count", "3");
	set(&p, "tcp_user_timeout", "20000");
	set(&p, "target_session_attrs", "read-write");
	add_administrators(&p, options, rotation);
	set(&p, "client_encoding", "UTF8");
	set(&p, "application_name", application);
	if (user != NULL)
		set(&p, "user", user);
	conn = PQconnectStartParams(p.keys, p.values, 0);
	if (conn == NULL)
		err_set(err, "out of memory");
	while (p.owned_count > 0)
		free(p.owned[--p.owned_count]);
	PQconninfoFree(options);
	return conn;
}

char *
conninfo_one_line(const char *message)
{
	char *line = xstrdup(message);
	size_t n = 0;

	for (const char *p = message; *p != '\0'; p++) {
		bool blank = (unsigned char)*p <= ' ';

		if (blank && (n == 0 || line[n - 1] == ' '))
			continue;
		line[n++] = blank ? ' ' : *p;
	}
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	return line;
}
