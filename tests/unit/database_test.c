/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The asynchronous database against a real PostgreSQL, which this program starts for itself with
 * tests/lib/cluster and which it kills, stops and restarts at will.
 */
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "database/database.h"

/* What a program gets from sql/embedded.h; here the check can be made to fail. */
const struct sql_statement sql_schema_check = {
	.name = "schema_check",
	.text = "select version, ''::text as sha256, pg_is_in_recovery() as in_recovery,"
		" current_setting('synchronous_commit') as synchronous_commit from version",
};
const int32_t sql_schema_version = 7;

enum { STEP_MS = 10000 };

static struct {
	char *dir;
	char *conninfo;
	struct event_base *base;
	struct database *db;
	enum database_state state;
	char detail[256];
	unsigned ups, downs;
} t;

/* ---- cluster -------------------------------------------------------------------------------- */

static void
cluster(const char *what)
{
	char *command = xasprintf("'%s/tests/lib/cluster' %s >/dev/null", SRCDIR, what);

	assert_int_equal(system(command), 0);
	free(command);
}

/* Runs one statement by another way than the one under test. */
static void
psql(const char *sql)
{
	char *command = xasprintf(
	    "psql -X -q -v ON_ERROR_STOP=1 -d \"%s\" -c \"%s\" >/dev/null", t.conninfo, sql);

	assert_int_equal(system(command), 0);
	free(command);
}

static int
group_setup(void **state)
{
	char *start;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	t.dir = xstrdup("/tmp/hailan-database-XXXXXX");
	assert_non_null(mkdtemp(t.dir));
	start = xasprintf("start %s --fast max_connections=30", t.dir);
	cluster(start);
	free(start);
	t.conninfo = xasprintf("host=%s dbname=postgres user=postgres", t.dir);
	psql("create table version (version int4); insert into version values (7);"
	     "create table line (n int8 primary key, twice int8 unique deferrable initially "
	     "deferred)");
	t.base = event_base_new();
	return 0;
}

