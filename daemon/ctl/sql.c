/* SPDX-License-Identifier: BSD-2-Clause */
/* libpq, blocking: the only file of hailanctl that knows it. */
#include "ctl/sql.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"

struct sql {
	PGconn *conn;
	char state[6];
};

struct sql_rows {
	PGresult *result;
};

/* One line, without libpq's "ERROR:  " and line ends. */
static bool
set_message(struct err *err, const char *prefix, const char *message)
{
	char *line = xstrdup(message);
	size_t n = 0;

	for (const char *p = message; *p != '\0'; p++) {
		bool blank = (unsigned char)*p <= ' ';

		if (!blank || (n > 0 && line[n - 1] != ' '))
			line[n++] = blank ? ' ' : *p;
	}
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	err_set(err, "%s%s", prefix, n > 0 ? line : "the connection was closed");
	free(line);
	return false;
}

static void
ignore_notice(void *arg, const char *message)
{
	(void)arg;
	log_debug("%s", message);
}

bool
sql_open(const char *conninfo, struct sql **out, struct err *err)
{
	const char *const keys[] = { "connect_timeout", "target_session_attrs", "tcp_user_timeout",
		"dbname", "application_name", "client_encoding", NULL };
	const char *const values[] = { "10", "read-write", "30000", conninfo, "hailanctl", "UTF8",
		NULL };
	struct sql *sql = xcalloc(1, sizeof(*sql));

	*out = NULL;
	sql->conn = PQconnectdbParams(keys, values, 1);
	if (PQstatus(sql->conn) != CONNECTION_OK) {
		set_message(err, "cannot reach the database: ", PQerrorMessage(sql->conn));
		sql_close(&sql);
		return false;
	}
	PQsetNoticeProcessor(sql->conn, ignore_notice, NULL);
	/* lock_timeout: a forgotten session of somebody else must not stop us for ever. */
	if (!sql_script(sql, "set search_path = hailan, pg_temp; set lock_timeout = '60s'", err)) {
		sql_close(&sql);
		return false;
	}
	*out = sql;
	return true;
}

void
sql_close(struct sql **sql)
{
	if (*sql == NULL)
		return;
	PQfinish((*sql)->conn);
	free(*sql);
	*sql = NULL;
}

static bool
succeeded(struct sql *sql, PGresult *result, struct err *err)
{
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK)
		return true;
	strncpy(sql->state, state != NULL ? state : "", 5);
	if (primary == NULL)
		return set_message(err, "", PQerrorMessage(sql->conn));
	set_message(err, "", primary);
	if (detail != NULL) {
		struct err more = *err;

		err_set(err, "%.300s (%.200s)", more.text, detail);
	}
	return false;
}

bool
sql_query(struct sql *sql, const char *text, unsigned count, const char *const *values,
    struct sql_rows **rows, struct err *err)
{
	PGresult *result = PQexecParams(sql->conn, text, (int)count, NULL, values, NULL, NULL, 0);
	bool ok = succeeded(sql, result, err);

	if (ok && rows != NULL) {
		*rows = xmalloc(sizeof(**rows));
		(*rows)->result = result;
	} else {
		PQclear(result);
	}
	return ok;
}

bool
sql_script(struct sql *sql, const char *text, struct err *err)
{
	PGresult *result = PQexec(sql->conn, text);
	bool ok = succeeded(sql, result, err);

	PQclear(result);
	return ok;
}

const char *
sql_state(const struct sql *sql)
{
	return sql->state;
}

int
sql_count(const struct sql_rows *rows)
{
	return PQntuples(rows->result);
}

const char *
sql_text(const struct sql_rows *rows, int row, const char *column)
{
	int number = PQfnumber(rows->result, column);

	if (number < 0) {
		log_error("a statement gives no column %s", column);
		abort();
	}
	return PQgetisnull(rows->result, row, number) ? NULL
						      : PQgetvalue(rows->result, row, number);
}

const char *
sql_optional(const struct sql_rows *rows, int row, const char *column)
{
	const char *text = NULL;

	if (PQfnumber(rows->result, column) >= 0)
		text = sql_text(rows, row, column);
	return text != NULL ? text : "";
}

void
sql_rows_free(struct sql_rows **rows)
{
	if (*rows == NULL)
		return;
	PQclear((*rows)->result);
	free(*rows);
	*rows = NULL;
}
