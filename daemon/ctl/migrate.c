/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl migrate: brings the schema and its default rows to what this program was built with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/xalloc.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "embedded.h"

enum { LOCK_WAIT_S = 60, NUMBER_TEXT = 16 };

/* Any number will do; nobody else must take the same. */
#define LOCK_KEY "7523094288207667817"

struct migration_run {
	struct ctl *ctl;
	struct sql *sql;
	struct buffer json; /* what was done, as members of an object */
	int applied;        /* the newest number that the database has */
	struct err err;
	bool refused; /* err is a refusal and no fault of the database */
};

static bool
query(struct migration_run *run, const char *text, unsigned count, const char *const *values,
    struct sql_rows **rows)
{
	return sql_query(run->sql, text, count, values, rows, &run->err);
}

static void
say(struct migration_run *run, const char *line)
{
	if (!ctl_json(run->ctl)) {
		printf("%s\n", line);
		fflush(stdout);
	}
}

static bool
lock(struct migration_run *run)
{
	struct sql_rows *rows;

	for (int i = 0; i < LOCK_WAIT_S; i++) {
		bool got;

		if (!query(run, "select pg_try_advisory_lock(" LOCK_KEY ") as got", 0, NULL, &rows))
			return false;
		got = strcmp(sql_text(rows, 0, "got"), "t") == 0;
		sql_rows_free(&rows);
		if (got)
			return true;
		if (i == 0)
			fprintf(stderr, "hailanctl: another migration is under way; waiting\n");
		sleep(1);
	}
	run->refused = true;
	return err_set(&run->err, "another migration is still under way after %d s", LOCK_WAIT_S);
}

/* ---- what is there already ------------------------------------------------------------------ */

static const struct sql_migration *
find(int number)
{
	for (unsigned i = 0; i < sql_migration_count; i++)
		if (sql_migrations[i].number == number)
			return &sql_migrations[i];
	return NULL;
}

static bool
check_applied(struct migration_run *run, int number, const char *name, const char *sha256)
{
	const struct sql_migration *m = find(number);

	run->refused = true;
	if (number > sql_schema_version)
		return err_set(&run->err,
		    "the database has migration %d (%s) and this program knows %d; install the "
		    "newer program",
		    number, name, (int)sql_schema_version);
	if (m == NULL)
		return err_set(&run->err,
		    "the database has migration %d (%s) and this program has none of that number",
		    number, name);
	if (strcmp(m->sha256, sha256) != 0)
		return err_set(&run->err,
		    "migration %d (%s) was edited after it had been applied: the database has "
		    "sha256 "
		    "%.12s…, this program %.12s…; a change needs a migration of its own",
		    number, m->name, sha256, m->sha256);
	/* numbers may leave gaps; what counts is the order of ours */
	if (run->applied != 0 && m != sql_migrations && m[-1].number != run->applied)
		return err_set(&run->err, "the database lacks migration %d and has %d (%s)",
		    (int)m[-1].number, number, name);
	run->refused = false;
	run->applied = number;
	return true;
}

static bool
read_applied(struct migration_run *run)
{
	struct sql_rows *rows;
	bool ok = true, there;

	if (!query(run, "select to_regclass('hailan.schema_migration') is not null as there", 0,
		NULL, &rows))
		return false;
	there = strcmp(sql_text(rows, 0, "there"), "t") == 0;
	sql_rows_free(&rows);
	if (!there)
		return true;
	if (!query(run, "select number, name, sha256 from hailan.schema_migration order by number",
		0, NULL, &rows))
		return false;
	for (int i = 0; ok && i < sql_count(rows); i++)
		ok = check_applied(run, atoi(sql_text(rows, i, "number")),
		    sql_text(rows, i, "name"), sql_text(rows, i, "sha256"));
	sql_rows_free(&rows);
	return ok;
}

/* ---- migrations ----------------------------------------------------------------------------- */

static bool
apply_in_transaction(struct migration_run *run, const struct sql_migration *m)
{
	char number[NUMBER_TEXT], now[CLOCK_TEXT];
	const char *const values[] = { number, m->name, m->sha256, now };

	snprintf(number, sizeof(number), "%d", (int)m->number);
	clock_format(clock_now(), now);
	return sql_script(run->sql, m->text, &run->err) &&
	       query(run,
		   "insert into hailan.schema_migration (number, name, sha256, applied_at)"
		   " values ($1::int4, $2::text, $3::text, $4::timestamptz)",
		   4, values, NULL) &&
	       sql_script(run->sql, "commit", &run->err);
}

