/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * hailanctl: what its commands are made of. A command is one file with one const entry; its options
 * are a table, from which the command line is read and the help is printed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>

struct buffer;
struct err;
struct settings;
struct sql;

/* Exit codes beside those of sysexits.h. */
enum {
	CTL_OK = 0,
	CTL_NO = 1, /* the answer is no, or something was refused */
};

struct ctl_option {
	int letter;           /* 0: it has a long name only */
	const char *name;     /* NULL ends the table */
	const char *argument; /* what the help calls it; NULL: a flag */
	const char *help;
};

struct ctl;

struct ctl_command {
	const char *name;
	const char *usage;   /* what follows the name: "KIND FILE [--dry-run]" */
	const char *summary; /* one line, for the list of commands */
	const char *help;    /* sentences; lines of at most 80 columns, ended by a line feed */
	const struct ctl_option *options; /* of its own; may be NULL */
	int minimum, maximum;             /* operands; maximum -1: any number */
	int (*run)(struct ctl *ctl, int argc, char **argv);
};

/* Every command; ends with NULL. */
extern const struct ctl_command *const ctl_commands[];
/* Those that each command knows. */
extern const struct ctl_option ctl_common_options[];

/* A flag or an option of the running command. The n-th value (from 0) of an option that was given
 * several times; NULL when there is none; "" for a flag. */
const char *ctl_value_at(const struct ctl *ctl, const char *name, unsigned n);
const char *ctl_value(const struct ctl *ctl, const char *name);
/* The option's value as a number between minimum and maximum, or fallback when it was not given.
 * False, after saying so, when it is no such number. */
bool
ctl_number(struct ctl *ctl, const char *name, long minimum, long maximum, long fallback, long *out);
/* Whether text is an id of a message: digits, not above what the database can hold. */
bool ctl_is_id(const char *text);
bool ctl_json(const struct ctl *ctl);

/* Says what is wrong on stderr, and with --json as {"ok":false,"error":…} on stdout. Returns code.
 */
int ctl_fail(struct ctl *ctl, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* From now on what is wrong is not printed as JSON by itself, but the texts are added to list,
 * parted by commas, for a command that shows what it has in any case. The list is the caller's. */
void ctl_gather_errors(struct ctl *ctl, struct buffer *list);

/* The connection string that -d, $HAILAN_DATABASE or the settings name. NULL, after saying why,
 * with *code set. */
const char *ctl_conninfo(struct ctl *ctl, int *code);
/* Opens the database that -d, $HAILAN_DATABASE or the settings name; the owner is ctl, which closes
 * it at the end. NULL, after saying why, with *code set. */
struct sql *ctl_database(struct ctl *ctl, int *code);
/* Why data on people is looked at: --reason, $HAILAN_REASON or "". */
const char *ctl_reason(const struct ctl *ctl);
/* The fault of the last statement: says it and returns the exit code that fits. */
int ctl_database_fail(struct ctl *ctl, const struct err *err);
struct sql_statement;
/* Runs a statement whose column "row" tells whether there was what was to be changed. CTL_OK when
 * it did; CTL_NO, saying nothing, when there was none; else the exit code of a fault, which was
 * said. */
int ctl_change(struct ctl *ctl, const struct sql_statement *statement, unsigned count,
    const char *const *values);
/* The path of the daemon's control socket, from -S or the settings; NULL as above. */
const char *ctl_control_socket(struct ctl *ctl, int *code);

/* Sends one command to the daemon and waits for its answer: lines of JSON without the empty one.
 * False after saying why, with *code set. */
bool ctl_ask_daemon(struct ctl *ctl, const char *command, struct buffer *answer, int *code);

/* Writes what stands in out to stdout. */
void ctl_print(const struct buffer *out);
