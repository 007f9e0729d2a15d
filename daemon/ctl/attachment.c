/* SPDX-License-Identifier: BSD-2-Clause */
/* hailanctl attachment: pictures and the like that came with reports. */
#include <errno.h>
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
#include "ctl/view.h"
#include "embedded.h"

enum { HASH_LEAST = 6, HASH_LETTERS = 64 };

static const struct view_column columns[] = {
	{ "at", "CAME", VIEW_TIME },
	{ "number", "CASE", VIEW_NUMBER },
	{ "message", "MESSAGE", VIEW_NUMBER },
	{ "type", "TYPE", VIEW_TEXT },
	{ "size", "BYTES", VIEW_NUMBER },
	{ "sha256", "SHA256", VIEW_TEXT },
	{ "name", "NAME", VIEW_TEXT },
	{ NULL, NULL, VIEW_TEXT },
};

static int
list(struct ctl *ctl, struct sql *sql, const char *number, const char *message)
{
	struct buffer filter = { 0 };
	int code;

	if (message != NULL)
		buffer_printf(&filter, "{\"message\":%s}", message);
	else
		buffer_printf(&filter, "{\"number\":%s}", number);
	code = view_filtered(ctl, sql, &sql_ctl_attachments, filter.data, false, columns);
	buffer_clear(&filter);
	return code;
}

static bool
write_hex(FILE *f, const char *hex)
{
	for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
		char pair[3] = { hex[0], hex[1], '\0' };
		if (putc((int)strtol(pair, NULL, 16), f) == EOF)
			return false;
	}
	return fflush(f) == 0;
}

/* What it was called, without folders and without what is no part of a name; its hash and nothing
 * else when it was not called anything. */
static char *
safe_name(const char *name, const char *hash)
{
	const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');
	const char *base = slash > back ? slash + 1 : back != NULL ? back + 1 : name;
	char *out;

	while (*base == '.' || *base == ' ' || *base == '-')
		base++;
	out = xstrdup(*base != '\0' ? base : hash);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '_';
	return out;
}

/* An existing file is not written over. */
static int
save(struct ctl *ctl, const char *path, const char *hex)
{
	bool to_stdout = strcmp(path, "-") == 0, ok;
	FILE *f = to_stdout ? stdout : fopen(path, "wbx");

	if (f == NULL)
		return ctl_fail(ctl, EX_CANTCREAT, "%s: %s", path, strerror(errno));
	ok = write_hex(f, hex);
	if (!to_stdout && fclose(f) != 0)
		ok = false;
	if (!ok)
		return ctl_fail(ctl, EX_IOERR, "%s: %s", path, strerror(errno));
	if (!to_stdout)
		printf(ctl_json(ctl) ? "{\"ok\":true,\"bytes\":%zu}\n" : "%zu bytes\n",
		    strlen(hex) / 2);
	return CTL_OK;
}

static int
get(struct ctl *ctl, struct sql *sql, const char *hash)
{
	char now[CLOCK_TEXT];
	const char *const values[] = { hash, now };
	const char *path = ctl_value(ctl, "output");
	struct sql_rows *rows;
	struct err err;
	char *name;
	int code;

	clock_format(clock_now(), now);
	if (!sql_query(sql, sql_ctl_attachment.text, 2, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	if (sql_count(rows) != 1) {
		code = ctl_fail(ctl, CTL_NO,
		    sql_count(rows) == 0 ? "there is no attachment %s"
					 : "%s begins several hashes; give more of it",
		    hash);
		sql_rows_free(&rows);
		return code;
	}
	name = safe_name(sql_optional(rows, 0, "name"), hash);
	code = save(ctl, path != NULL ? path : name, sql_text(rows, 0, "content"));
	if (code == CTL_OK && path == NULL && !ctl_json(ctl))
		printf("written to %s (%s)\n", name, sql_optional(rows, 0, "mime"));
	free(name);
	sql_rows_free(&rows);
	return code;
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	const char *hash = ctl_value(ctl, "get"), *message = ctl_value(ctl, "message");
	struct sql *sql;
	int code;

	if ((argc > 0) + (hash != NULL) + (message != NULL) != 1)
		return ctl_fail(ctl, EX_USAGE,
		    "give the number of a case or wish, or --message ID, or --get HASH");
	if (argc > 0 && !ctl_is_id(argv[0]))
		return ctl_fail(ctl, EX_USAGE, "\"%s\" is no number", argv[0]);
	if (message != NULL && !ctl_is_id(message))
		return ctl_fail(ctl, EX_USAGE, "--message: \"%s\" is no id", message);
	if (hash != NULL && (strlen(hash) < HASH_LEAST || strlen(hash) > HASH_LETTERS ||
				strspn(hash, "0123456789abcdef") != strlen(hash)))
		return ctl_fail(ctl, EX_USAGE,
		    "--get: \"%s\" is no hash; expected six or more of its letters, 0-9 and a-f",
		    hash);
	sql = ctl_database(ctl, &code);
	if (sql == NULL)
		return code;
	return hash != NULL ? get(ctl, sql, hash)
			    : list(ctl, sql, argc > 0 ? argv[0] : NULL, message);
}

static const struct ctl_option options[] = {
	{ 'm', "message", "ID", "those that came with this message" },
	{ 'g', "get", "HASH", "write the one whose hash begins so to a file" },
	{ 'o', "output", "FILE",
	    "to this file, - for standard output (default: as it was called)" },
	{ 0, NULL, NULL, NULL },
};

const struct ctl_command ctl_attachment = {
	.name = "attachment",
	.usage = "NUMBER | --message ID | --get HASH [--output FILE]",
	.summary = "Shows and fetches the pictures and files that came with a case",
	.help =
	    "Types are told from the bytes, whatever the sender said. A file that exists is not\n"
	    "written over.\n",
	.options = options,
	.maximum = 1,
	.run = run,
};
