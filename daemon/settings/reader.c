/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libconfuse wants every option declared, but only a plugin knows its own. So the file is parsed
 * twice: once to learn which keys there are, and once with these keys declared and a callback on
 * each, which is the only way to learn the line of a value. What the keys mean is asked later.
 *
 * libconfuse takes the end of the file for a closing brace. A last entry of ours behind the text
 * shows whether the sections were closed. Files that are included are read each on its own and put
 * together here; libconfuse's own include loses memory and places when something is wrong.
 */
#include "settings/reader.h"

#include <confuse.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "settings/section.h"
#include "settings/source.h"

#define READER_DEPTH 4
#define END_KEY "__end_of_settings"

struct names {
	char **list;
	size_t count;
};

/* libconfuse's section ⇄ ours, as entries come in. */
struct pair {
	cfg_t *theirs;
	struct section *ours;
};

/* One parse. libconfuse's callbacks have no argument, hence the one static pointer to it. */
struct reading {
	const char *path;
	cfg_t *root;
	struct pair *pairs;
	size_t pair_count;
	cfg_t *ended_in;
	char *unfinished;         /* a key whose value would have been END_KEY */
	struct section *includes; /* what include() names, as entries */
	struct buffer *errors;    /* NULL: the first parse, which is silent */
	unsigned error_count;
};

static struct reading *current;

/* ---- keys, learned by the first parse -------------------------------------------------------- */

static void
names_add(struct names *n, const char *name)
{
	if (strcmp(name, "include") == 0)
		return;
	for (size_t i = 0; i < n->count; i++) {
		if (strcmp(n->list[i], name) == 0)
			return;
	}
	n->list = xreallocarray(n->list, n->count + 1, sizeof(char *));
	n->list[n->count++] = xstrdup(name);
}

static void
names_clear(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->list[i]);
	free(n->list);
}

static void
names_learn(struct names *n, cfg_t *cfg)
{
	for (cfg_opt_t *o = cfg->opts; o->name != NULL; o++) {
		if (o->type == CFGT_STR)
			names_add(n, o->name);
		for (unsigned i = 0; o->type == CFGT_SEC && i < cfg_opt_size(o); i++)
			names_learn(n, cfg_opt_getnsec(o, i));
	}
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static struct section *
section_of(cfg_t *cfg, int line)
{
	for (size_t i = 0; i < current->pair_count; i++) {
		if (current->pairs[i].theirs == cfg)
			return current->pairs[i].ours;
	}
	current->pairs =
	    xreallocarray(current->pairs, current->pair_count + 1, sizeof(*current->pairs));
	current->pairs[current->pair_count] = (struct pair){
		.theirs = cfg,
		.ours = section_new(
		    cfg == current->root ? "" : cfg->name, cfg->title, current->path, line),
	};
	return current->pairs[current->pair_count++].ours;
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	*(const char **)result = value;
	if (strcmp(value, END_KEY) == 0) {
		free(current->unfinished);
		current->unfinished = xstrdup(opt->name);
	} else if (strcmp(opt->name, END_KEY) == 0)
		current->ended_in = cfg;
	else
		section_add_entry(
		    section_of(cfg, cfg->line), opt->name, value, current->path, cfg->line);
	return 0;
}

static int
on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	(void)opt;
	if (argc != 1) {
		cfg_error(cfg, "expected include(\"FILE\")");
		return -1;
	}
	if (current->includes != NULL)
		section_add_entry(current->includes, "include", argv[0], current->path, cfg->line);
	return 0;
}

/* libconfuse's words for the commonest mistake say neither cause nor cure. */
static void
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[512];

	if (current->errors == NULL || current->error_count++ > 0)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if (current->unfinished != NULL) {
		buffer_printf(current->errors, "%s:%d: \"%s\" has no value\n", current->path,
		    cfg->line - 1, current->unfinished);
		return;
	}
	buffer_printf(current->errors, "%s:%d: %s", current->path, cfg->line, text);
	if (strncmp(text, "missing equal sign", 18) == 0)
		buffer_add_string(current->errors, "; expected NAME = VALUE (no such section)");
	else if (strncmp(text, "unexpected token '{'", 20) == 0)
		buffer_add_string(current->errors, "; lists are written as one text, \"a,b\"");
	else if (strncmp(text, "premature end", 13) == 0)
		buffer_add_string(
		    current->errors, "; a value, a quote or a closing brace is missing before it");
	buffer_add_byte(current->errors, '\n');
}

