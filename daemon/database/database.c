/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection to PostgreSQL in pipeline mode, driven by libevent.
 *
 * Each call is sent as (parse), bind, execute and a sync of its own, so each is a transaction of
 * its own: one that fails takes nobody along. Calls stand in db->sent in the order in which they
 * were sent, which is the order of the answers; a call has ended when the answer to its sync has
 * come, because only then is it committed. Ended calls that could not be told at once (the
 * connection broke, or there was none) stand in db->ended until the loop's next turn.
 */
#include "database/database.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "database/conninfo.h"
#include "database/result.h"

enum {
	BACKOFF_FIRST_MS = 200,
	BACKOFF_LAST_MS = 3000,
	CONNECT_TIMEOUT_MS = 5000,
	SETUP_TIMEOUT_MS = 5000,
	PARAMETERS_MAX = 64,
	SOCKET_BYTES = 1 << 20, /* what the kernel gives of it */
};

/* Compiled in with the other statements (sql/embedded.h). */
extern const struct sql_statement sql_schema_check;
extern const int32_t sql_schema_version;

struct database_call {
	TAILQ_ENTRY(database_call) link;
	struct database *db;
	const struct sql_statement *statement;
	call_fn *done; /* NULL: nobody wants to know */
	void *arg;
	int64_t deadline_ms;
	PGresult *result; /* the answer, or the first error, until the sync is answered */
	bool prepares;    /* was sent together with the statement's parse */
	bool setup;       /* ours, before the connection is up */
	char sqlstate[6];
	char *error;
	bool lost;
};
TAILQ_HEAD(call_list, database_call);

struct prepared {
	const struct sql_statement *statement;
	enum { PREPARE_NOT, PREPARE_SENT, PREPARE_DONE } state;
	Oid types[PARAMETERS_MAX];
};

struct listener {
	TAILQ_ENTRY(listener) link;
	char *channel;
	struct sql_statement statement; /* listen "channel" */
	database_notify_fn *hook;
	void *arg;
};

struct database {
	struct event_base *base;
	char *conninfo, *user, *application;
	database_state_fn *hook;
	void *arg;

	enum database_state state;
	char *down_detail;
	PGconn *conn;
	/* A duplicate of the connection's socket: libpq closes its own when it likes, and events
	 * must never be on a number that may belong to another file already. */
	int fd;
	struct event *readable, *writable; /* on fd */
	struct event *timer;    /* to connect again, or until connecting takes too long */
	struct event *deadline; /* the earliest of the calls' deadlines, or before it */
	int64_t deadline_ms;    /* when deadline fires; 0: not set */
	struct event *deliver;  /* tells the calls in ended */
	unsigned failures, rotation;
	bool broken; /* to be dropped after what it still has to say was read */

	struct call_list sent, ended;
	unsigned pending;
	TAILQ_HEAD(, listener) listeners;
	struct prepared *prepared; /* of this connection */
	unsigned prepared_count, prepared_room;

	unsigned depth; /* callbacks running inside us */
	bool freed;     /* database_free() was called from one of them */
};

static const struct sql_statement session_setup = {
	.name = "session_setup",
	/* A query whose client is gone shall not go on for ever, and a session whose machine has
	 * gone shall not keep its locks until the server's own limit of hours. */
	.text = "select set_config('client_connection_check_interval', '2s', false),"
		" set_config('tcp_keepalives_idle', '30', false),"
		" set_config('tcp_keepalives_interval', '10', false),"
		" set_config('tcp_keepalives_count', '3', false)",
};

static void connect_begin(struct database *db);
static void drop(struct database *db, const char *why);
static struct database_call *submit(struct database *db, const struct sql_statement *statement,
    const struct params *params, int timeout_ms, call_fn *done, void *arg, bool setup);

/* ---- telling the callers -------------------------------------------------------------------- */

static void
enter(struct database *db)
{
	db->depth++;
}

static void database_destroy(struct database *db);