static int
group_teardown(void **state)
{
	char *command = xasprintf("stop %s", t.dir);

	(void)state;
	cluster(command);
	free(command);
	command = xasprintf("rm -rf %s", t.dir);
	assert_int_equal(system(command), 0);
	free(command);
	event_base_free(t.base);
	free(t.dir);
	free(t.conninfo);
	return 0;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void
note_state(void *arg, enum database_state state, const char *detail)
{
	(void)arg;
	t.state = state;
	t.ups += state == DATABASE_UP;
	t.downs += state == DATABASE_DOWN;
	if (state == DATABASE_DOWN)
		snprintf(t.detail, sizeof(t.detail), "%s", detail);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Turns the loop until *counter reaches enough; fails after ms. */
static void
loop_until(const unsigned *counter, unsigned enough, int ms)
{
	struct timeval tick = { .tv_usec = 20000 };
	struct event *ev = event_new(t.base, -1, EV_PERSIST, on_tick, NULL);
	int64_t end = clock_mono_ms() + ms;

	event_add(ev, &tick);
	while (*counter < enough && clock_mono_ms() < end)
		event_base_loop(t.base, EVLOOP_ONCE);
	event_free(ev);
	assert_true(*counter >= enough);
}

static void
loop_for(int ms)
{
	static const unsigned never;
	struct timeval tick = { .tv_usec = 20000 };
	struct event *ev = event_new(t.base, -1, EV_PERSIST, on_tick, NULL);
	int64_t end = clock_mono_ms() + ms;

	event_add(ev, &tick);
	while (never == 0 && clock_mono_ms() < end)
		event_base_loop(t.base, EVLOOP_ONCE);
	event_free(ev);
}

static void
open_database(const char *conninfo)
{
	t.ups = t.downs = 0;
	t.state = DATABASE_DOWN;
	t.db = database_new(t.base, conninfo, NULL, "database_test", note_state, NULL);
}

static int
setup_up(void **state)
{
	(void)state;
	open_database(t.conninfo);
	loop_until(&t.ups, 1, STEP_MS);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	database_free(&t.db);
	assert_null(t.db);
	return 0;
}

/* ---- calls ---------------------------------------------------------------------------------- */

struct seen {
	unsigned ends, done, failed, lost;
	char sqlstate[6];
	char error[200];
	int64_t number;
	int rows;
};

static void
note_end(void *arg, const struct call_outcome *o)
{
	struct seen *seen = arg;

	seen->ends++;
	if (o->end == CALL_DONE) {
		seen->done++;
		seen->rows = result_rows(o->result);
		if (seen->rows > 0 && !result_null(o->result, 0, 0))
			seen->number = result_int(o->result, 0, 0);
	} else {
		if (o->end == CALL_FAILED) {
			seen->failed++;
			memcpy(seen->sqlstate, o->sqlstate, sizeof(seen->sqlstate));
		} else {
			seen->lost++;
		}
		snprintf(seen->error, sizeof(seen->error), "%s", o->error);
	}
}

#define STATEMENT(NAME, COUNT, TEXT)                             \
	static const struct sql_statement NAME = {               \
		.name = #NAME, .text = TEXT, .parameters = COUNT \
	}
STATEMENT(put, 2, "insert into line (n, twice) values ($1::int8, $2::int8) returning n");
STATEMENT(one, 0, "select 1::int8");
STATEMENT(bad, 0, "select nothing from nowhere");
STATEMENT(nap, 1, "select 1::int4 from pg_sleep($1::int4)");
STATEMENT(divide, 1, "select (12 / $1::int4)::int4");
STATEMENT(many, 1, "select n::int8, repeat('x', 40) as pad from generate_series(1, $1::int4) n");
STATEMENT(count, 0, "select count(*) from line");
STATEMENT(backend, 0, "select pg_backend_pid()");
STATEMENT(shout, 1, "select 1::int4 from pg_notify('news', $1::text)");

static struct database_call *
call_int4(const struct sql_statement *s, int32_t v, int timeout_ms, struct seen *seen)
{
	struct params p = { 0 };
	struct database_call *call;

	if (s->parameters == 1)
		params_int4(&p, v);
	call = database_call(t.db, s, &p, timeout_ms, note_end, seen);
	params_clear(&p);
	return call;
}

static void
call_put(int64_t n, int64_t twice, struct seen *seen)
{
	struct params p = { 0 };

	params_int8(&p, n);
	params_int8(&p, twice);
	database_call(t.db, &put, &p, STEP_MS, note_end, seen);
	params_clear(&p);
}

static int64_t
ask(const struct sql_statement *s)
{
	struct seen seen = { 0 };

	call_int4(s, 0, STEP_MS, &seen);
	loop_until(&seen.ends, 1, STEP_MS);
	assert_int_equal(seen.done, 1);
	return seen.number;
}

static void
check_types(void *arg, const struct call_outcome *o)
{
	const struct result *r = o->result;
	unsigned *ended = arg;
	size_t len;

	++*ended;
	if (o->end != CALL_DONE)
		fail_msg("%s", o->error);
	assert_int_equal(result_rows(r), 1);
	assert_true(result_bool(r, 0, 0));
	assert_int_equal(result_int(r, 0, 1), -2);
	assert_int_equal(result_int(r, 0, 2), -70000);
	assert_int_equal(result_int(r, 0, 3), INT64_MIN);
	assert_string_equal(result_bytes(r, 0, 4, NULL), "天图社区 네");
	assert_memory_equal(result_bytes(r, 0, 5, &len), "a\0b", 3);
	assert_int_equal(len, 3);
	assert_string_equal(result_bytes(r, 0, 6, &len), "{\"a\": 1}");
	assert_int_equal(len, 8);
	assert_int_equal(result_time(r, 0, 7), INT64_C(1795508167123456));
	assert_true(result_null(r, 0, 8));
	assert_string_equal(result_bytes(r, 0, 8, &len), "");
	assert_int_equal(len, 0);
	assert_true(result_bool(r, 0, 9));
	assert_int_equal(result_int(r, 0, 10), 7);
	assert_int_equal(result_int(r, 0, 11), 8);
	assert_int_equal(result_int(r, 0, 12), 9);
	assert_int_equal(result_time(r, 0, 13), 1000000);
	assert_string_equal(result_bytes(r, 0, 14, NULL), "楼道");
	assert_memory_equal(result_bytes(r, 0, 15, &len), "\0\xff", 2);
	assert_string_equal(result_bytes(r, 0, 16, NULL), "30313233-3435-3637-3839-616263646566");
	assert_string_equal(result_bytes(r, 0, 17, NULL), "[1, 2]");
	assert_int_equal(result_int(r, 0, 18), 0);
	assert_true(result_bool(r, 0, 19));
	assert_true(result_float(r, 0, 20) > 2.4 && result_float(r, 0, 20) < 2.6);
	assert_int_equal(result_int(r, 0, result_column(r, "length")), 2);
	assert_int_equal(result_time(r, 0, result_column(r, "never")), INT64_MAX);
}

static void
test_round_trip_of_every_type(void **state)
{
	STATEMENT(types, 20,
	    "select $1::bool, $2::int2, $3::int4, $4::int8, $5::text, $6::bytea, $7::jsonb,"
	    " $8::timestamptz, $9::text, ($10::bool[])[2], ($11::int2[])[2], ($12::int4[])[1],"
	    " ($13::int8[])[1], ($14::timestamptz[])[1], ($15::text[])[2], ($16::bytea[])[1],"
	    " ($17::uuid[])[1]::text, ($18::jsonb[])[1], cardinality($19::text[]),"
	    " ($20::text[])[1] is null, 2.5::float8, array_length($15::text[], 1) as length, "
	    "'infinity'::timestamptz as never");
	struct params p = { 0 };
	unsigned ended = 0;
	const char uuid[16] = "0123456789abcdef";

	(void)state;
	params_bool(&p, true);
	params_int2(&p, -2);
	params_int4(&p, -70000);
	params_int8(&p, INT64_MIN);
	params_text(&p, "天图社区 네");
	params_bytea(&p, "a\0b", 3);
	params_jsonb(&p, "{\"a\": 1}", 8);
	params_time(&p, INT64_C(1795508167123456));
	params_text(&p, NULL);
	params_array_begin(&p, OID_BOOL);
	params_array_bool(&p, false);
	params_array_bool(&p, true);
	params_array_end(&p);
	params_array_begin(&p, OID_INT2);
	params_array_null(&p);
	params_array_int2(&p, 7);
	params_array_end(&p);
	params_array_begin(&p, OID_INT4);
	params_array_int4(&p, 8);
	params_array_end(&p);
	params_array_begin(&p, OID_INT8);
	params_array_int8(&p, 9);
	params_array_end(&p);
	params_array_begin(&p, OID_TIMESTAMPTZ);
	params_array_time(&p, 1000000);
	params_array_end(&p);
	params_array_begin(&p, OID_TEXT);
	params_array_bytes(&p, "", 0);
	params_array_bytes(&p, "楼道", 6);
	params_array_end(&p);
	params_array_begin(&p, OID_BYTEA);
	params_array_bytes(&p, "\0\xff", 2);
	params_array_end(&p);
	params_array_begin(&p, OID_UUID);
	params_array_bytes(&p, uuid, 16);
	params_array_end(&p);
	params_array_begin(&p, OID_JSONB);
	params_array_jsonb(&p, "[1,2]", 5);
	params_array_end(&p);
	params_array_begin(&p, OID_TEXT);
	params_array_end(&p);
	params_array_begin(&p, OID_TEXT);
	params_array_null(&p);
	params_array_end(&p);
	database_call(t.db, &types, &p, STEP_MS, check_types, &ended);
	params_clear(&p);
	loop_until(&ended, 1, STEP_MS);
}

static void
test_bad_between_good(void **state)
{
	struct seen good = { 0 }, failing = { 0 }, zero = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		call_int4(&one, 0, STEP_MS, &good);
		call_int4(&bad, 0, STEP_MS, &failing);
		call_int4(&divide, i % 2, STEP_MS, i % 2 ? &good : &zero);
	}
	assert_int_equal(good.ends, 0);
	assert_int_equal(database_pending(t.db), 300);
	loop_until(&good.ends, 150, STEP_MS);
	loop_until(&zero.ends, 50, STEP_MS);
	assert_int_equal(good.done, 150);
	assert_int_equal(failing.failed, 100);
	assert_string_equal(failing.sqlstate, "42P01");
	assert_string_equal(failing.error, "relation \"nowhere\" does not exist");
	assert_int_equal(zero.failed, 50);
	assert_string_equal(zero.sqlstate, "22012");
	assert_int_equal(database_pending(t.db), 0);
	assert_int_equal(t.downs, 0);
}

/* The error that comes at the commit, after the statement's own answer. */
static void
test_error_at_commit(void **state)
{
	struct seen first = { 0 }, second = { 0 }, third = { 0 };
	int64_t before = ask(&count);

	(void)state;
	call_put(1001, 5, &first);
	call_put(1002, 5, &second);
	call_put(1003, 6, &third);
	loop_until(&third.ends, 1, STEP_MS);
	assert_int_equal(first.done, 1);
	assert_int_equal(second.failed, 1);
	assert_string_equal(second.sqlstate, "23505");
	assert_int_equal(third.done, 1);
	assert_int_equal(ask(&count), before + 2);
}

static void
test_cancel_and_never_from_inside(void **state)
{
	struct seen seen = { 0 };
	struct database_call *call = call_int4(&one, 0, STEP_MS, &seen);

	(void)state;
	call_int4(&one, 0, STEP_MS, &seen);
	database_call_cancel(call);
	assert_int_equal(seen.ends, 0);
	loop_until(&seen.ends, 1, STEP_MS);
	loop_for(50);
	assert_int_equal(seen.ends, 1);
	assert_int_equal(database_pending(t.db), 0);
}

static void
test_many_rows(void **state)
{
	struct seen seen = { 0 }, after = { 0 };

	(void)state;
	call_int4(&many, 100000, STEP_MS, &seen);
	call_int4(&one, 0, STEP_MS, &after);
	loop_until(&seen.ends, 1, STEP_MS);
	assert_int_equal(seen.rows, 100000);
	loop_until(&after.ends, 1, STEP_MS);
	assert_int_equal(after.done, 1);
}

/* More than sockets hold in both directions: neither side may wait for the other. */
static void
test_large_both_ways(void **state)
{
	STATEMENT(echo, 1, "select 1, $1::bytea");
	struct seen seen = { 0 };
	struct params p = { 0 };
	char *data = xcalloc(1, 200000);

	(void)state;
	params_bytea(&p, data, 200000);
	for (int i = 0; i < 200; i++)
		database_call(t.db, &echo, &p, STEP_MS, note_end, &seen);
	loop_until(&seen.ends, 200, STEP_MS);
	assert_int_equal(seen.done, 200);
	params_clear(&p);
	free(data);
}

static void
test_backend_killed_in_a_burst(void **state)
{
	int64_t pid = ask(&backend), there = ask(&count);
	struct seen seen = { 0 };
	unsigned ups = t.ups;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		if (i == 500) {
			loop_until(&seen.ends, 100, STEP_MS);
			assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
		}
		call_put(2000 + i, 2000 + i, &seen);
	}
	loop_until(&seen.ends, 1000, STEP_MS);
	assert_int_equal(seen.done + seen.lost, 1000);
	assert_true(seen.done >= 100);
	assert_true(seen.lost > 0);
	/* With its own database_call() a test must wait until it is up; calls meanwhile are lost.
	 */
	loop_until(&t.ups, ups + 1, STEP_MS);
	/* What was told as done is there. */
	assert_in_range(ask(&count), there + seen.done, there + 1000);
}