static bool
apply(struct migration_run *run, const struct sql_migration *m)
{
	int64_t begin = clock_mono_ms();
	char *line;
	struct err ignored;

	if (!sql_script(run->sql, "begin", &run->err))
		return false;
	if (!apply_in_transaction(run, m)) {
		err_prefix(&run->err, "migration %d (%s)", (int)m->number, m->name);
		sql_script(run->sql, "rollback", &ignored);
		return false;
	}
	/* A migration may set what it likes for itself. */
	sql_script(run->sql, "reset all; set search_path = hailan, pg_temp", &ignored);
	line = xasprintf("%04d %s: applied in %lld ms", (int)m->number, m->name,
	    (long long)(clock_mono_ms() - begin));
	say(run, line);
	free(line);
	return true;
}

static bool
apply_all(struct migration_run *run, bool dry)
{
	unsigned done = 0;

	buffer_add_string(&run->json, dry ? "\"pending\":[" : "\"applied\":[");
	for (unsigned i = 0; i < sql_migration_count; i++) {
		const struct sql_migration *m = &sql_migrations[i];

		if (m->number <= run->applied)
			continue;
		if (dry && !ctl_json(run->ctl))
			printf("%04d %s: would be applied\n", (int)m->number, m->name);
		else if (!dry && !apply(run, m))
			return false;
		buffer_printf(&run->json, "%s{\"number\":%d,\"name\":\"%s\"}",
		    done++ > 0 ? "," : "", (int)m->number, m->name);
	}
	buffer_printf(
	    &run->json, "],\"version\":%d", (int)(dry ? run->applied : sql_schema_version));
	if (done == 0)
		say(run, "the schema is up to date");
	return true;
}

/* ---- default rows --------------------------------------------------------------------------- */

