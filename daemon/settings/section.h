/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A settings file as it stands, before anybody asks what it means: sections with entries and
 * sections in them, each with its place. Everything is text.
 */
#include <stdbool.h>
#include <stddef.h>

struct buffer;

struct entry {
	char *key, *value;
	char *file;
	int line;
};

struct section {
	char *name;  /* "" for the whole file */
	char *title; /* NULL when it has none */
	char *file;
	int line; /* of its first entry, or of its end when it has none */
	struct entry *entries;
	size_t entry_count;
	struct section **sections;
	size_t section_count;
};

struct section *section_new(const char *name, const char *title, const char *file, int line);
/* With everything in it. Accepts NULL, sets NULL. */
void section_free(struct section **s);
/* All strings are copied. */
void section_add_entry(
    struct section *s, const char *key, const char *value, const char *file, int line);
/* s owns child from now on. */
void section_add(struct section *s, struct section *child);
/* Moves all entries of from behind those of s. */
void section_take_entries(struct section *s, struct section *from);
/* The last entry of this name, or NULL. */
const struct entry *section_find(const struct section *s, const char *key);

/* The same names, titles and values, wherever they stand; deep: with the sections inside. */
bool section_same(const struct section *a, const struct section *b, bool deep);

/* To bytes and back; NULL when the bytes are damaged. */
void section_pack(const struct section *s, struct buffer *out);
struct section *section_unpack(const void *bytes, size_t len);
