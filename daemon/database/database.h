/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The database, asynchronously. Only this folder knows libpq-fe.h.
 *
 * A connection heals: it connects when started, and again with back-off and jitter (200 ms doubling
 * to 3 s) whenever it is lost, for ever. Each call is one statement and one transaction of its
 * own; several may be under way (pipeline mode), and they are executed in order. There is no way to
 * run two statements in one transaction from here: what must be one transaction is one SQL
 * function. So a lost connection never leaves half a transaction, and the caller repeats the call
 * as a whole.
 *
 * Every new connection is checked before use: the schema's version must be the one that this
 * program was built with, the server must accept writes, synchronous_commit must not be off. What
 * fails that check is reported through the state hook and tried again with back-off.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct event_base;
struct database;
struct database_call;

/* A statement as compiled in from sql/statements/NAME.sql (see sql/embedded.h). */
struct sql_statement {
	const char *name;
	const char *text;
	unsigned parameters;
};

/* ---- parameters, in PostgreSQL's binary form ------------------------------------------------ */

/* Collects the parameters of one call; embed it, set it to { 0 }, reuse it with params_reset(). */
struct params {
	struct buffer bytes;
	struct param {
		uint32_t type; /* the type's OID */
		size_t offset;
		int length; /* -1: NULL */
	} * list;
	unsigned count, room;
	/* the array that is being built */
	size_t array_start, array_count;
	uint32_t array_element;
};

void params_clear(struct params *p);
void params_reset(struct params *p);
void params_null(struct params *p, uint32_t type);
void params_bool(struct params *p, bool v);
void params_int2(struct params *p, int16_t v);
void params_int4(struct params *p, int32_t v);
void params_int8(struct params *p, int64_t v);
void params_text(struct params *p, const char *s); /* NULL gives NULL */
void params_text_len(struct params *p, const char *s, size_t len);
void params_bytea(struct params *p, const void *data, size_t len);
void params_jsonb(struct params *p, const char *json, size_t len);
void params_time(struct params *p, int64_t at_us); /* timestamptz from microseconds since 1970 */

/* One-dimensional arrays: begin with the element's OID, add elements, end. */
void params_array_begin(struct params *p, uint32_t element_type);
void params_array_null(struct params *p);
void params_array_bool(struct params *p, bool v);
void params_array_int2(struct params *p, int16_t v);
void params_array_int4(struct params *p, int32_t v);
void params_array_int8(struct params *p, int64_t v);
void params_array_time(struct params *p, int64_t at_us);
void params_array_bytes(struct params *p, const void *data, size_t len); /* text, bytea, uuid */
void params_array_jsonb(struct params *p, const char *json, size_t len);
void params_array_end(struct params *p);

/* The OIDs that we use; array types are derived by params_array_begin(). */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_FLOAT8 = 701,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_JSONB = 3802,
};

/* ---- results, binary; columns by their place in the statement ------------------------------- */

struct result;
int result_rows(const struct result *r);
int result_column(const struct result *r, const char *name); /* aborts when there is none */
bool result_null(const struct result *r, int row, int column);
bool result_bool(const struct result *r, int row, int column);
int64_t result_int(const struct result *r, int row, int column); /* int2, int4 or int8 */
double result_float(const struct result *r, int row, int column);
/* Microseconds since 1970; INT64_MAX and INT64_MIN are PostgreSQL's infinity and -infinity. */
int64_t result_time(const struct result *r, int row, int column);
/* Lent until the callback returns; NUL-terminated; text, bytea, name, json (jsonb without its
 * version byte). len may be NULL. NULL columns give "" and 0. */
const char *result_bytes(const struct result *r, int row, int column, size_t *len);

/* ---- connection ----------------------------------------------------------------------------- */

enum database_state { DATABASE_DOWN, DATABASE_CONNECTING, DATABASE_UP };

/* detail says why it is down; lent. */
typedef void database_state_fn(void *arg, enum database_state state, const char *detail);

/* conninfo as for libpq, with several hosts if wanted; the host must be a folder or addresses,
 * since libpq resolves names while blocking. A host that does not answer within 5 s goes to the end
 * of the list for the next attempt. user overrides conninfo's user when not NULL;
 * application becomes application_name. hook may be NULL. Connecting begins at once. */
struct database *database_new(struct event_base *base, const char *conninfo, const char *user,
    const char *application, database_state_fn *hook, void *arg);
/* Cancels what is under way; no callback runs any more. Accepts NULL, sets NULL. */
void database_free(struct database **db);
enum database_state database_state(const struct database *db);
/* Calls whose end has not been told yet. The caller keeps them far below DATABASE_PENDING_MAX. */
#define DATABASE_PENDING_MAX 65536u
unsigned database_pending(const struct database *db);

enum call_end {
	CALL_DONE,   /* committed; result is there */
	CALL_FAILED, /* the database refused it and nothing of it happened: sqlstate, error */
	CALL_LOST,   /* the connection broke or there was none: it may or may not have happened */
};

struct call_outcome {
	enum call_end end;
	const struct result *result; /* DONE only; lent until the callback returns */
	const char *sqlstate;        /* FAILED only: five characters */
	const char *error;           /* FAILED, LOST: primary message; one line */
};

typedef void call_fn(void *arg, const struct call_outcome *outcome);

/* Runs a statement (prepared on first use of each connection) with params, which are copied (NULL:
 * none). done runs exactly once, later, never from inside; with CALL_LOST at the latest timeout_ms
 * from now (the connection is then dropped, and with it every other call under way). While the
 * connection is not up a call ends as CALL_LOST at once and is not kept: wait for DATABASE_UP. done
 * may be NULL. The handle is valid until done has run. database_call(), database_call_cancel() and
 * database_free() may be called from any callback. */
struct database_call *database_call(struct database *db, const struct sql_statement *statement,
    const struct params *params, int timeout_ms, call_fn *done, void *arg);
/* done will not run. The statement may still be executed. */
void database_call_cancel(struct database_call *call);

/* hook runs for every NOTIFY on channel, and once with an empty payload after each (re)connect,
 * because a notification may have been missed. channel is a plain lower-case name, copied; one hook
 * for each. Listening ends with the connection object. */
typedef void database_notify_fn(void *arg, const char *payload);
void database_listen(struct database *db, const char *channel, database_notify_fn *hook, void *arg);

/* True for a fault of the connection, the server or its resources (classes 08, 53, 57, 58, 40, 55):
 * the same call may succeed later. False: the fault lies in what was asked. */
bool sqlstate_is_transient(const char *sqlstate);
