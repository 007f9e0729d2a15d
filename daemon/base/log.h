/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * One line per event on stderr: "PREFIX: LEVEL: subsystem: what key=value".
 * Control bytes and line ends inside a line are escaped as \xNN. Phone numbers
 * and texts never appear above debug: name the row's id instead.
 *
 * error    a person must act
 * warning  something is wrong and the program copes
 * info     a state changed that an operator wants to see
 * debug    everything else
 *
 * fatal    cannot run: logs at level error and exits with a code of sysexits.h
 *          (EX_CONFIG is not tried again by the supervisor, others are)
 * A bug is assert() or abort(), never a log line.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* prefix is copied; it may be NULL. Under systemd (JOURNAL_STREAM set) each line begins with
 * "<N>", the priority of sd-daemon(3). */
void log_init(const char *prefix, enum log_level level);
void log_set_level(enum log_level level);
bool log_would(enum log_level level);
/* "error", "warning", "info", "debug" → level; false when it is none of them. */
bool log_level_parse(const char *name, enum log_level *level);

/* From now on lines of these levels are counted there, too; also those that are not written. */
void log_count_into(int64_t *errors, int64_t *warnings);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fatal(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
