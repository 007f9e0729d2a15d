/* SPDX-License-Identifier: BSD-2-Clause */
/* The local spool. */
#include "spool.h"

#include "../common/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WAITING, TAKEN, REFUSED };

enum statement { PUT, NEXT, DELETE, MARK, KNOWS, COUNT, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[PUT] =
	    "insert or ignore into report (reference, source, destination, raw, protocol, file, "
	    "flags) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[NEXT] =
	    "select id, reference, source, destination, raw, protocol, file, flags from report "
	    "where state = 0 order by id limit 1",
	[DELETE] = "delete from report where id = ?1",
	[MARK] = "update report set state = ?2 where id = ?1",
	[KNOWS] = "select 1 from report where file = ?1",
	[COUNT] = "select count(*) from report where state = 0",
};

/* synchronous = full with a rollback journal: what is committed is on the disk. */
static const char schema[] =
    "pragma journal_mode = delete; pragma synchronous = full; pragma trusted_schema = off;"
    "create table if not exists report (id integer primary key autoincrement, reference text not "
    "null unique, source text not null, destination text not null, raw text not null, protocol "
    "text "
    "not null, file text not null, flags integer not null, state integer not null default 0);"
    "create index if not exists report_file on report (file);";

struct spool {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	int64_t limit;
};

void
spool_report_clear(struct spool_report *r)
{
	free(r->reference);
	free(r->source);
	free(r->destination);
	free(r->raw);
	free(r->protocol);
	free(r->file);
	*r = (struct spool_report){ 0 };
}

void
spool_close(struct spool **spool)
{
	struct spool *s = *spool;

	*spool = NULL;
	if (s == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s);
}

struct spool *
spool_open(const char *path, int64_t limit, char *why, size_t why_size)
{
	struct spool *s = bytes_alloc(1, sizeof(*s));
	int code = sqlite3_open(path, &s->db);

	s->limit = limit;
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
	for (int i = 0; i < STATEMENTS && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v2(s->db, texts[i], -1, &s->statements[i], NULL);
	if (code == SQLITE_OK)
		return s;
	snprintf(why, why_size, "%s", sqlite3_errmsg(s->db));
	spool_close(&s);
	return NULL;
}

/* Runs a statement that gives no rows. */
static bool
finish(sqlite3_stmt *q)
{
	bool ok = sqlite3_step(q) == SQLITE_DONE;

	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return ok;
}

/* The sound must be on the disk before its report is. */
static void
sync_file(const char *path)
{
	int fd = path[0] != '\0' ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

enum spool_end
spool_put(struct spool *s, const struct spool_report *r)
{
	const char *const values[] = { r->reference, r->source, r->destination, r->raw, r->protocol,
		r->file };
	sqlite3_stmt *q = s->statements[PUT];

	if (spool_count(s) >= s->limit)
		return SPOOL_FULL;
	sync_file(r->file);
	for (int i = 0; i < 6; i++)
		sqlite3_bind_text(q, i + 1, values[i], -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 7, r->flags);
	return finish(q) ? SPOOL_OK : SPOOL_FAILED;
}

static char *
column(sqlite3_stmt *q, int i)
{
	const void *text = sqlite3_column_text(q, i);

	return bytes_dup(text != NULL ? text : "", (size_t)sqlite3_column_bytes(q, i));
}

bool
spool_next(struct spool *s, struct spool_report *out)
{
	sqlite3_stmt *q = s->statements[NEXT];
	bool found = sqlite3_step(q) == SQLITE_ROW;

	*out = (struct spool_report){ 0 };
	if (found)
		*out = (struct spool_report){ .id = sqlite3_column_int64(q, 0),
			.reference = column(q, 1),
			.source = column(q, 2),
			.destination = column(q, 3),
			.raw = column(q, 4),
			.protocol = column(q, 5),
			.file = column(q, 6),
			.flags = (unsigned)sqlite3_column_int64(q, 7) };
	sqlite3_reset(q);
	return found;
}

static void
mark(struct spool *s, int64_t id, int state)
{
	sqlite3_stmt *q = s->statements[MARK];

	sqlite3_bind_int64(q, 1, id);
	sqlite3_bind_int64(q, 2, state);
	(void)finish(q);
}

bool
spool_done(struct spool *s, const struct spool_report *r)
{
	sqlite3_stmt *q = s->statements[DELETE];

	if (r->file[0] != '\0' && unlink(r->file) != 0 && errno != ENOENT) {
		mark(s, r->id, TAKEN);
		return false;
	}
	sqlite3_bind_int64(q, 1, r->id);
	(void)finish(q);
	return true;
}

void
spool_refused(struct spool *s, int64_t id)
{
	mark(s, id, REFUSED);
}

bool
spool_knows_file(struct spool *s, const char *file)
{
	sqlite3_stmt *q = s->statements[KNOWS];
	bool found;

	sqlite3_bind_text(q, 1, file, -1, SQLITE_STATIC);
	found = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return found;
}

int64_t
spool_count(struct spool *s)
{
	sqlite3_stmt *q = s->statements[COUNT];
	int64_t n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;

	sqlite3_reset(q);
	return n;
}
