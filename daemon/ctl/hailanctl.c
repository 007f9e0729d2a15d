/* SPDX-License-Identifier: BSD-2-Clause */
/* The administrator's program: reads the command line by the tables of its commands, and runs one.
 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ctl/ctl.h"
#include "ctl/sql.h"
#include "settings/settings.h"
#include "embedded.h"

#define DEFAULT_CONFIG SYSCONFDIR "/hailand.conf"

enum { OPTIONS_MAX = 24, LONG_ONLY = 256 };

struct given {
	const struct ctl_option *option;
	const char *value;
};

struct ctl {
	const struct ctl_command *command;
	struct given *given;
	unsigned given_count;
	struct buffer *errors; /* of ctl_gather_errors */
	struct settings *settings;
	struct sql *sql;
};

extern const struct ctl_command ctl_alarms, ctl_archive, ctl_attachment, ctl_bank, ctl_board,
    ctl_bounces, ctl_case, ctl_check, ctl_help, ctl_import, ctl_inbox, ctl_migrate, ctl_outbox,
    ctl_recordings, ctl_reload, ctl_rules, ctl_simulate, ctl_stats, ctl_status, ctl_timers, ctl_try,
    ctl_version, ctl_write;
extern const struct ctl_command ctl_looks, ctl_person;
extern const struct ctl_command ctl_outages, ctl_track, ctl_visits;

const struct ctl_command *const ctl_commands[] = {
	&ctl_status,
	&ctl_alarms,
	&ctl_board,
	&ctl_stats,
	&ctl_case,
	&ctl_inbox,
	&ctl_outbox,
	&ctl_attachment,
	&ctl_recordings,
	&ctl_write,
	&ctl_person,
	&ctl_looks,
	&ctl_bounces,
	&ctl_bank,
	&ctl_archive,
	&ctl_try,
	&ctl_timers,
	&ctl_rules,
	&ctl_outages,
	&ctl_visits,
	&ctl_track,
	&ctl_simulate,
	&ctl_import,
	&ctl_migrate,
	&ctl_check,
	&ctl_reload,
	&ctl_help,
	&ctl_version,
	NULL,
};

const struct ctl_option ctl_common_options[] = {
	{ 'f', "config", "FILE", "the daemon's settings (default " DEFAULT_CONFIG ")" },
	{ 'd', "database", "CONNINFO",
	    "connect to this database and not to that of the settings ($HAILAN_DATABASE)" },
	{ 'S', "socket", "PATH", "the daemon's control socket, when its settings cannot be read" },
	{ 'j', "json", NULL, "print JSON" },
	{ 0, "reason", "TEXT",
	    "why data on people is looked at; kept with the look ($HAILAN_REASON)" },
	{ 'h', "help", NULL, "print this" },
	{ 0, NULL, NULL, NULL },
};

/* ---- what commands ask for ------------------------------------------------------------------ */

const char *
ctl_value_at(const struct ctl *ctl, const char *name, unsigned n)
{
	for (unsigned i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].option->name, name) == 0 && n-- == 0)
			return ctl->given[i].value;
	return NULL;
}

const char *
ctl_value(const struct ctl *ctl, const char *name)
{
	return ctl_value_at(ctl, name, 0);
}

bool
ctl_json(const struct ctl *ctl)
{
	return ctl_value(ctl, "json") != NULL;
}

bool
ctl_number(struct ctl *ctl, const char *name, long minimum, long maximum, long fallback, long *out)
{
	const char *text = ctl_value(ctl, name);
	char *end;

	*out = fallback;
	if (text == NULL)
		return true;
	errno = 0;
	*out = strtol(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *out >= minimum && *out <= maximum)
		return true;
	ctl_fail(ctl, EX_USAGE, "--%s: \"%s\" is not a number from %ld to %ld", name, text, minimum,
	    maximum);
	return false;
}

bool
ctl_is_id(const char *text)
{
	if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	(void)strtoll(text, NULL, 10);
	return errno == 0;
}

void
ctl_gather_errors(struct ctl *ctl, struct buffer *list)
{
	ctl->errors = list;
}

int
ctl_fail(struct ctl *ctl, int code, const char *fmt, ...)
{
	struct buffer text = { 0 }, json = { 0 };
	va_list ap;
	char *line;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	va_end(ap);
	buffer_add_string(&text, line);
	free(line);
	fprintf(stderr, "hailanctl: %s\n", text.data);
	if (ctl->errors != NULL) {
		buffer_add_string(ctl->errors, ctl->errors->len > 0 ? "," : "");
		buffer_add_json(ctl->errors, text.data, text.len);
	} else if (ctl_json(ctl)) {
		buffer_add_string(&json, "{\"ok\":false,\"error\":");
		buffer_add_json(&json, text.data, text.len);
		buffer_add_string(&json, "}\n");
		ctl_print(&json);
	}
	buffer_clear(&text);
	buffer_clear(&json);
	return code;
}