/* Returns false when a callback freed db meanwhile: nothing of it may be touched any more. */
static bool
leave(struct database *db)
{
	if (--db->depth > 0 || !db->freed)
		return !db->freed;
	database_destroy(db);
	return false;
}

static void
set_state(struct database *db, enum database_state state, const char *detail)
{
	static const char *const names[] = { "down", "connecting", "up" };

	if (db->state != state)
		log_debug("database: %s -> %s", names[db->state], names[state]);
	db->state = state;
	if (db->hook != NULL && !db->freed)
		db->hook(db->arg, state, detail);
}

static void
call_free(struct database_call *call)
{
	PQclear(call->result);
	free(call->error);
	free(call);
}

/* call is in no list any more. */
static void
call_tell(struct database *db, struct database_call *call)
{
	struct result result = { call->result };
	struct call_outcome outcome = { .end = CALL_DONE, .result = &result };

	if (call->error != NULL) {
		outcome.end = call->lost ? CALL_LOST : CALL_FAILED;
		outcome.result = NULL;
		outcome.sqlstate = call->lost ? NULL : call->sqlstate;
		outcome.error = call->error;
	}
	db->pending--;
	if (call->done != NULL && !db->freed)
		call->done(call->arg, &outcome);
	call_free(call);
}

static void
call_lose(struct database *db, struct database_call *call, const char *why)
{
	free(call->error);
	call->error = xstrdup(why);
	call->lost = true;
	TAILQ_INSERT_TAIL(&db->ended, call, link);
	event_active(db->deliver, EV_TIMEOUT, 0);
}

static void
on_deliver(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;
	struct call_list now = TAILQ_HEAD_INITIALIZER(now);
	struct database_call *call;

	(void)fd;
	(void)what;
	/* Those that the callbacks add wait for the next turn. */
	TAILQ_CONCAT(&now, &db->ended, link);
	enter(db);
	while ((call = TAILQ_FIRST(&now)) != NULL) {
		TAILQ_REMOVE(&now, call, link);
		call_tell(db, call);
	}
	leave(db);
}

/* ---- deadlines ------------------------------------------------------------------------------ */

static void
set_timer(struct event *ev, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(ev, &tv);
}

static void
watch_deadline(struct database *db, int64_t deadline_ms)
{
	int64_t wait = deadline_ms - clock_mono_ms();

	if (db->deadline_ms != 0 && db->deadline_ms <= deadline_ms)
		return;
	db->deadline_ms = deadline_ms;
	set_timer(db->deadline, wait > 0 ? wait : 0);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;
	struct database_call *call;
	int64_t now = clock_mono_ms(), next = 0;

	(void)fd;
	(void)what;
	db->deadline_ms = 0;
	TAILQ_FOREACH(call, &db->sent, link)
	{
		if (call->deadline_ms <= now) {
			char *why = xasprintf("no answer to %s in time", call->statement->name);

			/* It may be the host that hangs: ask another first. */
			db->rotation++;
			drop(db, why);
			free(why);
			return;
		}
		if (next == 0 || call->deadline_ms < next)
			next = call->deadline_ms;
	}
	if (next != 0)
		watch_deadline(db, next);
}

/* ---- connection lost ------------------------------------------------------------------------ */

static void
free_events(struct database *db)
{
	if (db->readable != NULL)
		event_free(db->readable);
	if (db->writable != NULL)
		event_free(db->writable);
	db->readable = db->writable = NULL;
	if (db->fd >= 0)
		close(db->fd);
	db->fd = -1;
}

static void
close_connection(struct database *db)
{
	free_events(db);
	event_del(db->deadline);
	db->deadline_ms = 0;
	db->prepared_count = 0;
	if (db->conn != NULL)
		PQfinish(db->conn);
	db->conn = NULL;
	db->broken = false;
}

