/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libconfuse wants every option declared, but only a plugin knows its own. So the file is parsed
 * twice: once to learn which keys there are, and once with these keys declared and a callback on
 * each, which is the only way to learn the line of a value. What the keys mean is asked later.
 *
 * libconfuse takes the end of the file for a closing brace. A last entry of ours behind the text
 * shows whether the sections were closed.
 */
#include "settings/reader.h"

#include <confuse.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "settings/section.h"

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
	char *unfinished;      /* a key whose value would have been END_KEY */
	struct buffer *errors; /* NULL: the first parse, which is silent */
	unsigned error_count;
};

static struct reading *current;

static const char *
current_file(void)
{
	return current->root->filename != NULL ? current->root->filename : current->path;
}

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
		    cfg == current->root ? "" : cfg->name, cfg->title, current_file(), line),
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
		    section_of(cfg, cfg->line), opt->name, value, current_file(), cfg->line);
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
		buffer_printf(current->errors, "%s:%d: \"%s\" has no value\n", current_file(),
		    cfg->line - 1, current->unfinished);
		return;
	}
	buffer_printf(current->errors, "%s:%d: %s", current_file(), cfg->line, text);
	if (strncmp(text, "missing equal sign", 18) == 0)
		buffer_add_string(current->errors, "; expected NAME = VALUE (no such section)");
	else if (strncmp(text, "unexpected token '{'", 20) == 0)
		buffer_add_string(current->errors, "; lists are written as one text, \"a,b\"");
	else if (strncmp(text, "wrong number", 12) == 0)
		buffer_add_string(current->errors, "; expected include(\"FILE\")");
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
	const cfg_opt_t include = CFG_FUNC("include", cfg_include);
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
	char *folder = xstrdup(reading->path);
	FILE *f = fmemopen(text->data, text->len, "r");
	bool ok;

	if (f == NULL)
		abort();
	current = reading;
	reading->root = cfg_init(options, flags);
	reading->root->filename = xstrdup(reading->path);
	cfg_set_error_function(reading->root, on_error);
	cfg_add_searchpath(reading->root, dirname(folder));
	ok = cfg_parse_fp(reading->root, f) == CFG_SUCCESS;
	fclose(f);
	free(folder);
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
	if (r->error_count == 0 && in != NULL)
		buffer_printf(r->errors, "%s:%d: end of file inside of %s%s%s; expected \"}\"\n",
		    r->path, in->line - 1, in->name, in->title != NULL ? " " : "",
		    in->title != NULL ? in->title : "");
	else if (r->error_count == 0)
		buffer_printf(r->errors, "%s: a comment or a quote is not ended\n", r->path);
	return false;
}

static struct section *
read_text(
    const char *path, struct buffer *text, const struct reader_kind *kinds, struct buffer *errors)
{
	struct reading first = { .path = path };
	struct reading second = { .path = path, .errors = errors };
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

static bool
load(const char *path, struct buffer *text, struct buffer *errors)
{
	char piece[8192];
	size_t n;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		buffer_printf(errors, "%s: cannot be read: %s%s\n", path, strerror(errno),
		    errno == EACCES ? "; run as root or chmod g+r" : "");
		return false;
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && text->len <= READER_FILE_BYTES)
		buffer_add(text, piece, n);
	if (ferror(f) != 0)
		buffer_printf(errors, "%s: cannot be read: %s\n", path, strerror(errno));
	else if (text->len > READER_FILE_BYTES)
		buffer_printf(errors, "%s: larger than 1 MiB; that is no settings file\n", path);
	else if (text->len > 0 && memchr(text->data, 0, text->len) != NULL)
		buffer_printf(errors, "%s: holds NUL bytes; expected text\n", path);
	fclose(f);
	return errors->len == 0;
}

struct section *
reader_read(const char *path, const struct reader_kind *kinds, struct buffer *errors)
{
	struct buffer text = { 0 };
	struct buffer problems = { 0 };
	struct section *tree = NULL;

	if (load(path, &text, &problems)) {
		buffer_add_string(&text, "\n" END_KEY " = 1\n");
		tree = read_text(path, &text, kinds, &problems);
	}
	if (problems.len > 0)
		buffer_add(errors, problems.data, problems.len);
	buffer_clear(&problems);
	buffer_clear(&text);
	return tree;
}