void
ctl_print(const struct buffer *out)
{
	if (out->len > 0)
		fwrite(out->data, 1, out->len, stdout);
}

static bool
read_settings(struct ctl *ctl, int *code)
{
	const char *path = ctl_value(ctl, "config");
	struct buffer errors = { 0 };

	if (ctl->settings != NULL)
		return true;
	if (path == NULL)
		path = DEFAULT_CONFIG;
	if (settings_read(path, &ctl->settings, &errors))
		return true;
	while (errors.len > 0 && errors.data[errors.len - 1] == '\n')
		errors.data[--errors.len] = '\0';
	*code = ctl_fail(ctl, EX_CONFIG, "%s%s", errors.len > 0 ? errors.data : path,
	    ctl_value(ctl, "config") == NULL ? "; name the settings with -f, or a database with -d"
					     : "");
	buffer_clear(&errors);
	return false;
}

const char *
ctl_conninfo(struct ctl *ctl, int *code)
{
	const char *conninfo = ctl_value(ctl, "database");

	if (conninfo == NULL && ctl_value(ctl, "config") == NULL)
		conninfo = getenv("HAILAN_DATABASE");
	if (conninfo == NULL && read_settings(ctl, code))
		conninfo = settings_string(ctl->settings, "database", "conninfo");
	return conninfo;
}

const char *
ctl_reason(const struct ctl *ctl)
{
	const char *reason = ctl_value(ctl, "reason");

	if (reason == NULL)
		reason = getenv("HAILAN_REASON");
	return reason != NULL ? reason : "";
}

/* Who looks at data on people, and why: the database keeps it with each look. */
static bool
introduce(struct ctl *ctl, struct err *err)
{
	const struct passwd *user = getpwuid(getuid());
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const char *const values[] = { sudo != NULL   ? sudo
				       : user != NULL ? user->pw_name
						      : "",
		ctl_reason(ctl) };

	return sql_query(ctl->sql,
	    "select set_config('hailan.who', $1::text, false), set_config('hailan.why', $2::text, "
	    "false)",
	    2, values, NULL, err);
}

struct sql *
ctl_database(struct ctl *ctl, int *code)
{
	const char *conninfo;
	struct err err;

	if (ctl->sql != NULL)
		return ctl->sql;
	conninfo = ctl_conninfo(ctl, code);
	if (conninfo == NULL)
		return NULL;
	if (!sql_open(conninfo, &ctl->sql, &err)) {
		*code = ctl_fail(ctl, EX_UNAVAILABLE, "%s", err.text);
	} else if (!introduce(ctl, &err)) {
		*code = ctl_database_fail(ctl, &err);
		sql_close(&ctl->sql);
	}
	return ctl->sql;
}

int
ctl_database_fail(struct ctl *ctl, const struct err *err)
{
	const char *sqlstate = sql_state(ctl->sql);

	if (strncmp(sqlstate, "28", 2) == 0 || strcmp(sqlstate, "42501") == 0)
		return ctl_fail(ctl, EX_NOPERM, "%s", err->text);
	if (strncmp(sqlstate, "42", 2) == 0 || strcmp(sqlstate, "3F000") == 0)
		return ctl_fail(ctl, EX_CONFIG,
		    "%s; is the schema that of this program? hailanctl migrate tells", err->text);
	if (sqlstate[0] == '\0' || strncmp(sqlstate, "08", 2) == 0 ||
	    strncmp(sqlstate, "57", 2) == 0)
		return ctl_fail(ctl, EX_UNAVAILABLE, "%s", err->text);
	return ctl_fail(ctl, EX_SOFTWARE, "%s (SQLSTATE %s)", err->text, sqlstate);
}

int
ctl_change(struct ctl *ctl, const struct sql_statement *statement, unsigned count,
    const char *const *values)
{
	struct sql_rows *rows;
	struct err err;
	bool done;

	if (!sql_query(ctl->sql, statement->text, count, values, &rows, &err))
		return ctl_database_fail(ctl, &err);
	done = sql_count(rows) > 0 && strcmp(sql_optional(rows, 0, "row"), "t") == 0;
	sql_rows_free(&rows);
	return done ? CTL_OK : CTL_NO;
}

const char *
ctl_control_socket(struct ctl *ctl, int *code)
{
	if (ctl_value(ctl, "socket") != NULL)
		return ctl_value(ctl, "socket");
	if (!read_settings(ctl, code))
		return NULL;
	return settings_string(ctl->settings, "", "control_socket");
}

/* ---- the command line ----------------------------------------------------------------------- */

static const struct ctl_command *
find_command(const char *name)
{
	for (unsigned i = 0; ctl_commands[i] != NULL; i++)
		if (strcmp(ctl_commands[i]->name, name) == 0)
			return ctl_commands[i];
	return NULL;
}