/* ---- parsing --------------------------------------------------------------------------------- */

static size_t
count_kinds(const struct reader_kind *kinds)
{
	size_t n = 0;

	while (kinds != NULL && kinds[n].name != NULL)
		n++;
	return n;
}

static bool
is_kind(const struct reader_kind *kinds, const char *name)
{
	for (; kinds != NULL && kinds->name != NULL; kinds++) {
		if (strcmp(kinds->name, name) == 0)
			return true;
	}
	return false;
}

static void
options_free(cfg_opt_t *options)
{
	for (cfg_opt_t *o = options; o->name != NULL; o++) {
		if (o->type == CFGT_SEC)
			options_free(o->subopts);
	}
	free(options);
}

/* The names stay the caller's; libconfuse copies everything. */
static cfg_opt_t *
options_new(const struct reader_kind *kinds, const struct names *names, bool top)
{
	const cfg_opt_t include = CFG_FUNC("include", on_include);
	const cfg_opt_t end = CFG_END();
	cfg_opt_t *options = xcalloc(count_kinds(kinds) + names->count + 2, sizeof(*options));
	size_t n = 0;

	for (const struct reader_kind *k = kinds; k != NULL && k->name != NULL; k++) {
		const cfg_opt_t section = CFG_SEC(k->name, options_new(k->kinds, names, false),
		    k->titled ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE);
		options[n++] = section;
	}
	for (size_t i = 0; i < names->count; i++) {
		const cfg_opt_t value = CFG_STR_CB(names->list[i], NULL, CFGF_NONE, on_value);
		if (!is_kind(kinds, names->list[i]))
			options[n++] = value;
	}
	if (top)
		options[n++] = include;
	options[n] = end;
	return options;
}

/* Parses text; the caller frees reading->root (cfg_free). */
static bool
parse(struct reading *reading, struct buffer *text, const struct reader_kind *kinds,
    const struct names *names, cfg_flag_t flags)
{
	cfg_opt_t *options = options_new(kinds, names, true);
	FILE *f = fmemopen(text->data, text->len, "r");
	bool ok;

	if (f == NULL)
		abort();
	current = reading;
	reading->root = cfg_init(options, flags);
	reading->root->filename = xstrdup(reading->path);
	cfg_set_error_function(reading->root, on_error);
	ok = cfg_parse_fp(reading->root, f) == CFG_SUCCESS;
	fclose(f);
	options_free(options);
	return ok;
}

/* Puts libconfuse's tree in order, now that all entries are known; takes ours out of pairs. */
static struct section *
assemble(cfg_t *cfg)
{
	struct section *s = section_of(cfg, cfg->line);

	for (cfg_opt_t *o = cfg->opts; o->name != NULL; o++) {
		for (unsigned i = 0; o->type == CFGT_SEC && i < cfg_opt_size(o); i++)
			section_add(s, assemble(cfg_opt_getnsec(o, i)));
	}
	return s;
}

static bool
check_end(const struct reading *r)
{
	const cfg_t *in = r->ended_in;

	if (in == r->root)
		return true;
	if (r->error_count > 0)
		return false;
	if (in == NULL) /* libconfuse gave up without a word */
		buffer_printf(r->errors, "%s:%d: expected NAME = VALUE\n", r->path, r->root->line);
	else
		buffer_printf(r->errors, "%s:%d: end of file inside of %s%s%s; expected \"}\"\n",
		    r->path, in->line - 2, in->name, in->title != NULL ? " " : "",
		    in->title != NULL ? in->title : "");
	return false;
}