static void
test_server_restarts(void **state)
{
	struct seen seen = { 0 };
	char *command = xasprintf("restart %s", t.dir);

	(void)state;
	call_int4(&nap, 5, STEP_MS, &seen);
	loop_for(100);
	cluster(command);
	free(command);
	loop_until(&seen.ends, 1, STEP_MS);
	assert_int_equal(seen.lost, 1);
	assert_true(t.downs >= 1);
	loop_until(&t.ups, 2, STEP_MS);
	assert_int_equal(ask(&one), 1);
}

static void
test_call_while_down(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	open_database("host=/nonexistent dbname=postgres");
	call_int4(&one, 0, STEP_MS, &seen);
	assert_int_equal(seen.ends, 0);
	loop_until(&seen.ends, 1, STEP_MS);
	assert_int_equal(seen.lost, 1);
	assert_string_equal(seen.error, "not connected yet");
	loop_until(&t.downs, 3, STEP_MS);
	assert_non_null(strstr(t.detail, "No such file or directory"));
	call_int4(&one, 0, STEP_MS, &seen);
	loop_until(&seen.ends, 2, STEP_MS);
	assert_non_null(strstr(seen.error, "No such file or directory"));
}

static void
test_wrong_conninfo(void **state)
{
	(void)state;
	open_database("port=abc nonsense");
	loop_until(&t.downs, 1, STEP_MS);
	assert_non_null(strstr(t.detail, "wrong connection string"));
}