struct parser {
	const struct ctl_option *options[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	unsigned count;
};

static void
parser_add(struct parser *p, const struct ctl_option *options)
{
	char *s = p->shorts + strlen(p->shorts);

	for (; options != NULL && options->name != NULL; options++) {
		if (p->count == OPTIONS_MAX)
			abort();
		p->longs[p->count] = (struct option){
			.name = options->name,
			.has_arg = options->argument != NULL ? required_argument : no_argument,
			.val = LONG_ONLY + (int)p->count,
		};
		p->options[p->count++] = options;
		if (options->letter == 0)
			continue;
		*s++ = (char)options->letter;
		if (options->argument != NULL)
			*s++ = ':';
	}
}

static const struct ctl_option *
parser_find(const struct parser *p, int found)
{
	if (found >= LONG_ONLY)
		return p->options[found - LONG_ONLY];
	for (unsigned i = 0; i < p->count; i++)
		if (p->options[i]->letter == found)
			return p->options[i];
	return NULL;
}

static bool
parse(struct ctl *ctl, const struct ctl_option *own, const char *mode, int argc, char **argv)
{
	struct parser p = { .count = 0 };
	char name[64] = "hailanctl", *before = argv[0];
	bool ok = true;
	int found;

	/* getopt's own words begin with argv[0] */
	if (ctl->command != NULL)
		snprintf(name, sizeof(name), "hailanctl %s", ctl->command->name);
	argv[0] = name;
	strcpy(p.shorts, mode);
	parser_add(&p, ctl_common_options);
	parser_add(&p, own);
	while (ok && (found = getopt_long(argc, argv, p.shorts, p.longs, NULL)) != -1) {
		const struct ctl_option *option = parser_find(&p, found);

		ok = option != NULL;
		if (!ok)
			break;
		ctl->given = xreallocarray(ctl->given, ctl->given_count + 1, sizeof(ctl->given[0]));
		ctl->given[ctl->given_count++] = (struct given){
			.option = option,
			.value = option->argument != NULL ? optarg : "",
		};
	}
	argv[0] = before;
	return ok;
}

/* The commands that begin as name does: "did you mean "status" or "stats"?". */
static void
add_nearest(const char *name, struct buffer *out)
{
	for (unsigned i = 0; ctl_commands[i] != NULL && name[0] != '\0'; i++)
		if (strncmp(ctl_commands[i]->name, name, name[1] != '\0' ? 2 : 1) == 0)
			buffer_printf(out, "%s\"%s\"", out->len > 0 ? " or " : "did you mean ",
			    ctl_commands[i]->name);
	buffer_add_string(out, out->len > 0 ? "?" : "\"hailanctl help\" lists them");
}

static int
no_command(struct ctl *ctl, const char *name)
{
	struct buffer nearest = { 0 };
	int code;

	add_nearest(name, &nearest);
	code = ctl_fail(ctl, EX_USAGE, "there is no command \"%s\"; %s", name, nearest.data);
	buffer_clear(&nearest);
	return code;
}

static int
usage(const char *command)
{
	if (command == NULL)
		fprintf(stderr, "try \"hailanctl help\"\n");
	else
		fprintf(stderr, "try \"hailanctl help %s\"\n", command);
	return EX_USAGE;
}

static int
run_command(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = ctl->command;
	char *help[] = { (char *)(uintptr_t)command->name, NULL };
	int operands;

	/* Permuting: options may stand anywhere behind the command. */
	optind = 0;
	if (!parse(ctl, command->options, "", argc, argv))
		return usage(command->name);
	if (ctl_value(ctl, "help") != NULL)
		return ctl_help.run(ctl, 1, help);
	operands = argc - optind;
	if (operands < command->minimum || (command->maximum >= 0 && operands > command->maximum)) {
		fprintf(stderr, "usage: hailanctl %s%s%s\n", command->name,
		    command->usage[0] != '\0' ? " " : "", command->usage);
		return usage(command->name);
	}
	return command->run(ctl, operands, argv + optind);
}

static int
dispatch(struct ctl *ctl, int argc, char **argv)
{
	if (!parse(ctl, NULL, "+", argc, argv))
		return usage(NULL);
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		int code = ctl_help.run(ctl, 0, argv);

		return ctl_value(ctl, "help") != NULL ? code : EX_USAGE;
	}
	ctl->command = find_command(argv[0]);
	if (ctl->command == NULL)
		return no_command(ctl, argv[0]);
	return run_command(ctl, argc, argv);
}

int
main(int argc, char **argv)
{
	struct ctl ctl = { .given = NULL };
	int code;

	/* Widths of Chinese and Korean letters; numbers and messages stay as they are. */
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		setlocale(LC_CTYPE, "");
	log_init("hailanctl", LOG_LEVEL_WARNING);
	code = dispatch(&ctl, argc, argv);
	sql_close(&ctl.sql);
	settings_free(&ctl.settings);
	free(ctl.given);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "hailanctl: cannot write: %s\n", strerror(errno));
		return EX_IOERR;
	}
	return code;
}
