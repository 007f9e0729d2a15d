/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The neutral form of a settings file, and its way through a pipe: a tag, then NUL-ended strings.
 *
 *	S name title-or-"" has-title file line … E key value file line … .
 */
#include "settings/section.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"

#define SECTION_DEPTH 4

struct cursor {
	const char *at, *end;
	bool damaged;
};

struct section *
section_new(const char *name, const char *title, const char *file, int line)
{
	struct section *s = xcalloc(1, sizeof(*s));

	s->name = xstrdup(name);
	s->title = title != NULL ? xstrdup(title) : NULL;
	s->file = xstrdup(file);
	s->line = line;
	return s;
}

void
section_free(struct section **section)
{
	struct section *s = *section;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->entry_count; i++) {
		free(s->entries[i].key);
		free(s->entries[i].value);
		free(s->entries[i].file);
	}
	for (size_t i = 0; i < s->section_count; i++)
		section_free(&s->sections[i]);
	free(s->entries);
	free(s->sections);
	free(s->name);
	free(s->title);
	free(s->file);
	free(s);
	*section = NULL;
}

void
section_add_entry(struct section *s, const char *key, const char *value, const char *file, int line)
{
	s->entries = xreallocarray(s->entries, s->entry_count + 1, sizeof(*s->entries));
	s->entries[s->entry_count++] = (struct entry){
		.key = xstrdup(key), .value = xstrdup(value), .file = xstrdup(file), .line = line
	};
}

void
section_take_entries(struct section *s, struct section *from)
{
	if (from->entry_count == 0)
		return;
	s->entries =
	    xreallocarray(s->entries, s->entry_count + from->entry_count, sizeof(*s->entries));
	memcpy(s->entries + s->entry_count, from->entries, from->entry_count * sizeof(*s->entries));
	s->entry_count += from->entry_count;
	from->entry_count = 0;
}

void
section_add(struct section *s, struct section *child)
{
	s->sections = xreallocarray(s->sections, s->section_count + 1, sizeof(struct section *));
	s->sections[s->section_count++] = child;
}

const struct entry *
section_find(const struct section *s, const char *key)
{
	for (size_t i = s->entry_count; i > 0; i--) {
		if (strcmp(s->entries[i - 1].key, key) == 0)
			return &s->entries[i - 1];
	}
	return NULL;
}

static bool
same_entries(const struct section *a, const struct section *b)
{
	if (a->entry_count != b->entry_count)
		return false;
	for (size_t i = 0; i < a->entry_count; i++) {
		const struct entry *e = section_find(b, a->entries[i].key);
		if (e == NULL || strcmp(e->value, a->entries[i].value) != 0)
			return false;
	}
	return true;
}

static bool
same_title(const struct section *a, const struct section *b)
{
	if (a->title == NULL || b->title == NULL)
		return a->title == b->title;
	return strcmp(a->title, b->title) == 0;
}

bool
section_same(const struct section *a, const struct section *b, bool deep)
{
	if (strcmp(a->name, b->name) != 0 || !same_title(a, b) || !same_entries(a, b))
		return false;
	if (!deep)
		return true;
	if (a->section_count != b->section_count)
		return false;
	for (size_t i = 0; i < a->section_count; i++) {
		if (!section_same(a->sections[i], b->sections[i], true))
			return false;
	}
	return true;
}

static void
pack_string(struct buffer *out, const char *s)
{
	buffer_add(out, s, strlen(s) + 1);
}

static void
pack_place(struct buffer *out, const char *file, int line)
{
	pack_string(out, file);
	buffer_printf(out, "%d", line);
	buffer_add_byte(out, 0);
}

void
section_pack(const struct section *s, struct buffer *out)
{
	buffer_add_byte(out, 'S');
	pack_string(out, s->name);
	buffer_add_byte(out, s->title != NULL ? 'T' : '-');
	pack_string(out, s->title != NULL ? s->title : "");
	pack_place(out, s->file, s->line);
	for (size_t i = 0; i < s->entry_count; i++) {
		buffer_add_byte(out, 'E');
		pack_string(out, s->entries[i].key);
		pack_string(out, s->entries[i].value);
		pack_place(out, s->entries[i].file, s->entries[i].line);
	}
	for (size_t i = 0; i < s->section_count; i++)
		section_pack(s->sections[i], out);
	buffer_add_byte(out, '.');
}

static char
take_tag(struct cursor *c)
{
	if (c->damaged || c->at >= c->end) {
		c->damaged = true;
		return '\0';
	}
	return *c->at++;
}

static const char *
take_string(struct cursor *c)
{
	const char *s = c->at;
	const char *nul = c->damaged ? NULL : memchr(s, 0, (size_t)(c->end - s));

	if (nul == NULL) {
		c->damaged = true;
		return "";
	}
	c->at = nul + 1;
	return s;
}

static int
take_line(struct cursor *c)
{
	long line = strtol(take_string(c), NULL, 10);

	return line < 0 || line > INT_MAX ? 0 : (int)line;
}

static void
take_entry(struct cursor *c, struct section *s)
{
	const char *key = take_string(c);
	const char *value = take_string(c);
	const char *file = take_string(c);
	int line = take_line(c);

	if (!c->damaged)
		section_add_entry(s, key, value, file, line);
}

static struct section *
take_section(struct cursor *c, unsigned depth)
{
	const char *name = take_string(c);
	bool titled = take_tag(c) == 'T';
	const char *title = take_string(c);
	const char *file = take_string(c);
	struct section *s = section_new(name, titled ? title : NULL, file, take_line(c));

	while (!c->damaged) {
		switch (take_tag(c)) {
		case 'E':
			take_entry(c, s);
			break;
		case 'S':
			if (depth == SECTION_DEPTH)
				c->damaged = true;
			else
				section_add(s, take_section(c, depth + 1));
			break;
		case '.':
			return s;
		default:
			c->damaged = true;
		}
	}
	return s;
}

struct section *
section_unpack(const void *bytes, size_t len)
{
	struct cursor c = { .at = bytes, .end = (const char *)bytes + len };
	struct section *s = NULL;

	if (take_tag(&c) == 'S')
		s = take_section(&c, 0);
	if (c.damaged || c.at != c.end)
		section_free(&s);
	return s;
}