/* Half of the time is fixed and half by chance, so that many clients do not come back at once. */
static int64_t
backoff_ms(struct database *db)
{
	int64_t ms = BACKOFF_FIRST_MS;
	uint32_t chance;

	for (unsigned i = 0; i < db->failures && ms < BACKOFF_LAST_MS; i++)
		ms *= 2;
	if (ms > BACKOFF_LAST_MS)
		ms = BACKOFF_LAST_MS;
	db->failures++;
	evutil_secure_rng_get_bytes(&chance, sizeof(chance));
	return ms / 2 + chance % (ms / 2 + 1);
}

static void
drop(struct database *db, const char *why)
{
	struct database_call *call;

	close_connection(db);
	free(db->down_detail);
	db->down_detail = xstrdup(why);
	while ((call = TAILQ_FIRST(&db->sent)) != NULL) {
		TAILQ_REMOVE(&db->sent, call, link);
		if (call->setup) {
			db->pending--;
			call_free(call);
		} else {
			call_lose(db, call, why);
		}
	}
	set_timer(db->timer, backoff_ms(db));
	enter(db);
	set_state(db, DATABASE_DOWN, db->down_detail);
	leave(db);
}

static void
drop_with_message(struct database *db)
{
	char *why = conninfo_one_line(PQerrorMessage(db->conn));

	drop(db, why[0] != '\0' ? why : "the connection was closed");
	free(why);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void
keep_error(struct database_call *call, const PGresult *res)
{
	const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *primary = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const char *function = PQresultErrorField(res, PG_DIAG_SOURCE_FUNCTION);

	/* The first error is the cause. But a session that ends (FATAL, PANIC, or an error that
	 * libpq made itself) leaves open what happened. */
	if (call->error == NULL) {
		call->error =
		    conninfo_one_line(primary != NULL ? primary : PQresultErrorMessage(res));
		strncpy(call->sqlstate, sqlstate != NULL ? sqlstate : "", 5);
	}
	if (sqlstate == NULL || (severity != NULL && strcmp(severity, "ERROR") != 0))
		call->lost = true;
	/* "cached plan must not change result type": a migration ran meanwhile. */
	if (function != NULL && strcmp(function, "RevalidateCachedQuery") == 0)
		call->lost = true;
}

static void
keep_answer(struct database_call *call, PGresult *res)
{
	switch (PQresultStatus(res)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK: /* also the answer to a parse, which comes first */
		PQclear(call->result);
		call->result = res;
		return;
	case PGRES_PIPELINE_ABORTED:
		break;
	default:
		keep_error(call, res);
		break;
	}
	PQclear(res);
}

static void
note_prepared(struct database *db, const struct database_call *call)
{
	for (unsigned i = 0; i < db->prepared_count; i++) {
		if (db->prepared[i].statement != call->statement)
			continue;
		/* A call that failed may have failed in its parse or after it: the name is used up
		 * or free. One that came to an answer tells. */
		db->prepared[i].state = call->result != NULL ? PREPARE_DONE : PREPARE_NOT;
		return;
	}
}

/* The sync of the first call is answered. Returns false when the connection is gone. */
static bool
finish_first(struct database *db)
{
	struct database_call *call = TAILQ_FIRST(&db->sent);
	bool lost = call->lost;
	char *why;

	if (call->prepares)
		note_prepared(db, call);
	if (!lost) {
		TAILQ_REMOVE(&db->sent, call, link);
		call_tell(db, call);
		return db->conn != NULL && !db->freed;
	}
	why = call->error;
	call->error = NULL;
	drop(db, why);
	free(why);
	return false;
}

/* Takes all answers that are here. Returns false when the connection is gone. */
static bool
take_answers(struct database *db)
{
	unsigned nothing = 0;
	PGresult *res;

	while (!TAILQ_EMPTY(&db->sent) && !PQisBusy(db->conn)) {
		res = PQgetResult(db->conn);
		if (res == NULL) { /* the end of one statement's answers */
			if (++nothing > 2)
				break;
			continue;
		}
		nothing = 0;
		if (PQresultStatus(res) != PGRES_PIPELINE_SYNC) {
			keep_answer(TAILQ_FIRST(&db->sent), res);
			continue;
		}
		PQclear(res);
		if (!finish_first(db))
			return false;
	}
	return true;
}

static void
tell_listeners(struct database *db, const char *channel, const char *payload)
{
	struct listener *l;

	TAILQ_FOREACH(l, &db->listeners, link)
	{
		if (!db->freed && strcmp(l->channel, channel) == 0)
			l->hook(l->arg, payload);
	}
}

/* Returns false when the connection is gone. */
static bool
take_notifications(struct database *db)
{
	PGnotify *n;

	while ((n = PQnotifies(db->conn)) != NULL) {
		tell_listeners(db, n->relname, n->extra);
		PQfreemem(n);
		if (db->freed || db->conn == NULL)
			return false;
	}
	return true;
}

/* ---- reading and writing -------------------------------------------------------------------- */

static void
take_input(struct database *db)
{
	bool alive = PQconsumeInput(db->conn) == 1;

	/* Answers that came before the end are still there. */
	if (!take_answers(db) || !take_notifications(db))
		return;
	if (!alive || db->broken || PQstatus(db->conn) != CONNECTION_OK)
		drop_with_message(db);
}

/* The connection is of no use any more, but the server may have said something before. */
static void
give_up_soon(struct database *db)
{
	db->broken = true;
	event_active(db->readable, EV_READ, 0);
}

static void
flush(struct database *db)
{
	int rest = PQflush(db->conn);

	if (rest > 0)
		event_add(db->writable, NULL);
	else if (rest < 0)
		give_up_soon(db);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;

	(void)fd;
	(void)what;
	enter(db);
	take_input(db);
	leave(db);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;

	(void)fd;
	(void)what;
	flush(db);
}

/* ---- a connection is made ready ------------------------------------------------------------- */

static void
on_listening(void *arg, const struct call_outcome *outcome)
{
	struct listener *l = arg;

	if (outcome->end == CALL_DONE)
		l->hook(l->arg, "");
}

/* A simulated clock writes times that are not true: only into a database for tests. One that stands
 * still stands where the database says. */
static bool
clock_is_allowed(const struct result *r, struct err *err)
{
	int at;

	if (!clock_simulated())
		return true;
	if (!result_bool(r, 0, result_column(r, "test")))
		return err_set(err,
		    "the clock is simulated and this is no database for tests; hailanctl simulate "
		    "mark makes an empty one that");
	at = result_column(r, "simulated_at");
	if (!result_null(r, 0, at))
		clock_step(result_time(r, 0, at));
	return true;
}

static bool
schema_is_right(const struct result *r, struct err *err)
{
	int64_t version;

	if (result_rows(r) != 1)
		return err_set(err, "the database has no schema version; run hailanctl migrate");
	version = result_int(r, 0, result_column(r, "version"));
	if (version != sql_schema_version)
		return err_set(err, "the schema has version %lld and this program needs %d; %s",
		    (long long)version, (int)sql_schema_version,
		    version < sql_schema_version ? "run hailanctl migrate"
						 : "install the newer program");
	if (result_bool(r, 0, result_column(r, "in_recovery")))
		return err_set(err, "the server is a standby and accepts no writes");
	if (strcmp(result_bytes(r, 0, result_column(r, "synchronous_commit"), NULL), "off") == 0)
		return err_set(err,
		    "synchronous_commit is off: what is acknowledged could be lost; set it on");
	return clock_is_allowed(r, err);
}

static bool
schema_outcome(const struct call_outcome *outcome, struct err *err)
{
	if (outcome->end == CALL_DONE)
		return schema_is_right(outcome->result, err);
	/* 3F000, 42P01, 42883: no such schema, table, function. */
	if (outcome->sqlstate != NULL &&
	    (strncmp(outcome->sqlstate, "42", 2) == 0 || strcmp(outcome->sqlstate, "3F000") == 0))
		return err_set(err, "cannot read the schema's version: %s; run hailanctl migrate",
		    outcome->error);
	return err_set(err, "cannot read the schema's version: %s", outcome->error);
}

static void
on_schema(void *arg, const struct call_outcome *outcome)
{
	struct database *db = arg;
	struct listener *l;
	struct err err;

	if (!schema_outcome(outcome, &err)) {
		drop(db, err.text);
		return;
	}
	event_del(db->timer);
	db->failures = 0;
	TAILQ_FOREACH(l, &db->listeners, link)
	submit(db, &l->statement, NULL, SETUP_TIMEOUT_MS, on_listening, l, true);
	set_state(db, DATABASE_UP, "");
}

/* A step of the clock; nothing in the first call, when one may have been missed. */
static void
on_missed_step(void *arg, const struct call_outcome *outcome)
{
	struct err err;

	(void)arg;
	if (outcome->end == CALL_DONE && result_rows(outcome->result) == 1)
		(void)clock_is_allowed(outcome->result, &err);
}

static void
on_step(void *arg, const char *payload)
{
	struct database *db = arg;

	if (*payload != '\0')
		clock_step(strtoll(payload, NULL, 10));
	else
		submit(db, &sql_schema_check, NULL, SETUP_TIMEOUT_MS, on_missed_step, db, true);
}

static void
on_session(void *arg, const struct call_outcome *outcome)
{
	(void)arg;
	/* A pooler or another system may not know it: we can do without. */
	if (outcome->end == CALL_FAILED)
		log_debug("database: the session's settings are refused: %s", outcome->error);
}

static void
note_notice(void *arg, const char *message)
{
	char *line = conninfo_one_line(message);

	(void)arg;
	log_debug("database: %s", line);
	free(line);
}

static bool
watch_socket(struct database *db, short what, event_callback_fn fn)
{
	free_events(db);
	db->fd = fcntl(PQsocket(db->conn), F_DUPFD_CLOEXEC, 0);
	if (db->fd < 0) {
		char *why = xasprintf("cannot watch the connection: %s", strerror(errno));

		drop(db, why);
		free(why);
		return false;
	}
	db->readable = event_new(db->base, db->fd, what, fn, db);
	event_add(db->readable, NULL);
	return true;
}

/* Room for a whole batch of reports, so that the server need not wait in the middle of it until we
 * write on. Over TCP the kernel sizes it better than we could. */
static void
widen_socket(struct database *db)
{
	const int bytes = SOCKET_BYTES;
	const char *host = PQhost(db->conn);

	if (host != NULL && host[0] == '/')
		setsockopt(db->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void
connected(struct database *db)
{
	if (PQsetnonblocking(db->conn, 1) != 0 || PQenterPipelineMode(db->conn) != 1) {
		drop_with_message(db);
		return;
	}
	if (!watch_socket(db, EV_READ | EV_PERSIST, on_readable))
		return;
	widen_socket(db);
	db->writable = event_new(db->base, db->fd, EV_WRITE, on_writable, db);
	PQsetNoticeProcessor(db->conn, note_notice, NULL);
	set_timer(db->timer, SETUP_TIMEOUT_MS);
	submit(db, &session_setup, NULL, SETUP_TIMEOUT_MS, on_session, db, true);
	submit(db, &sql_schema_check, NULL, SETUP_TIMEOUT_MS, on_schema, db, true);
}

static void
on_connecting(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;

	(void)fd;
	(void)what;
	enter(db);
	switch (PQconnectPoll(db->conn)) {
	case PGRES_POLLING_READING:
		watch_socket(db, EV_READ, on_connecting);
		break;
	case PGRES_POLLING_WRITING:
		watch_socket(db, EV_WRITE, on_connecting);
		break;
	case PGRES_POLLING_OK:
		connected(db);
		break;
	default:
		drop_with_message(db);
		break;
	}
	leave(db);
}

static void
connect_begin(struct database *db)
{
	struct err err;

	set_state(db, DATABASE_CONNECTING, "");
	if (db->freed)
		return;
	db->conn = conninfo_start(db->conninfo, db->user, db->application, db->rotation, &err);
	if (db->conn == NULL) {
		drop(db, err.text);
		return;
	}
	if (PQstatus(db->conn) == CONNECTION_BAD) {
		drop_with_message(db);
		return;
	}
	set_timer(db->timer, CONNECT_TIMEOUT_MS);
	watch_socket(db, EV_WRITE, on_connecting);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct database *db = arg;

	(void)fd;
	(void)what;
	enter(db);
	if (db->conn == NULL) {
		connect_begin(db);
	} else {
		db->rotation++;
		drop(db, "the server does not answer");
	}
	leave(db);
}

struct database *
database_new(struct event_base *base, const char *conninfo, const char *user,
    const char *application, database_state_fn *hook, void *arg)
{
	struct database *db = xcalloc(1, sizeof(*db));

	db->base = base;
	db->fd = -1;
	db->conninfo = xstrdup(conninfo);
	db->user = user != NULL ? xstrdup(user) : NULL;
	db->application = xstrdup(application);
	db->down_detail = xstrdup("not connected yet");
	db->hook = hook;
	db->arg = arg;
	TAILQ_INIT(&db->sent);
	TAILQ_INIT(&db->ended);
	TAILQ_INIT(&db->listeners);
	db->timer = evtimer_new(base, on_timer, db);
	db->deadline = evtimer_new(base, on_deadline, db);
	db->deliver = evtimer_new(base, on_deliver, db);
	set_timer(db->timer, 0);
	if (clock_simulated() && clock_speed() <= 0)
		database_listen(db, "simulation", on_step, db);
	return db;
}

static void
free_calls(struct call_list *list)
{
	struct database_call *call;

	while ((call = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, call, link);
		call_free(call);
	}
}

static void
database_destroy(struct database *db)
{
	struct listener *l;

	close_connection(db);
	free_calls(&db->sent);
	free_calls(&db->ended);
	while ((l = TAILQ_FIRST(&db->listeners)) != NULL) {
		TAILQ_REMOVE(&db->listeners, l, link);
		free((char *)(uintptr_t)l->statement.text);
		free(l->channel);
		free(l);
	}
	event_free(db->timer);
	event_free(db->deadline);
	event_free(db->deliver);
	free(db->prepared);
	free(db->conninfo);
	free(db->user);
	free(db->application);
	free(db->down_detail);
	free(db);
}

void
database_free(struct database **db)
{
	struct database *old = *db;

	*db = NULL;
	if (old == NULL)
		return;
	old->freed = true;
	if (old->depth == 0)
		database_destroy(old);
}

enum database_state
database_state(const struct database *db)
{
	return db->state;
}

unsigned
database_pending(const struct database *db)
{
	return db->pending;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* A call's parameters in the form that libpq wants. */
struct arguments {
	int count;
	Oid types[PARAMETERS_MAX];
	const char *values[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX];
	int formats[PARAMETERS_MAX];
};

static void
arguments_fill(struct arguments *a, const struct params *p)
{
	a->count = p != NULL ? (int)p->count : 0;
	for (int i = 0; i < a->count; i++) {
		const struct param *one = &p->list[i];

		a->types[i] = one->type;
		a->values[i] = one->length < 0 ? NULL : p->bytes.data + one->offset;
		a->lengths[i] = one->length < 0 ? 0 : one->length;
		a->formats[i] = 1;
	}
}

static struct prepared *
find_prepared(struct database *db, const struct sql_statement *statement)
{
	struct prepared *one;

	for (unsigned i = 0; i < db->prepared_count; i++)
		if (db->prepared[i].statement == statement)
			return &db->prepared[i];
	if (db->prepared_count == db->prepared_room) {
		db->prepared_room = db->prepared_room ? db->prepared_room * 2 : 16;
		db->prepared =
		    xreallocarray(db->prepared, db->prepared_room, sizeof(db->prepared[0]));
	}
	one = &db->prepared[db->prepared_count++];
	*one = (struct prepared){ .statement = statement, .state = PREPARE_NOT };
	return one;
}

/*
 * The first call of a statement carries its parse. Until that is answered others of the same
 * statement go without a name, so that none depends on the luck of another.
 */
static bool
send_call(struct database *db, struct database_call *call, const struct params *params)
{
	const struct sql_statement *s = call->statement;
	struct prepared *known = call->setup ? NULL : find_prepared(db, s);
	struct arguments a;
	int ok = 1;

	arguments_fill(&a, params);
	if (known != NULL && known->state == PREPARE_NOT) {
		ok = PQsendPrepare(db->conn, s->name, s->text, a.count, a.types);
		known->state = PREPARE_SENT;
		memcpy(known->types, a.types, (size_t)a.count * sizeof(a.types[0]));
		call->prepares = true;
	}
	assert(known == NULL ||
	       memcmp(known->types, a.types, (size_t)a.count * sizeof(a.types[0])) == 0);
	if (known != NULL && (call->prepares || known->state == PREPARE_DONE))
		ok = ok && PQsendQueryPrepared(
			       db->conn, s->name, a.count, a.values, a.lengths, a.formats, 1);
	else
		ok = PQsendQueryParams(
		    db->conn, s->text, a.count, a.types, a.values, a.lengths, a.formats, 1);
	return ok && PQpipelineSync(db->conn);
}

static struct database_call *
submit(struct database *db, const struct sql_statement *statement, const struct params *params,
    int timeout_ms, call_fn *done, void *arg, bool setup)
{
	struct database_call *call = xcalloc(1, sizeof(*call));
	unsigned count = params != NULL ? params->count : 0;

	assert(count == statement->parameters && count <= PARAMETERS_MAX);
	assert(db->pending < DATABASE_PENDING_MAX && !db->freed);
	call->db = db;
	call->statement = statement;
	call->done = done;
	call->arg = arg;
	call->setup = setup;
	call->deadline_ms = clock_mono_ms() + timeout_ms;
	db->pending++;
	if (db->state != DATABASE_UP && !setup) {
		call_lose(db, call, db->down_detail);
	} else if (!send_call(db, call, params)) {
		char *why = conninfo_one_line(PQerrorMessage(db->conn));

		call_lose(db, call, why);
		give_up_soon(db);
		free(why);
	} else {
		TAILQ_INSERT_TAIL(&db->sent, call, link);
		watch_deadline(db, call->deadline_ms);
		flush(db);
	}
	return call;
}

struct database_call *
database_call(struct database *db, const struct sql_statement *statement,
    const struct params *params, int timeout_ms, call_fn *done, void *arg)
{
	return submit(db, statement, params, timeout_ms, done, arg, false);
}

void
database_call_cancel(struct database_call *call)
{
	call->done = NULL;
}

void
database_listen(struct database *db, const char *channel, database_notify_fn *hook, void *arg)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	assert(strspn(channel, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(channel));
	l->channel = xstrdup(channel);
	l->statement.name = "listen";
	l->statement.text = xasprintf("listen \"%s\"", channel);
	l->hook = hook;
	l->arg = arg;
	TAILQ_INSERT_TAIL(&db->listeners, l, link);
	if (db->state == DATABASE_UP)
		submit(db, &l->statement, NULL, SETUP_TIMEOUT_MS, on_listening, l, true);
}

bool
sqlstate_is_transient(const char *sqlstate)
{
	static const char classes[][3] = { "08", "40", "53", "55", "57", "58" };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (sqlstate != NULL && strncmp(sqlstate, classes[i], 2) == 0)
			return true;
	return false;
}
