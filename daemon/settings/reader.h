/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Reads a settings file into a tree of sections. This is the only module that knows the library
 * for it; it checks the form (braces, quotes, which sections there are) and no meaning.
 */
#include <stdbool.h>

struct buffer;
struct section;

/* A section that may stand in a file or in another section. A table ends with a name of NULL. */
struct reader_kind {
	const char *name;
	bool titled;                     /* name "title" { … }, as often as wanted */
	const struct reader_kind *kinds; /* what may stand in it, or NULL */
};

/* The caller owns the tree (section_free). On failure NULL, and "FILE:LINE: …\n" is added to
 * errors. A file may say include("other.conf") at its top level; names are relative to its folder.
 */
struct section *
reader_read(const char *path, const struct reader_kind *kinds, struct buffer *errors);
