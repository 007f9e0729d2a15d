/* SPDX-License-Identifier: BSD-2-Clause */
/* Loads the tables that the daemon would load from the database. */
#include "understand_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xalloc.h"
#include "text/understand.h"

#define PLACES_MAX 400

static struct {
	long long unit;
	char *name;
} known[PLACES_MAX];
static size_t known_count;

void
tsv_read(const char *path, void (*row)(char **field, void *arg), void *arg)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	for (int number = 0; (len = getline(&line, &room, f)) > 0; number++) {
		static char nothing[] = "";
		char *field[TSV_FIELDS], *rest = line;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		for (int i = 0; i < TSV_FIELDS; i++) {
			field[i] = rest == NULL ? nothing : strsep(&rest, "\t");
		}
		if (number > 0)
			row(field, arg);
	}
	free(line);
	fclose(f);
}

static void
check(bool ok, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "lexicon: %s\n", err->text);
	exit(1);
}

static void
add_category(char **field, void *arg)
{
	struct err err;

	check(lexicon_add_category(arg, field[0], field[1], strcmp(field[4], "yes") == 0, &err),
	    &err);
}

static void
add_keyword(char **field, void *arg)
{
	static int64_t id;
	struct err err;

	check(lexicon_add_keyword(arg, ++id, field[0], field[1], atoi(field[2]), &err), &err);
}

static void
remember(const char *code, const char *level, const char *name)
{
	const char *suffix = strcmp(level, "community") == 0                          ? "社区"
			     : strcmp(level, "village") == 0                          ? "村"
			     : strcmp(level, "street") == 0                           ? "街道"
			     : strcmp(name, "德新") == 0 || strcmp(name, "白金") == 0 ? "乡"
			     : strcmp(level, "town") == 0                             ? "镇"
										      : "";

	if (known_count == PLACES_MAX)
		abort();
	known[known_count].unit = atoll(code);
	known[known_count++].name = xasprintf("%s%s", name, suffix);
}

static void
add_place(char **field, void *arg)
{
	bool suffix = strcmp(field[6], "yes") == 0;
	int64_t unit = atoll(field[0]), parent = atoll(field[2]);
	char *aliases = field[5], *alias;
	struct err err;

	remember(field[0], field[1], field[3]);
	check(lexicon_add_place(arg, unit, field[1], field[3], parent, suffix, &err), &err);
	if (field[4][0] != '\0')
		check(lexicon_add_place(arg, unit, field[1], field[4], parent, suffix, &err), &err);
	while (aliases != NULL && *aliases != '\0' && (alias = strsep(&aliases, "|")) != NULL)
		check(lexicon_add_place(arg, unit, field[1], alias, parent, suffix, &err), &err);
}

struct lexicon *
understand_data_load(const char *folder)
{
	struct lexicon *lx = lexicon_new();
	char path[4096];
	struct err err;

	snprintf(path, sizeof(path), "%s/categories.tsv", folder);
	tsv_read(path, add_category, lx);
	snprintf(path, sizeof(path), "%s/keywords.tsv", folder);
	tsv_read(path, add_keyword, lx);
	snprintf(path, sizeof(path), "%s/places.tsv", folder);
	tsv_read(path, add_place, lx);
	lexicon_add_signature(lx, "海兰江e站");
	check(lexicon_compile(lx, &err), &err);
	return lx;
}

const char *
understand_data_place(long long unit)
{
	for (size_t i = 0; i < known_count; i++)
		if (known[i].unit == unit)
			return known[i].name;
	return NULL;
}
