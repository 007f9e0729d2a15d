/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libconfuse 3.3 counts two lines too many for each comment and takes none in front of a value;
 * an open quote it reports at the end of the file. So it never sees comments or open quotes.
 */
#include "settings/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"

struct scan {
	char *at;
	int line;
	int opened; /* the line of what did not end */
};

static bool
load(const char *path, struct buffer *text, struct buffer *errors)
{
	char piece[8192];
	size_t n;
	bool ok = false;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		buffer_printf(errors, "%s: cannot be read: %s%s\n", path, strerror(errno),
		    errno == EACCES ? "; run as root or chmod g+r" : "");
		return false;
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && text->len <= SOURCE_BYTES)
		buffer_add(text, piece, n);
	if (ferror(f) != 0)
		buffer_printf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
	else if (text->len > SOURCE_BYTES)
		buffer_printf(errors, "%s: larger than 1 MiB; that is no settings file\n", path);
	else if (text->len > 0 && memchr(text->data, 0, text->len) != NULL)
		buffer_printf(errors, "%s: holds NUL bytes; expected text\n", path);
	else
		ok = true;
	fclose(f);
	return ok;
}

/* One byte further; a blanked one becomes a space, but lines stay lines. */
static void
advance(struct scan *s, bool blank)
{
	if (*s->at == '\n')
		s->line++;
	else if (blank)
		*s->at = ' ';
	s->at++;
}

static bool
skip_quoted(struct scan *s)
{
	const char quote = *s->at;

	s->opened = s->line;
	advance(s, false);
	while (*s->at != '\0' && *s->at != quote) {
		if (*s->at == '\\' && s->at[1] != '\0')
			advance(s, false);
		advance(s, false);
	}
	if (*s->at == '\0')
		return false;
	advance(s, false);
	return true;
}

static void
blank_line(struct scan *s)
{
	while (*s->at != '\0' && *s->at != '\n')
		advance(s, true);
}

static bool
blank_block(struct scan *s)
{
	s->opened = s->line;
	advance(s, true);
	advance(s, true);
	while (*s->at != '\0' && !(s->at[0] == '*' && s->at[1] == '/'))
		advance(s, true);
	if (*s->at == '\0')
		return false;
	advance(s, true);
	advance(s, true);
	return true;
}

static bool
blank_comments(const char *path, char *text, struct buffer *errors)
{
	struct scan s = { .at = text, .line = 1 };
	char before = ' ';
	bool ok = true;

	while (ok && *s.at != '\0') {
		const char c = *s.at;

		if (c == '"' || c == '\'')
			ok = skip_quoted(&s);
		else if (c == '#' ||
			 (c == '/' && s.at[1] == '/' && strchr(" \t\r\n={}(),+", before)))
			blank_line(&s);
		else if (c == '/' && s.at[1] == '*')
			ok = blank_block(&s);
		else
			advance(&s, false);
		before = s.at[-1];
	}
	if (!ok)
		buffer_printf(errors, "%s:%d: a quote or comment begins here and does not end\n",
		    path, s.opened);
	return ok;
}

bool
source_load(const char *path, struct buffer *text, struct buffer *errors)
{
	if (!load(path, text, errors))
		return false;
	return text->len == 0 || blank_comments(path, text->data, errors);
}
