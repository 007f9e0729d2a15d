/* SPDX-License-Identifier: BSD-2-Clause */
/* What a settings file means: the tree that was read is held against the table. */
#include "settings/settings.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "channel/config.h"
#include "settings/reader.h"
#include "settings/section.h"

#define CHANNEL_NAME_BYTES 31
#define SECRET_BYTES 1024

/* A channel's section, its neutral form for the runtime, and what of it is ours. */
struct channel_entry {
	struct channel_config *config;
	const char *user;
};

struct settings {
	struct section *tree;
	struct channel_entry *channels;
	size_t channel_count;
};

static const struct reader_kind link_kinds[] = { { "link", true, NULL }, { "menu", true, NULL },
	{ 0 } };
static const struct reader_kind kinds[] = {
	{ "database", false, NULL },
	{ "clerk", false, NULL },
	{ "timekeeper", false, NULL },
	{ "metrics", false, NULL },
	{ "channel", true, link_kinds },
	{ 0 },
};

static void
fault(struct buffer *errors, const char *file, int line, const char *text)
{
	buffer_printf(errors, "%s:%d: %s\n", file, line, text);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct setting *
find_setting(const char *section, const char *name)
{
	for (const struct setting *s = setting_table; s->name != NULL; s++) {
		if (strcmp(s->section, section) == 0 && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* How many letters must be changed, added or dropped. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[64];
	const size_t n = strlen(b);

	if (n >= sizeof(row) / sizeof(row[0]) || strlen(a) >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t corner = row[0]++;
		for (size_t j = 1; j <= n; j++) {
			size_t above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1, corner + (a[i] != b[j - 1]));
			corner = above;
		}
	}
	return row[n];
}

static const char *
nearest(const char *section, const char *name)
{
	const char *best = NULL;
	size_t limit = strlen(name) / 3 + 2;

	for (const struct setting *s = setting_table; s->name != NULL; s++) {
		size_t d = strcmp(s->section, section) == 0 ? distance(name, s->name) : SIZE_MAX;
		if (d < limit) {
			best = s->name;
			limit = d;
		}
	}
	return best;
}

/* The section in which an option of this name would be right, or NULL. */
static const char *
right_section(const char *name)
{
	for (const struct setting *s = setting_table; s->name != NULL; s++) {
		if (strcmp(s->name, name) == 0)
			return s->section;
	}
	return NULL;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static void
fault_unknown(const struct section *s, const struct entry *e, struct buffer *errors)
{
	const char *best = nearest(s->name, e->key);
	const char *right = right_section(e->key);
	char *text;

	if (best != NULL)
		text = xasprintf("no option \"%s\" here; did you mean \"%s\"?", e->key, best);
	else if (right != NULL)
		text = xasprintf("no option \"%s\" here; it belongs %s%s", e->key,
		    *right == '\0' ? "outside of all sections" : "in the section ", right);
	else
		text = xasprintf("no option \"%s\" here; hailand.conf(5) lists them", e->key);
	fault(errors, e->file, e->line, text);
	free(text);
}

static void
check_twice(const struct section *s, size_t index, struct buffer *errors)
{
	const struct entry *e = &s->entries[index];

	for (size_t i = 0; i < index; i++) {
		if (strcmp(s->entries[i].key, e->key) == 0) {
			char *text = xasprintf("\"%s\" is given twice; the first time in %s:%d",
			    e->key, s->entries[i].file, s->entries[i].line);
			fault(errors, e->file, e->line, text);
			free(text);
			return;
		}
	}
}

static void
check_value(const struct setting *setting, const struct entry *e, struct buffer *errors)
{
	struct buffer why = { 0 };
	int64_t number;

	if (!setting_parse(setting, e->value, &number, &why)) {
		char *text = xasprintf("%s = \"%.80s\": %s", e->key, e->value, why.data);
		fault(errors, e->file, e->line, text);
		free(text);
	}
	buffer_clear(&why);
}

/* open: options that we do not know are somebody else's. */
static void
check_entries(const struct section *s, bool open, struct buffer *errors)
{
	for (size_t i = 0; i < s->entry_count; i++) {
		const struct entry *e = &s->entries[i];
		const struct setting *setting = find_setting(s->name, e->key);

		check_twice(s, i, errors);
		if (setting != NULL)
			check_value(setting, e, errors);
		else if (!open)
			fault_unknown(s, e, errors);
	}
}

static void
check_required(const struct section *s, struct buffer *errors)
{
	for (const struct setting *t = setting_table; t->name != NULL; t++) {
		const struct entry *e = section_find(s, t->name);

		if (strcmp(t->section, s->name) == 0 && t->fallback == NULL &&
		    (e == NULL || *e->value == '\0')) {
			char *text = xasprintf("%s \"%s\" has no %s; expected %s = %s", s->name,
			    s->title, t->name, t->name, setting_type_name(t->type));
			fault(errors, s->file, s->line, text);
			free(text);
		}
	}
}

/* Everything in it is the plugin's own, but for where its password lies. */
static void
check_link(const struct section *s, struct buffer *errors)
{
	const struct entry *e = section_find(s, "password_file");

	check_entries(s, true, errors);
	if (e != NULL)
		check_value(find_setting("channel", "password_file"), e, errors);
}

static void
check_channel(const struct section *s, struct buffer *errors)
{
	const struct setting name = { .type = SETTING_NAME };
	struct buffer why = { 0 };
	int64_t number;

	if (!setting_parse(&name, s->title, &number, &why) || strchr(s->title, '-') != NULL ||
	    strlen(s->title) > CHANNEL_NAME_BYTES) {
		char *text =
		    xasprintf("channel \"%.80s\": expected a name of at most %d lower-case "
			      "letters, digits and \"_\" that begins with a letter",
			s->title, CHANNEL_NAME_BYTES);
		fault(errors, s->file, s->line, text);
		free(text);
	}
	buffer_clear(&why);
	check_entries(s, true, errors);
	check_required(s, errors);
	for (size_t i = 0; i < s->section_count; i++)
		check_link(s->sections[i], errors);
}

static int64_t
number_of(const struct section *tree, const char *name)
{
	const struct setting *t = find_setting("", name);
	const struct entry *e = section_find(tree, name);
	struct buffer why = { 0 };
	int64_t number = 0;

	(void)setting_parse(t, e != NULL ? e->value : t->fallback, &number, &why);
	buffer_clear(&why);
	return number;
}

static void
check_delays(const struct section *tree, struct buffer *errors)
{
	const struct entry *e = section_find(tree, "restart_delay_max");

	if (e == NULL)
		e = section_find(tree, "restart_delay");
	if (e != NULL && number_of(tree, "restart_delay_max") < number_of(tree, "restart_delay"))
		fault(errors, e->file, e->line, "restart_delay_max is shorter than restart_delay");
}

static void
check_tree(const struct section *tree, struct buffer *errors)
{
	check_entries(tree, false, errors);
	check_delays(tree, errors);
	for (size_t i = 0; i < tree->section_count; i++) {
		const struct section *s = tree->sections[i];

		if (strcmp(s->name, "channel") == 0)
			check_channel(s, errors);
		else
			check_entries(s, false, errors);
	}
}

/* ---- secrets --------------------------------------------------------------------------------- */

/* The first line of the file; false with the reason in errors. */
static bool
read_secret(const struct entry *e, char *line, int size, struct buffer *errors)
{
	FILE *f = fopen(e->value, "re");
	char *text;

	if (f != NULL && fgets(line, size, f) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		fclose(f);
		return true;
	}
	text = xasprintf("%s = \"%s\": %s", e->key, e->value,
	    f == NULL ? strerror(errno) : "the file is empty; expected the password in one line");
	fault(errors, e->file, e->line, text);
	free(text);
	if (f != NULL)
		fclose(f);
	return false;
}

/* password_file becomes password, so that a role needs no right to read the file. */
static void
resolve_secrets(struct section *s, struct buffer *errors)
{
	char line[SECRET_BYTES];

	for (size_t i = 0; i < s->entry_count; i++) {
		struct entry *e = &s->entries[i];

		if (strcmp(e->key, "password_file") != 0 || *e->value != '/')
			continue;
		if (section_find(s, "password") != NULL)
			fault(errors, e->file, e->line,
			    "password and password_file are both given; expected one of them");
		if (!read_secret(e, line, sizeof(line), errors))
			continue;
		free(e->key);
		free(e->value);
		e->key = xstrdup("password");
		e->value = xstrdup(line);
	}
	for (size_t i = 0; i < s->section_count; i++)
		resolve_secrets(s->sections[i], errors);
}

/* ---- channels -------------------------------------------------------------------------------- */

static const char *
value_or(const struct section *s, const char *key, const char *fallback)
{
	const struct entry *e = section_find(s, key);

	return e != NULL && *e->value != '\0' ? e->value : fallback;
}

static void
copy_entries(struct channel_section *to, const struct section *from, bool channel)
{
	for (size_t i = 0; i < from->entry_count; i++) {
		const struct entry *e = &from->entries[i];

		if (!channel || find_setting("channel", e->key) == NULL)
			channel_config_set(to, e->key, e->value, e->line);
	}
}

static struct channel_config *
make_channel(const struct section *s)
{
	struct channel_config *c = channel_config_new(s->title, s->file, s->line,
	    value_or(s, "plugin", ""), value_or(s, "database_user", NULL));

	copy_entries(&c->settings, s, true);
	for (size_t i = 0; i < s->section_count; i++) {
		const struct section *l = s->sections[i];
		bool menu = strcmp(l->name, "menu") == 0;
		copy_entries(menu ? channel_config_add_menu(c, l->title, l->line)
				  : channel_config_add_link(c, l->title, l->line),
		    l, false);
	}
	return c;
}

static struct settings *
settings_new(struct section *tree)
{
	struct settings *s = xcalloc(1, sizeof(*s));

	s->tree = tree;
	s->channels = xcalloc(tree->section_count + 1, sizeof(*s->channels));
	for (size_t i = 0; i < tree->section_count; i++) {
		if (strcmp(tree->sections[i]->name, "channel") == 0)
			s->channels[s->channel_count++] = (struct channel_entry){
				.config = make_channel(tree->sections[i]),
				.user = value_or(tree->sections[i], "user", ""),
			};
	}
	return s;
}

/* ---- outside --------------------------------------------------------------------------------- */

bool
settings_read(const char *path, struct settings **out, struct buffer *errors)
{
	const size_t before = errors->len;
	struct section *tree = reader_read(path, kinds, errors);

	*out = NULL;
	if (tree == NULL)
		return false;
	check_tree(tree, errors);
	for (size_t i = 0; i < tree->section_count; i++) {
		if (strcmp(tree->sections[i]->name, "channel") == 0)
			resolve_secrets(tree->sections[i], errors);
	}
	if (errors->len != before) {
		section_free(&tree);
		return false;
	}
	*out = settings_new(tree);
	return true;
}

void
settings_free(struct settings **settings)
{
	struct settings *s = *settings;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->channel_count; i++)
		channel_config_free(&s->channels[i].config);
	free(s->channels);
	section_free(&s->tree);
	free(s);
	*settings = NULL;
}

static const struct section *
section_titled(const struct settings *s, const char *section, const char *channel)
{
	for (size_t i = 0; i < s->tree->section_count; i++) {
		const struct section *t = s->tree->sections[i];

		if (strcmp(t->name, section) == 0 &&
		    (channel == NULL || strcmp(t->title, channel) == 0))
			return t;
	}
	return *section == '\0' ? s->tree : NULL;
}

static const struct setting *
declared(const char *section, const char *name)
{
	const struct setting *t = find_setting(section, name);

	assert(t != NULL && t->fallback != NULL);
	if (t == NULL)
		abort();
	return t;
}

const char *
settings_string(const struct settings *s, const char *section, const char *name)
{
	const struct setting *t = declared(section, name);
	const struct section *in = section_titled(s, section, NULL);
	const struct entry *e = in != NULL ? section_find(in, name) : NULL;

	return e != NULL ? e->value : t->fallback;
}

int64_t
settings_integer(const struct settings *s, const char *section, const char *name)
{
	struct buffer why = { 0 };
	int64_t number;
	bool ok = setting_parse(
	    declared(section, name), settings_string(s, section, name), &number, &why);

	assert(ok); /* was checked when read */
	(void)ok;
	buffer_clear(&why);
	return number;
}

bool
settings_boolean(const struct settings *s, const char *section, const char *name)
{
	return settings_integer(s, section, name) != 0;
}

size_t
settings_channel_count(const struct settings *s)
{
	return s->channel_count;
}

const struct channel_config *
settings_channel_at(const struct settings *s, size_t index)
{
	assert(index < s->channel_count);
	return s->channels[index].config;
}

static const struct channel_entry *
find_channel(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->channel_count; i++) {
		if (strcmp(s->channels[i].config->name, name) == 0)
			return &s->channels[i];
	}
	return NULL;
}

const struct channel_config *
settings_channel(const struct settings *s, const char *name)
{
	const struct channel_entry *c = find_channel(s, name);

	return c != NULL ? c->config : NULL;
}

const char *
settings_user(const struct settings *s, const char *section, const char *channel)
{
	const struct channel_entry *c = channel != NULL ? find_channel(s, channel) : NULL;
	const char *own;

	if (channel != NULL)
		own = c != NULL ? c->user : "";
	else
		own = settings_string(s, section, "user");
	return *own != '\0' ? own : settings_string(s, "", "user");
}

const char *
settings_database_user(const struct settings *s, const char *section, const char *channel)
{
	const struct channel_config *c = channel != NULL ? settings_channel(s, channel) : NULL;
	const char *own;

	if (channel != NULL)
		return c != NULL ? c->role : NULL;
	own = settings_string(s, section, "database_user");
	return *own != '\0' ? own : NULL;
}

void
settings_pack(const struct settings *s, struct buffer *out)
{
	section_pack(s->tree, out);
}

static bool
titles_are_there(const struct section *tree)
{
	for (size_t i = 0; i < tree->section_count; i++) {
		const struct section *s = tree->sections[i];

		if (strcmp(s->name, "channel") == 0 && s->title == NULL)
			return false;
		for (size_t l = 0; l < s->section_count; l++) {
			if (s->sections[l]->title == NULL)
				return false;
		}
	}
	return true;
}

bool
settings_unpack(const void *bytes, size_t len, struct settings **out)
{
	struct section *tree = section_unpack(bytes, len);

	if (tree != NULL && !titles_are_there(tree))
		section_free(&tree);
	*out = tree != NULL ? settings_new(tree) : NULL;
	return tree != NULL;
}

bool
settings_same(
    const struct settings *a, const struct settings *b, const char *section, const char *channel)
{
	const struct section *x = section_titled(a, section, channel);
	const struct section *y = section_titled(b, section, channel);

	if (x == NULL || y == NULL)
		return x == y;
	return section_same(x, y, *section != '\0');
}
