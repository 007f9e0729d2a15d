/* SPDX-License-Identifier: BSD-2-Clause */
/* One escaped line per event, written with one write(2) so that lines of several processes do not
 * mix. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char *const level_priorities[] = { "<3>", "<4>", "<6>", "<7>" };

static char log_prefix[64];
static enum log_level log_limit = LOG_LEVEL_INFO;
static bool log_journal;
static int64_t nobody[2];
static int64_t *log_counts[2] = { &nobody[0], &nobody[1] }; /* of errors and warnings */

void
log_init(const char *prefix, enum log_level level)
{
	snprintf(log_prefix, sizeof(log_prefix), "%s", prefix != NULL ? prefix : "");
	log_journal = getenv("JOURNAL_STREAM") != NULL;
	log_limit = level;
}

void
log_set_level(enum log_level level)
{
	log_limit = level;
}

bool
log_would(enum log_level level)
{
	return level <= log_limit;
}

bool
log_level_parse(const char *name, enum log_level *level)
{
	for (int i = 0; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

void
log_count_into(int64_t *errors, int64_t *warnings)
{
	log_counts[LOG_LEVEL_ERROR] = errors;
	log_counts[LOG_LEVEL_WARNING] = warnings;
}

static size_t
escape(char *out, size_t room, const char *in)
{
	size_t n = 0;

	for (; *in != '\0' && n + 5 < room; in++) {
		unsigned char c = (unsigned char)*in;
		if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(out + n, room - n, "\\x%02x", c);
		else
			out[n++] = *in;
	}
	return n;
}

static void
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES * 2];
	int saved = errno;
	int head;
	size_t n;
	ssize_t ignored;

	if (level <= LOG_LEVEL_WARNING)
		__atomic_store_n(log_counts[level], *log_counts[level] + 1, __ATOMIC_RELAXED);
	if (level > log_limit)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	head =
	    snprintf(line, sizeof(line), "%s%s%s%s: ", log_journal ? level_priorities[level] : "",
		log_prefix, log_prefix[0] != '\0' ? ": " : "", level_names[level]);
	n = (size_t)head;
	n += escape(line + n, sizeof(line) - n - 1, text);
	line[n++] = '\n';
	ignored = write(STDERR_FILENO, line, n);
	(void)ignored;
	errno = saved;
}

#define LOG_FUNCTION(name, level)         \
	void name(const char *fmt, ...)   \
	{                                 \
		va_list ap;               \
		va_start(ap, fmt);        \
		log_line(level, fmt, ap); \
		va_end(ap);               \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_at(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(level, fmt, ap);
	va_end(ap);
}

void
fatal(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(code);
}