/* A field of COPY's text format as a JSON string; empty and \N are null. */
static void
add_value(struct buffer *json, const char *field, size_t len)
{
	struct buffer text = { 0 };

	for (size_t i = 0; i < len; i++) {
		char c = field[i];

		if (c == '\\' && i + 1 < len) {
			c = field[++i];
			c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
		buffer_add_byte(&text, (uint8_t)c);
	}
	if (len == 0 || (len == 2 && memcmp(field, "\\N", 2) == 0))
		buffer_add_string(json, "null");
	else
		buffer_add_json(json, text.data, text.len);
	buffer_clear(&text);
}

static const char *
field_end(const char *p)
{
	return p + strcspn(p, "\t\n");
}

/* One line under the header line, both ended by a line feed or the end of the text. */
static void
add_row(struct buffer *json, const char *header, const char *line)
{
	buffer_add_byte(json, '{');
	for (;;) {
		const char *end = field_end(line), *header_end = field_end(header);

		buffer_add_json(json, header, (size_t)(header_end - header));
		buffer_add_byte(json, ':');
		add_value(json, line, (size_t)(end - line));
		if (*header_end != '\t')
			break;
		buffer_add_byte(json, ',');
		header = header_end + 1;
		line = *end == '\t' ? end + 1 : end;
	}
	buffer_add_byte(json, '}');
}

static void
rows_as_json(const char *text, struct buffer *json)
{
	const char *header = text;
	bool first = true;

	buffer_add_byte(json, '[');
	text += strcspn(text, "\n");
	while (*text == '\n' && text[1] != '\0') {
		text++;
		if (*text != '\n') {
			buffer_add_string(json, first ? "" : ",");
			add_row(json, header, text);
			first = false;
		}
		text += strcspn(text, "\n");
	}
	buffer_add_byte(json, ']');
}

static bool
load(struct migration_run *run, const struct sql_data *data, const char *now)
{
	struct buffer rows_json = { 0 };
	const char *values[3] = { data->name, NULL, now };
	struct sql_rows *rows;
	bool ok;

	rows_as_json(data->text, &rows_json);
	values[1] = rows_json.data;
	ok = query(run, "select hailan.data_load($1::text, $2::jsonb, $3::timestamptz) as changed",
	    3, values, &rows);
	buffer_clear(&rows_json);
	if (!ok) {
		err_prefix(&run->err, "default rows of %s", data->name);
		return false;
	}
	buffer_printf(&run->json, "%s\"%s\":%s", data == sql_data ? "" : ",", data->name,
	    sql_text(rows, 0, "changed"));
	if (strcmp(sql_text(rows, 0, "changed"), "0") != 0 && !ctl_json(run->ctl))
		printf("%s: %s rows added or changed\n", data->name, sql_text(rows, 0, "changed"));
	sql_rows_free(&rows);
	return true;
}

static bool
load_all(struct migration_run *run)
{
	char now[CLOCK_TEXT];
	const char *at = now;
	struct err ignored;
	bool ok;

	clock_format(clock_now(), now);
	buffer_add_string(&run->json, ",\"data\":{");
	ok = sql_script(run->sql, "begin", &run->err);
	for (unsigned i = 0; ok && i < sql_data_count; i++)
		ok = load(run, &sql_data[i], now);
	buffer_add_byte(&run->json, '}');
	/* This month's partitions are there before the first message is. */
	ok = ok && query(run, "select hailan.partitions_ensure($1::timestamptz)", 1, &at, NULL);
	if (ok)
		return sql_script(run->sql, "commit", &run->err);
	sql_script(run->sql, "rollback", &ignored);
	return false;
}

/* ---- channels ------------------------------------------------------------------------------- */

/* Before anything is done. */
static bool
channels_well_formed(struct ctl *ctl, int *code)
{
	const char *given;

	for (unsigned i = 0; (given = ctl_value_at(ctl, "channel", i)) != NULL; i++) {
		const char *colon = strchr(given, ':');

		if (colon != NULL && colon != given && colon[1] != '\0')
			continue;
		*code = ctl_fail(ctl, EX_USAGE, "--channel %s: expected NAME:ROLE", given);
		return false;
	}
	return true;
}

static bool
add_channels(struct migration_run *run)
{
	const char *given;

	for (unsigned i = 0; (given = ctl_value_at(run->ctl, "channel", i)) != NULL; i++) {
		const char *colon = strchr(given, ':');
		char *name = xstrndup(given, (size_t)(colon - given));
		const char *const values[] = { name, colon + 1 };
		bool ok;

		ok = query(run, "select hailan.channel_add($1::text, $2::text)", 2, values, NULL);
		if (!ok)
			err_prefix(&run->err, "channel %s", name);
		else if (!ctl_json(run->ctl))
			printf("channel %s: database role %s\n", name, colon + 1);
		free(name);
		if (!ok)
			return false;
	}
	return true;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	struct migration_run m = { .ctl = ctl };
	bool dry = ctl_value(ctl, "dry-run") != NULL, ok;
	int code;

	(void)argc;
	(void)argv;
	if (!channels_well_formed(ctl, &code))
		return code;
	m.sql = ctl_database(ctl, &code);
	if (m.sql == NULL)
		return code;
	ok = (dry || lock(&m)) && read_applied(&m) && apply_all(&m, dry) &&
	     (dry || (load_all(&m) && add_channels(&m)));
	if (ok && ctl_json(ctl))
		printf("{\"ok\":true,%s}\n", m.json.data);
	buffer_clear(&m.json);
	if (ok)
		return CTL_OK;
	return m.refused ? ctl_fail(ctl, CTL_NO, "%s", m.err.text) : ctl_database_fail(ctl, &m.err);
}

static const struct ctl_option options[] = {
	{ 'n', "dry-run", NULL, "only tell what would be applied" },
	{ 'c', "channel", "NAME:ROLE",
	    "add a channel and the database role that it logs in as; may be repeated" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_migrate = {
	.name = "migrate",
	.usage = "[--dry-run] [--channel NAME:ROLE ...]",
	.summary = "Brings the database to the schema of this program",
	.help =
	    "Applies each migration that the database does not have yet in a transaction of\n"
	    "its own, after checking that those it has are the same as ours, and adds the\n"
	    "default rows (categories, keywords, places, templates). Rows that somebody edited\n"
	    "stay as they are. Connect as a superuser, or as the owner of the database with the\n"
	    "right to create roles. Nobody else changes the schema: the daemon refuses to work\n"
	    "with another version.\n",
	.options = options,
	.run = run,
};