static struct section *
read_text(const char *path, struct buffer *text, const struct reader_kind *kinds,
    struct section *includes, struct buffer *errors)
{
	struct reading first = { .path = path };
	struct reading second = { .path = path, .errors = errors, .includes = includes };
	struct names names = { 0 };
	struct section *tree = NULL;
	bool ok;

	(void)parse(&first, text, kinds, &names, CFGF_KEYSTRVAL);
	names_learn(&names, first.root);
	cfg_free(first.root);
	ok = parse(&second, text, kinds, &names, CFGF_NONE);
	ok = check_end(&second) && ok;
	tree = ok ? assemble(second.root) : NULL;
	for (size_t i = 0; !ok && i < second.pair_count; i++)
		section_free(&second.pairs[i].ours);
	free(second.pairs);
	free(first.unfinished);
	free(second.unfinished);
	cfg_free(second.root);
	names_clear(&names);
	current = NULL;
	return tree;
}

/* ---- included files -------------------------------------------------------------------------- */

static struct section *
find_same(const struct section *tree, const struct section *like)
{
	for (size_t i = 0; i < tree->section_count; i++) {
		struct section *s = tree->sections[i];

		if (strcmp(s->name, like->name) == 0 &&
		    (like->title == NULL || strcmp(s->title, like->title) == 0))
			return s;
	}
	return NULL;
}

static void
merge_section(struct section *tree, struct section *s, struct buffer *errors)
{
	struct section *same = find_same(tree, s);

	if (same == NULL) {
		section_add(tree, s);
		return;
	}
	if (s->title != NULL)
		buffer_printf(errors, "%s:%d: %s \"%s\" stands in %s:%d already\n", s->file,
		    s->line, s->name, s->title, same->file, same->line);
	section_take_entries(same, s);
	section_free(&s);
}

/* Takes everything out of part. */
static void
merge(struct section *tree, struct section *part, struct buffer *errors)
{
	section_take_entries(tree, part);
	for (size_t i = 0; i < part->section_count; i++)
		merge_section(tree, part->sections[i], errors);
	part->section_count = 0;
	section_free(&part);
}

static char *
beside(const char *path, const char *name)
{
	char *copy = xstrdup(path);
	char *joined = *name == '/' ? xstrdup(name) : xasprintf("%s/%s", dirname(copy), name);

	free(copy);
	return joined;
}

static struct section *
read_file(const char *path, const struct reader_kind *kinds, unsigned depth, struct buffer *errors);

static void
read_includes(struct section *tree, const struct section *includes, const struct reader_kind *kinds,
    unsigned depth, struct buffer *errors)
{
	for (size_t i = 0; i < includes->entry_count; i++) {
		const struct entry *e = &includes->entries[i];
		char *path = beside(e->file, e->value);
		struct section *part = NULL;

		if (depth == READER_DEPTH)
			buffer_printf(errors, "%s:%d: include \"%s\": more than %d files deep\n",
			    e->file, e->line, e->value, READER_DEPTH);
		else
			part = read_file(path, kinds, depth + 1, errors);
		if (part != NULL)
			merge(tree, part, errors);
		free(path);
	}
}

static struct section *
read_file(const char *path, const struct reader_kind *kinds, unsigned depth, struct buffer *errors)
{
	struct section *includes = section_new("include", NULL, path, 0);
	struct section *tree = NULL;
	struct buffer text = { 0 };

	if (source_load(path, &text, errors)) {
		buffer_add_string(&text, "\n" END_KEY " = 1\n");
		tree = read_text(path, &text, kinds, includes, errors);
	}
	if (tree != NULL)
		read_includes(tree, includes, kinds, depth, errors);
	section_free(&includes);
	buffer_clear(&text);
	return tree;
}

struct section *
reader_read(const char *path, const struct reader_kind *kinds, struct buffer *errors)
{
	const size_t before = errors->len;
	struct section *tree = read_file(path, kinds, 0, errors);

	if (errors->len != before)
		section_free(&tree);
	return tree;
}