static void
expect_refused(const char *words)
{
	open_database(t.conninfo);
	loop_until(&t.downs, 1, STEP_MS);
	assert_int_equal(t.ups, 0);
	if (strstr(t.detail, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", t.detail, words);
	database_free(&t.db);
}

static void
test_session_is_checked(void **state)
{
	(void)state;
	psql("update version set version = 6");
	expect_refused("version 6 and this program needs 7; run hailanctl migrate");
	psql("update version set version = 8");
	expect_refused("install the newer program");
	psql("update version set version = 7");
	psql("alter system set synchronous_commit = off");
	psql("select pg_reload_conf(), pg_sleep(0.3)");
	expect_refused("synchronous_commit is off");
	psql("alter system reset synchronous_commit");
	psql("select pg_reload_conf(), pg_sleep(0.3)");
	psql("alter table version rename to old_version");
	expect_refused("run hailanctl migrate");
	psql("alter table old_version rename to version");
}

/* A server that takes requests and does not answer. */
static void
test_stopped_backend(void **state)
{
	pid_t pid = (pid_t)ask(&backend);
	struct seen seen = { 0 };
	int64_t begin = clock_mono_ms();

	(void)state;
	kill(pid, SIGSTOP);
	call_int4(&one, 0, 60000, &seen);
	call_int4(&one, 0, 300, &seen);
	loop_until(&seen.ends, 2, STEP_MS);
	kill(pid, SIGCONT);
	assert_int_equal(seen.lost, 2);
	assert_in_range(clock_mono_ms() - begin, 250, 3000);
	assert_string_equal(seen.error, "no answer to one in time");
	loop_until(&t.ups, 2, STEP_MS);
	assert_int_equal(ask(&one), 1);
}

/* The first host accepts and says nothing; the second is the server. */
static void
test_second_host(void **state)
{
	struct sockaddr_un silent = { .sun_family = AF_UNIX };
	int listening = socket(AF_UNIX, SOCK_STREAM, 0);
	char *folder = xasprintf("%s/silent", t.dir), *conninfo;

	(void)state;
	assert_int_equal(mkdir(folder, 0755), 0);
	snprintf(silent.sun_path, sizeof(silent.sun_path), "%s/.s.PGSQL.5432", folder);
	assert_int_equal(bind(listening, (struct sockaddr *)&silent, sizeof(silent)), 0);
	assert_int_equal(listen(listening, 5), 0);
	conninfo =
	    xasprintf("host=/nonexistent,%s,%s dbname=postgres user=postgres", folder, t.dir);
	open_database(conninfo);
	loop_until(&t.ups, 1, 2 * STEP_MS);
	assert_int_equal(t.downs, 2);
	assert_string_equal(t.detail, "the server does not answer");
	close(listening);
	free(conninfo);
	free(folder);
}

struct news {
	unsigned empty, other;
	char last[32];
};

static void
note_news(void *arg, const char *payload)
{
	struct news *news = arg;

	news->empty += payload[0] == '\0';
	news->other += payload[0] != '\0';
	snprintf(news->last, sizeof(news->last), "%s", payload);
}

static void
test_notifications(void **state)
{
	struct news early = { 0 };
	struct seen seen = { 0 };
	struct params p = { 0 };

	(void)state;
	open_database(t.conninfo);
	database_listen(t.db, "news", note_news, &early);
	loop_until(&early.empty, 1, STEP_MS);
	psql("notify news, 'from elsewhere'");
	loop_until(&early.other, 1, STEP_MS);
	assert_string_equal(early.last, "from elsewhere");
	params_text(&p, "ours");
	database_call(t.db, &shout, &p, STEP_MS, note_end, &seen);
	params_clear(&p);
	loop_until(&early.other, 2, STEP_MS);
	psql("notify olds, 'not for us'");
	kill((pid_t)ask(&backend), SIGTERM);
	loop_until(&early.empty, 2, STEP_MS);
	assert_int_equal(early.other, 2);
}

static void
free_inside(void *arg, const struct call_outcome *o)
{
	unsigned *ends = arg;

	(void)o;
	++*ends;
	database_free(&t.db);
}

static void
call_inside(void *arg, const struct call_outcome *o)
{
	struct seen *seen = arg;

	note_end(arg, o);
	call_int4(&divide, 1, STEP_MS, seen);
}

static void
test_from_inside_a_callback(void **state)
{
	struct seen seen = { 0 };
	unsigned ends = 0;

	(void)state;
	database_call(t.db, &one, NULL, STEP_MS, call_inside, &seen);
	loop_until(&seen.ends, 2, STEP_MS);
	database_call(t.db, &one, NULL, STEP_MS, free_inside, &ends);
	database_call(t.db, &one, NULL, STEP_MS, free_inside, &ends);
	loop_until(&ends, 1, STEP_MS);
	assert_null(t.db);
	loop_for(50);
	assert_int_equal(ends, 1);
}

static void
test_schema_changes_under_us(void **state)
{
	STATEMENT(shape, 0, "select * from shape");
	struct seen seen = { 0 };

	(void)state;
	psql("create table shape (a int4); insert into shape values (1)");
	call_int4(&shape, 0, STEP_MS, &seen);
	loop_until(&seen.ends, 1, STEP_MS);
	psql("alter table shape add b int4");
	call_int4(&shape, 0, STEP_MS, &seen);
	loop_until(&seen.ends, 2, STEP_MS);
	assert_int_equal(seen.lost, 1);
	loop_until(&t.ups, 2, STEP_MS);
	call_int4(&shape, 0, STEP_MS, &seen);
	loop_until(&seen.ends, 3, STEP_MS);
	assert_int_equal(seen.done, 2);
}

static void
test_transient(void **state)
{
	(void)state;
	assert_true(sqlstate_is_transient("40P01"));
	assert_true(sqlstate_is_transient("57P01"));
	assert_true(sqlstate_is_transient("53300"));
	assert_false(sqlstate_is_transient("23505"));
	assert_false(sqlstate_is_transient("HA001"));
	assert_false(sqlstate_is_transient(NULL));
}

#define UP(TEST) cmocka_unit_test_setup_teardown(TEST, setup_up, teardown)
#define ALONE(TEST) cmocka_unit_test_teardown(TEST, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UP(test_round_trip_of_every_type),
		UP(test_bad_between_good),
		UP(test_error_at_commit),
		UP(test_cancel_and_never_from_inside),
		UP(test_many_rows),
		UP(test_large_both_ways),
		UP(test_from_inside_a_callback),
		UP(test_schema_changes_under_us),
		UP(test_stopped_backend),
		UP(test_backend_killed_in_a_burst),
		UP(test_server_restarts),
		ALONE(test_notifications),
		ALONE(test_call_while_down),
		ALONE(test_wrong_conninfo),
		ALONE(test_session_is_checked),
		ALONE(test_second_host),
		cmocka_unit_test(test_transient),
	};

	log_init("database_test", LOG_LEVEL_INFO);
	return cmocka_run_group_tests_name("database", tests, group_setup, group_teardown);
}
